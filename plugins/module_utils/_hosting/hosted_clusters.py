# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""Hosted control planes: from definitions to running clusters, many at once."""

from __future__ import annotations

import concurrent.futures
import dataclasses
import os
import typing as t

from .._controlplane import networks, pki, pki_secrets, shared_kine
from .._controlplane.control_plane import ControlPlane, Database
from .._controlplane.distribution import Distribution, distribution_for
from .._controlplane.pki import ensure_pki
from .._controlplane.port_range import PortRange
from .._controlplane.ports import Ports, allocate
from .._controlplane.services import kine_service_name
from .._controlplane.spec import SHARED, ClusterSpec
from .._core.errors import HcpError, InvalidInput
from .._core.plan import Change, Plan
from .._core.progress import Deadline, Progress, Timings
from .._kube.apply import apply_objects, remove_objects
from .._kube.client import KubeClient
from .._kube.rollout import wait_rolled_out
from .child_api import answering_client, wait_for_api, wait_for_object
from .current import (
    check_present_workload,
    first_node_address,
    present_ports,
    read_secrets,
    read_services,
    used_node_ports,
)
from .kubeconfig_file import ensure_file
from .threads import for_each_cluster

#: Stands in a plan for what an earlier step of the same run would make.
_NOT_KNOWN_YET = "not-known-yet"


@dataclasses.dataclass(frozen=True)
class ServerAddress:
    """How control planes reach a PostgreSQL server.

    :param ca_certificate: PEM; empty to keep the one in use.
    """

    host: str
    port: int
    ca_certificate: str = ""


@dataclasses.dataclass(frozen=True)
class Request:
    """What the module was asked for.

    :param database_servers: by name, where there are several; the other three are for clusters that name none.
    :param database_ca_certificate: PEM; empty to keep the one in use. In check mode there may be none yet.
    :param kubeconfig_directory: each cluster's kubeconfig becomes ``<directory>/<name>/kubeconfig``.
    :param wait_timeout: seconds until a control plane must be rolled out.
    """

    specs: t.Sequence[ClusterSpec]
    node_ports: PortRange
    database_host: str
    database_port: int
    database_ca_certificate: str
    kubeconfig_directory: str
    wait_timeout: float = 240
    database_servers: t.Mapping[str, ServerAddress] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class _Outcome:
    plan: Plan
    facts: dict[str, t.Any]


class _ClusterProgress(Progress):
    """Says which cluster its subjects belong to."""

    def __init__(self, inner: Progress, cluster: str) -> None:
        super().__init__("")
        self._inner, self._cluster = inner, cluster

    def say(self, subject: str, text: str) -> None:
        shown = subject if subject == self._cluster else f"{self._cluster}: {subject}"
        self._inner.say(shown, text)


