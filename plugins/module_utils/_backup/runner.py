# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""Puts options, cluster and bucket together: what the modules call."""

from __future__ import annotations

import contextlib
import datetime
import typing as t

from .._core.errors import InvalidInput
from .._core.progress import Deadline, Progress, Timings
from .._kube.connect import connect
from .arguments import desired_server, scope_of
from .backup import Request, run_backup
from .cluster import KubeCluster
from .s3 import BotoStore, S3Settings, Store
from .server import ensure_server

Warn = t.Callable[[str], None]


def run_server(params: t.Mapping[str, t.Any], *, check_mode: bool, warn: Warn) -> dict[str, t.Any]:
    """The work of ``velero_server``; see its documentation for options and result."""
    desired = desired_server(params)
    client = connect(params, check_mode=check_mode, warn=warn)
    timings = Timings()
    with timings.measure("server"):
        plan, location = ensure_server(
            KubeCluster(client, Progress()),
            desired,
            absent_api=client is None,
            check_mode=check_mode,
            wait=params["wait"],
            deadline=Deadline(params["wait_timeout"]),
        )
    status = location.get("status") or {}
    shown = {
        "name": desired.server.location,
        "phase": status.get("phase", ""),
        "checked": status.get("lastValidationTime", ""),
    }
    return plan.result(storage_location=shown, timings=timings.seconds)


def run_velero_backup(params: t.Mapping[str, t.Any], *, check_mode: bool, warn: Warn) -> dict[str, t.Any]:
    """The work of ``velero_backup``; see its documentation for options and result."""
    scope = scope_of(params)
    settings = _bucket(params) if params["verify"] else None
    client = connect(params, check_mode=check_mode, warn=warn)
    timings = Timings()
    with contextlib.ExitStack() as stack:
        store: Store | None = stack.enter_context(BotoStore(settings)) if settings and not check_mode else None
        request = Request(params["velero_namespace"], scope, params["name"], params["max_age"], store)
        plan, facts = run_backup(
            KubeCluster(client, Progress()),
            request,
            absent_api=client is None,
            check_mode=check_mode,
            deadline=Deadline(params["wait_timeout"]),
            timings=timings,
            now=datetime.datetime.now(datetime.timezone.utc),
        )
    return plan.result(backup=facts, timings=timings.seconds)


def _bucket(params: t.Mapping[str, t.Any]) -> S3Settings:
    missing = [option for option in ("s3_bucket", "s3_access_key", "s3_secret_key") if not params[option]]
    if missing:
        raise InvalidInput(
            f"verify=true reads the backup from the bucket, but {', '.join(missing)} is not set",
            where="verify",
            remedy="set the same s3_ options as for velero_server, or verify=false",
        )
    return S3Settings.from_params(params)
