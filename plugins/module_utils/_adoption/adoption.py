# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""The three phases of an adoption. Each finds out where the others came to, and can be run again at any time."""

from __future__ import annotations

import base64
import dataclasses
import os
import re
import typing as t

from .._controlplane.manifests import Manifest
from .._controlplane.pki import Pki
from .._controlplane.pki_secrets import CREDENTIALS, credentials_secret, state_secrets
from .._controlplane.services import namespace, services
from .._core.errors import HcpError
from .._core.plan import Change, Plan
from .._core.progress import Deadline, Progress
from .._core.redact import redact_values
from .._kube.apply import apply_objects, remove_objects
from .._kube.client import KubeClient
from .._kube.objects import get, list_objects
from .._kube.readiness import gone, statefulset_ready
from .._kube.wait import Watched, wait_until
from .._pki.authority import KeyPair, SigningKey
from .._pki.scram import new_salt
from .definition_file import ensure_definition
from .handover import slices
from .names import config_map_names, service_names, stateful_set_name
from .old_cluster import OldCluster
from .read import read_secrets, selector
from .record import NAME as RECORD
from .release import release
from .situation import Request, Situation, look
from .translate import Translation, plane_of

#: Services need no keys.
_NO_KEYS = Pki(KeyPair("", ""), KeyPair("", ""), SigningKey("", ""), {})


