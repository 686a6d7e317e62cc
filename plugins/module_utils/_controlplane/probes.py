# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
"""Probes that ask the API server itself, through the paths that anybody may ask."""

from __future__ import annotations

from .manifests import Manifest
from .services import API_PORT_NAME

#: What needs no credential: the probes.
PATHS = ("/livez", "/readyz", "/healthz")


def api_probes() -> Manifest:
    """The three probes of the container that serves the API."""
    probe = {"port": API_PORT_NAME, "scheme": "HTTPS"}
    return {
        # A start that hangs (seen once in many first starts of two replicas on an empty database) is tried again well
        # within the time that a run waits for the roll-out.
        "startupProbe": {
            "httpGet": {"path": "/livez", **probe},
            "periodSeconds": 1,
            "timeoutSeconds": 5,
            "failureThreshold": 120,
        },
        "readinessProbe": {
            "httpGet": {"path": "/readyz", **probe},
            "periodSeconds": 2,
            "timeoutSeconds": 5,
            "failureThreshold": 2,
        },
        # Without the check of the datastore: a database that is away must not restart every API server.
        "livenessProbe": {
            "httpGet": {"path": "/livez?exclude=etcd", **probe},
            "periodSeconds": 10,
            "timeoutSeconds": 15,
            "failureThreshold": 8,
        },
    }


def anonymous_access(paths: tuple[str, ...]) -> Manifest:
    """The AuthenticationConfiguration that lets anybody ask ``paths`` and nothing else."""
    return {
        "apiVersion": "apiserver.config.k8s.io/v1",
        "kind": "AuthenticationConfiguration",
        "anonymous": {"enabled": True, "conditions": [{"path": path} for path in paths]},
    }
