# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""Everything the objects of one hosted cluster are built from."""

from __future__ import annotations

import dataclasses

from .manifests import CLUSTER_LABEL
from .pki import Pki
from .ports import Ports
from .spec import ClusterSpec


@dataclasses.dataclass(frozen=True)
class Database:
    """Where the state of the cluster is, and how kine logs in.

    :param ca_certificate: PEM of the CA that signed the server's certificate.
    :param user: empty for the one that the definition begins with.
    :param previous: user and password of the login that is used besides this one while a password is rotated.
    """

    host: str
    port: int
    ca_certificate: str
    password: str = dataclasses.field(repr=False)
    user: str = ""
    previous: tuple[str, str] | None = dataclasses.field(default=None, repr=False)


@dataclasses.dataclass(frozen=True)
class ControlPlane:
    """A definition together with what was allocated, read or issued for it.

    :param advertise_address: IPv4 address that the ``kubernetes`` Service of the hosted cluster leads to.
    """

    spec: ClusterSpec
    ports: Ports
    advertise_address: str
    database: Database
    pki: Pki

    @property
    def server(self) -> str:
        """URL of the API for everybody outside the pods of the control plane."""
        return f"https://{self.spec.endpoint}:{self.ports.api}"

    @property
    def login(self) -> str:
        """Who kine logs in as."""
        return self.database.user or self.spec.login

    @property
    def labels(self) -> dict[str, str]:
        """Labels of objects in the mothership."""
        return {
            **{key: str(value) for key, value in self.spec.labels.items()},
            **self.selector,
            **cluster_label(self.spec),
        }

    @property
    def selector(self) -> dict[str, str]:
        """Labels that select the pods: fixed by the name alone."""
        return {"app.kubernetes.io/name": "hosted-control-plane", "app.kubernetes.io/instance": self.spec.name}


def cluster_label(spec: ClusterSpec) -> dict[str, str]:
    """The label that says which hosted cluster an object belongs to."""
    return {CLUSTER_LABEL: spec.name}
