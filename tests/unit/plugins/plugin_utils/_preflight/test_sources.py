# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pathlib

from ansible_collections.mothership.hcp.plugins.plugin_utils._preflight.sources import Sources

INVENTORY = """\
all:
  vars:
    mothership_port: 6443
  children:
    postgresql:
      hosts:
        db1:
          ansible_host: 192.0.2.21
"""
VARIABLES = """\
---
hosted_clusters:
  - name: tenant-a
    pod_cidr: 10.1.0.0/16
  - name: tenant-b
"""


def sources(folder: pathlib.Path) -> Sources:
    (folder / "hosts.yml").write_text(INVENTORY, encoding="utf-8")
    (folder / "group_vars" / "all").mkdir(parents=True)
    (folder / "group_vars" / "all" / "main.yml").write_text(VARIABLES, encoding="utf-8")
    (folder / "group_vars" / "all" / "vault.yml").write_text("$ANSIBLE_VAULT;1.1;AES256\n6162\n", encoding="utf-8")
    return Sources([str(folder / "hosts.yml")], shown_from=str(folder))


def test_a_variable_is_found_with_its_line(tmp_path: pathlib.Path) -> None:
    assert sources(tmp_path).locate(("hosted_clusters",)) == "group_vars/all/main.yml:2"


def test_a_value_within_a_list_is_found(tmp_path: pathlib.Path) -> None:
    assert sources(tmp_path).locate(("hosted_clusters", 0, "pod_cidr")) == "group_vars/all/main.yml:4"


def test_of_two_files_of_a_group_the_one_that_ansible_reads_last_is_to_blame(tmp_path: pathlib.Path) -> None:
    sources(tmp_path)
    (tmp_path / "group_vars" / "all" / "overrides.yml").write_text(f"---\n{VARIABLES}", encoding="utf-8")
    found = Sources([str(tmp_path / "hosts.yml")], shown_from=str(tmp_path))
    assert found.locate(("hosted_clusters",)) == "group_vars/all/overrides.yml:3"


def test_the_nearest_thing_above_stands_for_what_is_not_written(tmp_path: pathlib.Path) -> None:
    assert sources(tmp_path).locate(("hosted_clusters", 1, "service_cidr")) == "group_vars/all/main.yml:5"


def test_variables_of_the_inventory_itself_are_found(tmp_path: pathlib.Path) -> None:
    found = sources(tmp_path)
    assert found.locate(("mothership_port",)) == "hosts.yml:3"
    assert found.locate(("ansible_host",)) == "hosts.yml:8"


def test_an_unknown_variable_has_no_place(tmp_path: pathlib.Path) -> None:
    assert sources(tmp_path).locate(("mothership_name",)) is None


def test_paths_elsewhere_are_shown_whole(tmp_path: pathlib.Path) -> None:
    sources(tmp_path)
    found = Sources([str(tmp_path / "hosts.yml")], shown_from="/nowhere")
    assert found.locate(("mothership_port",)) == f"{tmp_path}/hosts.yml:3"


def test_a_variable_of_the_command_line_is_not_looked_for_in_files(tmp_path: pathlib.Path) -> None:
    folder = tmp_path / "group_vars"
    folder.mkdir()
    (folder / "all.yml").write_text("mothership_version: 1.36.3\n")
    found = Sources([str(tmp_path / "hosts.yml")], extra=["mothership_version"])
    assert found.locate(("mothership_version",)) == "-e"
