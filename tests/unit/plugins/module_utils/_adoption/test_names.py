# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.mothership.hcp.plugins.module_utils._adoption import names


def test_names_are_those_of_k0smotron() -> None:
    assert names.stateful_set_name("a") == "kmc-a"
    assert names.service_names("a") == {"NodePort": "kmc-a-nodeport", "LoadBalancer": "kmc-a-lb", "ClusterIP": "kmc-a"}
    assert "kmc-entrypoint-a-config" in names.config_map_names("a")


def test_a_long_name_is_cut_and_stays_unique() -> None:
    one, other = (names.service_names(f"{'x' * 55}{end}")["NodePort"] for end in "ab")
    assert len(one) == len(other) == 63
    assert one != other
