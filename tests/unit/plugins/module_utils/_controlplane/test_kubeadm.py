# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import re

import pytest
from ansible_collections.mothership.hcp.plugins.module_utils._controlplane.api_server import arguments
from ansible_collections.mothership.hcp.plugins.module_utils._controlplane.distribution import distribution_for
from ansible_collections.mothership.hcp.plugins.module_utils._core.errors import HcpError

from .planes import only, plane

KUBEADM = distribution_for("kubeadm")


def test_no_object_is_given_twice() -> None:
    for objects in (KUBEADM.mothership_objects(plane()), KUBEADM.child_objects(plane())):
        keys = [(item["kind"], item["metadata"].get("namespace"), item["metadata"]["name"]) for item in objects]
        assert len(keys) == len(set(keys))


def test_the_same_definition_gives_the_same_objects() -> None:
    for build in (KUBEADM.mothership_objects, KUBEADM.child_objects):
        assert json.dumps(build(plane())) == json.dumps(build(plane()))


def test_everything_in_the_mothership_stays_in_the_namespace_and_names_its_cluster() -> None:
    for item in KUBEADM.mothership_objects(plane()):
        assert item["kind"] == "Namespace" or item["metadata"]["namespace"] == "hcp-tenant-a"
        assert item["metadata"]["labels"]["mothership.hcp/cluster"] == "tenant-a"


def test_no_private_key_outside_secrets() -> None:
    objects = [*KUBEADM.mothership_objects(plane()), *KUBEADM.child_objects(plane())]
    others = [item for item in objects if item["kind"] != "Secret"]
    assert "PRIVATE KEY" not in json.dumps(others)
    assert "PRIVATE KEY" not in repr(plane())
    assert "pass:word" not in json.dumps(others) + repr(plane())


def test_workers_learn_what_they_need() -> None:
    facts = KUBEADM.worker_facts(plane())
    assert facts["server"] == "https://10.77.0.11:30001"
    assert facts["version"] == "1.36.3"
    assert re.fullmatch("sha256:[0-9a-f]{64}", facts["ca_certificate_hash"])


def test_the_service_kubernetes_leads_outside_and_no_replica_writes_it() -> None:
    built = plane(endpoint="a.example.com")
    made = only(KUBEADM.child_objects(built), "EndpointSlice")
    assert made["metadata"]["labels"]["kubernetes.io/service-name"] == "kubernetes"
    assert made["endpoints"][0]["addresses"] == ["10.77.0.11"]
    assert made["ports"][0]["port"] == 30001
    assert "--endpoint-reconciler-type=none" in arguments(built)


def test_an_unknown_distribution() -> None:
    with pytest.raises(HcpError, match="k3s"):
        distribution_for("k3s")
