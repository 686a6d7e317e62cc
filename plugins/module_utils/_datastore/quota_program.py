# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""The quota guard of a database machine: a service that measures databases of hosted clusters and refuses writes.

This file is a program of its own: the module ``kine_quota_guard`` copies it to the machine, where nothing of the
collection is. So it imports the standard library only. It talks to PostgreSQL with psql over the local socket, works
on the primary only, and keeps its state in each database (schema ``mothership``), so that a standby that is promoted
goes on where the old primary stopped.

A quota is ``ALTER ROLE hcp_tenants IN DATABASE x SET "mothership.quota_bytes" = 'n'``, or the same setting of the
database.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import subprocess
import sys
import time
import typing as t

GROUP = "hcp_tenants"

#: In order of severity. ``warning``: only said. ``refused``: no new objects. ``frozen``: no changes either.
STATES = ("ok", "warning", "refused", "frozen")

_SERVER = """
SELECT json_build_object('standby', pg_is_in_recovery(), 'data_directory', current_setting('data_directory'));
SELECT json_build_object('name', d.datname, 'gross', pg_database_size(d.oid), 'owner', r.rolname, 'quota', coalesce(
    max(substr(c, 24)) FILTER (WHERE s.setrole <> 0), max(substr(c, 24)) FILTER (WHERE s.setrole = 0), '0'))
FROM pg_database d JOIN pg_roles r ON r.oid = d.datdba JOIN pg_roles g ON g.rolname = '{group}'
JOIN pg_auth_members m ON m.member = r.oid AND m.roleid = g.oid
LEFT JOIN pg_db_role_setting s ON s.setdatabase = d.oid AND s.setrole IN (0, g.oid)
LEFT JOIN unnest(s.setconfig) c ON c LIKE 'mothership.quota\\_bytes=%'
WHERE NOT pg_is_in_recovery() AND d.datallowconn GROUP BY d.oid, d.datname, r.rolname ORDER BY d.datname;
"""

# Rows that kine itself needs and rows that say "deleted" always pass; so do superusers, who restore and move databases.
# While writes are refused the column has no default: a refused row that had taken a number from the sequence would
# leave a gap, and kine fills gaps one by one while all watches wait.
_FUNCTION = """
CREATE OR REPLACE FUNCTION mothership.check_quota() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog AS $body$
DECLARE
  now_state text; why text; numbered boolean := NEW.id IS NOT NULL; bytes bigint;
BEGIN
  SELECT state, reason INTO now_state, why FROM mothership.quota;
  IF now_state IN ('refused', 'frozen') AND NEW.deleted = 0 AND NEW.name NOT LIKE 'compact\\_rev\\_%'
      AND NOT (SELECT rolsuper FROM pg_roles WHERE rolname = session_user) THEN
    bytes := coalesce(octet_length(NEW.value), 0) + coalesce(octet_length(NEW.old_value), 0);
    IF NEW.created = 1 THEN
      IF numbered THEN PERFORM pg_sleep(0.2); END IF;
      RAISE EXCEPTION USING ERRCODE = 'disk_full', MESSAGE = why;
    ELSIF now_state = 'frozen' AND (bytes > 8192 OR NEW.name NOT LIKE '/registry/leases/%') THEN
      PERFORM pg_sleep(1);
      RAISE EXCEPTION USING ERRCODE = 'disk_full', MESSAGE = why;
    END IF;
    PERFORM pg_sleep(least(1.0, bytes / 131072.0));
  END IF;
  IF NOT numbered THEN NEW.id := nextval('public.kine_id_seq'); END IF;
  RETURN NEW;
END $body$;
"""

