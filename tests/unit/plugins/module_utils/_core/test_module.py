# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import typing as t

import pytest
from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.testing import patch_module_args
from ansible_collections.mothership.hcp.plugins.module_utils._core.errors import CommandFailed, HcpError
from ansible_collections.mothership.hcp.plugins.module_utils._core.module import run_module
from ansible_collections.mothership.hcp.plugins.module_utils._core.plan import Change, Plan
from ansible_collections.mothership.hcp.plugins.module_utils._core.redact import fingerprint

PASSWORD = "correct-horse"


def run(
    work: t.Callable[[], t.Mapping[str, t.Any]], capsys: pytest.CaptureFixture[str], *secrets: str
) -> dict[str, t.Any]:
    """The result and, as ``exit_code``, how the module's process ended."""
    with patch_module_args({}), pytest.raises(SystemExit) as ended:
        run_module(AnsibleModule(argument_spec={}), work, secrets=lambda: secrets)
    return {**json.loads(capsys.readouterr().out), "exit_code": ended.value.code}


def failing(error: Exception) -> t.Callable[[], t.Mapping[str, t.Any]]:
    def work() -> t.NoReturn:
        raise error

    return work


def test_a_result_is_returned(capsys: pytest.CaptureFixture[str]) -> None:
    plan = Plan([Change("create", "x", after="text")])
    result = run(lambda: plan.result(node="ms1"), capsys)
    assert (result["exit_code"], result["changed"], result["node"]) == (0, True, "ms1")
    assert result["plan"] == [{"action": "create", "target": "x"}]


def test_secrets_are_redacted_by_value(capsys: pytest.CaptureFixture[str]) -> None:
    plan = Plan([Change("update", "x", before="a", after=f"password={PASSWORD}")])
    result = run(lambda: plan.result(rows=[{"dsn": f"postgres://u:{PASSWORD}@db1"}]), capsys, PASSWORD)
    assert PASSWORD not in json.dumps(result)
    assert result["rows"] == [{"dsn": f"postgres://u:{fingerprint(PASSWORD)}@db1"}]
    assert fingerprint(PASSWORD) in result["diff"][0]["after"]


def test_an_expected_failure_is_a_message_with_details(capsys: pytest.CaptureFixture[str]) -> None:
    error = CommandFailed("ended with 1", where="kubeadm init", remedy="see the log", details={"stderr": "no"})
    result = run(failing(error), capsys)
    assert (result["exit_code"], result["failed"], result["stderr"]) == (1, True, "no")
    assert result["msg"] == "kubeadm init: ended with 1. To fix: see the log"


def test_a_failure_is_redacted_by_secrets_learnt_meanwhile(capsys: pytest.CaptureFixture[str]) -> None:
    learnt: list[str] = []

    def work() -> t.NoReturn:
        learnt.append(PASSWORD)
        raise HcpError(f"{PASSWORD} was refused", details={"sent": [PASSWORD]})

    with patch_module_args({}), pytest.raises(SystemExit):
        run_module(AnsibleModule(argument_spec={}), work, secrets=lambda: learnt)
    result = json.loads(capsys.readouterr().out)
    assert (result["msg"], result["sent"]) == (f"{fingerprint(PASSWORD)} was refused", [fingerprint(PASSWORD)])


def test_an_unexpected_failure_keeps_its_traceback() -> None:
    with patch_module_args({}), pytest.raises(ZeroDivisionError):
        run_module(AnsibleModule(argument_spec={}), failing(ZeroDivisionError()))
