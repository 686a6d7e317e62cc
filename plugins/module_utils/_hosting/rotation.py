# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""How the password of a hosted cluster's database is rotated: phases that the Secret ``kine-credentials`` remembers.

``idle`` -stage-> ``staged`` -switch-> ``switched`` -expire-> ``expired`` -finish-> ``idle``. PostgreSQL lets both
logins in from ``staged`` to ``switched``, so that pods may be replaced at any time in between. Whoever is stopped goes
on from the phase that stands in the Secret; a step that is already behind it does nothing. Pure: no input or output.
"""

from __future__ import annotations

import base64
import dataclasses
import secrets
import typing as t

from .._controlplane.spec import ClusterSpec
from .._core.errors import HcpError
from .._pki.scram import new_password, new_salt, password_verifier

Texts = t.Mapping[str, str]

#: Values of the module's option.
STEPS = ("none", "stage", "switch", "expire", "finish")

_LOGIN_KEYS = ("username", "password", "salt")
#: Which rotation was the last one, or is under way: a run that goes on does not begin another one.
_ID = "rotation"

_TO_DO = {
    "staged": "let both logins in and use {next_username}",
    "switched": "replace the pods that still log in as {previous_username}, and prove that none is left",
    "expired": "close {previous_username}",
}


@dataclasses.dataclass(frozen=True)
class Login:
    """A database login; ``known`` is false while check mode only plans to make it.

    :param salt: Base64.
    """

    username: str
    password: str = dataclasses.field(repr=False)
    salt: str
    known: bool = True

    @property
    def verifier(self) -> str | None:
        """What PostgreSQL stores; ``None`` when the login does not exist yet."""
        if not self.known:
            return None
        return password_verifier(self.password, base64.b64decode(self.salt))

    @staticmethod
    def new(username: str, *, known: bool, password: str | None = None) -> Login:
        """With a new salt, and a new password unless one is given."""
        salt = base64.b64encode(new_salt()).decode("ascii")
        return Login(username, password or new_password(), salt, known)


@dataclasses.dataclass(frozen=True)
class Rotation:
    """What the Secret holds: the login in use, and what a rotation that is under way adds.

    :param successor: known to PostgreSQL, not used yet.
    :param previous: no longer used by new pods; without a password once it is to be closed.
    :param identity: of the rotation under way, or of the last one.
    :param fresh: the login is made in this run, so there is nothing to rotate.
    """

    active: Login
    successor: Login | None = None
    previous: Login | None = None
    identity: str = ""
    fresh: bool = False

    @property
    def phase(self) -> str:
        if self.previous is not None:
            return "switched" if self.previous.password else "expired"
        return "staged" if self.successor is not None else "idle"

    @property
    def logins(self) -> list[Login]:
        """Who may log in, the active one first."""
        others = {"staged": self.successor, "switched": self.previous}
        other = others.get(self.phase)
        return [self.active, *([other] if other else [])]

    @property
    def more(self) -> dict[str, str]:
        """What the Secret holds besides the active login."""
        texts = {_ID: self.identity} if self.identity else {}
        for prefix, login in (("next", self.successor), ("previous", self.previous)):
            if login is not None:
                values = {f"{prefix}_{key}": getattr(login, key) for key in _LOGIN_KEYS}
                texts |= {key: value for key, value in values.items() if value}
        return texts

    @property
    def to_do(self) -> list[str]:
        """What is left of a rotation, in words."""
        phases = list(_TO_DO)
        if self.phase not in phases:
            return []
        before = self.previous or self.active
        names = {"next_username": (self.successor or self.active).username, "previous_username": before.username}
        return [_TO_DO[phase].format(**names) for phase in phases[phases.index(self.phase) :]]

    def after(self, step: str, spec: ClusterSpec, identity: str, *, check_mode: bool) -> Rotation:
        """What becomes of it by one of ``STEPS``. Itself, where the step is done or its turn has not come.

        :param identity: of the rotation that the run belongs to.
        """
        if step == "stage" and self.phase == "idle" and self.identity != identity and not self.fresh:
            successor = Login.new(next_login(self.active.username, spec), known=not check_mode)
            return Rotation(self.active, successor=successor, identity=identity)
        if step == "switch" and self.successor is not None:
            return Rotation(self.successor, previous=self.active, identity=self.identity)
        if step == "expire" and self.phase == "switched" and self.previous:
            return dataclasses.replace(self, previous=Login(self.previous.username, "", ""))
        if step == "finish" and self.phase == "expired":
            return Rotation(self.active, identity=self.identity)
        return self


def next_login(username: str, spec: ClusterSpec) -> str:
    """The other one of the two; the first one for a cluster whose owner is still its login."""
    first, second = spec.logins
    return second if username == first else first


def identity_of(rotations: t.Iterable[Rotation]) -> str:
    """Of the rotation that one of these has not finished; a new one where all have."""
    under_way = [rotation.identity for rotation in rotations if rotation.phase != "idle"]
    return next(iter(under_way), "") or secrets.token_hex(8)


def read(texts: Texts) -> Rotation | None:
    """What the Secret says; ``None`` when it holds no whole login."""
    active = _login(texts, "")
    if active is None:
        return None
    previous = texts.get("previous_username")
    before = _login(texts, "previous_") or (Login(previous, "", "") if previous else None)
    return Rotation(active, _login(texts, "next_"), before, texts.get(_ID, ""))


def _login(texts: Texts, prefix: str) -> Login | None:
    username, password, salt = (texts.get(f"{prefix}{key}") or "" for key in _LOGIN_KEYS)
    return Login(username, password, salt) if password and salt else None


def check_username(spec: ClusterSpec, username: str, secret: str) -> None:
    """Refuse a login that is not this cluster's.

    :param secret: where it stands, for the message.
    """
    known = (spec.login,) if spec.database_host else (*spec.logins, spec.database)
    if username not in known:
        raise HcpError(
            f"holds the user name {username!r} instead of {spec.login!r}",
            where=secret,
            remedy="restore the Secret from a backup, or delete it and run again to get a new password",
        )
