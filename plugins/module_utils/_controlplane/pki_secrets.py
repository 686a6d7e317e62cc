# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""The Secrets of a hosted cluster: state, and one Secret for each consumer with nothing more than it needs."""

from __future__ import annotations

import typing as t

from .._pki import kubeconfig
from . import pki
from .control_plane import ControlPlane, cluster_label
from .manifests import STATE_LABEL, Manifest, checksum, secret, secret_texts
from .spec import ClusterSpec

#: Made by the kine_credentials module: username, password and salt of the database role.
CREDENTIALS = "kine-credentials"
#: What kine reads: the CA of PostgreSQL and a libpq password file.
DATASTORE = "kine-datastore"
#: Where containers see their Secret.
MOUNT = "/pki"


def state_labels(spec: ClusterSpec) -> dict[str, str]:
    """Labels of Secrets that are state."""
    return {**cluster_label(spec), STATE_LABEL: "true"}


def credentials_secret(
    spec: ClusterSpec, username: str, password: str, salt: str, more: t.Mapping[str, str] | None = None
) -> Manifest:
    """The database login of a cluster; ``salt`` is Base64 of the salt that its verifier is made with.

    :param more: what a rotation of the password keeps here.
    """
    texts = {"username": username, "password": password, "salt": salt, **(more or {})}
    return secret(CREDENTIALS, spec.namespace, texts, labels=state_labels(spec))


def state_secrets(plane: ControlPlane) -> list[Manifest]:
    """CAs and the service account key. They outlive everything else."""
    authority, front_proxy = plane.pki.authority, plane.pki.front_proxy_authority
    signing = plane.pki.service_account_key
    labels = {**plane.labels, STATE_LABEL: "true"}
    namespace = plane.spec.namespace
    return [
        _tls_secret(pki.AUTHORITY, namespace, authority.certificate_pem, authority.key_pem, labels),
        _tls_secret(pki.FRONT_PROXY_AUTHORITY, namespace, front_proxy.certificate_pem, front_proxy.key_pem, labels),
        secret(
            pki.SERVICE_ACCOUNT_KEY,
            namespace,
            {"sa.key": signing.private_pem, "sa.pub": signing.public_pem},
            labels=labels,
        ),
    ]


def consumer_secrets(plane: ControlPlane) -> list[Manifest]:
    """One Secret for each container that needs one, and the administrator's kubeconfig."""
    texts = {
        pki.API_SERVER: _api_server(plane),
        pki.CONTROLLER_MANAGER: _controller_manager(plane),
        pki.SCHEDULER: _local_client(plane, "scheduler"),
        pki.KONNECTIVITY: {**_local_client(plane, "konnectivity-client"), **_leaf(plane, "konnectivity-server")},
    }
    made = [secret(name, plane.spec.namespace, content, labels=plane.labels) for name, content in texts.items()]
    return [*made, datastore_secret(plane), administrator_secret(plane)]


def datastore_secret(plane: ControlPlane) -> Manifest:
    """What kine reads."""
    texts = {"ca.crt": plane.database.ca_certificate, "pgpass": password_file(plane)}
    return secret(DATASTORE, plane.spec.namespace, texts, labels=plane.labels)


def datastore_checksum(data: t.Mapping[str, str]) -> str:
    """What a change of replaces the pods. The login before this one is left out: it comes and goes without a restart.

    :param data: of the Secret that kine reads, encoded.
    """
    texts = secret_texts({"data": data})
    return checksum({**texts, "pgpass": texts["pgpass"].splitlines()[0]})


def administrator_secret(plane: ControlPlane) -> Manifest:
    """The administrator's certificate and kubeconfig."""
    texts = {**_leaf(plane, pki.ADMINISTRATOR_LEAF), "kubeconfig": admin_kubeconfig(plane)}
    return secret(pki.ADMINISTRATOR, plane.spec.namespace, texts, labels=plane.labels)


def admin_kubeconfig(plane: ControlPlane) -> str:
    """Full rights, through the endpoint of the cluster."""
    return kubeconfig.render(
        server=plane.server,
        cluster=plane.spec.name,
        user=f"{plane.spec.name}-admin",
        ca_certificate_pem=plane.pki.authority.certificate_pem,
        client=plane.pki.leaves[pki.ADMINISTRATOR_LEAF],
    )


def password_file(plane: ControlPlane) -> str:
    """Lines ``host:port:database:user:password`` of a libpq password file, with : and \\ escaped.

    While a password is rotated, the second line is for pods that still log in as before and have to start again.
    """
    logins = [(plane.login, plane.database.password)]
    logins += [plane.database.previous] if plane.database.previous else []
    return "".join(_password_line(plane, *login) for login in logins)


def _password_line(plane: ControlPlane, user: str, password: str) -> str:
    fields = (plane.database.host, str(plane.database.port), plane.spec.database, user, password)
    return ":".join(field.replace("\\", "\\\\").replace(":", "\\:") for field in fields) + "\n"


def _api_server(plane: ControlPlane) -> dict[str, str]:
    signing = plane.pki.service_account_key
    texts = {
        "ca.crt": plane.pki.authority.certificate_pem,
        "front-proxy-ca.crt": plane.pki.front_proxy_authority.certificate_pem,
        "sa.key": signing.private_pem,
        "sa.pub": signing.public_pem,
    }
    for name in ("api-server", "kubelet-client", "front-proxy-client"):
        texts.update(_leaf(plane, name))
    return texts


def _controller_manager(plane: ControlPlane) -> dict[str, str]:
    return {
        **_local_client(plane, "controller-manager"),
        "ca.key": plane.pki.authority.key_pem,
        "front-proxy-ca.crt": plane.pki.front_proxy_authority.certificate_pem,
        "sa.key": plane.pki.service_account_key.private_pem,
    }


def _local_client(plane: ControlPlane, leaf: str) -> dict[str, str]:
    """A client of the API server in the same pod; it reads the certificate anew when the file changes."""
    text = kubeconfig.render(
        server=f"https://127.0.0.1:{plane.ports.api}",
        cluster=plane.spec.name,
        user=leaf,
        ca_file=f"{MOUNT}/ca.crt",
        client_files=(f"{MOUNT}/client.crt", f"{MOUNT}/client.key"),
    )
    return {**_leaf(plane, leaf), "ca.crt": plane.pki.authority.certificate_pem, "kubeconfig": text}


def _leaf(plane: ControlPlane, name: str) -> dict[str, str]:
    leaf = pki.leaves(plane.spec, plane.advertise_address)[name]
    pair = plane.pki.leaves[name]
    return {f"{leaf.stem}.crt": pair.certificate_pem, f"{leaf.stem}.key": pair.key_pem}


def _tls_secret(name: str, namespace: str, certificate: str, key: str, labels: t.Mapping[str, str]) -> Manifest:
    return secret(name, namespace, {"tls.crt": certificate, "tls.key": key}, labels=labels, kind="kubernetes.io/tls")
