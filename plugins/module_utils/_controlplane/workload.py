# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""The Deployment of a hosted control plane: disposable pods that pass Pod Security ``restricted``."""

from __future__ import annotations

import typing as t

from . import api_server, controllers, pki, pki_secrets, sidecars
from .control_plane import ControlPlane
from .manifests import Manifest, checksum, manifest
from .spec import SHARED

#: Of the images' nonroot user.
UID = 65532


def deployment(plane: ControlPlane, config: t.Sequence[Manifest], secrets: t.Sequence[Manifest]) -> Manifest:
    """The Deployment.

    :param config: ConfigMaps that its pods read.
    :param secrets: Secrets that its pods read; with ``config`` they decide about a rolling update.
    """
    spec = {
        "replicas": plane.spec.replicas,
        "selector": {"matchLabels": plane.selector},
        "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}},
        "progressDeadlineSeconds": 600,
        "revisionHistoryLimit": 2,
        "template": {
            "metadata": {"labels": plane.selector, "annotations": checksums(config, secrets)},
            "spec": _pod(plane),
        },
    }
    return manifest("apps/v1", "Deployment", plane.spec.name, plane.spec.namespace, labels=plane.labels, spec=spec)


def checksums(config: t.Sequence[Manifest], secrets: t.Sequence[Manifest]) -> dict[str, str]:
    """Annotations of the pod template: what pods read at their start has changed when one of them has."""
    mounted = {item["metadata"]["name"]: item["data"] for item in secrets}
    names = [pki.API_SERVER, pki.CONTROLLER_MANAGER, pki.SCHEDULER, pki.KONNECTIVITY]
    shared = pki.KINE_CLIENT in mounted
    certificates = {name: mounted[name] for name in (*names, *((pki.KINE_CLIENT,) if shared else ()))}
    annotations = {
        "mothership.hcp/checksum-certificates": checksum(certificates),
        "mothership.hcp/checksum-config": checksum([item["data"] for item in config]),
    }
    # A shared kine has the login in its own pod: a new password does not concern the API servers then.
    own = {} if shared else datastore_checksum(mounted[pki_secrets.DATASTORE])
    return {**annotations, **own}


def datastore_checksum(data: t.Mapping[str, str]) -> dict[str, str]:
    """The annotation of pods with a kine.

    :param data: of the Secret with the login, encoded.
    """
    return {"mothership.hcp/checksum-datastore": pki_secrets.datastore_checksum(data)}


def _pod(plane: ControlPlane) -> Manifest:
    main = [api_server.container(plane), controllers.controller_manager(plane), controllers.scheduler(plane)]
    return {
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        # The shutdown delay, then half a minute for requests under way; with the database away they would never end.
        "terminationGracePeriodSeconds": 45,
        "securityContext": pod_security(),
        "affinity": affinity(plane),
        "topologySpreadConstraints": [zone_spread(plane)],
        "initContainers": [hardened(container) for container in _sidecars(plane)],
        "containers": [hardened(container) for container in main],
        "volumes": _volumes(plane),
    }


def _sidecars(plane: ControlPlane) -> list[Manifest]:
    own = [] if plane.spec.kine == SHARED else [sidecars.kine(plane)]
    return [*own, sidecars.konnectivity_server(plane)]


def pod_security() -> Manifest:
    """What a pod needs to pass Pod Security ``restricted``, with :func:`hardened` for each of its containers."""
    return {
        "runAsNonRoot": True,
        "runAsUser": UID,
        "runAsGroup": UID,
        "fsGroup": UID,
        "seccompProfile": {"type": "RuntimeDefault"},
    }


def hardened(container: Manifest) -> Manifest:
    """The container without rights, on a read-only file system."""
    context = {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]}}
    return {**container, "imagePullPolicy": "IfNotPresent", "securityContext": context}


def affinity(plane: ControlPlane) -> Manifest:
    """Replicas on different machines where there are several."""
    term = {"topologyKey": "kubernetes.io/hostname", "labelSelector": {"matchLabels": plane.selector}}
    # Preferred, so that a mothership of one machine runs every replica too.
    return {
        "podAntiAffinity": {
            "preferredDuringSchedulingIgnoredDuringExecution": [{"weight": 100, "podAffinityTerm": term}]
        }
    }


def zone_spread(plane: ControlPlane) -> Manifest:
    """Replicas in different zones where machines say which they are in."""
    return {
        "maxSkew": 1,
        "topologyKey": "topology.kubernetes.io/zone",
        "whenUnsatisfiable": "ScheduleAnyway",
        "labelSelector": {"matchLabels": plane.selector},
    }


def _volumes(plane: ControlPlane) -> list[Manifest]:
    shared = plane.spec.kine == SHARED
    sockets = [
        {"name": name, "emptyDir": {"medium": "Memory", "sizeLimit": "1Mi"}}
        for name in (*(() if shared else ("kine",)), "konnectivity")
    ]
    # Readable by the group that fsGroup gives, by nobody else.
    secrets = [
        {"name": name, "secret": {"secretName": name, "defaultMode": 0o440}}
        for name in (
            pki.KINE_CLIENT if shared else pki_secrets.DATASTORE,
            pki.API_SERVER,
            pki.CONTROLLER_MANAGER,
            pki.SCHEDULER,
            pki.KONNECTIVITY,
        )
    ]
    config = {"name": api_server.CONFIG_MAP, "configMap": {"name": api_server.CONFIG_MAP, "defaultMode": 0o444}}
    return [*sockets, *secrets, config]
