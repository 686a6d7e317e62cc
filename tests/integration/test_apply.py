# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``_kube`` and ``hcp_apply`` against a real kube-apiserver on kine on PostgreSQL."""

from __future__ import annotations

import dataclasses
import json
import os
import pathlib
import subprocess
import sys
import threading
import time
import typing as t

import pytest
from ansible_collections.mothership.hcp.plugins.module_utils._core.errors import TimedOut
from ansible_collections.mothership.hcp.plugins.module_utils._core.plan import Plan
from ansible_collections.mothership.hcp.plugins.module_utils._core.progress import Deadline, Progress
from ansible_collections.mothership.hcp.plugins.module_utils._kube import objects as kube
from ansible_collections.mothership.hcp.plugins.module_utils._kube.apply import (
    PruneScope,
    apply_objects,
    remove_objects,
)
from ansible_collections.mothership.hcp.plugins.module_utils._kube.client import ApiError, KubeClient
from ansible_collections.mothership.hcp.plugins.module_utils._kube.wait import (
    Watched,
    deployment_ready,
    gone,
    wait_until,
)

from tests.integration import processes

Object = dict[str, t.Any]


class Said(Progress):
    """Keeps the lines, with the moment at which each was said."""

    def __init__(self) -> None:
        super().__init__("")
        self.lines: list[str] = []
        self.times: list[float] = [time.monotonic()]

    def say(self, subject: str, text: str) -> None:
        self.lines.append(f"{subject}: {text}")
        self.times.append(time.monotonic())


def apply(client: KubeClient, objects: list[Object], *, check_mode: bool = False, **more: t.Any) -> Plan:
    return apply_objects(client, objects, check_mode=check_mode, deadline=Deadline(60), progress=Progress(""), **more)


def actions(plan: Plan) -> list[str]:
    return [f"{change.action} {change.target}" for change in plan.changes]


def config_map(namespace: str, name: str, **data: str) -> Object:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": namespace}, "data": data}


def namespace_object(name: str) -> Object:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}


def deployment(namespace: str) -> Object:
    """A Deployment that the server fills with defaults and whose quantities it writes differently."""
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web", "namespace": namespace, "labels": {"app": "web"}, "annotations": {}},
        "spec": {
            "replicas": 2,
            "selector": {"matchLabels": {"app": "web"}},
            "template": {
                "metadata": {"labels": {"app": "web"}, "creationTimestamp": None},
                "spec": {
                    "nodeSelector": {},
                    "tolerations": [],
                    "hostNetwork": False,
                    "terminationGracePeriodSeconds": 0,
                    "containers": [
                        {
                            "name": "main",
                            "image": "example.org/web:1",
                            "args": ["--one", "--two"],
                            "env": [{"name": "EMPTY", "value": ""}, {"name": "FULL", "value": "1"}],
                            "ports": [{"containerPort": 8080}],
                            "resources": {
                                "requests": {"cpu": "0.5", "memory": "1024Mi", "ephemeral-storage": "1.5Gi"},
                                "limits": {"memory": 1073741824, "cpu": 1},
                            },
                            "readinessProbe": {"httpGet": {"path": "/", "port": 8080}, "initialDelaySeconds": 0},
                            "volumeMounts": [{"name": "data", "mountPath": "/data"}],
                        }
                    ],
                    "volumes": [{"name": "data", "emptyDir": {"sizeLimit": "0.5Gi"}}],
                },
            },
        },
    }


