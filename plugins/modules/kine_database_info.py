#!/usr/bin/python
# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: kine_database_info
short_description: Tell how the databases of hosted clusters and their server are
version_added: "0.1.0"
author: [The mothership.hcp authors (@mothership-hcp)]
description:
  - Tells sizes, rows, bloat, revisions, connections, transactions and quotas of the databases of hosted clusters, and
    replication, disk and write-ahead log of their PostgreSQL server.
  - Runs on the database machine, with C(psql) over the local socket. Changes nothing.
  - A database is one of a hosted cluster when its owner is a member of C(hcp_tenants).
  - A server that does not run is an answer, not a failure. What cannot be told is null, with the reason beside it.
extends_documentation_fragment:
  - mothership.hcp.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: N/A
  idempotent:
    support: full
options:
  databases:
    description: Names of the databases to tell about. Empty for all.
    type: list
    elements: str
    default: []
  metrics_urls:
    description:
      - Metrics addresses of kine, a list of URLs by name of the database. This machine has to reach them.
      - Without any, retries after duplicate keys and kine's own slow statements are not told.
    type: dict
    default: {}
  port:
    description: Port of the server; it is part of the socket's name.
    type: int
    default: 5432
  socket_directory:
    description: Folder of the server's socket.
    type: path
    default: /var/run/postgresql
  os_user:
    description: Operating system user that may connect as C(postgres).
    type: str
    default: postgres
"""

EXAMPLES = r"""
- name: Look at all databases
  mothership.hcp.kine_database_info:
  become: true
  register: databases

- name: Look at one, and ask its kines too
  mothership.hcp.kine_database_info:
    databases: [hcp_tenant_a]
    metrics_urls:
      hcp_tenant_a: ["http://10.244.1.7:2380/metrics"]
  become: true
"""

RETURN = r"""
running:
  description: Whether the server answers.
  returned: success
  type: bool
  sample: true
problem:
  description: Why it does not answer; null when it does.
  returned: success
  type: str
  sample: null
