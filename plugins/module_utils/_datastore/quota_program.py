# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""The quota guard of a database machine: a service that measures databases of hosted clusters and refuses writes.

This file is a program of its own: the module ``kine_quota_guard`` copies it and :mod:`quota_sql` to the machine, where
nothing else of the collection is. So it imports the standard library only. It talks to PostgreSQL with psql over the
local socket, works on the primary only, and keeps its state in each database (schema ``mothership``), so that a standby
that is promoted goes on where the old primary stopped.

A quota is ``ALTER ROLE hcp_tenants IN DATABASE x SET "mothership.quota_bytes" = 'n'``, or the same setting of the
database. ``mothership.write_bytes_per_second`` limits the rate of large writes in the same way; the trigger keeps to it
by itself, the guard only tells it.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import subprocess
import sys
import time
import typing as t

try:
    from . import quota_sql as sql
except ImportError:
    # On a database machine, where this is a program and no part of a package.
    import quota_sql as sql  # type: ignore[import-not-found, no-redef]

GROUP = "hcp_tenants"

#: In order of severity. ``warning``: only said. ``refused``: no new objects. ``frozen``: no changes either.
STATES = ("ok", "warning", "refused", "frozen")


@dataclasses.dataclass(frozen=True)
class Settings:
    """From ``/etc/mothership-hcp/quota-guard.json``; percentages are of a quota, ``min_free`` of the file system."""

    interval: float = 5.0
    warn: float = 80.0
    resume: float = 90.0
    freeze: float = 110.0
    min_free: float = 5.0
    socket_directory: str = "/var/run/postgresql"
    port: int = 5432
    psql: str = "psql"

    @staticmethod
    def from_file(path: str) -> Settings:
        with open(path, encoding="utf-8") as file:
            return Settings(**json.load(file))


def state_by_quota(before: str, used: int, quota: int, settings: Settings) -> str:
    """What a database's state should be for its own use of space. A refusal ends below ``resume`` only."""
    if quota <= 0:
        return "ok"
    percent = 100.0 * used / quota
    if percent >= settings.freeze:
        return "frozen"
    if percent >= 100 or (before in ("refused", "frozen") and percent >= settings.resume):
        return "refused"
    return "warning" if percent >= settings.warn else "ok"


def worse(first: str, second: str) -> str:
    return max(first, second, key=STATES.index)


def human(size: float) -> str:
    """``1536`` as ``1.5 KiB``."""
    for unit in ("B", "KiB", "MiB", "GiB"):
        if abs(size) < 1024:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1024
    return f"{size:.1f} TiB"


def reason_for(state: str, name: str, used: int, quota: int, disk: str) -> str:
    """The text that a client of the hosted cluster's API gets."""
    if state not in ("refused", "frozen"):
        return ""
    if disk:
        return f"the database server is short of disk space ({disk}) and database {name} grew most: no new objects"
    what = "no new objects" if state == "refused" else "no new objects and no changes"
    return f"database {name} is over its quota, {human(used)} of {human(quota)}: {what} until objects are deleted"


class Growth:
    """Sizes of the last minutes: who fills the disk."""

    def __init__(self, seconds: float = 300.0, least: int = 1 << 20) -> None:
        self._seconds, self._least = seconds, least
        self._history: dict[str, list[tuple[float, int]]] = {}

    def note(self, now: float, sizes: t.Mapping[str, int]) -> None:
        for name in [name for name in self._history if name not in sizes]:
            del self._history[name]
        for name, size in sizes.items():
            kept = [entry for entry in self._history.get(name, []) if entry[0] >= now - self._seconds]
            self._history[name] = [*kept, (now, size)]

    def fastest(self, besides: t.Collection[str] = ()) -> str | None:
        """The database that grew most; ``None`` when none of them grew noticeably."""
        grown = {
            name: history[-1][1] - min(size for _at, size in history)
            for name, history in self._history.items()
            if name not in besides
        }
        name = max(grown, key=lambda one: grown[one], default=None)
        return name if name is not None and grown[name] >= self._least else None


class Disk:
    """Which databases are held because the file system is nearly full. Let go 2 % above the floor."""

    def __init__(self, settings: Settings) -> None:
        self._floor, self._last = settings.min_free, float("-inf")
        self.held: set[str] = set()
        self.text = ""

    def look(self, now: float, free_percent: float, growth: Growth, seconds_between: float = 30.0) -> None:
        self.text = f"{free_percent:.1f} % free, the floor is {self._floor:g} %"
        if free_percent >= self._floor + 2:
            self.held.clear()
        elif free_percent < self._floor and now - self._last >= seconds_between:
            name = growth.fastest(besides=self.held)
            if name is not None:
                self.held.add(name)
                self._last = now

    def state(self, name: str) -> str:
        return "refused" if name in self.held else "ok"


