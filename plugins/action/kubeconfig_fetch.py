# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Copies a kubeconfig from a machine to the controller; its content is never in results or displays."""

from __future__ import annotations

import base64
import os
import re
import typing as t

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible_collections.mothership.hcp.plugins.module_utils._core.errors import HcpError, InvalidInput
from ansible_collections.mothership.hcp.plugins.module_utils._core.files import write_whole
from ansible_collections.mothership.hcp.plugins.module_utils._core.plan import Change, Plan
from ansible_collections.mothership.hcp.plugins.module_utils._core.redact import fingerprint
from ansible_collections.mothership.hcp.plugins.plugin_utils._undisplayed import undisplayed


def argument_spec() -> dict[str, t.Any]:
    """The options that the module of the same name documents."""
    return {
        "src": {"type": "str", "default": "/etc/kubernetes/admin.conf"},
        "dest": {"type": "path", "required": True},
        "server": {"type": "str", "default": ""},
    }


class ActionModule(ActionBase):
    """Reads on the machine, compares and writes on the controller."""

    def run(self, tmp: t.Any = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        result = super().run(tmp, task_vars)
        del tmp
        _validation, options = self.validate_argument_spec(argument_spec=argument_spec())
        destination = os.path.abspath(os.path.expanduser(options["dest"]))
        try:
            content = self._read(options["src"], task_vars or {})
            if content is not None and options["server"]:
                content = with_server(content, options["server"])
            plan = plan_fetch(destination, content)
            if plan and content is not None and not self._task.check_mode:
                write_private(destination, content)
        except HcpError as error:
            raise AnsibleActionFail(str(error), result=result) from error
        result.update(plan.result(dest=destination))
        return result

    def _read(self, path: str, task_vars: dict[str, t.Any]) -> bytes | None:
        """The file's content; ``None`` when it is absent in check mode: an earlier task would have made it."""
        with undisplayed(self):
            read = self._execute_module(
                module_name="ansible.builtin.slurp", module_args={"src": path}, task_vars=task_vars
            )
        if not read.get("failed"):
            return base64.b64decode(read["content"])
        if self._task.check_mode:
            return None
        raise InvalidInput(
            f"cannot be read: {read.get('msg', 'unknown reason')}",
            where=path,
            remedy="run mothership.hcp.kubeadm_init or mothership.hcp.k0s_controller on this machine first",
        )


def with_server(content: bytes, server: str) -> bytes:
    """The kubeconfig with another server; every other byte stays.

    :raises InvalidInput: when it names no server.
    """
    changed, count = re.subn(
        rb"(?m)^(\s*(?:- )?server:[ \t]*)\S+[ \t]*$", lambda found: found[1] + server.encode(), content
    )
    if not count:
        raise InvalidInput(
            "the kubeconfig names no server", where="server", remedy="leave option server out, or name another src"
        )
    return changed


def plan_fetch(destination: str, content: bytes | None) -> Plan:
    """What differs between the file on the controller and ``content``; content that is not known yet always does."""
    plan = Plan()
    try:
        with open(destination, "rb") as file:
            current: bytes | None = file.read()
    except OSError:
        current = None
    if current is None:
        plan.add(
            Change("create", destination, None, fingerprint(content) if content is not None else "made in this run")
        )
    elif content is None:
        plan.add(Change("update", destination, fingerprint(current), "made in this run"))
    elif current != content:
        plan.add(Change("update", destination, fingerprint(current), fingerprint(content)))
    elif os.stat(destination).st_mode & 0o777 != 0o600:
        plan.add(Change("update", destination, f"mode {os.stat(destination).st_mode & 0o777:04o}", "mode 0600"))
    return plan


def write_private(destination: str, content: bytes) -> None:
    """Write the whole file or nothing, readable by its owner only.

    :raises InvalidInput: when the folder cannot be written.
    """
    try:
        write_whole(destination, content, folder_mode=0o700)
    except OSError as error:
        raise InvalidInput(
            f"the kubeconfig cannot be written: {error.strerror}",
            where=destination,
            remedy="set mothership_artifacts to a folder on the controller that you may write",
        ) from error
