# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""What a distribution of Kubernetes has to provide so that the rest need not know its name."""

from __future__ import annotations

import typing as t

from .._core.errors import HcpError
from .control_plane import ControlPlane
from .manifests import Manifest


class Distribution(t.Protocol):
    """Turns a control plane into objects. Pure: no input or output."""

    name: str
    #: Kind of the workload in the mothership that runs the pods; it is called as the cluster.
    workload_kind: str
    #: Objects (apiVersion, kind, namespace, name) that the control plane makes in the hosted cluster by itself and that
    #: must be there before child objects are applied.
    own_child_objects: tuple[tuple[str, str, str, str], ...]

    def mothership_objects(self, plane: ControlPlane) -> list[Manifest]:
        """Everything in the mothership, the namespace first."""

    def child_objects(self, plane: ControlPlane) -> list[Manifest]:
        """Everything that is applied to the hosted cluster's own API."""

    def worker_facts(self, plane: ControlPlane) -> dict[str, t.Any]:
        """What a machine needs to know in order to join; nothing secret."""


def distribution_for(name: str) -> Distribution:
    """The distribution of that name."""
    from .k0s import K0s
    from .kubeadm import Kubeadm

    known: dict[str, Distribution] = {Kubeadm.name: Kubeadm(), K0s.name: K0s()}
    if name not in known:
        raise HcpError(f"distribution {name!r} is not known", remedy=f"use one of {', '.join(known)}")
    return known[name]
