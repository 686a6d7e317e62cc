# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Maintenance of the databases of a site that runs, as an operator starts it."""

from __future__ import annotations

import subprocess

from tests.acceptance.lab_clusters import ROOT


def maintenance(*arguments: str) -> str:
    command = ["ansible-playbook", "mothership.hcp.database_maintenance", *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout[-2000:]
    return done.stdout


def test_every_database_is_measured_and_can_be_maintained() -> None:
    """What the collection itself puts into a database must not keep it from this."""
    forced = "database_maintenance_force=true"
    found = maintenance("--check", "-e", forced)
    assert "hcp_tenant_a, " in found
    assert "nothing can be done" not in found
    done = maintenance("-e", forced, "-e", "clusters=tenant-a")
    for action in ("vacuum (", "reindex ("):
        assert action in done
