# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import base64
import datetime
import os
import pathlib
import ssl
import tempfile
import typing as t

import pytest
import yaml
from ansible_collections.mothership.hcp.plugins.module_utils._core.errors import InvalidInput, Unreachable
from ansible_collections.mothership.hcp.plugins.module_utils._kube import connect as connect_file
from ansible_collections.mothership.hcp.plugins.module_utils._kube.client import ApiError, KubeClient
from ansible_collections.mothership.hcp.plugins.module_utils._kube.connect import connect
from ansible_collections.mothership.hcp.plugins.module_utils._kube.credentials import (
    access_from_file,
    access_from_text,
    default_path,
)
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec


@pytest.fixture(scope="module")
def certificate() -> tuple[str, str]:
    """A self-signed certificate and its key, PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "x")])
    now = datetime.datetime.now(datetime.timezone.utc)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now)
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return made.public_bytes(serialization.Encoding.PEM).decode(), pem.decode()


def kubeconfig(
    user: dict[str, t.Any], server: str = "https://127.0.0.1:6443", cluster: dict[str, t.Any] | None = None
) -> str:
    return yaml.safe_dump(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "one",
            "clusters": [
                {"name": "c", "cluster": {"server": server, **(cluster or {})}},
                {"name": "d", "cluster": {"server": "http://other:1"}},
            ],
            "users": [{"name": "u", "user": user}],
            "contexts": [
                {"name": "one", "context": {"cluster": "c", "user": "u"}},
                {"name": "two", "context": {"cluster": "d", "user": "u"}},
            ],
        }
    )


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def test_a_token_becomes_a_header() -> None:
    access = access_from_text(kubeconfig({"token": "abc"}))
    assert access.server == "https://127.0.0.1:6443"
    assert access.headers() == {"authorization": "Bearer abc"}


def test_embedded_certificates_leave_no_file_behind(
    certificate: tuple[str, str], tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    pem, key = certificate
    user = {"client-certificate-data": encoded(pem), "client-key-data": encoded(key)}
    text = kubeconfig(user, cluster={"certificate-authority-data": encoded(pem)})
    for _ in range(2):  # the library remembers the files it wrote
        access = access_from_text(text)
        context = access.pool.connection_pool_kw["ssl_context"]
        assert context.verify_mode == ssl.CERT_REQUIRED
        assert len(context.get_ca_certs()) == 1
    assert list(tmp_path.iterdir()) == []


def test_verification_can_be_switched_off_by_the_kubeconfig_only() -> None:
    text = kubeconfig({}, cluster={"insecure-skip-tls-verify": True})
    assert access_from_text(text).pool.connection_pool_kw["ssl_context"].verify_mode == ssl.CERT_NONE


def test_the_context_can_be_chosen(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "kubeconfig"
    path.write_text(kubeconfig({"token": "abc"}))
    assert access_from_file(str(path), "two").server == "http://other:1"
    with pytest.raises(InvalidInput, match="three"):
        access_from_file(str(path), "three")


def test_files_named_in_a_kubeconfig_are_relative_to_it(certificate: tuple[str, str], tmp_path: pathlib.Path) -> None:
    (tmp_path / "ca.crt").write_text(certificate[0])
    path = tmp_path / "kubeconfig"
    path.write_text(kubeconfig({"token": "t"}, cluster={"certificate-authority": "ca.crt"}))
    assert len(access_from_file(str(path), None).pool.connection_pool_kw["ssl_context"].get_ca_certs()) == 1


def test_an_invalid_kubeconfig_is_never_quoted(tmp_path: pathlib.Path) -> None:
    broken = "users: [{token: correct-horse\n  }}: x"
    path = tmp_path / "kubeconfig"
    path.write_text(broken)
    for read in (lambda: access_from_text(broken), lambda: access_from_file(str(path), None)):
        with pytest.raises(InvalidInput, match="not valid YAML") as caught:
            read()
        assert "correct-horse" not in str(caught.value)
    with pytest.raises(InvalidInput, match="a mapping is expected"):
        access_from_text("text")


def test_the_default_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBECONFIG", "/a:/b")
    assert default_path() == "/a"
    monkeypatch.delenv("KUBECONFIG")
    assert default_path() == os.path.expanduser("~/.kube/config")


def test_connect_without_a_kubeconfig(tmp_path: pathlib.Path) -> None:
    warnings: list[str] = []
    params = {"kubeconfig": str(tmp_path / "none"), "context": None}
    assert connect(params, check_mode=True, warn=warnings.append) is None
    assert "does not exist yet" in warnings[0]
    with pytest.raises(InvalidInput, match=r"kubeconfig: .*does not exist.*To fix"):
        connect(params, check_mode=False, warn=warnings.append)


@pytest.mark.parametrize(
    ("error", "has_client"),
    [
        (Unreachable("refused"), False),
        (ApiError(503, "Unavailable", "starting"), False),
        (ApiError(403, "Forbidden", "no"), True),
        (None, True),
    ],
)
def test_connect_asks_the_server_in_check_mode(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, error: Exception | None, has_client: bool
) -> None:
    path = tmp_path / "kubeconfig"
    path.write_text(kubeconfig({"token": "t"}, server="http://127.0.0.1:1"))
    asked: list[str] = []

    def request(_self: KubeClient, _method: str, path: str, **_more: t.Any) -> dict[str, t.Any]:
        asked.append(path)
        if error:
            raise error
        return {}

    monkeypatch.setattr(KubeClient, "request", request)
    warnings: list[str] = []
    client = connect({"kubeconfig": str(path)}, check_mode=True, warn=warnings.append)
    assert (client is not None) == has_client
    assert bool(warnings) != has_client
    assert asked == ["/version"]
    # Outside check mode nothing is asked: the first real request tells.
    assert connect({"kubeconfig": str(path)}, check_mode=False, warn=warnings.append) is not None
    assert asked == ["/version"]


def test_connect_tells_refused_credentials(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def request(*_args: t.Any, **_more: t.Any) -> dict[str, t.Any]:
        raise ApiError(401, "Unauthorized", "no")

    path = tmp_path / "kubeconfig"
    path.write_text(kubeconfig({"token": "t"}))
    monkeypatch.setattr(KubeClient, "request", request)
    with pytest.raises(ApiError):
        connect({"kubeconfig": str(path)}, check_mode=True, warn=print)


def test_the_options_are_those_that_users_of_kubernetes_core_know() -> None:
    assert {name: option["fallback"][1] for name, option in connect_file.KUBE_ARGUMENTS.items()} == {
        "kubeconfig": ["K8S_AUTH_KUBECONFIG"],
        "context": ["K8S_AUTH_CONTEXT"],
    }
