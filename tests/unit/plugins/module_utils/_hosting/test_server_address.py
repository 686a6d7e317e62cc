# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which PostgreSQL a control plane is led to, where there are several."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.mothership.hcp.plugins.module_utils._core.errors import InvalidInput
from ansible_collections.mothership.hcp.plugins.module_utils._core.progress import Progress
from ansible_collections.mothership.hcp.plugins.module_utils._hosting.hosted_clusters import HostedClusters
from ansible_collections.mothership.hcp.plugins.module_utils._hosting.options import request_of

SERVERS = {"north": {"host": "10.0.0.4", "port": "5433", "ca_certificate": "NORTH"}}
SECRETS = {"kine-credentials": {"password": "x"}, "kine-datastore": {"ca.crt": "IN USE"}}


def database(*, servers: dict[str, t.Any] | None = None, **cluster: t.Any) -> tuple[str, int, str]:
    params = {
        "clusters": [{"name": "a", **cluster}],
        "version": "1.36.3",
        "endpoint": "10.77.0.11",
        "database_host": "10.0.0.1",
        "database_port": 5432,
        "database_ca_certificate": "MAIN",
        "database_servers": servers,
        "kubeconfig_directory": "/x",
        "wait_timeout": 1,
    }
    request = request_of(params)
    clusters = HostedClusters(request, None, check_mode=False, progress=Progress())
    found = clusters._database(request.specs[0], SECRETS)
    return found.host, found.port, found.ca_certificate


def test_one_server_is_for_all() -> None:
    assert database() == ("10.0.0.1", 5432, "MAIN")
    # A name means nothing where the site has one server.
    assert database(database_server="main") == ("10.0.0.1", 5432, "MAIN")


def test_of_several_it_is_the_one_that_the_cluster_names() -> None:
    assert database(servers=SERVERS, database_server="north") == ("10.0.0.4", 5433, "NORTH")
    assert database(servers=SERVERS) == ("10.0.0.1", 5432, "MAIN")
    unknown = {"north": {**SERVERS["north"], "ca_certificate": ""}}
    assert database(servers=unknown, database_server="north") == ("10.0.0.4", 5433, "IN USE")


def test_a_server_that_nobody_knows_is_refused() -> None:
    with pytest.raises(InvalidInput, match="south is none of north"):
        database(servers=SERVERS, database_server="south")
