# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this plugin util is **PRIVATE** to the collection. It can have breaking changes at any time.
"""Variables against the roles' argument specifications: unknown names, missing ones, values of the wrong type."""

from __future__ import annotations

import dataclasses
import difflib
import pathlib
import re
import typing as t

import yaml
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.mothership.hcp.plugins.module_utils._core.errors import InvalidInput
from ansible_collections.mothership.hcp.plugins.plugin_utils._preflight.sources import Sources

#: A variable that begins so belongs to this collection.
PREFIXES = (
    "mothership_",
    "hosted_",
    "kubernetes_node_",
    "postgresql_",
    "worker_",
    "velero_",
    "bundle_",
    "k0s_node_",
    "load_balancer_",
)

#: Variables that only playbooks and action plugins read.
SITE_OPTIONS: dict[str, dict[str, t.Any]] = {
    "mothership_confirm": {"type": "str"},
    "mothership_progress": {"type": "bool"},
    "mothership_status_strict": {"type": "bool"},
    "mothership_artifacts": {"type": "path"},
    "mothership_bundle": {"type": "path", "required": True},
    "mothership_latency_write_warning": {"type": "float"},
    "mothership_latency_write_limit": {"type": "float"},
    "mothership_latency_disk_warning": {"type": "float"},
    "mothership_latency_disk_limit": {"type": "float"},
}

_QUOTED = re.compile(r"['\"]([a-z_0-9]+)['\"]")


@dataclasses.dataclass(frozen=True)
class Specifications:
    """What the roles say about their variables.

    :param roles: role name -> variable name -> option, as in ``meta/argument_specs.yml`` (entry point ``main``).
    """

    roles: t.Mapping[str, t.Mapping[str, t.Mapping[str, t.Any]]]

    @classmethod
    def read(cls, collection: pathlib.Path) -> Specifications:
        """Read ``roles/*/meta/argument_specs.yml`` of the collection in folder ``collection``."""
        roles = {}
        for file in sorted(collection.glob("roles/*/meta/argument_specs.yml")):
            content = yaml.safe_load(file.read_text(encoding="utf-8")) or {}
            options: dict[str, t.Mapping[str, t.Any]] = {}
            for entry_point in (content.get("argument_specs") or {}).values():
                options.update(entry_point.get("options") or {})
            roles[file.parent.parent.name] = options
        return cls(roles)

    @property
    def names(self) -> set[str]:
        return {name for options in self.roles.values() for name in options} | set(SITE_OPTIONS)

    def default(self, name: str) -> t.Any:
        """The default that a role documents for a variable; ``None`` without one."""
        for options in self.roles.values():
            if name in options and options[name].get("default") is not None:
                return options[name]["default"]
        return None


def unknown_names(names: t.Iterable[str], known: set[str], sources: Sources) -> list[InvalidInput]:
    """One problem a variable that begins like ours and that nothing reads.

    A name that a user's own variables refer to may be anything; only names with our prefixes are judged.
    """
    problems = []
    for name in sorted(set(names) - known):
        if not name.startswith(PREFIXES):
            near = _near_miss(name, known)
            if near is None:
                continue
            problems.append(_unknown(name, f"unknown variable, did you mean {near}?", None, sources))
            continue
        matches = difflib.get_close_matches(name, known, n=1, cutoff=0.75)
        if matches:
            problems.append(_unknown(name, f"unknown variable, did you mean {matches[0]}?", None, sources))
        else:
            remedy = "remove it; `ansible-doc -t role -l mothership.hcp` lists the roles whose variables exist"
            problems.append(_unknown(name, "unknown variable", remedy, sources))
    return problems


def _near_miss(name: str, known: set[str]) -> str | None:
    """A known name that differs from ``name`` by little more than a letter, such as ``hostd_clusters``."""
    if name.startswith(("ansible_", "__")) or "_" not in name:
        return None
    matches = difflib.get_close_matches(name, known, n=1, cutoff=0.92)
    return matches[0] if matches else None


def _unknown(name: str, message: str, remedy: str | None, sources: Sources) -> InvalidInput:
    return InvalidInput(message, where=place(name, (name,), sources), remedy=remedy)


def place(shown: str, path: tuple[str | int, ...], sources: Sources) -> str:
    """``file:line  name`` when the file is known, else the name alone."""
    line = sources.locate(path)
    return shown if line is None else f"{line}  {shown}"


def wrong_values(
    options: t.Mapping[str, t.Mapping[str, t.Any]], values: t.Mapping[str, t.Any], sources: Sources
) -> list[InvalidInput]:
    """Check ``values`` (those that are set) as the role's own validation would; one problem a message."""
    problems = [
        InvalidInput(
            "is required and not set",
            where=name,
            remedy=f"set {name} in group_vars/all.yml: {first_sentence(option.get('description'))}",
        )
        for name, option in options.items()
        if option.get("required") and values.get(name) is None
    ]
    lenient = {name: {**option, "required": False} for name, option in options.items()}
    known = {name: value for name, value in values.items() if name in lenient}
    for message in ArgumentSpecValidator(lenient).validate(known).error_messages:
        quoted = [word for word in _QUOTED.findall(message) if word in options]
        name = quoted[0] if quoted else next((word for word in options if word in message), "")
        where = place(name, (name,), sources) if name else None
        problems.append(
            InvalidInput(message, where=where, remedy=f"see `ansible-doc -t role` for {name}" if name else None)
        )
    return problems


def is_registered(known: t.Any, name: str) -> bool:
    """Whether a variable holds a task's result; those of an earlier playbook of the same run are still there."""
    if not name.startswith(PREFIXES):
        return False
    try:
        value = known.get(name)
    except InvalidInput:
        return False
    return isinstance(value, dict) and bool({"changed", "failed"} & set(value))


def first_sentence(description: t.Any) -> str:
    """The first sentence of an option's description, without markup's letters."""
    lines = description if isinstance(description, list) else [description or ""]
    text = " ".join(str(lines[0]).split()) if lines else ""
    return re.sub(r"[A-Z]\(([^)]*)\)", r"\1", text).rstrip(".")
