# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
"""What is in a data directory of PostgreSQL, and which of several machines has the one to start from."""

from __future__ import annotations

import dataclasses
import os
import re
import typing as t

from .._core.errors import HcpError
from .command import Run

_FACTS = {
    "system_identifier": "Database system identifier",
    "state": "Database cluster state",
    "checkpoint": "Latest checkpoint location",
    "timeline": "Latest checkpoint's TimeLineID",
}


@dataclasses.dataclass(frozen=True)
class DataFolder:
    """A data directory.

    :param system_identifier: the same on all copies of one database cluster, and on no other.
    :param checkpoint: place in the WAL, as PostgreSQL writes it.
    """

    system_identifier: str
    state: str
    checkpoint: str
    timeline: int

    @property
    def age(self) -> tuple[int, bool, int]:
        """Greater is newer: by timeline, a primary before its replica, then by place in the WAL."""
        high, _slash, low = self.checkpoint.partition("/")
        return self.timeline, "recovery" not in self.state, (int(high or "0", 16) << 32) + int(low or "0", 16)


def read(run: Run, folder: str, programs: str) -> DataFolder | None:
    """What the control file of ``folder`` says; ``None`` when there is no database cluster.

    :raises HcpError: there is something that PostgreSQL's own program cannot read.
    """
    if not os.path.exists(os.path.join(folder, "global", "pg_control")):
        return None
    shown = run(["env", "LC_ALL=C", os.path.join(programs, "pg_controldata"), folder], timeout=30, check=False)
    values = dict(re.findall(r"^(.+?):\s+(.*)$", shown.stdout, re.MULTILINE))
    if shown.returncode != 0 or any(name not in values for name in _FACTS.values()):
        raise HcpError(
            f"the data directory cannot be read: {shown.stderr.strip() or 'pg_controldata told nothing'}",
            where=folder,
            remedy="if nothing in it is needed, move it away, then run again",
        )
    facts = {key: values[name].strip() for key, name in _FACTS.items()}
    return DataFolder(facts["system_identifier"], facts["state"], facts["checkpoint"], int(facts["timeline"]))


def as_result(data: DataFolder | None) -> dict[str, t.Any]:
    """Plain data; empty when there is none."""
    return dataclasses.asdict(data) if data else {}


def from_result(plain: t.Mapping[str, t.Any] | None) -> DataFolder | None:
    """The reverse of :func:`as_result`."""
    if not plain:
        return None
    return DataFolder(
        str(plain["system_identifier"]), str(plain["state"]), str(plain["checkpoint"]), int(plain["timeline"])
    )


def first_of(members: t.Sequence[str], found: t.Mapping[str, DataFolder | None]) -> str:
    """The machine from which the server starts.

    :param members: all machines of the server, in order.
    :param found: those that could be asked, with what they hold.
    :raises HcpError: it cannot be decided without danger to data.
    """
    holders = {name: found[name] for name in members if found.get(name) is not None}
    known = {name: data for name, data in holders.items() if data is not None}
    if len({data.system_identifier for data in known.values()}) > 1:
        lines = [
            f"  {name}: system identifier {data.system_identifier}, timeline {data.timeline}, {data.state}"
            for name, data in known.items()
        ]
        raise HcpError(
            "the machines hold different database clusters, and only one of them can be the server's:\n"
            + "\n".join(lines),
            where="members",
            remedy="on each machine whose databases are not needed, remove them with 'pg_dropcluster --stop 15 main' "
            "(or move the data directory away), then run again",
        )
    if known:
        order = {name: -position for position, name in enumerate(members)}
        return max(known, key=lambda name: (known[name].age, order[name]))
    missing = [name for name in members if name not in found]
    if missing:
        raise HcpError(
            f"no machine that answers holds databases, and {', '.join(missing)} could not be asked",
            where="members",
            remedy="have all machines of the group answer for the first run; a new server is not begun while an "
            "old one may be on a machine that is away",
        )
    return members[0]
