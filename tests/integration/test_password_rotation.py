# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A password rotated as playbooks/password_rotation.yml does it: real PostgreSQL, real kines for pods, a real API.

The steps are those of roles/hosted_control_plane/tasks/rotation.yml. Only what rolls pods is played here: one kine
after the other is started with the login of the Secret, and the one that it replaces is stopped.
"""

from __future__ import annotations

import contextlib
import pathlib
import subprocess
import threading
import typing as t

import pytest
from ansible_collections.mothership.hcp.plugins.module_utils._controlplane.manifests import secret_texts
from ansible_collections.mothership.hcp.plugins.module_utils._controlplane.spec import ClusterSpec
from ansible_collections.mothership.hcp.plugins.module_utils._controlplane.workload import hardened, pod_security
from ansible_collections.mothership.hcp.plugins.module_utils._core.errors import TimedOut
from ansible_collections.mothership.hcp.plugins.module_utils._core.progress import Progress
from ansible_collections.mothership.hcp.plugins.module_utils._datastore import sessions
from ansible_collections.mothership.hcp.plugins.module_utils._datastore.kine_database import Request, ensure
from ansible_collections.mothership.hcp.plugins.module_utils._datastore.psql import Connection, Psql
from ansible_collections.mothership.hcp.plugins.module_utils._datastore.schema import SchemaMaker
from ansible_collections.mothership.hcp.plugins.module_utils._datastore.tenant_server import TenantServer
from ansible_collections.mothership.hcp.plugins.module_utils._datastore.tenants import tenants_from
from ansible_collections.mothership.hcp.plugins.module_utils._hosting.credentials import ensure_credentials
from ansible_collections.mothership.hcp.plugins.module_utils._kube.objects import get

from tests.integration import processes
from tests.integration.tenants import postgresql_with_rules

REPLICAS = 2


class Killed(Exception):
    """The run ends here."""


class Site:
    """One hosted cluster whose pods are kines, and the steps of a rotation."""

    def __init__(self, client: t.Any, server: processes.PostgreSQL, folder: pathlib.Path, stack: contextlib.ExitStack):
        self.client, self.server, self.folder, self.stack = client, server, folder, stack
        self.spec = ClusterSpec(processes.unique("rotated"), "1.36.3", "10.77.0.11", database_connections=5)
        connection = Connection((), str(server.folder), server.port, os_user=None)
        self.psql = Psql(connection)
        maker = SchemaMaker(connection, processes.binary("kine"), Progress())
        self.backend = TenantServer(self.psql, maker, Progress())
        self.pods: dict[str, contextlib.ExitStack] = {}
        self.count = 0
        self.last: dict[str, t.Any] = {}

    # The tasks.
    def credentials(self, step: str) -> None:
        self.last = ensure_credentials([self.spec], self.client, check_mode=False, progress=Progress(), step=step)

    def databases(self) -> None:
        tenants = tenants_from(self.last["databases"], verifiers_required=True)
        ensure(Request(tenants), self.backend, check_mode=False, warn=print)

    def replace_pods(self) -> None:
        """Those of another login, one after the other; as many as there should be when there are none."""
        secret = self.secret
        for name in list(self.pods):
            if not name.endswith(secret["username"].rpartition("_")[2]):
                self._start(secret)
                self._stop(name)
        while len(self.pods) < REPLICAS:
            self._start(secret)

    def prove(self, timeout: float = 20) -> None:
        wanted = sessions.wanted_from(self.last["sessions"])
        assert sessions.prove(self.psql, wanted, wait=True, timeout=timeout, progress=Progress())["proven"]

    def rotate(self, *, killed_after: int | None = None) -> None:
        """rotation.yml, or its beginning."""
        steps: list[t.Callable[[], None]] = [
            lambda: self.credentials("stage"),
            self.databases,
            lambda: self.credentials("switch"),
            self.replace_pods,
            lambda: self.credentials("none"),
            self.prove,
            lambda: self.credentials("expire"),
            self.databases,
            lambda: self.credentials("finish"),
        ]
        for number, step in enumerate(steps):
            step()
            if number == killed_after:
                raise Killed

    def site(self) -> None:
        """What a normal run does."""
        self.credentials("none")
        self.databases()
        self.replace_pods()

    @property
    def secret(self) -> dict[str, str]:
        found = get(self.client, "v1", "Secret", "kine-credentials", self.spec.namespace)
        assert found is not None
        return secret_texts(found)

    @property
    def may_log_in(self) -> list[str]:
        roles = f"SELECT rolname FROM pg_roles WHERE rolname LIKE '{self.spec.database}%' AND rolcanlogin ORDER BY 1"
        return self.server.query(roles).splitlines()

    def _start(self, secret: dict[str, str]) -> None:
        self.count += 1
        name = f"{self.spec.name}-{self.count}-{secret['username'].rpartition('_')[2]}"
        folder = self.folder / name
        folder.mkdir()
        passwords = folder / "pgpass"
        passwords.touch(mode=0o600)
        passwords.write_text(f"*:*:{self.spec.database}:{secret['username']}:{secret['password']}\n")
        dsn = f"postgres://{secret['username']}@127.0.0.1:{self.server.port}/{self.spec.database}?sslmode=disable"
        stack = self.stack.enter_context(contextlib.ExitStack())
        with pytest.MonkeyPatch.context() as environment:
            environment.setenv("PGPASSFILE", str(passwords))
            environment.setenv("PGAPPNAME", name)
            stack.enter_context(processes.kine(dsn, folder))
        container = hardened({"name": "kine", "image": "kine"})
        spec = {"containers": [container], "securityContext": pod_security(), "automountServiceAccountToken": False}
        pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": spec}
        path = f"/api/v1/namespaces/{self.spec.namespace}/pods"
        self.client.request("POST", path, body=pod)
        self.pods[name] = stack

    def _stop(self, name: str) -> None:
        self.pods.pop(name).close()
        query = {"gracePeriodSeconds": "0"}
        self.client.request("DELETE", f"/api/v1/namespaces/{self.spec.namespace}/pods/{name}", query=query)


@pytest.fixture(scope="module")
def server() -> t.Iterator[processes.PostgreSQL]:
    with postgresql_with_rules() as started:
        yield started


@pytest.fixture
def site(client: t.Any, server: processes.PostgreSQL, tmp_path: pathlib.Path) -> t.Iterator[Site]:
    with contextlib.ExitStack() as stack:
        made = Site(client, server, tmp_path, stack)
        made.site()
        yield made
    # Limits add up.
    tenants = tenants_from(made.last["databases"], verifiers_required=True)
    ensure(Request(tenants, present=False, end_sessions=True), made.backend, check_mode=False, warn=print)


def test_a_rotation_ends_with_the_other_login_alone(site: Site) -> None:
    a, b = site.spec.logins
    before = site.secret
    assert site.may_log_in == [a]
    site.rotate()
    after = site.secret
    assert (before["username"], after["username"], site.may_log_in) == (a, b, [b])
    assert sorted(after) == ["password", "rotation", "salt", "username"]
    assert after["password"] != before["password"]
    site.rotate()
    assert (site.secret["username"], site.may_log_in) == (a, [a])


@pytest.mark.parametrize("killed_after", range(8))
def test_a_rotation_that_was_killed_is_finished_by_the_next_run(site: Site, killed_after: int) -> None:
    login = site.spec.logins[1]
    with pytest.raises(Killed):
        site.rotate(killed_after=killed_after)
    # A normal run in between keeps everybody working, whatever the phase.
    site.site()
    assert len(site.pods) == REPLICAS
    site.rotate()
    assert (site.secret["username"], site.may_log_in) == (login, [login])
    assert len(site.pods) == REPLICAS


def test_a_pod_that_still_uses_the_old_login_keeps_it_open(site: Site) -> None:
    a, b = site.spec.logins
    site.credentials("stage")
    site.databases()
    site.credentials("switch")
    site.credentials("none")
    with pytest.raises(TimedOut, match=f"-1-a still has .* of {a}"):
        site.prove(timeout=2)
    assert site.may_log_in == [a, b]
    site.rotate()
    assert site.may_log_in == [b]


def test_writes_go_on_while_the_password_is_rotated(site: Site) -> None:
    """Somebody who writes with whatever login is current has no refused connection."""
    psql, ended, outcomes = processes.postgresql_binary("psql"), threading.Event(), []

    def write() -> None:
        secret = site.secret
        target = f"host=127.0.0.1 port={site.server.port} dbname={site.spec.database} user={secret['username']}"
        command = [psql, "-XqAt", f"--dbname={target}", "--command=INSERT INTO kine (name) VALUES ('w') RETURNING 1"]
        environment = {"PGPASSWORD": secret["password"]}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=20, check=False)
        outcomes.append(done.stdout.strip() or done.stderr)

    def writer() -> None:
        while not ended.is_set():
            write()

    thread = threading.Thread(target=writer)
    thread.start()
    try:
        site.rotate()
    finally:
        ended.set()
        thread.join(30)
    assert len(outcomes) > 5
    assert set(outcomes) == {"1"}
