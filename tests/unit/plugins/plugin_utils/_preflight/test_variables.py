# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pathlib

import pytest
from ansible_collections.mothership.hcp.plugins.plugin_utils._preflight.sources import Sources
from ansible_collections.mothership.hcp.plugins.plugin_utils._preflight.variables import (
    Specifications,
    first_sentence,
    unknown_names,
    wrong_values,
)

KNOWN = {"mothership_name", "mothership_port", "hosted_clusters", "velero_schedule"}
NOWHERE = Sources([])
COLLECTION = pathlib.Path(__file__).parents[5]


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("mothership_nmae", "mothership_name"),
        ("hosted_cluster", "hosted_clusters"),
        ("velero_shedule", "velero_schedule"),
    ],
)
def test_a_misspelt_name_is_told_with_the_right_one(name: str, meant: str) -> None:
    (problem,) = unknown_names([name], KNOWN, NOWHERE)
    assert str(problem) == f"{name}: unknown variable, did you mean {meant}?"


def test_a_misspelt_prefix_is_noticed_when_only_a_letter_is_wrong() -> None:
    assert "did you mean hosted_clusters?" in str(unknown_names(["hostd_clusters"], KNOWN, NOWHERE)[0])


def test_a_name_like_none_of_ours_is_left_alone() -> None:
    assert unknown_names(["my_application", "ansible_host", "__site_x", "zone"], KNOWN, NOWHERE) == []


def test_a_name_with_our_prefix_that_resembles_nothing() -> None:
    (problem,) = unknown_names(["mothership_favourite_colour"], KNOWN, NOWHERE)
    assert "remove it" in str(problem)


def test_known_names_are_no_problem() -> None:
    assert unknown_names(KNOWN, KNOWN, NOWHERE) == []


def test_types_are_checked_as_the_role_would() -> None:
    options = {"mothership_port": {"type": "int"}, "velero_enabled": {"type": "bool"}}
    problems = wrong_values(options, {"mothership_port": "many", "velero_enabled": "true"}, NOWHERE)
    assert [problem.where for problem in problems] == ["mothership_port"]


def test_a_required_variable_is_asked_for_with_what_it_is() -> None:
    options = {"mothership_bundle": {"type": "path", "required": True, "description": ["Folder of the O(bundle)."]}}
    (problem,) = wrong_values(options, {}, NOWHERE)
    assert "is required and not set" in str(problem)
    assert "Folder of the bundle" in str(problem)


def test_the_collections_own_specifications_are_read() -> None:
    found = Specifications.read(COLLECTION)
    assert {"postgresql", "mothership", "worker"} <= set(found.roles)
    assert "hosted_clusters" in found.names
    assert found.default("mothership_port") == 6443


def test_first_sentence_takes_text_and_lists() -> None:
    assert first_sentence("One. ") == "One"
    assert first_sentence(["First V(x).", "Second."]) == "First x"
    assert first_sentence(None) == ""
