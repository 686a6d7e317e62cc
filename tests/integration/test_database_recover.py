# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook database_recover as a user runs it, also after a run that was killed at each of its steps.

PostgreSQL with a kine on it and the mothership's API are real; what controllers would say about the workload is said
here. It needs root, because modules become the user postgres, and that user's socket folder.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import pathlib
import subprocess
import sys
import threading
import typing as t

import pytest
from ansible_collections.mothership.hcp.plugins.module_utils._core.progress import Progress
from ansible_collections.mothership.hcp.plugins.module_utils._datastore import revision
from ansible_collections.mothership.hcp.plugins.module_utils._datastore.psql import Connection, Psql
from ansible_collections.mothership.hcp.plugins.module_utils._datastore.revision import Wanted
from ansible_collections.mothership.hcp.plugins.module_utils._hosting import freeze
from ansible_collections.mothership.hcp.plugins.module_utils._kube.errors import ApiError

from tests.integration import processes

SOCKETS = "/var/run/postgresql"
SPACE = "hcp-tenant-a"
DATABASE = "hcp_tenant_a"
_MERGE = "application/merge-patch+json"


def encoded(**texts: str) -> dict[str, str]:
    return {key: base64.b64encode(text.encode()).decode() for key, text in texts.items()}


class Site:
    """A mothership that knows one hosted cluster, and the database of that."""

    def __init__(self, server: processes.PostgreSQL, api: processes.ApiServer, folder: pathlib.Path) -> None:
        self.server, self.client, self.folder = server, api.client(), folder
        self._kubeconfig = api.kubeconfig
        self._stopping = threading.Event()
        self.psql = Psql(Connection((), SOCKETS, server.port, os_user=None))
        server.query(f"CREATE ROLE {DATABASE} NOLOGIN")
        server.query(f"CREATE ROLE {DATABASE}_a LOGIN IN ROLE {DATABASE}")
        server.query(f"ALTER ROLE {DATABASE}_a SET role = '{DATABASE}'")
        server.query(f"CREATE DATABASE {DATABASE} OWNER {DATABASE} TEMPLATE template0")
        self._make_objects()
        threading.Thread(target=self._control, args=(api.client(),), daemon=True).start()

    def close(self) -> None:
        self._stopping.set()

    def recover(self, *arguments: str) -> str:
        """Run the playbook; what it said."""
        inventory = self.folder / "inventory.yml"
        machines = {
            "ansible_connection": "local",
            "ansible_become": False,
            "ansible_python_interpreter": sys.executable,
        }
        shared = {
            "hosted_clusters": [{"name": "tenant-a"}],
            "mothership_kubeconfig": str(self._kubeconfig),
            "postgresql_port": self.server.port,
        }
        groups: dict[str, t.Any] = {
            "mothership_control_plane": {"hosts": {"ms1": {}}},
            "postgresql": {"hosts": {"db1": {}}},
        }
        inventory.write_text(json.dumps({"all": {"vars": {**machines, **shared}, "children": groups}}))
        collections = processes.REPOSITORY / ".collections"
        environment = {**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(collections), "ANSIBLE_NOCOLOR": "1"}
        command = ["ansible-playbook", "-i", str(inventory), "mothership.hcp.database_recover", *arguments]
        done = subprocess.run(command, capture_output=True, text=True, timeout=150, env=environment, check=False)
        said = done.stdout + done.stderr
        assert done.returncode == 0, said
        return said

    def mark(self, value: int) -> None:
        body = {"data": {"high_water": str(value)}}
        path = f"/api/v1/namespaces/{SPACE}/configmaps/kine-revision"
        self.client.request("PATCH", path, body=body, content_type=_MERGE)

    def freeze(self, state: str) -> dict[str, t.Any]:
        result = freeze.ensure(
            self.client, ["tenant-a"], state, marks={}, check_mode=False, timeout=30, progress=Progress()
        )
        told: dict[str, t.Any] = result["clusters"]["tenant-a"]
        return told

    def revision(self, state: str, high_water: int = 0) -> dict[str, t.Any]:
        wanted = [Wanted(DATABASE, high_water)]
        done = revision.ensure(wanted, state, self.psql, margin=10000, check_mode=False, progress=Progress())
        told: dict[str, t.Any] = done["databases"][0]
        return told

    def _make_objects(self) -> None:
        pgpass = f"127.0.0.1:{self.server.port}:{DATABASE}:{DATABASE}_a:password\n"
        labels = {"app.kubernetes.io/instance": "tenant-a"}
        template = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "none", "image": "none"}]}}
        spec = {"replicas": 2, "selector": {"matchLabels": labels}, "template": template}
        for path, content in (
            ("/api/v1/namespaces", {"metadata": {"name": SPACE}}),
            (f"/api/v1/namespaces/{SPACE}/configmaps", {"metadata": {"name": "kine-revision"}}),
            (self._secrets, {"metadata": {"name": "kine-credentials"}, "data": encoded(username=f"{DATABASE}_a")}),
            (self._secrets, {"metadata": {"name": "kine-datastore"}, "data": encoded(pgpass=pgpass)}),
            (f"/apis/apps/v1/namespaces/{SPACE}/deployments", {"metadata": {"name": "tenant-a"}, "spec": spec}),
        ):
            self.client.request("POST", path, body=content)

    _secrets = f"/api/v1/namespaces/{SPACE}/secrets"

    def _control(self, client: t.Any) -> None:
        """What the deployment controller would report."""
        path = f"/apis/apps/v1/namespaces/{SPACE}/deployments/tenant-a"
        while not self._stopping.wait(0.3):
            with contextlib.suppress(ApiError):
                found = client.request("GET", path)
                generation, replicas = found["metadata"]["generation"], found["spec"]["replicas"]
                if (found.get("status") or {}).get("observedGeneration") != generation:
                    counts = dict.fromkeys(
                        ("replicas", "updatedReplicas", "readyReplicas", "availableReplicas"), replicas
                    )
                    status = {**counts, "observedGeneration": generation}
                    client.request("PATCH", f"{path}/status", body={"status": status}, content_type=_MERGE)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[Site]:
    folder = tmp_path_factory.mktemp("recover")
    try:
        with processes.postgresql(settings={"unix_socket_directories": SOCKETS}) as server:
            dsn = f"{server.dsn}mothership?sslmode=disable"
            with processes.kine(dsn, folder) as url, processes.kube_apiserver(url, folder) as api:
                made = Site(server, api, folder)
                own = f"postgres://{DATABASE}_a@127.0.0.1:{server.port}/{DATABASE}?sslmode=disable"
                second = folder / "hosted"
                second.mkdir()
                # For its tables, and as the one whose sessions have to end: nobody stops it with the workload.
                with processes.kine(own, second):
                    yield made
                made.close()
    except processes.CannotStart as error:
        pytest.fail(str(error), pytrace=False)


