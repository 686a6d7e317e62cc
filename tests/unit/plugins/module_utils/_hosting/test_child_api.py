# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.mothership.hcp.plugins.module_utils._core.errors import HcpError, TimedOut
from ansible_collections.mothership.hcp.plugins.module_utils._core.progress import Deadline, Progress
from ansible_collections.mothership.hcp.plugins.module_utils._hosting.child_api import answering_client, wait_for_api

from .clusters import Api, hosted_api


def wait(api: Api, seconds: float = 5) -> None:
    wait_for_api(
        t.cast("t.Any", api), subject="a", hint="kubectl logs", deadline=Deadline(seconds), progress=Progress("")
    )


def test_it_waits_until_the_api_answers_and_its_namespaces_exist() -> None:
    api = hosted_api(unanswered=2)
    wait(api)
    assert [path for _method, path, _query in api.sent].count("/readyz") == 3


def test_a_time_out_says_what_was_awaited_and_what_to_run() -> None:
    with pytest.raises(TimedOut, match="does not answer yet") as caught:
        wait(hosted_api(unanswered=99), seconds=0.3)
    assert "kubectl logs" in str(caught.value)
    with pytest.raises(HcpError, match="namespace default does not exist yet"):
        wait(Api(), seconds=0.3)


def test_a_client_for_a_plan_only_when_somebody_answers() -> None:
    api = hosted_api()
    assert answering_client("kubeconfig", lambda text: t.cast("t.Any", api)) is t.cast("t.Any", api)
    assert answering_client(None, lambda text: t.cast("t.Any", api)) is None
    assert answering_client("kubeconfig", lambda text: t.cast("t.Any", hosted_api(unanswered=1))) is None
