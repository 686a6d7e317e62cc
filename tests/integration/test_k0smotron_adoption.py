# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A cluster of k0smotron is taken over on a real kube-apiserver; the test plays its operator and the controllers."""

from __future__ import annotations

import dataclasses
import json
import os
import pathlib
import subprocess
import threading
import typing as t

import pytest
from ansible_collections.mothership.hcp.plugins.module_utils._adoption import release
from ansible_collections.mothership.hcp.plugins.module_utils._adoption.adoption import Adoption
from ansible_collections.mothership.hcp.plugins.module_utils._adoption.situation import Request
from ansible_collections.mothership.hcp.plugins.module_utils._adoption.translate import Choices
from ansible_collections.mothership.hcp.plugins.module_utils._controlplane.control_plane import ControlPlane, Database
from ansible_collections.mothership.hcp.plugins.module_utils._controlplane.distribution import distribution_for
from ansible_collections.mothership.hcp.plugins.module_utils._controlplane.manifests import secret_texts
from ansible_collections.mothership.hcp.plugins.module_utils._controlplane.pki import ensure_pki
from ansible_collections.mothership.hcp.plugins.module_utils._controlplane.ports import Ports
from ansible_collections.mothership.hcp.plugins.module_utils._controlplane.spec import Surroundings, parse_clusters
from ansible_collections.mothership.hcp.plugins.module_utils._core.plan import Plan
from ansible_collections.mothership.hcp.plugins.module_utils._core.progress import Deadline, Progress
from ansible_collections.mothership.hcp.plugins.module_utils._kube.apply import apply_objects
from ansible_collections.mothership.hcp.plugins.module_utils._kube.client import KubeClient
from ansible_collections.mothership.hcp.plugins.module_utils._kube.errors import ApiError
from ansible_collections.mothership.hcp.plugins.module_utils._kube.objects import create, get, list_objects

from tests.integration.processes import REPOSITORY, ApiServer
from tests.lab.k0smotron_objects import Shape, cluster, definition, plane, service

Object = dict[str, t.Any]

MERGE = "application/merge-patch+json"
GROUP = "/apis/k0smotron.io/v1beta2"
#: Node ports are one for the whole server: every test has its own.
PORTS = iter(range(31000, 31100, 2))


def apply(client: KubeClient, objects: t.Sequence[Object], manager: str = "k0smotron-operator") -> Plan:
    return apply_objects(
        client, objects, check_mode=False, field_manager=manager, deadline=Deadline(30), progress=Progress("")
    )


