# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The replica watchdog as a process, with its real rights in a real API.

The replicas are stand-ins that answer a LIST as late as they are told: a stuck one cannot be had at will. Only
the last test asks a real API server.
"""

from __future__ import annotations

import http.server
import pathlib
import ssl
import threading
import time
import typing as t

import pytest
from ansible_collections.mothership.hcp.plugins.module_utils._controlplane import watchdog
from ansible_collections.mothership.hcp.plugins.module_utils._core.progress import Deadline, Progress
from ansible_collections.mothership.hcp.plugins.module_utils._host.watchdog import replica as asking
from ansible_collections.mothership.hcp.plugins.module_utils._host.watchdog.decision import OK, Pod
from ansible_collections.mothership.hcp.plugins.module_utils._kube.apply import apply_objects
from ansible_collections.mothership.hcp.plugins.module_utils._kube.errors import ApiError

from tests.integration import processes
from tests.integration.certificates import Certificates
from tests.integration.watchdog_scene import SERVER_NAME, Program, Scene, as_text, dump, wait_for

SLOW_KIND = "/api/v1/podtemplates"


class Replica:
    """Answers a LIST after :attr:`delay` seconds, with :attr:`revision`."""

    def __init__(self, certificates: Certificates) -> None:
        self.delay, self.revision, self.asked = 0.0, 1000, 0
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                # The metrics are the one thing that is no LIST; one kind of several is slow.
                listing = self.path != "/metrics"
                outer.asked += self.path == SLOW_KIND
                time.sleep(outer.delay if self.path == SLOW_KIND else 0)
                metadata = {"resourceVersion": str(outer.revision)}
                body = dump({"kind": "List", "metadata": metadata, "items": []}) if listing else b""
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: t.Any) -> None: ...

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificates.server_certificate, certificates.server_key)
        # A client without the watchdog's certificate is not served.
        context.load_verify_locations(certificates.authority)
        context.verify_mode = ssl.CERT_REQUIRED
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def port(self) -> int:
        return int(self.server.server_address[1])


@pytest.fixture
def certificates(tmp_path: pathlib.Path) -> Certificates:
    folder = tmp_path / "hosted"
    folder.mkdir()
    return Certificates.in_folder(folder)


@pytest.fixture
def scene(api_server: processes.ApiServer, certificates: Certificates) -> t.Iterator[Scene]:
    client = (as_text(certificates.client_certificate), as_text(certificates.client_key))
    made = Scene(api_server, processes.unique("tenant"), as_text(certificates.authority), client)
    yield made
    # Without a controller manager a namespace never goes; without its label no other test's watchdog looks at it.
    body = {"metadata": {"labels": {"mothership.hcp/cluster": None}}}
    made.client.request(
        "PATCH", f"/api/v1/namespaces/{made.space}", body=body, content_type="application/merge-patch+json"
    )


@pytest.fixture
def replicas(scene: Scene, certificates: Certificates) -> dict[str, Replica]:
    made = {name: Replica(certificates) for name in ("one", "two")}
    for name, replica in made.items():
        scene.add_pod(name, replica.port)
    return made


@pytest.fixture
def program(scene: Scene, tmp_path: pathlib.Path, request: pytest.FixtureRequest) -> t.Iterator[Program]:
    """One that looks every second, or as often as the product does for a test that is marked so."""
    with scene.program(tmp_path, "ms1", interval=getattr(request, "param", 1.0)) as found:
        assert wait_for(lambda: found.figure("checks_total") >= 4, 30), found.log()
        yield found


@pytest.mark.parametrize("program", [5.0], indirect=True)
def test_a_stuck_replica_is_replaced_within_30_seconds(
    scene: Scene, replicas: dict[str, Replica], program: Program, certificates: Certificates
) -> None:
    began = time.monotonic()
    replicas["two"].delay = 3.05
    assert wait_for(lambda: scene.pods() == {"one"}, 30), program.log()
    assert time.monotonic() - began < 30
    assert program.figure("replacements_total") == 1
    (message,) = [text for reason, text in scene.events() if reason == "StuckReplicaReplaced"]
    assert "two: LIST took 3." in message
    assert "beside it: one 0.0" in message
    assert any(line.startswith(f"replace cluster={scene.name} pod=two") for line in program.log())
    # The one that follows is well, and nothing happens to it.
    replicas["three"] = Replica(certificates)
    scene.add_pod("three", replicas["three"].port)
    assert wait_for(lambda: replicas["three"].asked >= 3, 30)
    assert scene.pods() == {"one", "three"}


def test_a_slow_database_is_told_and_nothing_is_replaced(
    scene: Scene, replicas: dict[str, Replica], program: Program
) -> None:
    for replica in replicas.values():
        replica.delay = 3.05
    assert wait_for(lambda: any(reason == "ReplicasSlow" for reason, _text in scene.events()), 30), program.log()
    time.sleep(4)
    assert scene.pods() == {"one", "two"}
    assert program.figure("alarms_total") == 1
    assert program.figure("replacements_total") == 0


def test_the_mark_follows_the_database_and_tells_when_that_goes_back(
    scene: Scene, replicas: dict[str, Replica], program: Program
) -> None:
    assert wait_for(lambda: scene.mark() == 1000, 15)
    replicas["one"].revision = 5000
    assert wait_for(lambda: scene.mark() == 5000, 30)
    for replica in replicas.values():
        replica.revision = 4000
    assert wait_for(lambda: program.figure("revision_behind") == 1000, 30)
    assert any("run database_recover" in text for _reason, text in scene.events())
    assert scene.mark() == 5000


def test_another_watchdog_stands_by_and_takes_over(
    scene: Scene, replicas: dict[str, Replica], program: Program, tmp_path: pathlib.Path
) -> None:
    with scene.program(tmp_path, "ms2", interval=1.0) as second:
        assert wait_for(lambda: second.figure("rounds_total") >= 2, 30)
        assert (program.figure("leader"), second.figure("leader")) == (1, 0)
        assert second.figure("checks_total") == 0
        program.process.process.kill()
        assert wait_for(lambda: second.figure("leader") == 1, 30)
        replicas["two"].delay = 3.05
        assert wait_for(lambda: scene.pods() == {"one"}, 30), second.log()


def test_its_token_may_not_read_other_secrets_or_touch_other_namespaces(scene: Scene) -> None:
    review = "/apis/authorization.k8s.io/v1/subjectaccessreviews"

    def may(verb: str, resource: str, space: str, name: str = "") -> bool:
        attributes = {"verb": verb, "resource": resource, "namespace": space, "name": name}
        user = "system:serviceaccount:mothership-hcp:replica-watchdog"
        body = {
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SubjectAccessReview",
            "spec": {"user": user, "resourceAttributes": attributes},
        }
        return bool(scene.client.request("POST", review, body=body)["status"]["allowed"])

    assert may("delete", "pods", scene.space)
    assert may("get", "secrets", scene.space, "replica-watchdog")
    for verb, resource, space, name in (
        ("get", "secrets", scene.space, "kine-credentials"),
        ("list", "secrets", scene.space, ""),
        ("delete", "pods", "kube-system", ""),
        ("patch", "configmaps", scene.space, "api-server-config"),
        ("create", "pods", scene.space, ""),
    ):
        assert not may(verb, resource, space, name), (verb, resource, space, name)


def test_a_pod_with_the_same_name_but_another_uid_is_not_deleted(scene: Scene, replicas: dict[str, Replica]) -> None:
    body = {"apiVersion": "v1", "kind": "DeleteOptions", "preconditions": {"uid": "another"}}
    with pytest.raises(ApiError, match=r"(?i)precondition"):
        scene.client.request("DELETE", f"/api/v1/namespaces/{scene.space}/pods/one", body=body)


def test_a_real_api_server_answers_what_is_asked_and_lets_the_certificate_ask_it(
    api_server: processes.ApiServer,
) -> None:
    made = watchdog.watchdog_child_objects()
    apply_objects(api_server.client(), made, check_mode=False, deadline=Deadline(60), progress=Progress())
    pod = Pod("uid", "real", "127.0.0.1", int(api_server.url.rpartition(":")[2]))
    context = api_server.certificates.tls_context()
    answer = asking.ask(pod, SERVER_NAME, context, timeout=10, slow_seconds=10, with_metrics=True)
    assert answer.outcome == OK, answer
    assert (answer.revision or 0) > 0
    assert answer.fallbacks is not None
    for path in (*asking.PATHS, "/metrics", "/api/v1/secrets"):
        attributes = {"verb": "get", "path": path}
        kind = "nonResourceAttributes"
        if path != "/metrics":
            group = path.split("/")[2] if path.startswith("/apis/") else ""
            attributes = {"verb": "list", "group": group, "resource": path.rpartition("/")[2]}
            kind = "resourceAttributes"
        body = {"apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview"}
        spec = {"user": "mothership:watchdog", kind: attributes}
        review = api_server.client().request(
            "POST", "/apis/authorization.k8s.io/v1/subjectaccessreviews", body={**body, "spec": spec}
        )
        assert review["status"]["allowed"] == (path != "/api/v1/secrets"), path
