# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""What a hosted cluster of ours does not have: told before, so that nobody misses it later.

A volume that the configuration refers to is more than missed: without it the API server does not start, or cannot read
what it encrypted.
"""

from __future__ import annotations

import typing as t

from . import names
from .old_cluster import OldCluster
from .problems import Findings

#: Field of the specification -> what becomes of it.
_FIELDS = {
    "kubeconfigSecretMetadata": "labels and annotations of the kubeconfig's Secret are not kept",
    "monitoring": "its sidecars are not kept; see the metrics ports of our pods",
    "mounts": "further volumes in the control plane are not kept",
    "patches": "patches of the operator's objects are not kept",
    "persistence": "pods keep nothing of their own; volumes that exist are left alone",
    "resources": "our pods have requests and limits of their own",
    "serviceAccount": "our pods use no service account",
    "topologySpreadConstraints": "our pods are spread by rules of their own",
}
#: Flag of the API server that names the keys of what it encrypts.
_ENCRYPTION = "encryption-provider-config"


def note_all(old: OldCluster, findings: Findings) -> None:
    """A note for every setting that is not translated, and for what changes in the cluster itself.

    What the cluster cannot live without is a problem.
    """
    spec = old.raw.get("spec") or {}
    for field, text in _FIELDS.items():
        if _matters(field, spec.get(field)):
            findings.note(f"spec.{field}: {text}.")
    _refuse_used_volumes(old, spec, findings)
    _note_manifests(old, spec, findings)
    _note_service(old, spec, findings)


def _matters(field: str, value: t.Any) -> bool:
    if field == "monitoring":
        return bool((value or {}).get("enabled"))
    if field == "persistence":
        return str((value or {}).get("type") or "emptyDir") != "emptyDir"
    return bool(value)


def _refuse_used_volumes(old: OldCluster, spec: t.Mapping[str, t.Any], findings: Findings) -> None:
    texts = [*_texts(old.k0s_config), *old.flags]
    flags = (old.k0s_config.get("api") or {}).get("extraArgs") or {}
    if _ENCRYPTION in flags:
        findings.refuse(
            "encrypts what is in the database with keys from a file, which mothership.hcp does not have",
            old.field("k0sConfig.spec.api.extraArgs", _ENCRYPTION),
            "write all Secrets unencrypted first: put provider identity before the others, rewrite them, remove it",
        )
    for mount in spec.get("mounts") or []:
        path = str(mount.get("path"))
        if any(path in text for text in texts if text != flags.get(_ENCRYPTION)):
            findings.refuse(
                f"the configuration refers to {path}, and further volumes are not kept",
                old.field("mounts"),
                "do without the file, and remove what refers to it from k0sConfig or the flags",
            )


def _texts(value: t.Any) -> t.Iterator[str]:
    if isinstance(value, t.Mapping):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)
    elif isinstance(value, str):
        yield value


def _note_manifests(old: OldCluster, spec: t.Mapping[str, t.Any], findings: Findings) -> None:
    own = names.endpoint_manifest_name(old.name)
    users = sorted(str(one.get("name")) for one in spec.get("manifests") or [] if one.get("name") != own)
    if users:
        findings.note(
            f"spec.manifests: what {', '.join(users)} made in the cluster stays, but is not applied again; "
            "apply changes of it to the cluster itself."
        )


def _note_service(old: OldCluster, spec: t.Mapping[str, t.Any], findings: Findings) -> None:
    service = spec.get("service") or {}
    annotations = old.raw["metadata"].get("annotations") or {}
    converted = any(key.startswith(f"{names.GROUP}/conversion-dropped-service.") for key in annotations)
    if converted or set(service) - {"type", "apiPort", "konnectivityPort"}:
        findings.note("spec.service: annotations, labels and policies of the Service are not kept.")
