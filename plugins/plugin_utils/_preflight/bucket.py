# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this plugin util is **PRIVATE** to the collection. It can have breaking changes at any time.
"""The S3 bucket for backups: asked with the real keys before anything is changed; it is listed only."""

from __future__ import annotations

import typing as t

from ansible_collections.mothership.hcp.plugins.module_utils._backup.s3 import (
    BotoStore,
    NoSuchBucket,
    S3Settings,
    refused,
)
from ansible_collections.mothership.hcp.plugins.module_utils._core.errors import HcpError, InvalidInput, Unreachable

#: Options without which there is nothing to ask; that they are set is checked with the role's other variables.
_NEEDED = ("velero_s3_bucket", "velero_s3_access_key", "velero_s3_secret_key")
_DEFAULTS = {"s3_url": "", "s3_prefix": "", "s3_region": "us-east-1", "s3_ca_certificate": ""}


class Readable(t.Protocol):
    """Variables of the site."""

    def get(self, name: str, default: t.Any = None) -> t.Any: ...


def examine(
    shared: Readable, *, check_mode: bool, open_store: t.Callable[[S3Settings], t.Any] = BotoStore
) -> tuple[list[HcpError], list[str]]:
    """Problems and notes. A server that does not answer is a note in check mode: it may not be set up yet."""
    if any(not shared.get(name) for name in _NEEDED):
        return [], []
    names = (*_DEFAULTS, *(name.removeprefix("velero_") for name in _NEEDED))
    try:
        settings = S3Settings.from_params({name: shared.get(f"velero_{name}", _DEFAULTS.get(name)) for name in names})
        with open_store(settings) as store:
            if not store.exists():
                raise refused({"Error": {"Code": "NoSuchBucket"}}, "list_objects_v2", settings)
    except Unreachable as problem:
        if check_mode:
            return [], [f"the bucket for backups was not looked at: {problem}"]
        return [problem], []
    except InvalidInput as problem:
        return [InvalidInput(problem.message, where=f"velero_{problem.where}", remedy=problem.remedy)], []
    except NoSuchBucket as problem:
        if str(shared.get("velero_s3_create_bucket", False)).lower() in ("true", "yes", "on", "1"):
            return [], [f"the bucket {settings.bucket} does not exist: it will be created"]
        remedy = f"create the bucket {settings.bucket}, or correct velero_s3_bucket"
        return [HcpError(problem.message, where=problem.where, remedy=remedy)], []
    except HcpError as problem:
        return [problem], []
    return [], []
