# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The load of ``tests/bench/failover.py`` against a real API: it counts what is lost, and only that."""

from __future__ import annotations

import time
import typing as t

import pytest

from tests.bench import failover
from tests.bench.acknowledged import Load, longest_gap, lost
from tests.integration import processes


def test_acknowledged_writes_are_found_and_a_deleted_one_is_lost(api_server: processes.ApiServer) -> None:
    load = Load(api_server.kubeconfig, processes.unique("load"), rate=50)
    began = time.monotonic()
    with load.running():
        time.sleep(4)
    seconds = time.monotonic() - began
    writes = list(load.acknowledged)
    print(f"{len(writes)} acknowledged in {seconds:.1f} s, {load.failed} failed, {load.last_failure}")
    assert len(writes) >= 20
    assert len(writes) <= 50 * seconds + 1
    assert longest_gap((one.at for one in writes), writes[0].at, writes[-1].at) < 3
    assert lost(api_server.kubeconfig, load.namespace, writes) == []
    path = f"/api/v1/namespaces/{load.namespace}/configmaps/"
    client = api_server.client()
    client.request("DELETE", path + writes[5].name)
    # The same name again, but not what was acknowledged.
    client.request("DELETE", path + writes[7].name)
    client.request("POST", path[:-1], body={"kind": "ConfigMap", "metadata": {"name": writes[7].name}})
    assert lost(api_server.kubeconfig, load.namespace, writes) == sorted([writes[5].name, writes[7].name])


def test_the_whole_run_without_a_fault(api_server: processes.ApiServer, capsys: pytest.CaptureFixture[str]) -> None:
    arguments: list[t.Any] = ["--kubeconfig", str(api_server.kubeconfig), "--no-pods", "--seconds", "8", "--rate", "20"]
    assert failover.main(arguments) == 0
    out = capsys.readouterr().out
    print(out)
    result = failover.json.loads(out)
    assert (result["fault"], result["lost"], result["primary_before"]) == ("none", 0, None)
    assert result["acknowledged"] > 40


def test_nobody_there_is_an_error_and_no_figure(tmp_path: t.Any, capsys: pytest.CaptureFixture[str]) -> None:
    assert failover.main(["--artifacts", str(tmp_path)]) == 1
    assert "there is no" in capsys.readouterr().err
