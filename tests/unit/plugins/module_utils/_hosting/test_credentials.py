# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import base64
import dataclasses
import json
import pathlib
import typing as t

import pytest
from ansible_collections.mothership.hcp.plugins.module_utils._controlplane.spec import ClusterSpec
from ansible_collections.mothership.hcp.plugins.module_utils._core.errors import HcpError
from ansible_collections.mothership.hcp.plugins.module_utils._pki.scram import password_verifier

from .clusters import Site

A = ClusterSpec(name="tenant-a", version="1.36.3", endpoint="10.77.0.11")
B = dataclasses.replace(A, name="b", replicas=3)
PATH = "/api/v1/namespaces/hcp-tenant-a/secrets/kine-credentials"


@pytest.fixture
def site(tmp_path: pathlib.Path) -> Site:
    return Site(tmp_path)


def stored(site: Site) -> dict[str, str]:
    return {key: base64.b64decode(value).decode() for key, value in site.mothership.stored[PATH]["data"].items()}


def test_what_the_database_needs_is_returned_and_the_password_is_not(site: Site) -> None:
    result = site.credentials(A, B)
    login = stored(site)
    verifier = password_verifier(login["password"], base64.b64decode(login["salt"]))
    assert login["username"] == "hcp_tenant_a_a"
    assert result["verifiers"]["tenant-a"] == verifier
    assert result["databases"][0] == {
        "name": "hcp_tenant_a",
        "role": "hcp_tenant_a",
        "logins": [{"name": "hcp_tenant_a_a", "verifier": verifier}],
        "connection_limit": 63,
        "quota_bytes": 0,
        "write_bytes_per_second": 0,
    }
    assert [database["connection_limit"] for database in result["databases"]] == [63, 83]
    assert login["password"] not in json.dumps(result)
    assert login["password"] in site.secrets


def test_a_second_run_changes_nothing_and_returns_the_same(site: Site) -> None:
    first, second = site.credentials(A), site.credentials(A)
    assert (first["changed"], second["changed"]) == (True, False)
    assert first["databases"] == second["databases"]
    assert site.credentials(A, check_mode=True)["verifiers"] == first["verifiers"]


def test_check_mode_makes_no_mutating_call_and_knows_no_verifier_yet(site: Site) -> None:
    for client in ("mothership", None):
        planned = site.credentials(A, check_mode=True, client=client)
        assert planned["changed"]
        assert planned["verifiers"] == {"tenant-a": None}
        assert planned["databases"][0]["name"] == "hcp_tenant_a"
    assert site.mutating == []
    done = site.credentials(A)
    assert len(site.mutating) == 2
    assert done["plan"] == planned["plan"]


def test_a_login_of_another_name_is_not_used(site: Site) -> None:
    site.credentials(A)
    site.mothership.stored[PATH]["data"]["username"] = base64.b64encode(b"postgres").decode()
    with pytest.raises(HcpError, match="holds the user name 'postgres' instead of 'hcp_tenant_a_a'"):
        site.credentials(A)


def write(site: Site, **texts: str) -> None:
    data = site.mothership.stored[PATH]["data"]
    data |= {key: base64.b64encode(text.encode()).decode() for key, text in texts.items()}


def logins(result: dict[str, t.Any], number: int = 0) -> list[str]:
    return [login["name"] for login in result["databases"][number]["logins"]]


def pod(name: str, container: str, namespace: str = "hcp-tenant-a", **metadata: t.Any) -> dict[str, t.Any]:
    spec = {"containers": [{"name": container}]}
    more = {"name": name, "namespace": namespace, **metadata}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": more, "spec": spec, "status": {"phase": "Running"}}


def test_an_older_login_is_kept_until_it_is_rotated(site: Site) -> None:
    site.credentials(A)
    write(site, username="hcp_tenant_a")
    assert logins(site.credentials(A)) == ["hcp_tenant_a"]
    assert logins(site.credentials(A, step="stage")) == ["hcp_tenant_a", "hcp_tenant_a_a"]


