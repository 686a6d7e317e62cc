# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this plugin util is **PRIVATE** to the collection. It can have breaking changes at any time.
"""All of preflight over one inventory: the static checks and those of the machines' facts. Nothing is changed."""

from __future__ import annotations

import dataclasses
import pathlib
import typing as t

from ansible_collections.mothership.hcp.plugins.module_utils._controlplane.spec import ClusterSpec, Surroundings
from ansible_collections.mothership.hcp.plugins.module_utils._core.errors import HcpError, InvalidInput
from ansible_collections.mothership.hcp.plugins.plugin_utils._preflight import (
    access,
    bundle,
    clusters,
    database,
    databases,
    groups,
    k0s,
    k0s_config,
    latency,
    machines,
    mothership,
    networks,
    parcels,
    variables,
)
from ansible_collections.mothership.hcp.plugins.plugin_utils._preflight.sources import Sources

_NODE_GROUPS = (groups.CONTROL_PLANE, groups.MOTHERSHIP_WORKERS)
#: Role -> the groups whose machines it runs on; ``None``: on the controller.
_ROLE_GROUPS: dict[str, tuple[str, ...] | None] = {
    "postgresql": (groups.POSTGRESQL,),
    "kubernetes_node": _NODE_GROUPS,
    "mothership": (groups.CONTROL_PLANE,),
    "load_balancer": (groups.LOAD_BALANCERS,),
    "hosted_control_plane": None,
    "worker": (),
    "velero": None,
}


class Variables(t.Protocol):
    """Variables of one host, templated."""

    def __iter__(self) -> t.Iterator[str]: ...

    def get(self, name: str, default: t.Any = None) -> t.Any:
        """The value; :class:`InvalidInput` when it cannot be computed."""


@dataclasses.dataclass(frozen=True)
class Site:
    """What preflight judges.

    :param groups: group -> hosts.
    :param shared: variables as a machine of the site sees them, for everything that is not about one machine.
    :param machines: machine -> its variables.
    :param facts: machine -> the registered result of ``machine_facts``; absent when it was not asked.
    :param asked_between: controller's clock before and after the facts were asked.
    :param collection: the collection's folder.
    :param measured: times that PostgreSQL and etcd's disks take.
    """

    groups: t.Mapping[str, t.Sequence[str]]
    shared: Variables
    machines: t.Mapping[str, Variables]
    facts: t.Mapping[str, t.Mapping[str, t.Any]]
    asked_between: tuple[float, float] | None
    specifications: variables.Specifications
    sources: Sources
    collection: pathlib.Path
    measured: latency.Measured = dataclasses.field(default_factory=latency.Measured)


@dataclasses.dataclass
class Verdict:
    """What was found.

    :param clusters: the hosted clusters that could be parsed.
    :param latency: what was measured.
    :param databases_elsewhere: to be looked at over the network.
    """

    problems: list[HcpError] = dataclasses.field(default_factory=list)
    notes: list[str] = dataclasses.field(default_factory=list)
    clusters: list[ClusterSpec] = dataclasses.field(default_factory=list)
    latency: dict[str, t.Any] = dataclasses.field(default_factory=dict)
    databases_elsewhere: list[database.Target] = dataclasses.field(default_factory=list)


