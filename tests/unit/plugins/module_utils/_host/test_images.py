# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.mothership.hcp.plugins.module_utils._core.errors import HcpError
from ansible_collections.mothership.hcp.plugins.module_utils._core.progress import Progress
from ansible_collections.mothership.hcp.plugins.module_utils._host import images
from ansible_collections.mothership.hcp.plugins.module_utils._host.images import Image
from ansible_collections.mothership.hcp.plugins.module_utils._host.machine import Completed

from .fake_machine import FakeMachine

A, B = Image("registry/a:1", "sha256:a", "/a.tar"), Image("registry/b:1", "", "/b.tar")


def test_images_are_compared_by_digest() -> None:
    machine = FakeMachine()
    machine.answer("ctr", "REF TYPE DIGEST SIZE\nregistry/a:1 t sha256:old 1MiB\nregistry/b:1 t sha256:any 1MiB\n")
    present = images.present_images(machine)
    assert images.missing_images([A, B], present) == [A]
    assert images.plan_images([A, B], present).result()["plan"] == [
        {"action": "update", "target": "image registry/a:1"}
    ]
    assert images.present_images(FakeMachine()) == {}


def test_every_image_that_cannot_be_imported_is_named() -> None:
    machine = FakeMachine()
    machine.put("/a.tar")
    machine.answer("ctr --namespace k8s.io images import", Completed(1, "", "ctr: broken archive"))
    with pytest.raises(HcpError) as caught:
        images.import_images(machine, [A, B], Progress(), "images")
    assert "broken archive" in str(caught.value)
    assert "registry/b:1: the archive /b.tar is not on this machine" in str(caught.value)
