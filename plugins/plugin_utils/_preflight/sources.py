# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this plugin util is **PRIVATE** to the collection. It can have breaking changes at any time.
"""Where a variable is written: file and line, for messages that point at what to change.

Variables reach a plugin as values; their files are read again with a parser that keeps lines.
"""

from __future__ import annotations

import os
import pathlib
import typing as t

import yaml

#: The path to a value: variable name, then keys and list positions: ``("hosted_clusters", 0, "pod_cidr")``.
ValuePath = tuple[t.Union[str, int], ...]

_EXTENSIONS = ("", ".yml", ".yaml", ".json")
_VARIABLE_FOLDERS = ("group_vars", "host_vars")


class Sources:
    """Finds variables in inventory files and in the ``group_vars`` and ``host_vars`` beside them.

    :param inventories: inventory files or folders, as given with ``-i``.
    :param shown_from: paths are shown relative to this folder when they are below it.
    :param extra: names of the variables given with ``-e``: these win over every file, so no file is to blame.
    """

    def __init__(
        self, inventories: t.Iterable[str], *, shown_from: str | None = None, extra: t.Iterable[str] = ()
    ) -> None:
        self._extra = frozenset(extra)
        self._shown_from = pathlib.Path(shown_from or os.getcwd())
        self._files = list(_variable_files([pathlib.Path(entry) for entry in inventories if entry]))
        self._inventories = [pathlib.Path(entry) for entry in inventories if entry and pathlib.Path(entry).is_file()]
        self._mappings: list[tuple[pathlib.Path, yaml.MappingNode]] | None = None

    def locate(self, path: ValuePath) -> str | None:
        """``file:line`` of the value at ``path``, or of the nearest thing above it; ``None`` when no file has it.

        A variable of the command line is at ``-e``.
        """
        if path and path[0] in self._extra:
            return "-e"
        for file, mapping in self._parsed():
            line = _line_of(mapping, path)
            if line is not None:
                return f"{self._shown(file)}:{line}"
        return None

    def _parsed(self) -> list[tuple[pathlib.Path, yaml.MappingNode]]:
        if self._mappings is None:
            self._mappings = []
            for file in self._files:
                self._mappings += [(file, node) for node in _mappings_of(file) if isinstance(node, yaml.MappingNode)]
            for file in self._inventories:
                for root in _mappings_of(file):
                    self._mappings += [(file, node) for node in _inventory_variables(root)]
        return self._mappings

    def _shown(self, file: pathlib.Path) -> str:
        try:
            return str(file.resolve().relative_to(self._shown_from.resolve()))
        except ValueError:
            return str(file)


def _variable_files(inventories: list[pathlib.Path]) -> t.Iterator[pathlib.Path]:
    """Of each group or host, the file that Ansible reads last comes first: its values win."""
    for inventory in inventories:
        parent = inventory if inventory.is_dir() else inventory.parent
        for folder in _VARIABLE_FOLDERS:
            scopes: dict[str, list[pathlib.Path]] = {}
            for root, _folders, names in sorted(os.walk(parent / folder)):
                for name in sorted(names):
                    file = pathlib.Path(root, name)
                    if file.suffix in _EXTENSIONS and not name.startswith("."):
                        parts = file.relative_to(parent / folder).parts
                        scopes.setdefault(parts[0] if parts[1:] else file.stem, []).append(file)
            for files in scopes.values():
                yield from reversed(files)


def _mappings_of(file: pathlib.Path) -> list[yaml.Node]:
    """Documents of a YAML file as nodes; nothing when it is no YAML (a vault file, an INI inventory)."""
    try:
        with file.open(encoding="utf-8") as stream:
            return [node for node in yaml.compose_all(stream, Loader=yaml.SafeLoader) if node is not None]
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        return []


def _inventory_variables(node: yaml.Node) -> t.Iterator[yaml.MappingNode]:
    """The ``vars`` mappings and the hosts' own mappings of a YAML inventory, from every depth."""
    if not isinstance(node, yaml.MappingNode):
        return
    for key, value in node.value:
        if not isinstance(value, yaml.MappingNode):
            continue
        if key.value == "vars":
            yield value
        elif key.value == "hosts":
            yield from (entry for _name, entry in value.value if isinstance(entry, yaml.MappingNode))
        else:
            yield from _inventory_variables(value)


def _line_of(mapping: yaml.MappingNode, path: ValuePath) -> int | None:
    """Line of the deepest part of ``path`` that the mapping has; ``None`` when it lacks the variable itself."""
    node: yaml.Node = mapping
    line: int | None = None
    for step in path:
        child = _child(node, step)
        if child is None:
            return line
        line, node = child
    return line


def _child(node: yaml.Node, step: str | int) -> tuple[int, yaml.Node] | None:
    if isinstance(step, int):
        if isinstance(node, yaml.SequenceNode) and step < len(node.value):
            return node.value[step].start_mark.line + 1, node.value[step]
        return None
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == step:
                return key.start_mark.line + 1, value
    return None
