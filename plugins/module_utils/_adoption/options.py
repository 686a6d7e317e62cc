# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""Options of the module ``k0smotron_adopt``, and their typed form."""

from __future__ import annotations

import typing as t

from .._controlplane.port_range import PortRange
from .._controlplane.spec_checks import SSL_MODES
from .situation import Request
from .translate import Choices

PHASES = ("prepare", "switch", "retire")

ARGUMENTS: dict[str, dict[str, t.Any]] = {
    "phase": {"type": "str", "required": True, "choices": list(PHASES)},
    "cluster": {"type": "str", "required": True},
    "namespace": {"type": "str", "default": "default"},
    "name": {"type": "str"},
    "directory": {"type": "path", "required": True},
    "database_ca_certificate": {"type": "str", "default": ""},
    "database_sslmode": {"type": "str", "choices": list(SSL_MODES)},
    "node_port_range": {"type": "str", "default": "30000-32767"},
    "wait_timeout": {"type": "int", "default": 180},
}


def request_of(params: t.Mapping[str, t.Any]) -> Request:
    """The typed options."""
    choices = Choices(
        name=params["name"] or params["cluster"],
        database_ca_certificate=params["database_ca_certificate"] or "",
        database_sslmode=params["database_sslmode"] or "",
        node_ports=PortRange.parse(params["node_port_range"]),
    )
    return Request(params["cluster"], params["namespace"], choices, params["directory"], float(params["wait_timeout"]))
