# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is compared: the same pods, but for probes and the order of their start; and nothing stays of it."""

from __future__ import annotations

import base64
import copy
import json
import typing as t
from pathlib import Path

import pytest
import yaml

from tests.bench import control_plane_ready
from tests.bench.control_plane_ready import Bench, BenchError, Kubectl, Manifest, config_secret, measure, shape, stock

SELECTOR = {"app.kubernetes.io/name": "hosted-control-plane", "app.kubernetes.io/instance": "tenant-a"}
SPREAD = {"maxSkew": 1, "topologyKey": "zone", "labelSelector": {"matchLabels": SELECTOR}}
SOURCE: Manifest = {
    "apiVersion": "apps/v1",
    "kind": "StatefulSet",
    "metadata": {"name": "tenant-a", "namespace": "hcp-tenant-a", "uid": "1", "labels": SELECTOR},
    "spec": {
        "replicas": 2,
        "serviceName": "",
        "podManagementPolicy": "Parallel",
        "selector": {"matchLabels": SELECTOR},
        "template": {
            "metadata": {"labels": SELECTOR, "annotations": {"mothership.hcp/checksum-config": "x"}},
            "spec": {
                "topologySpreadConstraints": [SPREAD],
                "containers": [
                    {
                        "name": "k0s",
                        "image": "quay.io/k0sproject/k0s:v1.36.3-k0s.2",
                        "startupProbe": {"httpGet": {"path": "/livez"}},
                        "readinessProbe": {"httpGet": {"path": "/readyz"}, "periodSeconds": 2},
                        "livenessProbe": {"httpGet": {"path": "/livez"}},
                    }
                ],
                "volumes": [
                    {"name": "config", "secret": {"secretName": "k0s-config", "defaultMode": 256}},
                    {"name": "datastore", "secret": {"secretName": "kine-datastore"}},
                    {"name": "data", "emptyDir": {}},
                ],
            },
        },
    },
    "status": {"readyReplicas": 2},
}
CONFIG = {"spec": {"storage": {"kine": {"extraArgs": {"datastore-max-open-connections": "20", "ca-file": "/ca"}}}}}
SECRET: Manifest = {
    "metadata": {"name": "k0s-config", "namespace": "hcp-tenant-a"},
    "data": {"k0s.yaml": base64.b64encode(yaml.safe_dump(CONFIG).encode()).decode(), "passwd": "cm9vdA=="},
}


def container(manifest: Manifest) -> Manifest:
    (found,) = manifest["spec"]["template"]["spec"]["containers"]
    return t.cast("Manifest", found)


def test_our_pods_are_the_clusters_own_under_another_name() -> None:
    ours = shape(SOURCE, "bench-ours", 3)
    assert ours["metadata"] == {
        "name": "bench-ours", "namespace": "hcp-tenant-a", "labels": {"mothership.hcp/bench": "bench-ours"}
    }  # fmt: skip
    assert (ours["spec"]["replicas"], ours["spec"]["podManagementPolicy"]) == (3, "Parallel")
    assert container(ours) == container(SOURCE)
    assert "status" not in ours


def test_no_selector_of_the_cluster_finds_them() -> None:
    for made in (shape(SOURCE, "bench-ours", 3), stock(shape(SOURCE, "bench-ours", 3), "bench-stock")):
        name = made["metadata"]["name"]
        pod = made["spec"]["template"]
        assert pod["metadata"] == {"labels": {"mothership.hcp/bench": name}}
        assert made["spec"]["selector"]["matchLabels"] == pod["metadata"]["labels"]
        assert "hosted-control-plane" not in json.dumps(made)
        config, datastore, _data = pod["spec"]["volumes"]
        assert config["secret"] == {"secretName": f"{name}-config", "defaultMode": 256}
        assert datastore["secret"]["secretName"] == "kine-datastore"


def test_stock_differs_in_probes_and_order_alone() -> None:
    ours = shape(SOURCE, "bench-ours", 3)
    before = copy.deepcopy(ours)
    theirs = stock(ours, "bench-stock")
    assert ours == before
    assert theirs["spec"]["podManagementPolicy"] == "OrderedReady"
    assert "startupProbe" not in container(theirs)
    readiness, liveness = (container(theirs)[name] for name in ("readinessProbe", "livenessProbe"))
    for probe, delay in ((readiness, 60), (liveness, 90)):
        assert probe == {
            "exec": {"command": ["k0s", "status"]},
            "initialDelaySeconds": delay,
            "periodSeconds": 10,
            "failureThreshold": 15,
            "timeoutSeconds": 1,
        }
    for manifest in (ours, theirs):
        for probe in control_plane_ready.PROBES:
            container(manifest).pop(probe, None)
    assert container(ours) == container(theirs)


