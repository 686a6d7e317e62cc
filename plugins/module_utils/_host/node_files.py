# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""The files that make a machine ready for kubeadm: containerd, kubelet, pod network and kernel settings."""

from __future__ import annotations

import dataclasses
import json
import typing as t

from .files import TextFile

CONTAINERD_CONFIG = "/etc/containerd/config.toml"
CONTAINERD_UNIT = "/etc/systemd/system/containerd.service"
KUBELET_UNIT = "/etc/systemd/system/kubelet.service"
KUBELET_KUBEADM = "/etc/systemd/system/kubelet.service.d/10-kubeadm.conf"
POD_NETWORK = "/etc/cni/net.d/10-flannel.conflist"
SYSCTL_FILE = "/etc/sysctl.d/90-mothership-hcp.conf"
MODULES_FILE = "/etc/modules-load.d/mothership-hcp.conf"

#: Kernel modules that pods and their network need; any of them may be built into the kernel.
KERNEL_MODULES = ("overlay", "br_netfilter")
#: Kernel settings, by name. Those of net.bridge exist only while br_netfilter is loaded.
SYSCTLS = {
    "net.ipv4.ip_forward": "1",
    "net.bridge.bridge-nf-call-iptables": "1",
    "net.bridge.bridge-nf-call-ip6tables": "1",
}

MANAGED = "# Managed by Ansible collection mothership.hcp: changes are lost.\n"


@dataclasses.dataclass(frozen=True)
class NodeSettings:
    """What differs from site to site.

    :param sandbox_image: reference of the pause image that holds a pod's namespaces.
    :param binaries: folder of containerd, kubelet and kubeadm.
    :param restrict_oom_score_adj: for machines that may not lower a process's OOM score (containers without
        CAP_SYS_RESOURCE).
    """

    sandbox_image: str
    binaries: str = "/usr/local/bin"
    cni_binaries: str = "/opt/cni/bin"
    restrict_oom_score_adj: bool = False


def node_files(settings: NodeSettings) -> list[TextFile]:
    """Every file, in the order in which they are written."""
    return [
        TextFile(MODULES_FILE, modules_text(KERNEL_MODULES)),
        TextFile(SYSCTL_FILE, sysctl_text(SYSCTLS)),
        TextFile(POD_NETWORK, pod_network()),
        TextFile(CONTAINERD_CONFIG, _containerd_config(settings), restarts=("containerd",)),
        TextFile(CONTAINERD_UNIT, _containerd_unit(settings), restarts=("containerd",)),
        TextFile(KUBELET_UNIT, _kubelet_unit(settings), restarts=("kubelet",)),
        TextFile(KUBELET_KUBEADM, _kubelet_kubeadm(settings), restarts=("kubelet",)),
    ]


def modules_text(modules: t.Iterable[str]) -> str:
    return MANAGED + "".join(f"{name}\n" for name in modules)


def sysctl_text(sysctls: t.Mapping[str, str]) -> str:
    return MANAGED + "".join(f"{name} = {value}\n" for name, value in sysctls.items())


def _containerd_config(settings: NodeSettings) -> str:
    restrict = "true" if settings.restrict_oom_score_adj else "false"
    return f"""{MANAGED}version = 3

[plugins.'io.containerd.cri.v1.images'.pinned_images]
  sandbox = '{settings.sandbox_image}'

[plugins.'io.containerd.cri.v1.runtime']
  restrict_oom_score_adj = {restrict}

[plugins.'io.containerd.cri.v1.runtime'.cni]
  bin_dirs = ['{settings.cni_binaries}']
  conf_dir = '/etc/cni/net.d'

[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc]
  runtime_type = 'io.containerd.runc.v2'

[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc.options]
  SystemdCgroup = true
"""


def _containerd_unit(settings: NodeSettings) -> str:
    # Lowering its own OOM score needs the capability that restricted machines lack; systemd would refuse the start.
    score = "" if settings.restrict_oom_score_adj else "OOMScoreAdjust=-999\n"
    return f"""{MANAGED}[Unit]
Description=containerd container runtime
Documentation=https://containerd.io
After=network.target local-fs.target dbus.service

[Service]
ExecStart={settings.binaries}/containerd
Type=notify
Delegate=yes
KillMode=process
Restart=always
RestartSec=5
LimitNOFILE=infinity
TasksMax=infinity
{score}
[Install]
WantedBy=multi-user.target
"""


def _kubelet_unit(settings: NodeSettings) -> str:
    # Before kubeadm wrote its configuration a kubelet could only fail and be started again, every second.
    return f"""{MANAGED}[Unit]
Description=kubelet: the Kubernetes node agent
Documentation=https://kubernetes.io/docs/
After=network-online.target containerd.service
Wants=network-online.target containerd.service
StartLimitIntervalSec=0
ConditionPathExists=/var/lib/kubelet/config.yaml

[Service]
ExecStart={settings.binaries}/kubelet
Restart=always
RestartSec=2

[Install]
WantedBy=multi-user.target
"""


def _kubelet_kubeadm(settings: NodeSettings) -> str:
    kubeconfigs = (
        "--bootstrap-kubeconfig=/etc/kubernetes/bootstrap-kubelet.conf --kubeconfig=/etc/kubernetes/kubelet.conf"
    )
    arguments = "$KUBELET_KUBECONFIG_ARGS $KUBELET_CONFIG_ARGS $KUBELET_KUBEADM_ARGS $KUBELET_EXTRA_ARGS"
    return f"""{MANAGED}[Service]
Environment="KUBELET_KUBECONFIG_ARGS={kubeconfigs}"
Environment="KUBELET_CONFIG_ARGS=--config=/var/lib/kubelet/config.yaml"
EnvironmentFile=-/var/lib/kubelet/kubeadm-flags.env
EnvironmentFile=-/etc/default/kubelet
ExecStart=
ExecStart={settings.binaries}/kubelet {arguments}
"""


def pod_network() -> str:
    """How a pod gets its network from flannel; flannel fills in the machine's own range when it starts."""
    plugins = [
        {"type": "flannel", "delegate": {"hairpinMode": True, "isDefaultGateway": True}},
        {"type": "portmap", "capabilities": {"portMappings": True}},
    ]
    return json.dumps({"name": "cbr0", "cniVersion": "0.3.1", "plugins": plugins}, indent=2) + "\n"
