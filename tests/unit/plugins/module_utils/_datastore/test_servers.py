# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.mothership.hcp.plugins.module_utils._core.errors import HcpError
from ansible_collections.mothership.hcp.plugins.module_utils._datastore import servers
from ansible_collections.mothership.hcp.plugins.module_utils._datastore.servers import DatabaseServer, parse_servers

CLOUD = {"name": "cloud", "address": "pg.example.com", "port": 6432, "ca_certificate": "PEM"}


def test_a_site_without_servers_has_one() -> None:
    assert parse_servers([]) == [DatabaseServer("main", group="postgresql")]


def test_values_get_their_types() -> None:
    north, cloud = parse_servers(
        [{"name": "north", "group": "postgresql_north", "zone": "n", "max_bytes": "2GiB", "versions": ["15"]}, CLOUD]
    )
    assert (north.external, north.max_bytes, north.versions) == (False, 2 * 1024**3, (15,))
    assert (cloud.external, cloud.port, cloud.versions) == (True, 6432, servers.SUPPORTED_MAJORS)


@pytest.mark.parametrize(
    ("text", "size"),
    [("0", 0), (17, 17), ("1K", 1024), ("3 MiB", 3 * 1024**2), ("2gb", 2 * 1024**3), ("1T", 1024**4)],
)
def test_sizes(text: t.Any, size: int) -> None:
    assert servers.parse_bytes(text, where="x") == size


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"name": ""}, r"postgresql_servers\[1\].name: is required"),
        ({"name": "main"}, "listed twice"),
        ({"name": "North"}, "no name for a server"),
        ({"group": "databases"}, "no group of PostgreSQL machines"),
        ({"group": "postgresql"}, "another server already"),
        ({"group": ""}, "group of its machines, or an address"),
        ({"group": "", "address": "x"}, "needed for sslmode verify-full"),
        ({"sslmode": "maybe"}, "is not one of"),
        ({"port": 70000}, "is no port"),
        ({"port": "many"}, "is not a number"),
        ({"max_bytes": "much"}, "is no size"),
        ({"versions": [13]}, "not tested with PostgreSQL 13"),
        ({"colour": "red"}, "not an option of a PostgreSQL server"),
    ],
)
def test_what_cannot_be_used_is_told(change: dict[str, t.Any], told: str) -> None:
    server = {"name": "north", "group": "postgresql_north", **change}
    with pytest.raises(HcpError, match=told):
        parse_servers([{"name": "main", "group": "postgresql"}, server])
