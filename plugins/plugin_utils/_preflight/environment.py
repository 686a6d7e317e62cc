# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this plugin util is **PRIVATE** to the collection. It can have breaking changes at any time.
"""The controller itself: Ansible's version, Python libraries, copies of this collection."""

from __future__ import annotations

import importlib.util
import os
import pathlib
import typing as t

from ansible_collections.mothership.hcp.plugins.module_utils._core.errors import HcpError

MINIMUM_ANSIBLE = (2, 19)
#: import name -> name to install.
LIBRARIES = {"kubernetes": "kubernetes", "cryptography": "cryptography", "yaml": "PyYAML"}
VELERO_LIBRARIES = {"boto3": "boto3"}
_COLLECTION = pathlib.PurePath("ansible_collections", "mothership", "hcp")


def ansible_problems(version: str) -> list[HcpError]:
    """:param version: such as ``2.19.14`` or ``2.21.0rc1``."""
    parts = tuple(int(part) for part in version.split(".")[:2] if part.isdigit())
    if parts >= MINIMUM_ANSIBLE:
        return []
    wanted = ".".join(map(str, MINIMUM_ANSIBLE))
    return [
        HcpError(
            f"ansible-core {version} is too old",
            where="controller",
            remedy=f"install ansible-core {wanted} or newer (Python 3.11 takes 2.19)",
        )
    ]


def library_problems(
    python: str, libraries: t.Mapping[str, str], find: t.Callable[[str], object] = importlib.util.find_spec
) -> list[HcpError]:
    """Libraries that the Python that runs Ansible lacks."""
    missing = [package for module, package in libraries.items() if find(module) is None]
    if not missing:
        return []
    return [
        HcpError(
            f"{python} lacks the Python libraries {', '.join(missing)}",
            where="controller",
            remedy=f"{python} -m pip install {' '.join(missing)}",
        )
    ]


def collection_copies(paths: t.Iterable[str]) -> list[str]:
    """Different folders in which Ansible finds this collection, the one that is used first."""
    found = [os.path.realpath(pathlib.Path(path) / _COLLECTION) for path in _folders(paths)]
    return list(dict.fromkeys(folder for folder in found if os.path.isdir(os.path.join(folder, "plugins"))))


def copy_problems(copies: t.Sequence[str]) -> list[HcpError]:
    """More than one copy: which of them runs depends on the folder that one stands in."""
    if len(copies) < 2:
        return []
    return [
        HcpError(
            f"there are {len(copies)} copies of collection mothership.hcp: {', '.join(copies)} (the first one runs)",
            where="controller",
            remedy="remove all but one, or set collections_path in ansible.cfg to the folder of the one that is meant",
        )
    ]


def _folders(paths: t.Iterable[str]) -> t.Iterator[str]:
    """A search path may be written with or without its last part, ``ansible_collections``."""
    for path in paths:
        yield os.path.dirname(path) if os.path.basename(path.rstrip("/")) == "ansible_collections" else path
