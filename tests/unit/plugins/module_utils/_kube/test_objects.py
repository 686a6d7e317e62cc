# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import typing as t

import pytest
from ansible_collections.mothership.hcp.plugins.module_utils._kube import objects
from ansible_collections.mothership.hcp.plugins.module_utils._kube.client import ApiError
from ansible_collections.mothership.hcp.plugins.module_utils._kube.discovery import (
    BUILT_IN,
    Resource,
    UnknownKind,
    resource_for,
    resource_of_definition,
)

from tests.unit.plugins.module_utils._kube.fake_api import FakeApi, config_map


class Discoverable(FakeApi):
    """Serves one custom kind."""

    def _get(self, path: str, query: dict[str, t.Any], body: t.Any) -> dict[str, t.Any]:
        if path == "/apis/example.org/v1":
            return {
                "resources": [
                    {"name": "shops", "kind": "Shop", "namespaced": True},
                    {"name": "shops/status", "kind": "Shop", "namespaced": True},
                ]
            }
        return super()._get(path, query, body)


def test_paths() -> None:
    config_maps = BUILT_IN[("v1", "ConfigMap")]
    assert config_maps.path("shop", "a") == "/api/v1/namespaces/shop/configmaps/a"
    assert config_maps.path("shop") == "/api/v1/namespaces/shop/configmaps"
    assert config_maps.path() == "/api/v1/configmaps"
    role = BUILT_IN[("rbac.authorization.k8s.io/v1", "ClusterRole")]
    assert role.path("ignored", "system:node") == "/apis/rbac.authorization.k8s.io/v1/clusterroles/system%3Anode"


def test_built_in_kinds_cost_no_request() -> None:
    api = FakeApi()
    assert resource_for(t.cast(t.Any, api), "apps/v1", "Deployment").plural == "deployments"
    assert api.sent == []


def test_other_kinds_are_asked_for_once() -> None:
    api = Discoverable()
    for _ in range(2):
        assert resource_for(t.cast(t.Any, api), "example.org/v1", "Shop") == Resource(
            "example.org/v1", "Shop", "shops", True
        )
    assert len(api.sent) == 1


def test_unknown_kinds() -> None:
    with pytest.raises(UnknownKind, match="does not serve Nothing of v1"):
        resource_for(t.cast(t.Any, FakeApi()), "v1", "Nothing")
    with pytest.raises(UnknownKind):
        resource_for(None, "example.org/v1", "Shop")


def test_a_definition_tells_what_will_be_served() -> None:
    definition = {
        "spec": {
            "group": "example.org",
            "scope": "Cluster",
            "names": {"kind": "Shop", "plural": "shops"},
            "versions": [{"name": "v1", "served": True}, {"name": "v0", "served": False}],
        }
    }
    assert resource_of_definition(definition) == [Resource("example.org/v1", "Shop", "shops", False)]


def test_get_list_create_delete() -> None:
    api = t.cast(t.Any, FakeApi())
    assert objects.get(api, "v1", "ConfigMap", "a", "shop") is None
    objects.create(api, config_map("a"))
    found = objects.get(api, "v1", "ConfigMap", "a", "shop")
    assert found is not None
    assert found["metadata"]["name"] == "a"
    listed = objects.list_objects(api, "v1", "ConfigMap", "shop")
    assert [(item["kind"], item["apiVersion"]) for item in listed] == [("ConfigMap", "v1")]
    with pytest.raises(ApiError, match="ConfigMap/shop/a") as caught:
        objects.create(api, config_map("a"))
    assert caught.value.is_conflict
    assert objects.delete(api, "v1", "ConfigMap", "a", "shop")
    assert not objects.delete(api, "v1", "ConfigMap", "a", "shop")


def test_list_reads_all_pages() -> None:
    class Paged(FakeApi):
        def _get(self, path: str, query: dict[str, t.Any], body: t.Any) -> dict[str, t.Any]:
            page = int(query.get("continue", 0))
            metadata = {"resourceVersion": "5", **({"continue": str(page + 1)} if page < 2 else {})}
            return {"items": [{"metadata": {"name": f"n{page}"}}], "metadata": metadata}

    api = Paged()
    listed = objects.list_objects(t.cast(t.Any, api), "v1", "Node", label_selector="a=b")
    assert [item["metadata"]["name"] for item in listed] == ["n0", "n1", "n2"]
    assert all(query["labelSelector"] == "a=b" for _method, _path, query in api.sent)


def test_names_in_messages() -> None:
    assert objects.target("Node", "a") == "Node/a"
    assert objects.target_of(config_map("a")) == "ConfigMap/shop/a"
    assert objects.target_of({"kind": "A", "metadata": "text"}) == "A/None"
    assert objects.describe_command("Pod", "a", "b") == "kubectl describe pod a --namespace b"
