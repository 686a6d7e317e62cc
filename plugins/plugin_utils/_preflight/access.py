# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this plugin util is **PRIVATE** to the collection. It can have breaking changes at any time.
"""Machines that could not be asked: what Ansible says, in words that name the cause."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.mothership.hcp.plugins.module_utils._core.errors import HcpError, Unreachable

#: What Ansible's or ssh's message contains -> what is wrong, what to do. {host}, {address} and {place} are filled in.
_CAUSES: tuple[tuple[str, str, str], ...] = (
    (
        r"REMOTE HOST IDENTIFICATION HAS CHANGED",
        "the host key of {address} differs from known_hosts{place}",
        "if the machine was installed anew, compare 'ssh-keyscan {address}' with /etc/ssh/ssh_host_*_key.pub on its"
        " console and replace the line; otherwise another machine answers at this address",
    ),
    (
        r"Host key verification failed|No \S+ host key is known|authenticity of host",
        "the host key of {address} is not in known_hosts",
        "compare 'ssh-keyscan {address}' with /etc/ssh/ssh_host_*_key.pub on the machine's console, then add it",
    ),
    (
        r"Permission denied",
        "{address} refuses the SSH login",
        "check ansible_user and ansible_ssh_private_key_file, and the user's authorized_keys on the machine",
    ),
    (
        r"Could not resolve hostname|Name or service not known",
        "the name {address} cannot be resolved",
        "set ansible_host to the machine's address",
    ),
    (
        r"Connection refused",
        "{address} refuses SSH connections",
        "start the SSH server on the machine, or set ansible_port",
    ),
    (
        r"timed out|No route to host|Network is unreachable|Timeout",
        "{address} cannot be reached",
        "switch the machine on, check ansible_host and the network between it and this controller",
    ),
    (
        r"[Mm]issing sudo password|a password is required|Incorrect sudo password|not allowed to execute|sudoers",
        "privilege escalation on {host} failed",
        "let the user become root: passwordless sudo, or ansible_become_password from a vault",
    ),
    (
        r"interpreter .*not found|No such file or directory.*python|python.*(not found|No such file)",
        "{host} has no Python",
        "install Python 3.9 or newer on it and set ansible_python_interpreter",
    ),
)

#: ssh names the file and the line of the key that does not fit.
_OFFENDING = re.compile(r"Offending \S+ key in (\S+)")


def access_problem(host: str, address: str, result: t.Mapping[str, t.Any]) -> HcpError | None:
    """The problem that a machine's ``machine_facts`` result shows; ``None`` when the machine answered.

    :param result: the registered result; ``unreachable`` or ``failed`` tell that it went wrong.
    """
    if not (result.get("unreachable") or result.get("failed")):
        return None
    said = "\n".join(str(result.get(key) or "") for key in ("msg", "module_stderr", "module_stdout"))
    for pattern, message, remedy in _CAUSES:
        if re.search(pattern, said):
            offending = _OFFENDING.search(said)
            place = f" ({offending[1]})" if offending else ""
            names = {"host": host, "address": address, "place": place}
            return Unreachable(message.format(**names), where=f"machine {host}", remedy=remedy.format(**names))
    shown = next((line for line in said.strip().splitlines()[::-1] if line.strip()), "no message")
    return Unreachable(
        f"cannot be examined: {shown}", where=f"machine {host}", remedy=f"try 'ansible {host} -m ping -b'"
    )
