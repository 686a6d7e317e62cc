# Copyright: (c) 2026, the mothership.hcp authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A cluster of k0smotron as its operator makes it, without the operator.

Prints YAML for ``kubectl apply``. The objects belong to the Cluster object, whose uid is known only once it exists:

    objects="python -m tests.lab.k0smotron_objects"
    $objects definition | kubectl apply -f -
    $objects cluster --address 10.77.0.11 | kubectl apply -f -
    uid=$(kubectl get kmc tenant -o jsonpath='{.metadata.uid}')
    $objects plane --address 10.77.0.11 --owner "$uid" --dsn postgres://… | kubectl apply -f -

The second command makes new keys each time: run it once.
"""

from __future__ import annotations

import argparse
import base64
import dataclasses
import sys
import typing as t

import yaml

from tests.lab import k0smotron_keys as keys

Object = dict[str, t.Any]

PLACEHOLDER = "__K0SMOTRON_KINE_DATASOURCE_URL_PLACEHOLDER__"
DSN_KEY = "K0SMOTRON_KINE_DATASOURCE_URL"
ENTRYPOINT_KEY = "k0smotron-entrypoint.sh"
#: Puts the configuration in place, the address of the database in it, and starts k0s as a child of the shell.
ENTRYPOINT = """
#!/bin/sh
mkdir -p /etc/k0s
text="$K0SMOTRON_K0S_YAML"
case "$text" in *PLACEHOLDER*) text="${text%%PLACEHOLDER*}$K0SMOTRON_KINE_DATASOURCE_URL${text#*PLACEHOLDER}" ;; esac
printf '%s\\n' "$text" > /etc/k0s/k0s.yaml
k0s controller FLAGS
"""


@dataclasses.dataclass(frozen=True)
class Shape:
    """One cluster.

    :param api_version: ``v1beta1`` or ``v1beta2``.
    :param dsn_in_secret: whether the address of the database is in a Secret or in the object itself.
    :param k0s_config: ``spec`` of its ClusterConfig.
    :param more: further fields of the specification.
    """

    name: str = "tenant"
    namespace: str = "default"
    api_version: str = "v1beta2"
    address: str = "10.77.0.11"
    dsn: str = "postgres://tenant:pa%2Fss@10.77.0.21:5432/tenant?sslmode=require"
    dsn_in_secret: bool = True
    image: str = ""
    version: str = "v1.36.3-k0s.2"
    replicas: int = 1
    service_type: str = "NodePort"
    api_port: int = 30443
    konnectivity_port: int = 30132
    flags: tuple[str, ...] = ()
    k0s_config: t.Mapping[str, t.Any] | None = None
    probe_delay: int = 60
    owner: str = ""
    more: t.Mapping[str, t.Any] = dataclasses.field(default_factory=dict)

    @property
    def dsn_secret(self) -> str:
        return f"{self.name}-database"

    @property
    def labels(self) -> dict[str, str]:
        return {"app": "k0smotron", "cluster": self.name, "component": "cluster"}

    @property
    def selector(self) -> dict[str, str]:
        return {**self.labels, "cluster.x-k8s.io/control-plane": "true"}

    @property
    def service(self) -> str:
        suffix = {"NodePort": "-nodeport", "LoadBalancer": "-lb"}.get(self.service_type, "")
        return f"kmc-{self.name}{suffix}"


def definition() -> Object:
    """The CustomResourceDefinition, with room for every field: nothing here converts versions into each other."""
    schema = {
        "type": "object",
        "properties": {
            "spec": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
            "status": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
        },
    }
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "clusters.k0smotron.io"},
        "spec": {
            "group": "k0smotron.io",
            "names": {"kind": "Cluster", "listKind": "ClusterList", "plural": "clusters", "shortNames": ["kmc"]},
            "scope": "Namespaced",
            "versions": [
                {
                    "name": name,
                    "served": True,
                    "storage": name == "v1beta2",
                    "schema": {"openAPIV3Schema": schema},
                    "subresources": {"status": {}},
                }
                for name in ("v1beta1", "v1beta2")
            ],
        },
    }


def cluster(shape: Shape) -> Object:
    """The Cluster object after its operator wrote into it."""
    spec: Object = {
        "replicas": shape.replicas,
        "image": shape.image or "quay.io/k0sproject/k0s",
        "version": shape.version,
        "externalAddress": shape.address,
        "service": {
            "type": shape.service_type,
            "apiPort": shape.api_port,
            "konnectivityPort": shape.konnectivity_port,
        },
        "certificateRefs": [
            {"type": purpose, "name": f"{shape.name}-{purpose}"} for purpose in ("ca", "proxy", "sa", "etcd")
        ],
        "manifests": [{"name": _endpoint(shape), "configMap": {"name": _endpoint(shape)}}],
        **_storage(shape),
    }
    if shape.flags:
        spec["controllerPlaneFlags" if shape.api_version == "v1beta1" else "controlPlaneFlags"] = list(shape.flags)
    if shape.k0s_config is not None:
        spec["k0sConfig"] = {
            "apiVersion": "k0s.k0sproject.io/v1beta1",
            "kind": "ClusterConfig",
            "metadata": {"name": "k0s"},
            "spec": dict(shape.k0s_config),
        }
    return {
        "apiVersion": f"k0smotron.io/{shape.api_version}",
        "kind": "Cluster",
        "metadata": {
            "name": shape.name,
            "namespace": shape.namespace,
            "finalizers": ["k0smotron.io/finalizer"],
        },
        "spec": {**spec, **shape.more},
    }


def plane(shape: Shape) -> list[Object]:
    """Everything that runs the control plane, with new keys."""
    return [*secrets(shape), *config_maps(shape), service(shape), stateful_set(shape)]


def secrets(shape: Shape) -> list[Object]:
    """CAs, service account key, address of the database, and the administrator's kubeconfig."""
    authority, authority_key = keys.authority()
    made = {
        "ca": (authority, authority_key),
        "proxy": keys.authority(),
        "etcd": keys.authority(),
        "sa": keys.signing_key(),
    }
    found = [
        _secret(shape, f"{shape.name}-{purpose}", "cluster.x-k8s.io/secret", {"tls.crt": public, "tls.key": private})
        for purpose, (public, private) in made.items()
    ]
    if shape.dsn_in_secret:
        # This one is the user's: the operator does not own it.
        users = dataclasses.replace(shape, owner="")
        found.append(_secret(users, shape.dsn_secret, "Opaque", {DSN_KEY: shape.dsn}))
    server = f"https://{shape.address}:{shape.api_port}"
    kubeconfig = keys.kubeconfig(shape.name, server, authority, authority_key)
    found.append(_secret(shape, f"{shape.name}-kubeconfig", "cluster.x-k8s.io/secret", {"value": kubeconfig}))
    return found


