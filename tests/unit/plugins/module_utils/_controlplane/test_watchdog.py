# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.mothership.hcp.plugins.module_utils._controlplane import watchdog
from ansible_collections.mothership.hcp.plugins.module_utils._controlplane.control_plane import ControlPlane
from ansible_collections.mothership.hcp.plugins.module_utils._controlplane.distribution import Distribution
from ansible_collections.mothership.hcp.plugins.module_utils._controlplane.k0s import K0s
from ansible_collections.mothership.hcp.plugins.module_utils._controlplane.kubeadm import Kubeadm
from ansible_collections.mothership.hcp.plugins.module_utils._controlplane.manifests import secret_texts
from ansible_collections.mothership.hcp.plugins.module_utils._host.watchdog import mothership, replica

from .planes import k0s_plane, only, plane


def test_the_watchdog_has_a_certificate_of_its_own_for_the_cluster() -> None:
    texts = secret_texts(only(watchdog.watchdog_objects(plane()), "Secret", "replica-watchdog"))
    assert set(texts) == {"ca.crt", "client.crt", "client.key"}
    assert texts["ca.crt"] == plane().pki.authority.certificate_pem
    assert texts["client.crt"] != plane().pki.leaves["administrator"].certificate_pem


def test_its_rights_in_the_mothership_end_at_what_it_needs() -> None:
    role = only(watchdog.watchdog_objects(plane()), "Role")
    verbs = {rule["resources"][0]: (rule["verbs"], rule.get("resourceNames")) for rule in role["rules"]}
    assert verbs == {
        "pods": (["get", "list", "delete"], None),
        "secrets": (["get"], ["replica-watchdog"]),
        "configmaps": (["get", "patch"], ["kine-revision"]),
        "events": (["create"], None),
    }
    cluster_role = only(watchdog.watchdog_account(), "ClusterRole")
    assert cluster_role["rules"] == [{"apiGroups": [""], "resources": ["namespaces"], "verbs": ["list"]}]


def test_the_mark_has_no_data_that_a_later_run_would_set_back() -> None:
    assert "data" not in only(watchdog.watchdog_objects(plane()), "ConfigMap", "kine-revision")


def test_in_the_hosted_cluster_it_may_list_what_it_asks_for_and_read_metrics() -> None:
    *lists, metrics = only(watchdog.watchdog_child_objects(), "ClusterRole")["rules"]
    paths = set()
    for rule in lists:
        (group,), (resource,) = rule["apiGroups"], rule["resources"]
        paths.add(f"/apis/{group}/v1/{resource}" if group else f"/api/v1/{resource}")
        assert rule["verbs"] == ["list"]
    assert paths == set(replica.PATHS)
    assert metrics == {"nonResourceURLs": ["/metrics"], "verbs": ["get"]}
    binding = only(watchdog.watchdog_child_objects(), "ClusterRoleBinding")
    assert [subject["name"] for subject in binding["subjects"]] == ["mothership:watchdog"]


def test_program_and_objects_agree_on_names() -> None:
    assert (mothership.NAME, mothership.MARK) == (watchdog.NAME, watchdog.MARK)


def names(objects: t.Sequence[dict[str, t.Any]]) -> set[tuple[str, str]]:
    return {(item["kind"], item["metadata"]["name"]) for item in objects}


@pytest.mark.parametrize(("distribution", "one"), [(Kubeadm(), plane()), (K0s(), k0s_plane())])
def test_each_distribution_makes_them(distribution: Distribution, one: ControlPlane) -> None:
    assert names(watchdog.watchdog_objects(one)) <= names(distribution.mothership_objects(one))
    assert names(watchdog.watchdog_child_objects()) <= names(distribution.child_objects(one))
