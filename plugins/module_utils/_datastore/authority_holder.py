# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""Which database machine hands its certificate authority to the others, and when a rotation may go on. Pure."""

from __future__ import annotations

import dataclasses
import typing as t

from .._core.errors import HcpError, InvalidInput

#: Steps of a rotation, in order.
STEPS = ("begin", "sign", "finish")


@dataclasses.dataclass(frozen=True)
class Standing:
    """What one machine has; see :meth:`.authority.AuthorityState.description`."""

    certificates: tuple[str, ...] = ()
    signer: str = ""
    next: str = ""

    @classmethod
    def of(cls, description: t.Mapping[str, t.Any]) -> Standing:
        return cls(
            tuple(description.get("certificates") or ()), description.get("signer") or "", description.get("next") or ""
        )

    @property
    def pair(self) -> tuple[str, str] | None:
        """The former and the next authority while a rotation is under way."""
        if self.next:
            return self.signer, self.next
        others = [one for one in self.certificates if one != self.signer]
        return (others[0], self.signer) if others else None

    @property
    def begun(self) -> bool:
        """The next authority is there and trusted, and does not sign yet."""
        return bool(self.next) and self.next in self.certificates

    @property
    def signed(self) -> bool:
        return not self.next and self.pair is not None


def holder_of(machines: t.Mapping[str, Standing]) -> str:
    """The machine whose authority counts: the one that is furthest in a rotation; of equals, the first.

    :raises InvalidInput: when two machines hold authorities that have nothing to do with each other.
    """
    pairs = {name: standing.pair for name, standing in machines.items() if standing.pair}
    _refuse_different(pairs)
    pair = next(iter(pairs.values()), None)
    signers = {name: standing.signer for name, standing in machines.items() if standing.signer}
    if pair is None:
        _refuse_different(signers)
    else:
        strange = {name: signer for name, signer in signers.items() if signer not in pair}
        _refuse_different({**dict.fromkeys(list(pairs)[:1], pair[0]), **strange})
    return max(machines, key=lambda name: _progress(machines[name], pair))


def _progress(standing: Standing, pair: tuple[str, str] | None) -> int:
    if not standing.signer:
        return -1
    if standing.signed:
        return 3
    if standing.pair:
        return 2 if standing.begun else 1
    return 4 if pair is not None and standing.signer == pair[1] else 0


def _refuse_different(held: t.Mapping[str, t.Any]) -> None:
    first = next(iter(held), "")
    for name, what in held.items():
        if what != held[first]:
            raise InvalidInput(
                f"{first} and {name} have different certificate authorities",
                where="postgresql-ca",
                remedy=f"decide which one stays, then remove the folder /etc/mothership-hcp/postgresql-ca on the other "
                f"machine and run again: it gets that of {first} or {name}",
            )


def is_due(step: str, name: str, machines: t.Mapping[str, Standing]) -> bool:
    """Whether holder ``name`` has to take this step now; a step that was taken before is not repeated.

    :raises HcpError: when other machines are not ready for it.
    """
    own = machines[name]
    if not step or not own.signer:
        return False
    if step == "begin":
        return not any(standing.begun or standing.signed for standing in machines.values())
    if own.pair is None or (step == "sign" and own.signed):
        return False
    holders = {other: standing for other, standing in machines.items() if standing.signer}
    if step == "sign":
        behind = [other for other, standing in holders.items() if own.next not in standing.certificates]
    else:
        behind = [other for other, standing in holders.items() if own.next or standing.signer != own.signer]
    if behind:
        raise HcpError(
            f"not ready for step '{step}' of the rotation: {', '.join(behind)}",
            where="rotation",
            remedy="run the playbook database_certificates again: it takes the steps in order on all machines",
        )
    return True


def receivers(name: str, machines: t.Mapping[str, Standing], after: Standing | None) -> list[str]:
    """Those that differ from the holder; all others when its own state changes (``after`` not known)."""
    return [other for other, standing in machines.items() if other != name and standing != after]