def test_a_rotation_lets_both_in_until_the_first_is_given_up(site: Site) -> None:
    site.credentials(A)
    before = stored(site)
    a, b = "hcp_tenant_a_a", "hcp_tenant_a_b"
    for step, phase, expected in (
        ("stage", "staged", [a, b]),
        ("switch", "switched", [b, a]),
        ("expire", "expired", [b]),
        ("finish", "idle", [b]),
    ):
        # Every step twice, and whatever a normal run does in between, changes nothing more.
        assert site.credentials(A, step=step)["changed"]
        for again in (site.credentials(A, step=step), site.credentials(A)):
            assert not again["changed"]
            assert (again["rotations"]["tenant-a"]["phase"], logins(again)) == (phase, expected)
            assert all(login["verifier"] for login in again["databases"][0]["logins"])
    after = stored(site)
    assert sorted(after) == ["password", "rotation", "salt", "username"]
    assert before["password"] != after["password"]
    assert site.credentials(A, step="stage")["rotations"]["tenant-a"]["next_username"] == a


def test_steps_before_their_turn_do_nothing(site: Site) -> None:
    site.credentials(A)
    for step in ("switch", "expire", "finish"):
        assert not site.credentials(A, step=step)["changed"]


def test_a_run_that_goes_on_does_not_rotate_a_cluster_twice(site: Site) -> None:
    site.credentials(A, B)
    for step in ("stage", "switch"):
        site.credentials(A, B, step=step)
    # Stopped when the first cluster was finished and the second was not.
    for step in ("expire", "finish"):
        site.credentials(A, step=step)
    again = site.credentials(A, B, step="stage")
    assert not again["changed"]
    assert {name: one["phase"] for name, one in again["rotations"].items()} == {"tenant-a": "idle", "b": "switched"}
    for step in ("switch", "expire", "finish"):
        site.credentials(A, B, step=step)
    phases = {one["phase"] for one in site.credentials(A, B, step="stage")["rotations"].values()}
    assert phases == {"staged"}


def test_a_run_stopped_while_it_staged_takes_the_others_along(site: Site) -> None:
    site.credentials(A, B)
    site.credentials(A, step="stage")
    both = site.credentials(A, B, step="stage")
    assert {one["phase"] for one in both["rotations"].values()} == {"staged"}
    for step in ("switch", "expire", "finish"):
        site.credentials(A, step=step)
    assert not site.credentials(A, B, step="stage")["changed"]


def test_a_cluster_made_in_the_same_run_is_not_rotated(site: Site) -> None:
    assert site.credentials(A, step="stage")["rotations"]["tenant-a"]["phase"] == "idle"


def test_check_mode_tells_the_steps_and_takes_none(site: Site) -> None:
    site.credentials(A)
    before = stored(site)
    planned = site.credentials(A, check_mode=True, step="stage")
    assert planned["changed"]
    assert planned["databases"][0]["logins"][1] == {"name": "hcp_tenant_a_b", "verifier": None}
    assert len(planned["rotations"]["tenant-a"]["to_do"]) == 3
    assert stored(site) == before


def test_what_has_to_be_proved_names_the_pods_that_stay(site: Site) -> None:
    site.credentials(A)
    for step in ("stage", "switch"):
        assert site.credentials(A, step=step)
    for one in (
        pod("tenant-a-1", "k0s"),
        pod("tenant-a-2", "kine", deletionTimestamp="2026-01-01T00:00:00Z"),
        pod("velero", "velero"),
    ):
        site.mothership.put(one)
    (wanted,) = site.credentials(A)["sessions"]
    assert wanted == {
        "name": "hcp_tenant_a",
        "login": "hcp_tenant_a_b",
        "previous": "hcp_tenant_a_a",
        "pods": ["tenant-a-1"],
    }


def test_every_password_is_told_to_be_secret_and_none_is_shown(site: Site) -> None:
    site.credentials(A)
    results = [site.credentials(A, step=step) for step in ("stage", "switch")]
    kept = stored(site)
    for key in ("password", "previous_password"):
        assert kept[key] in site.secrets
        assert kept[key] not in json.dumps(results)


def test_a_login_elsewhere_is_never_rotated(site: Site) -> None:
    elsewhere = dataclasses.replace(A, database_host="pg", database_user="u")
    site.credentials(A)
    write(site, username="u")
    site.credentials(elsewhere)
    result = site.credentials(elsewhere, step="stage")
    assert (result["changed"], result["databases"], result["sessions"]) == (False, [], [])
    assert result["rotations"]["tenant-a"]["phase"] == "external"
