# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import dataclasses
import xml.etree.ElementTree

from ansible_collections.mothership.hcp.plugins.plugin_utils._report.svg import picture

from .run import report


def test_the_picture_is_well_formed_and_shows_everything() -> None:
    shown = picture(report())
    xml.etree.ElementTree.fromstring(shown)
    for said in ("ms1", "tenant-a", "w1", "w2", "hcp_tenant_a", "PostgreSQL", "Backups", "https://192.0.2.11:30016"):
        assert said in shown
    assert shown.count('class="replica"') == 2


def test_many_workers_are_counted() -> None:
    found = report()
    cluster = dataclasses.replace(found.clusters[0], workers=tuple(f"w{number}" for number in range(100)), replicas=50)
    shown = picture(dataclasses.replace(found, clusters=(cluster,) * 20))
    xml.etree.ElementTree.fromstring(shown)
    assert "and 96 more" in shown


def test_a_cluster_without_workers_has_no_line_to_them() -> None:
    found = report()
    with_workers = picture(found).count('class="link"')
    without = dataclasses.replace(found.clusters[0], workers=())
    assert picture(dataclasses.replace(found, clusters=(without,))).count('class="link"') == with_workers - 1
