# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""The distribution ``kubeadm``: upstream components in pods, workers that join with kubeadm."""

from __future__ import annotations

import typing as t

from .._pki.authority import public_key_hash
from . import api_server, pki_secrets, shared_kine
from .bootstrap import bootstrap_objects
from .control_plane import ControlPlane
from .coredns import coredns_objects
from .flannel import flannel_objects
from .images import images_for
from .konnectivity_agent import konnectivity_agent_objects
from .kube_proxy import kube_proxy_objects
from .kubernetes_service import kubernetes_endpoints
from .manifests import Manifest
from .pki_secrets import consumer_secrets, state_secrets
from .policies import policies
from .services import namespace, services
from .watchdog import watchdog_child_objects, watchdog_objects
from .workload import deployment


class Kubeadm:
    """Upstream kube-apiserver, kube-controller-manager and kube-scheduler with kine and konnectivity."""

    name = "kubeadm"
    workload_kind = "Deployment"
    own_child_objects: tuple[tuple[str, str, str, str], ...] = ()

    def mothership_objects(self, plane: ControlPlane) -> list[Manifest]:
        """Everything in the mothership, the namespace first."""
        kine_secrets = shared_kine.secrets(plane)
        secrets = [*consumer_secrets(plane), *kine_secrets]
        datastore = next(item for item in secrets if item["metadata"]["name"] == pki_secrets.DATASTORE)
        config = [api_server.config_map(plane)]
        return [
            namespace(plane.spec),
            *state_secrets(plane),
            *secrets,
            *config,
            *services(plane),
            *policies(plane),
            *watchdog_objects(plane),
            *shared_kine.objects(plane, kine_secrets, datastore),
            deployment(plane, config, secrets),
        ]

    def child_objects(self, plane: ControlPlane) -> list[Manifest]:
        """Everything that is applied to the hosted cluster's own API."""
        spec = plane.spec
        images = images_for(spec.kubernetes_version)
        return [
            *bootstrap_objects(plane),
            *watchdog_child_objects(),
            *kubernetes_endpoints(plane),
            *coredns_objects(spec.dns_domain, spec.dns_address, images.coredns),
            *kube_proxy_objects(plane),
            *konnectivity_agent_objects(plane),
            *flannel_objects(spec.pod_cidr, spec.endpoint, plane.ports.api, images.flannel),
        ]

    def worker_facts(self, plane: ControlPlane) -> dict[str, t.Any]:
        """What ``kubeadm join`` needs besides a token."""
        return {
            "version": plane.spec.version,
            "server": plane.server,
            "ca_certificate_hash": public_key_hash(plane.pki.authority.certificate_pem),
        }
