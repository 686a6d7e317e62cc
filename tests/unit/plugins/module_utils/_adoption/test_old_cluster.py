# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import dataclasses

import pytest
from ansible_collections.mothership.hcp.plugins.module_utils._adoption.old_cluster import old_cluster, to_keep

from tests.lab.k0smotron_objects import cluster

from .site import SHAPE

FLAGS = ("--debug", "--disable-components=autopilot")


def test_both_versions_say_the_same() -> None:
    shapes = [dataclasses.replace(SHAPE, api_version=version, flags=FLAGS) for version in ("v1beta1", "v1beta2")]
    one, other = (old_cluster(cluster(shape)) for shape in shapes)
    assert dataclasses.replace(one, raw={}) == dataclasses.replace(other, raw={})
    assert one.storage == "kine"
    assert one.dsn_secret == "tenant-database"
    assert one.dsn == ""
    assert one.flags == FLAGS


def test_an_address_in_the_object_is_found_in_both_versions() -> None:
    for version in ("v1beta1", "v1beta2"):
        shape = dataclasses.replace(SHAPE, api_version=version, dsn_in_secret=False)
        old = old_cluster(cluster(shape))
        assert (old.dsn, old.dsn_secret) == (SHAPE.dsn, "")
        assert SHAPE.dsn not in repr(old)


@pytest.mark.parametrize(
    ("spec", "storage", "service"),
    [
        ({}, "etcd", "NodePort"),
        ({"replicas": 1}, "etcd", "ClusterIP"),
        ({"storage": {"type": "nats"}}, "nats", "ClusterIP"),
        ({"etcd": {"image": "x"}}, "etcd", "ClusterIP"),
    ],
)
def test_defaults_are_those_of_k0smotron(spec: dict[str, object], storage: str, service: str) -> None:
    old = old_cluster({"apiVersion": "k0smotron.io/v1beta2", "metadata": {"name": "a", "namespace": "b"}, "spec": spec})
    assert (old.storage, old.service_type) == (storage, service)
    assert (old.api_port, old.konnectivity_port) == (30443, 30132)
    assert old.certificate_secrets == {"ca": "a-ca", "proxy": "a-proxy", "sa": "a-sa"}


def test_what_is_kept_can_be_applied_again() -> None:
    raw = cluster(SHAPE)
    raw["metadata"].update(uid="u", resourceVersion="7", managedFields=[{}], annotations={"a": "b"})
    raw["metadata"]["annotations"]["kubectl.kubernetes.io/last-applied-configuration"] = "{}"
    kept = to_keep({**raw, "status": {"ready": True}})
    assert set(kept) == {"apiVersion", "kind", "metadata", "spec"}
    assert kept["metadata"] == {"name": "tenant", "namespace": "clusters", "annotations": {"a": "b"}}
