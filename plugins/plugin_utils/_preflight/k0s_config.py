# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this plugin util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""What the bundle's own k0s says about ``k0s_config``, before a pod or a machine is given it."""

from __future__ import annotations

import json
import subprocess
import typing as t

from ansible_collections.mothership.hcp.plugins.module_utils._controlplane.k0s_fields import unknown_fields
from ansible_collections.mothership.hcp.plugins.module_utils._core.errors import HcpError, InvalidInput

if t.TYPE_CHECKING:
    from ansible_collections.mothership.hcp.plugins.module_utils._controlplane.spec import ClusterSpec

_TIMEOUT = 30.0
#: About the machine that asks, which is not the one that will run it.
_ABOUT_THIS_MACHINE = ("cgroup",)
Run = t.Callable[[str, str], "tuple[int, str]"]


def validate(binary: str, document: str) -> tuple[int, str]:
    """Exit code and words of ``k0s config validate``.

    :raises OSError: when the binary does not run here, for example because it is for another architecture.
    """
    done = subprocess.run(
        [binary, "config", "validate", "--config", "-"],
        input=document,
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        timeout=_TIMEOUT,
        check=False,
    )
    return done.returncode, done.stderr or done.stdout


def config_problems(
    binary: str, clusters: t.Sequence[ClusterSpec], mothership: t.Mapping[str, t.Any], run: Run = validate
) -> list[HcpError]:
    """What k0s refuses in the configurations that the user wrote.

    :param mothership: ``mothership_k0s_config``; empty when the mothership is not made with k0s.
    """
    # Of a hosted cluster's configuration these were found when its definition was read.
    problems: list[HcpError] = [
        InvalidInput(
            "is no field of a k0s ClusterConfig",
            where=f"mothership_k0s_config.{unknown.path}",
            remedy=f"there are {', '.join(unknown.known)}",
        )
        for unknown in unknown_fields(mothership)
    ]
    written = {"mothership_k0s_config": mothership if not problems else {}}
    for number, spec in enumerate(clusters):
        written[f"hosted_clusters[{number}].k0s_config"] = spec.k0s_config
    for where, config in written.items():
        if not config:
            continue
        try:
            code, said = run(binary, _document(config))
        except (OSError, subprocess.SubprocessError):
            # Another architecture than this controller's: the machines will ask theirs.
            return problems
        reasons = [_readable(line) for line in said.splitlines() if line.strip() and not line.startswith("time=")]
        reasons = [reason for reason in reasons if not any(word in reason for word in _ABOUT_THIS_MACHINE)]
        if code != 0:
            problems += [
                InvalidInput(reason, where=where, remedy="correct the field that is named") for reason in reasons
            ]
    return problems


def _document(config: t.Mapping[str, t.Any]) -> str:
    """A ClusterConfig as JSON, which is YAML too."""
    head = {"apiVersion": "k0s.k0sproject.io/v1beta1", "kind": "ClusterConfig", "metadata": {"name": "k0s"}}
    return json.dumps({**head, "spec": config}, default=dict)


def _readable(line: str) -> str:
    for prefix in ("Error: ", "failed to parse configuration: ", "error unmarshaling JSON: ", "while decoding JSON: "):
        line = line.removeprefix(prefix)
    return f"k0s does not accept it: {line.strip()}"
