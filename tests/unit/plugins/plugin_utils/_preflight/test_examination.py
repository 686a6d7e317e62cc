# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""All checks together, over data and over the example inventories of this repository."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys
from typing import Any

import pytest
from ansible_collections.mothership.hcp.plugins.plugin_utils._preflight.examination import Examination, Site, Verdict
from ansible_collections.mothership.hcp.plugins.plugin_utils._preflight.sources import Sources
from ansible_collections.mothership.hcp.plugins.plugin_utils._preflight.variables import Specifications

COLLECTION = pathlib.Path(__file__).parents[5]
EXAMPLES = sorted(path.name for path in (COLLECTION / "inventory").iterdir() if path.is_dir())
GROUPS = {"mothership_control_plane": ["ms1"], "postgresql": ["db1"], "workers_tenant_a": ["w1"]}
MACHINES: dict[str, dict[str, Any]] = {
    "ms1": {"ansible_host": "192.0.2.11"},
    "db1": {"ansible_host": "192.0.2.21"},
    "w1": {"ansible_host": "192.0.2.31"},
}
SHARED = {"hosted_clusters": [{"name": "tenant-a"}], "velero_enabled": False}


def examine(
    shared: dict[str, Any],
    *,
    groups: dict[str, list[str]] | None = None,
    machines: dict[str, dict[str, Any]] | None = None,
    facts: dict[str, dict[str, Any]] | None = None,
    inventory: str = "",
) -> Verdict:
    known = {name: {**shared, **own} for name, own in (machines or MACHINES).items()}
    site = Site(
        groups=groups or GROUPS,
        shared=next(iter(known.values())),
        machines=known,
        facts=facts or {},
        asked_between=(100.0, 104.0),
        specifications=Specifications.read(COLLECTION),
        sources=Sources([inventory], shown_from=str(COLLECTION)),
        collection=COLLECTION,
    )
    return Examination(site).run()


def texts(shared: dict[str, Any], **more: Any) -> list[str]:
    """Problems without the one about the bundle, which no test of this file has."""
    return [str(problem) for problem in examine(shared, **more).problems if problem.where != "mothership_bundle"]


def test_a_good_site_has_no_problem() -> None:
    assert texts(SHARED) == []
    assert [spec.name for spec in examine(SHARED).clusters] == ["tenant-a"]


def test_the_bundle_is_required() -> None:
    assert [problem.where for problem in examine(SHARED).problems] == ["mothership_bundle"]


def test_everything_wrong_is_told_at_once_and_each_once() -> None:
    clusters = [{"name": "tenant-a", "replicas": 0, "pod_cidr": "192.0.2.0/24"}, {"name": "tenant-a", "api_portt": 1}]
    shared = {"hosted_clusters": clusters, "velero_enabled": False, "mothership_prt": 1, "postgresql_port": "x"}
    found = texts(shared, groups={**GROUPS, "workers_b": ["w2"]}, machines={**MACHINES, "w2": {}})
    for said in (
        "mothership_prt: unknown variable, did you mean mothership_port?",
        "hosted_clusters[1].api_portt: unknown option, did you mean api_port?",
        "hosted_clusters[0].replicas: 0 is too small",
        "hosted_clusters[0].pod_cidr: 192.0.2.0/24 contains",
        "hosted_clusters[1].name: 'tenant-a' is also the name of",
        "group workers_b: there is no hosted cluster b",
    ):
        assert sum(said in text for text in found) == 1, (said, found)
    assert any("postgresql_port" in text for text in found)


def test_a_range_that_holds_a_machine() -> None:
    (text,) = texts({**SHARED, "mothership_pod_cidr": "192.0.2.0/24"})
    assert "contains the address of db1 (192.0.2.21), ms1 (192.0.2.11), w1 (192.0.2.31)" in text


def test_machines_are_judged_by_their_facts() -> None:
    facts: dict[str, dict[str, Any]] = {
        "ms1": {"machine": {"os": {"id": "debian", "version": "10", "name": "Debian 10"}, "time": 102.0}},
        "w1": {"unreachable": True, "msg": "Host key verification failed."},
        "db1": {
            "machine": {"os": {"id": "debian", "version": "12"}, "time": 10.0, "units": {"postgresql": "inactive"}}
        },
    }
    found = texts(SHARED, facts=facts)
    assert [text.partition(":")[0] for text in found] == ["machine ms1", "machine w1", "machine db1"]
    assert examine(SHARED, facts=facts).notes == [
        "PostgreSQL on db1 is installed and does not run: it will be started",
    ]


def test_results_of_tasks_are_no_unknown_variables() -> None:
    assert texts({**SHARED, "hosted_control_plane_result": {"changed": False}}) == []


