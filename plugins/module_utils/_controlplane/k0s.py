# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
"""The distribution ``k0s``: one container a pod that runs everything, workers that join with k0s."""

from __future__ import annotations

import typing as t

from .._core.plan import as_text
from .._pki.authority import public_key_hash
from . import pki, pki_secrets
from .control_plane import ControlPlane
from .coredns import coredns_objects
from .flannel import flannel_objects
from .images import images_for
from .k0s_config import API_VERSION, cluster_config, dynamic_part, k0s_makes, node_part
from .k0s_options import provider_of
from .k0s_workload import CONFIG, stateful_set
from .kubernetes_service import kubernetes_endpoints
from .manifests import Manifest, checksum, secret
from .pki_secrets import state_secrets
from .policies import policies
from .probes import PATHS, anonymous_access
from .services import namespace, services
from .watchdog import watchdog_child_objects, watchdog_objects

_USERS = {"passwd": "root:x:0:0:root:/root:/sbin/nologin\n", "group": "root:x:0:\n"}


class K0s:
    """``k0s controller`` on kine and PostgreSQL."""

    name = "k0s"
    workload_kind = "StatefulSet"
    #: k0s makes this kind and its object a moment after its API answers.
    own_child_objects: tuple[tuple[str, str, str, str], ...] = ((API_VERSION, "ClusterConfig", "kube-system", "k0s"),)

    def mothership_objects(self, plane: ControlPlane) -> list[Manifest]:
        """Everything in the mothership, the namespace first."""
        config = cluster_config(plane)
        authentication = as_text(anonymous_access(PATHS))
        texts = {"k0s.yaml": as_text(config), "authentication.yaml": authentication, **_USERS}
        datastore = pki_secrets.datastore_secret(plane)
        state = state_secrets(plane)
        checksums = {
            # With the administrator's certificate: k0s renews the leaves of a pod at its start only, so pods must be
            # replaced while theirs, which are younger than this one, still hold.
            "mothership.hcp/checksum-certificates": checksum(
                [*(item["data"] for item in state), plane.pki.leaves[pki.ADMINISTRATOR_LEAF].certificate_pem]
            ),
            "mothership.hcp/checksum-config": checksum([node_part(config), authentication, _USERS]),
            "mothership.hcp/checksum-datastore": pki_secrets.datastore_checksum(datastore["data"]),
        }
        return [
            namespace(plane.spec),
            *state,
            datastore,
            pki_secrets.administrator_secret(plane),
            secret(CONFIG, plane.spec.namespace, texts, labels=plane.labels),
            *services(plane),
            *policies(plane),
            *watchdog_objects(plane),
            stateful_set(plane, checksums),
        ]

    def child_objects(self, plane: ControlPlane) -> list[Manifest]:
        """What k0s does not make: where the API is, its own settings, a pod network and DNS unless it has them."""
        spec = plane.spec
        images = images_for(spec.kubernetes_version)
        objects = [*kubernetes_endpoints(plane), *watchdog_child_objects(), dynamic_part(cluster_config(plane))]
        if provider_of(spec.k0s_config) == "custom" and "network-provider" not in spec.k0s_disable_components:
            objects += flannel_objects(spec.pod_cidr, spec.endpoint, plane.ports.api, images.flannel)
        if not k0s_makes(plane, "coredns") and "coredns" not in spec.k0s_disable_components:
            objects += coredns_objects(spec.dns_domain, spec.dns_address, images.coredns)
        return objects

    def worker_facts(self, plane: ControlPlane) -> dict[str, t.Any]:
        """What ``k0s worker`` needs besides a token."""
        return {
            "version": plane.spec.version,
            "server": plane.server,
            "ca_certificate_hash": public_key_hash(plane.pki.authority.certificate_pem),
        }