def config_maps(shape: Shape) -> list[Object]:
    """Configuration, entrypoint, and what the operator adds to the cluster itself."""
    flags = " ".join((*shape.flags, "--config=/etc/k0s/k0s.yaml", "--enable-dynamic-config"))
    telemetry = _config_map("k0s-telemetry", "kube-system", {"provider": "k0smotron"})
    endpoint = {"apiServerHost": shape.address, "apiServerPort": str(shape.api_port)}
    texts = {
        f"kmc-{shape.name}-config": {"K0SMOTRON_K0S_YAML": yaml.safe_dump(k0s_config(shape))},
        f"kmc-entrypoint-{shape.name}-config": {
            "k0smotron-entrypoint.sh": ENTRYPOINT.replace("PLACEHOLDER", PLACEHOLDER).replace("FLAGS", flags)
        },
        f"kmc-{shape.name}-telemetry-config": {"configmap.yaml": yaml.safe_dump(telemetry)},
        _endpoint(shape): {
            "endpoint.yaml": yaml.safe_dump(_config_map("control-plane-endpoint", "kube-system", endpoint))
        },
    }
    return [_owned(shape, _config_map(name, shape.namespace, data)) for name, data in texts.items()]


def k0s_config(shape: Shape) -> Object:
    """The user's configuration with the operator's values over it."""
    spec = {key: value for key, value in (shape.k0s_config or {}).items() if key not in ("api", "konnectivity")}
    given = (shape.k0s_config or {}).get("api") or {}
    names = {*(given.get("sans") or []), shape.address, shape.service, f"{shape.service}.{shape.namespace}.svc"}
    spec["api"] = {
        **given,
        "port": shape.api_port,
        "sans": sorted(names),
        "externalAddress": shape.address,
    }
    spec["konnectivity"] = {"agentPort": shape.konnectivity_port}
    dsn = PLACEHOLDER if shape.dsn_in_secret else shape.dsn
    spec["storage"] = {"type": "kine", "kine": {"dataSource": dsn}}
    return {
        "apiVersion": "k0s.k0sproject.io/v1beta1",
        "kind": "ClusterConfig",
        "metadata": {"name": "k0s"},
        "spec": spec,
    }