def test_velero_asks_for_its_bucket() -> None:
    names = [text.partition(":")[0] for text in texts({"hosted_clusters": [{"name": "tenant-a"}]})]
    assert names == ["velero_s3_bucket", "velero_s3_access_key", "velero_s3_secret_key"]


def test_an_external_database() -> None:
    groups = {name: hosts for name, hosts in GROUPS.items() if name != "postgresql"}
    machines = {name: own for name, own in MACHINES.items() if name != "db1"}
    assert texts({**SHARED, "postgresql_address": "db.example.com"}, groups=groups, machines=machines) == []
    (text,) = texts(SHARED, groups=groups, machines=machines)
    assert text.startswith("group postgresql: ")


@pytest.mark.parametrize("example", EXAMPLES)
def test_the_example_inventories_are_right(example: str) -> None:
    path = COLLECTION / "inventory" / example / "hosts.yml"
    command = [os.path.join(os.path.dirname(sys.executable), "ansible-inventory"), "-i", str(path), "--list"]
    listed = json.loads(subprocess.run(command, check=True, capture_output=True, timeout=60).stdout)
    machines = listed["_meta"]["hostvars"]
    groups = {name: entry.get("hosts", []) for name, entry in listed.items() if name not in ("_meta", "all")}
    verdict = examine({}, groups=groups, machines=machines, inventory=str(path))
    assert [str(problem) for problem in verdict.problems if "mothership_bundle" not in str(problem.where)] == []
    assert verdict.clusters


def test_clusters_with_databases_elsewhere_need_no_database_machine() -> None:
    groups = {name: hosts for name, hosts in GROUPS.items() if name != "postgresql"}
    machines = {name: own for name, own in MACHINES.items() if name != "db1"}
    shared = {"hosted_clusters": [{"name": "tenant-a", "database_host": "db.example.com"}], "velero_enabled": False}
    assert texts(shared, groups=groups, machines=machines) == []


def test_a_site_on_k0s_is_judged_by_the_bundles_k0s(tmp_path: pathlib.Path) -> None:
    manifest = {"format": "mothership.hcp/bundle", "format_version": 1, "architecture": "amd64", "files": []}
    (tmp_path / "manifest.json").write_text(json.dumps({**manifest, "components": {"kubernetes": "1.36.3"}}))
    clusters = [{"name": "tenant-a", "distribution": "k0s"}]
    shared = {
        **SHARED,
        "hosted_clusters": clusters,
        "mothership_distribution": "k0s",
        "mothership_bundle": str(tmp_path),
        "k0s_node_ignore_preflight_checks": True,
    }
    found = [str(problem) for problem in examine(shared).problems]
    assert any("has no binary k0s" in text for text in found)
    assert any("has no image quay.io/k0sproject/k0s" in text for text in found)
    assert not any("kubeadm" in text for text in found)


def test_machines_may_have_bundles_of_their_own(tmp_path: pathlib.Path) -> None:
    """A bundle is for one architecture; each machine is judged by its own."""
    for architecture in ("amd64", "arm64"):
        manifest = {"format": "mothership.hcp/bundle", "format_version": 1, "files": []}
        (tmp_path / architecture).mkdir()
        content = {
            **manifest,
            "architecture": architecture,
            "components": {"kubernetes": "1.36.3", "k0s": "1.35.7+k0s.0"},
        }
        (tmp_path / architecture / "manifest.json").write_text(json.dumps(content))
    machines = {name: {**own, "mothership_bundle": str(tmp_path / "amd64")} for name, own in MACHINES.items()}
    machines["w1"]["mothership_bundle"] = str(tmp_path / "arm64")
    facts = {
        name: {"machine": {"os": {"id": "debian", "version": "12"}, "architecture": "arm64"}} for name in ("ms1", "w1")
    }
    shared = {**SHARED, "hosted_clusters": [{"name": "tenant-a", "distribution": "k0s"}]}
    found = [str(problem) for problem in examine(shared, machines=machines, facts=facts).problems]
    assert [text for text in found if "the bundle is for" in text] == [
        "machine ms1: is arm64, the bundle is for amd64. To fix: use a bundle made for arm64"
    ]
    k0s = [text for text in found if "k0s" in text]
    assert any(text.startswith(f"mothership_bundle: {tmp_path / 'arm64'} has no binary k0s") for text in k0s)
    assert any(text.startswith("group workers_tenant_a: its machines would run k0s 1.35.7+k0s.0") for text in k0s)
    assert not any(f"{tmp_path / 'amd64'} has no binary k0s" in text for text in k0s)
