# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""The machine's half of installing files of a bundle: say what is missing, then check and install what came."""

from __future__ import annotations

import dataclasses
import json
import os
import typing as t

from .._core.errors import CommandFailed, InvalidInput
from .._core.plan import Change, Plan
from .facts import architecture
from .machine import STATE_FOLDER, Machine
from .packages import Package, install_packages, installed_packages, is_satisfied

INDEX = f"{STATE_FOLDER}/bundle-index.json"
INCOMING = f"{STATE_FOLDER}/incoming"


@dataclasses.dataclass(frozen=True)
class WantedFile:
    """A file that must be on this machine.

    :param path: within the bundle; its name in the folder of what came.
    :param destination: where it belongs.
    """

    path: str
    kind: str
    destination: str
    size: int
    sha256: str
    mode: int

    @property
    def staged_name(self) -> str:
        return self.path.replace("/", "_")


def wanted_files(entries: t.Iterable[t.Mapping[str, t.Any]]) -> list[WantedFile]:
    """From plain data, as it comes from the controller."""
    names = [field.name for field in dataclasses.fields(WantedFile)]
    return [WantedFile(**{name: entry[name] for name in names}) for entry in entries]


def answer(machine: Machine, request: t.Mapping[str, t.Any], *, check_mode: bool) -> dict[str, t.Any]:
    """Do what the action plugin asks for: ``operation`` is ``inspect`` or ``apply``, ``files`` as :func:`wanted_files`.

    :raises InvalidInput: when no action plugin asked.
    """
    if request.get("operation") not in ("inspect", "apply"):
        raise InvalidInput(
            "this module only works together with the action plugin of the same name",
            where="mothership.hcp.bundle_install",
            remedy="use it as a task of a playbook, not as a module of another action",
        )
    wanted = wanted_files(request["files"])
    if request["operation"] == "apply":
        return apply(machine, wanted)
    return inspect(machine, wanted, str(request["architecture"]), str(request["upload_user"]), check_mode=check_mode)


def inspect(
    machine: Machine, wanted: t.Sequence[WantedFile], bundle_architecture: str, upload_user: str, *, check_mode: bool
) -> dict[str, t.Any]:
    """What differs, and (unless in check mode) a folder into which ``upload_user`` can put what is missing.

    :returns: a plan's result with ``missing`` (paths within the bundle) and ``incoming`` (folder).
    :raises InvalidInput: when the bundle is for another architecture or the disk is too small.
    """
    if bundle_architecture != architecture():
        raise InvalidInput(
            f"the bundle is for architecture {bundle_architecture}, this machine has {architecture()}",
            where="mothership_bundle",
            remedy=f"give a bundle for {architecture()}",
        )
    index = _Index(machine)
    installed = installed_packages(machine) if any(file.kind == "package" for file in wanted) else {}
    plan, missing = Plan(), []
    for file in wanted:
        change = (
            _package_change(machine, file, installed) if file.kind == "package" else _file_change(machine, file, index)
        )
        if change is not None:
            plan.add(change)
            missing.append(file)
    _check_space(machine, missing)
    if not check_mode:
        index.save()
        if missing:
            _make_incoming(machine, upload_user)
    return plan.result(missing=[file.path for file in missing], incoming=INCOMING)


def apply(machine: Machine, wanted: t.Sequence[WantedFile]) -> dict[str, t.Any]:
    """Check the SHA-256 of everything that came, then install it. ``wanted`` are the files that were missing.

    :raises InvalidInput: when a file did not arrive as it was sent; nothing is installed then.
    """
    for file in wanted:
        actual = machine.read_sha256(f"{INCOMING}/{file.staged_name}")
        if actual != file.sha256:
            raise InvalidInput(
                f"{file.path} arrived with SHA-256 {actual}, sent was {file.sha256}; nothing was installed",
                remedy="run again; if it happens again, look for a full or failing disk on this machine",
            )
    index, packages = _Index(machine), []
    try:
        for file in wanted:
            machine.move_file(f"{INCOMING}/{file.staged_name}", file.destination, file.mode)
            if file.kind == "package":
                packages.append(file.destination)
            else:
                index.note(file)
    finally:
        index.save()
    if packages:
        install_packages(machine, packages)
    machine.remove(INCOMING)
    return {"changed": bool(wanted)}


def _file_change(machine: Machine, file: WantedFile, index: _Index) -> Change | None:
    current = index.sha256(file.destination, file.size)
    found = machine.read_stat(file.destination)
    if current == file.sha256 and found is not None and found.mode == file.mode:
        return None
    after = f"sha256:{file.sha256[:12]}, {file.size} bytes"
    if found is None:
        return Change("create", file.destination, None, after)
    return Change("update", file.destination, f"sha256:{current[:12]}" if current else f"{found.size} bytes", after)


def _package_change(machine: Machine, file: WantedFile, installed: t.Mapping[str, str]) -> Change | None:
    package = Package.from_file_name(os.path.basename(file.path))
    if is_satisfied(machine, package, installed):
        return None
    before = installed.get(package.name)
    return Change("update" if before else "create", f"package {package.name}", before, package.version)


def _check_space(machine: Machine, missing: t.Sequence[WantedFile]) -> None:
    """Everything arrives in one folder first; what has its place on another disk needs room there too."""
    needed: dict[str, int] = {STATE_FOLDER: sum(file.size for file in missing)}
    for file in missing:
        folder = os.path.dirname(file.destination)
        if not folder.startswith(STATE_FOLDER):
            needed[folder] = needed.get(folder, 0) + file.size
    for folder, size in needed.items():
        free = machine.read_free_bytes(folder)
        if size > free:
            raise InvalidInput(
                f"not enough room in {folder}: {size} bytes are needed, {free} are free",
                where=machine.host_name,
                remedy="free disk space on this machine, or give it a larger disk",
            )


def _make_incoming(machine: Machine, upload_user: str) -> None:
    """An empty folder that only root and the user who sends the files can enter."""
    machine.remove(INCOMING)
    machine.make_folder(STATE_FOLDER, 0o755)
    machine.make_folder(INCOMING, 0o700)
    if upload_user not in ("", "root"):
        done = machine.execute(["chown", upload_user, INCOMING], check=False)
        if done.code != 0:
            raise CommandFailed(f"user {upload_user} cannot be given {INCOMING}: {done.last_lines(1)}")


class _Index:
    """What was installed, so that an unchanged file is not read again."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self._changed = False
        try:
            known = json.loads(machine.read_text(INDEX) or "{}")
        except ValueError:
            known = {}
        self._known: dict[str, dict[str, t.Any]] = known if isinstance(known, dict) else {}

    def sha256(self, path: str, wanted_size: int) -> str | None:
        """The file's SHA-256; ``None`` when there is none, or none of the wanted size."""
        found = self._machine.read_stat(path)
        if found is None or found.size != wanted_size:
            return None
        entry = self._known.get(path)
        if entry and entry.get("identity") == found.identity:
            return str(entry["sha256"])
        return self._put(path, found.identity, self._machine.read_sha256(path))

    def note(self, file: WantedFile) -> None:
        found = self._machine.read_stat(file.destination)
        if found is not None:
            self._put(file.destination, found.identity, file.sha256)

    def _put(self, path: str, identity: list[int], sha256: str) -> str:
        self._known[path] = {"identity": identity, "sha256": sha256}
        self._changed = True
        return sha256

    def save(self) -> None:
        if self._changed:
            self._machine.write_text(INDEX, json.dumps(self._known, indent=1, sort_keys=True) + "\n")
            self._changed = False
