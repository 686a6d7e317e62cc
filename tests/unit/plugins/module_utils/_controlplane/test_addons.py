# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What runs on the workers of a hosted cluster."""

from __future__ import annotations

import json

import pytest
import yaml
from ansible_collections.mothership.hcp.plugins.module_utils._controlplane.coredns import coredns_objects
from ansible_collections.mothership.hcp.plugins.module_utils._controlplane.flannel import flannel_objects
from ansible_collections.mothership.hcp.plugins.module_utils._controlplane.konnectivity_agent import (
    konnectivity_agent_objects,
)
from ansible_collections.mothership.hcp.plugins.module_utils._controlplane.kube_proxy import kube_proxy_objects

from .planes import only, plane


def test_dns_has_the_address_that_kubelets_are_told() -> None:
    objects = coredns_objects("corp.local", "10.98.0.10", "coredns:1")
    assert only(objects, "Service")["spec"]["clusterIP"] == "10.98.0.10"
    assert "kubernetes corp.local in-addr.arpa" in only(objects, "ConfigMap")["data"]["Corefile"]
    assert only(objects, "Deployment")["spec"]["replicas"] == 2


def test_kube_proxy_does_not_depend_on_services() -> None:
    objects = kube_proxy_objects(plane(kube_proxy_config={"conntrack": {"maxPerCore": 0}, "mode": "nftables"}))
    data = only(objects, "ConfigMap")["data"]
    assert yaml.safe_load(data["kubeconfig.conf"])["clusters"][0]["cluster"]["server"] == "https://10.77.0.11:30001"
    config = yaml.safe_load(data["config.conf"])
    assert (config["clusterCIDR"], config["mode"]) == ("10.245.0.0/16", "nftables")
    assert config["conntrack"] == {"maxPerCore": 0}


def test_agents_keep_looking_for_every_replica() -> None:
    container = only(konnectivity_agent_objects(plane()), "DaemonSet")["spec"]["template"]["spec"]["containers"][0]
    assert "--sync-forever=true" in container["args"]
    assert "--proxy-server-host=10.77.0.11" in container["args"]
    assert "--proxy-server-port=30002" in container["args"]
    assert container["securityContext"]["runAsNonRoot"] is True


def test_flannel_reaches_the_api_without_services() -> None:
    objects = flannel_objects("10.245.0.0/16", "a.example.com", 30001)
    container = only(objects, "DaemonSet")["spec"]["template"]["spec"]["containers"][0]
    environment = {item["name"]: item.get("value") for item in container["env"]}
    assert environment["KUBERNETES_SERVICE_HOST"] == "a.example.com"
    assert environment["KUBERNETES_SERVICE_PORT"] == "30001"
    network = json.loads(only(objects, "ConfigMap")["data"]["net-conf.json"])
    assert (network["Network"], network["Backend"]) == ("10.245.0.0/16", {"Type": "vxlan"})
    assert container["securityContext"]["privileged"] is False


@pytest.mark.parametrize("build", [kube_proxy_objects, konnectivity_agent_objects])
def test_what_nodes_need_runs_on_every_node_at_any_time(build: object) -> None:
    pod = only(build(plane()), "DaemonSet")["spec"]["template"]["spec"]  # type: ignore[operator]
    assert pod["tolerations"] == [{"operator": "Exists"}]
    assert pod["priorityClassName"] == "system-node-critical"
    assert pod["hostNetwork"] is True


def test_a_changed_configuration_replaces_the_pods() -> None:
    def annotations(**changed: object) -> object:
        daemon_set = only(kube_proxy_objects(plane(**changed)), "DaemonSet")
        return daemon_set["spec"]["template"]["metadata"]["annotations"]

    assert annotations() == annotations()
    assert annotations() != annotations(kube_proxy_config={"mode": "nftables"})
