# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""The questions of ``kine_database_info``. Each row is one JSON object; nothing here changes anything."""

from __future__ import annotations

#: The server, then one row for each database of a hosted cluster: those whose owner is in ``hcp_tenants``.
#: The limits of :mod:`quota_sql` are filled in.
SERVER = """
SELECT json_build_object(
  'version', current_setting('server_version'),
  'max_connections', current_setting('max_connections')::int,
  'reserved_connections', current_setting('superuser_reserved_connections')::int
    + coalesce(current_setting('reserved_connections', true)::int, 0),
  'connections', (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'),
  'in_recovery', pg_is_in_recovery(),
  'data_directory', current_setting('data_directory'),
  'started_at', pg_postmaster_start_time(),
  'seconds_since_start', round(extract(epoch FROM now() - pg_postmaster_start_time())),
  'wal_bytes', (SELECT wal_bytes FROM pg_stat_wal),
  'wal_bytes_since', (SELECT stats_reset FROM pg_stat_wal),
  'synchronous_standby_names', current_setting('synchronous_standby_names'),
  'standbys', (SELECT coalesce(json_agg(json_build_object(
      'name', application_name, 'address', host(client_addr), 'state', state, 'sync_state', sync_state,
      'lag_bytes', CASE WHEN NOT pg_is_in_recovery() THEN pg_wal_lsn_diff(pg_current_wal_lsn(), replay_lsn) END,
      'lag_seconds', coalesce(round(extract(epoch FROM replay_lag), 3), 0)) ORDER BY application_name), '[]')
    FROM pg_stat_replication),
  'own_lag_seconds', CASE WHEN pg_is_in_recovery() THEN
      round(extract(epoch FROM now() - pg_last_xact_replay_timestamp()), 1) END,
  'slots', (SELECT coalesce(json_agg(json_build_object('name', slot_name, 'active', active, 'retained_bytes',
      CASE WHEN NOT pg_is_in_recovery() THEN pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn) END)
      ORDER BY slot_name), '[]') FROM pg_replication_slots),
  'freeze_max_age', current_setting('autovacuum_freeze_max_age')::bigint,
  'has_statements', EXISTS (SELECT FROM pg_extension WHERE extname = 'pg_stat_statements'),
  'statements_preloaded', current_setting('shared_preload_libraries') LIKE '%pg_stat_statements%');
SELECT json_build_object(
  'name', d.datname, 'owner', o.rolname, 'bytes', pg_database_size(d.oid),
  'connection_limit', CASE WHEN d.datconnlimit >= 0 THEN d.datconnlimit ELSE o.rolconnlimit END,
  'transactions_left', 2147483648 - 3000000 - age(d.datfrozenxid), 'frozen_age', age(d.datfrozenxid),
  'deadlocks', s.deadlocks, 'conflicts', s.conflicts, 'temporary_bytes', s.temp_bytes,
  'rolled_back', s.xact_rollback, 'committed', s.xact_commit,
  'connections', (SELECT coalesce(json_object_agg(login, states), '{{}}') FROM (
     SELECT coalesce(a.usename, '-') AS login, json_object_agg(a.state, a.many) AS states FROM (
       SELECT usename, coalesce(state, '-') AS state, count(*) AS many FROM pg_stat_activity
       WHERE datid = d.oid AND backend_type = 'client backend' GROUP BY 1, 2) a GROUP BY 1) b),
  'oldest_transaction_seconds', (SELECT
      coalesce(round(extract(epoch FROM max(clock_timestamp() - xact_start))::numeric, 3), 0)
     FROM pg_stat_activity WHERE datid = d.oid AND pid <> pg_backend_pid() AND backend_type = 'client backend'),
  'stuck_sessions', (SELECT coalesce(json_agg(json_build_object('pid', pid, 'login', usename,
      'application', application_name, 'query', left(query, 100),
      'seconds', round(extract(epoch FROM clock_timestamp() - state_change)::numeric, 1)) ORDER BY state_change), '[]')
     FROM pg_stat_activity
     WHERE datid = d.oid AND state LIKE 'idle in transaction%' AND clock_timestamp() - state_change > interval '3 s'),
  'quota', {quota}, 'write_rate', {rate})
FROM pg_database d JOIN pg_roles o ON o.oid = d.datdba JOIN pg_roles g ON g.rolname = 'hcp_tenants'
JOIN pg_auth_members m ON m.member = o.oid AND m.roleid = g.oid JOIN pg_stat_database s ON s.datid = d.oid
WHERE d.datallowconn ORDER BY d.datname;
"""

