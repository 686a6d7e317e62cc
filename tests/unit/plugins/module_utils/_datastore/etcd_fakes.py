# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings of a member of etcd, as the tests of its files share them."""

from __future__ import annotations

import typing as t

from ansible_collections.mothership.hcp.plugins.module_utils._datastore import etcd_settings

MEMBERS = {"db1": "10.77.0.21", "db2": "10.77.0.22", "db3": "10.77.0.23"}
OPTIONS: dict[str, t.Any] = {
    "name": "db2",
    "members": MEMBERS,
    "client_port": 2379,
    "peer_port": 2380,
    "quota_mebibytes": 512,
    "heartbeat_interval": 250,
    "election_timeout": 2500,
    "tls_folder": "/tls",
}


def settings(**changed: t.Any) -> t.Any:
    return etcd_settings.Settings.from_options({**OPTIONS, **changed})
