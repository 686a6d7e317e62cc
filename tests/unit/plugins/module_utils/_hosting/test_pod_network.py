# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.mothership.hcp.plugins.module_utils._core.errors import InvalidInput
from ansible_collections.mothership.hcp.plugins.module_utils._core.progress import Progress
from ansible_collections.mothership.hcp.plugins.module_utils._hosting.pod_network import ensure_pod_network

from .clusters import Api

PATH = "/apis/apps/v1/namespaces/kube-flannel/daemonsets/kube-flannel"


@pytest.fixture
def api() -> Api:
    made = Api()
    made.server = "https://ms.example.com:6443"
    made.defaults["DaemonSet"] = lambda item: item.update(status={"observedGeneration": 0})
    return made


def ensure(api: Api | None, *, check_mode: bool = False, pod_cidr: str = "10.244.0.0/16") -> dict[str, t.Any]:
    return ensure_pod_network(pod_cidr, t.cast("t.Any", api), check_mode=check_mode, progress=Progress(""), timeout=5)


def test_flannel_asks_the_server_of_the_kubeconfig(api: Api) -> None:
    assert ensure(api)["changed"]
    environment = api.stored[PATH]["spec"]["template"]["spec"]["containers"][0]["env"]
    assert {"name": "KUBERNETES_SERVICE_HOST", "value": "ms.example.com"} in environment
    assert {"name": "KUBERNETES_SERVICE_PORT", "value": "6443"} in environment
    assert not ensure(api)["changed"]


def test_check_mode_makes_no_mutating_call(api: Api) -> None:
    planned = ensure(api, check_mode=True)
    assert ensure(None, check_mode=True)["plan"] == planned["plan"]
    assert api.mutating == []
    assert ensure(api)["plan"] == planned["plan"]
    assert len(api.mutating) == 6


def test_a_bad_network_is_named(api: Api) -> None:
    with pytest.raises(InvalidInput, match="pod_cidr"):
        ensure(api, pod_cidr="10.244.0.0/99")
