# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this plugin util is **PRIVATE** to the collection. It can have breaking changes at any time.
"""``hosted_clusters`` and the mothership's own settings."""

from __future__ import annotations

import difflib
import re
import typing as t

from ansible_collections.mothership.hcp.plugins.module_utils._controlplane import spec as controlplane
from ansible_collections.mothership.hcp.plugins.module_utils._controlplane.spec_checks import SUPPORTED_MINORS
from ansible_collections.mothership.hcp.plugins.module_utils._core.errors import HcpError, InvalidInput, ManyProblems
from ansible_collections.mothership.hcp.plugins.plugin_utils._preflight.sources import Sources, ValuePath

_STEP = re.compile(r"([^.\[\]]+)|\[(\d+)\]")
_VERSION = re.compile(r"(\d+)\.(\d+)\.(\d+)")
_K0S_VERSION = re.compile(r"(\d+)\.(\d+)\.(\d+)(?:\+k0s\.\d+)?")


def value_path(where: str) -> ValuePath:
    """``hosted_clusters[0].pod_cidr`` -> ``("hosted_clusters", 0, "pod_cidr")``."""
    return tuple(int(index) if index else name for name, index in _STEP.findall(where))


def located(problem: HcpError, sources: Sources) -> HcpError:
    """The same problem with file and line before its option path, where a file has it."""
    if not problem.where or " " in problem.where:
        return problem
    line = sources.locate(value_path(problem.where))
    if line is None:
        return problem
    return InvalidInput(problem.message, where=f"{line}  {problem.where}", remedy=problem.remedy)


def unknown_keys(clusters: t.Sequence[t.Any], known: t.Iterable[str]) -> tuple[list[dict[str, t.Any]], list[HcpError]]:
    """The clusters without keys that no option has, and a problem for each such key.

    :raises nothing: an entry that is no mapping becomes a problem too and is left out.
    """
    names = set(known)
    kept: list[dict[str, t.Any]] = []
    problems: list[HcpError] = []
    for number, cluster in enumerate(clusters):
        where = f"hosted_clusters[{number}]"
        if not isinstance(cluster, dict):
            problems.append(InvalidInput("is no mapping", where=where, remedy="write it as '- name: tenant-a'"))
            continue
        for key in sorted(set(cluster) - names):
            near = difflib.get_close_matches(str(key), names, n=1, cutoff=0.6)
            message = f"unknown option, did you mean {near[0]}?" if near else "unknown option of a hosted cluster"
            remedy = None if near else f"remove it; there are {', '.join(sorted(names))}"
            problems.append(InvalidInput(message, where=f"{where}.{key}", remedy=remedy))
        kept.append({key: value for key, value in cluster.items() if key in names})
    return kept, problems


def parsed(
    clusters: t.Sequence[t.Mapping[str, t.Any]], surroundings: controlplane.Surroundings
) -> tuple[list[controlplane.ClusterSpec], list[HcpError]]:
    """Typed definitions, or the problems that the control plane's room finds."""
    try:
        return controlplane.parse_clusters(clusters, surroundings, path="hosted_clusters"), []
    except ManyProblems as many:
        return [], list(many.problems)


def version_problems(name: str, version: str, distribution: str = "kubeadm") -> list[HcpError]:
    """A version must be X.Y.Z (of k0s also X.Y.Z+k0s.N), of a minor release that is known to work."""
    match = (_K0S_VERSION if distribution == "k0s" else _VERSION).fullmatch(version)
    minors = [f"{major}.{minor}" for major, minor in SUPPORTED_MINORS]
    if match is None:
        return [InvalidInput(f"{version!r} is not of the form 1.36.3", where=name, remedy="give all three numbers")]
    if f"{match[1]}.{match[2]}" not in minors:
        remedy = f"use a release of {' or '.join(minors)}"
        return [InvalidInput(f"Kubernetes {version} is not supported", where=name, remedy=remedy)]
    return []


def skew_problems(specs: t.Sequence[controlplane.ClusterSpec], kubelet: str) -> list[HcpError]:
    """A kubelet may be up to three minor releases older than its API server and never newer.

    Of clusters of the distribution kubeadm; k0s has a stricter rule of its own.
    """
    problems: list[HcpError] = []
    ours = _VERSION.fullmatch(kubelet)
    for number, spec in enumerate(specs):
        theirs = _VERSION.fullmatch(spec.version)
        if ours is None or theirs is None or spec.distribution != "kubeadm":
            continue
        if not 0 <= int(theirs[2]) - int(ours[2]) <= 3:
            problems.append(
                InvalidInput(
                    f"workers would run kubelet {kubelet} against an API server {spec.version}",
                    where=f"hosted_clusters[{number}].version",
                    remedy="a kubelet may be up to three minor releases older, never newer: change version or bundle",
                )
            )
    return problems
