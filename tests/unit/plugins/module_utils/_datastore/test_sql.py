# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Quoting."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.mothership.hcp.plugins.module_utils._datastore.sql import identifier, literal, name_array


def test_identifiers_are_quoted() -> None:
    assert identifier('a"; DROP DATABASE b; --') == '"a""; DROP DATABASE b; --"'


def test_literals_are_quoted_whatever_standard_conforming_strings_is() -> None:
    assert literal("it's") == "'it''s'"
    assert literal("a\\' b") == " E'a\\\\'' b'"


def test_name_array() -> None:
    assert name_array(["a", "b'c"]) == "ARRAY['a', 'b''c']::name[]"


@pytest.mark.parametrize("quote", [identifier, literal])
def test_zero_bytes_are_refused(quote: t.Any) -> None:
    with pytest.raises(ValueError, match="zero byte"):
        quote("a\0b")
