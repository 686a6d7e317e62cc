# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The restart of a member in its turn, with what etcdctl says when another one has just had its own."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.mothership.hcp.plugins.module_utils._core.errors import CommandFailed
from ansible_collections.mothership.hcp.plugins.module_utils._core.progress import Progress
from ansible_collections.mothership.hcp.plugins.module_utils._datastore import etcd_machine
from ansible_collections.mothership.hcp.plugins.module_utils._datastore.command import Outcome

from tests.unit.plugins.module_utils._datastore.etcd_fakes import settings

CUT_OFF = Outcome(1, "", "Error: rpc error: code = Unknown desc = OK: HTTP status code 200; missing content-type field")


class Etcdctl:
    """Ends as told, then the same way for ever."""

    def __init__(self, *ends: Outcome) -> None:
        self.ends, self.calls = list(ends), 0

    def __call__(self, argv: t.Sequence[str], **_how: t.Any) -> Outcome:
        assert argv[:2] == ["etcdctl", "lock"]
        self.calls += 1
        return self.ends.pop(0) if len(self.ends) > 1 else self.ends[0]


@pytest.fixture(autouse=True)
def no_sleep(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(etcd_machine.Deadline, "pause", lambda self, seconds: not self.passed)


def restart(etcdctl: Etcdctl) -> None:
    etcd_machine.EtcdMachine(etcdctl, Progress(), "/tls").restart(settings(), 60)


def test_a_connection_that_ends_with_the_others_turn_is_made_again() -> None:
    etcdctl = Etcdctl(CUT_OFF, CUT_OFF, Outcome(0, "", ""))
    restart(etcdctl)
    assert etcdctl.calls == 3


def test_others_that_stay_away_end_it_with_what_etcdctl_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(etcd_machine, "_PATIENCE", 0.0)
    with pytest.raises(CommandFailed, match="needs all other members healthy") as caught:
        restart(Etcdctl(CUT_OFF))
    assert "missing content-type field" in str(caught.value)
