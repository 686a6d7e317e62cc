# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.mothership.hcp.plugins.module_utils._controlplane.images import images_for
from ansible_collections.mothership.hcp.plugins.module_utils._controlplane.spec_checks import SUPPORTED_MINORS


@pytest.mark.parametrize("minor", SUPPORTED_MINORS)
def test_every_supported_version_has_its_images(minor: tuple[int, int]) -> None:
    version = f"{minor[0]}.{minor[1]}.9"
    images = images_for(version)
    assert images.api_server == f"registry.k8s.io/kube-apiserver:v{version}"
    assert images.kine == "docker.io/rancher/kine:v0.16.4"
