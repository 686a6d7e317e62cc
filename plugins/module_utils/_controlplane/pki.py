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
#: Only of clusters whose API servers share one kine, see shared_kine.py; the leaves have the names of their Secrets.
KINE_AUTHORITY = "kine-ca"
KINE_SERVER = "kine-server-pki"
KINE_CLIENT = "kine-client-pki"
ADMINISTRATOR = "admin-kubeconfig"
ADMINISTRATOR_LEAF = "administrator"
WATCHDOG = "replica-watchdog"
WATCHDOG_LEAF = "watchdog"

#: Decoded texts of the Secrets of a namespace: Secret name -> key -> text.
SecretTexts = t.Mapping[str, t.Mapping[str, str]]


@dataclasses.dataclass(frozen=True)
class Leaf:
    """One leaf certificate: where it is kept and what it must say.

    :param secret: Secret that holds ``<stem>.crt`` and ``<stem>.key``.
    :param authority: the CA that signs it.
    """

    secret: str
    stem: str
    request: LeafRequest
    authority: str = AUTHORITY


@dataclasses.dataclass(frozen=True)
class Pki:
    """All certificates and keys of a hosted cluster.

    :param leaves: by name, see :func:`leaves`.
    :param issued: what was made now and why, readable; empty when everything existed.
    :param kine_authority: of clusters whose API servers share one kine.
    """

    authority: KeyPair
    front_proxy_authority: KeyPair
    service_account_key: SigningKey
    leaves: t.Mapping[str, KeyPair]
    issued: tuple[str, ...] = ()
    kine_authority: KeyPair | None = None

    @property
    def private_texts(self) -> list[str]:
        """Every private key, for redaction by value."""
        optional = (self.kine_authority,) if self.kine_authority else ()
        pairs = (self.authority, self.front_proxy_authority, *optional, *self.leaves.values())
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

    def client(secret: str, stem: str, name: str, *groups: str, authority: str = AUTHORITY) -> Leaf:
        return Leaf(secret, stem, LeafRequest(name, organizations=groups, client=True), authority)

    administrator = client(ADMINISTRATOR, "client", f"{spec.name}-admin", "system:masters")
    watchdog = client(WATCHDOG, "client", "mothership:watchdog")
    if spec.distribution == "k0s":
        return {ADMINISTRATOR_LEAF: administrator, WATCHDOG_LEAF: watchdog}
    return {
        "api-server": server(
            API_SERVER,
            "apiserver",
            "kube-apiserver",
            (*inside, "localhost", service, *names),
            tuple(dict.fromkeys([spec.service_address, "127.0.0.1", *addresses])),
        ),
        "kubelet-client": client(API_SERVER, "apiserver-kubelet-client", "kube-apiserver-kubelet-client"),
        "front-proxy-client": client(
            API_SERVER, "front-proxy-client", "front-proxy-client", authority=FRONT_PROXY_AUTHORITY
        ),
        "controller-manager": client(CONTROLLER_MANAGER, "client", "system:kube-controller-manager"),
        "scheduler": client(SCHEDULER, "client", "system:kube-scheduler"),
        "konnectivity-server": server(KONNECTIVITY, "server", "konnectivity-server", (tunnel, *names), addresses),
        "konnectivity-client": client(KONNECTIVITY, "client", "system:konnectivity-server"),
        ADMINISTRATOR_LEAF: administrator,
        WATCHDOG_LEAF: watchdog,
        **(_kine_leaves(spec) if spec.kine == "shared" else {}),
    }


def _kine_leaves(spec: ClusterSpec) -> dict[str, Leaf]:
    """The two sides of the connection between API servers and a kine that they share."""
    service = f"{spec.name}-kine"
    names = (f"{service}.{spec.namespace}.svc", f"{service}.{spec.namespace}", service, "localhost")
    server = LeafRequest("kine", server=True, dns_names=names, ip_addresses=("127.0.0.1",))
    client = LeafRequest("kube-apiserver-kine-client", client=True)
    return {
        KINE_SERVER: Leaf(KINE_SERVER, "tls", server, KINE_AUTHORITY),
        KINE_CLIENT: Leaf(KINE_CLIENT, "tls", client, KINE_AUTHORITY),
    }


def ensure_pki(spec: ClusterSpec, advertise_address: str, found: SecretTexts) -> Pki:
    """The certificates in ``found``, completed.

    :param found: decoded Secrets of the cluster's namespace; anything may be missing.
    :raises HcpError: when the CA of an existing cluster is lost: a new one would cut off every worker.
    """
    issued: list[str] = []
    authorities = {AUTHORITY: _cluster_authority(spec, found, issued)}
    # A new authority of these does no harm: both sides of what it signs for are in the mothership.
    for name in (FRONT_PROXY_AUTHORITY, *((KINE_AUTHORITY,) if spec.kine == "shared" else ())):
        existing = _pair(found, name, "tls")
        if existing is None:
            issued.append(f"{name}: did not exist")
        authorities[name] = existing or new_authority(name)
    key = _service_account_key(found, issued)
    pairs = {}
    for name, leaf in leaves(spec, advertise_address).items():
        ca = authorities[leaf.authority]
        pair = _pair(found, leaf.secret, leaf.stem)
        reason = "did not exist"
        if pair is not None:
            reason = renewal_reason(pair.certificate_pem, ca.certificate_pem, leaf.request) or ""
        if pair is None or reason:
            pair = issue(ca, leaf.request)
            issued.append(f"{name}: {reason}")
        pairs[name] = pair
    front_proxy, kine = authorities[FRONT_PROXY_AUTHORITY], authorities.get(KINE_AUTHORITY)
    return Pki(authorities[AUTHORITY], front_proxy, key, pairs, tuple(issued), kine)


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
