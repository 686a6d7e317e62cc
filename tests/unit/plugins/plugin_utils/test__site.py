# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pathlib

from ansible_collections.mothership.hcp.plugins.plugin_utils._site import collection_version, is_site_group, site_hosts


def test_site_hosts_come_once_and_the_control_plane_first() -> None:
    groups = {"workers_b": ["w2"], "workers_a": ["w1", "w2"], "mothership_control_plane": ["ms1"], "web": ["x"]}
    assert site_hosts(groups) == ["ms1", "w1", "w2"]


def test_site_groups() -> None:
    assert is_site_group("postgresql")
    assert is_site_group("workers_tenant_a")
    assert not is_site_group("web")


def test_version_of_a_clone_and_of_an_installed_copy(tmp_path: pathlib.Path) -> None:
    assert collection_version(tmp_path) == "unknown"
    (tmp_path / "galaxy.yml").write_text("version: 1.2.3", encoding="utf-8")
    assert collection_version(tmp_path) == "1.2.3"
    (tmp_path / "MANIFEST.json").write_text('{"collection_info": {"version": "1.2.4"}}', encoding="utf-8")
    assert collection_version(tmp_path) == "1.2.4"
