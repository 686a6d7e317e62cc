# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""Proves that a bucket can be listed, written, read and cleaned with the given keys."""

from __future__ import annotations

import contextlib
import secrets
import typing as t

from .._core.errors import HcpError, Unreachable
from .._core.plan import Change, Plan
from .s3 import Refused, Store, refused


def check_bucket(
    store: Store,
    *,
    create_bucket: bool,
    check_mode: bool,
    warn: t.Callable[[str], None],
) -> tuple[Plan, bool]:
    """Check the bucket; the probe object that is written is gone afterwards and counts as no change.

    :param check_mode: list only; a server that does not answer is a warning, since it may not be set up yet.
    :returns: what was changed (a bucket created), and whether writing was proved.
    :raises HcpError: when Velero could not use the bucket.
    """
    plan = Plan()
    try:
        found = store.exists()
    except Unreachable as error:
        if not check_mode:
            raise
        warn(f"The bucket was not checked: {error}")
        return plan, False
    if not found:
        if not create_bucket:
            raise refused({"Error": {"Code": "NoSuchBucket"}}, "list_objects_v2", store.settings)
        plan.add(Change("create", f"Bucket/{store.settings.bucket}", after={"url": store.settings.url}))
        if not check_mode:
            store.create()
    if check_mode:
        return plan, False
    _write_and_read(store)
    return plan, True


def _write_and_read(store: Store) -> None:
    # Outside the folders that Velero owns below the prefix it would call the location invalid; inside
    # "metadata" it never looks.
    key = store.settings.key("metadata", f"mothership-probe-{secrets.token_hex(8)}")
    data = secrets.token_bytes(1024)
    with _step("written to"):
        store.put(key, data)
    try:
        with _step("read"):
            read = store.get(key)
    except HcpError:
        with contextlib.suppress(HcpError):
            store.delete(key)
        raise
    with _step("cleaned (expired backups would stay)"):
        store.delete(key)
    if read != data:
        raise HcpError(
            "an object read back differs from what was written",
            where=store.settings.place,
            remedy="do not keep backups in this bucket; look for a proxy or cache in front of the server",
        )


@contextlib.contextmanager
def _step(what: str) -> t.Iterator[None]:
    """Say which right is missing."""
    try:
        yield
    except Refused as error:
        error.message = f"the bucket cannot be {what}: {error.message}"
        raise
