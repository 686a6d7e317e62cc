# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.mothership.hcp.plugins.module_utils._controlplane import networks
from ansible_collections.mothership.hcp.plugins.module_utils._core.errors import InvalidInput


@pytest.mark.parametrize("host", ["10.0.0.1", "tenant-a.k8s.example.com", "localhost", "1and1.example"])
def test_hosts(host: str) -> None:
    networks.check_host(host, "endpoint")


@pytest.mark.parametrize("host", ["", "a..b", "-a.b", "a_b", "1.2.3", "::1", "a b", "A.example.com", "x" * 254])
def test_no_hosts(host: str) -> None:
    with pytest.raises(InvalidInput, match="endpoint"):
        networks.check_host(host, "endpoint")


def test_overlap_names_both() -> None:
    one, other = networks.network("10.0.0.0/8", "x"), networks.network("10.1.0.0/16", "y")
    with pytest.raises(InvalidInput, match=r"b 10\.1\.0\.0/16 overlaps a 10\.0\.0\.0/8"):
        networks.check_disjoint([("a", one), ("b", other)], "b")
    networks.check_disjoint([("a", other), ("b", networks.network("10.2.0.0/16", "y"))], "b")
