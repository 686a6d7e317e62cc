# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Seconds until three replicas of a hosted k0s control plane are Ready: with our probes, and with k0smotron's.

Run from the repository on a lab with a hosted cluster on k0s: ``make bench-control-plane``, or
``python -m tests.bench.control_plane_ready``. It takes the StatefulSet of that cluster as the pods' shape and runs it
twice under another name, one run after the other, beside the cluster's own replicas: same image, same Secrets, same
database. Only probes and pod management differ. It removes what it made, and prints one line of JSON; what it does
meanwhile goes to standard error. Nothing passes or fails by time.

The replicas of the bench are controllers of the same cluster for a while. No Service leads to them.
"""

from __future__ import annotations

import argparse
import base64
import contextlib
import copy
import json
import os
import shutil
import signal
import subprocess
import sys
import time
import typing as t
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
CONFIG_SECRET = "k0s-config"
CONFIG_KEY = "k0s.yaml"
LABEL = "mothership.hcp/bench"
INTERVAL_SECONDS = 15.0
GONE_SECONDS = 240
#: What every StatefulSet of k0smotron 2.1 has, whatever its user asks for.
_STATUS = {"exec": {"command": ["k0s", "status"]}, "periodSeconds": 10, "failureThreshold": 15, "timeoutSeconds": 1}
STOCK_PROBES = {
    "readinessProbe": {**_STATUS, "initialDelaySeconds": 60},
    "livenessProbe": {**_STATUS, "initialDelaySeconds": 90},
}
NO_SUCH_KIND = "the server doesn't have a resource type"
PROBES = ("startupProbe", "readinessProbe", "livenessProbe")

Manifest = dict[str, t.Any]


class BenchError(Exception):
    """The figures cannot be taken; the message says why and what to do."""


def shape(source: Manifest, name: str, replicas: int) -> Manifest:
    """The pods of ``source`` in a StatefulSet of another name, which no Service, policy or budget knows."""
    spec = copy.deepcopy(source["spec"])
    labels = {LABEL: name}
    template = _replaced(spec["template"], spec["selector"]["matchLabels"], labels)
    template["metadata"] = {"labels": labels}
    for volume in template["spec"].get("volumes", []):
        if (volume.get("secret") or {}).get("secretName") == CONFIG_SECRET:
            volume["secret"]["secretName"] = config_name(name)
    return {
        "apiVersion": "apps/v1",
        "kind": "StatefulSet",
        "metadata": {"name": name, "namespace": source["metadata"]["namespace"], "labels": labels},
        "spec": {
            "replicas": replicas,
            "serviceName": spec.get("serviceName", ""),
            "podManagementPolicy": spec.get("podManagementPolicy", "OrderedReady"),
            "selector": {"matchLabels": labels},
            "template": template,
        },
    }


def stock(ours: Manifest, name: str) -> Manifest:
    """The same pods as k0smotron would start and watch them."""
    made = shape(ours, name, ours["spec"]["replicas"])
    made["spec"]["podManagementPolicy"] = "OrderedReady"
    pod = made["spec"]["template"]["spec"]
    for volume in pod.get("volumes", []):
        if (volume.get("secret") or {}).get("secretName") == config_name(ours["metadata"]["name"]):
            volume["secret"]["secretName"] = config_name(name)
    (container,) = pod["containers"]
    for probe in PROBES:
        container.pop(probe, None)
    container.update(copy.deepcopy(STOCK_PROBES))
    return made


def _replaced(value: t.Any, old: t.Mapping[str, str], new: t.Mapping[str, str]) -> t.Any:
    """Selectors of the pods' own labels (spread, affinity) follow the labels; the rest stays."""
    if value == old:
        return dict(new)
    if isinstance(value, dict):
        return {key: _replaced(entry, old, new) for key, entry in value.items()}
    if isinstance(value, list):
        return [_replaced(entry, old, new) for entry in value]
    return value


def config_name(name: str) -> str:
    """The Secret with the configuration of a bench's pods."""
    return f"{name}-config"


