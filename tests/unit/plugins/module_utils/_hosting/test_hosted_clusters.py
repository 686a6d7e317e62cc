# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import base64
import dataclasses
import json
import pathlib
import stat

import pytest
from ansible_collections.mothership.hcp.plugins.module_utils._controlplane.spec import ClusterSpec
from ansible_collections.mothership.hcp.plugins.module_utils._core.errors import HcpError, ManyProblems
from ansible_collections.mothership.hcp.plugins.module_utils._kube.errors import ApiError

from .clusters import Site, hosted_api

A = ClusterSpec(name="a", version="1.36.3", endpoint="10.77.0.11")
B = ClusterSpec(name="b", version="1.36.3", endpoint="b.example.com", replicas=3)


@pytest.fixture
def site(tmp_path: pathlib.Path) -> Site:
    return Site(tmp_path / "artifacts")


@pytest.fixture
def running(site: Site) -> Site:
    """A site in which a and b run."""
    site.credentials(A, B)
    site.host(A, B)
    return site


def targets(result: dict[str, object]) -> set[str]:
    return {change["target"] for change in result["plan"]}  # type: ignore[attr-defined]


def test_two_clusters_are_made_at_once(site: Site) -> None:
    site.credentials(A, B)
    result = site.host(A, B)
    assert result["changed"]
    assert {"Deployment/hcp-a/a", "Deployment/hcp-b/b", "a: DaemonSet/kube-system/kube-proxy"} <= targets(result)
    facts = result["clusters"]["b"]
    assert (facts["endpoint"], facts["replicas"], facts["namespace"]) == ("b.example.com", 3, "hcp-b")
    assert set(facts["timings"]) == {"objects", "rollout", "api", "child_objects"}
    ports = [result["clusters"][name][key] for name in "ab" for key in ("api_port", "konnectivity_port")]
    assert len(set(ports)) == 4


def test_a_second_run_changes_nothing_and_check_mode_agrees(running: Site) -> None:
    before = len(running.mutating)
    for check_mode in (False, True):
        result = running.host(A, B, check_mode=check_mode)
        assert (result["changed"], result["plan"], result["diff"], result["restarts"]) == (False, [], [], [])
    assert len(running.mutating) == before


def test_check_mode_makes_no_mutating_call(site: Site) -> None:
    planned = site.host(A, B, check_mode=True)
    assert planned["changed"]
    assert site.mutating == []
    assert not site.directory.exists()
    # The recording is able to see a mutating call, and the plan was the truth.
    site.credentials(A, B)
    done = site.host(A, B)
    assert len(site.mutating) > 50
    assert targets(planned) - targets(done) == {"Namespace/hcp-a", "Namespace/hcp-b"}
    assert targets(done) <= targets(planned)


def test_check_mode_without_any_api_plans_everything(site: Site) -> None:
    result = site.host(A, B, check_mode=True, client=None, certificate="")
    assert {"Namespace/hcp-a", "Deployment/hcp-b/b", "b: Deployment/kube-system/coredns"} <= targets(result)
    assert {change["action"] for change in result["plan"]} == {"create"}
    assert result["clusters"]["a"]["api_port"] >= 30000
    assert site.mutating == []


def test_check_mode_with_a_cluster_that_does_not_answer_says_so(running: Site) -> None:
    for api in running.children.values():
        api.unanswered = 9
    result = running.host(A, check_mode=True)
    assert running.warnings == ["The API of a does not answer; the plan shows all its objects as new."]
    assert "a: ConfigMap/kube-public/cluster-info" in targets(result)


def test_nothing_secret_in_any_result(running: Site) -> None:
    rotated = dataclasses.replace(A, endpoint="a.example.com")
    shown = json.dumps([running.host(rotated), running.host(rotated), running.credentials(A)])
    password = running.secrets[0]
    assert "PRIVATE KEY" not in shown
    assert password not in shown
    assert "sha256:" in shown
    assert any("PRIVATE KEY" in secret for secret in running.secrets)


def test_kubeconfigs_belong_to_their_owner(running: Site) -> None:
    path = running.directory / "a" / "kubeconfig"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    content = path.read_text()
    path.unlink()
    result = running.host(A)
    assert targets(result) == {str(path)}
    assert path.read_text() == content


