# Copyright: (c) 2026, the mothership.hcp authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The declared list: what is accepted, and that all problems are told at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab.machines.__main__ import declared_machines, parser
from lab.machines.command import LabError
from lab.machines.config import Lab, checkout, load

ROOT = Path(__file__).resolve().parents[3]


def write(folder: Path, text: str) -> Path:
    path = folder / "machines.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_committed_list_is_valid() -> None:
    declared = load(ROOT / "lab" / "machines.yaml")
    assert [machine.name for machine in declared.machines] == ["ms1", "db1", "w1", "w2"]
    assert declared.gateway == "10.77.0.1"
    assert [machine.name for machine in declared.in_group("workers_tenant_a")] == ["w1", "w2"]
    assert {machine.zone for machine in declared.in_group("workers_tenant_a")} == {"zone-a", "zone-b"}


def test_every_problem_is_reported_at_once(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        """
network: {name: Lab Net, subnet: 10.1.0.0/24}
machines:
  - {name: ms1, address: 10.1.0.1, groups: [a-b]}
  - {name: ms1, address: 10.2.0.5}
  - {name: UPPER, address: nowhere, adress: typo}
  - just text
""",
    )
    with pytest.raises(LabError) as caught:
        load(path)
    text = str(caught.value)
    for part in (
        "network.name",
        "machines[0].address: 10.1.0.1 is not a free host address",
        "machines[0].groups: 'a-b'",
        "machines[1].name: ms1 is already used by machines[0]",
        "machines[1].address: 10.2.0.5 is not",
        "machines[2].name: 'UPPER'",
        "machines[2].adress: unknown option",
        "machines[3]: must be a mapping",
    ):
        assert part in text


@pytest.mark.parametrize("text", ["", "[]", "network: {name: a, subnet: 10.0.0.0/24}", "{", "machines: [1]"])
def test_a_file_that_is_no_list_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(LabError):
        load(write(tmp_path, text))


def test_the_subnet_must_be_a_network(tmp_path: Path) -> None:
    with pytest.raises(LabError, match=r"network\.subnet"):
        load(write(tmp_path, "network: {name: a, subnet: 10.0.0.1/24}\nmachines: [{name: a, address: 10.0.0.2}]"))


def test_option_goes_before_environment_and_default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = write(tmp_path, "network: {name: a, subnet: 10.0.0.0/24}\nmachines: [{name: x1, address: 10.0.0.2}]\n")
    monkeypatch.delenv("LAB_MACHINES", raising=False)
    assert len(declared_machines(checkout(), None).machines) == 4
    monkeypatch.setenv("LAB_MACHINES", str(other))
    assert declared_machines(checkout(), None).machines[0].name == "x1"
    assert len(declared_machines(checkout(), ROOT / "lab" / "machines.yaml").machines) == 4


def test_own_variables_file_is_relative_to_the_list(tmp_path: Path) -> None:
    text = "group_vars: mine.yml\nnetwork: {name: a, subnet: 10.0.0.0/24}\nmachines: [{name: a, address: 10.0.0.2}]"
    assert load(write(tmp_path, text)).group_vars == tmp_path / "mine.yml"


def test_two_checkouts_have_different_labels(tmp_path: Path) -> None:
    assert Lab(tmp_path / "a").owner != Lab(tmp_path / "b").owner
    assert Lab(tmp_path / "a").owner == Lab(tmp_path / "a").owner


def test_cache_place(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("LAB_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert Lab(tmp_path).cache == tmp_path / "mothership-hcp"
    monkeypatch.setenv("LAB_CACHE", str(tmp_path / "other"))
    assert Lab(tmp_path).cache == tmp_path / "other"


def test_commands() -> None:
    options = parser().parse_args(["up", "--bundle", "b", "--machines", "m"])
    assert (options.command, options.bundle, options.machines) == ("up", Path("b"), Path("m"))
    assert (options.mothership_distribution, options.cluster_distribution) == (None, None)
    options = parser().parse_args(["up", "--cluster-distribution", "k0s"])
    assert (options.mothership_distribution, options.cluster_distribution) == (None, "k0s")


def test_a_distribution_that_is_none_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parser().parse_args(["up", "--mothership-distribution", "k3s"])
    assert "choose from" in capsys.readouterr().err