def config_secret(source: Manifest, name: str, connections: int) -> Manifest:
    """The cluster's own configuration with a smaller pool: the login's limit counts for all replicas together."""
    data = dict(source["data"])
    config = yaml.safe_load(base64.b64decode(data[CONFIG_KEY]))
    flags = config["spec"]["storage"]["kine"].setdefault("extraArgs", {})
    flags["datastore-max-open-connections"] = str(connections)
    flags["datastore-max-idle-connections"] = str(min(2, connections))
    data[CONFIG_KEY] = base64.b64encode(yaml.safe_dump(config).encode()).decode()
    metadata = {"name": config_name(name), "namespace": source["metadata"]["namespace"], "labels": {LABEL: name}}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": data}


def result(cluster: str, ours: Manifest, seconds: t.Mapping[str, float]) -> dict[str, t.Any]:
    """What one run prints."""
    (container,) = ours["spec"]["template"]["spec"]["containers"]
    return {
        "bench": "control_plane_ready",
        "cluster": cluster,
        "image": container["image"],
        "replicas": ours["spec"]["replicas"],
        "ours_seconds": round(seconds["ours"], 1),
        "stock_seconds": round(seconds["stock"], 1),
        "ratio": round(seconds["stock"] / seconds["ours"], 1),
        "cores": os.cpu_count(),
        "load_average": round(os.getloadavg()[0], 1),
    }


