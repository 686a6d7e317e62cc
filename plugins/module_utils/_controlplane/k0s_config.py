# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
"""The k0s ClusterConfig of a hosted cluster, and which part of it a pod reads only when it starts."""

from __future__ import annotations

import typing as t

from . import k0s_options
from .api_server import flag_text, with_node_restriction
from .control_plane import ControlPlane
from .images import images_for
from .manifests import Manifest, manifest, merged
from .sidecars import IDLE_CONNECTIONS, datastore_url
from .spec import ClusterSpec

API_VERSION = "k0s.k0sproject.io/v1beta1"
CONFIG_MOUNT = "/etc/k0s"
DATASTORE_MOUNT = "/datastore"
#: The components of k0s that a hosted control plane does not need.
DISABLED = (
    # The replicas share their CA through Secrets and never join each other.
    "control-api",
    # See kubernetes_service.py.
    "endpoint-reconciler",
)
#: Components that k0s runs in the hosted cluster only where the user names an image for them -> its key in ``images``.
#: The collection runs CoreDNS otherwise: k0s insists on a numeric user, which the upstream image does not have.
_NEED_IMAGES = {"coredns": "coredns", "metrics-server": "metricsserver"}
#: Sections of ``spec`` that a controller reads from its file, at its start only.
_NODE_SECTIONS = ("api", "storage", "installConfig", "featureGates")
_NODE_NETWORK_FIELDS = ("serviceCIDR", "clusterDomain", "controlPlaneLoadBalancing", "primaryAddressFamily")


def cluster_config(plane: ControlPlane) -> Manifest:
    """The whole ClusterConfig, as the file of each pod holds it. The password of the database is not in it."""
    spec = merged(_defaults(plane), plane.spec.k0s_config)
    for section, content in _managed(plane).items():
        spec[section] = merged(spec.get(section) or {}, content)
    spec["api"]["sans"] = _names(plane)
    return {"apiVersion": API_VERSION, "kind": "ClusterConfig", "metadata": {"name": "k0s"}, "spec": spec}


def node_part(config: Manifest) -> Manifest:
    """What a change of restarts the pods."""
    spec = config["spec"]
    network = {key: value for key, value in spec["network"].items() if key in _NODE_NETWORK_FIELDS}
    return {**{key: spec[key] for key in _NODE_SECTIONS if key in spec}, "network": network}


def dynamic_part(config: Manifest) -> Manifest:
    """The ClusterConfig in the hosted cluster itself: k0s follows changes of it without a restart."""
    spec = {key: value for key, value in config["spec"].items() if key not in ("api", "storage", "installConfig")}
    spec["network"] = {key: value for key, value in spec["network"].items() if key not in _NODE_NETWORK_FIELDS}
    return manifest(API_VERSION, "ClusterConfig", "k0s", "kube-system", spec=spec)


def disabled_components(plane: ControlPlane) -> list[str]:
    """Names for ``--disable-components``."""
    own = {name for name in _NEED_IMAGES if not k0s_makes(plane, name)}
    return sorted({*DISABLED, *own, *plane.spec.k0s_disable_components})


def k0s_makes(plane: ControlPlane, component: str) -> bool:
    """Whether k0s itself runs a component in the hosted cluster for which it needs an image of its own."""
    if plane.spec.k0s_official_images:
        return True
    return _NEED_IMAGES[component] in (plane.spec.k0s_config.get("images") or {})


def _defaults(plane: ControlPlane) -> dict[str, t.Any]:
    """What the user's k0s_config is laid over."""
    spec = plane.spec
    return {
        "network": {"provider": "custom", "kubeProxy": _kube_proxy(plane)},
        "telemetry": {"enabled": False},
        "images": {"default_pull_policy": "IfNotPresent", **_images(spec)},
        "workerProfiles": [{"name": "default", "values": dict(spec.kubelet_config)}] if spec.kubelet_config else [],
    }


def _images(spec: ClusterSpec) -> dict[str, t.Any]:
    """The images of the other distribution: one bundle serves both."""
    if spec.k0s_official_images:
        return {}
    images = images_for(spec.kubernetes_version)
    return {
        "kubeproxy": _image(images.kube_proxy),
        "konnectivity": _image(images.konnectivity_agent),
        "pause": _image(images.pause),
    }


def _managed(plane: ControlPlane) -> dict[str, dict[str, t.Any]]:
    """What the user's k0s_config cannot change; k0s_options.py refuses these fields there."""
    spec = plane.spec
    return {
        "api": {"externalAddress": spec.endpoint, "port": plane.ports.api, "extraArgs": _api_flags(plane)},
        "konnectivity": {"agentPort": plane.ports.konnectivity, "externalAddress": spec.endpoint},
        "network": {
            "podCIDR": spec.pod_cidr,
            "serviceCIDR": spec.service_cidr,
            "clusterDomain": spec.dns_domain,
        },
        "storage": {"type": "kine", "kine": {"dataSource": datastore_url(plane), "extraArgs": _kine_flags(plane)}},
    }


def _api_flags(plane: ControlPlane) -> dict[str, str]:
    flags: dict[str, t.Any] = dict(plane.spec.api_server_extra_args)
    if "enable-admission-plugins" in flags:
        flags["enable-admission-plugins"] = with_node_restriction(flags["enable-admission-plugins"])
    own = {
        "authentication-config": f"{CONFIG_MOUNT}/authentication.yaml",
        # See kubernetes_service.py.
        "endpoint-reconciler-type": "none",
    }
    return {name: flag_text(value) for name, value in {**flags, **own}.items()}


def _kine_flags(plane: ControlPlane) -> dict[str, str]:
    connections = plane.spec.database_connections
    flags = {
        "datastore-max-open-connections": str(connections),
        "datastore-max-idle-connections": str(min(IDLE_CONNECTIONS, connections)),
        "metrics-bind-address": ":8080",
    }
    if plane.database.ca_certificate:
        flags["ca-file"] = f"{DATASTORE_MOUNT}/ca.crt"
    return flags


def _names(plane: ControlPlane) -> list[str]:
    """Names of the API server's certificate besides those that k0s adds itself."""
    spec = plane.spec
    given = (spec.k0s_config.get("api") or {}).get("sans") or []
    own = (spec.endpoint, plane.advertise_address, f"{spec.name}.{spec.namespace}.svc", *map(str, given))
    return sorted(dict.fromkeys(own))


def _kube_proxy(plane: ControlPlane) -> dict[str, t.Any]:
    given = plane.spec.kube_proxy_config
    return {key: value for key, value in given.items() if key in k0s_options.KUBE_PROXY_FIELDS}


def _image(reference: str) -> dict[str, str]:
    image, _colon, tag = reference.rpartition(":")
    return {"image": image, "version": tag}
