# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""Container images of a bundle in containerd's store."""

from __future__ import annotations

import concurrent.futures
import dataclasses
import typing as t

from .._core.errors import HcpError, ManyProblems
from .._core.plan import Change, Plan
from .._core.progress import Progress
from .machine import Machine

_NAMESPACE = "k8s.io"
#: Imports unpack on the processor: more at a time are not faster.
_PARALLEL = 2


@dataclasses.dataclass(frozen=True)
class Image:
    """An image that must be there.

    :param digest: of its manifest, ``sha256:<hex>``; empty: any image of that reference will do.
    :param file: the OCI archive on the machine.
    """

    reference: str
    digest: str
    file: str


def present_images(machine: Machine) -> dict[str, str]:
    """Digest by reference of the images in the store; empty when containerd does not run."""
    done = machine.ask(["ctr", "--namespace", _NAMESPACE, "images", "list"], timeout=60)
    if done.code != 0:
        return {}
    rows = [line.split() for line in done.stdout.splitlines()[1:]]
    return {row[0]: row[2] for row in rows if len(row) > 2}


def missing_images(images: t.Iterable[Image], present: t.Mapping[str, str]) -> list[Image]:
    """Those that are absent or another image under the same reference."""
    return [
        image
        for image in images
        if image.reference not in present or (image.digest and present[image.reference] != image.digest)
    ]


def plan_images(images: t.Iterable[Image], present: t.Mapping[str, str]) -> Plan:
    plan = Plan()
    for image in missing_images(images, present):
        action: t.Literal["create", "update"] = "update" if image.reference in present else "create"
        plan.add(Change(action, f"image {image.reference}", present.get(image.reference), image.digest or "any"))
    return plan


def import_images(machine: Machine, images: t.Sequence[Image], progress: Progress, subject: str) -> None:
    """Import all of ``images``.

    :raises ManyProblems: naming every image that could not be imported.
    """
    problems: list[HcpError] = []
    with concurrent.futures.ThreadPoolExecutor(max_workers=_PARALLEL) as pool:
        running = {pool.submit(_import, machine, image): image for image in images}
        for count, done in enumerate(concurrent.futures.as_completed(running), 1):
            progress.say(subject, f"images imported: {count} of {len(images)}")
            problem = done.result()
            if problem is not None:
                problems.append(problem)
    if problems:
        raise ManyProblems(problems, headline=f"{len(problems)} of {len(images)} images could not be imported:")


def _import(machine: Machine, image: Image) -> HcpError | None:
    if not machine.is_present(image.file):
        return HcpError(
            f"the archive {image.file} is not on this machine",
            where=image.reference,
            remedy="name the image in option images of mothership.hcp.bundle_install, which sends it",
        )
    argv = ["ctr", "--namespace", _NAMESPACE, "images", "import", "--all-platforms", image.file]
    done = machine.execute(argv, timeout=600, check=False)
    if done.code != 0:
        return HcpError(f"ctr could not import {image.file}: {done.last_lines(3)}", where=image.reference)
    return None