class Examination:
    """One run of all checks; :meth:`run` may be called once."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._verdict = Verdict()
        self._parcels: list[parcels.Parcel] = []

    def run(self) -> Verdict:
        self._names()
        self._bundle_folder()
        self._hosted_clusters()
        self._values()
        self._versions()
        self._groups()
        self._databases()
        self._addresses()
        self._machines()
        self._latency()
        seen: dict[tuple[str | None, str], HcpError] = {}
        for problem in self._verdict.problems:
            shown = clusters.located(problem, self._site.sources)
            seen.setdefault((shown.where, shown.message), shown)
        self._verdict.problems = list(seen.values())
        return self._verdict

    # -- what is written -----------------------------------------------------------------------------------------------

    def _names(self) -> None:
        known_names = self._site.specifications.names
        names = {
            name
            for known in self._site.machines.values()
            for name in known
            if name in known_names or not variables.is_registered(known, name)
        }
        self._verdict.problems += variables.unknown_names(names, known_names, self._site.sources)

    def _values(self) -> None:
        """Each role's argument specification, before any role has run."""
        for role, options in self._site.specifications.roles.items():
            if role not in _ROLE_GROUPS or not self._is_used(role):
                continue
            for holder in self._holders(role):
                given = self._read_values(holder, options)
                self._verdict.problems += variables.wrong_values(options, given, self._site.sources)

    def _is_used(self, role: str) -> bool:
        if role == "velero":
            return self.velero_enabled
        if role == "hosted_control_plane":
            return bool(self._verdict.clusters)
        return True

    @property
    def velero_enabled(self) -> bool:
        return str(self._get("velero_enabled", True)).lower() not in ("false", "no", "off", "0")

    def _holders(self, role: str) -> list[Variables]:
        """Variables of the machines a role runs on; of any one machine when it runs on the controller."""
        names = _ROLE_GROUPS[role]
        if names is None:
            return [self._site.shared]
        hosts = [host for name in names for host in groups.members_of(self._site.groups, name)]
        if role in ("kubernetes_node", "worker"):
            hosts += groups.worker_machines(self._site.groups)
        return [self._site.machines[host] for host in dict.fromkeys(hosts) if host in self._site.machines]

    def _read_values(self, holder: Variables, options: t.Iterable[str]) -> dict[str, t.Any]:
        values = {}
        for name in options:
            try:
                value = holder.get(name)
            except InvalidInput as problem:
                self._verdict.problems.append(problem)
                continue
            if value is not None:
                values[name] = value
        return values

    def _get(self, name: str, default: t.Any = None) -> t.Any:
        """The value set by the user, else what a role documents as its default, unless that is a template."""
        try:
            value = self._site.shared.get(name)
        except InvalidInput as problem:
            self._verdict.problems.append(problem)
            return default
        if value is None:
            value = self._site.specifications.default(name)
        if value is None or (isinstance(value, str) and "{{" in value):
            return default
        return value

    # -- bundle and versions -------------------------------------------------------------------------------------------

    def _bundle_folder(self) -> None:
        folder = self._get("mothership_bundle")
        if folder is None:
            if self._site.shared.get("mothership_bundle") is None:
                remedy = "set mothership_bundle in group_vars/all.yml to the folder of the bundle on this controller"
                self._verdict.problems.append(
                    InvalidInput("is required and not set", where="mothership_bundle", remedy=remedy)
                )
            return
        folders = {machine: str(folder) for machine in self._site.machines}
        for machine, known in self._site.machines.items():
            try:
                folders[machine] = str(known.get("mothership_bundle") or folder)
            except InvalidInput as problem:
                self._verdict.problems.append(problem)
        self._parcels, problems = parcels.open_all(folders, str(folder))
        self._verdict.problems += problems

    @property
    def _mothership_distribution(self) -> str:
        return str(self._get("mothership_distribution", "kubeadm"))

    def _versions(self) -> None:
        version, distribution = str(self._get("mothership_version", "1.36.3")), self._mothership_distribution
        known, members = self._verdict.clusters, self._site.groups
        for parcel in self._parcels:
            usage = parcel.usage(distribution, known, members)
            found = parcel.problems(self._site.collection, known, usage, members, velero=self.velero_enabled)
            self._verdict.problems += found
        problems = clusters.version_problems("mothership_version", version, distribution)
        own = parcels.of_mothership(self._parcels, members)
        self._verdict.notes += k0s.image_notes(own.bundle, known) if own else []
        if own is not None and not problems:
            problems = bundle.version_problems(own.bundle, version, known, mothership=distribution)
            problems += k0s.version_problems(own.bundle, distribution, version, known)
            problems += clusters.skew_problems(known, own.bundle.kubernetes_version)
        if own is not None and own.binary is not None:
            written = self._get("mothership_k0s_config", {}) if distribution == k0s.NAME else {}
            problems += k0s_config.config_problems(own.binary.path, known, written)
        self._verdict.problems += problems

    # -- clusters and groups -------------------------------------------------------------------------------------------

    def _hosted_clusters(self) -> None:
        given = self._get("hosted_clusters", [])
        if not isinstance(given, list):
            problem = InvalidInput("is no list", where="hosted_clusters", remedy="write '- name: tenant-a' below it")
            self._verdict.problems.append(problem)
            return
        fields = [field.name for field in dataclasses.fields(ClusterSpec)]
        kept, problems = clusters.unknown_keys(given, fields)
        options = {
            role: {"hosted_clusters": known["hosted_clusters"]}
            for role, known in self._site.specifications.roles.items()
            if role == "hosted_control_plane" and "hosted_clusters" in known
        }
        for known in options.values():
            problems += variables.wrong_values(known, {"hosted_clusters": kept}, self._site.sources)
        if not problems or len(kept) == len(given):
            parsed, found = clusters.parsed(kept, self._surroundings())
            problems += found
            self._verdict.clusters = parsed
        self._verdict.problems += problems

    def _surroundings(self) -> Surroundings:
        endpoint = self._get("mothership_endpoint") or self._first_control_plane_address()
        return Surroundings(
            version=str(self._get("mothership_version", "1.36.3")),
            endpoint=endpoint,
            networks=tuple(entry.cidr for entry in self._mothership_ranges() if entry.network is not None),
        )

    def _first_control_plane_address(self) -> str | None:
        hosts = self._site.groups.get(groups.CONTROL_PLANE, ())
        if not hosts or hosts[0] not in self._site.machines:
            return None
        return str(self._site.machines[hosts[0]].get("ansible_host") or hosts[0])

    def _cluster_names(self) -> list[str]:
        """Names as written, also of clusters that have problems of other kinds."""
        given = self._get("hosted_clusters", [])
        entries = given if isinstance(given, list) else []
        return [str(entry["name"]) for entry in entries if isinstance(entry, dict) and entry.get("name")]

    def _databases_elsewhere(self) -> bool:
        """Whether every hosted cluster names a PostgreSQL of its own."""
        given = self._get("hosted_clusters", [])
        return isinstance(given, list) and all(
            isinstance(entry, dict) and bool(entry.get("database_host")) for entry in given
        )

    def _groups(self) -> None:
        names = self._cluster_names()
        external = bool(self.external_database or self._databases_elsewhere() or self._get("postgresql_servers"))
        distribution = self._mothership_distribution
        self._verdict.problems += groups.group_problems(
            self._site.groups,
            names,
            external_database=external,
            several_control_planes=distribution == k0s.NAME,
        )
        plane = mothership.ControlPlane(
            distribution=distribution,
            storage=str(self._get("mothership_storage", "etcd")),
            has_password=bool(self._get("mothership_datastore_password")),
            endpoint=str(self._get("mothership_endpoint") or ""),
            members=self._site.groups,
        )
        self._verdict.problems += mothership.problems(plane)
        self._verdict.notes += groups.group_notes(self._site.groups, names) + mothership.notes(plane)

    def _databases(self) -> None:
        def read(machine: str | None, name: str, default: t.Any = None) -> t.Any:
            known = self._site.machines.get(machine or "")
            own = self._read_values(known, [name]) if known is not None else {}
            return own.get(name, self._get(name, default))

        declared = databases.Databases(self._site.groups, self._verdict.clusters, read)
        self._verdict.problems += declared.problems()
        self._verdict.databases_elsewhere = declared.targets()

    def _latency(self) -> None:
        judged = latency.judge(self._site.measured, latency.Bounds.read(self._get))
        self._verdict.problems += judged.problems
        self._verdict.notes += judged.notes
        self._verdict.latency = judged.figures

    @property
    def external_database(self) -> tuple[str, int] | None:
        """Host and port of a database that is not this site's: an address without machines in group postgresql."""
        address = self._get("postgresql_address")
        if self._site.groups.get(groups.POSTGRESQL) or not address or not self._verdict.clusters:
            return None
        return str(address), int(self._get("postgresql_port", 5432))

    # -- addresses -----------------------------------------------------------------------------------------------------

    def _mothership_ranges(self) -> list[networks.NamedRange]:
        why = "pods could not tell a Service from a pod"
        return [
            networks.NamedRange("mothership_pod_cidr", str(self._get("mothership_pod_cidr", "10.244.0.0/16")), why),
            networks.NamedRange(
                "mothership_service_cidr", str(self._get("mothership_service_cidr", "10.96.0.0/16")), why
            ),
        ]

    def _addresses(self) -> None:
        ranges = self._mothership_ranges()
        problems = networks.invalid_ranges(ranges) + networks.overlapping_ranges(ranges)
        for number, spec in enumerate(self._verdict.clusters):
            for key in ("pod_cidr", "service_cidr"):
                name = f"hosted_clusters[{number}].{key}"
                ranges.append(networks.NamedRange(name, getattr(spec, key), ""))
        addresses = {
            machine: {str(known.get("ansible_host") or machine)} for machine, known in self._site.machines.items()
        }
        problems += networks.machines_inside(ranges, addresses)
        problems += networks.shared_addresses(addresses)
        self._verdict.problems += problems

    # -- machines ------------------------------------------------------------------------------------------------------

    def _machines(self) -> None:
        answered: dict[str, t.Mapping[str, t.Any]] = {}
        for machine, result in self._site.facts.items():
            known = self._site.machines[machine]
            problem = access.access_problem(machine, str(known.get("ansible_host") or machine), result)
            if problem is not None:
                self._verdict.problems.append(problem)
                continue
            facts = result.get("machine") or {}
            answered[machine] = facts
            needs = self._needs(machine)
            self._verdict.problems += machines.machine_problems(machine, facts, needs)
            self._verdict.notes += machines.machine_notes(machine, facts, needs)
        self._verdict.notes += machines.shared_machine_ids(answered)
        if self._site.asked_between is not None:
            clocks = {machine: float(facts["time"]) for machine, facts in answered.items() if facts.get("time")}
            self._verdict.problems += machines.skew_problems(clocks, *self._site.asked_between)

    def _needs(self, machine: str) -> machines.Needs:
        member = {name for name, hosts in self._site.groups.items() if machine in hosts}
        node = bool(member & set(_NODE_GROUPS)) or any(name.startswith(groups.WORKERS_PREFIX) for name in member)
        postgresql = any(map(groups.is_database, member))
        parcel = next((parcel for parcel in self._parcels if machine in parcel.machines), None)
        return machines.Needs(
            distribution=self._distribution_of(member),
            k0s_has_payload=parcel is not None and parcel.k0s_has_payload,
            control_plane=groups.CONTROL_PLANE in member,
            node=node,
            postgresql=postgresql,
            architecture=parcel.bundle.architecture if parcel else None,
            bundle_bytes=parcel.bundle.bytes_for(node=node, postgresql=postgresql) if parcel else 0,
            kubernetes_version=parcel.bundle.kubernetes_version if parcel else None,
            api_port=int(self._get("mothership_port", 6443)),
            postgresql_port=int(self._get("postgresql_port", 5432)),
            ignored=tuple(self._get("kubernetes_node_ignore_preflight_errors", [])),
        )

    def _distribution_of(self, member: t.Container[str]) -> str:
        """What a machine in these groups runs: the distribution of the cluster that it is a node of."""
        for spec in self._verdict.clusters:
            if groups.workers_group(spec.name) in member:
                return spec.distribution
        return self._mothership_distribution
