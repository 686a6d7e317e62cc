# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import dataclasses
import os

from ansible_collections.mothership.hcp.plugins.plugin_utils._report import text

from .run import report


def test_a_run_in_at_most_fifteen_lines() -> None:
    lines = text.lines(report(), written=["/srv/artifacts/report.json"])
    assert len(lines) <= text.LARGEST
    shown = "\n".join(lines)
    for said in (
        "https://192.0.2.11:6443",
        "tenant-a  Kubernetes 1.36.3  https://192.0.2.11:30016  2 replicas  workers w1, w2",
        "site-1 (Completed, 41 objects)",
        "machines 30 s (ms1)",
        "+ create 5  ~ change 0  - delete 0  ! restart 1 (ms1: kubelet)",
        "kubectl --kubeconfig a/tenant-a/kubeconfig get nodes",
    ):
        assert said in shown


def test_many_clusters_do_not_make_it_longer() -> None:
    found = report()
    many = dataclasses.replace(found, clusters=found.clusters * 30, failed=("w1",))
    lines = text.lines(many, written=["a", "b"])
    assert len(lines) <= text.LARGEST
    assert any("and 26 more hosted clusters" in line for line in lines)


def test_nothing_changed() -> None:
    assert "changed     nothing" in text.lines(dataclasses.replace(report(), changes=(), restarts=()))


def test_failed_machines_are_told() -> None:
    assert any(line.startswith("failed      w1") for line in text.lines(dataclasses.replace(report(), failed=("w1",))))


def test_check_mode_shows_the_plan() -> None:
    lines = text.lines(report(check_mode=True))
    assert lines[0] == 'PLAN  mothership "mothership"  (4 machines, 1 hosted cluster)'
    assert "+ create 5" in lines[1]
    assert "  mothership: + Namespace/hcp-tenant-a" in lines
    assert lines[-1].startswith("Run without --check")


def test_an_empty_plan_and_an_incomplete_one() -> None:
    empty = dataclasses.replace(report(check_mode=True), changes=(), restarts=())
    assert text.lines(empty)[-1] == "Nothing would be changed."
    assert "incomplete: w1 failed" in text.lines(dataclasses.replace(empty, failed=("w1",)))[-1]


def test_a_long_plan_is_cut() -> None:
    found = report(check_mode=True)
    changes = tuple(dataclasses.replace(found.changes[0], host=f"w{number}") for number in range(50))
    assert len(text.lines(dataclasses.replace(found, changes=changes))) <= text.LARGEST


def test_paths_below_the_working_directory_are_short() -> None:
    path = os.path.join(os.getcwd(), "artifacts", "report.html")
    assert "report      artifacts/report.html" in text.lines(report(), written=[path])