def test_a_new_endpoint_replaces_pods_and_keeps_the_authority(running: Site) -> None:
    before = running.mothership.stored["/api/v1/namespaces/hcp-a/secrets/kubernetes-ca"]["data"]
    result = running.host(dataclasses.replace(A, endpoint="a.example.com"))
    assert result["restarts"] == ["Deployment/hcp-a/a"]
    assert [text.split(":")[0] for text in result["clusters"]["a"]["certificates_issued"]] == [
        "api-server",
        "konnectivity-server",
    ]
    assert running.mothership.stored["/api/v1/namespaces/hcp-a/secrets/kubernetes-ca"]["data"] == before


def test_more_replicas_restart_those_that_must_know(running: Site) -> None:
    result = running.host(dataclasses.replace(A, replicas=3))
    assert targets(result) == {"Deployment/hcp-a/a"}


def test_labels_restart_nothing(running: Site) -> None:
    result = running.host(dataclasses.replace(A, labels={"team": "blue"}))
    assert result["changed"]
    assert result["restarts"] == []


def test_kubelet_settings_touch_only_the_hosted_cluster(running: Site) -> None:
    result = running.host(dataclasses.replace(A, kubelet_config={"maxPods": 50}))
    assert targets(result) == {"a: ConfigMap/kube-system/kubelet-config"}
    assert result["restarts"] == []


def test_a_new_password_replaces_pods(running: Site) -> None:
    del running.mothership.stored["/api/v1/namespaces/hcp-a/secrets/kine-credentials"]
    running.credentials(A)
    result = running.host(A)
    assert targets(result) == {"Secret/hcp-a/kine-datastore", "Deployment/hcp-a/a"}
    assert result["restarts"] == ["Deployment/hcp-a/a"]


def test_a_rotation_replaces_pods_once(running: Site) -> None:
    restarts = []
    for step in ("stage", "switch", "expire", "finish"):
        running.credentials(A, step=step)
        restarts.append(running.host(A)["restarts"])
        datastore = running.mothership.stored["/api/v1/namespaces/hcp-a/secrets/kine-datastore"]["data"]
        lines = base64.b64decode(datastore["pgpass"]).decode().splitlines()
        assert [line.split(":")[3] for line in lines] == {
            "stage": ["hcp_a_a"],
            # For pods that start again before it is their turn.
            "switch": ["hcp_a_b", "hcp_a_a"],
        }.get(step, ["hcp_a_b"])
    assert restarts == [[], ["Deployment/hcp-a/a"], [], []]
    deployment = running.mothership.stored["/apis/apps/v1/namespaces/hcp-a/deployments/a"]
    assert "postgres://hcp_a_b@" in str(deployment)


def test_a_name_advertises_the_oldest_control_plane_node(running: Site) -> None:
    deployment = running.mothership.stored["/apis/apps/v1/namespaces/hcp-b/deployments/b"]
    arguments = deployment["spec"]["template"]["spec"]["containers"][0]["args"]
    assert "--advertise-address=10.77.0.11" in arguments


def test_the_certificate_of_postgresql_in_use_is_kept(running: Site) -> None:
    assert running.host(A, certificate="")["changed"] is False


@pytest.mark.parametrize(("certificate", "text"), [("PEM", "kine-credentials"), ("", "database_ca_certificate")])
def test_what_is_missing_is_told_with_its_remedy(site: Site, certificate: str, text: str) -> None:
    if not certificate:
        site.credentials(A)
    with pytest.raises(HcpError, match=text) as caught:
        site.host(A, certificate=certificate)
    assert "To fix: " in str(caught.value)


def test_the_failure_of_one_cluster_does_not_stop_the_other(site: Site) -> None:
    site.credentials(B)
    with pytest.raises(HcpError, match=r"^a: "):
        site.host(A, B)
    assert "/apis/apps/v1/namespaces/hcp-b/deployments/b" in site.mothership.stored
    with pytest.raises(ManyProblems, match="2 of 2 hosted clusters failed"):
        site.host(A, dataclasses.replace(A, name="c"))