class Kubectl:
    """kubectl on one cluster; every call has a time limit."""

    def __init__(self, program: str, kubeconfig: Path) -> None:
        self._base = [program, "--kubeconfig", str(kubeconfig)]

    def run(self, *arguments: str, stdin: str | None = None, timeout: float = 60) -> str:
        done = subprocess.run([*self._base, *arguments], input=stdin, capture_output=True, text=True, timeout=timeout)
        if done.returncode != 0:
            raise BenchError(f"kubectl {' '.join(arguments[:4])} ended with {done.returncode}: {done.stderr.strip()}")
        return done.stdout

    def get(self, *arguments: str) -> Manifest:
        return t.cast("Manifest", json.loads(self.run("get", *arguments, "-o", "json")))

    def apply(self, *objects: Manifest) -> None:
        self.run("create", "-f", "-", stdin=json.dumps({"apiVersion": "v1", "kind": "List", "items": list(objects)}))

    def begin(self, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen([*self._base, *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)


class Bench:
    """Runs StatefulSets beside a hosted cluster and takes the time."""

    def __init__(self, mothership: Kubectl, tenant: Kubectl | None, cluster: str, timeout: float) -> None:
        self._mothership = mothership
        self._tenant = tenant
        self._cluster = cluster
        self._namespace = f"hcp-{cluster}"
        self._timeout = timeout

    def source(self) -> Manifest:
        """The StatefulSet of the cluster, once all of its own replicas are Ready."""
        listed = self._mothership.get("statefulsets", "-n", self._namespace)["items"]
        for item in listed:
            if item["metadata"]["name"] == self._cluster:
                self._await_ready(self._cluster, item["spec"]["replicas"], time.monotonic())
                return t.cast("Manifest", item)
        raise BenchError(
            f"there is no StatefulSet {self._cluster} in namespace {self._namespace}. "
            "What to do: make demo CLUSTER_DISTRIBUTION=k0s LAB_K0S=/path/to/k0s, or name another one with --cluster"
        )

    def seconds(self, manifest: Manifest, connections: int) -> float:
        """From the request that creates it to the last replica's readiness; afterwards nothing of it is left."""
        name = manifest["metadata"]["name"]
        config = self._mothership.get("secret", CONFIG_SECRET, "-n", self._namespace)
        self.remove(name, manifest["spec"]["replicas"])
        with contextlib.ExitStack() as stack:
            stack.callback(self.remove, name, manifest["spec"]["replicas"])
            self._mothership.apply(config_secret(config, name, connections))
            began = time.monotonic()
            self._mothership.apply(manifest)
            self._await_ready(name, manifest["spec"]["replicas"], began)
            return time.monotonic() - began

    def remove(self, name: str, replicas: int) -> None:
        """The StatefulSet with its pods, its configuration, and what its controllers registered in the cluster."""
        pods = [f"{name}-{number}" for number in range(replicas)]
        _say(f"{name}: removing what there is of it")
        # Pods before their Secret: a pod that restarts without it would stay for long.
        self._delete(self._mothership, "statefulset", name, "-n", self._namespace, "--cascade=foreground")
        self._delete(self._mothership, "pods", "-l", f"{LABEL}={name}", "-n", self._namespace)
        self._delete(self._mothership, "secret", config_name(name), "-n", self._namespace)
        if self._tenant is not None:
            leases = [f"k0s-ctrl-{pod}" for pod in pods]
            self._delete(self._tenant, "lease", *leases, "-n", "kube-node-lease")
            self._delete(self._tenant, "controlnodes.autopilot.k0sproject.io", *pods)

    def _delete(self, cluster: Kubectl, kind: str, *arguments: str) -> None:
        limit = ("--wait=true", f"--timeout={GONE_SECONDS}s")
        try:
            cluster.run("delete", kind, *arguments, "--ignore-not-found=true", *limit, timeout=GONE_SECONDS + 30)
        except BenchError as error:
            # A component of k0s that is switched off has not made its kind.
            if NO_SUCH_KIND not in str(error):
                raise

    def _await_ready(self, name: str, replicas: int, began: float) -> None:
        """kubectl watches; this says every now and then how far it is."""
        condition = f"--for=jsonpath={{.status.readyReplicas}}={replicas}"
        place = (f"statefulset/{name}", "-n", self._namespace)
        process = self._mothership.begin("wait", *place, condition, f"--timeout={self._timeout:.0f}s")
        spoke = time.monotonic()
        try:
            while process.poll() is None:
                time.sleep(0.05)
                if time.monotonic() - spoke > INTERVAL_SECONDS:
                    spoke = time.monotonic()
                    ready = self._mothership.run("get", *place, "-o", "jsonpath={.status.readyReplicas}") or "0"
                    _say(f"{name}: {ready} of {replicas} replicas Ready after {spoke - began:.0f} s")
        finally:
            process.terminate()
        _out, said = process.communicate(timeout=10)
        if process.returncode != 0:
            raise BenchError(
                f"{name} did not become Ready within {self._timeout:.0f} s: {said.strip()}. "
                f"What to do: kubectl -n {self._namespace} describe pods"
            )


def measure(bench: Bench, cluster: str, replicas: int, connections: int) -> dict[str, t.Any]:
    """Both figures, ours first."""
    ours = shape(bench.source(), "bench-ours", replicas)
    manifests = {"ours": ours, "stock": stock(ours, "bench-stock")}
    seconds: dict[str, float] = {}
    for name, manifest in manifests.items():
        seconds[name] = bench.seconds(manifest, connections)
        _say(f"{name}: {replicas} replicas Ready after {seconds[name]:.1f} s")
    return result(cluster, ours, seconds)


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cluster", default="tenant-a", help="hosted cluster on k0s whose pods are taken (tenant-a)")
    parser.add_argument("--replicas", type=int, default=3, help="replicas that have to become Ready (3)")
    parser.add_argument(
        "--connections",
        type=int,
        default=10,
        help="database connections of a replica of the bench (10), so that the cluster's login suffices for all",
    )
    parser.add_argument("--timeout", type=float, default=600, help="seconds to wait for readiness (600)")
    parser.add_argument("--artifacts", type=Path, default=ROOT / "artifacts", help="folder with the kubeconfigs")
    parser.add_argument("--kubectl", help="kubectl to use (that of .lab/bundle, else the one on PATH)")
    return parser


def _kubectl(given: str | None) -> str:
    bundled = ROOT / ".lab/bundle/bin/kubectl"
    found = given or (str(bundled) if bundled.exists() else shutil.which("kubectl"))
    if not found:
        raise BenchError("there is no kubectl. What to do: make bundle, or name one with --kubectl")
    return found


def main(argv: t.Sequence[str] | None = None) -> int:
    """Measure and print."""
    options = _parser().parse_args(argv)
    try:
        program = _kubectl(options.kubectl)
        kubeconfig = options.artifacts / "mothership/kubeconfig"
        if not kubeconfig.exists():
            raise BenchError(f"there is no {kubeconfig}. What to do: make demo, or say where with --artifacts")
        own = options.artifacts / options.cluster / "kubeconfig"
        tenant = Kubectl(program, own) if own.exists() else None
        bench = Bench(Kubectl(program, kubeconfig), tenant, options.cluster, options.timeout)
        print(json.dumps(measure(bench, options.cluster, options.replicas, options.connections)), flush=True)
    except (BenchError, subprocess.TimeoutExpired) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    # So that the replicas go, too, when the run is ended from outside.
    signal.signal(signal.SIGTERM, lambda _number, _frame: sys.exit(1))
    sys.exit(main())