class HostedClusters:
    """Brings all clusters of a request to their definition.

    :param client: of the mothership; ``None`` in check mode when it does not exist yet.
    :param connect: makes a client from the text of a kubeconfig.
    :param learn_secret: called with every private key and password, for redaction by value.
    """

    def __init__(
        self,
        request: Request,
        client: KubeClient | None,
        *,
        check_mode: bool,
        progress: Progress,
        connect: t.Callable[[str], KubeClient] = KubeClient.from_kubeconfig_text,
        warn: t.Callable[[str], None] = lambda text: None,
        learn_secret: t.Callable[[str], None] = lambda value: None,
    ) -> None:
        self.request, self.client, self.check_mode = request, client, check_mode
        self.progress, self.connect, self.warn, self.learn_secret = progress, connect, warn, learn_secret

    def run(self) -> dict[str, t.Any]:
        """Do it for all clusters; see the module's RETURN for the result.

        :raises HcpError: naming every cluster that failed; the others are finished.
        """
        specs = self.request.specs
        services = read_services(self.client)
        ports = allocate(specs, self.request.node_ports, used_node_ports(services), present_ports(services, specs))
        fallback = self._fallback_address()
        outcomes = for_each_cluster(lambda spec: self._host(spec, ports[spec.name], fallback), specs)
        plan = Plan()
        for outcome in outcomes:
            plan.extend(outcome.plan)
        return plan.result(clusters={spec.name: outcome.facts for spec, outcome in zip(specs, outcomes)})

    def _host(self, spec: ClusterSpec, ports: Ports, fallback: str) -> _Outcome:
        deadline, timings = Deadline(self.request.wait_timeout), Timings()
        distribution = distribution_for(spec.distribution)
        check_present_workload(self.client, spec, distribution.workload_kind)
        secrets = read_secrets(self.client, spec)
        plane = self._plane(spec, ports, fallback, secrets)
        with timings.measure("objects"):
            plan = self._apply(spec, self.client, distribution.mothership_objects(plane), deadline)
        plan = _with_restarts(plan, spec, distribution.workload_kind)
        if self.check_mode:
            plan.extend(self._plan_children(spec, distribution.child_objects(plane), secrets, deadline))
        else:
            plan.extend(self._finish(plane, distribution, deadline, timings))
        plan.extend(self._remove_shared_kine(spec, secrets, deadline))
        path = os.path.join(self.request.kubeconfig_directory, spec.name, "kubeconfig")
        change = ensure_file(path, pki_secrets.admin_kubeconfig(plane), check_mode=self.check_mode)
        if change is not None:
            plan.add(change)
        return _Outcome(plan, _facts(plane, distribution.worker_facts(plane), path, timings))

    def _plane(
        self, spec: ClusterSpec, ports: Ports, fallback: str, secrets: t.Mapping[str, t.Mapping[str, str]]
    ) -> ControlPlane:
        endpoint = spec.endpoint if networks.is_address(spec.endpoint) else None
        address = spec.advertise_address or endpoint or fallback
        material = ensure_pki(spec, address, secrets)
        plane = ControlPlane(spec, ports, address, self._database(spec, secrets), material)
        logins = (plane.database.password, *(plane.database.previous or ())[1:])
        for value in (*material.private_texts, *logins, pki_secrets.admin_kubeconfig(plane)):
            if value != _NOT_KNOWN_YET:
                self.learn_secret(value)
        return plane

    def _database(self, spec: ClusterSpec, secrets: t.Mapping[str, t.Mapping[str, str]]) -> Database:
        login = secrets.get(pki_secrets.CREDENTIALS, {})
        password = login.get("password")
        present = secrets.get(pki_secrets.DATASTORE, {}).get("ca.crt")
        if spec.database_host:
            self._check_password(spec, password)
            port = spec.database_port or 5432
            return Database(spec.database_host, port, spec.database_ca_certificate, password or _NOT_KNOWN_YET)
        server = self._server(spec)
        certificate = server.ca_certificate or present
        if self.check_mode:
            password, certificate = password or _NOT_KNOWN_YET, certificate or _NOT_KNOWN_YET
        self._check_password(spec, password)
        if not certificate:
            raise InvalidInput(
                "is empty",
                where="database_ca_certificate",
                remedy="give the PEM certificate of the CA that signed PostgreSQL's certificate",
            )
        previous = (login.get("previous_username", ""), login.get("previous_password", ""))
        return Database(
            server.host,
            server.port,
            certificate,
            str(password),
            login.get("username") or spec.login,
            previous if all(previous) else None,
        )

    def _server(self, spec: ClusterSpec) -> ServerAddress:
        """The server that holds the cluster's database: the one that it names, where several are known."""
        request = self.request
        if not (spec.database_server and request.database_servers):
            return ServerAddress(request.database_host, request.database_port, request.database_ca_certificate)
        if spec.database_server not in request.database_servers:
            raise InvalidInput(
                f"{spec.database_server} is none of {', '.join(sorted(request.database_servers))}",
                where="database_server",
                remedy="name a server of postgresql_servers",
            )
        return request.database_servers[spec.database_server]

    def _check_password(self, spec: ClusterSpec, password: str | None) -> None:
        if password or self.check_mode:
            return
        raise HcpError(
            "does not exist or has no password",
            where=f"Secret/{spec.namespace}/{pki_secrets.CREDENTIALS}",
            remedy="run mothership.hcp.kine_credentials, then mothership.hcp.kine_database, before",
        )

    def _fallback_address(self) -> str:
        """What clusters advertise that name no address themselves."""
        named = all(spec.advertise_address or networks.is_address(spec.endpoint) for spec in self.request.specs)
        if named:
            return ""
        return _NOT_KNOWN_YET if self.client is None else first_node_address(self.client)

    def _finish(self, plane: ControlPlane, distribution: Distribution, deadline: Deadline, timings: Timings) -> Plan:
        """Wait for the pods, and fill the hosted cluster as soon as its first replica answers."""
        with concurrent.futures.ThreadPoolExecutor(max_workers=2) as pool:
            rolled_out = pool.submit(self._wait_for_pods, plane.spec, distribution.workload_kind, deadline, timings)
            filled = pool.submit(self._fill, plane, distribution, deadline, timings)
        # Pods that do not start explain why the API does not answer, so their error comes first.
        rolled_out.result()
        return filled.result()

    def _wait_for_pods(self, spec: ClusterSpec, kind: str, deadline: Deadline, timings: Timings) -> None:
        client = t.cast(KubeClient, self.client)
        hint = f"kubectl --namespace {spec.namespace} get pods,events"
        # A shared kine first: without it no API server becomes Ready, and its pod tells why.
        workloads = [("Deployment", kine_service_name(spec))] if spec.kine == SHARED else []
        with timings.measure("rollout"):
            for each, name in (*workloads, (kind, spec.name)):
                wait_rolled_out(
                    client,
                    "apps/v1",
                    each,
                    name,
                    spec.namespace,
                    deadline=deadline,
                    progress=self.progress,
                    hint=hint,
                )

    def _remove_shared_kine(
        self, spec: ClusterSpec, secrets: t.Mapping[str, t.Mapping[str, str]], deadline: Deadline
    ) -> Plan:
        """Once no API server uses it any more. Its Secrets go last, so that the next run finishes a killed one."""
        if spec.kine == SHARED or not {pki.KINE_AUTHORITY, pki.KINE_SERVER, pki.KINE_CLIENT} & set(secrets):
            return Plan()
        return remove_objects(
            self.client,
            shared_kine.leftovers(spec),
            check_mode=self.check_mode,
            deadline=deadline,
            progress=_ClusterProgress(self.progress, spec.name),
        )

    def _fill(self, plane: ControlPlane, distribution: Distribution, deadline: Deadline, timings: Timings) -> Plan:
        client = self.connect(pki_secrets.admin_kubeconfig(plane))
        workload = f"{distribution.workload_kind.lower()}/{plane.spec.name}"
        hint = f"kubectl --namespace {plane.spec.namespace} logs {workload} --all-containers"
        waiting: dict[str, t.Any] = {
            "subject": plane.spec.name,
            "hint": hint,
            "deadline": deadline,
            "progress": self.progress,
        }
        with timings.measure("api"):
            wait_for_api(client, **waiting)
            for wanted in distribution.own_child_objects:
                wait_for_object(client, wanted, **waiting)
        with timings.measure("child_objects"):
            return _named(self._apply(plane.spec, client, distribution.child_objects(plane), deadline), plane.spec)

    def _plan_children(
        self,
        spec: ClusterSpec,
        children: t.Sequence[dict[str, t.Any]],
        secrets: t.Mapping[str, t.Mapping[str, str]],
        deadline: Deadline,
    ) -> Plan:
        text = secrets.get(pki.ADMINISTRATOR, {}).get("kubeconfig")
        client = answering_client(text, self.connect)
        if text and client is None:
            self.warn(f"The API of {spec.name} does not answer; the plan shows all its objects as new.")
        return _named(self._apply(spec, client, children, deadline), spec)

    def _apply(
        self, spec: ClusterSpec, client: KubeClient | None, objects: t.Sequence[dict[str, t.Any]], deadline: Deadline
    ) -> Plan:
        return apply_objects(
            client,
            objects,
            check_mode=self.check_mode,
            deadline=deadline,
            progress=_ClusterProgress(self.progress, spec.name),
        )