def test_the_api_is_filled_as_soon_as_it_answers(site: Site) -> None:
    site.credentials(A)
    server = site.host(A, check_mode=True)["clusters"]["a"]["server"]
    site.children[server] = hosted_api(unanswered=3)
    site.host(A)
    assert "/api/v1/namespaces/kube-public/configmaps/cluster-info" in site.children[server].stored


def test_signatures_of_the_discovery_survive(running: Site) -> None:
    api = running.children[f"https://10.77.0.11:{running.host(A)['clusters']['a']['api_port']}"]
    path = "/api/v1/namespaces/kube-public/configmaps/cluster-info"
    api.stored[path]["data"]["jws-kubeconfig-abcdef"] = "signature"
    assert running.host(A)["changed"] is False
    assert api.stored[path]["data"]["jws-kubeconfig-abcdef"] == "signature"


def test_an_api_that_refuses_is_told(site: Site) -> None:
    site.credentials(A)
    site.mothership.failures.append(("GET", ApiError(403, "Forbidden", "services is forbidden")))
    with pytest.raises(HcpError, match="services is forbidden"):
        site.host(A)


def test_clusters_of_both_distributions_in_one_run(site: Site) -> None:
    k0s = dataclasses.replace(B, distribution="k0s")
    site.k0s = True
    site.credentials(A, k0s)
    result = site.host(A, k0s)
    assert {"Deployment/hcp-a/a", "StatefulSet/hcp-b/b", "b: ClusterConfig/kube-system/k0s"} <= targets(result)
    again = site.host(A, k0s)
    assert (again["changed"], again["plan"]) == (False, [])
    changed = site.host(A, dataclasses.replace(k0s, api_server_extra_args={"v": 3}))
    assert changed["restarts"] == ["StatefulSet/hcp-b/b"]
    quiet = site.host(A, dataclasses.replace(k0s, api_server_extra_args={"v": 3}, kubelet_config={"maxPods": 9}))
    assert quiet["changed"]
    assert quiet["restarts"] == []


SHARED = dataclasses.replace(A, kine="shared")
KINE_OBJECTS = {
    "Deployment/hcp-a/a-kine",
    "Service/hcp-a/a-kine",
    "NetworkPolicy/hcp-a/a-kine",
    "Secret/hcp-a/kine-ca",
    "Secret/hcp-a/kine-server-pki",
    "Secret/hcp-a/kine-client-pki",
}


def test_a_cluster_may_share_one_kine_and_go_back(running: Site) -> None:
    planned = running.host(SHARED, check_mode=True)
    result = running.host(SHARED)
    assert targets(planned) == targets(result) == {*KINE_OBJECTS, "Deployment/hcp-a/a"}
    assert result["restarts"] == ["Deployment/hcp-a/a"]
    assert not running.host(SHARED)["changed"]
    back = running.host(A, check_mode=True)
    assert targets(back) == {*KINE_OBJECTS, "Deployment/hcp-a/a"}
    assert running.host(A)["plan"] == back["plan"]
    assert not running.host(A)["changed"]


def test_a_shared_kine_goes_after_the_api_servers_that_used_it(running: Site) -> None:
    running.host(SHARED)
    sent = len(running.mothership.mutating)
    running.host(A)
    order = [path.rpartition("/")[2] for _method, path in running.mothership.mutating[sent:]]
    assert order.index("a") < order.index("a-kine") < order.index("kine-ca")


def test_a_removal_that_was_killed_is_finished(running: Site) -> None:
    running.host(SHARED)
    left = dict(running.mothership.stored["/api/v1/namespaces/hcp-a/secrets/kine-client-pki"])
    running.host(A)
    running.mothership.stored["/api/v1/namespaces/hcp-a/secrets/kine-client-pki"] = left
    assert targets(running.host(A)) == {"Secret/hcp-a/kine-client-pki"}


def test_a_new_password_replaces_the_shared_kine_only(running: Site) -> None:
    running.host(SHARED)
    secret = running.mothership.stored["/api/v1/namespaces/hcp-a/secrets/kine-credentials"]
    secret["data"]["password"] = "bmV3"
    assert running.host(SHARED)["restarts"] == ["Deployment/hcp-a/a-kine"]
