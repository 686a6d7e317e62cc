# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""From a cluster of k0smotron to a definition of ours. Pure: what was read goes in, what is wrong comes out."""

from __future__ import annotations

import dataclasses
import re
import typing as t

from .._controlplane.control_plane import ControlPlane, Database
from .._controlplane.networks import is_address
from .._controlplane.pki import Pki
from .._controlplane.port_range import PortRange
from .._controlplane.ports import Ports
from .._controlplane.spec import ClusterSpec, Surroundings, parse_clusters
from .._core.errors import InvalidInput, ManyProblems
from . import names, not_kept
from .dsn import Dsn, parse_dsn
from .flags import translate_flags
from .k0s_config import split_config
from .keys import SecretTexts, read_keys
from .old_cluster import OldCluster
from .problems import Findings

_VERSION = re.compile(r"v?(\d+)\.(\d+)\.(\d+)(?:[-+]k0s\.(\d+))?")
_OLDEST = (1, 35)
_VERIFYING = ("verify-full", "verify-ca")
#: Modes that a definition may have without a CA.
_PLAIN = ("require", "disable")
_PATH = "hosted_clusters"
#: The component of k0s that stands for the pod network.
_NETWORK = "network-provider"


@dataclasses.dataclass(frozen=True)
class Choices:
    """What the user says about the adopted cluster.

    :param database_ca_certificate: PEM; empty when unknown.
    :param database_sslmode: empty to follow the address of the database.
    """

    name: str
    database_ca_certificate: str = ""
    database_sslmode: str = ""
    node_ports: PortRange = dataclasses.field(default_factory=PortRange)


@dataclasses.dataclass(frozen=True)
class Translation:
    """An adopted cluster.

    :param definition: an item of ``hosted_clusters``.
    """

    definition: dict[str, t.Any]
    spec: ClusterSpec
    dsn: Dsn
    pki: Pki
    notes: tuple[str, ...]

    @property
    def plane(self) -> ControlPlane:
        return plane_of(self.spec, self.pki)


def plane_of(spec: ClusterSpec, pki: Pki) -> ControlPlane:
    """As much of a control plane as its Services and the Secrets of its keys need."""
    address = spec.endpoint if is_address(spec.endpoint) else ""
    ports = Ports(int(spec.api_port or 0), int(spec.konnectivity_port or 0))
    return ControlPlane(spec, ports, address, Database(spec.database_host, spec.database_port or 5432, "", ""), pki)


def translate(old: OldCluster, secrets: SecretTexts, running_tag: str, choices: Choices) -> Translation:
    """The definition, the keys and the login.

    :param secrets: decoded Secrets of the old cluster's namespace.
    :param running_tag: tag of the image of the old control plane, for a cluster that names no version.
    :raises ManyProblems: with everything that stands against the adoption.
    """
    findings = Findings()
    _check_kind(old, findings)
    dsn = _dsn(old, secrets, findings)
    pki = read_keys(old, secrets, findings)
    definition = _definition(old, dsn, running_tag, choices, findings)
    not_kept.note_all(old, findings)
    spec = _checked(definition, choices, findings)
    if findings.problems or spec is None or dsn is None or pki is None:
        raise ManyProblems(findings.problems, headline=f"{old.target} cannot be adopted:")
    return Translation(definition, spec, dsn, pki, tuple(findings.notes))


def _check_kind(old: OldCluster, findings: Findings) -> None:
    if old.is_paused:
        findings.refuse("is paused", old.target, "let its operator finish what is pending, then remove the annotation")
    if old.owners:
        findings.refuse(
            f"belongs to a {old.owners[0]}, whose operator would make it again",
            old.target,
            "a cluster made through Cluster API cannot be adopted; detach it from Cluster API first",
        )
    if old.is_remote:
        findings.refuse(
            "runs in another cluster than this one", old.target, "run the control plane in this cluster first"
        )
    if old.has_ingress:
        findings.refuse(
            "is reached through an Ingress",
            old.field("ingress"),
            "give the cluster a Service of type NodePort, join its workers again through it, then adopt it",
        )
    elif old.service_type != "NodePort":
        findings.refuse(
            f"is {old.service_type}, and only node ports can change hands without an interruption",
            old.field("service", "type"),
            "change it to NodePort with the same ports, and let the address lead to the machines of this cluster",
        )
    elif not old.external_address:
        findings.refuse(
            "is empty: there is no address that workers reach the API under",
            old.field("externalAddress"),
            "give the cluster an external address with k0smotron first, and let its workers use it",
        )


def _dsn(old: OldCluster, secrets: SecretTexts, findings: Findings) -> Dsn | None:
    if old.storage != "kine":
        findings.refuse(
            f"is {old.storage}, and mothership.hcp keeps state in PostgreSQL only",
            old.field("storage", "type"),
            "move the data into PostgreSQL first: stop the control plane, copy all keys through kine into an empty "
            "database, and make the cluster anew with storage kine and the same certificates",
        )
        return None
    if not old.dsn_secret:
        if not old.dsn:
            findings.refuse("is empty", old.field("storage", "kine"), "give the address of the database with k0smotron")
            return None
        return parse_dsn(old.dsn, old.field("storage", "kine", "dataSourceURL"), findings)
    where = f"Secret/{old.namespace}/{old.dsn_secret}"
    text = secrets.get(old.dsn_secret, {}).get(names.DSN_KEY, "").strip()
    if not text:
        findings.refuse(f"does not exist or has no {names.DSN_KEY}", where, "restore the Secret from a backup")
        return None
    return parse_dsn(text, where, findings)


