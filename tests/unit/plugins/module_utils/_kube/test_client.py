# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
import typing as t

import pytest
import urllib3
from ansible_collections.mothership.hcp.plugins.module_utils._core.errors import HcpError, Unreachable
from ansible_collections.mothership.hcp.plugins.module_utils._kube import client as client_file
from ansible_collections.mothership.hcp.plugins.module_utils._kube.client import APPLY, ApiError, KubeClient
from ansible_collections.mothership.hcp.plugins.module_utils._kube.credentials import Access


class Answer:
    def __init__(self, status: int, body: t.Any = b"", chunks: t.Sequence[t.Any] = ()) -> None:
        self.status, self._chunks, self.closed = status, chunks, False
        self.data = body if isinstance(body, bytes) else json.dumps(body).encode()

    def read(self) -> bytes:
        return self.data

    def stream(self, _size: int, decode_content: bool) -> t.Iterator[bytes]:
        assert decode_content
        for chunk in self._chunks:
            if isinstance(chunk, Exception):
                raise chunk
            yield chunk

    def close(self) -> None:
        self.closed = True


class Pool:
    """Answers one after the other; the last one again and again."""

    def __init__(self, *answers: t.Any) -> None:
        self.answers, self.sent = list(answers), []  # type: ignore[var-annotated]

    def request(self, method: str, url: str, **options: t.Any) -> t.Any:
        self.sent.append((method, url, options))
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


def client_of(*answers: t.Any) -> tuple[KubeClient, Pool]:
    pool = Pool(*answers)
    return KubeClient(Access("https://api:6443", pool, lambda: {"authorization": "Bearer t"})), pool


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_file, "_FIRST_PAUSE", 0.001)
    monkeypatch.setattr(client_file, "_LONGEST_PAUSE", 0.001)


def test_a_request_carries_query_body_credentials_and_timeout() -> None:
    client, pool = client_of(Answer(200, {"kind": "ConfigMap"}))
    answer = client.request("PATCH", "/api/v1/x", query={"force": "true"}, body={"a": 1}, content_type=APPLY, timeout=7)
    assert answer == {"kind": "ConfigMap"}
    method, url, options = pool.sent[0]
    assert (method, url) == ("PATCH", "https://api:6443/api/v1/x?force=true")
    assert options["body"] == b'{"a":1}'
    assert options["headers"]["Content-Type"] == APPLY
    assert options["headers"]["authorization"] == "Bearer t"
    assert options["timeout"].read_timeout <= 7
    assert client.requests == {"PATCH": 1}


def test_an_answer_that_is_not_json_is_text() -> None:
    client, _pool = client_of(Answer(200, b"ok"))
    assert client.request("GET", "/readyz") == {"text": "ok"}
    client, _pool = client_of(Answer(200))
    assert client.request("GET", "/readyz") == {}


def test_a_refusal_tells_status_reason_and_message() -> None:
    status = {"kind": "Status", "reason": "Forbidden", "message": "user cannot get"}
    client, _pool = client_of(Answer(403, status))
    with pytest.raises(ApiError, match=r"user cannot get \(GET /api/v1/x: 403\)") as caught:
        client.request("GET", "/api/v1/x")
    assert (caught.value.status, caught.value.reason) == (403, "Forbidden")


@pytest.mark.parametrize("method", ["GET", "PATCH", "PUT", "DELETE"])
@pytest.mark.parametrize(
    "failure",
    [
        urllib3.exceptions.ProtocolError("Connection aborted.", ConnectionResetError(104, "reset by peer")),
        Answer(503, b"no"),
        Answer(429, b"slow down"),
    ],
)
def test_idempotent_requests_are_repeated(method: str, failure: t.Any) -> None:
    client, pool = client_of(failure, failure, Answer(200, {}))
    assert client.request(method, "/x") == {}
    assert len(pool.sent) == 3


def test_a_creation_is_repeated_only_when_it_was_certainly_refused() -> None:
    client, pool = client_of(Answer(429, b""), Answer(201, {}))
    client.request("POST", "/x")
    assert len(pool.sent) == 2
    client, pool = client_of(urllib3.exceptions.ProtocolError("reset"), Answer(201, {}))
    with pytest.raises(Unreachable):
        client.request("POST", "/x")
    assert len(pool.sent) == 1


def test_repetitions_end_with_the_timeout() -> None:
    client, pool = client_of(Answer(503, b"no"))
    with pytest.raises(ApiError):
        client.request("GET", "/x", timeout=0.05)
    assert len(pool.sent) > 2


def test_no_server_is_told_at_once() -> None:
    error = urllib3.exceptions.NewConnectionError(None, "refused")
    client, pool = client_of(error)
    with pytest.raises(Unreachable, match=r"https://api:6443: .*does not answer.*To fix"):
        client.request("GET", "/x")
    assert len(pool.sent) == 1


def test_a_certificate_that_is_not_trusted_is_not_an_outage() -> None:
    client, _pool = client_of(urllib3.exceptions.SSLError("[SSL: CERTIFICATE_VERIFY_FAILED] x"))
    with pytest.raises(HcpError, match="not trusted") as caught:
        client.request("GET", "/x")
    assert not isinstance(caught.value, Unreachable)


def test_a_watch_yields_events_across_chunks_and_is_closed() -> None:
    answer = Answer(200, chunks=[b'{"type":"ADDED"}\n{"ty', b'pe":"MODIFIED"}\n\n', b'{"type":"DELETED"}\n'])
    client, _pool = client_of(answer)
    assert [event["type"] for event in client.stream("/x")] == ["ADDED", "MODIFIED", "DELETED"]
    assert answer.closed


def test_a_watch_that_is_left_early_is_closed() -> None:
    answer = Answer(200, chunks=[b'{"type":"ADDED"}\n', b'{"type":"ADDED"}\n'])
    client, _pool = client_of(answer)
    events = client.stream("/x")
    next(events)
    events.close()  # type: ignore[attr-defined]
    assert answer.closed


def test_a_watch_that_breaks_is_an_outage_and_a_refused_one_an_error() -> None:
    broken = urllib3.exceptions.ReadTimeoutError(None, "/x", "timed out")
    client, _pool = client_of(Answer(200, chunks=[b'{"type":"ADDED"}\n', broken]))
    with pytest.raises(Unreachable):
        list(client.stream("/x"))
    client, _pool = client_of(Answer(410, {"message": "too old", "reason": "Expired"}))
    with pytest.raises(ApiError) as caught:
        list(client.stream("/x"))
    assert caught.value.status == 410
