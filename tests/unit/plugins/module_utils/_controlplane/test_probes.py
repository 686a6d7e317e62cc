# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from ansible_collections.mothership.hcp.plugins.module_utils._controlplane.probes import (
    PATHS,
    anonymous_access,
    api_probes,
)


def test_every_probe_asks_a_path_that_anybody_may_ask() -> None:
    asked = {probe["httpGet"]["path"].partition("?")[0] for probe in api_probes().values()}
    assert asked <= set(PATHS)


def test_access_is_limited_to_the_paths() -> None:
    anonymous = anonymous_access(("/livez",))["anonymous"]
    assert anonymous == {"enabled": True, "conditions": [{"path": "/livez"}]}
