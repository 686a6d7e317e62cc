# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""Bootstrap tokens: short-lived credentials with which a machine joins a cluster."""

from __future__ import annotations

import dataclasses
import datetime
import secrets
import string
import typing as t

from .authority import now

_ALPHABET = string.ascii_lowercase + string.digits
#: The group that the bootstrap RBAC of a cluster names.
JOIN_GROUP = "system:bootstrappers:kubeadm:default-node-token"


@dataclasses.dataclass(frozen=True)
class BootstrapToken:
    """A token ``id.secret``; the identifier is public, the secret is not.

    :param expiration: after which the cluster deletes the token.
    """

    token_id: str
    secret: str = dataclasses.field(repr=False)
    expiration: datetime.datetime

    @classmethod
    def new(cls, ttl_seconds: int = 900) -> BootstrapToken:
        """A random token that ends after ``ttl_seconds``."""
        expiration = now() + datetime.timedelta(seconds=ttl_seconds)
        return cls(_random(6), _random(16), expiration.replace(microsecond=0))

    @property
    def value(self) -> str:
        """``id.secret``, as ``kubeadm join`` takes it."""
        return f"{self.token_id}.{self.secret}"

    def secret_manifest(self, description: str) -> dict[str, t.Any]:
        """The Secret that makes the cluster accept the token and sign its ``cluster-info`` with it."""
        return {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": f"bootstrap-token-{self.token_id}", "namespace": "kube-system"},
            "type": "bootstrap.kubernetes.io/token",
            "stringData": {
                "token-id": self.token_id,
                "token-secret": self.secret,
                "description": description,
                "expiration": self.expiration.strftime("%Y-%m-%dT%H:%M:%SZ"),
                "usage-bootstrap-authentication": "true",
                "usage-bootstrap-signing": "true",
                "auth-extra-groups": JOIN_GROUP,
            },
        }


def _random(length: int) -> str:
    return "".join(secrets.choice(_ALPHABET) for _position in range(length))
