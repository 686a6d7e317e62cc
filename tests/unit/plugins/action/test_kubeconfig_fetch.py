# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import base64
import json
import pathlib

import pytest
from ansible.errors import AnsibleActionFail
from ansible_collections.mothership.hcp.plugins.action.kubeconfig_fetch import ActionModule

from .recorded import Recorded

SECRET = "client-key-data: a-private-key"
SLURP = "ansible.builtin.slurp"


def fetch(dest: pathlib.Path, content: str | None, *, check_mode: bool = False, server: str = "") -> Recorded:
    failed = {"failed": True, "msg": "file not found"}
    answer = failed if content is None else {"content": base64.b64encode(content.encode()).decode()}
    return Recorded(ActionModule, {"dest": str(dest), "server": server}, {SLURP: answer}, check_mode=check_mode)


def test_it_is_private_and_its_content_in_no_result_and_no_display(tmp_path: pathlib.Path) -> None:
    dest = tmp_path / "artifacts/mothership/kubeconfig"
    recorded = fetch(dest, SECRET)
    result = recorded.run()
    assert dest.read_text() == SECRET
    assert oct(dest.stat().st_mode & 0o777) == "0o600"
    assert oct(dest.parent.stat().st_mode & 0o777) == "0o700"
    assert recorded.modules[0][2], "the connection displays what it transports"
    assert recorded.action._play_context.no_log is not True, "the error of a later module would be hidden"
    for form in (SECRET, base64.b64encode(SECRET.encode()).decode()):
        assert form not in json.dumps(result)
    assert not fetch(dest, SECRET).run()["changed"]


def test_check_mode_writes_nothing(tmp_path: pathlib.Path) -> None:
    dest = tmp_path / "kubeconfig"
    planned = fetch(dest, SECRET, check_mode=True).run()
    assert planned["changed"]
    assert not dest.exists()
    assert fetch(dest, None, check_mode=True).run()["plan"] == planned["plan"]
    # The negative control: without check mode the file is written.
    assert fetch(dest, SECRET).run()["plan"] == planned["plan"]
    assert dest.exists()


def test_permissions_are_mended(tmp_path: pathlib.Path) -> None:
    dest = tmp_path / "kubeconfig"
    fetch(dest, SECRET).run()
    dest.chmod(0o644)
    assert fetch(dest, SECRET).run()["changed"]
    assert oct(dest.stat().st_mode & 0o777) == "0o600"


def test_another_server_and_every_other_byte_as_it_was(tmp_path: pathlib.Path) -> None:
    dest = tmp_path / "kubeconfig"
    text = "clusters:\n- cluster:\n    server: {}\n    certificate-authority-data: server:\n  name: local\n" + SECRET
    local = text.format("https://localhost:6443")
    assert fetch(dest, local, server="https://10.77.0.11:6443").run()["changed"]
    assert dest.read_text() == text.format("https://10.77.0.11:6443")
    assert not fetch(dest, local, server="https://10.77.0.11:6443").run()["changed"]
    with pytest.raises(AnsibleActionFail, match="names no server"):
        fetch(dest, SECRET, server="https://10.77.0.11:6443").run()
    assert fetch(dest, local).run()["changed"]


def test_an_absent_file_is_an_error(tmp_path: pathlib.Path) -> None:
    with pytest.raises(AnsibleActionFail, match="kubeadm_init"):
        fetch(tmp_path / "kubeconfig", None).run()
