# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json

from ansible_collections.mothership.hcp.plugins.plugin_utils._report.model import SCHEMA_VERSION

from .run import report


def test_the_json_form_has_a_version_and_a_summary() -> None:
    data = json.loads(json.dumps(report().as_json()))
    assert (data["schema"], data["schema_version"]) == ("mothership.hcp/report", SCHEMA_VERSION)
    assert data["summary"]["create"] == 5
    assert data["clusters"][0]["name"] == "tenant-a"
    assert data["mothership"]["control_plane"] == ["ms1"]
