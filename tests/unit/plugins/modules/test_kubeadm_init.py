# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from tests.unit.plugins.module_utils._host.module_frame import run_module
from tests.unit.plugins.module_utils._host.test_kubeadm_init import virgin

OPTIONS = {
    "version": "1.36.3",
    "node_name": "ms1",
    "advertise_address": "10.77.0.11",
    "endpoint": "10.77.0.11",
    "coredns_tag": "v1.15.0",
    "etcd_tag": "3.7.3-0",
    "timeout": 1,
}


def test_check_mode_makes_no_mutating_call() -> None:
    machine = virgin()
    planned = run_module("kubeadm_init", machine, OPTIONS, check_mode=True)
    assert planned["changed"]
    assert machine.mutations == []
    done = run_module("kubeadm_init", machine, OPTIONS)
    assert (done["plan"], done["diff"]) == (planned["plan"], planned["diff"])
    assert machine.mutations
    assert not run_module("kubeadm_init", machine, OPTIONS)["changed"]
