# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.mothership.hcp.plugins.module_utils._controlplane.services import namespace, services

from .planes import SPEC, only, plane


def test_the_namespace_enforces_the_restricted_standard() -> None:
    assert namespace(SPEC)["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"


def test_clients_stay_on_one_replica_and_agents_do_not() -> None:
    made = services(plane())
    api, tunnel = only(made, "Service", "tenant-a"), only(made, "Service", "tenant-a-konnectivity")
    assert (api["spec"]["sessionAffinity"], tunnel["spec"]["sessionAffinity"]) == ("ClientIP", "None")
    assert api["spec"]["ports"][0]["nodePort"] == api["spec"]["ports"][0]["port"] == 30001
    assert tunnel["spec"]["ports"][0]["nodePort"] == 30002


def test_user_labels_never_reach_a_selector() -> None:
    for made in services(plane(labels={"team": "blue"})):
        assert made["metadata"]["labels"]["team"] == "blue"
        assert "team" not in made["spec"]["selector"]
