# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The exporter's queries on a real PostgreSQL, asked with the rights that the exporter has."""

from __future__ import annotations

import pathlib
import subprocess
import typing as t

import pytest
import yaml

from tests.integration import kine_databases, processes

QUERIES = yaml.safe_load((processes.REPOSITORY / "roles/postgresql/files/exporter-queries.yaml").read_text())


@pytest.fixture(scope="module")
def exporter(postgresql_server: processes.PostgreSQL) -> t.Iterator[str]:
    postgresql_server.query("CREATE ROLE prometheus LOGIN IN ROLE pg_monitor")
    name = kine_databases.make(postgresql_server, processes.unique("hcp").replace("-", "_"))
    postgresql_server.query(f"ALTER DATABASE {name} SET mothership.quota_bytes = '77777'")
    yield name
    kine_databases.drop(postgresql_server, name)
    postgresql_server.query("DROP ROLE prometheus")


def ask(server: processes.PostgreSQL, query: str) -> list[dict[str, str]]:
    url = server.dsn.replace("postgres@", "prometheus@") + "postgres"
    command = [
        processes.postgresql_binary("psql"),
        "-XqA",
        "--pset=footer=off",
        f"--dbname={url}",
        f"--command={query}",
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 0, done.stderr
    head, *rows = [line.split("|") for line in done.stdout.splitlines()]
    return [dict(zip(head, row)) for row in rows]


@pytest.mark.parametrize("name", QUERIES)
def test_every_column_is_there_and_a_number(postgresql_server: processes.PostgreSQL, exporter: str, name: str) -> None:
    rows = ask(postgresql_server, QUERIES[name]["query"])
    assert rows
    for row in rows:
        for metric in QUERIES[name]["metrics"]:
            for column, about in metric.items():
                assert about["usage"] == "LABEL" or float(row[column]) >= -1


def test_quota_and_limit_are_those_of_the_database(postgresql_server: processes.PostgreSQL, exporter: str) -> None:
    rows = {row["datname"]: row for row in ask(postgresql_server, QUERIES["mothership_database"]["query"])}
    assert (rows[exporter]["quota_bytes"], rows[exporter]["connection_limit"]) == ("77777", "20")


def test_the_rules_are_where_the_documentation_says(postgresql_server: processes.PostgreSQL) -> None:
    text = pathlib.Path(processes.REPOSITORY / "docs/database-watch.md").read_text()
    assert "roles/postgresql/files/alerts.yml" in text
