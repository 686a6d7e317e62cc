# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""The connection options that every module working on a Kubernetes API shares."""

from __future__ import annotations

import os
import typing as t

from ansible.module_utils.basic import env_fallback

from .._core.errors import InvalidInput, Unreachable
from .client import KubeClient
from .credentials import default_path
from .errors import ApiError

#: Options documented by the fragment ``mothership.hcp.kubernetes``.
KUBE_ARGUMENTS: dict[str, dict[str, t.Any]] = {
    "kubeconfig": {"type": "path", "fallback": (env_fallback, ["K8S_AUTH_KUBECONFIG"])},
    "context": {"type": "str", "fallback": (env_fallback, ["K8S_AUTH_CONTEXT"])},
}

_PROBE_SECONDS = 5


def connect(params: t.Mapping[str, t.Any], *, check_mode: bool, warn: t.Callable[[str], None]) -> KubeClient | None:
    """A client for the options of :data:`KUBE_ARGUMENTS`.

    :param warn: told why there is no client.
    :return: ``None`` in check mode only: the kubeconfig file is absent, or its server does not answer, because
        an earlier part of the run would have made them.
    :raises InvalidInput: the kubeconfig is absent or cannot be used.
    """
    path = params.get("kubeconfig") or default_path()
    if not os.path.exists(path):
        if check_mode:
            warn(f"{path} does not exist yet; the plan assumes a cluster without any object.")
            return None
        raise InvalidInput(
            f"{path} does not exist",
            where="kubeconfig",
            remedy="give the path of the cluster's kubeconfig, or run the step that writes it first",
        )
    client = KubeClient.from_kubeconfig(path, params.get("context"))
    if check_mode and not _answers(client):
        warn(f"{client.server} does not answer yet; the plan assumes a cluster without any object.")
        return None
    return client


def _answers(client: KubeClient) -> bool:
    try:
        client.request("GET", "/version", timeout=_PROBE_SECONDS)
    except Unreachable:
        return False
    except ApiError as error:
        if error.status == 401:
            raise
        return not error.is_overloaded
    return True