server:
  description: The server; empty when it does not answer.
  returned: success
  type: dict
  contains:
    version: {description: Version of PostgreSQL., type: str, sample: "15.14"}
    max_connections: {description: Greatest number of connections., type: int, sample: 200}
    reserved_connections: {description: Of these for superusers only., type: int, sample: 3}
    connections: {description: Connections of clients now., type: int, sample: 31}
    in_recovery: {description: Whether it is a standby., type: bool, sample: false}
    data_directory: {description: Folder of its data., type: str, sample: /var/lib/postgresql/15/main}
    disk_bytes: {description: Size of the file system of the data., type: int, sample: 53687091200}
    disk_free_bytes: {description: Free bytes there for ordinary users., type: int, sample: 42949672960}
    disk_problem: {description: Why the two are null., type: str, sample: null}
    started_at: {description: Time of the server's start., type: str, sample: "2026-11-22T20:00:00+00:00"}
    seconds_since_start: {description: Seconds since then., type: float, sample: 5400}
    wal_bytes: {description: Bytes of write-ahead log written since C(wal_bytes_since)., type: float, sample: 104857600}
    wal_bytes_since: {description: Time from which they are counted., type: str, sample: "2026-11-22T20:00:00+00:00"}
    synchronous_standby_names: {description: The setting of this name., type: str, sample: "ANY 1 (db2,db3)"}
    standbys:
      description:
        - C(name), C(address), C(state), C(sync_state) of each standby, what it has not replayed in C(lag_bytes) and the
          delay in C(lag_seconds).
      type: list
      elements: dict
      sample: [{"name": "db2", "state": "streaming", "sync_state": "sync", "lag_bytes": 0, "lag_seconds": 0}]
    own_lag_seconds: {description: Seconds since a standby replayed a transaction., type: float, sample: null}
    slots:
      description: Replication slots with C(name), C(active) and the bytes of log they hold back in C(retained_bytes).
      type: list
      elements: dict
      sample: []
    freeze_max_age: {description: Age in transactions at which a vacuum is forced., type: int, sample: 200000000}
databases:
  description: The databases of hosted clusters.
  returned: success
  type: list
  elements: dict
  contains:
    name: {description: Name., type: str, sample: hcp_tenant_a}
    owner: {description: Role that owns it., type: str, sample: hcp_tenant_a}
    problem: {description: Why table and revisions are missing., type: str, sample: null}
    bytes: {description: Size on disk in bytes., type: int, sample: 67108864}
    table:
      description:
        - The table C(kine). In bytes C(bytes) (with TOAST), C(heap_bytes), C(index_bytes), C(total_bytes) and
          C(free_bytes) (null where the free space map cannot be read). C(live_rows) and C(dead_rows) as the
          statistics have them, C(rows_counted_at_last_analyze), C(vacuums), C(last_vacuum), C(last_analyze),
          C(expected_index_bytes), C(indexes) with C(bytes) and C(valid).
        - C(bloat) has C(bytes), C(percent) and in C(method) how they were found, and C(index_ratio), the size of the
          indexes by the size that is expected of them.
      type: dict
      sample: {"bytes": 41943040, "index_bytes": 20971520, "live_rows": 10000, "dead_rows": 120}
    revision: {description: Greatest revision, type: int, sample: 120345}
    compact_revision: {description: Revision up to which superseded rows are gone., type: int, sample: 119000}
    compaction_lag: {description: Revisions that are not compacted., type: int, sample: 1345}
    sequence: {description: Last value of the sequence that gives revisions., type: int, sample: 120345}
    sequence_behind: {description: Whether it is below the revision; inserts then fail and are repeated., type: bool}
    connection_limit: {description: Greatest number of connections; -1 for no limit., type: int, sample: 63}
    connections: {description: Number of sessions by login and state., type: dict, sample: {"hcp_a_a": {"idle": 12}}}
    connections_total: {description: Number of all sessions., type: int, sample: 12}
    oldest_transaction_seconds: {description: Age of the oldest open transaction; 0 for none., type: float, sample: 0}
    stuck_sessions:
      description: Sessions idle in a transaction for more than 3 seconds. With kine, the sign of a stuck replica.
      type: list
      elements: dict
      sample: [{"pid": 4711, "login": "hcp_a_a", "application": "tenant-a-0", "seconds": 12.5, "query": "begin"}]
    frozen_age: {description: Age in transactions of the oldest row that is not frozen., type: int, sample: 1200345}
    transactions_left: {description: Transactions until the server refuses writes., type: int, sample: 2143283303}
    committed: {description: Committed transactions since the statistics were reset., type: int, sample: 120345}
    rolled_back: {description: Rolled back transactions since then., type: int, sample: 12}
    deadlocks: {description: Deadlocks since then., type: int, sample: 0}
    conflicts: {description: Queries cancelled by recovery since then., type: int, sample: 0}
    temporary_bytes: {description: Bytes written to temporary files since then., type: int, sample: 0}
    quota:
      description:
        - C(bytes) (null for no quota), C(write_bytes_per_second) (null for any number), and what the guard said at
          C(measured_at) - C(state) (V(ok), V(warning), V(refused), V(frozen)), C(reason), C(used_bytes),
          C(used_percent). C(writes_slowed) tells whether a large row would wait now. C(problem) when there is no guard.
      type: dict
      sample: {"bytes": 2147483648, "state": "ok", "used_bytes": 67108864, "used_percent": 3.1}
    kine:
      description:
        - All kines that were asked, since they started - C(insert_retries) (after duplicate keys), C(insert_errors),
          C(compactions), C(failed_compactions), and C(statements) with C(name), C(calls), C(mean_ms) and
          C(slower_than_1s). C(available) and C(problem) tell whether and why not.
      type: dict
      sample: {"available": false, "problem": "no metrics address of kine was given (metrics_urls)"}
    slow_statements:
      description: The ten slowest by mean time from 50 ms on, when the server has C(pg_stat_statements).
      type: dict
      sample: {"available": true, "problem": null, "statements": []}
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.mothership.hcp.plugins.module_utils._core.module import run_module
from ansible_collections.mothership.hcp.plugins.module_utils._datastore import info, kine_info
from ansible_collections.mothership.hcp.plugins.module_utils._datastore.psql import Psql


def argument_spec() -> dict[str, dict[str, t.Any]]:
    return {
        "databases": {"type": "list", "elements": "str", "default": []},
        "metrics_urls": {"type": "dict", "default": {}},
        "port": {"type": "int", "default": 5432},
        "socket_directory": {"type": "path", "default": "/var/run/postgresql"},
        "os_user": {"type": "str", "default": "postgres"},
    }


def main() -> None:
    module = AnsibleModule(argument_spec=argument_spec(), supports_check_mode=True)
    psql = Psql(info.connection_from(module.params))
    asked = module.params["databases"], module.params["metrics_urls"]
    run_module(module, lambda: {"changed": False, **kine_info.gather(psql, *asked)})


if __name__ == "__main__":
    main()