def _with_restarts(plan: Plan, spec: ClusterSpec, kind: str) -> Plan:
    """Say that pods are replaced where the pod template of a workload differs."""
    targets = {f"{kind}/{spec.namespace}/{spec.name}", f"Deployment/{spec.namespace}/{kine_service_name(spec)}"}

    def told(change: Change) -> Change:
        if change.target not in targets or change.action != "update":
            return change
        before, after = (state["spec"].get("template") for state in (change.before, change.after))
        return change if before == after else dataclasses.replace(change, restarts=(change.target,))

    return Plan([told(change) for change in plan.changes])


def _named(plan: Plan, spec: ClusterSpec) -> Plan:
    """Targets within a hosted cluster say which one they are in."""
    return Plan([dataclasses.replace(change, target=f"{spec.name}: {change.target}") for change in plan.changes])


def _facts(plane: ControlPlane, worker: t.Mapping[str, t.Any], kubeconfig: str, timings: Timings) -> dict[str, t.Any]:
    return {
        "namespace": plane.spec.namespace,
        "endpoint": plane.spec.endpoint,
        "api_port": plane.ports.api,
        "konnectivity_port": plane.ports.konnectivity,
        "replicas": plane.spec.replicas,
        "kubeconfig": kubeconfig,
        "certificates_issued": list(plane.pki.issued),
        "timings": timings.seconds,
        **worker,
    }
