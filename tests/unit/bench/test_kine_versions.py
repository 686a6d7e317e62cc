# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The bench of kine's releases: which ones it knows, its table and the page."""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

import pytest

from lab.bundle.table import load_table
from tests.bench import kine_versions as bench
from tests.bench import kine_versions_page as page

STARTS = {
    "rate": 150,
    "rounds": 6,
    "stuck": 5,
    "stuck_but_ready": 4,
    "blind": 1,
    "slowest_ready": 60.0,
    "written_per_second": 148.6,
}
OUTAGE = {"how": "crashed", "acknowledged": 400, "failed": 3, "lost": 0, "back_after": 0.05, "ended": []}
AROUND = {
    "date": "2026-01-02",
    "kube_apiserver": "v1.36.3",
    "postgresql": "15.14",
    "cores": 2,
    "load_average": 0.4,
}


def test_releases_are_those_of_the_two_tables() -> None:
    names = {component.name for component in load_table(bench.TABLE).components}
    assert {f"kine-{version}" for version in bench.known_versions()[1:]} == names
    assert bench.bundled_version() not in bench.known_versions()[1:]


def test_other_releases_are_no_part_of_a_bundle() -> None:
    assert not any(component.publish for component in load_table(bench.TABLE).components)


def test_an_unknown_release_is_said_with_those_there_are() -> None:
    with pytest.raises(bench.BenchError, match=r"nobody knows.*lab.kine_versions.yaml"):
        bench.program("0.0.1")


def test_every_row_has_something_that_measures_it() -> None:
    taken = bench.measurements(3, 5, bench.GROUPS)
    assert {name for _title, name, _text in page.ROWS} == set(taken)


def test_a_part_can_be_chosen() -> None:
    assert set(bench.measurements(3, 5, ["outages"])) == {
        "outage_restarted",
        "outage_stopped 15 s",
        "outage_crashed",
    }


def test_table_has_a_column_for_each_release_in_order() -> None:
    made = page.table({"0.17.5": {"starts_150": STARTS}, "0.9.0": {"outage_crashed": OUTAGE}}).splitlines()
    assert made[0] == "| test | kine 0.9.0 | kine 0.17.5 |"
    assert "| not measured | 5 of 6, 4 of them with /readyz 200; slowest ready 60 s (149 writes a second" in made[2]
    assert made[3].endswith("| not measured | 1 of 1 |")
    assert made[4].endswith("| 0 of 400 lost; writes back after 0.05 s | not measured |")
    assert len(made) == 5


def test_what_never_came_back_is_said() -> None:
    made = page.table({"0.1.0": {"outage_crashed": {**OUTAGE, "back_after": None, "ended": ["kine ended"]}}})
    assert "writes back never; ended by themselves: 1" in made


def test_a_replica_that_never_became_ready_is_a_figure() -> None:
    assert "| no figure: api-1 is not ready |" in page.table(
        {"0.1.0": {"parallel_5": {"broken": "api-1 is not ready"}}}
    )


def test_only_the_measured_part_of_the_page_changes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    figures, written = tmp_path / "figures.json", tmp_path / "page.md"
    figures.write_text(json.dumps({"circumstances": AROUND, "releases": {"0.16.4": {"starts_150": STARTS}}}))
    written.write_text(f"# Title\n\n{page.BEGIN}\nold\n{page.END}\nlast line\n")
    command = ["--render", "--json", str(figures), "--output", str(written)]
    assert bench.main(command) == 0
    text = written.read_text()
    assert text.startswith("# Title\n\n")
    assert text.endswith(f"{page.END}\nlast line\n")
    assert "old" not in text
    assert "kube-apiserver 1.36.3 and PostgreSQL 15.14 on 2 cores" in text
    assert "| test | kine 0.16.4 |" in capsys.readouterr().out
    assert bench.main(command) == 0
    assert written.read_text() == text


@pytest.mark.parametrize("text", [None, "# no marks\n", f"{page.END} {page.BEGIN}"])
def test_a_page_without_marks_is_left_alone(text: str | None, tmp_path: Path, capsys: t.Any) -> None:
    figures, written = tmp_path / "figures.json", tmp_path / "page.md"
    figures.write_text(json.dumps({"circumstances": AROUND, "releases": {}}))
    if text is not None:
        written.write_text(text)
    assert bench.main(["--render", "--json", str(figures), "--output", str(written)]) == 1
    assert "What to do" in capsys.readouterr().err
    assert text is None or written.read_text() == text


def test_the_page_of_the_docs_has_the_marks() -> None:
    text = (bench.ROOT / "docs" / "kine-versions.md").read_text(encoding="utf-8")
    assert page.replaced(text, {"circumstances": AROUND, "releases": {}}) is not None
