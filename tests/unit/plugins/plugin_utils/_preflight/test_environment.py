# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.mothership.hcp.plugins.plugin_utils._preflight import environment


def test_an_old_ansible_is_refused() -> None:
    assert environment.ansible_problems("2.19.14") == []
    assert environment.ansible_problems("2.21.0rc1") == []
    assert "2.18.3 is too old" in str(environment.ansible_problems("2.18.3")[0])


def test_missing_libraries_are_listed_with_the_command() -> None:
    wanted = {"yaml": "PyYAML", "boto3": "boto3"}
    (problem,) = environment.library_problems(
        "/usr/bin/python3", wanted, find=lambda name: None if name == "boto3" else 1
    )
    assert "/usr/bin/python3 -m pip install boto3" in str(problem)
    assert environment.library_problems("python3", {"json": "json"}) == []


def test_copies_are_counted_by_real_path(tmp_path) -> None:  # type: ignore[no-untyped-def]
    first = tmp_path / "a" / "ansible_collections" / "mothership" / "hcp"
    (first / "plugins").mkdir(parents=True)
    link = tmp_path / "b" / "ansible_collections" / "mothership"
    link.mkdir(parents=True)
    (link / "hcp").symlink_to(first)
    paths = [str(tmp_path / "a"), str(tmp_path / "b"), str(tmp_path / "a" / "ansible_collections"), "/nowhere"]
    copies = environment.collection_copies(paths)
    assert copies == [str(first)]
    assert environment.copy_problems(copies) == []


def test_two_copies_are_a_problem() -> None:
    (problem,) = environment.copy_problems(["/a", "/b"])
    assert "/a, /b" in str(problem)
