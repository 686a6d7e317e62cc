# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.


"""What the pod network leaves on a machine: links, packet filter rules, network namespaces."""

from __future__ import annotations

import dataclasses
import json
import re

from .machine import Machine

_LINKS = re.compile(r"^(cni0|kube-bridge|kube-dummy-if|flannel[.\w-]*|kube-ipvs0|veth[0-9a-f]{8})$")
_CHAIN = re.compile(r"^:((?:KUBE|CNI|FLANNEL)-\S*)", re.MULTILINE)
_NFT_TABLES = re.compile(r"^table (\S+ (?:kube-proxy|flannel-ipv4|flannel-ipv6))$", re.MULTILINE)
#: iptables keeps rules in two places; the older one is asked only if the kernel uses it, or asking would load it.
_IPTABLES = ("iptables-nft", "ip6tables-nft", "iptables-legacy", "ip6tables-legacy")
#: Addresses that were given to pods, and the range of the node.
_FOLDERS = ("/var/lib/cni", "/run/flannel")


@dataclasses.dataclass(frozen=True)
class PodNetwork:
    """What was found; ``chains`` are names by the program that manages them."""

    links: list[str]
    chains: dict[str, list[str]]
    nft_tables: list[str]

    def items(self) -> list[str]:
        """One readable line for each thing."""
        return [
            *(f"link {name}" for name in self.links),
            *(f"{len(chains)} chains of {program}" for program, chains in self.chains.items()),
            *(f"nftables table {name}" for name in self.nft_tables),
        ]


def find_network(machine: Machine) -> PodNetwork:
    return PodNetwork(
        links=_links(machine),
        chains=_chains(machine),
        nft_tables=_NFT_TABLES.findall(machine.ask(["nft", "list", "tables"]).stdout),
    )


def remove_pod_network(machine: Machine) -> None:
    """Links, packet filter rules, network namespaces and addresses given to pods; all pods must be gone.

    A bridge that stays would keep the pod range of the node's former life, and no pod would start.
    """
    found = find_network(machine)
    for link in found.links:
        machine.execute(["ip", "link", "delete", link], check=False)
    for program in found.chains:
        saved = machine.ask([f"{program}-save"])
        machine.execute([f"{program}-restore"], stdin=without_chains(saved.stdout), check=False)
    for table in found.nft_tables:
        machine.execute(["nft", "delete", "table", *table.split(" ")], check=False)
    for name in machine.read_names("/run/netns"):
        if name.startswith("cni-"):
            machine.remove(f"/run/netns/{name}")
    for folder in _FOLDERS:
        machine.remove(folder)


def without_chains(saved: str) -> str:
    """Rules as ``iptables-save`` prints them, without chains of Kubernetes and rules that name one."""
    names = set(chain_names(saved))
    kept = []
    for line in saved.splitlines():
        words = line.replace(":", " ", 1).split()
        if not names.intersection(words):
            kept.append(line)
    return "\n".join(kept) + "\n"


def chain_names(saved: str) -> set[str]:
    """Names of the chains of Kubernetes in what ``iptables-save`` prints."""
    return set(_CHAIN.findall(saved))


def _links(machine: Machine) -> list[str]:
    try:
        links = json.loads(machine.ask(["ip", "-j", "link"]).stdout or "[]")
    except ValueError:
        return []
    return [link["ifname"] for link in links if _LINKS.match(link.get("ifname", ""))]


def _chains(machine: Machine) -> dict[str, list[str]]:
    found = {}
    for program in _IPTABLES:
        kind = "ip6" if program.startswith("ip6") else "ip"
        if program.endswith("-legacy") and not (machine.read_text(f"/proc/net/{kind}_tables_names") or "").strip():
            continue
        chains = sorted(chain_names(machine.ask([f"{program}-save"]).stdout))
        if chains:
            found[program] = chains
    return found
