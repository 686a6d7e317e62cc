# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import base64

import yaml
from ansible_collections.mothership.hcp.plugins.module_utils._controlplane.bootstrap import bootstrap_objects

from .planes import material, only, plane


def test_discovery_needs_no_user_and_names_the_outside_endpoint() -> None:
    info = only(bootstrap_objects(plane(endpoint="a.example.com")), "ConfigMap", "cluster-info")
    assert list(info["data"]) == ["kubeconfig"]
    document = yaml.safe_load(info["data"]["kubeconfig"])
    cluster = document["clusters"][0]["cluster"]
    assert cluster["server"] == "https://a.example.com:30001"
    assert base64.b64decode(cluster["certificate-authority-data"]).decode() == material().authority.certificate_pem
    assert document["users"] == []


def test_the_kubelets_configuration_is_laid_over_the_default() -> None:
    changed = plane(kubelet_config={"failSwapOn": False, "authentication": {"webhook": {"cacheTTL": "1m"}}})
    config = only(bootstrap_objects(changed), "ConfigMap", "kubelet-config")
    document = yaml.safe_load(config["data"]["kubelet"])
    assert document["failSwapOn"] is False
    assert document["authentication"]["webhook"] == {"enabled": True, "cacheTTL": "1m"}
    assert document["authentication"]["anonymous"] == {"enabled": False}
    assert document["clusterDNS"] == ["10.98.0.10"]


def test_kubeadm_reads_the_definition_of_the_cluster() -> None:
    config = only(bootstrap_objects(plane()), "ConfigMap", "kubeadm-config")
    document = yaml.safe_load(config["data"]["ClusterConfiguration"])
    assert document["controlPlaneEndpoint"] == "10.77.0.11:30001"
    assert document["kubernetesVersion"] == "v1.36.3"
    assert document["networking"] == {
        "dnsDomain": "cluster.local",
        "podSubnet": "10.245.0.0/16",
        "serviceSubnet": "10.98.0.0/16",
    }


def test_anybody_may_read_only_the_discovery() -> None:
    objects = bootstrap_objects(plane())
    anonymous = [
        item["metadata"]["name"]
        for item in objects
        for subject in item.get("subjects", [])
        if subject["name"] == "system:anonymous"
    ]
    assert anonymous == ["kubeadm:bootstrap-signer-clusterinfo"]
    role = only(objects, "Role", "kubeadm:bootstrap-signer-clusterinfo")
    assert role["rules"][0]["resourceNames"] == ["cluster-info"]
    assert role["rules"][0]["verbs"] == ["get"]


def test_every_binding_refers_to_a_role_that_is_here_or_kubernetes_own() -> None:
    objects = bootstrap_objects(plane())
    roles = {(item["kind"], item["metadata"]["name"]) for item in objects if item["kind"].endswith("Role")}
    for item in objects:
        if "roleRef" in item:
            reference = (item["roleRef"]["kind"], item["roleRef"]["name"])
            assert reference in roles or reference[1].startswith("system:")
