# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The behaviour is tested with the action plugin; here: the documentation says what the plugin takes."""

from __future__ import annotations

import typing as t

import yaml
from ansible_collections.mothership.hcp.plugins.action.kubeconfig_fetch import argument_spec
from ansible_collections.mothership.hcp.plugins.modules.kubeconfig_fetch import DOCUMENTATION


def test_the_documentation_and_the_argument_spec_agree() -> None:
    documented = yaml.safe_load(DOCUMENTATION)["options"]
    _compare(documented, argument_spec())


def _compare(documented: dict[str, t.Any], options: dict[str, t.Any]) -> None:
    assert set(documented) == set(options)
    for name, option in options.items():
        for key in ("type", "default", "elements", "choices"):
            assert documented[name].get(key) == option.get(key), f"{name}: {key}"
        assert bool(documented[name].get("required")) == bool(option.get("required")), name
        _compare(documented[name].get("suboptions", {}), option.get("options", {}))
