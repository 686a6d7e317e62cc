# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""The server side of the databases: reads all state in one psql session, makes changes in another."""

from __future__ import annotations

import concurrent.futures
import typing as t

from .._core.progress import Progress
from .commit_order import ORDERED
from .psql import Psql
from .schema import SchemaMaker
from .sql import name_array
from .tenants import CLOSED, GROUP, QUOTA_SETTING, RATE_SETTING, State, Step, Table, login_pair

_THREADS = 4

# has_database_privilege with 'public' asks for the rights of everybody. Verifiers are compared in memory.
_STATE = """
WITH tenant AS (
  SELECT m.member AS oid FROM pg_auth_members m JOIN pg_roles g ON g.oid = m.roleid WHERE g.rolname = '{group}'
), role AS (
  SELECT r.*, r.oid IN (SELECT oid FROM tenant) AS tenant FROM pg_authid r
  WHERE r.rolname = ANY({names}) OR r.oid IN (SELECT oid FROM tenant)
), setting AS (
  SELECT setrole, setdatabase, split_part(s, '=', 1) AS key, substr(s, strpos(s, '=') + 1) AS value
  FROM pg_db_role_setting, unnest(setconfig) s
), session AS (
  SELECT datname, coalesce(usename, '') AS login, count(*) AS number FROM pg_stat_activity
  WHERE backend_type = 'client backend' AND pid <> pg_backend_pid() GROUP BY 1, 2
)
SELECT json_build_object(
  'max_connections', current_setting('max_connections')::int,
  'reserved_connections', current_setting('superuser_reserved_connections')::int
    + coalesce(current_setting('reserved_connections', true)::int, 0),
  'roles', (SELECT coalesce(json_object_agg(rolname, json_build_object(
    'login', rolcanlogin, 'superuser', rolsuper, 'createdb', rolcreatedb, 'createrole', rolcreaterole,
    'replication', rolreplication, 'bypassrls', rolbypassrls, 'inherit', rolinherit,
    'connection_limit', rolconnlimit, 'password', rolpassword, 'tenant', role.tenant,
    'member_of', (SELECT coalesce(json_agg(pg_get_userbyid(m.roleid)), '[]') FROM pg_auth_members m
      WHERE m.member = role.oid),
    'settings', (SELECT coalesce(json_object_agg(key, value), '{{}}') FROM setting
      WHERE setrole = role.oid AND setdatabase = 0)
    )), '{{}}') FROM role),
  'databases', (SELECT coalesce(json_object_agg(datname, json_build_object(
    'owner', pg_get_userbyid(datdba), 'tenant', datdba IN (SELECT oid FROM tenant),
    'encoding', pg_encoding_to_char(encoding), 'collation', datcollate, 'character_type', datctype,
    'public', has_database_privilege('public', oid, 'CONNECT') OR has_database_privilege('public', oid, 'TEMPORARY'),
    'owner_rights', (SELECT bool_or(a.privilege_type IN ('CREATE', 'TEMPORARY'))
      FROM aclexplode(coalesce(datacl, acldefault('d', datdba))) a WHERE a.grantee = datdba),
    'connection_limit', datconnlimit,
    'quota', coalesce((SELECT value::bigint FROM setting
      WHERE setrole = to_regrole('{group}') AND setdatabase = d.oid AND key = '{quota}'
        AND value ~ '^[0-9]{{1,18}}$'), 0),
    'write_rate', coalesce((SELECT value::bigint FROM setting
      WHERE setrole = to_regrole('{group}') AND setdatabase = d.oid AND key = '{rate}'
        AND value ~ '^[0-9]{{1,18}}$'), 0),
    'sessions', (SELECT coalesce(json_object_agg(login, number), '{{}}') FROM session s WHERE s.datname = d.datname),
    'closed', coalesce(shobj_description(d.oid, 'pg_database') LIKE '{closed}%', false)
    )), '{{}}') FROM pg_database d WHERE datname = ANY({names}) OR datdba IN (SELECT oid FROM tenant))
);
"""

_TABLE = """
\\connect {database}
SELECT json_build_object('database', current_database(), 'owner', pg_get_userbyid(c.relowner), 'settings',
  (SELECT coalesce(json_object_agg(split_part(o, '=', 1), substr(o, strpos(o, '=') + 1)), '{{}}')
   FROM unnest(c.reloptions) o), 'ordered', {ordered})
FROM pg_class c WHERE c.oid = to_regclass('public.kine');
"""


class Backend(t.Protocol):
    """What :mod:`kine_database` needs; tests record it."""

    def read(self, names: t.Sequence[str]) -> State: ...

    def apply(self, steps: t.Sequence[Step]) -> None: ...


class TenantServer:
    """Through psql and kine on this machine."""

    def __init__(self, psql: Psql, schema: SchemaMaker, progress: Progress) -> None:
        self._psql = psql
        self._schema = schema
        self._progress = progress

    def read(self, names: t.Sequence[str]) -> State:
        """One session for the server, one for all databases that exist. ``names`` are databases and their owners."""
        logins = [login for name in names for login in login_pair(name)]
        asked = name_array([*names, *logins, GROUP, "postgres", "template1"])
        settings = {"quota": QUOTA_SETTING, "rate": RATE_SETTING, "closed": CLOSED}
        (found,) = self._psql.rows(_STATE.format(group=GROUP, names=asked, **settings))
        existing = [name for name in names if name in found["databases"]]
        tables: dict[str, Table] = {}
        if existing:
            for row in self._psql.rows("".join(_TABLE.format(database=name, ordered=ORDERED) for name in existing)):
                tables[row["database"]] = Table(row["owner"], row["settings"], row["ordered"])
        return State(
            found["roles"], found["databases"], tables, found["max_connections"], found["reserved_connections"]
        )

    def apply(self, steps: t.Sequence[Step]) -> None:
        """In this order: the server's SQL, the schemas (several at a time), the SQL inside databases."""
        server = [step for step in steps if step.database == "postgres"]
        inside = [step for step in steps if step.database != "postgres" and step.sql]
        if server:
            self._progress.say("PostgreSQL", f"changing {len(server)} roles and databases")
            self._psql.execute("".join(f"{sql};\n" for step in server for sql in step.sql))
        self._make_schemas([step for step in steps if step.schema_owner])
        if inside:
            script = (f"\\connect {step.database}\n" + "".join(f"{sql};\n" for sql in step.sql) for step in inside)
            self._psql.execute("".join(script))

    def _make_schemas(self, steps: t.Sequence[Step]) -> None:
        if not steps:
            return
        with concurrent.futures.ThreadPoolExecutor(_THREADS) as pool:
            runs = [pool.submit(self._schema.make, step.database, str(step.schema_owner)) for step in steps]
            for done in runs:
                done.result()
