# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.mothership.hcp.plugins.module_utils._controlplane.policies import policies

from .planes import only, plane


def test_one_pod_may_leave_at_a_time() -> None:
    budget = only(policies(plane(labels={"team": "blue"})), "PodDisruptionBudget")
    assert budget["spec"]["maxUnavailable"] == 1
    assert "team" not in budget["spec"]["selector"]["matchLabels"]


def test_only_the_api_and_the_agents_port_are_open() -> None:
    policy = only(policies(plane()), "NetworkPolicy")["spec"]
    assert policy["policyTypes"] == ["Ingress"]
    assert [port["port"] for rule in policy["ingress"] for port in rule["ports"]] == ["api", "agent"]
    assert all("from" not in rule for rule in policy["ingress"])
