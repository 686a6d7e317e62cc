# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import dataclasses
import typing as t

import pytest
from ansible_collections.mothership.hcp.plugins.module_utils._adoption.old_cluster import old_cluster
from ansible_collections.mothership.hcp.plugins.module_utils._adoption.translate import Choices, Translation, translate
from ansible_collections.mothership.hcp.plugins.module_utils._controlplane.port_range import PortRange
from ansible_collections.mothership.hcp.plugins.module_utils._core.errors import ManyProblems

from tests.lab.k0smotron_objects import Shape, cluster

from .site import SHAPE, secrets_of

CA = "-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----\n"


def translated(shape: Shape = SHAPE, tag: str = "", /, metadata: t.Any = None, **choices: t.Any) -> Translation:
    raw = cluster(shape)
    raw["metadata"].update(metadata or {})
    return translate(old_cluster(raw), secrets_of(shape), tag, Choices(**{"name": "tenant", **choices}))


def refusals(shape: Shape = SHAPE, tag: str = "", /, **more: t.Any) -> list[str]:
    with pytest.raises(ManyProblems) as error:
        translated(shape, tag, **more)
    assert "clusters/tenant cannot be adopted" in str(error.value)
    assert all(problem.remedy for problem in error.value.problems)
    return [str(problem) for problem in error.value.problems]


@pytest.mark.parametrize("version", ["v1beta1", "v1beta2"])
def test_a_cluster_becomes_a_definition(version: str) -> None:
    done = translated(dataclasses.replace(SHAPE, api_version=version))
    assert done.definition == {
        "name": "tenant",
        "distribution": "k0s",
        "version": "1.36.3+k0s.2",
        "replicas": 1,
        "endpoint": "10.77.0.11",
        "api_port": 30443,
        "konnectivity_port": 30132,
        "pod_cidr": "10.244.0.0/16",
        "service_cidr": "10.96.0.0/12",
        "dns_domain": "cluster.local",
        "k0s_config": {"network": {"provider": "kuberouter"}},
        "k0s_official_images": True,
        "allow_network_overlap": True,
        "database_host": "10.77.0.21",
        "database_port": 5432,
        "database_name": "tenant",
        "database_user": "tenant",
        "database_sslmode": "require",
    }
    assert done.dsn.password == "pa/ss"
    assert done.spec.namespace == "hcp-tenant"
    assert (done.spec.login, done.spec.database) == ("tenant", "tenant")


def test_images_flags_and_components_are_kept() -> None:
    flags = ("--feature-gates=A=true", "--disable-components=metrics-server,autopilot", "--enable-dynamic-config")
    shape = dataclasses.replace(SHAPE, image="registry.example.com/k0s", version="v1.35.7", flags=flags)
    definition = translated(shape, name="other").definition
    assert definition["name"] == "other"
    assert definition["version"] == "1.35.7+k0s.0"
    assert definition["k0s_image"] == "registry.example.com/k0s:v1.35.7-k0s.0"
    assert definition["k0s_flags"] == ["--feature-gates=A=true"]
    assert definition["k0s_disable_components"] == ["metrics-server", "autopilot"]
    assert "images" not in definition["k0s_config"]


def test_a_pod_network_that_users_brought_is_left_alone() -> None:
    for flags in ((), ("--disable-components=network-provider",)):
        config = {"network": {"provider": "custom"}}
        done = translated(dataclasses.replace(SHAPE, k0s_config=config, flags=flags))
        assert done.definition["k0s_config"]["network"] == {"provider": "custom"}
        assert done.definition["k0s_disable_components"] == ["network-provider"]
        assert "left alone" in "\n".join(done.notes)


def test_the_version_that_runs_counts_where_none_is_written() -> None:
    assert translated(dataclasses.replace(SHAPE, version=""), "v1.36.3-k0s.1").definition["version"] == "1.36.3+k0s.1"