#: For one database. Free space is known where the quota guard has installed the extension, else it is guessed.
#: The tenant owns the table: a view, a rule or a trigger in its place could run with the rights of this superuser. The
#: collection's own two triggers run functions of a superuser. A guard that is older has no rate in its table.
DATABASE = """
\\connect {database}
SET search_path = pg_catalog;
SELECT to_regclass('public.kine') IS NOT NULL AS exists,
  coalesce((SELECT relkind = 'r' AND NOT relhasrules AND NOT EXISTS (
      SELECT FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid JOIN pg_roles r ON r.oid = p.proowner
      WHERE t.tgrelid = c.oid AND NOT t.tgisinternal
        AND NOT (r.rolsuper AND t.tgname IN ('mothership_quota', 'mothership_commit_order')))
    FROM pg_class c WHERE c.oid = to_regclass('public.kine')), false) AS has_table,
  to_regproc('mothership.check_quota') IS NOT NULL AND (SELECT rolsuper FROM pg_roles r JOIN pg_namespace n
    ON r.oid = n.nspowner WHERE n.nspname = 'mothership') AS has_guard \\gset
SELECT :'has_guard'::bool AND EXISTS (SELECT FROM pg_extension WHERE extname = 'pg_freespacemap') AS has_map \\gset
\\set free_bytes null
\\set guard null
\\if :has_guard
SELECT quote_literal(to_json(q)) || '::json' AS guard FROM (SELECT state, reason, used, measured_at, changed_at,
  coalesce((to_jsonb(m) ->> 'rate')::bigint > 0
    AND (to_jsonb(m) ->> 'paid_until')::timestamptz > clock_timestamp() + interval '4 seconds', false) AS slowed
  FROM mothership.quota m) q \\gset
\\endif
\\if :has_table
\\if :has_map
SELECT {free} AS free_bytes \\gset
\\endif
SELECT json_build_object('name', current_database(), 'problem', null, 'guard', :guard,
  'table', json_build_object('bytes', pg_table_size(c.oid), 'heap_bytes', pg_relation_size(c.oid),
    'index_bytes', pg_indexes_size(c.oid), 'total_bytes', pg_total_relation_size(c.oid), 'free_bytes', :free_bytes,
    'live_rows', s.n_live_tup, 'dead_rows', s.n_dead_tup, 'counted_rows', c.reltuples,
    'vacuums', s.vacuum_count + s.autovacuum_count,
    'last_vacuum', greatest(s.last_vacuum, s.last_autovacuum),
    'last_analyze', greatest(s.last_analyze, s.last_autoanalyze),
    'expected_index_bytes', (SELECT round(sum(s.n_live_tup * (12 + (SELECT coalesce(sum(p.avg_width), 8)
        FROM unnest(i.indkey::int[]) k JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k
        LEFT JOIN pg_stats p ON p.schemaname = 'public' AND p.tablename = 'kine' AND p.attname = a.attname)) / 0.9))
      FROM pg_index i WHERE i.indrelid = c.oid),
    'indexes', (SELECT json_object_agg(x.relname, json_build_object('bytes', pg_relation_size(x.oid),
        'valid', i.indisvalid)) FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid WHERE i.indrelid = c.oid)),
  'revision', (SELECT coalesce(max(id), 0) FROM public.kine),
  'compact_revision', (SELECT coalesce(max(prev_revision), 0) FROM public.kine WHERE name = 'compact_rev_key'),
  'sequence', (SELECT last_value FROM public.kine_id_seq))
FROM pg_class c LEFT JOIN pg_stat_user_tables s ON s.relid = c.oid WHERE c.oid = 'public.kine'::regclass;
\\else
SELECT json_build_object('name', current_database(), 'problem', CASE WHEN :'exists'::bool
  THEN 'public.kine is no plain table, or has triggers or rules that are not ours'
  ELSE 'the table public.kine is not there' END);
\\endif
"""

STATEMENTS = """
SELECT json_build_object('database', d.datname, 'calls', s.calls, 'mean_ms', round(s.mean_exec_time::numeric, 3),
  'max_ms', round(s.max_exec_time::numeric, 3), 'rows', s.rows,
  'query', left(regexp_replace(s.query, '\\s+', ' ', 'g'), 300))
FROM (SELECT *, row_number() OVER (PARTITION BY dbid ORDER BY mean_exec_time DESC) AS place
      FROM pg_stat_statements WHERE mean_exec_time >= {least}) s
JOIN pg_database d ON d.oid = s.dbid WHERE d.datname = ANY({names}) AND s.place <= 10
ORDER BY d.datname, s.mean_exec_time DESC;
"""
