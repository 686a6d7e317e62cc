# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module as Ansible runs it, with an API server in memory."""

from __future__ import annotations

import json
import pathlib
import typing as t

import pytest
import yaml
from ansible.module_utils.testing import patch_module_args
from ansible_collections.mothership.hcp.plugins.doc_fragments.kubernetes import ModuleDocFragment
from ansible_collections.mothership.hcp.plugins.modules import k0smotron_adopt

from tests.unit.plugins.module_utils._adoption.site import Site
from tests.unit.plugins.modules.options import assert_documented


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path) -> Site:
    """What the module is connected to."""
    made = Site(tmp_path)
    monkeypatch.setattr(k0smotron_adopt, "connect", lambda *_args, **_more: made.api)
    return made


def run(
    site: Site, capsys: pytest.CaptureFixture[str], phase: str, *, check_mode: bool = False, **options: t.Any
) -> dict[str, t.Any]:
    """The module's result; ``failed`` is among its keys when it failed."""
    common = {"phase": phase, "cluster": "tenant", "namespace": "clusters", "directory": str(site.directory)}
    with patch_module_args({**common, **options, "_ansible_check_mode": check_mode, "_ansible_diff": True}):
        with pytest.raises(SystemExit):
            k0smotron_adopt.main()
    result: dict[str, t.Any] = json.loads(capsys.readouterr().out)
    return result


def test_options_are_documented() -> None:
    documented = {
        **yaml.safe_load(k0smotron_adopt.DOCUMENTATION)["options"],
        **yaml.safe_load(ModuleDocFragment.DOCUMENTATION)["options"],
    }
    assert_documented(yaml.safe_dump({"options": documented}), k0smotron_adopt.argument_spec())


def test_check_mode_makes_no_mutating_call(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    planned = run(site, capsys, "prepare", check_mode=True)
    assert planned["changed"]
    assert site.api.mutating == []
    # The recording is able to see a mutating call.
    done = run(site, capsys, "prepare")
    assert site.api.mutating
    assert done["plan"] == planned["plan"]


def test_all_phases_show_no_secret(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    results = [run(site, capsys, phase) for phase in ("prepare", "switch")]
    site.host()
    site.remove_pods()
    results.append(run(site, capsys, "retire"))
    assert [one.get("failed", False) for one in results] == [False] * 3
    assert results[-1]["finished"]
    shown = json.dumps(results)
    for secret in ("pa/ss", "pa%2Fss", "PRIVATE KEY"):
        assert secret not in shown


def test_reasons_are_told_with_their_remedies(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    result = run(site, capsys, "prepare", name="A_b", node_port_range="31000-32767")
    assert result["failed"]
    assert len(result["problems"]) == 2
    assert all("To fix:" in problem for problem in result["problems"])
    assert site.api.mutating == []
