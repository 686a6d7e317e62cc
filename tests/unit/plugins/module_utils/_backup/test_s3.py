# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.mothership.hcp.plugins.module_utils._backup.s3 import (
    BotoStore,
    NoSuchBucket,
    Refused,
    S3Settings,
    not_reached,
    refused,
)
from ansible_collections.mothership.hcp.plugins.module_utils._core.errors import InvalidInput, Unreachable

from tests.unit.plugins.module_utils._backup.fakes import S3, SECRET_KEY

PARAMS = {
    "s3_url": "https://s3.example.com:9000/",
    "s3_bucket": "backups",
    "s3_prefix": "/mothership/",
    "s3_region": "us-east-1",
    "s3_access_key": "velero",
    "s3_secret_key": SECRET_KEY,
    "s3_ca_certificate": "",
}


def test_settings_lose_slashes_at_the_ends() -> None:
    settings = S3Settings.from_params(PARAMS)
    assert (settings.url, settings.prefix) == ("https://s3.example.com:9000", "mothership")
    assert settings.key("backups", "a") == "mothership/backups/a"


def test_key_without_prefix() -> None:
    assert S3Settings.from_params({**PARAMS, "s3_prefix": ""}).key("backups") == "backups"


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("s3_url", "s3.example.com:9000"),
        ("s3_secret_key", ""),
        ("s3_secret_key", "two words"),
        ("s3_access_key", "line\nbreak"),
        ("s3_ca_certificate", "/etc/ca.pem"),
    ],
)
def test_unusable_values_name_their_option(option: t.Any, value: t.Any) -> None:
    with pytest.raises(InvalidInput) as caught:
        S3Settings.from_params({**PARAMS, option: value})
    assert caught.value.where == option


def test_secret_key_is_not_in_the_representation() -> None:
    assert SECRET_KEY not in repr(S3)


def answer(code: t.Any, message: str = "because") -> t.Any:
    return {"Error": {"Code": code, "Message": message}}


@pytest.mark.parametrize(
    ("code", "kind", "told"),
    [
        ("NoSuchBucket", NoSuchBucket, "velero_s3_bucket"),
        ("SignatureDoesNotMatch", Refused, "velero_s3_secret_key"),
        ("InvalidAccessKeyId", Refused, "velero_s3_access_key"),
        ("XAdminUserNotFound", Refused, "velero_s3_access_key"),
        ("AccessDenied", Refused, "rights to list"),
        ("AuthorizationHeaderMalformed", Refused, "velero_s3_region"),
        ("RequestTimeTooSkewed", Refused, "clocks"),
        ("InternalError", Refused, "because"),
    ],
)
def test_refusals_tell_what_to_do(code: t.Any, kind: t.Any, told: str) -> None:
    error = refused(answer(code), "list_objects_v2", S3)
    assert isinstance(error, kind)
    assert told in str(error)
    assert "bucket backups" in str(error)
    assert SECRET_KEY not in str(error)


def test_a_missing_object_is_no_missing_bucket() -> None:
    assert not isinstance(refused(answer("404"), "get_object", S3), NoSuchBucket)
    assert isinstance(refused(answer("404"), "list_objects_v2", S3), NoSuchBucket)


def test_no_answer_is_told_from_bad_tls() -> None:
    assert isinstance(not_reached("EndpointConnectionError", "refused", S3), Unreachable)
    tls = not_reached("SSLError", "self-signed certificate", S3)
    assert not isinstance(tls, Unreachable)
    assert "velero_s3_ca_certificate" in str(tls)
    assert "http://" in str(not_reached("SSLError", "[SSL: WRONG_VERSION_NUMBER]", S3))


def test_urls_in_messages_lose_their_query() -> None:
    shown = str(not_reached("EndpointConnectionError", 'Could not connect to "http://x/b?list-type=2&max-keys=1"', S3))
    assert '"http://x/b"' in shown


def test_a_port_where_nobody_listens() -> None:
    pytest.importorskip("boto3")
    settings = S3Settings.from_params({**PARAMS, "s3_url": "http://127.0.0.1:9"})
    with BotoStore(settings) as store, pytest.raises(Unreachable, match="velero_s3_url"):
        store.exists()