# A tenant owns its database: what it may have planted there must not run with the rights of this superuser. So only
# names of pg_catalog are found without their schema, and a schema that the tenant made is dropped.
_BEFORE = """
SET client_min_messages = error;
SELECT NOT EXISTS (SELECT FROM pg_class c WHERE c.oid = to_regclass('public.kine') AND c.relkind = 'r') AS empty,
  EXISTS (SELECT FROM pg_namespace n JOIN pg_roles r ON r.oid = n.nspowner WHERE n.nspname = 'mothership'
    AND NOT r.rolsuper) AS planted \\gset
\\if :empty
\\quit
\\endif
\\if :planted
DROP SCHEMA mothership CASCADE;
\\endif
CREATE SCHEMA IF NOT EXISTS mothership AUTHORIZATION CURRENT_USER;
ALTER SCHEMA mothership OWNER TO CURRENT_USER;
CREATE TABLE IF NOT EXISTS mothership.quota (
  one boolean PRIMARY KEY DEFAULT true CHECK (one), state text NOT NULL DEFAULT 'ok', reason text NOT NULL DEFAULT '',
  quota bigint NOT NULL DEFAULT 0, used bigint NOT NULL DEFAULT 0, gross bigint NOT NULL DEFAULT 0,
  measured_at timestamptz NOT NULL DEFAULT now(), changed_at timestamptz NOT NULL DEFAULT now());
ALTER TABLE mothership.quota OWNER TO CURRENT_USER;
INSERT INTO mothership.quota DEFAULT VALUES ON CONFLICT DO NOTHING;
SELECT count(*) AS free_space_known FROM pg_available_extensions WHERE name = 'pg_freespacemap' \\gset
\\if :free_space_known
CREATE EXTENSION IF NOT EXISTS pg_freespacemap SCHEMA mothership;
\\endif
"""
_AFTER = """
ALTER FUNCTION mothership.check_quota() OWNER TO CURRENT_USER;
REVOKE ALL ON FUNCTION mothership.check_quota() FROM PUBLIC;
SELECT coalesce(bool_and(tgenabled = 'O' AND tgfoid = 'mothership.check_quota()'::regprocedure), false) AS guarded
FROM pg_trigger WHERE tgrelid = to_regclass('public.kine') AND tgname = 'mothership_quota' \\gset
\\if :guarded
\\else
BEGIN;
DROP TRIGGER IF EXISTS mothership_quota ON public.kine;
CREATE TRIGGER mothership_quota BEFORE INSERT ON public.kine FOR EACH ROW EXECUTE FUNCTION mothership.check_quota();
COMMIT;
\\endif
"""
_SET_UP = "".join((_BEFORE, _FUNCTION, _AFTER))

#: What is gone again when there is no quota any more.
REMOVE = """
SET client_min_messages = error;
SET search_path = pg_catalog;
SELECT to_regnamespace('mothership') IS NOT NULL AS guarded \\gset
\\if :guarded
BEGIN;
DROP TRIGGER IF EXISTS mothership_quota ON public.kine;
ALTER TABLE public.kine ALTER COLUMN id SET DEFAULT nextval('public.kine_id_seq'::regclass);
DROP SCHEMA IF EXISTS mothership CASCADE;
COMMIT;
\\endif
"""

#: Bytes of pages that vacuum found empty in the table, its large values and its indexes. DELETE makes no file shorter.
FREE_SPACE = """(SELECT coalesce(sum(mothership.pg_freespace(r.oid, page)), 0) FROM (
  SELECT c.oid FROM pg_class c WHERE c.oid = 'public.kine'::regclass
  UNION SELECT c.reltoastrelid FROM pg_class c WHERE c.oid = 'public.kine'::regclass
  UNION SELECT i.indexrelid FROM pg_index i WHERE i.indrelid = 'public.kine'::regclass) r,
  LATERAL generate_series(0, pg_relation_size(r.oid::regclass) / current_setting('block_size')::int - 1) page)"""

_READ = """
\\set free 0
SELECT count(*) AS known FROM pg_extension WHERE extname = 'pg_freespacemap' \\gset
\\if :known
SELECT {free} AS free \\gset
\\endif
SELECT json_build_object('name', current_database(), 'state', state,
  'used', pg_database_size(current_database()) - :free, 'gross', pg_database_size(current_database()), 'stored', used,
  'numbered', (SELECT atthasdef FROM pg_attribute
    WHERE attrelid = 'public.kine'::regclass AND attname = 'id'), 'age', extract(epoch FROM now() - measured_at),
  'reason', reason, 'quota', quota)
FROM mothership.quota;
"""

_NOTE = """UPDATE mothership.quota SET state = '{state}', reason = {reason}, quota = {quota}, used = {used},
  gross = {gross}, measured_at = now(){moment};
"""


@dataclasses.dataclass(frozen=True)
class Settings:
    """From ``/etc/mothership-hcp/quota-guard.json``; percentages are of a quota, ``min_free`` of the file system."""

    interval: float = 5.0
    warn: float = 80.0
    resume: float = 90.0
    freeze: float = 110.0
    min_free: float = 5.0
    socket_directory: str = "/var/run/postgresql"
    port: int = 5432
    psql: str = "psql"

    @staticmethod
    def from_file(path: str) -> Settings:
        with open(path, encoding="utf-8") as file:
            return Settings(**json.load(file))


