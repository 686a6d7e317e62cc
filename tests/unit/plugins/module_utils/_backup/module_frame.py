# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs a module's ``main`` in this process."""

from __future__ import annotations

import json
import typing as t

import pytest
from ansible.module_utils.testing import patch_module_args


def run(main: t.Callable[[], None], arguments: dict[str, t.Any], capfd: t.Any) -> dict[str, t.Any]:
    """The result of the module, success or not."""
    with patch_module_args(arguments), pytest.raises(SystemExit):
        main()
    return t.cast("dict[str, t.Any]", json.loads(capfd.readouterr().out))


def documented(options: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """What a documentation and an argument specification have in common."""
    return {
        name: (option["type"], option.get("default"), option.get("elements"), bool(option.get("required")))
        for name, option in options.items()
    }
