# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""Where an adoption stands: what k0smotron still holds, and what was recorded of it."""

from __future__ import annotations

import dataclasses
import typing as t

from .._controlplane.pki import AUTHORITY
from .._controlplane.spec import ClusterSpec, Surroundings, parse_clusters
from .._core.errors import HcpError, InvalidInput
from .._kube.client import KubeClient
from .._kube.objects import list_objects
from .names import service_names
from .old_cluster import OldCluster
from .read import OldPlane, find_cluster, join_token_requests, not_found, read_plane, read_secrets
from .record import Record, read_record, record_of
from .translate import Choices, Translation, translate


@dataclasses.dataclass(frozen=True)
class Request:
    """What the module was asked for.

    :param cluster: name of the object of k0smotron; ``namespace`` is where it is.
    :param directory: the definition is written to ``<directory>/<name>/hosted_cluster.yml``.
    """

    cluster: str
    namespace: str
    choices: Choices
    directory: str
    wait_timeout: float = 180

    @property
    def own_namespace(self) -> str:
        """Namespace of the adopted cluster."""
        return f"hcp-{self.choices.name}"


@dataclasses.dataclass(frozen=True)
class Situation:
    """What was read.

    :param live: the object of k0smotron; ``None`` when it is gone.
    :param translation: of ``live``; ``None`` once k0smotron was told to let go.
    :param written: the record as it is stored.
    :param record: what it says, or shall say.
    """

    live: OldCluster | None
    translation: Translation | None
    written: Record | None
    record: Record
    spec: ClusterSpec
    plane: OldPlane

    @property
    def is_over(self) -> bool:
        """Nothing is left to do."""
        return self.translation is None and self.record.state == "retired"

    @property
    def is_prepared(self) -> bool:
        """What is stored is what the cluster says now."""
        return self.written is not None and self.written.definition == self.record.definition


def look(request: Request, client: KubeClient) -> Situation:
    """Read everything.

    :raises HcpError: when the cluster cannot be adopted, with every reason.
    """
    written = read_record(client, request.own_namespace)
    live = find_cluster(client, request.cluster, request.namespace)
    if written is not None:
        _check_record(written, request)
    if live is None and written is None:
        raise not_found(client, request.cluster, request.namespace)
    plane = read_plane(client, request.cluster, request.namespace)
    if live is None or (written is not None and written.state == "switching" and live.is_deleting):
        record = t.cast(Record, written)
        return Situation(live, None, written, record, _spec(record, request), plane)
    translation = _translated(request, client, live, plane)
    record = record_of("prepared", live, translation.definition, translation.notes)
    return Situation(live, translation, written, record, translation.spec, plane)


def _translated(request: Request, client: KubeClient, live: OldCluster, plane: OldPlane) -> Translation:
    if live.is_deleting:
        raise HcpError(
            "is being deleted",
            where=live.target,
            remedy="save its Secrets, and make it again from them with k0smotron before it is adopted",
        )
    secrets = read_secrets(client, request.namespace)
    translation = translate(live, secrets, plane.tag, request.choices)
    _check_own_namespace(read_secrets(client, request.own_namespace), translation, request)
    _check_ports(client, translation.spec, request)
    tokens = join_token_requests(client, live)
    if not tokens:
        return translation
    note = (
        f"JoinTokenRequest {', '.join(tokens)}: delete it before the switch, and its token ends; "
        "later k0smotron cannot end it."
    )
    return dataclasses.replace(translation, notes=(*translation.notes, note))


def _check_record(written: Record, request: Request) -> None:
    old = written.old
    if (old.name, old.namespace) != (request.cluster, request.namespace):
        raise InvalidInput(
            f"{request.own_namespace} holds the adopted cluster {old.namespace}/{old.name}",
            where="name",
            remedy="choose another name for this one",
        )


def _check_own_namespace(own: t.Mapping[str, t.Mapping[str, str]], translation: Translation, request: Request) -> None:
    present = own.get(AUTHORITY, {}).get("tls.crt")
    if present and present != translation.pki.authority.certificate_pem:
        raise InvalidInput(
            f"namespace {request.own_namespace} holds a hosted cluster with another CA",
            where="name",
            remedy="choose a name that no hosted cluster has",
        )


def _check_ports(client: KubeClient, spec: ClusterSpec, request: Request) -> None:
    mine = {(request.namespace, name) for name in service_names(request.cluster).values()}
    for service in list_objects(client, "v1", "Service"):
        place = (service["metadata"].get("namespace"), service["metadata"]["name"])
        if place in mine or place[0] == request.own_namespace:
            continue
        for port in (service.get("spec") or {}).get("ports") or []:
            if port.get("nodePort") in (spec.api_port, spec.konnectivity_port):
                raise InvalidInput(
                    f"node port {port['nodePort']} belongs to Service {'/'.join(map(str, place))}",
                    where=f"{request.namespace}/{request.cluster}",
                    remedy="free the port: the workers of the cluster know no other",
                )


def _spec(record: Record, request: Request) -> ClusterSpec:
    (spec,) = parse_clusters([record.definition], Surroundings(node_ports=request.choices.node_ports))
    return spec