def service(shape: Shape) -> Object:
    """The Service of the API and of the konnectivity agents."""
    ports = [
        {"name": name, "port": port, "targetPort": port, "protocol": "TCP"}
        for name, port in (("api", shape.api_port), ("konnectivity", shape.konnectivity_port))
    ]
    if shape.service_type == "NodePort":
        ports = [{**one, "nodePort": one["port"]} for one in ports]
    return _owned(
        shape,
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": shape.service, "namespace": shape.namespace, "labels": dict(shape.labels)},
            "spec": {"type": shape.service_type, "selector": dict(shape.labels), "ports": ports},
        },
    )


def stateful_set(shape: Shape) -> Object:
    """The control plane."""
    image = f"{shape.image or 'quay.io/k0sproject/k0s'}:{shape.version}"
    data, pki = f"kmc-{shape.name}", "certs"
    manifests = {_endpoint(shape): _endpoint(shape), f"kmc-{shape.name}-telemetry-config": "k0s-telemetry"}
    probe = {"exec": {"command": ["k0s", "status"]}, "periodSeconds": 10}
    container = {
        "name": "controller",
        "image": image,
        "imagePullPolicy": "IfNotPresent",
        "args": ["/bin/sh", "-c", f"/{ENTRYPOINT_KEY}"],
        "ports": [
            {"name": "api", "containerPort": shape.api_port, "protocol": "TCP"},
            {"name": "konnectivity", "containerPort": shape.konnectivity_port, "protocol": "TCP"},
        ],
        "envFrom": [
            {"configMapRef": {"name": f"kmc-{shape.name}-config"}},
            *([{"secretRef": {"name": shape.dsn_secret}}] if shape.dsn_in_secret else []),
        ],
        "readinessProbe": {**probe, "initialDelaySeconds": shape.probe_delay, "failureThreshold": 15},
        "livenessProbe": {**probe, "initialDelaySeconds": 90, "failureThreshold": 10},
        "volumeMounts": [
            {"name": "entrypoint", "mountPath": f"/{ENTRYPOINT_KEY}", "subPath": ENTRYPOINT_KEY},
            {"name": data, "mountPath": "/var/lib/k0s"},
            *(
                {"name": name, "mountPath": f"/var/lib/k0s/manifests/{folder}", "readOnly": True}
                for name, folder in manifests.items()
            ),
        ],
    }
    copy = "mkdir -p /var/lib/k0s/pki; rm -f /var/lib/k0s/pki/server.*; cp -L /certs-init/* /var/lib/k0s/pki/"
    pod = {
        "automountServiceAccountToken": False,
        "initContainers": [
            {
                "name": "certs-init",
                "image": image,
                "command": ["/bin/sh", "-c", copy],
                "volumeMounts": [
                    {"name": pki, "mountPath": "/certs-init"},
                    {"name": data, "mountPath": "/var/lib/k0s"},
                ],
            }
        ],
        "containers": [container],
        "volumes": [
            {"name": "entrypoint", "configMap": {"name": f"kmc-entrypoint-{shape.name}-config", "defaultMode": 0o744}},
            {"name": data, "emptyDir": {}},
            {"name": pki, "projected": {"sources": _pki_sources(shape)}},
            *({"name": name, "configMap": {"name": name}} for name in manifests),
        ],
    }
    return _owned(
        shape,
        {
            "apiVersion": "apps/v1",
            "kind": "StatefulSet",
            "metadata": {"name": f"kmc-{shape.name}", "namespace": shape.namespace, "labels": dict(shape.selector)},
            "spec": {
                "replicas": shape.replicas,
                "serviceName": "",
                "selector": {"matchLabels": dict(shape.selector)},
                "template": {"metadata": {"labels": dict(shape.selector)}, "spec": pod},
            },
        },
    )