@pytest.mark.parametrize(
    ("query", "choices", "mode"),
    [
        ("?sslmode=disable", {}, "disable"),
        ("?sslmode=require", {}, "require"),
        ("", {"database_sslmode": "disable"}, "disable"),
        ("?sslmode=disable", {"database_ca_certificate": CA}, "verify-full"),
        ("?sslmode=verify-ca", {"database_ca_certificate": CA}, "verify-ca"),
        ("", {"database_ca_certificate": CA, "database_sslmode": "require"}, "require"),
    ],
)
def test_how_connections_are_encrypted(query: str, choices: dict[str, str], mode: str) -> None:
    shape = dataclasses.replace(SHAPE, dsn=f"postgres://u:p@db1/a{query}")
    definition = translated(shape, **choices).definition
    assert definition["database_sslmode"] == mode
    assert definition.get("database_ca_certificate", "") == choices.get("database_ca_certificate", "")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"more": {"storage": {"type": "nats"}}}, "is nats"),
        ({"more": {"storage": {"type": "etcd"}}}, "is etcd"),
        ({"dsn": "mysql://u:p@tcp(db1)/a"}, "reached with mysql"),
        ({"dsn": "postgres://u:p@db1/a?sslmode=prefer"}, "leaves open"),
        ({"dsn": "postgres://u:p@db1/a?sslmode=verify-full"}, "is needed for sslmode=verify-full"),
        ({"more": {"ingress": {"apiHost": "a", "konnectivityHost": "b"}}}, "through an Ingress"),
        ({"more": {"remoteHostCluster": {"kubeconfigRef": {"name": "a"}}}}, "runs in another cluster"),
        ({"more": {"kubeconfigRef": {"name": "a"}}}, "runs in another cluster"),
        ({"address": ""}, "is empty"),
        ({"service_type": "ClusterIP", "address": ""}, "is ClusterIP"),
        ({"service_type": "LoadBalancer"}, "is LoadBalancer"),
        ({"api_port": 6443}, "hosted_clusters[0].api_port"),
        ({"konnectivity_port": 443}, "hosted_clusters[0].konnectivity_port"),
        ({"version": "v1.34.10-k0s.0"}, "one minor version after the other"),
        ({"version": "latest"}, "is no version of k0s"),
        ({"version": "v1.37.0-k0s.0"}, "1.37.0"),
        ({"flags": ("--single",)}, "--single is set"),
        ({"k0s_config": {"api": {"extraArgs": {"secure-port": "1"}}}}, "api_server_extra_args.secure-port"),
        ({"k0s_config": {"network": {"provider": "cilium"}}}, "'cilium' is no pod network"),
    ],
)
def test_what_cannot_be_adopted_is_refused_once(change: dict[str, t.Any], message: str) -> None:
    (problem,) = refusals(dataclasses.replace(SHAPE, **change))
    assert message in problem


def test_a_volume_that_is_needed_is_a_reason() -> None:
    flags = {"audit-policy-file": "/files/audit.yaml"}
    shape = dataclasses.replace(SHAPE, k0s_config={"api": {"extraArgs": flags}}, more={"mounts": [{"path": "/files"}]})
    (problem,) = refusals(shape)
    assert "refers to /files" in problem
    # One that nothing refers to is only missed.
    unused = dataclasses.replace(shape, more={"mounts": [{"path": "/other"}]})
    assert "spec.mounts: further volumes in the control plane are not kept." in translated(unused).notes


def test_encrypted_data_is_a_reason() -> None:
    flags = {"encryption-provider-config": "/files/keys.yaml"}
    shape = dataclasses.replace(SHAPE, k0s_config={"api": {"extraArgs": flags}}, more={"mounts": [{"path": "/files"}]})
    (problem,) = refusals(shape)
    assert "encrypts what is in the database" in problem


def test_a_cluster_that_others_look_after_is_refused() -> None:
    assert "is paused" in refusals(metadata={"annotations": {"cluster.x-k8s.io/paused": "true"}})[0]
    assert "K0smotronControlPlane" in refusals(metadata={"ownerReferences": [{"kind": "K0smotronControlPlane"}]})[0]


def test_all_reasons_are_told_at_once() -> None:
    shape = dataclasses.replace(SHAPE, version="v1.30.0-k0s.0", api_port=443, flags=("--single",), dsn="sqlite://a")
    assert len(refusals(shape, name="A_b")) == 5


def test_a_missing_ca_is_a_reason() -> None:
    raw = cluster(SHAPE)
    raw["spec"]["certificateRefs"] = [{"type": "ca", "name": "mine"}]
    with pytest.raises(ManyProblems, match="Secret/clusters/mine: does not exist"):
        translate(old_cluster(raw), secrets_of(SHAPE), "", Choices("tenant"))


def test_other_node_ports_can_be_allowed() -> None:
    shape = dataclasses.replace(SHAPE, api_port=6443, konnectivity_port=8132)
    assert translated(shape, node_ports=PortRange(1025, 32767)).definition["api_port"] == 6443


def test_what_is_not_kept_is_noted() -> None:
    more = {
        "monitoring": {"enabled": True},
        "mounts": [{"path": "/x"}],
        "patches": [{}],
        "persistence": {"type": "pvc"},
        "resources": {"limits": {}},
        "topologySpreadConstraints": [{}],
        "manifests": [{"name": "kmc-tenant-endpoint"}, {"name": "extra"}],
        "service": {"type": "NodePort", "apiPort": 30443, "konnectivityPort": 30132, "annotations": {"a": "b"}},
    }
    notes = "\n".join(translated(dataclasses.replace(SHAPE, more=more)).notes)
    for text in ("monitoring", "mounts", "patches", "persistence", "resources", "topologySpread", "what extra made"):
        assert text in notes
    assert "spec.service" in notes
    assert not translated().notes
