# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixtures with real servers. They start once a session; tests share them, each in namespaces of its own."""

from __future__ import annotations

import pathlib
import typing as t

import pytest

from tests.integration import processes

Item = t.TypeVar("Item")


@pytest.fixture(scope="session")
def postgresql_server() -> t.Iterator[processes.PostgreSQL]:
    """A PostgreSQL server."""
    yield from _started(processes.postgresql())


@pytest.fixture(scope="session")
def kine_url(postgresql_server: processes.PostgreSQL, tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[str]:
    """kine on the database ``kine`` of the PostgreSQL server."""
    dsn = f"{postgresql_server.dsn}kine?sslmode=disable"
    yield from _started(processes.kine(dsn, tmp_path_factory.mktemp("kine")))


@pytest.fixture(scope="session")
def api_server(kine_url: str, tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[processes.ApiServer]:
    """A kube-apiserver on kine on PostgreSQL."""
    yield from _started(processes.kube_apiserver(kine_url, tmp_path_factory.mktemp("kube-apiserver")))


@pytest.fixture
def client(api_server: processes.ApiServer) -> t.Any:
    """A client of its own for every test, so that requests can be counted."""
    return api_server.client()


@pytest.fixture
def kubeconfig(api_server: processes.ApiServer) -> pathlib.Path:
    """The administrator's kubeconfig."""
    return api_server.kubeconfig


@pytest.fixture
def namespace() -> str:
    """The name of a namespace that does not exist yet."""
    return processes.unique("test")


def _started(manager: t.ContextManager[Item]) -> t.Iterator[Item]:
    """Turn what is missing into a failure that says so: a test that cannot run did not pass."""
    try:
        with manager as item:
            yield item
    except processes.CannotStart as error:
        pytest.fail(str(error), pytrace=False)