def test_the_pool_is_smaller_and_the_rest_of_the_configuration_as_it_was() -> None:
    made = config_secret(SECRET, "bench-ours", 10)
    assert made["metadata"]["name"] == "bench-ours-config"
    config = yaml.safe_load(base64.b64decode(made["data"]["k0s.yaml"]))
    assert config["spec"]["storage"]["kine"]["extraArgs"] == {
        "datastore-max-open-connections": "10", "datastore-max-idle-connections": "2", "ca-file": "/ca"
    }  # fmt: skip
    assert made["data"]["passwd"] == SECRET["data"]["passwd"]
    assert yaml.safe_load(base64.b64decode(SECRET["data"]["k0s.yaml"])) == CONFIG


class Done:
    """A ``kubectl wait`` that has ended."""

    def __init__(self, code: int) -> None:
        self.returncode = code

    def poll(self) -> int:
        return self.returncode

    def terminate(self) -> None:
        """It has ended."""

    def communicate(self, timeout: float) -> tuple[str, str]:
        del timeout
        return "", "timed out waiting"


class FakeKubectl(Kubectl):
    """Keeps what it is asked; ``fails`` is the StatefulSet that never gets ready."""

    def __init__(self, *, fails: str = "", without_kind: bool = False) -> None:
        super().__init__("kubectl", Path("kubeconfig"))
        self.calls: list[str] = []
        self._fails = fails
        self._without_kind = without_kind

    def run(self, *arguments: str, stdin: str | None = None, timeout: float = 60) -> str:
        del timeout
        names = [item["metadata"]["name"] for item in json.loads(stdin)["items"]] if stdin else []
        self.calls.append(" ".join([*arguments[:2], *names] if stdin else arguments[:3]))
        if self._without_kind and arguments[:2] == ("delete", "controlnodes.autopilot.k0sproject.io"):
            raise BenchError("error: the server doesn't have a resource type")
        if arguments[:2] == ("get", "statefulsets"):
            return json.dumps({"items": [SOURCE]})
        return json.dumps(SECRET)

    def begin(self, *arguments: str) -> t.Any:
        self.calls.append(" ".join(arguments[:2]))
        return Done(int(self._fails != "" and arguments[1] == f"statefulset/{self._fails}"))


def test_each_is_removed_before_and_after_it_ran() -> None:
    mothership, tenant = FakeKubectl(), FakeKubectl(without_kind=True)
    found = measure(Bench(mothership, tenant, "tenant-a", 60), "tenant-a", 3, 10)
    assert (found["bench"], found["replicas"], found["cluster"]) == ("control_plane_ready", 3, "tenant-a")
    assert {"ours_seconds", "stock_seconds", "ratio"} <= set(found)
    ours = [call for call in mothership.calls if "bench-ours" in call]
    removal = ["delete statefulset bench-ours", "delete secret bench-ours-config"]
    assert [call for call in ours if "-l" not in call] == [
        *removal, "create -f bench-ours-config", "create -f bench-ours", "wait statefulset/bench-ours", *removal
    ]  # fmt: skip
    assert mothership.calls[-1] == "delete secret bench-stock-config"
    assert "delete lease k0s-ctrl-bench-ours-0" in tenant.calls


def test_a_plane_that_never_gets_ready_is_removed_too() -> None:
    mothership = FakeKubectl(fails="bench-stock")
    with pytest.raises(BenchError, match="bench-stock did not become Ready within 60 s: timed out"):
        measure(Bench(mothership, None, "tenant-a", 60), "tenant-a", 3, 10)
    assert mothership.calls[-1] == "delete secret bench-stock-config"


def test_a_cluster_that_is_not_on_k0s_is_told() -> None:
    with pytest.raises(BenchError, match="there is no StatefulSet other"):
        Bench(FakeKubectl(), None, "other", 60).source()


def test_without_a_lab_it_says_what_to_do(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert control_plane_ready.main(["--artifacts", str(tmp_path), "--kubectl", "kubectl"]) == 1
    assert "What to do: make demo" in capsys.readouterr().err