def _storage(shape: Shape) -> Object:
    old = shape.api_version == "v1beta1"
    fields = {"kineDataSourceURL" if old else "dataSourceURL": PLACEHOLDER if shape.dsn_in_secret else shape.dsn}
    if shape.dsn_in_secret:
        fields["kineDataSourceSecretName" if old else "dataSourceSecretName"] = shape.dsn_secret
    return fields if old else {"storage": {"type": "kine", "kine": fields}}


def _endpoint(shape: Shape) -> str:
    return f"kmc-{shape.name}-endpoint"


def _pki_sources(shape: Shape) -> list[Object]:
    places = {
        "ca": ("ca.crt", "ca.key"),
        "proxy": ("front-proxy-ca.crt", "front-proxy-ca.key"),
        "sa": ("sa.pub", "sa.key"),
        "etcd": ("etcd-ca.crt", "etcd-ca.key"),
    }
    return [
        {
            "secret": {
                "name": f"{shape.name}-{purpose}",
                "items": [{"key": "tls.crt", "path": public}, {"key": "tls.key", "path": private}],
            }
        }
        for purpose, (public, private) in places.items()
    ]


def _owned(shape: Shape, obj: Object) -> Object:
    if shape.owner:
        obj["metadata"]["ownerReferences"] = [
            {
                "apiVersion": f"k0smotron.io/{shape.api_version}",
                "kind": "Cluster",
                "name": shape.name,
                "uid": shape.owner,
                "controller": True,
                "blockOwnerDeletion": True,
            }
        ]
    return obj


def _secret(shape: Shape, name: str, kind: str, texts: t.Mapping[str, str]) -> Object:
    data = {key: base64.b64encode(text.encode("utf-8")).decode("ascii") for key, text in texts.items()}
    metadata = {"name": name, "namespace": shape.namespace, "labels": {"cluster.x-k8s.io/cluster-name": shape.name}}
    return _owned(shape, {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "type": kind, "data": data})


def _config_map(name: str, namespace: str, data: t.Mapping[str, str]) -> Object:
    metadata = {"name": name, "namespace": namespace}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": dict(data)}


class _Plain(yaml.SafeDumper):
    """Writes what occurs twice twice."""

    def ignore_aliases(self, data: t.Any) -> bool:
        return True


def main(arguments: t.Sequence[str] | None = None) -> int:
    """Print the objects."""
    shape = Shape()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("part", choices=["definition", "cluster", "plane"])
    for name in ("name", "namespace", "address", "dsn", "image", "version", "owner"):
        parser.add_argument(f"--{name}", default=getattr(shape, name))
    for name in ("replicas", "api_port", "konnectivity_port", "probe_delay"):
        parser.add_argument(f"--{name.replace('_', '-')}", type=int, default=getattr(shape, name))
    parser.add_argument("--api-version", choices=["v1beta1", "v1beta2"], default=shape.api_version)
    parser.add_argument("--dsn-in-object", dest="dsn_in_secret", action="store_false")
    parser.add_argument("--flag", dest="flags", action="append", default=[], metavar="FLAG")
    parser.add_argument("--k0s-config", type=yaml.safe_load, metavar="YAML", help="spec of the ClusterConfig")
    given = vars(parser.parse_args(arguments))
    part = given.pop("part")
    wanted = Shape(**{**given, "flags": tuple(given["flags"])})
    made = {"definition": lambda: [definition()], "cluster": lambda: [cluster(wanted)], "plane": lambda: plane(wanted)}
    yaml.dump_all(made[part](), sys.stdout, Dumper=_Plain, sort_keys=False)
    return 0


if __name__ == "__main__":
    sys.exit(main())
