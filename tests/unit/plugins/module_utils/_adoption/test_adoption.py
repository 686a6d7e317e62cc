# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import base64
import dataclasses
import json
import pathlib
import typing as t

import pytest
import yaml
from ansible_collections.mothership.hcp.plugins.module_utils._adoption import release
from ansible_collections.mothership.hcp.plugins.module_utils._controlplane.manifests import secret_texts
from ansible_collections.mothership.hcp.plugins.module_utils._core.errors import HcpError

from tests.lab.k0smotron_objects import cluster, service

from .site import SHAPE, Site

OURS = "hcp-tenant"
CLUSTER = "/apis/k0smotron.io/v1beta2/namespaces/clusters/clusters/tenant"


@pytest.fixture
def site(tmp_path: pathlib.Path) -> Site:
    return Site(tmp_path)


def targets(result: dict[str, t.Any]) -> list[str]:
    return [f"{one['action']} {one['target']}" for one in result["plan"]]


def test_prepare_writes_keys_login_and_definition_and_touches_nothing_old(site: Site) -> None:
    before = {path: obj for path, obj in site.api.stored.items() if OURS not in path}
    result = site.run("prepare")
    assert {path: obj for path, obj in site.api.stored.items() if path in before} == before
    assert site.names("Secret", OURS) == [
        "k0smotron-adoption",
        "kine-credentials",
        "kubernetes-ca",
        "kubernetes-front-proxy-ca",
        "service-account-key",
    ]
    old = secret_texts(site.stored("Secret", "tenant-ca"))
    assert secret_texts(site.stored("Secret", "kubernetes-ca", OURS)) == old
    signing = secret_texts(site.stored("Secret", "service-account-key", OURS))
    assert signing["sa.pub"] == secret_texts(site.stored("Secret", "tenant-sa"))["tls.crt"]
    login = secret_texts(site.stored("Secret", "kine-credentials", OURS))
    assert (login["username"], login["password"]) == ("tenant", "pa/ss")
    assert len(base64.b64decode(login["salt"])) == 16
    path = pathlib.Path(result["definition_file"])
    assert yaml.safe_load(path.read_text()) == {"hosted_clusters": [result["definition"]]}
    assert path.stat().st_mode & 0o777 == 0o600


def test_no_secret_is_shown(site: Site) -> None:
    site.shape = dataclasses.replace(SHAPE, dsn_in_secret=False)
    site.api.put(cluster(site.shape))
    shown = json.dumps(site.everything())
    assert SHAPE.dsn not in shown
    assert "pa/ss" not in shown
    assert "PRIVATE KEY" not in shown
    assert len(site.secrets) >= 3


def test_the_ports_move_while_the_old_pods_serve(site: Site) -> None:
    site.run("prepare")
    site.api.sent.clear()
    site.run("switch")
    assert CLUSTER not in site.api.stored
    assert site.names("Service") == []
    assert site.names("StatefulSet") == ["kmc-tenant"]
    api = site.stored("Service", "tenant", OURS)["spec"]
    assert [port["nodePort"] for port in api["ports"]] == [30443]
    for name, port, port_name in (("tenant", 30443, "api"), ("tenant-konnectivity", 30132, "agent")):
        endpoints = site.stored("EndpointSlice", f"{name}-k0smotron", OURS)
        assert endpoints["metadata"]["labels"]["kubernetes.io/service-name"] == name
        assert endpoints["ports"] == [{"name": port_name, "protocol": "TCP", "port": port}]
        assert [one["addresses"] for one in endpoints["endpoints"]] == [["10.244.0.9"]]
        assert site.stored("Service", name, OURS)["spec"]["ports"][0]["name"] == port_name
    # The operator lets go before its Service goes, and the way to the old pods is there before ours leads to them.
    kinds = [(method, path.rsplit("/", 2)[1]) for method, path in site.api.mutating]
    order = [kinds.index(one) for one in (("DELETE", "clusters"), ("PATCH", "endpointslices"), ("DELETE", "services"))]
    assert order == sorted(order)
    assert kinds.index(("DELETE", "services")) < kinds.index(("PATCH", "services"))


