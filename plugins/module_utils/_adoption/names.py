# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""How k0smotron calls what it makes for a cluster."""

from __future__ import annotations

import hashlib

GROUP = "k0smotron.io"
#: The newest first.
API_VERSIONS = (f"{GROUP}/v1beta2", f"{GROUP}/v1beta1")
KIND = "Cluster"
#: Its operator takes this away once it has nothing left to clean up.
FINALIZER = f"{GROUP}/finalizer"
#: Key of the Secret that holds the address of the database.
DSN_KEY = "K0SMOTRON_KINE_DATASOURCE_URL"
#: Stands in the specification for the address that is in a Secret.
DSN_PLACEHOLDER = "__K0SMOTRON_KINE_DATASOURCE_URL_PLACEHOLDER__"
DEFAULT_IMAGE = "quay.io/k0sproject/k0s"
API_PORT, KONNECTIVITY_PORT = 30443, 30132

_LONGEST = 63


def stateful_set_name(cluster: str) -> str:
    """The StatefulSet of the control plane, and beginning of all other names."""
    return _short(f"kmc-{cluster}")


def service_names(cluster: str) -> dict[str, str]:
    """Name of the Service by its type."""
    return {
        "NodePort": _short(f"kmc-{cluster}-nodeport"),
        "LoadBalancer": _short(f"kmc-{cluster}-lb"),
        "ClusterIP": stateful_set_name(cluster),
    }


def endpoint_manifest_name(cluster: str) -> str:
    """A manifest, and the ConfigMap it comes from, that the operator adds to every cluster."""
    return _short(f"kmc-{cluster}-endpoint")


def config_map_names(cluster: str) -> list[str]:
    """Every ConfigMap that the operator may have made for a cluster without ingress."""
    return [
        _short(f"kmc-{cluster}-config"),
        _short(f"kmc-entrypoint-{cluster}-config"),
        _short(f"kmc-prometheus-{cluster}-config"),
        f"kmc-{cluster}-telemetry-config",
        endpoint_manifest_name(cluster),
    ]


def _short(name: str) -> str:
    """Names that are too long for a label are cut, and made unique again by a checksum."""
    if len(name) <= _LONGEST:
        return name
    checksum = hashlib.md5(name.encode("utf-8"), usedforsecurity=False).hexdigest()
    return f"{name[: _LONGEST - 6]}-{checksum[:5]}"
