# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A machine in memory with a staged k0s binary, whose systemd and k0s do what the modules ask."""

from __future__ import annotations

import platform
import typing as t

from ansible_collections.mothership.hcp.plugins.module_utils._host import k0s_binary, k0s_service
from ansible_collections.mothership.hcp.plugins.module_utils._host.machine import Completed

from .fake_machine import FakeMachine

VERSION = "1.36.3+k0s.2"
_NUMBERS = {"x86_64": 0x3E, "aarch64": 0xB7, "armv7l": 0x28, "riscv64": 0xF3}
NUMBER = _NUMBERS[platform.machine()]


def binary(version: str = VERSION, *, number: int = NUMBER, payload: bool = False) -> str:
    """Something with an ELF head; the rest tells one version from the other."""
    return "\x7fELF" + "\0" * 14 + chr(number) + "\0" + version + ("PK" if payload else "")


class K0sMachine(FakeMachine):
    """``systemctl`` and ``k0s install`` change what the next question finds."""

    def __init__(self, *, version: str = VERSION, payload: bool = False) -> None:
        super().__init__(programs=["iptables", "mount", "ip", "modprobe", "runc"])
        self.services: dict[str, dict[str, bool]] = {}
        self.restarts = 0
        self.stage(version, payload=payload)
        self.answer("systemctl", self._systemctl)
        self.answer("systemctl show", self._show)
        self.answer(f"{k0s_binary.STAGED} version", lambda _argv: self._version(k0s_binary.STAGED))
        self.answer(f"{k0s_binary.INSTALLED} version", lambda _argv: self._version(k0s_binary.INSTALLED))
        self.answer(f"{k0s_binary.STAGED} config validate", "")
        self.answer(f"{k0s_binary.INSTALLED} install", self._install)

    def stage(self, version: str, *, payload: bool = False) -> None:
        self.put(k0s_binary.STAGED, binary(version, payload=payload), 0o755)

    def starts(self, role: str, effect: t.Callable[[], object]) -> None:
        """What happens when the service starts."""
        self.effect(f"systemctl start k0s{role}", effect)
        self.effect(f"systemctl restart k0s{role}", effect)

    def lines(self, start: str) -> list[str]:
        return [line for line in self.mutations if line.startswith(f"run {start}")]

    def _version(self, path: str) -> Completed:
        text = self.files[path].text[20:].replace("PK", "")
        return Completed(0, f"v{text}\n", "")

    def _show(self, argv: t.Sequence[str]) -> Completed:
        state = self.services.get(argv[2], {})
        lines = [
            f"LoadState={'loaded' if state else 'not-found'}",
            f"ActiveState={'active' if state.get('active') else 'inactive'}",
            f"UnitFileState={'enabled' if state.get('enabled') else ''}",
            f"NRestarts={self.restarts}",
        ]
        if "--value" in argv:
            lines = [lines[1].split("=")[1]]
        return Completed(0, "\n".join(lines) + "\n", "")

    def _systemctl(self, argv: t.Sequence[str]) -> Completed:
        state = self.services.setdefault(argv[-1], {}) if argv[-1].endswith(".service") else {}
        if argv[1] in ("start", "restart"):
            state["active"] = True
        if argv[1] == "stop" or "--now" in argv:
            state["active"] = False
        if argv[1] == "enable":
            state["enabled"] = True
        if argv[1] == "disable":
            state["enabled"] = False
        return Completed(0, "", "")

    def _install(self, argv: t.Sequence[str]) -> Completed:
        path = k0s_service.unit_path(argv[2])
        if self.is_present(path) and "--force" not in argv:
            return Completed(1, "", f"Error: Init already exists: {path}")
        self.put(path, "ExecStart=" + " ".join([k0s_binary.INSTALLED, *argv[2:]]))
        self.services.setdefault(f"k0s{argv[2]}.service", {})["enabled"] = True
        return Completed(0, "", "")
