# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""Which image every part of a hosted cluster of some Kubernetes version runs."""

from __future__ import annotations

import dataclasses


@dataclasses.dataclass(frozen=True)
class Images:
    """Image references as they stand in a bundle."""

    api_server: str
    controller_manager: str
    scheduler: str
    kube_proxy: str
    kine: str
    konnectivity_server: str
    konnectivity_agent: str
    coredns: str
    flannel: str
    pause: str


@dataclasses.dataclass(frozen=True)
class _Parts:
    pause: str
    kine: str
    konnectivity: str
    coredns: str
    flannel: str


#: Parts that go with a minor version of Kubernetes; kine is the one whose measurements are in docs.
_PARTS = {
    "1.35": _Parts(pause="3.10.2", kine="0.16.4", konnectivity="0.36.0", coredns="1.15.0", flannel="0.26.7"),
    "1.36": _Parts(pause="3.10.2", kine="0.16.4", konnectivity="0.36.0", coredns="1.15.0", flannel="0.26.7"),
}


#: Kubernetes version -> newest known patch of k0s for it. Others are taken to be the first, ``+k0s.0``.
_K0S_PATCHES = {"1.35.7": 0, "1.36.1": 0, "1.36.3": 2}


def images_for(version: str) -> Images:
    """The images of Kubernetes ``version`` (such as ``1.36.3``, already checked to be supported)."""
    parts = _PARTS[version.rpartition(".")[0]]
    return Images(
        api_server=f"registry.k8s.io/kube-apiserver:v{version}",
        controller_manager=f"registry.k8s.io/kube-controller-manager:v{version}",
        scheduler=f"registry.k8s.io/kube-scheduler:v{version}",
        kube_proxy=f"registry.k8s.io/kube-proxy:v{version}",
        kine=f"docker.io/rancher/kine:v{parts.kine}",
        konnectivity_server=f"registry.k8s.io/kas-network-proxy/proxy-server:v{parts.konnectivity}",
        konnectivity_agent=f"registry.k8s.io/kas-network-proxy/proxy-agent:v{parts.konnectivity}",
        coredns=f"registry.k8s.io/coredns/coredns:v{parts.coredns}",
        flannel=flannel_image(parts.flannel),
        pause=f"registry.k8s.io/pause:{parts.pause}",
    )


def k0s_version(version: str) -> str:
    """The release of k0s for ``version``: itself when it names one, else the newest known of that Kubernetes."""
    return version if "+" in version else f"{version}+k0s.{_K0S_PATCHES.get(version, 0)}"


def k0s_image(version: str) -> str:
    """The official image of k0s; its tag has a hyphen where the version has a plus."""
    return f"quay.io/k0sproject/k0s:v{k0s_version(version).replace('+', '-')}"


def flannel_image(version: str = "0.26.7") -> str:
    """The image of flannel ``version``."""
    return f"ghcr.io/flannel-io/flannel:v{version}"
