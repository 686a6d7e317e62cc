# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a documentation says of options, compared with what a plugin takes."""

from __future__ import annotations

import typing as t

import yaml


def assert_documented(documentation: str, options: dict[str, t.Any]) -> None:
    """Fail unless names, types, defaults and choices agree, at every depth."""
    _compare(yaml.safe_load(documentation)["options"], options)


def _compare(documented: dict[str, t.Any], options: dict[str, t.Any]) -> None:
    assert set(documented) == set(options)
    for name, option in options.items():
        for key in ("type", "default", "elements", "choices"):
            assert documented[name].get(key) == option.get(key), f"{name}: {key}"
        assert bool(documented[name].get("required")) == bool(option.get("required")), name
        _compare(documented[name].get("suboptions", {}), option.get("options", {}))
