# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Texts for Patroni, and options that are refused."""

from __future__ import annotations

import json
import typing as t

import pytest
from ansible_collections.mothership.hcp.plugins.module_utils._core.errors import ManyProblems
from ansible_collections.mothership.hcp.plugins.module_utils._datastore import patroni_config, patroni_options
from ansible_collections.mothership.hcp.plugins.module_utils._datastore.patroni_config import settings_patch

from .patroni_fakes import MEMORY, OPTIONS, cluster


def configuration(name: str = "db1", **server: t.Any) -> dict[str, t.Any]:
    head, _newline, text = patroni_config.member_text(cluster(name, **server), MEMORY).partition("\n")
    assert head.startswith("#")
    parsed: dict[str, t.Any] = json.loads(text)
    return parsed


def test_patroni_never_makes_databases_by_itself() -> None:
    assert "bootstrap" not in configuration()


def test_machines_log_in_by_certificate_and_tenants_by_scram() -> None:
    postgresql = configuration()["postgresql"]
    rules = [" ".join(line.split()) for line in postgresql["pg_hba"]]
    assert rules[0] == "local all postgres peer"
    assert "hostssl replication mothership_replication 10.77.0.23/32 cert map=mothership" in rules
    assert "hostssl postgres mothership_rewind 10.77.0.21/32 cert map=mothership" in rules
    tenants = [rule.split()[3] for rule in rules if "hcp_tenants" in rule]
    assert tenants == ["10.77.0.21/32", "10.77.0.22/32", "10.77.0.23/32", "10.77.0.11/32", "10.244.0.0/16"]
    assert rules[-2:] == ["local all all reject", "host all all all reject"]
    assert "mothership mothership-database mothership_rewind" in postgresql["pg_ident"]
    assert all("password" not in user for user in postgresql["authentication"].values())


def test_only_the_memory_is_a_machines_own_setting() -> None:
    assert configuration()["postgresql"]["parameters"]["shared_buffers"] == "1024MB"
    shared = patroni_config.shared_settings(cluster(), MEMORY)
    assert {"shared_buffers", "listen_addresses", "port"}.isdisjoint(shared["postgresql"]["parameters"])
    assert (shared["synchronous_mode"], shared["synchronous_mode_strict"]) == (True, True)
    assert shared["loop_wait"] + 2 * shared["retry_timeout"] <= shared["ttl"]


def test_a_setting_of_the_user_wins() -> None:
    parameters = patroni_config.shared_settings(cluster(settings={"jit": True}), MEMORY)["postgresql"]["parameters"]
    assert parameters["jit"] == "on"


def test_a_patch_takes_settings_away_and_leaves_other_keys() -> None:
    current = {"ttl": 20, "pause": True, "postgresql": {"use_slots": True, "parameters": {"jit": "on", "old": 1}}}
    desired = {"ttl": 20, "postgresql": {"use_slots": True, "parameters": {"jit": "off"}}}
    patch = settings_patch(current, desired)
    assert patch == {"postgresql": {"parameters": {"jit": "off", "old": None}}}
    assert patroni_config.part_of(current, patch) == {"postgresql": {"parameters": {"jit": "on", "old": 1}}}
    assert settings_patch(desired, desired) == {}


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"name": "db9"}, "is none of the members"),
        ({"members": {"db1": "10.0.0.1", "db2": "10.0.0.2"}}, "fewer than three"),
        ({"members": {"db1": "db1.example", "b": "10.0.0.2", "c": "10.0.0.3"}}, "no IP address"),
        ({"members": {"db1": "10.0.0.1", "b/2": "10.0.0.2", "c": "10.0.0.3"}}, "cannot be the name"),
        ({"settings": {"synchronous_commit": "off"}}, "is decided by Patroni"),
    ],
)
def test_wrong_options_are_named(changed: dict[str, t.Any], message: str) -> None:
    defaults = {key: one.get("default") for key, one in patroni_options.argument_spec().items()}
    with pytest.raises(ManyProblems, match=message):
        patroni_options.cluster_from({**defaults, **OPTIONS, **changed})


def test_options_become_a_cluster() -> None:
    defaults = {key: one.get("default") for key, one in patroni_options.argument_spec().items()}
    found = patroni_options.cluster_from({**defaults, **OPTIONS})
    assert (found.address, found.data) == ("10.77.0.21", "/var/lib/postgresql/15/main")