def settled(site: Site, above: int) -> None:
    """Everything runs, and the revision and the mark are beyond what was given."""
    told, database = site.freeze("described"), site.revision("read")
    assert told["workloads"] == {"Deployment/tenant-a": 2}
    assert not told["stopped"]
    assert (database["closed"], database["logins"]) == (False, [f"{DATABASE}_a"])
    assert database["revision"] > above
    assert told["high_water"] > above


def test_without_a_loss_nothing_is_changed(site: Site) -> None:
    before = site.revision("read")["revision"]
    said = site.recover()
    assert "nothing was changed" in said
    assert "changed=0" in said
    assert site.revision("read")["revision"] - before < 100


def test_a_loss_is_found_and_mended_and_a_second_run_does_nothing(site: Site) -> None:
    lost = site.revision("read")["revision"] + 500
    site.mark(lost)
    planned = site.recover("--check")
    assert site.revision("read")["revision"] < lost
    assert "Mended: tenant-a" in planned
    assert "Mended: tenant-a" in site.recover()
    settled(site, lost)
    assert "changed=0" in site.recover()


def test_it_is_done_by_hand_for_a_named_cluster(site: Site) -> None:
    before = site.revision("read")["revision"]
    assert "Mended: tenant-a" in site.recover("-e", "clusters=tenant-a", "-e", "force=true")
    settled(site, before + 9000)


@pytest.mark.parametrize("steps", [0, 1, 2, 3])
def test_a_run_that_was_killed_is_finished_by_the_next(site: Site, steps: int) -> None:
    lost = site.revision("read")["revision"] + 500
    site.mark(lost)
    site.freeze("stopped")
    for state in ("closed", "raised", "open")[:steps]:
        site.revision(state, lost)
    assert "Mended: tenant-a" in site.recover()
    settled(site, lost)