class Old:
    """A cluster of k0smotron with its control plane, one pod of which serves."""

    def __init__(self, client: KubeClient, shape: Shape) -> None:
        self.client, self.shape = client, shape
        api_version = f"k0smotron.io/{shape.api_version}"
        apply(client, [definition()])
        apply(client, [{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": shape.namespace}}])
        create(client, cluster(shape))
        made = get(client, api_version, "Cluster", shape.name, shape.namespace)
        assert made is not None
        self.uid = made["metadata"]["uid"]
        self.objects = plane(dataclasses.replace(shape, owner=self.uid))
        apply(client, self.objects)
        self.start_pod()

    @property
    def path(self) -> str:
        return f"{GROUP}/namespaces/{self.shape.namespace}/clusters/{self.shape.name}"

    def start_pod(self) -> None:
        pod = {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {
                "name": f"kmc-{self.shape.name}-0",
                "namespace": self.shape.namespace,
                "labels": dict(self.shape.selector),
            },
            "spec": {"containers": [{"name": "controller", "image": "x"}], "automountServiceAccountToken": False},
        }
        account = {"name": "default", "namespace": self.shape.namespace}
        apply(self.client, [{"apiVersion": "v1", "kind": "ServiceAccount", "metadata": account}])
        create(self.client, pod)
        status = {
            "podIP": "10.244.7.7",
            "podIPs": [{"ip": "10.244.7.7"}],
            "conditions": [{"type": "Ready", "status": "True"}],
        }
        path = f"/api/v1/namespaces/{self.shape.namespace}/pods/kmc-{self.shape.name}-0"
        self.client.request("PATCH", f"{path}/status", body={"status": status}, content_type=MERGE)

    def stop_pod(self) -> None:
        path = f"/api/v1/namespaces/{self.shape.namespace}/pods/kmc-{self.shape.name}-0"
        self.client.request("DELETE", path, body={"gracePeriodSeconds": 0})


def collect_garbage(client: KubeClient, old: Old, stop: threading.Event, operator: bool) -> None:
    """What the garbage collector does for a deletion that orphans, and then the operator, if it runs."""
    while not stop.wait(0.1):
        try:
            found = client.request("GET", old.path)
        except ApiError:
            continue
        metadata = found["metadata"]
        if not metadata.get("deletionTimestamp"):
            continue
        finalizers = list(metadata.get("finalizers") or [])
        if "orphan" in finalizers:
            # One object is left owned, as if the operator had been at work: it must not go with its owner.
            for obj in old.objects[:-1]:
                free = {"metadata": {"ownerReferences": None}}
                client.request("PATCH", path_of(obj), body=free, content_type=MERGE)
            finalizers.remove("orphan")
        elif operator and "k0smotron.io/finalizer" in finalizers:
            finalizers.remove("k0smotron.io/finalizer")
        else:
            continue
        body = {"metadata": {"finalizers": finalizers, "resourceVersion": metadata["resourceVersion"]}}
        client.request("PATCH", old.path, body=body, content_type=MERGE)


def path_of(obj: Object) -> str:
    root = "/apis/apps/v1" if obj["kind"] == "StatefulSet" else "/api/v1"
    metadata = obj["metadata"]
    return f"{root}/namespaces/{metadata['namespace']}/{obj['kind'].lower()}s/{metadata['name']}"


@pytest.fixture
def shape(namespace: str) -> Shape:
    port = next(PORTS)
    return Shape(name=namespace[-20:].strip("-"), namespace=namespace, api_port=port, konnectivity_port=port + 1)


@pytest.fixture(params=["v1beta1", "v1beta2"])
def old(request: pytest.FixtureRequest, client: KubeClient, shape: Shape) -> Old:
    return Old(client, dataclasses.replace(shape, api_version=request.param))


@pytest.fixture(params=[True, False], ids=["operator", "no operator"])
def controllers(
    request: pytest.FixtureRequest, api_server: ApiServer, old: Old, monkeypatch: pytest.MonkeyPatch
) -> t.Iterator[None]:
    monkeypatch.setattr(release, "_OPERATOR_SECONDS", 2.0)
    stop = threading.Event()
    arguments = (api_server.client(), old, stop, request.param)
    thread = threading.Thread(target=collect_garbage, args=arguments, daemon=True)
    thread.start()
    yield
    stop.set()
    thread.join(timeout=5)


def run(client: KubeClient, shape: Shape, folder: pathlib.Path, phase: str, *, check_mode: bool = False) -> Object:
    request = Request(shape.name, shape.namespace, Choices(f"our-{shape.name}"), str(folder), wait_timeout=60)
    adoption = Adoption(request, client, check_mode=check_mode, progress=Progress(""))
    return t.cast(Object, getattr(adoption, phase)())


def our_plane(client: KubeClient, hosted: Object) -> ControlPlane:
    """The control plane as hosted_control_plane builds it from the definition and what it finds."""
    (spec,) = parse_clusters([hosted], Surroundings())
    found = {one["metadata"]["name"]: secret_texts(one) for one in list_objects(client, "v1", "Secret", spec.namespace)}
    password = found["kine-credentials"]["password"]
    database = Database(spec.database_host, spec.database_port or 5432, spec.database_ca_certificate, password)
    ports = Ports(int(spec.api_port or 0), int(spec.konnectivity_port or 0))
    return ControlPlane(spec, ports, spec.endpoint, database, ensure_pki(spec, spec.endpoint, found))


def host(client: KubeClient, hosted: Object) -> list[str]:
    """Run the new control plane; returns what changed of the objects that the adoption made."""
    plane_ = our_plane(client, hosted)
    plan = apply(client, distribution_for("k0s").mothership_objects(plane_), "mothership.hcp")
    namespace, name = plane_.spec.namespace, plane_.spec.name
    path = f"/apis/apps/v1/namespaces/{namespace}/statefulsets/{name}"
    workload = client.request("GET", path)
    status = {
        "observedGeneration": workload["metadata"]["generation"],
        **dict.fromkeys(("replicas", "updatedReplicas", "availableReplicas", "readyReplicas"), plane_.spec.replicas),
    }
    client.request("PATCH", f"{path}/status", body={"status": status}, content_type=MERGE)
    made = {
        f"Secret/{namespace}/{one}" for one in ("kubernetes-ca", "kubernetes-front-proxy-ca", "service-account-key")
    }
    made |= {f"Service/{namespace}/{one}" for one in (name, f"{name}-konnectivity")} | {f"Namespace/{namespace}"}
    return [change.target for change in plan.changes if change.target in made]


@pytest.mark.usefixtures("controllers")
def test_a_cluster_is_taken_over(client: KubeClient, old: Old, tmp_path: pathlib.Path) -> None:
    shape, namespace = old.shape, f"hcp-our-{old.shape.name}"
    planned = [run(client, shape, tmp_path, phase, check_mode=True) for phase in ("prepare", "switch", "retire")]
    assert get(client, "v1", "Namespace", namespace) is None
    assert all(one["changed"] for one in planned)

    prepared = run(client, shape, tmp_path, "prepare")
    assert prepared["plan"] == planned[0]["plan"]
    assert run(client, shape, tmp_path, "prepare")["changed"] is False

    switched = run(client, shape, tmp_path, "switch")
    assert [one["action"] for one in switched["plan"]].count("delete") == 2
    assert run(client, shape, tmp_path, "switch")["changed"] is False
    # Nothing that runs the old control plane went with its object.
    workload = get(client, "apps/v1", "StatefulSet", f"kmc-{shape.name}", shape.namespace)
    assert workload is not None
    assert not workload["metadata"].get("ownerReferences")
    taken = list_objects(client, "v1", "Service", namespace)
    ports = {port["nodePort"] for one in taken for port in one["spec"]["ports"]}
    assert ports == {shape.api_port, shape.konnectivity_port}
    leading = list_objects(client, "discovery.k8s.io/v1", "EndpointSlice", namespace)
    assert {one["endpoints"][0]["addresses"][0] for one in leading} == {"10.244.7.7"}

    # The role after it agrees with every object that was made for it.
    assert host(client, prepared["definition"]) == []

    old.stop_pod()
    assert run(client, shape, tmp_path, "retire")["finished"]
    assert list_objects(client, "discovery.k8s.io/v1", "EndpointSlice", namespace) == []
    for kind, api_version in (("StatefulSet", "apps/v1"), ("Service", "v1")):
        assert list_objects(client, api_version, kind, shape.namespace) == []
    kept = {one["metadata"]["name"] for one in list_objects(client, "v1", "Secret", shape.namespace)}
    assert {f"{shape.name}-ca", f"{shape.name}-sa", f"{shape.name}-proxy"} <= kept
    for phase in ("prepare", "switch", "retire"):
        again = run(client, shape, tmp_path, phase)
        assert (again["changed"], again["finished"]) == (False, True)


def test_two_services_never_hold_one_node_port(client: KubeClient, shape: Shape) -> None:
    """Why the old Service has to go before ours comes."""
    names = [{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": shape.namespace}}]
    apply(client, [*names, service(shape)])
    with pytest.raises(ApiError, match="already allocated"):
        create(client, service(dataclasses.replace(shape, name="other")))


def playbook(shape: Shape, kubeconfig: pathlib.Path, folder: pathlib.Path, **more: t.Any) -> tuple[int, str]:
    """Run the playbook as a user does; its return code and what it says."""
    variables = {
        "k0smotron_cluster": shape.name,
        "k0smotron_namespace": shape.namespace,
        "k0smotron_kubeconfig": str(kubeconfig),
        "mothership_artifacts": str(folder),
        **more,
    }
    command = ["ansible-playbook", "-i", "ms1,", "mothership.hcp.k0smotron_adopt", "-e", json.dumps(variables)]
    environment = {**os.environ, "ANSIBLE_CONFIG": str(REPOSITORY / "ansible.cfg"), "ANSIBLE_NOCOLOR": "1"}
    done = subprocess.run(
        command, cwd=REPOSITORY, env=environment, capture_output=True, text=True, timeout=240, check=False
    )
    return done.returncode, done.stdout + done.stderr


def test_the_playbook_shows_the_plan_and_changes_nothing_unless_confirmed(
    client: KubeClient, shape: Shape, kubeconfig: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    Old(client, shape)
    code, said = playbook(shape, kubeconfig, tmp_path)
    assert code == 0, said
    for text in (
        f"create Secret/hcp-{shape.name}/kubernetes-ca",
        f"delete Cluster.k0smotron.io/{shape.namespace}/{shape.name}",
        f"delete Service/{shape.namespace}/kmc-{shape.name}-nodeport",
        f"create StatefulSet/hcp-{shape.name}/{shape.name}",
        f"delete StatefulSet/{shape.namespace}/kmc-{shape.name}",
        f"-e k0smotron_confirm={shape.name}",
    ):
        assert text in said
    assert get(client, "v1", "Namespace", f"hcp-{shape.name}") is None
    assert get(client, "v1", "Service", f"kmc-{shape.name}-nodeport", shape.namespace) is not None
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("old", "controllers"), [("v1beta2", True)], indirect=True)
@pytest.mark.usefixtures("controllers")
def test_a_control_plane_that_does_not_start_leaves_the_old_one_serving(
    client: KubeClient, old: Old, kubeconfig: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    shape, namespace = old.shape, f"hcp-{old.shape.name}"
    confirmed = {"k0smotron_confirm": shape.name, "hosted_control_plane_wait_timeout": 10}
    code, said = playbook(shape, kubeconfig, tmp_path, **confirmed)
    assert code != 0
    # Nobody starts pods here, so the role waits in vain for its StatefulSet.
    assert "not ready after 10 s" in said, said
    assert get(client, "apps/v1", "StatefulSet", shape.name, namespace) is not None
    assert get(client, "apps/v1", "StatefulSet", f"kmc-{shape.name}", shape.namespace) is not None
    leading = list_objects(client, "discovery.k8s.io/v1", "EndpointSlice", namespace)
    assert {one["endpoints"][0]["addresses"][0] for one in leading} == {"10.244.7.7"}