class Server:
    """psql as the user this program runs as."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def rows(self, script: str, *, database: str = "postgres") -> list[dict[str, t.Any]]:
        """Run a script that may ``\\connect``; whatever fails in it is logged, the rest goes on."""
        at = self._settings
        options = "-c statement_timeout=20s -c lock_timeout=2s -c log_statement=none -c synchronous_commit=off"
        conninfo = (
            f"host='{at.socket_directory}' port={at.port} user=postgres dbname={database} connect_timeout=5 "
            f"application_name=mothership-quota-guard options='{options}'"
        )
        argv = [at.psql, "-XqAt", "--no-password", "--set=VERBOSITY=terse", f"--dbname={conninfo}", "--file=-"]
        script = "SET search_path = pg_catalog;\n" + script
        ended = subprocess.run(argv, input=script, capture_output=True, text=True, timeout=120, check=False)
        for line in ended.stderr.splitlines():
            log(f"psql: {line}")
        return [json.loads(line) for line in ended.stdout.splitlines() if line.startswith("{")]


def log(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


class Guard:
    """One look at all databases after the other."""

    def __init__(self, settings: Settings, server: Server) -> None:
        self._settings, self._server = settings, server
        self._growth, self._disk = Growth(), Disk(settings)
        self._set_up: dict[str, float] = {}
        self._bare: set[str] = set()
        self._measured: dict[str, tuple[int, float]] = {}
        self.states: dict[str, str] = {}

    def look(self, now: float) -> None:
        found = self._server.rows(sql.SERVER.format(group=GROUP, **sql.LIMITS))
        if not found or found[0]["standby"]:
            self._set_up.clear()
            self._bare.clear()
            return
        databases = {row["name"]: row for row in found[1:]}
        self._growth.note(now, {name: row["gross"] for name, row in databases.items()})
        self._disk.look(now, free_percent(found[0]["data_directory"]), self._growth)
        for name, row in databases.items():
            for key in ("quota", "rate"):
                row[key] = int(row[key]) if str(row[key]).isdigit() else 0
            self._one(now, name, row)

    def _one(self, now: float, name: str, row: t.Mapping[str, t.Any]) -> None:
        held, near = self._disk.state(name), row["gross"] * 100 >= row["quota"] * self._settings.warn > 0
        if not row["quota"] and not row["rate"] and held == "ok":
            if name not in self._bare:
                self._server.rows(sql.REMOVE, database=name)
                self._bare.add(name)
                self._set_up.pop(name, None)
                self.states.pop(name, None)
            return
        self._bare.discard(name)
        new = now - self._set_up.get(name, float("-inf")) >= 60
        calm = self.states.get(name) == "ok" and not near and held == "ok"
        size, again = self._measured.get(name, (0, 0.0))
        grown = row["gross"] - size > row["quota"] / 100
        if not new and (calm or (now < again and not grown)):
            return
        started = time.monotonic()
        script = (sql.SET_UP if new else "") + sql.READ.format(free=sql.FREE_SPACE if near else "0")
        answers = self._server.rows(script, database=name)
        if not answers:
            return
        self._set_up[name] = self._set_up[name] if not new else now
        # Looking at every page of a large table costs: a twentieth of the time at most, unless the database grows.
        self._measured[name] = (row["gross"], now + 20 * (time.monotonic() - started) - self._settings.interval)
        self._settle(name, row["quota"], row["rate"], held, answers[-1])

    def _settle(self, name: str, quota: int, rate: int, held: str, was: t.Mapping[str, t.Any]) -> None:
        by_quota = state_by_quota(was["state"], was["used"], quota, self._settings)
        state = worse(by_quota, held)
        disk = self._disk.text if STATES.index(held) > STATES.index(by_quota) else ""
        self.states[name] = state
        numbered = state not in ("refused", "frozen")
        changed = state != was["state"]
        grown = abs(was["used"] - was["stored"]) > max(quota, 1 << 20) / 100
        moved = grown or (was["quota"], was["rate"]) != (quota, rate)
        if changed or moved or was["age"] > 60 or numbered != was["numbered"]:
            reason = (
                reason_for(state, name, was["used"], quota, disk) if changed or not was["reason"] else was["reason"]
            )
            self._server.rows(_store(state, reason, (quota, rate), was, numbered), database=name)
        if changed:
            used = (
                f"{human(was['used'])} used ({human(was['gross'])} on disk) of {human(quota) if quota else 'no quota'}"
            )
            log(f"database {name}: {was['state']} -> {state}; {used}{'; ' + disk if disk else ''}")


def _store(state: str, reason: str, limits: tuple[int, int], was: t.Mapping[str, t.Any], numbered: bool) -> str:
    """SQL that notes the state. The column's default comes second, as its lock may have to wait for a reader.

    :param limits: the quota, and the rate of writes.
    """
    quota, rate = limits
    text = "'" + reason.replace("'", "''") + "'"
    note = json.dumps({"database": was["name"], "state": state, "used": was["used"], "quota": quota})
    moment = ", changed_at = now()" if state != was["state"] else ""
    sizes = {"quota": quota, "rate": rate, "used": was["used"], "gross": was["gross"]}
    script = sql.NOTE.format(state=state, reason=text, moment=moment, **sizes)
    if state != was["state"]:
        script += f"NOTIFY mothership_quota, '{note}';\n"
    if numbered != was["numbered"]:
        default = "SET DEFAULT nextval('public.kine_id_seq'::regclass)" if numbered else "DROP DEFAULT"
        script += f"SET lock_timeout = '500ms';\nALTER TABLE public.kine ALTER COLUMN id {default};\n"
    return script


def free_percent(folder: str) -> float:
    """Of the file system, for ordinary users."""
    about = os.statvfs(folder)
    return 100.0 * about.f_bavail / max(about.f_blocks, 1)


def main(arguments: t.Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--settings", required=True, help="JSON file")
    parser.add_argument("--once", action="store_true", help="look once and end")
    chosen = parser.parse_args(arguments)
    settings = Settings.from_file(chosen.settings)
    guard = Guard(settings, Server(settings))
    while True:
        began = time.monotonic()
        try:
            guard.look(began)
        except (OSError, ValueError, KeyError, subprocess.SubprocessError) as error:
            log(f"cannot look at the databases: {error!r}")
        if chosen.once:
            return 0
        time.sleep(max(0.2, settings.interval - (time.monotonic() - began)))


if __name__ == "__main__":
    raise SystemExit(main())