def state_by_quota(before: str, used: int, quota: int, settings: Settings) -> str:
    """What a database's state should be for its own use of space. A refusal ends below ``resume`` only."""
    if quota <= 0:
        return "ok"
    percent = 100.0 * used / quota
    if percent >= settings.freeze:
        return "frozen"
    if percent >= 100 or (before in ("refused", "frozen") and percent >= settings.resume):
        return "refused"
    return "warning" if percent >= settings.warn else "ok"


def worse(first: str, second: str) -> str:
    return max(first, second, key=STATES.index)


def human(size: float) -> str:
    """``1536`` as ``1.5 KiB``."""
    for unit in ("B", "KiB", "MiB", "GiB"):
        if abs(size) < 1024:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1024
    return f"{size:.1f} TiB"


def reason_for(state: str, name: str, used: int, quota: int, disk: str) -> str:
    """The text that a client of the hosted cluster's API gets."""
    if state not in ("refused", "frozen"):
        return ""
    if disk:
        return f"the database server is short of disk space ({disk}) and database {name} grew most: no new objects"
    what = "no new objects" if state == "refused" else "no new objects and no changes"
    return f"database {name} is over its quota, {human(used)} of {human(quota)}: {what} until objects are deleted"


class Growth:
    """Sizes of the last minutes: who fills the disk."""

    def __init__(self, seconds: float = 300.0, least: int = 1 << 20) -> None:
        self._seconds, self._least = seconds, least
        self._history: dict[str, list[tuple[float, int]]] = {}

    def note(self, now: float, sizes: t.Mapping[str, int]) -> None:
        for name in [name for name in self._history if name not in sizes]:
            del self._history[name]
        for name, size in sizes.items():
            kept = [entry for entry in self._history.get(name, []) if entry[0] >= now - self._seconds]
            self._history[name] = [*kept, (now, size)]

    def fastest(self, besides: t.Collection[str] = ()) -> str | None:
        """The database that grew most; ``None`` when none of them grew noticeably."""
        grown = {
            name: history[-1][1] - min(size for _at, size in history)
            for name, history in self._history.items()
            if name not in besides
        }
        name = max(grown, key=lambda one: grown[one], default=None)
        return name if name is not None and grown[name] >= self._least else None


class Disk:
    """Which databases are held because the file system is nearly full. Let go 2 % above the floor."""

    def __init__(self, settings: Settings) -> None:
        self._floor, self._last = settings.min_free, float("-inf")
        self.held: set[str] = set()
        self.text = ""

    def look(self, now: float, free_percent: float, growth: Growth, seconds_between: float = 30.0) -> None:
        self.text = f"{free_percent:.1f} % free, the floor is {self._floor:g} %"
        if free_percent >= self._floor + 2:
            self.held.clear()
        elif free_percent < self._floor and now - self._last >= seconds_between:
            name = growth.fastest(besides=self.held)
            if name is not None:
                self.held.add(name)
                self._last = now

    def state(self, name: str) -> str:
        return "refused" if name in self.held else "ok"