def zoo(namespace: str) -> list[Object]:
    """One of nearly every kind, in an order that does not work."""
    group = f"{namespace}.example.org"
    meta = {"name": "one", "namespace": namespace}
    subject = {"kind": "ServiceAccount", "name": "one", "namespace": namespace}
    rule = {"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}
    selector = {"matchLabels": {"app": "web"}}
    schema = {
        "type": "object",
        "properties": {"spec": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}},
    }
    rbac = "rbac.authorization.k8s.io/v1"
    return [
        {"apiVersion": f"{group}/v1", "kind": "Shop", "metadata": meta, "spec": {"limits": {"cpu": "0.5"}, "n": 0}},
        deployment(namespace),
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": meta,
            "spec": {
                "selector": {"app": "web"},
                "ports": [
                    {"name": "a", "port": 80, "targetPort": "http"},
                    {"name": "b", "port": 81, "targetPort": 8081},
                ],
            },
        },
        {
            "apiVersion": "policy/v1",
            "kind": "PodDisruptionBudget",
            "metadata": meta,
            "spec": {"maxUnavailable": 1, "selector": selector},
        },
        {
            "apiVersion": "networking.k8s.io/v1",
            "kind": "NetworkPolicy",
            "metadata": meta,
            "spec": {"podSelector": {}, "policyTypes": ["Ingress"], "ingress": [{"ports": [{"port": 80}]}]},
        },
        {"apiVersion": "v1", "kind": "Secret", "metadata": meta, "stringData": {"password": "correct horse"}},
        config_map(namespace, "one", colour="red", empty=""),
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": meta, "automountServiceAccountToken": False},
        {"apiVersion": rbac, "kind": "Role", "metadata": meta, "rules": [rule]},
        {
            "apiVersion": rbac,
            "kind": "RoleBinding",
            "metadata": meta,
            "subjects": [subject],
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "one"},
        },
        {"apiVersion": rbac, "kind": "ClusterRole", "metadata": {"name": namespace}, "rules": [rule]},
        {
            "apiVersion": "apps/v1",
            "kind": "DaemonSet",
            "metadata": meta,
            "spec": {"selector": selector, "template": deployment(namespace)["spec"]["template"]},
        },
        {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": meta, "spec": {"hard": {"pods": 10, "cpu": "1.5"}}},
        {
            "apiVersion": "v1",
            "kind": "PersistentVolumeClaim",
            "metadata": meta,
            "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1024Mi"}}},
        },
        {
            "apiVersion": "batch/v1",
            "kind": "CronJob",
            "metadata": meta,
            "spec": {
                "schedule": "0 * * * *",
                "suspend": False,
                "jobTemplate": {
                    "spec": {
                        "template": {"spec": {"restartPolicy": "Never", "containers": [{"name": "a", "image": "b"}]}}
                    }
                },
            },
        },
        namespace_object(namespace),
        {
            "apiVersion": "apiextensions.k8s.io/v1",
            "kind": "CustomResourceDefinition",
            "metadata": {"name": f"shops.{group}"},
            "spec": {
                "group": group,
                "scope": "Namespaced",
                "names": {"kind": "Shop", "plural": "shops"},
                "versions": [{"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}],
            },
        },
    ]


def test_a_hundred_objects_and_an_unchanged_second_run(client: KubeClient, namespace: str) -> None:
    wanted = [namespace_object(namespace), *(config_map(namespace, f"c{i}", data="x" * 1024) for i in range(100))]
    assert len(apply(client, wanted).changes) == 101
    before = sum(client.requests.values())
    assert not apply(client, wanted)
    assert sum(client.requests.values()) - before <= 20


def test_check_mode_tells_the_same_and_changes_nothing(client: KubeClient, namespace: str) -> None:
    wanted = zoo(namespace)
    planned = apply(client, wanted, check_mode=True)
    assert set(client.requests) == {"GET"}
    assert kube.get(client, "v1", "Namespace", namespace) is None
    done = apply(client, wanted)
    assert actions(planned) == actions(done)
    assert all(action.startswith("create ") for action in actions(done))

    wanted[6]["data"]["colour"] = "blue"
    version = kube.get(client, "v1", "ConfigMap", "one", namespace)["metadata"]["resourceVersion"]  # type: ignore[index]
    planned = apply(client, wanted, check_mode=True)
    live = kube.get(client, "v1", "ConfigMap", "one", namespace)
    assert live is not None
    assert (live["metadata"]["resourceVersion"], live["data"]["colour"]) == (version, "red")
    done = apply(client, wanted)
    assert actions(planned) == actions(done) == [f"update ConfigMap/{namespace}/one"]
    assert planned.result() == done.result()


def test_defaults_of_the_server_are_no_drift(client: KubeClient, namespace: str) -> None:
    wanted = zoo(namespace)
    assert len(apply(client, wanted).changes) == len(wanted)
    before = dict(client.requests)
    assert actions(apply(client, wanted)) == []
    # Not even a dry run was needed but for what only the server can compare.
    assert client.requests["PATCH"] - before["PATCH"] <= 2
    assert sum(client.requests.values()) - sum(before.values()) <= 2 + len(wanted)


@pytest.mark.parametrize(
    "patch",
    [
        [{"op": "replace", "path": "/spec/replicas", "value": 5}],
        [{"op": "remove", "path": "/metadata/labels/app"}],
        [{"op": "add", "path": "/spec/template/spec/containers/0/args/-", "value": "--three"}],
        [{"op": "replace", "path": "/spec/template/spec/containers/0/image", "value": "example.org/web:2"}],
        [{"op": "remove", "path": "/spec/template/spec/containers/0/resources/limits/memory"}],
    ],
)
def test_drift_is_found_and_mended(client: KubeClient, namespace: str, patch: list[Object]) -> None:
    wanted = [namespace_object(namespace), deployment(namespace)]
    apply(client, wanted)
    path = f"/apis/apps/v1/namespaces/{namespace}/deployments/web"
    client.request("PATCH", path, body=patch, content_type="application/json-patch+json")
    planned = apply(client, wanted, check_mode=True)
    done = apply(client, wanted)
    assert actions(planned) == actions(done) == [f"update Deployment/{namespace}/web"]
    assert done.changes[0].before != done.changes[0].after
    assert planned.result() == done.result()
    assert not apply(client, wanted)


def test_what_others_own_stays(client: KubeClient, namespace: str) -> None:
    wanted = [namespace_object(namespace), deployment(namespace)]
    apply(client, wanted)
    patch: list[Object] = [
        {"op": "add", "path": "/metadata/labels/team", "value": "blue"},
        {
            "op": "add",
            "path": "/spec/template/spec/containers/-",
            "value": {"name": "sidecar", "image": "example.org/s"},
        },
    ]
    path = f"/apis/apps/v1/namespaces/{namespace}/deployments/web"
    client.request("PATCH", path, body=patch, content_type="application/json-patch+json")
    assert not apply(client, wanted)
    live = client.request("GET", path)
    assert live["metadata"]["labels"] == {"app": "web", "team": "blue"}
    assert len(live["spec"]["template"]["spec"]["containers"]) == 2


def test_what_is_no_longer_desired_is_removed(client: KubeClient, namespace: str) -> None:
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s", "namespace": namespace}}
    both = {**secret, "stringData": {"a": "correct horse", "b": "battery staple"}}
    apply(client, [namespace_object(namespace), both])
    plan = apply(client, [{**secret, "stringData": {"a": "correct horse"}}])
    assert actions(plan) == [f"update Secret/{namespace}/s"]
    assert list(kube.get(client, "v1", "Secret", "s", namespace)["data"]) == ["a"]  # type: ignore[index]
    text = repr(plan.result())
    assert "sha256:" in text
    assert "horse" not in text
    assert "Y29ycmVjdCBob3JzZQ" not in text


def test_a_secret_that_the_server_refuses_is_not_quoted(client: KubeClient, namespace: str) -> None:
    meta = {"name": "s", "namespace": namespace}
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": meta, "data": {"a": "correct horse"}}
    with pytest.raises(Exception, match=f"Secret/{namespace}/s") as caught:
        apply(client, [namespace_object(namespace), secret])
    assert "correct horse" not in str(caught.value)


def test_prune(client: KubeClient, namespace: str) -> None:
    def labelled(name: str) -> Object:
        obj = config_map(namespace, name)
        obj["metadata"]["labels"] = {"part-of": namespace}
        return obj

    apply(client, [namespace_object(namespace), labelled("old"), labelled("kept"), config_map(namespace, "plain")])
    scope = PruneScope(f"part-of={namespace}", (("v1", "ConfigMap"), ("apps/v1", "Deployment")), (namespace,))
    planned = apply(client, [labelled("kept")], prune=scope, check_mode=True)
    done = apply(client, [labelled("kept")], prune=scope)
    assert actions(planned) == actions(done) == [f"delete ConfigMap/{namespace}/old"]
    names = {obj["metadata"]["name"] for obj in kube.list_objects(client, "v1", "ConfigMap", namespace)}
    assert {"kept", "plain"} <= names
    assert "old" not in names


def test_remove(client: KubeClient, namespace: str) -> None:
    wanted = [obj for obj in zoo(namespace) if obj["kind"] not in ("Namespace", "PersistentVolumeClaim")]
    apply(client, [namespace_object(namespace), *wanted])
    removed = remove_objects(client, wanted, check_mode=False, deadline=Deadline(60), progress=Progress(""))
    assert len(removed.changes) == len(wanted)
    assert removed.changes[0].target == f"Shop/{namespace}/one"
    wait_until(
        client,
        Watched("apps/v1", "Deployment", namespace),
        gone(),
        deadline=Deadline(20),
        progress=Progress(""),
        subject="deployments",
        hint="",
    )


def test_immutable_fields_and_missing_namespaces_are_explained(client: KubeClient, namespace: str) -> None:
    with pytest.raises(Exception, match=f"ConfigMap/{namespace}/a: .*To fix: create the namespace {namespace}"):
        apply(client, [config_map(namespace, "a")])
    wanted = [namespace_object(namespace), deployment(namespace)]
    apply(client, wanted)
    wanted[1]["spec"]["selector"]["matchLabels"]["app"] = "other"
    wanted[1]["spec"]["template"]["metadata"]["labels"]["app"] = "other"
    with pytest.raises(Exception, match=f"(?s)Deployment/{namespace}/web: .*immutable.*To fix: .*delete the object"):
        apply(client, wanted)


def set_ready(client: KubeClient, namespace: str) -> None:
    ready = {"observedGeneration": 1, "replicas": 2, "updatedReplicas": 2, "readyReplicas": 2, "availableReplicas": 2}
    client.request(
        "PATCH",
        f"/apis/apps/v1/namespaces/{namespace}/deployments/web/status",
        body={"status": ready},
        content_type="application/merge-patch+json",
    )


def wait_for_web(client: KubeClient, namespace: str, deadline: Deadline, progress: Progress) -> list[Object]:
    return wait_until(
        client,
        Watched("apps/v1", "Deployment", namespace, "web"),
        deployment_ready(),
        deadline=deadline,
        progress=progress,
        subject="web",
        hint=f"kubectl -n {namespace} describe deployment web",
    )


def test_a_wait_hears_of_readiness_at_once(client: KubeClient, namespace: str) -> None:
    apply(client, [namespace_object(namespace), deployment(namespace)])
    told: list[float] = []

    def later() -> None:
        set_ready(client, namespace)
        told.append(time.monotonic())

    timer = threading.Timer(2, later)
    timer.start()
    said = Said()
    found = wait_for_web(client, namespace, Deadline(30), said)
    noticed = time.monotonic()
    # The watch may be faster than the answer to the request that it is about.
    timer.join()
    assert noticed - told[0] < 0.5
    assert found[0]["status"]["availableReplicas"] == 2
    assert said.lines[0].startswith("web: still waiting: the newest specification is not observed yet (")


def test_a_wait_is_never_silent_for_long_and_explains_its_time_out(client: KubeClient, namespace: str) -> None:
    apply(client, [namespace_object(namespace), deployment(namespace)])
    warning = {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": "web.1", "namespace": namespace},
        "involvedObject": {"kind": "Deployment", "name": "web", "namespace": namespace},
        "type": "Warning",
        "reason": "FailedCreate",
        "message": "exceeded quota",
        "lastTimestamp": "2026-01-01T00:00:00Z",
    }
    kube.create(client, warning)
    said = Said()
    with pytest.raises(TimedOut) as caught:
        wait_for_web(client, namespace, Deadline(12), said)
    said.times.append(time.monotonic())
    silences = [after - before for before, after in zip(said.times, said.times[1:])]
    assert max(silences) < 15
    text = str(caught.value)
    assert "web: not ready after 12 s: the newest specification is not observed yet" in text
    assert "Deployment/web FailedCreate: exceeded quota" in text
    assert text.endswith(f"To fix: kubectl -n {namespace} describe deployment web")


def test_a_wait_survives_a_restart_of_the_server(kine_url: str, tmp_path: pathlib.Path, namespace: str) -> None:
    with processes.kube_apiserver(kine_url, tmp_path) as server:
        port = int(server.url.rsplit(":", 1)[1])
        client = server.client()
        apply(client, [namespace_object(namespace), deployment(namespace)])
        result: list[list[Object]] = []
        said = Said()
        thread = threading.Thread(target=lambda: result.append(wait_for_web(client, namespace, Deadline(90), said)))
        thread.start()
        time.sleep(1)
        server.process.process.kill()
        time.sleep(2)
    with processes.kube_apiserver(kine_url, tmp_path, port=port) as server:
        # A server that has just become ready takes objects at once.
        apply(server.client(), [config_map(namespace, "a")])
        set_ready(server.client(), namespace)
        thread.join(timeout=60)
        assert result
    assert any("the API server does not answer" in line for line in said.lines)


def test_the_module_from_a_playbook(kubeconfig: pathlib.Path, namespace: str, tmp_path: pathlib.Path) -> None:
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s", "namespace": namespace}}
    wanted = [
        namespace_object(namespace),
        {**secret, "stringData": {"password": "correct horse"}},
        deployment(namespace),
    ]
    options = {"kubeconfig": str(kubeconfig), "objects": wanted}
    task = {"name": "Apply", "mothership.hcp.hcp_apply": options, "register": "result"}
    shown = {"name": "Show", "ansible.builtin.debug": {"var": "result"}}
    play = [{"hosts": "localhost", "gather_facts": False, "connection": "local", "tasks": [task, shown]}]
    playbook = tmp_path / "play.yml"
    playbook.write_text(json.dumps(play))

    def run(*arguments: str) -> str:
        command = [os.path.join(os.path.dirname(sys.executable), "ansible-playbook"), "-i", "localhost,", str(playbook)]
        command += ["-e", f"ansible_python_interpreter={sys.executable}"]
        environment = {**os.environ, "ANSIBLE_NOCOLOR": "1", "ANSIBLE_CALLBACK_RESULT_FORMAT": "yaml"}
        done = subprocess.run(
            [*command, *arguments],
            cwd=processes.REPOSITORY,
            env=environment,
            capture_output=True,
            text=True,
            timeout=180,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    outputs = [run("--check", "--diff", "-vvv"), run("--diff", "-vvv"), run("--check", "--diff"), run()]
    assert [f"changed={count} " in text for count, text in zip((1, 1, 0, 0), outputs)] == [True] * 4
    assert f"Secret/{namespace}/s" in outputs[0]
    for text in outputs:
        assert "correct horse" not in text
        assert "Y29ycmVjdCBob3JzZQ" not in text


def test_refused_credentials_are_told_at_once(client: KubeClient) -> None:
    cluster = {"server": client.server, "insecure-skip-tls-verify": True}
    text = json.dumps(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "x",
            "clusters": [{"name": "x", "cluster": cluster}],
            "users": [{"name": "x", "user": {"token": "wrong"}}],
            "contexts": [{"name": "x", "context": {"cluster": "x", "user": "x"}}],
        }
    )
    started = time.monotonic()
    with pytest.raises(ApiError, match="To fix: use a kubeconfig whose credentials") as caught:
        kube.list_objects(KubeClient.from_kubeconfig_text(text), "v1", "Node")
    assert caught.value.status == 401
    assert time.monotonic() - started < 3


def test_a_forbidden_object_is_told_without_long_patience(client: KubeClient, namespace: str) -> None:
    # Impersonated by the administrator: a user without any right.
    headers = client._access.headers
    nobody = KubeClient(
        dataclasses.replace(client._access, headers=lambda: {**headers(), "Impersonate-User": "nobody"})
    )
    started = time.monotonic()
    with pytest.raises(ApiError, match="forbidden"):
        apply(nobody, [config_map(namespace, "a")])
    assert time.monotonic() - started < 3
