# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A machine in memory that notes every call which would change a real one."""

from __future__ import annotations

import dataclasses
import hashlib
import os
import typing as t

from ansible_collections.mothership.hcp.plugins.module_utils._core.errors import CommandFailed
from ansible_collections.mothership.hcp.plugins.module_utils._host.machine import Completed, FileStat, Machine

Answer = t.Union[str, Completed, t.Callable[[t.Sequence[str]], Completed]]


@dataclasses.dataclass
class _File:
    text: str
    mode: int
    inode: int


class FakeMachine(Machine):
    """Files in a dictionary and programs with prepared answers.

    :ivar mutations: what was changed, in order: ``run kubeadm init …``, ``write /etc/x``, ``remove /etc/x``.
    """

    host_name = "fake"

    def __init__(self, *, programs: t.Iterable[str] = (), free_bytes: int = 10**12) -> None:
        self.mutations: list[str] = []
        self.asked: list[str] = []
        self.files: dict[str, _File] = {}
        self.written: dict[str, str] = {}
        self.programs = set(programs)
        self.mount_points: set[str] = set()
        self.free_bytes = free_bytes
        self.links: dict[str, str] = {}
        self.said_to: dict[str, str] = {}
        self.https_answers: list[int | OSError] = [200]
        self._answers: list[tuple[str, Answer]] = []
        self._effects: list[tuple[str, t.Callable[[], object]]] = []
        self._inodes = 0

    # -- preparing -----------------------------------------------------------------------------------------------------

    def put(self, path: str, text: str = "", mode: int = 0o644) -> None:
        """A file that is there."""
        self._inodes += 1
        self.files[path] = _File(text, mode, self._inodes)

    def answer(self, start: str, answer: Answer) -> None:
        """What a command line that begins with ``start`` says; the newest preparation counts."""
        self._answers.insert(0, (start, answer))

    def effect(self, start: str, effect: t.Callable[[], object]) -> None:
        """What happens to the machine when such a command is executed."""
        self._effects.insert(0, (start, effect))

    # -- asking --------------------------------------------------------------------------------------------------------

    def ask(self, argv: t.Sequence[str], *, timeout: float = 60, stdin: str | None = None) -> Completed:
        self.asked.append(" ".join(argv))
        self.said_to[" ".join(argv)] = stdin or ""
        return self._say(argv, Completed(1, "", "nothing prepared"))

    def ask_https(
        self, host: str, port: int, path: str, *, token: str, ca_certificate: str, timeout: float = 10
    ) -> int:
        self.asked.append(f"https://{host}:{port}{path}")
        answer = self.https_answers.pop(0) if len(self.https_answers) > 1 else self.https_answers[0]
        if isinstance(answer, OSError):
            raise answer
        return answer

    def read_text(self, path: str) -> str | None:
        return self.files[path].text if path in self.files else None

    def read_stat(self, path: str) -> FileStat | None:
        file = self.files.get(path)
        return FileStat(len(file.text), 1, file.inode, file.mode) if file else None

    def read_sha256(self, path: str) -> str:
        self.asked.append(f"sha256 {path}")
        return hashlib.sha256(self.files[path].text.encode()).hexdigest()

    def read_head(self, path: str, count: int) -> bytes:
        return self.files[path].text.encode("latin-1")[:count] if path in self.files else b""

    def read_link(self, path: str) -> str | None:
        return self.links.get(path)

    def is_zip_archive(self, path: str) -> bool:
        return path in self.files and "PK" in self.files[path].text

    def read_names(self, folder: str) -> list[str]:
        prefix = folder.rstrip("/") + "/"
        paths = [*self.files, *self.links]
        return sorted({path[len(prefix) :].split("/")[0] for path in paths if path.startswith(prefix)})

    def is_present(self, path: str) -> bool:
        return path in self.files or path in self.links or bool(self.read_names(path)) or path in self.mount_points

    def is_mount_point(self, path: str) -> bool:
        return path in self.mount_points

    def is_program(self, name: str) -> bool:
        return name in self.programs

    def read_free_bytes(self, path: str) -> int:
        return self.free_bytes

    # -- changing ------------------------------------------------------------------------------------------------------

    def execute(
        self,
        argv: t.Sequence[str],
        *,
        timeout: float = 60,
        stdin: str | None = None,
        environment: t.Mapping[str, str] | None = None,
        check: bool = True,
    ) -> Completed:
        line = " ".join(argv)
        self.mutations.append(f"run {line}")
        done = self._say(argv, Completed(0, "", ""))
        for start, effect in self._effects:
            if line.startswith(start):
                effect()
                break
        if check and done.code != 0:
            raise CommandFailed(f"{line} ended with code {done.code}")
        return done

    def write_text(self, path: str, text: str, mode: int = 0o644, folder_mode: int = 0o755) -> None:
        self.mutations.append(f"write {path}")
        self.written[path] = text
        self.put(path, text, mode)

    def make_folder(self, path: str, mode: int = 0o755) -> None:
        self.mutations.append(f"folder {path}")

    def move_file(self, source: str, destination: str, mode: int) -> None:
        self.mutations.append(f"move {destination}")
        self.put(destination, self.files.pop(source).text, mode)

    def copy_file(self, source: str, destination: str, mode: int) -> None:
        self.mutations.append(f"copy {destination}")
        self.put(destination, self.files[source].text, mode)

    def make_link(self, path: str, target: str) -> None:
        self.mutations.append(f"link {path}")
        self.links[path] = target

    def remove(self, path: str) -> None:
        self.mutations.append(f"remove {path}")
        for name in [name for name in self.links if name == path or name.startswith(f"{path}/")]:
            del self.links[name]
        for name in [name for name in self.files if name == path or name.startswith(f"{path}/")]:
            del self.files[name]

    def empty_folder(self, path: str) -> None:
        self.remove(path)

    def remove_cgroup(self, path: str) -> None:
        self.remove(path)

    def _say(self, argv: t.Sequence[str], otherwise: Completed) -> Completed:
        line = " ".join(argv)
        for start, answer in self._answers:
            if line.startswith(start):
                if callable(answer):
                    return answer(argv)
                return Completed(0, answer, "") if isinstance(answer, str) else answer
        return otherwise

    def names(self) -> list[str]:
        """Base names of all files, for short comparisons."""
        return sorted(os.path.basename(path) for path in self.files)
