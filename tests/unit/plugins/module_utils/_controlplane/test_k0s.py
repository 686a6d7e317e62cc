# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import base64
import json
import typing as t

import yaml
from ansible_collections.mothership.hcp.plugins.module_utils._controlplane.distribution import distribution_for

from .planes import k0s_plane, only

K0S = distribution_for("k0s")


def pod_annotations(**changed: t.Any) -> dict[str, str]:
    objects = K0S.mothership_objects(k0s_plane(**changed))
    return dict(only(objects, "StatefulSet")["spec"]["template"]["metadata"]["annotations"])


def test_no_object_is_given_twice_and_the_same_definition_gives_the_same_objects() -> None:
    for build in (K0S.mothership_objects, K0S.child_objects):
        objects = build(k0s_plane())
        keys = [(item["kind"], item["metadata"].get("namespace"), item["metadata"]["name"]) for item in objects]
        assert len(keys) == len(set(keys))
        assert json.dumps(objects) == json.dumps(build(k0s_plane()))


def test_no_secret_outside_secrets_and_no_password_in_the_configuration() -> None:
    objects = [*K0S.mothership_objects(k0s_plane()), *K0S.child_objects(k0s_plane())]
    others = json.dumps([item for item in objects if item["kind"] != "Secret"])
    assert "PRIVATE KEY" not in others
    assert "pass:word" not in others
    config = only(objects, "Secret", "k0s-config")["data"]
    assert all("pass:word" not in base64.b64decode(text).decode() for text in config.values())


def test_the_configuration_is_in_a_secret_and_k0s_finds_the_probes_paths_open() -> None:
    data = only(K0S.mothership_objects(k0s_plane()), "Secret", "k0s-config")["data"]
    config = yaml.safe_load(base64.b64decode(data["k0s.yaml"]))
    authentication = yaml.safe_load(base64.b64decode(data["authentication.yaml"]))
    assert config["spec"]["api"]["extraArgs"]["authentication-config"] == "/etc/k0s/authentication.yaml"
    open_paths = [condition["path"] for condition in authentication["anonymous"]["conditions"]]
    assert open_paths == ["/livez", "/readyz", "/healthz"]


def test_pods_are_replaced_for_what_they_read_at_their_start_only() -> None:
    before = pod_annotations()
    assert pod_annotations(k0s_config={"network": {"kuberouter": {"mtu": 1300}}}) == before
    assert pod_annotations(kubelet_config={"maxPods": 50}) == before
    changed = pod_annotations(api_server_extra_args={"v": 3})
    assert [name for name in before if before[name] != changed[name]] == ["mothership.hcp/checksum-config"]
    assert pod_annotations(k0s_config={"featureGates": [{"name": "x", "enabled": True}]}) != before


def test_the_hosted_cluster_gets_what_k0s_does_not_make() -> None:
    objects = K0S.child_objects(k0s_plane())
    assert only(objects, "DaemonSet", "kube-flannel")
    assert only(objects, "Deployment", "coredns")
    assert only(objects, "EndpointSlice")["endpoints"][0]["addresses"] == ["10.77.0.11"]
    settings = only(objects, "ClusterConfig")
    assert (settings["metadata"]["name"], settings["metadata"]["namespace"]) == ("k0s", "kube-system")
    assert not {"api", "storage"} & set(settings["spec"])
    assert "serviceCIDR" not in settings["spec"]["network"]


def test_somebody_elses_network_and_dns_stay() -> None:
    disabled = ("coredns", "network-provider")
    kinds = {item["kind"] for item in K0S.child_objects(k0s_plane(k0s_disable_components=disabled))}
    # The roles are those of the replica watchdog.
    assert kinds == {"EndpointSlice", "Endpoints", "ClusterConfig", "ClusterRole", "ClusterRoleBinding"}


def test_a_pod_network_of_k0s_itself_replaces_ours() -> None:
    objects = K0S.child_objects(k0s_plane(k0s_config={"network": {"provider": "kuberouter"}}))
    assert [item for item in objects if item["metadata"].get("namespace") == "kube-flannel"] == []
    assert only(objects, "ClusterConfig")["spec"]["network"]["provider"] == "kuberouter"


def test_the_namespace_enforces_what_k0s_can_keep() -> None:
    labels = only(K0S.mothership_objects(k0s_plane()), "Namespace")["metadata"]["labels"]
    assert labels["pod-security.kubernetes.io/enforce"] == "baseline"
