# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""Database logins of hosted clusters: made once, kept in the mothership, shown to PostgreSQL as verifiers only."""

from __future__ import annotations

import base64
import dataclasses
import typing as t

from .._controlplane.pki_secrets import CREDENTIALS, credentials_secret
from .._controlplane.services import namespace
from .._controlplane.spec import ClusterSpec
from .._core.errors import HcpError
from .._core.plan import Plan
from .._core.progress import Deadline, Progress
from .._kube.apply import apply_objects
from .._kube.client import KubeClient
from .._pki.scram import new_password, new_salt, password_verifier
from .current import read_secrets
from .threads import for_each_cluster


@dataclasses.dataclass(frozen=True)
class Login:
    """A database login; ``known`` is false while check mode only plans to make it.

    :param salt: Base64.
    """

    username: str
    password: str = dataclasses.field(repr=False)
    salt: str
    known: bool

    @property
    def verifier(self) -> str | None:
        """What PostgreSQL stores; ``None`` when the login does not exist yet."""
        if not self.known:
            return None
        return password_verifier(self.password, base64.b64decode(self.salt))


def ensure_credentials(
    specs: t.Sequence[ClusterSpec],
    client: KubeClient | None,
    *,
    check_mode: bool,
    progress: Progress,
    timeout: float = 60,
    learn_secret: t.Callable[[str], None] = lambda value: None,
) -> dict[str, t.Any]:
    """Namespaces and ``kine-credentials`` of all clusters; see the module's RETURN for the result.

    :param learn_secret: called with every password.
    """
    deadline = Deadline(timeout)

    def one(spec: ClusterSpec) -> tuple[Login, Plan]:
        texts = read_secrets(client, spec).get(CREDENTIALS, {})
        login = _login(spec, texts, check_mode=check_mode)
        learn_secret(login.password)
        objects = [namespace(spec), credentials_secret(spec, login.username, login.password, login.salt)]
        plan = apply_objects(client, objects, check_mode=check_mode, deadline=deadline, progress=progress)
        return login, plan

    plan = Plan()
    databases: list[dict[str, t.Any]] = []
    verifiers: dict[str, str | None] = {}
    for spec, (login, part) in zip(specs, for_each_cluster(one, specs)):
        plan.extend(part)
        verifiers[spec.name] = login.verifier
        if spec.database_host:
            continue
        databases.append(
            {
                "name": spec.database,
                "role": login.username,
                "verifier": login.verifier,
                "connection_limit": spec.connection_limit,
            }
        )
    return plan.result(verifiers=verifiers, databases=databases)


def _login(spec: ClusterSpec, texts: t.Mapping[str, str], *, check_mode: bool) -> Login:
    if texts.get("password") and texts.get("salt"):
        _check_username(spec, texts.get("username"))
        return Login(spec.login, texts["password"], texts["salt"], known=True)
    if spec.database_host and not texts.get("password") and not check_mode:
        raise HcpError(
            f"has no password, and the login at {spec.database_host} is not made by this collection",
            where=f"Secret/{spec.namespace}/{CREDENTIALS}",
            remedy="make the Secret with the keys username and password before, or leave database_host out",
        )
    salt = base64.b64encode(new_salt()).decode("ascii")
    return Login(spec.login, texts.get("password") or new_password(), salt, known=not check_mode)


def _check_username(spec: ClusterSpec, username: str | None) -> None:
    if username != spec.login:
        raise HcpError(
            f"holds the user name {username!r} instead of {spec.login!r}",
            where=f"Secret/{spec.namespace}/{CREDENTIALS}",
            remedy="restore the Secret from a backup, or delete it and run again to get a new password",
        )
