# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Alert rules and the exporter's queries: both parse, and rules ask for metrics that somebody exports."""

from __future__ import annotations

import pathlib
import re
import typing as t

import pytest
import yaml

FILES = pathlib.Path(__file__).resolve().parents[3] / "roles" / "postgresql" / "files"
#: Of kine 0.16 and of the exporters as their distributions ship them.
OTHERS = {
    "kine_compact_total",
    "kine_insert_errors_total",
    "kine_sql_time_seconds_bucket",
    "kine_sql_total",
    "node_filesystem_avail_bytes",
    "node_filesystem_size_bytes",
    "pg_stat_user_tables_n_dead_tup",
    "pg_stat_user_tables_n_live_tup",
    "pg_up",
}
METRIC = re.compile(r"\b(?:mothership|kine|node|pg)_[a-z_]+\b")


def rules() -> list[dict[str, t.Any]]:
    content = yaml.safe_load((FILES / "alerts.yml").read_text())
    return [rule for group in content["groups"] for rule in group["rules"]]


def queries() -> dict[str, t.Any]:
    return t.cast("dict[str, t.Any]", yaml.safe_load((FILES / "exporter-queries.yaml").read_text()))


def exported() -> set[str]:
    return {
        f"{name}_{column}"
        for name, query in queries().items()
        for metric in query["metrics"]
        for column, about in metric.items()
        if about["usage"] != "LABEL"
    }


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule["alert"])
def test_a_rule_is_whole_and_asks_for_what_there_is(rule: dict[str, t.Any]) -> None:
    assert set(rule) <= {"alert", "expr", "for", "labels", "annotations"}
    assert rule["labels"]["severity"] in ("warning", "critical")
    assert set(rule["annotations"]) == {"summary", "description"}
    assert all(text.count("(") == text.count(")") for text in [rule["expr"], *rule["annotations"].values()])
    asked = set(METRIC.findall(rule["expr"]))
    assert asked
    assert asked <= exported() | OTHERS


def test_names_are_given_once() -> None:
    names = [rule["alert"] for rule in rules()]
    assert len(names) == len(set(names)) >= 15


@pytest.mark.parametrize("name", queries())
def test_a_query_gives_its_columns_and_changes_nothing(name: str) -> None:
    query = queries()[name]
    for metric in query["metrics"]:
        for column, about in metric.items():
            assert re.search(rf"\bAS {column}\b", query["query"]), column
            assert about["usage"] in ("LABEL", "GAUGE", "COUNTER")
            assert about["description"]
    assert not re.search(r"\b(create|alter|drop|insert|update|delete|grant)\b", query["query"], re.IGNORECASE)
