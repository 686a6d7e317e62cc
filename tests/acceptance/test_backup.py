# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Velero backup is complete, lies in the bucket, and holds what a hosted cluster is made of."""

from __future__ import annotations

import pytest

from .lab_clusters import NAMESPACE, Cluster, on_machine


@pytest.fixture(scope="module")
def backup(mothership: Cluster) -> str:
    backups = mothership.get("backups.velero.io", "-n", "velero")["items"]
    completed = [item for item in backups if item.get("status", {}).get("phase") == "Completed"]
    assert completed, f"no completed backup among {[(b['metadata']['name'], b.get('status')) for b in backups]}"
    return str(max(completed, key=lambda item: item["metadata"]["creationTimestamp"])["metadata"]["name"])


def test_objects_are_in_the_bucket(backup: str) -> None:
    files = on_machine("db1", f"find /srv/s3 -path '*/backups/{backup}/*' -type f").split()
    assert any(file.endswith(f"{backup}.tar.gz") for file in files)
    assert any(file.endswith("velero-backup.json") for file in files)


def test_backup_contains_the_namespace_with_its_pki_secrets(mothership: Cluster, backup: str) -> None:
    archive = on_machine("db1", f"find /srv/s3 -name '{backup}.tar.gz'").split()[0]
    content = on_machine("db1", f"tar -tzf {archive}").split()
    saved = {
        path.rsplit("/", 1)[1].removesuffix(".json")
        for path in content
        if f"resources/secrets/namespaces/{NAMESPACE}/" in path
    }
    alive = set(mothership.names("secrets", "-n", NAMESPACE))
    assert {"kubernetes-ca", "kubernetes-front-proxy-ca"} <= saved
    assert alive <= saved