class Server:
    """psql as the user this program runs as."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def rows(self, script: str, *, database: str = "postgres") -> list[dict[str, t.Any]]:
        """Run a script that may ``\\connect``; whatever fails in it is logged, the rest goes on."""
        at = self._settings
        options = "-c statement_timeout=20s -c lock_timeout=2s -c log_statement=none -c synchronous_commit=off"
        conninfo = (
            f"host='{at.socket_directory}' port={at.port} user=postgres dbname={database} connect_timeout=5 "
            f"application_name=mothership-quota-guard options='{options}'"
        )
        argv = [at.psql, "-XqAt", "--no-password", "--set=VERBOSITY=terse", f"--dbname={conninfo}", "--file=-"]
        script = "SET search_path = pg_catalog;\n" + script
        ended = subprocess.run(argv, input=script, capture_output=True, text=True, timeout=120, check=False)
        for line in ended.stderr.splitlines():
            log(f"psql: {line}")
        return [json.loads(line) for line in ended.stdout.splitlines() if line.startswith("{")]


def log(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


class Guard:
    """One look at all databases after the other."""

    def __init__(self, settings: Settings, server: Server) -> None:
        self._settings, self._server = settings, server
        self._growth, self._disk = Growth(), Disk(settings)
        self._set_up: dict[str, float] = {}
        self._bare: set[str] = set()
        self._measured: dict[str, tuple[int, float]] = {}
        self.states: dict[str, str] = {}

    def look(self, now: float) -> None:
        found = self._server.rows(_SERVER.format(group=GROUP))
        if not found or found[0]["standby"]:
            self._set_up.clear()
            self._bare.clear()
            return
        databases = {row["name"]: row for row in found[1:]}
        self._growth.note(now, {name: row["gross"] for name, row in databases.items()})
        self._disk.look(now, free_percent(found[0]["data_directory"]), self._growth)
        for name, row in databases.items():
            row["quota"] = int(row["quota"]) if str(row["quota"]).isdigit() else 0
            self._one(now, name, row)

    def _one(self, now: float, name: str, row: t.Mapping[str, t.Any]) -> None:
        held, near = self._disk.state(name), row["gross"] * 100 >= row["quota"] * self._settings.warn
        if not row["quota"] and held == "ok":
            if name not in self._bare:
                self._server.rows(REMOVE, database=name)
                self._bare.add(name)
                self._set_up.pop(name, None)
                self.states.pop(name, None)
            return
        self._bare.discard(name)
        new = now - self._set_up.get(name, float("-inf")) >= 60
        calm = self.states.get(name) == "ok" and not near and held == "ok"
        size, again = self._measured.get(name, (0, 0.0))
        grown = row["gross"] - size > row["quota"] / 100
        if not new and (calm or (now < again and not grown)):
            return
        started = time.monotonic()
        script = (_SET_UP if new else "") + _READ.format(free=FREE_SPACE if near else "0")
        answers = self._server.rows(script, database=name)
        if not answers:
            return
        self._set_up[name] = self._set_up[name] if not new else now
        # Looking at every page of a large table costs: a twentieth of the time at most, unless the database grows.
        self._measured[name] = (row["gross"], now + 20 * (time.monotonic() - started) - self._settings.interval)
        self._settle(name, row["quota"], held, answers[-1])

    def _settle(self, name: str, quota: int, held: str, was: t.Mapping[str, t.Any]) -> None:
        by_quota = state_by_quota(was["state"], was["used"], quota, self._settings)
        state = worse(by_quota, held)
        disk = self._disk.text if STATES.index(held) > STATES.index(by_quota) else ""
        self.states[name] = state
        numbered = state not in ("refused", "frozen")
        changed = state != was["state"]
        moved = abs(was["used"] - was["stored"]) > max(quota, 1 << 20) / 100 or was["quota"] != quota
        if changed or moved or was["age"] > 60 or numbered != was["numbered"]:
            reason = (
                reason_for(state, name, was["used"], quota, disk) if changed or not was["reason"] else was["reason"]
            )
            self._server.rows(_store(state, reason, quota, was, numbered), database=name)
        if changed:
            used = (
                f"{human(was['used'])} used ({human(was['gross'])} on disk) of {human(quota) if quota else 'no quota'}"
            )
            log(f"database {name}: {was['state']} -> {state}; {used}{'; ' + disk if disk else ''}")


def _store(state: str, reason: str, quota: int, was: t.Mapping[str, t.Any], numbered: bool) -> str:
    """SQL that notes the state. The column's default comes second, as its lock may have to wait for a reader."""
    text = "'" + reason.replace("'", "''") + "'"
    note = json.dumps({"database": was["name"], "state": state, "used": was["used"], "quota": quota})
    moment = ", changed_at = now()" if state != was["state"] else ""
    sql = _NOTE.format(state=state, reason=text, quota=quota, used=was["used"], gross=was["gross"], moment=moment)
    if state != was["state"]:
        sql += f"NOTIFY mothership_quota, '{note}';\n"
    if numbered != was["numbered"]:
        default = "SET DEFAULT nextval('public.kine_id_seq'::regclass)" if numbered else "DROP DEFAULT"
        sql += f"SET lock_timeout = '500ms';\nALTER TABLE public.kine ALTER COLUMN id {default};\n"
    return sql


def free_percent(folder: str) -> float:
    """Of the file system, for ordinary users."""
    about = os.statvfs(folder)
    return 100.0 * about.f_bavail / max(about.f_blocks, 1)


def main(arguments: t.Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--settings", required=True, help="JSON file")
    parser.add_argument("--once", action="store_true", help="look once and end")
    chosen = parser.parse_args(arguments)
    settings = Settings.from_file(chosen.settings)
    guard = Guard(settings, Server(settings))
    while True:
        began = time.monotonic()
        try:
            guard.look(began)
        except (OSError, ValueError, KeyError, subprocess.SubprocessError) as error:
            log(f"cannot look at the databases: {error!r}")
        if chosen.once:
            return 0
        time.sleep(max(0.2, settings.interval - (time.monotonic() - began)))


if __name__ == "__main__":
    raise SystemExit(main())