class Adoption:
    """Takes one cluster over.

    :param client: of the cluster that k0smotron runs in, which is our mothership.
    :param learn_secret: called with every private key, for redaction by value.
    """

    def __init__(
        self,
        request: Request,
        client: KubeClient,
        *,
        check_mode: bool,
        progress: Progress,
        learn_secret: t.Callable[[str], None] = lambda value: None,
    ) -> None:
        self.request, self.client, self.check_mode, self.progress = request, client, check_mode, progress
        self.learn_secret = learn_secret
        self.deadline = Deadline(request.wait_timeout)

    def prepare(self) -> dict[str, t.Any]:
        """Keys, login, record and definition; the old control plane is not touched."""
        situation = self._look()
        plan = Plan()
        if situation.translation is not None:
            plan.extend(self._apply(self._prepared_objects(situation, situation.translation)))
        if not situation.is_over:
            change = ensure_definition(self._file, situation.record.definition, check_mode=self.check_mode)
            plan.extend(Plan([change] if change else []))
        return self._result(plan, situation)

    def switch(self) -> dict[str, t.Any]:
        """k0smotron lets go, and our Services take the ports over; until our pods serve, they lead to the old ones."""
        situation = self._look()
        plan = Plan()
        if situation.is_over:
            return self._result(plan, situation)
        if not (situation.is_prepared or self.check_mode):
            raise HcpError(
                "is not prepared, or has changed since",
                where=(situation.live or situation.record.old).target,
                remedy="run the module with phase=prepare before",
            )
        if situation.live is not None:
            plan.extend(self._release(situation, situation.live))
        plan.extend(self._take_over_ports(situation))
        return self._result(plan, situation)

    def retire(self) -> dict[str, t.Any]:
        """The old control plane goes, once ours is ready."""
        situation = self._look()
        plan = Plan()
        if situation.is_over:
            return self._result(plan, situation)
        if not self.check_mode:
            self._check_successor(situation)
        plane = plane_of(situation.spec, _NO_KEYS)
        # New connections go to our pods before the old ones end theirs.
        plan.extend(self._remove(slices(plane, [])))
        plan.extend(self._remove(self._old_objects()))
        self._wait_for_old_pods(situation)
        finished = dataclasses.replace(situation.record, state="retired")
        plan.extend(self._apply([finished.manifest(situation.spec)]))
        return self._result(plan, situation, more_notes=self._left_over(situation), over=not self.check_mode)

    @property
    def _file(self) -> str:
        return os.path.join(self.request.directory, self.request.choices.name, "hosted_cluster.yml")

    def _look(self) -> Situation:
        situation = look(self.request, self.client)
        if situation.translation is not None:
            for value in situation.translation.pki.private_texts:
                self.learn_secret(value)
        return situation

    def _prepared_objects(self, situation: Situation, translation: Translation) -> list[Manifest]:
        spec, dsn = translation.spec, translation.dsn
        present = read_secrets(self.client, spec.namespace).get(CREDENTIALS, {})
        salt = present.get("salt") or base64.b64encode(new_salt()).decode("ascii")
        return [
            namespace(spec),
            *state_secrets(translation.plane),
            credentials_secret(spec, dsn.user, dsn.password, salt),
            situation.record.manifest(spec),
        ]

    def _release(self, situation: Situation, live: OldCluster) -> Plan:
        begun = dataclasses.replace(situation.record, state="switching")
        plan = self._apply([begun.manifest(situation.spec)])
        secret = situation.translation.dsn.password if situation.translation else ""
        plan.add(Change("delete", live.target, before=_shown(begun.cluster, live.dsn, secret)))
        if not self.check_mode:
            release(self.client, live, deadline=self.deadline, progress=self.progress)
        return plan

    def _take_over_ports(self, situation: Situation) -> Plan:
        plane = plane_of(situation.spec, _NO_KEYS)
        addresses = situation.plane.ready_addresses
        leading = slices(plane, addresses)
        plan = self._apply(leading) if addresses else self._remove(leading)
        ports = {situation.spec.api_port, situation.spec.konnectivity_port}
        holders = [one for one in situation.plane.services if ports & _node_ports(one)]
        # From here until our Services are there, new connections are refused: a fraction of a second.
        plan.extend(self._remove(holders))
        plan.extend(self._apply(services(plane)))
        return plan

    def _check_successor(self, situation: Situation) -> None:
        spec = situation.spec
        where = f"StatefulSet/{spec.namespace}/{spec.name}"
        if situation.translation is not None:
            raise HcpError(
                "still belongs to k0smotron", where=situation.record.old.target, remedy="run phase=switch before"
            )
        found = get(self.client, "apps/v1", "StatefulSet", spec.name, spec.namespace)
        missing = statefulset_ready()([found] if found else [])
        if missing is not None:
            raise HcpError(
                f"the new control plane is not ready ({missing}), so the old one stays",
                where=where,
                remedy="run mothership.hcp.hosted_control_plane with the definition of the cluster, then this again",
            )

    def _old_objects(self) -> list[Manifest]:
        cluster = self.request.cluster
        wanted = [("apps/v1", "StatefulSet", stateful_set_name(cluster))]
        wanted += [("v1", "Service", name) for name in service_names(cluster).values()]
        wanted += [("v1", "ConfigMap", name) for name in config_map_names(cluster)]
        return [
            {"apiVersion": api_version, "kind": kind, "metadata": {"name": name, "namespace": self.request.namespace}}
            for api_version, kind, name in wanted
        ]

    def _wait_for_old_pods(self, situation: Situation) -> None:
        old = situation.plane.stateful_set
        if old is None or self.check_mode:
            return
        wait_until(
            self.client,
            Watched("v1", "Pod", self.request.namespace, label_selector=selector(old)),
            gone(),
            deadline=self.deadline,
            progress=self.progress,
            subject=f"old control plane {stateful_set_name(self.request.cluster)}",
            hint=f"kubectl --namespace {self.request.namespace} get pods",
        )

    def _left_over(self, situation: Situation) -> list[str]:
        """What only the user can tell that it is not needed any more."""
        cluster, place = self.request.cluster, self.request.namespace
        old = situation.record.old
        known = {*old.certificate_secrets.values(), old.dsn_secret, f"{cluster}-etcd", f"{cluster}-kubeconfig"}
        kept = [f"Secret {name}" for name in sorted(known & set(read_secrets(self.client, place)))]
        claims = list_objects(self.client, "v1", "PersistentVolumeClaim", place)
        volume = re.compile(rf".*-{re.escape(stateful_set_name(cluster))}-\d+")
        kept += [f"PersistentVolumeClaim {name}" for one in claims if volume.fullmatch(name := one["metadata"]["name"])]
        if not kept:
            return []
        return [
            f"Left in namespace {place}, so that there is a way back: {', '.join(kept)}. Delete them when it is not."
        ]

    def _apply(self, objects: t.Sequence[Manifest]) -> Plan:
        return apply_objects(
            self.client, objects, check_mode=self.check_mode, deadline=self.deadline, progress=self.progress
        )

    def _remove(self, objects: t.Sequence[Manifest]) -> Plan:
        """Delete those that exist; their content may hold the address of the database and is not shown."""
        plan = remove_objects(
            self.client, objects, check_mode=self.check_mode, deadline=self.deadline, progress=self.progress
        )
        return Plan([Change(change.action, change.target) for change in plan.changes])

    def _result(
        self, plan: Plan, situation: Situation, *, more_notes: t.Sequence[str] = (), over: bool = False
    ) -> dict[str, t.Any]:
        definition = situation.record.definition
        return plan.result(
            definition=definition,
            definition_file=self._file,
            namespace=situation.spec.namespace,
            record=f"Secret/{situation.spec.namespace}/{RECORD}",
            notes=[*situation.record.notes, *more_notes],
            finished=situation.is_over or over,
        )


def _node_ports(service: t.Mapping[str, t.Any]) -> set[int | None]:
    return {port.get("nodePort") for port in (service.get("spec") or {}).get("ports") or []}


def _shown(cluster: t.Mapping[str, t.Any], *secrets: str) -> dict[str, t.Any]:
    return t.cast("dict[str, t.Any]", redact_values(dict(cluster), [secret for secret in secrets if secret]))
