# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""What the module ``database_placement`` does: a PostgreSQL server for every cluster, chosen once and written down."""

from __future__ import annotations

import dataclasses
import typing as t

from .._controlplane.spec import ClusterSpec
from .._core.errors import HcpError
from .._core.plan import Change, Plan
from .._datastore.placement import Choice, Verdict, place
from .._kube.client import KubeClient
from .database_record import read_records, write_record
from .database_servers import Site, wish_of


def place_databases(
    specs: t.Sequence[ClusterSpec],
    definitions: t.Sequence[t.Mapping[str, t.Any]],
    site: Site,
    client: KubeClient | None,
    *,
    check_mode: bool,
) -> dict[str, t.Any]:
    """Choose, write down, and return the module's result.

    :param definitions: of the same clusters, as they were given.
    """
    # A cluster with an address of its own is nobody's here.
    ours = [spec for spec in specs if not spec.database_host]
    records = read_records(client, ours)
    choices = place([wish_of(spec, records[spec.name]) for spec in ours], site.servers, site.measured)
    _check_machines(choices, site)
    plan = Plan()
    for spec, choice in zip(ours, choices):
        record = records[spec.name]
        if record.server == choice.server:
            continue
        before = {"database-server": record.server} if record.server else None
        plan.add(
            Change("update", f"Namespace/{spec.namespace}", before=before, after={"database-server": choice.server})
        )
        if client is not None and not check_mode:
            write_record(client, spec, dataclasses.replace(record, server=choice.server))
    return plan.result(**described(ours, definitions, site, choices))


def _check_machines(choices: t.Sequence[Choice], site: Site) -> None:
    """Every server that holds databases must answer: the next tasks run on its machine.

    :raises HcpError: naming the server and the clusters on it.
    """
    for server in site.servers:
        clusters = [choice.cluster for choice in choices if choice.server == server.name]
        problem = site.measured[server.name].problem
        if clusters and problem:
            raise HcpError(
                f"cannot be used: {problem}. Databases of {', '.join(clusters)} are there",
                where=f"PostgreSQL server {server.name}",
                remedy="bring it up, or leave these clusters out of hosted_clusters for this run",
            )


def described(
    specs: t.Sequence[ClusterSpec],
    definitions: t.Sequence[t.Mapping[str, t.Any]],
    site: Site,
    choices: t.Sequence[Choice],
) -> dict[str, t.Any]:
    """What the next tasks need: definitions that name their server, addresses, and machines with their databases."""
    chosen = {choice.cluster: choice.server for choice in choices}
    return {
        "clusters": {choice.cluster: _told(choice, site) for choice in choices},
        "definitions": [_definition(one, site, chosen.get(str(one["name"]))) for one in definitions],
        "database_servers": site.addresses(),
        "batches": _batches(specs, site, chosen),
    }


def _told(choice: Choice, site: Site) -> dict[str, t.Any]:
    server = site.named(choice.server)
    host, port = site.reached[choice.server]
    return {
        "server": choice.server,
        "host": host,
        "port": port,
        "machine": site.measured[choice.server].machine,
        "external": server.external,
        "why": choice.why,
        "verdicts": [_verdict(verdict) for verdict in choice.verdicts],
    }


def _verdict(verdict: Verdict) -> dict[str, t.Any]:
    return {
        "server": verdict.server,
        "accepted": verdict.score is not None,
        "score": verdict.score,
        "reasons": list(verdict.reasons),
    }


def _definition(given: t.Mapping[str, t.Any], site: Site, name: str | None) -> dict[str, t.Any]:
    """The definition with its server; one that exists already becomes an address, a login that is given."""
    definition = {key: value for key, value in given.items() if value is not None}
    if name is None:
        return definition
    server = site.named(name)
    definition["database_server"] = name
    if server.external:
        host, port = site.reached[name]
        definition.update(database_host=host, database_port=port, database_sslmode=server.sslmode)
        definition["database_ca_certificate"] = server.ca_certificate
    return definition


def _batches(specs: t.Sequence[ClusterSpec], site: Site, chosen: t.Mapping[str, str]) -> list[dict[str, t.Any]]:
    """One for each server that gets databases: the machine that writes, and their names."""
    return [
        {
            "server": server.name,
            "machine": site.measured[server.name].machine,
            "databases": [spec.database for spec in specs if chosen.get(spec.name) == server.name],
        }
        for server in site.servers
        if not server.external and server.name in chosen.values()
    ]
