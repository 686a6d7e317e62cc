# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""The machine a module runs on: the only door to its files and programs.

Methods that begin with ``read``, ``is`` or are named :meth:`Machine.ask` change nothing; all others do. Tests put a
recording machine in its place and so prove that check mode only asks.
"""

from __future__ import annotations

import contextlib
import dataclasses
import http.client
import os
import shutil
import ssl
import subprocess
import typing as t
import zipfile

from .._core.errors import CommandFailed
from .._core.files import write_whole
from .hashing import sha256_of

#: Where programs of a bundle and of the operating system are; sudo and systemd leave parts of it out.
SEARCH_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
#: What this collection keeps on a machine.
STATE_FOLDER = "/var/lib/mothership-hcp"
CONFIG_FOLDER = "/etc/mothership-hcp"


@dataclasses.dataclass(frozen=True)
class Completed:
    """How a program ended."""

    code: int
    stdout: str
    stderr: str

    def last_lines(self, count: int = 12) -> str:
        """The end of what the program said, errors preferred: what a person needs to see."""
        text = self.stderr.strip() or self.stdout.strip()
        return "\n".join(text.splitlines()[-count:])


@dataclasses.dataclass(frozen=True)
class FileStat:
    """Enough to notice that a file is another one than before, without reading it."""

    size: int
    mtime_ns: int
    inode: int
    mode: int

    @property
    def identity(self) -> list[int]:
        return [self.size, self.mtime_ns, self.inode]


class Machine:
    """The real thing."""

    @property
    def host_name(self) -> str:
        return os.uname().nodename

    # -- asking ------------------------------------------------------------------------------------------------------

    def ask(self, argv: t.Sequence[str], *, timeout: float = 60, stdin: str | None = None) -> Completed:
        """Run a program that only reports; a program that is absent ends with code 127."""
        return _run(argv, timeout=timeout, stdin=stdin, environment=None)

    def ask_https(
        self, host: str, port: int, path: str, *, token: str, ca_certificate: str, timeout: float = 10
    ) -> int:
        """The status that ``GET`` of ``path`` ends with, asked with a bearer token of a server that the CA vouches for.

        :raises OSError: when there is no answer, or the server's certificate is another CA's.
        """
        context = ssl.create_default_context(cadata=ca_certificate or None)
        # Newer Pythons ask more of a certificate than Kubernetes does.
        context.verify_flags &= ~ssl.VERIFY_X509_STRICT
        connection = http.client.HTTPSConnection(host, port, timeout=timeout, context=context)
        try:
            connection.request("GET", path, headers={"Authorization": f"Bearer {token}"})
            return connection.getresponse().status
        except http.client.HTTPException as error:
            raise OSError(f"no HTTP answer: {error!r}") from error
        finally:
            connection.close()

    def read_text(self, path: str) -> str | None:
        """The file's text; ``None`` when there is no such file."""
        try:
            with open(path, encoding="utf-8", errors="replace") as file:
                return file.read()
        except (FileNotFoundError, NotADirectoryError):
            return None

    def read_stat(self, path: str) -> FileStat | None:
        try:
            found = os.stat(path)
        except (FileNotFoundError, NotADirectoryError):
            return None
        return FileStat(found.st_size, found.st_mtime_ns, found.st_ino, found.st_mode & 0o7777)

    def read_sha256(self, path: str) -> str:
        """SHA-256 of a file, in hex."""
        return sha256_of(path)

    def read_head(self, path: str, count: int) -> bytes:
        """The first bytes of a file; none when there is no such file."""
        try:
            with open(path, "rb") as file:
                return file.read(count)
        except (FileNotFoundError, NotADirectoryError):
            return b""

    def read_link(self, path: str) -> str | None:
        """Where a symbolic link points; ``None`` when there is no link."""
        try:
            return os.readlink(path)
        except OSError:
            return None

    def read_names(self, folder: str) -> list[str]:
        """Names in a folder, sorted; empty when there is no such folder."""
        try:
            return sorted(os.listdir(folder))
        except (FileNotFoundError, NotADirectoryError):
            return []

    def is_present(self, path: str) -> bool:
        return os.path.lexists(path)

    def is_mount_point(self, path: str) -> bool:
        return os.path.ismount(path)

    def is_zip_archive(self, path: str) -> bool:
        """Whether a file is, or ends with, a zip archive."""
        return zipfile.is_zipfile(path)

    def is_program(self, name: str) -> bool:
        """Whether a program of this name is on the search path."""
        return shutil.which(name, path=SEARCH_PATH) is not None

    def read_free_bytes(self, path: str) -> int:
        """Bytes that root may still write where ``path`` is, or will be."""
        while not os.path.exists(path):
            path = os.path.dirname(path)
        found = os.statvfs(path)
        return found.f_bfree * found.f_frsize

    # -- changing ----------------------------------------------------------------------------------------------------

    def execute(
        self,
        argv: t.Sequence[str],
        *,
        timeout: float = 60,
        stdin: str | None = None,
        environment: t.Mapping[str, str] | None = None,
        check: bool = True,
    ) -> Completed:
        """Run a program that changes the machine.

        :raises CommandFailed: when it ends with an error and ``check`` is true; with the end of what it said.
        """
        done = _run(argv, timeout=timeout, stdin=stdin, environment=environment)
        if check and done.code != 0:
            raise CommandFailed(f"'{' '.join(argv[:3])}' ended with code {done.code}:\n{done.last_lines()}")
        return done

    def write_text(self, path: str, text: str, mode: int = 0o644, folder_mode: int = 0o755) -> None:
        """Write the whole file or nothing; it never exists with wider permissions than ``mode``."""
        write_whole(path, text, mode=mode, folder_mode=folder_mode)

    def make_folder(self, path: str, mode: int = 0o755) -> None:
        os.makedirs(path, mode=mode, exist_ok=True)
        os.chmod(path, mode)

    def move_file(self, source: str, destination: str, mode: int) -> None:
        """Put ``source`` in the place of ``destination`` in one step, owned by the user who runs this."""
        os.makedirs(os.path.dirname(destination), exist_ok=True)
        staged = f"{destination}.mothership-new"
        shutil.move(source, staged)
        os.chown(staged, os.geteuid(), os.getegid())
        os.chmod(staged, mode)
        os.replace(staged, destination)

    def copy_file(self, source: str, destination: str, mode: int) -> None:
        """Put a copy of ``source`` in the place of ``destination`` in one step."""
        os.makedirs(os.path.dirname(destination), exist_ok=True)
        staged = f"{destination}.mothership-new"
        shutil.copyfile(source, staged)
        os.chmod(staged, mode)
        os.replace(staged, destination)

    def make_link(self, path: str, target: str) -> None:
        """Make ``path`` a symbolic link to ``target``, in one step."""
        os.makedirs(os.path.dirname(path), exist_ok=True)
        staged = f"{path}.mothership-new"
        self.remove(staged)
        os.symlink(target, staged)
        os.replace(staged, path)

    def remove(self, path: str) -> None:
        """Remove a file or a whole folder; nothing happens when it is absent."""
        if os.path.isdir(path) and not os.path.islink(path):
            shutil.rmtree(path)
            return
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)

    def empty_folder(self, path: str) -> None:
        """Remove all that is in a folder, and the folder too unless something is mounted there."""
        if not os.path.isdir(path) or os.path.islink(path):
            self.remove(path)
            return
        for name in os.listdir(path):
            if name != "lost+found":
                self.remove(os.path.join(path, name))
        if not os.path.ismount(path):
            os.rmdir(path)

    def remove_cgroup(self, path: str) -> None:
        """Remove a cgroup and those below it; the kernel refuses while one has processes."""
        for folder, _folders, _files in os.walk(path, topdown=False):
            with contextlib.suppress(OSError):
                os.rmdir(folder)


def _run(
    argv: t.Sequence[str],
    *,
    timeout: float,
    stdin: str | None,
    environment: t.Mapping[str, str] | None,
) -> Completed:
    variables = {**os.environ, "PATH": SEARCH_PATH, "LC_ALL": "C.UTF-8", **(environment or {})}
    # HOME may be the login user's: programs such as ctr and kubeadm must not leave root's files there.
    variables["HOME"] = "/root"
    program = shutil.which(argv[0], path=SEARCH_PATH)
    if program is None:
        return Completed(127, "", f"{argv[0]}: program not found")
    try:
        done = subprocess.run(
            [program, *argv[1:]],
            input=stdin,
            stdin=subprocess.DEVNULL if stdin is None else None,
            capture_output=True,
            timeout=timeout,
            env=variables,
            check=False,
            encoding="utf-8",
            errors="replace",
        )
    except subprocess.TimeoutExpired as expired:
        said = (
            expired.stderr.decode("utf-8", "replace") if isinstance(expired.stderr, bytes) else (expired.stderr or "")
        )
        return Completed(124, "", f"{said}\n{argv[0]} did not end within {timeout:.0f} seconds")
    return Completed(done.returncode, done.stdout, done.stderr)
