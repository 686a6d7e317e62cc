# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The behaviour is tested with the action plugin; here: the documentation says what the plugin takes."""

from __future__ import annotations

from ansible_collections.mothership.hcp.plugins.action.controller_join import argument_spec
from ansible_collections.mothership.hcp.plugins.modules.controller_join import DOCUMENTATION

from tests.unit.plugins.modules.options import assert_documented


def test_the_documentation_and_the_argument_spec_agree() -> None:
    assert_documented(DOCUMENTATION, argument_spec())
