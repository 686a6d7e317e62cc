# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""The certificates of one hosted cluster: what exists is kept, only what no longer does is issued again."""

from __future__ import annotations

import dataclasses
import typing as t

from .._core.errors import HcpError
from .._pki.authority import KeyPair, SigningKey, new_authority, new_signing_key
from .._pki.leaf import LeafRequest, issue, renewal_reason
from . import networks
from .spec import ClusterSpec

AUTHORITY = "kubernetes-ca"
FRONT_PROXY_AUTHORITY = "kubernetes-front-proxy-ca"
SERVICE_ACCOUNT_KEY = "service-account-key"

API_SERVER = "api-server-pki"
CONTROLLER_MANAGER = "controller-manager-pki"
SCHEDULER = "scheduler-pki"
KONNECTIVITY = "konnectivity-pki"
ADMINISTRATOR = "admin-kubeconfig"
ADMINISTRATOR_LEAF = "administrator"

#: Decoded texts of the Secrets of a namespace: Secret name -> key -> text.
SecretTexts = t.Mapping[str, t.Mapping[str, str]]


@dataclasses.dataclass(frozen=True)
class Leaf:
    """One leaf certificate: where it is kept and what it must say.

    :param secret: Secret that holds ``<stem>.crt`` and ``<stem>.key``.
    :param front_proxy: signed by the front proxy CA instead of the cluster's CA.
    """

    secret: str
    stem: str
    request: LeafRequest
    front_proxy: bool = False


@dataclasses.dataclass(frozen=True)
class Pki:
    """All certificates and keys of a hosted cluster.

    :param leaves: by name, see :func:`leaves`.
    :param issued: what was made now and why, readable; empty when everything existed.
    """

    authority: KeyPair
    front_proxy_authority: KeyPair
    service_account_key: SigningKey
    leaves: t.Mapping[str, KeyPair]
    issued: tuple[str, ...] = ()

    @property
    def private_texts(self) -> list[str]:
        """Every private key, for redaction by value."""
        pairs = (self.authority, self.front_proxy_authority, *self.leaves.values())
        return [self.service_account_key.private_pem, *(pair.key_pem for pair in pairs)]


def leaves(spec: ClusterSpec, advertise_address: str) -> dict[str, Leaf]:
    """The leaf certificates that a hosted cluster needs and its pods do not make themselves, by name."""
    outside = tuple(dict.fromkeys([spec.endpoint, advertise_address]))
    addresses = tuple(host for host in outside if networks.is_address(host))
    names = tuple(host for host in outside if not networks.is_address(host))
    service = f"{spec.name}.{spec.namespace}.svc"
    tunnel = f"{spec.name}-konnectivity.{spec.namespace}.svc"
    inside = ("kubernetes", "kubernetes.default", "kubernetes.default.svc", f"kubernetes.default.svc.{spec.dns_domain}")

    def server(secret: str, stem: str, name: str, dns: tuple[str, ...], ips: tuple[str, ...]) -> Leaf:
        return Leaf(secret, stem, LeafRequest(name, server=True, dns_names=dns, ip_addresses=ips))

    def client(secret: str, stem: str, name: str, *groups: str, front_proxy: bool = False) -> Leaf:
        return Leaf(secret, stem, LeafRequest(name, organizations=groups, client=True), front_proxy)

    administrator = client(ADMINISTRATOR, "client", f"{spec.name}-admin", "system:masters")
    if spec.distribution == "k0s":
        return {ADMINISTRATOR_LEAF: administrator}
    return {
        "api-server": server(
            API_SERVER,
            "apiserver",
            "kube-apiserver",
            (*inside, "localhost", service, *names),
            tuple(dict.fromkeys([spec.service_address, "127.0.0.1", *addresses])),
        ),
        "kubelet-client": client(API_SERVER, "apiserver-kubelet-client", "kube-apiserver-kubelet-client"),
        "front-proxy-client": client(API_SERVER, "front-proxy-client", "front-proxy-client", front_proxy=True),
        "controller-manager": client(CONTROLLER_MANAGER, "client", "system:kube-controller-manager"),
        "scheduler": client(SCHEDULER, "client", "system:kube-scheduler"),
        "konnectivity-server": server(KONNECTIVITY, "server", "konnectivity-server", (tunnel, *names), addresses),
        "konnectivity-client": client(KONNECTIVITY, "client", "system:konnectivity-server"),
        ADMINISTRATOR_LEAF: administrator,
    }


def ensure_pki(spec: ClusterSpec, advertise_address: str, found: SecretTexts) -> Pki:
    """The certificates in ``found``, completed.

    :param found: decoded Secrets of the cluster's namespace; anything may be missing.
    :raises HcpError: when the CA of an existing cluster is lost: a new one would cut off every worker.
    """
    issued: list[str] = []
    authority = _cluster_authority(spec, found, issued)
    front_proxy = _pair(found, FRONT_PROXY_AUTHORITY, "tls")
    if front_proxy is None:
        front_proxy = new_authority(FRONT_PROXY_AUTHORITY)
        issued.append(f"{FRONT_PROXY_AUTHORITY}: did not exist")
    key = _service_account_key(found, issued)
    pairs = {}
    for name, leaf in leaves(spec, advertise_address).items():
        ca = front_proxy if leaf.front_proxy else authority
        pair = _pair(found, leaf.secret, leaf.stem)
        reason = "did not exist"
        if pair is not None:
            reason = renewal_reason(pair.certificate_pem, ca.certificate_pem, leaf.request) or ""
        if pair is None or reason:
            pair = issue(ca, leaf.request)
            issued.append(f"{name}: {reason}")
        pairs[name] = pair
    return Pki(authority, front_proxy, key, pairs, tuple(issued))


def _cluster_authority(spec: ClusterSpec, found: SecretTexts, issued: list[str]) -> KeyPair:
    """The CA from its own Secret, else from the copy that the controller manager signs with, else a new one."""
    existing = _pair(found, AUTHORITY, "tls") or _pair(found, CONTROLLER_MANAGER, "ca")
    if existing is not None:
        return existing
    if found.get(API_SERVER, {}).get("ca.crt") or found.get(ADMINISTRATOR, {}).get("client.crt"):
        raise HcpError(
            "the private key of the cluster's CA is gone, and a new CA would cut off every worker",
            where=f"Secret/{spec.namespace}/{AUTHORITY}",
            remedy=f"restore the Secret from a backup; or, to start anew, delete namespace {spec.namespace}",
        )
    issued.append(f"{AUTHORITY}: did not exist")
    return new_authority(AUTHORITY)


def _service_account_key(found: SecretTexts, issued: list[str]) -> SigningKey:
    for name in (SERVICE_ACCOUNT_KEY, API_SERVER):
        texts = found.get(name, {})
        if texts.get("sa.key") and texts.get("sa.pub"):
            return SigningKey(texts["sa.key"], texts["sa.pub"])
    issued.append(f"{SERVICE_ACCOUNT_KEY}: did not exist")
    return new_signing_key()


def _pair(found: SecretTexts, secret: str, stem: str) -> KeyPair | None:
    texts = found.get(secret, {})
    certificate, key = texts.get(f"{stem}.crt"), texts.get(f"{stem}.key")
    return KeyPair(certificate, key) if certificate and key else None
