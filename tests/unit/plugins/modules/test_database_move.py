# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module as Ansible runs it, with an API server in memory."""

from __future__ import annotations

import json
import typing as t

import pytest
import yaml
from ansible.module_utils.testing import patch_module_args
from ansible_collections.mothership.hcp.plugins.doc_fragments.database_servers import ModuleDocFragment
from ansible_collections.mothership.hcp.plugins.modules import database_move

from tests.unit.plugins.module_utils._backup.module_frame import documented
from tests.unit.plugins.module_utils._hosting.test_database_placement import answer, params
from tests.unit.plugins.module_utils._kube.fake_api import FakeApi

OPTIONS: dict[str, t.Any] = {"cluster": "a", "target": "north"}


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> FakeApi:
    """What the module is connected to."""
    fake = FakeApi()
    monkeypatch.setattr(database_move, "connect", lambda *_args, **_more: fake)
    return fake


def run(capsys: pytest.CaptureFixture[str], *, check_mode: bool = False, **options: t.Any) -> dict[str, t.Any]:
    """The module's result; ``failed`` is among its keys when it failed."""
    servers = params(answer("db1", "hcp_a"), answer("db4"))
    common = {"clusters": [{"name": "a"}], "version": "1.36.3", "endpoint": "10.77.0.11", **servers, **OPTIONS}
    with patch_module_args({**common, **options, "_ansible_check_mode": check_mode, "_ansible_diff": True}):
        with pytest.raises(SystemExit):
            database_move.main()
    result: dict[str, t.Any] = json.loads(capsys.readouterr().out)
    return result


def test_check_mode_makes_no_mutating_call(api: FakeApi, capsys: pytest.CaptureFixture[str]) -> None:
    planned = run(capsys, check_mode=True)
    assert planned["changed"]
    assert api.mutating == []
    # The recording is able to see a mutating call.
    done = run(capsys)
    assert len(api.mutating) == 1
    assert done["plan"] == planned["plan"]
    assert run(capsys)["changed"] is False


def test_server_options_are_documented_with_their_defaults() -> None:
    options: dict[str, t.Any] = yaml.safe_load(ModuleDocFragment.DOCUMENTATION)["options"]
    given = {name: option for name, option in database_move.argument_spec().items() if name in options}
    assert documented(options) == documented(given)


def test_what_is_there_to_do_is_told(api: FakeApi, capsys: pytest.CaptureFixture[str]) -> None:
    result = run(capsys)
    assert (result["action"], result["database"]) == ("copy", "hcp_a")
    assert run(capsys, cluster="b")["msg"].startswith("database_move_cluster: 'b' is no hosted cluster")
