# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""SQL of the quota guard: what it asks, and what it keeps in each database. A part of the program on the machine."""

from __future__ import annotations

# What is set for the database ``d``, of the group ``g`` in it or else of itself; '0' for nothing.
_LIMIT = """coalesce((SELECT split_part(c, '=', 2) FROM pg_db_role_setting s, unnest(s.setconfig) c
    WHERE s.setdatabase = d.oid AND s.setrole IN (0, g.oid) AND split_part(c, '=', 1) = 'mothership.{name}'
    ORDER BY s.setrole DESC LIMIT 1), '0')"""

#: SQL: bytes that a database ``d`` may grow to, and bytes of large rows that it takes in a second; ``g`` is the group.
LIMITS = {"quota": _LIMIT.format(name="quota_bytes"), "rate": _LIMIT.format(name="write_bytes_per_second")}

#: The server, then one row for each database of a hosted cluster with what is set for it.
SERVER = """
SELECT json_build_object('standby', pg_is_in_recovery(), 'data_directory', current_setting('data_directory'));
SELECT json_build_object('name', d.datname, 'gross', pg_database_size(d.oid), 'owner', r.rolname,
  'quota', {quota}, 'rate', {rate})
FROM pg_database d JOIN pg_roles r ON r.oid = d.datdba JOIN pg_roles g ON g.rolname = '{group}'
JOIN pg_auth_members m ON m.member = r.oid AND m.roleid = g.oid
WHERE NOT pg_is_in_recovery() AND d.datallowconn ORDER BY d.datname;
"""

# Rows that kine itself needs and rows that say "deleted" always pass; so do superusers, who restore and move databases.
# While writes are refused the column has no default: a refused row that had taken a number from the sequence would
# leave a gap, and kine fills gaps one by one while all watches wait.
#
# The rate of large writes: what a row has over 16 KiB pushes `paid_until` into the future, and a row waits while that
# is over 4 seconds ahead, for 2 seconds at most. Rows of a database come one at a time (commit_order), so that none
# overtakes the one that waits. A row that is refused takes as long as it would have taken, or the flood would go on in
# processor time. Deletions are free: they give space back.
_FUNCTION = """
CREATE OR REPLACE FUNCTION mothership.check_quota() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog AS $body$
DECLARE
  now_state text; why text; per_second bigint; due timestamptz; wait double precision;
  numbered boolean := NEW.id IS NOT NULL;
  bytes bigint := coalesce(octet_length(NEW.value), 0) + coalesce(octet_length(NEW.old_value), 0);
BEGIN
  SELECT state, reason, rate, paid_until INTO now_state, why, per_second, due FROM mothership.quota;
  IF NEW.deleted = 0 AND (now_state IN ('refused', 'frozen') OR (per_second > 0 AND bytes > 16384))
      AND NEW.name NOT LIKE 'compact\\_rev\\_%'
      AND NOT (SELECT rolsuper FROM pg_roles WHERE rolname = session_user) THEN
    IF now_state NOT IN ('refused', 'frozen') THEN
      wait := extract(epoch FROM due - clock_timestamp()) - 4;
      IF wait > 0 THEN PERFORM pg_sleep(wait); END IF;
      UPDATE mothership.quota SET paid_until = least(clock_timestamp() + interval '6 seconds',
        greatest(due, clock_timestamp()) + (bytes - 16384) * interval '1 second' / per_second);
    ELSIF NEW.created = 1 THEN
      IF numbered THEN PERFORM pg_sleep(0.2); END IF;
      IF per_second > 0 THEN PERFORM pg_sleep(least(1.0, bytes / per_second::double precision)); END IF;
      RAISE EXCEPTION USING ERRCODE = 'disk_full', MESSAGE = why;
    ELSIF now_state = 'frozen' AND (bytes > 8192 OR NEW.name NOT LIKE '/registry/leases/%') THEN
      PERFORM pg_sleep(1);
      RAISE EXCEPTION USING ERRCODE = 'disk_full', MESSAGE = why;
    ELSE
      PERFORM pg_sleep(least(1.0, bytes / 131072.0));
    END IF;
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
ALTER TABLE mothership.quota ADD COLUMN IF NOT EXISTS rate bigint NOT NULL DEFAULT 0,
  ADD COLUMN IF NOT EXISTS paid_until timestamptz NOT NULL DEFAULT 'epoch';
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
#: What a database with a limit needs; running it again does no harm.
SET_UP = "".join((_BEFORE, _FUNCTION, _AFTER))

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

#: What is known of a database, and measured in it.
READ = """
\\set free 0
SELECT count(*) AS known FROM pg_extension WHERE extname = 'pg_freespacemap' \\gset
\\if :known
SELECT {free} AS free \\gset
\\endif
SELECT json_build_object('name', current_database(), 'state', state,
  'used', pg_database_size(current_database()) - :free, 'gross', pg_database_size(current_database()), 'stored', used,
  'numbered', (SELECT atthasdef FROM pg_attribute
    WHERE attrelid = 'public.kine'::regclass AND attname = 'id'), 'age', extract(epoch FROM now() - measured_at),
  'reason', reason, 'quota', quota, 'rate', rate)
FROM mothership.quota;
"""

#: Notes the state of a database.
NOTE = """UPDATE mothership.quota SET state = '{state}', reason = {reason}, quota = {quota}, rate = {rate},
  used = {used}, gross = {gross}, measured_at = now(){moment};
"""
