# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""kubeadm: its configuration files and its commands, each begun with a marker so that an interrupted one is noticed.

Configuration documents are written as JSON, which is YAML too: machines need no YAML library.
"""

from __future__ import annotations

import dataclasses
import json
import typing as t

from .._core.addresses import bracketed
from .._core.errors import CommandFailed
from .machine import CONFIG_FOLDER, STATE_FOLDER, Completed, Machine
from .network_cleanup import remove_pod_network

CONFIG_API = "kubeadm.k8s.io/v1beta4"
CRI_SOCKET = "unix:///run/containerd/containerd.sock"
ADMIN_CONFIG = "/etc/kubernetes/admin.conf"
KUBELET_CONFIG = "/etc/kubernetes/kubelet.conf"
#: A file here says that a kubeadm command was begun and has not ended.
MARKER_FOLDER = STATE_FOLDER
INIT_CONFIG = f"{CONFIG_FOLDER}/kubeadm-init.yaml"

#: Node taint that keeps ordinary pods off a control plane.
CONTROL_PLANE_TAINT = {"key": "node-role.kubernetes.io/control-plane", "effect": "NoSchedule"}


@dataclasses.dataclass(frozen=True)
class ClusterSettings:
    """What :func:`init_documents` needs; addresses as text, ranges in CIDR form."""

    name: str
    version: str
    node_name: str
    advertise_address: str
    endpoint: str
    port: int
    pod_cidr: str
    service_cidr: str
    dns_domain: str
    coredns_tag: str
    etcd_tag: str
    certificate_names: tuple[str, ...] = ()
    taint: bool = False
    ignored_errors: tuple[str, ...] = ()
    kubelet_config: t.Mapping[str, t.Any] = dataclasses.field(default_factory=dict)
    kube_proxy_config: t.Mapping[str, t.Any] = dataclasses.field(default_factory=dict)


def init_documents(settings: ClusterSettings, bootstrap_token: str) -> list[dict[str, t.Any]]:
    """The documents of the file for ``kubeadm init --config``.

    :param bootstrap_token: kubeadm always makes one; given a token that ends at once, none stays behind.
    """
    return [
        _init_configuration(settings, bootstrap_token),
        _cluster_configuration(settings),
        {
            "apiVersion": "kubelet.config.k8s.io/v1beta1",
            "kind": "KubeletConfiguration",
            "cgroupDriver": "systemd",
            "rotateCertificates": True,
            **settings.kubelet_config,
        },
        {
            "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
            "kind": "KubeProxyConfiguration",
            **settings.kube_proxy_config,
        },
    ]


def _init_configuration(settings: ClusterSettings, bootstrap_token: str) -> dict[str, t.Any]:
    return {
        "apiVersion": CONFIG_API,
        "kind": "InitConfiguration",
        "bootstrapTokens": [
            {
                "token": bootstrap_token,
                "ttl": "1s",
                "description": "made by kubeadm init, not used",
                "usages": ["signing", "authentication"],
                "groups": ["system:bootstrappers:kubeadm:default-node-token"],
            }
        ],
        "localAPIEndpoint": {"advertiseAddress": settings.advertise_address, "bindPort": settings.port},
        "nodeRegistration": node_registration(
            settings.node_name,
            taints=[CONTROL_PLANE_TAINT] if settings.taint else [],
            ignored_errors=settings.ignored_errors,
        ),
    }


def _cluster_configuration(settings: ClusterSettings) -> dict[str, t.Any]:
    return {
        "apiVersion": CONFIG_API,
        "kind": "ClusterConfiguration",
        "clusterName": settings.name,
        "kubernetesVersion": f"v{settings.version}",
        "controlPlaneEndpoint": host_and_port(settings.endpoint, settings.port),
        "networking": {
            "podSubnet": settings.pod_cidr,
            "serviceSubnet": settings.service_cidr,
            "dnsDomain": settings.dns_domain,
        },
        "apiServer": {"certSANs": list(settings.certificate_names)},
        "dns": {"imageRepository": "registry.k8s.io/coredns", "imageTag": settings.coredns_tag},
        "etcd": {"local": {"imageTag": settings.etcd_tag, "dataDir": "/var/lib/etcd"}},
    }


def join_document(
    node_name: str,
    discovery_kubeconfig: str,
    *,
    taints: t.Sequence[t.Mapping[str, t.Any]],
    ignored_errors: t.Sequence[str],
) -> dict[str, t.Any]:
    """The document of the file for ``kubeadm join --config``.

    :param discovery_kubeconfig: path of a kubeconfig with server, CA and the bootstrap token as its user. Given a
        user, kubeadm trusts the file as it is and needs no cluster-info that the token signs.
    """
    return {
        "apiVersion": CONFIG_API,
        "kind": "JoinConfiguration",
        "discovery": {"file": {"kubeConfigPath": discovery_kubeconfig}},
        "nodeRegistration": node_registration(node_name, taints=taints, ignored_errors=ignored_errors),
    }


def node_registration(
    node_name: str,
    *,
    taints: t.Sequence[t.Mapping[str, t.Any]],
    ignored_errors: t.Sequence[str],
) -> dict[str, t.Any]:
    """How a node presents itself; the images are there, so none is pulled that is present."""
    return {
        "name": node_name,
        "criSocket": CRI_SOCKET,
        "taints": [dict(taint) for taint in taints],
        "ignorePreflightErrors": list(ignored_errors),
        "imagePullPolicy": "IfNotPresent",
    }


def discovery_kubeconfig(server: str, ca_base64: str, token: str, user: str = "bootstrap") -> str:
    """A kubeconfig (JSON) whose user is a bootstrap token: write it with mode 0600 and remove it after use."""
    return json.dumps(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "cluster", "cluster": {"server": server, "certificate-authority-data": ca_base64}}],
            "users": [{"name": user, "user": {"token": token}}],
            "contexts": [{"name": "bootstrap", "context": {"cluster": "cluster", "user": user}}],
            "current-context": "bootstrap",
        }
    )


def as_file(documents: t.Iterable[t.Mapping[str, t.Any]]) -> str:
    """Documents as one YAML stream."""
    return "---\n".join(json.dumps(document, indent=2) + "\n" for document in documents)


def host_and_port(host: str, port: int) -> str:
    """``host:port``, with brackets round an IPv6 address."""
    return f"{bracketed(host)}:{port}"


def marker(command: str) -> str:
    """Path of the file that exists while ``kubeadm <command>`` is under way."""
    return f"{MARKER_FOLDER}/{command}.started"


def is_interrupted(machine: Machine, command: str) -> bool:
    return machine.is_present(marker(command))


def run_kubeadm(machine: Machine, command: str, config: str, *, timeout: float) -> None:
    """``kubeadm <command>`` between setting and removing its marker.

    :raises CommandFailed: with the reason kubeadm gave; the marker stays, so the next run begins with a reset.
    """
    machine.write_text(marker(command), "")
    done = machine.execute(["kubeadm", command, "--config", config], timeout=timeout, check=False)
    if done.code != 0:
        raise CommandFailed(
            f"kubeadm {command} ended with code {done.code}:\n{failure_reason(done)}",
            remedy="mend the cause and run again: what this run left half done is reset first; "
            "'journalctl -u kubelet -n 50' and 'crictl ps -a' (or 'ctr -n k8s.io containers ls') show more",
        )
    machine.remove(marker(command))


def reset_interrupted(machine: Machine) -> None:
    """Undo what an interrupted command left, so that it can begin anew."""
    reset(machine)
    remove_pod_network(machine)
    for command in ("init", "join"):
        machine.remove(marker(command))


def reset(machine: Machine) -> Completed:
    """``kubeadm reset``: stops the kubelet and the pods and removes their state, etcd's included."""
    return machine.execute(["kubeadm", "reset", "--force", "--cri-socket", CRI_SOCKET], timeout=180, check=False)


def failure_reason(done: Completed) -> str:
    """The lines of kubeadm's output that say why, without its stack and its general advice."""
    lines = [line for line in f"{done.stderr}\n{done.stdout}".splitlines() if line.strip() and "[WARNING" not in line]
    errors = [line.strip() for line in lines if "[ERROR" in line or line.lstrip().startswith(("error:", "error "))]
    if errors:
        return "\n".join(errors)
    return "\n".join(lines[-15:])


def kubeconfig_server(text: str | None) -> str | None:
    """The server URL of a kubeconfig that kubeadm wrote (YAML), without a YAML library."""
    for line in (text or "").splitlines():
        name, _separator, value = line.strip().partition(": ")
        if name == "server":
            return value.strip().strip("\"'")
    return None