def _definition(
    old: OldCluster, dsn: Dsn | None, running_tag: str, choices: Choices, findings: Findings
) -> dict[str, t.Any]:
    version, tag = _version(old, running_tag, findings)
    flags = translate_flags(old.flags, old.field("controlPlaneFlags"), findings)
    config = split_config(old, findings)
    definition: dict[str, t.Any] = {
        "name": choices.name,
        "distribution": "k0s",
        "version": version,
        "replicas": old.replicas,
        "endpoint": old.external_address,
        "api_port": old.api_port,
        "konnectivity_port": old.konnectivity_port,
        **config.options,
        "k0s_config": config.rest,
        # What k0s runs in the cluster goes on as it is, and so do its networks.
        "k0s_official_images": True,
        "allow_network_overlap": True,
    }
    if old.image != names.DEFAULT_IMAGE:
        definition["k0s_image"] = f"{old.image}:{tag}"
    if flags.rest:
        definition["k0s_flags"] = list(flags.rest)
    disabled = [*flags.disabled, *_foreign_network(definition, flags.disabled, findings)]
    if disabled:
        definition["k0s_disable_components"] = disabled
    if dsn is not None:
        definition.update(_database(dsn, choices, findings))
    return definition


def _foreign_network(
    definition: t.Mapping[str, t.Any], disabled: t.Collection[str], findings: Findings
) -> tuple[str, ...]:
    """What keeps our own pod network out of a cluster whose users brought one."""
    if definition["k0s_config"]["network"]["provider"] != "custom":
        return ()
    findings.note(
        "The pod network is not k0s' own, so it is left alone: k0s_disable_components names network-provider."
    )
    return () if _NETWORK in disabled else (_NETWORK,)


def _version(old: OldCluster, running_tag: str, findings: Findings) -> tuple[str, str]:
    """The version as we write it, and the tag of its image."""
    text = old.version or running_tag
    match = _VERSION.fullmatch(text)
    if match is None:
        findings.refuse(f"{text!r} is no version of k0s", old.field("version"), "write it as v1.36.3-k0s.2")
        return "0.0.0", text
    major, minor, patch, build = match.groups()
    if (int(major), int(minor)) < _OLDEST:
        findings.refuse(
            f"{text} is older than {_OLDEST[0]}.{_OLDEST[1]}",
            old.field("version"),
            f"upgrade the control plane and then its workers with k0smotron, one minor version after the other, "
            f"up to {_OLDEST[0]}.{_OLDEST[1]}",
        )
    # k0smotron takes the first build of a release when none is named.
    number = f"{major}.{minor}.{patch}"
    return f"{number}+k0s.{build or 0}", f"v{number}-k0s.{build or 0}"


def _database(dsn: Dsn, choices: Choices, findings: Findings) -> dict[str, t.Any]:
    return {
        "database_host": dsn.host,
        "database_port": dsn.port,
        "database_name": dsn.database,
        "database_user": dsn.user,
        "database_sslmode": _sslmode(dsn, choices, findings),
        **({"database_ca_certificate": choices.database_ca_certificate} if choices.database_ca_certificate else {}),
    }


def _sslmode(dsn: Dsn, choices: Choices, findings: Findings) -> str:
    """The mode: what the user says, else what the address says, as far as it is clear."""
    known = choices.database_ca_certificate
    mode = choices.database_sslmode or dsn.sslmode
    if known and not choices.database_sslmode:
        return mode if mode in _VERIFYING else _VERIFYING[0]
    if mode in _VERIFYING and not known:
        findings.refuse(
            f"is needed for sslmode={mode}",
            "database_ca_certificate",
            "give the PEM certificate of the CA that signed PostgreSQL's certificate",
        )
    elif mode not in _VERIFYING + _PLAIN:
        findings.refuse(
            f"the database's address (sslmode={mode or 'not given'}) leaves open whether connections are encrypted",
            "database_sslmode",
            "set it to disable or require, or give database_ca_certificate",
        )
    return mode


def _checked(definition: dict[str, t.Any], choices: Choices, findings: Findings) -> ClusterSpec | None:
    """The typed definition; what is refused here was not refused before under another name."""
    told = {
        "version": any(".version" in str(problem.where) for problem in findings.problems),
        "endpoint": not definition["endpoint"],
        "database_sslmode": any(problem.where == "database_sslmode" for problem in findings.problems),
    }
    tried = {key: value for key, value in definition.items() if not told.get(key)}
    tried = {"version": "1.36.3", "endpoint": "endpoint.invalid", **tried}
    try:
        (spec,) = parse_clusters([tried], Surroundings(node_ports=choices.node_ports), path=_PATH)
    except ManyProblems as error:
        findings.problems += [t.cast(InvalidInput, problem) for problem in error.problems]
        return None
    return spec