def test_the_object_is_deleted_without_what_it_owns(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    site.run("prepare")
    bodies: list[t.Any] = []
    request = site.api.request

    def recorded(method: str, path: str, **more: t.Any) -> t.Any:
        if (method, path) == ("DELETE", CLUSTER):
            bodies.append(more["body"])
        return request(method, path, **more)

    monkeypatch.setattr(site.api, "request", recorded)
    uid = site.api.stored[CLUSTER]["metadata"]["uid"]
    site.run("switch")
    assert bodies == [
        {"apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": "Orphan", "preconditions": {"uid": uid}}
    ]


def test_the_old_control_plane_goes_and_what_leads_back_stays(site: Site) -> None:
    *_before, result = site.everything()
    assert result["finished"]
    for kind in ("StatefulSet", "Service", "ConfigMap"):
        assert site.names(kind) == []
    assert site.names("EndpointSlice", OURS) == []
    kept = ["tenant-ca", "tenant-database", "tenant-etcd", "tenant-kubeconfig", "tenant-proxy", "tenant-sa"]
    assert site.names("Secret") == kept
    assert f"Secret {', Secret '.join(one for one in kept)}" in result["notes"][-1]
    record = secret_texts(site.stored("Secret", "k0smotron-adoption", OURS))
    assert record["state"] == "retired"
    assert json.loads(record["cluster.json"])["spec"] == cluster(SHAPE)["spec"]


def test_the_old_control_plane_stays_while_the_new_one_is_not_ready(site: Site) -> None:
    site.run("prepare")
    with pytest.raises(HcpError, match="still belongs to k0smotron"):
        site.run("retire")
    site.run("switch")
    with pytest.raises(HcpError, match=r"not ready \(not created yet\), so the old one stays"):
        site.run("retire")
    assert site.names("StatefulSet") == ["kmc-tenant"]


def test_switching_needs_preparation(site: Site) -> None:
    with pytest.raises(HcpError, match="is not prepared"):
        site.run("switch")
    site.run("prepare")
    site.api.put(cluster(dataclasses.replace(SHAPE, replicas=3)))
    with pytest.raises(HcpError, match="has changed since"):
        site.run("switch")
    assert CLUSTER in site.api.stored


def test_a_second_run_changes_nothing(site: Site) -> None:
    first = site.run("prepare")
    assert site.run("prepare")["changed"] is False
    site.run("switch")
    assert site.run("switch")["changed"] is False
    # A definition that is known is found again without k0smotron's object.
    assert site.run("prepare")["definition"] == first["definition"]
    site.host()
    site.remove_pods()
    site.run("retire")
    pathlib.Path(first["definition_file"]).unlink()
    site.api.sent.clear()
    again = [site.run(phase) for phase in ("prepare", "switch", "retire")]
    assert [(one["changed"], one["finished"]) for one in again] == [(False, True)] * 3
    assert site.api.mutating == []


@pytest.mark.parametrize("phase", ["prepare", "switch", "retire"])
def test_check_mode_makes_no_mutating_call(site: Site, phase: str) -> None:
    planned = site.run(phase, check_mode=True)
    assert planned["changed"]
    assert site.api.mutating == []
    assert not pathlib.Path(planned["definition_file"]).exists()
    for earlier in ("prepare", "switch"):
        if earlier != phase:
            site.run(earlier)
        else:
            break
    site.host()
    site.remove_pods()
    planned = site.run(phase, check_mode=True)
    site.api.sent.clear()
    done = site.run(phase, check_mode=False)
    assert site.api.mutating
    assert targets(done) == targets(planned)


def test_a_run_that_is_killed_anywhere_is_finished_by_the_next(tmp_path: pathlib.Path) -> None:
    whole = Site(tmp_path / "whole")
    whole.everything()
    wanted = state_of(whole)
    for number in range(len(whole.api.mutating)):
        site = Site(tmp_path / str(number))
        with pytest.raises(KeyboardInterrupt), killed_at(site, number):
            site.everything()
        for phase in ("prepare", "switch"):
            site.run(phase)
        site.host()
        site.remove_pods()
        site.run("retire")
        assert state_of(site) == wanted, f"killed at {whole.api.mutating[number]}"


class killed_at:
    """The process ends before the request that would be the nth to change something."""

    def __init__(self, site: Site, number: int) -> None:
        self.api, self.number = site.api, number

    def __enter__(self) -> None:
        request = self.api.request

        def until(method: str, path: str, **more: t.Any) -> t.Any:
            if method != "GET" and len(self.api.mutating) == self.number:
                raise KeyboardInterrupt
            return request(method, path, **more)

        self.api.request = until  # type: ignore[method-assign]

    def __exit__(self, *_error: object) -> None:
        del self.api.request


def state_of(site: Site) -> dict[str, t.Any]:
    """All objects, without what differs from run to run."""
    state = {}
    for path, obj in site.api.stored.items():
        content = {key: value for key, value in obj.items() if key not in ("metadata", "data")}
        texts = secret_texts(obj) if obj["kind"] == "Secret" else dict(obj.get("data") or {})
        texts.pop("salt", None)
        state[path] = (content, texts)
    return state


def test_a_port_that_somebody_else_took_stops_it_before_anything_is_done(site: Site) -> None:
    site.api.put(service(dataclasses.replace(SHAPE, name="other", namespace="elsewhere", konnectivity_port=30999)))
    with pytest.raises(HcpError, match="30443 belongs to Service elsewhere/kmc-other-nodeport"):
        site.run("prepare")
    assert site.api.mutating == []


def test_another_hosted_cluster_of_the_name_is_left_alone(site: Site) -> None:
    other = {"tls.crt": base64.b64encode(b"x").decode()}
    site.api.put(
        {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "kubernetes-ca", "namespace": OURS}, "data": other}
    )
    with pytest.raises(HcpError, match="holds a hosted cluster with another CA"):
        site.run("prepare")


