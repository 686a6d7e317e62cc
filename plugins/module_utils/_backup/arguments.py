# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""From module options to what this room works with; shared by the modules of Velero."""

from __future__ import annotations

import typing as t

from .._core.errors import InvalidInput
from .s3 import S3_ARGUMENTS, S3Settings
from .scope import EXCLUDED_RESOURCES, Scope
from .server import Desired
from .server_objects import ServerSettings

_IMAGE = "docker.io/velero/velero:v1.18.3"
_PLUGIN_IMAGE = "docker.io/velero/velero-plugin-for-aws:v1.14.3"

#: What both modules ask: where Velero is, and what its backups hold.
SCOPE_ARGUMENTS: dict[str, dict[str, t.Any]] = {
    "velero_namespace": {"type": "str", "default": "velero"},
    "storage_location": {"type": "str", "default": "default"},
    "excluded_resources": {"type": "list", "elements": "str", "default": list(EXCLUDED_RESOURCES)},
    "ttl": {"type": "str", "default": "720h0m0s"},
}

SERVER_ARGUMENTS: dict[str, dict[str, t.Any]] = {
    **S3_ARGUMENTS,
    **SCOPE_ARGUMENTS,
    "image": {"type": "str", "default": _IMAGE},
    "plugin_image": {"type": "str", "default": _PLUGIN_IMAGE},
    "namespaces": {"type": "list", "elements": "str", "default": []},
    "schedule": {"type": "str", "default": "0 */6 * * *"},
    "location_config": {"type": "dict", "default": {}},
    "read_only": {"type": "bool", "default": False},
    "resources": {
        "type": "dict",
        "default": {"requests": {"cpu": "100m", "memory": "128Mi"}, "limits": {"memory": "512Mi"}},
    },
    "wait": {"type": "bool", "default": True},
    "wait_timeout": {"type": "int", "default": 300},
}

BACKUP_ARGUMENTS: dict[str, dict[str, t.Any]] = {
    # The bucket is needed to verify only.
    **{name: {**option, "required": False} for name, option in S3_ARGUMENTS.items()},
    **SCOPE_ARGUMENTS,
    "namespaces": {"type": "list", "elements": "str", "required": True},
    "name": {"type": "str", "default": ""},
    "max_age": {"type": "int", "default": 86400},
    "verify": {"type": "bool", "default": False},
    "wait_timeout": {"type": "int", "default": 900},
}


def scope_of(params: t.Mapping[str, t.Any]) -> Scope:
    """The scope that the options name.

    :raises InvalidInput: for no namespace at all.
    """
    return Scope.of(params["namespaces"], params["excluded_resources"], params["ttl"], params["storage_location"])


def desired_server(params: t.Mapping[str, t.Any]) -> Desired:
    """The server that the options describe. No namespace or no schedule means no Schedule."""
    if params["schedule"] and len(params["schedule"].split()) != 5 and not params["schedule"].startswith("@"):
        raise InvalidInput(
            f"{params['schedule']!r} is no cron expression",
            where="schedule",
            remedy="give minute, hour, day of month, month and day of week, such as '0 */6 * * *'",
        )
    settings = ServerSettings(
        namespace=params["velero_namespace"],
        image=params["image"],
        plugin_image=params["plugin_image"],
        s3=S3Settings.from_params(params),
        location=params["storage_location"],
        # Velero takes texts only; YAML makes truth values and numbers of them.
        location_config={key: _text(value) for key, value in params["location_config"].items()},
        read_only=params["read_only"],
        resources=params["resources"],
    )
    scope = scope_of(params) if params["namespaces"] and params["schedule"] and not params["read_only"] else None
    return Desired(settings, scope, params["schedule"])


def _text(value: t.Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
