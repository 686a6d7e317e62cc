# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""What else this collection left on load balancers and on database machines, apart from Kubernetes.

Packages stay. Services and files of others stay too: a service is ours when its configuration is.
"""

from __future__ import annotations

from .._core import balancing
from . import load_balancer
from .machine import Machine
from .systemd import read_state

#: In what this collection wrote for database machines.
MARKER = "Written by mothership.hcp"
_ETCD = "/etc/default/etcd"
_WATCHDOG = {"mothership-replica-watchdog": "/etc/systemd/system/mothership-replica-watchdog.service"}
#: Services of a database machine with the configuration that tells whose they are, in the order in which they stop.
_DATABASE_SERVICES = {
    "mothership-quota-guard": "/etc/systemd/system/mothership-quota-guard.service",
    "prometheus-postgres-exporter": "/etc/default/prometheus-postgres-exporter",
    "patroni": "/etc/patroni/config.yml",
    "haproxy": balancing.HAPROXY_CONFIG,
    "keepalived": balancing.KEEPALIVED_CONFIG,
    "etcd": _ETCD,
}
_DATABASE_FILES = (
    "/etc/patroni/mothership-postgresql.conf",
    "/etc/systemd/system/patroni.service.d/mothership.conf",
    "/etc/systemd/system/etcd.service.d/mothership.conf",
    "/etc/keepalived/mothership-database-check",
    "/etc/prometheus-postgres-exporter-queries.yaml",
    # Last: they tell whose services run.
    *_DATABASE_SERVICES.values(),
)
#: Here a machine of Kubernetes keeps its etcd, too.
ETCD_DATA = "/var/lib/etcd"
_POSTGRESQL_DATA = "/var/lib/postgresql"


def services(machine: Machine, *, datastore: bool) -> list[str]:
    """Services of ours that run, or would at the next boot."""
    found = load_balancer.residue_units(machine)
    known = {**_WATCHDOG, **(_DATABASE_SERVICES if datastore else {})}
    ours = [name for name, path in known.items() if _is_ours(machine, path) and name not in found]
    states = {name: read_state(machine, name) for name in ours}
    return [*found, *(name for name, state in states.items() if state.active or state.enabled)]


def files(machine: Machine, *, datastore: bool) -> list[str]:
    found = load_balancer.residue_files(machine)
    known = (*_WATCHDOG.values(), *(_DATABASE_FILES if datastore else ()))
    return [*found, *(path for path in known if path not in found and _is_ours(machine, path))]


def is_database_etcd(machine: Machine) -> bool:
    """Whether the etcd of this machine is that of the databases."""
    return _is_ours(machine, _ETCD)


def data_folders(machine: Machine, clusters: list[str]) -> list[str]:
    """Data of PostgreSQL that Debian's tools do not know: Patroni made it.

    :param clusters: those that they know, as ``version name``.
    """
    pairs = [
        (version, name)
        for version in machine.read_names(_POSTGRESQL_DATA)
        if version.isdigit()
        for name in machine.read_names(f"{_POSTGRESQL_DATA}/{version}")
    ]
    return [f"{_POSTGRESQL_DATA}/{version}/{name}" for version, name in pairs if f"{version} {name}" not in clusters]


def _is_ours(machine: Machine, path: str) -> bool:
    text = machine.read_text(path) or ""
    return MARKER in text and balancing.BALANCER_MARKER not in text