def test_an_adopted_cluster_of_the_name_is_left_alone(site: Site) -> None:
    site.run("prepare")
    site.shape = dataclasses.replace(SHAPE, namespace="elsewhere")
    with pytest.raises(HcpError, match="holds the adopted cluster clusters/tenant"):
        site.run("prepare")


def test_a_cluster_that_does_not_exist_is_named_with_those_that_do(site: Site) -> None:
    site.shape = dataclasses.replace(SHAPE, name="missing")
    with pytest.raises(HcpError, match=r"there is no .*clusters/missing.*use one of clusters/tenant"):
        site.run("prepare")
    site.api.discovered.clear()
    with pytest.raises(HcpError, match="k0smotron is not installed"):
        site.run("prepare")


def test_a_cluster_that_is_being_deleted_is_not_adopted(site: Site) -> None:
    site.api.stored[CLUSTER]["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    with pytest.raises(HcpError, match="is being deleted"):
        site.run("prepare")


def test_an_operator_that_does_not_run_is_not_waited_for(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(release, "_OPERATOR_SECONDS", 0.2)
    site.api.finalizing.clear()
    site.run("prepare")
    site.run("switch")
    assert CLUSTER not in site.api.stored
    assert site.names("Service", OURS) == ["tenant", "tenant-konnectivity"]


def test_nothing_goes_with_the_object_whatever_its_operator_did_last(site: Site) -> None:
    owner = {"kind": "Cluster", "uid": site.api.stored[CLUSTER]["metadata"]["uid"]}
    other = {"kind": "Other", "uid": "other"}
    # As if it wrote these while the server was making them free.
    owned = [site.stored("StatefulSet", "kmc-tenant"), site.stored("Secret", "tenant-ca")]
    for obj in owned:
        obj["metadata"]["ownerReferences"] = [owner, other]
    site.run("prepare")
    site.run("switch")
    assert CLUSTER not in site.api.stored
    for obj in owned:
        assert obj["metadata"]["ownerReferences"] == [other]


def test_a_finalizer_of_others_is_waited_for(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(release, "_PAUSE", 0.1)
    site.api.stored[CLUSTER]["metadata"]["finalizers"].append("backup.example.com/hold")
    site.run("prepare")
    with pytest.raises(HcpError, match=r"it waits for backup\.example\.com/hold"):
        site.run("switch", timeout=0.5)
    assert CLUSTER in site.api.stored
    assert site.names("Service") == ["kmc-tenant-nodeport"]
    # Once it is free, the next run goes on.
    site.api.stored[CLUSTER]["metadata"]["finalizers"].remove("backup.example.com/hold")
    site.run("switch")
    assert site.names("Service") == []


def test_a_service_of_an_earlier_type_goes_at_the_end(site: Site) -> None:
    site.api.put(service(dataclasses.replace(SHAPE, service_type="ClusterIP")))
    site.run("prepare")
    site.run("switch")
    assert site.names("Service") == ["kmc-tenant"]
    site.host()
    site.remove_pods()
    site.run("retire")
    assert site.names("Service") == []
