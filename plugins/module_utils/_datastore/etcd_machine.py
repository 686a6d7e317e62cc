# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""etcd of a database machine: reads its state, asks the cluster, carries out single changes."""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
import typing as t

from .._core.errors import CommandFailed, HcpError, TimedOut
from .._core.progress import Deadline, Progress
from .._core.redact import fingerprint
from . import files
from .command import Outcome, Run, last_lines
from .etcd_settings import Settings

SERVICE = "etcd.service"
_LOCK = "mothership-restart"
#: For so many seconds after the first failure, others that do not answer are taken to be restarting.
_PATIENCE = 60.0
#: Run while the lock is held: the restart of one member must not meet that of another.
_RESTART = f"etcdctl endpoint health >&2 && exec systemctl restart {SERVICE}"


@dataclasses.dataclass(frozen=True)
class Layout:
    """Debian's files, below ``root``."""

    root: str = "/"

    def _path(self, *parts: str) -> str:
        return os.path.join(self.root, *parts)

    @property
    def configuration(self) -> str:
        return self._path("etc/default/etcd")

    @property
    def drop_in(self) -> str:
        return self._path("etc/systemd/system/etcd.service.d/mothership.conf")

    @property
    def data(self) -> str:
        return self._path("var/lib/etcd/mothership")

    @property
    def formed(self) -> str:
        """Says that this member was healthy once: from then on its cluster is never made anew."""
        return self._path("var/lib/etcd/mothership-formed")

    @property
    def kubernetes(self) -> str:
        """Where kubeadm runs an etcd of its own."""
        return self._path("etc/kubernetes/manifests/etcd.yaml")


@dataclasses.dataclass(frozen=True)
class Member:
    """An entry of the cluster's list; one that never started has no client URLs and often no name."""

    identity: str
    name: str
    peer_urls: tuple[str, ...]
    started: bool


@dataclasses.dataclass(frozen=True)
class EtcdState:
    """What is on the machine; ``EtcdState()`` is a virgin one.

    :param running: environment of the process; ``None`` when there is none.
    :param has_data: the member has begun at some time.
    :param formed: it was healthy at some time, too.
    :param trust: fingerprint of the authorities that it has to trust.
    """

    installed: bool = False
    configuration: str | None = None
    drop_in: str | None = None
    enabled: bool = False
    running: t.Mapping[str, str] | None = None
    has_data: bool = False
    formed: bool = False
    trust: str = ""
    kubernetes: bool = False


class EtcdMachine:
    """Reads and changes this machine.

    :param tls_folder: with ``server.crt``, ``server.key`` and ``ca.crt``, readable for root.
    """

    def __init__(self, run: Run, progress: Progress, tls_folder: str, layout: Layout | None = None) -> None:
        self.layout = layout or Layout()
        self._run, self._progress, self._tls_folder = run, progress, tls_folder

    def read(self) -> EtcdState:
        layout = self.layout
        shown = self._run(
            ["systemctl", "show", SERVICE, "--property=ActiveState,UnitFileState,MainPID"], timeout=30, check=False
        )
        values = dict(line.split("=", 1) for line in shown.stdout.splitlines() if "=" in line)
        configuration, drop_in = files.read(layout.configuration), files.read(layout.drop_in)
        trusted = files.read(os.path.join(self._tls_folder, "ca.crt"))
        has_data = os.path.isdir(os.path.join(layout.data, "member"))
        return EtcdState(
            installed=bool(shutil.which("etcd") and shutil.which("etcdctl")),
            configuration=configuration.text if configuration else None,
            drop_in=drop_in.text if drop_in else None,
            enabled=values.get("UnitFileState") == "enabled",
            running=self._environment(values),
            has_data=has_data,
            formed=has_data and os.path.exists(layout.formed),
            trust=fingerprint(trusted.text) if trusted else "",
            kubernetes=os.path.exists(layout.kubernetes),
        )

    def _environment(self, shown: t.Mapping[str, str]) -> t.Mapping[str, str] | None:
        """With which the service runs, or is about to."""
        if shown.get("ActiveState") not in ("active", "activating", "reloading"):
            return None
        try:
            with open(f"/proc/{shown.get('MainPID', '0')}/environ", encoding="utf-8", errors="replace") as file:
                return dict(pair.split("=", 1) for pair in file.read().split("\0") if "=" in pair)
        except OSError:  # between two attempts to start
            return {}

    # -- asking the cluster --------------------------------------------------------------------------------------------

    def health(self, settings: Settings, names: t.Iterable[str]) -> dict[str, bool]:
        """Which members answer a read that needs the majority."""
        return {name: self._ask([settings.client_url(name)], "endpoint", "health").returncode == 0 for name in names}

    def members(self, endpoints: t.Sequence[str]) -> list[Member]:
        """The cluster's list, from members that are healthy."""
        listed = self._ask(endpoints, "member", "list", "--write-out=json")
        if listed.returncode != 0:
            raise CommandFailed(
                f"the members of etcd cannot be listed: {last_lines(listed.stderr, 2)}",
                where=", ".join(endpoints),
                remedy="run again; if it stays, look at 'journalctl -u etcd' there",
            )
        return [
            Member(
                f"{int(entry['ID']):x}",
                entry.get("name", ""),
                tuple(entry.get("peerURLs") or ()),
                bool(entry.get("clientURLs")),
            )
            for entry in json.loads(listed.stdout).get("members", [])
        ]

    def remove_member(self, endpoints: t.Sequence[str], member: Member) -> None:
        self._progress.say("etcd", f"removing the former member {member.name or member.identity}")
        done = self._ask(endpoints, "member", "remove", member.identity)
        # Another machine may have done the same at the same time.
        if done.returncode != 0 and "not found" not in done.stderr:
            raise CommandFailed(f"etcd does not let go of {member.name}: {last_lines(done.stderr, 2)}", where="members")

    def add_member(self, endpoints: t.Sequence[str], settings: Settings, timeout: float) -> None:
        """Again and again: etcd takes one new member at a time, and only while enough of them are healthy."""
        deadline = Deadline(timeout)
        while True:
            url = settings.peer_url(settings.name)
            done = self._ask(endpoints, "member", "add", settings.name, f"--peer-urls={url}")
            if done.returncode == 0:
                return
            self._progress.say("etcd", f"waiting to be taken as a member: {last_lines(done.stderr, 1)}")
            if not deadline.pause(2):
                raise TimedOut(
                    f"etcd did not take this machine as a member: {last_lines(done.stderr, 2)}",
                    where=", ".join(endpoints),
                    remedy="see that the other members are healthy, then run again",
                )

    def _ask(self, endpoints: t.Sequence[str], *arguments: str) -> Outcome:
        how = ["--command-timeout=5s", "--dial-timeout=2s"]
        return self._run(
            ["etcdctl", *how, *arguments], timeout=20, check=False, environment=self._client_environment(endpoints)
        )

    def _client_environment(self, endpoints: t.Sequence[str]) -> dict[str, str]:
        folder = self._tls_folder
        return {
            "PATH": os.environ.get("PATH", "/usr/sbin:/usr/bin:/sbin:/bin"),
            "ETCDCTL_API": "3",
            "ETCDCTL_ENDPOINTS": ",".join(endpoints),
            "ETCDCTL_CACERT": os.path.join(folder, "ca.crt"),
            "ETCDCTL_CERT": os.path.join(folder, "server.crt"),
            "ETCDCTL_KEY": os.path.join(folder, "server.key"),
        }

    # -- changing ------------------------------------------------------------------------------------------------------

    def write(self, path: str, text: str) -> None:
        files.write(files.TextFile(path, text))

    def write_drop_in(self, text: str) -> None:
        self.write(self.layout.drop_in, text)
        self._run(["systemctl", "daemon-reload"], timeout=60)

    def forget_data(self) -> None:
        """The data of a member that the cluster has put out: it would refuse to start with it."""
        shutil.rmtree(self.layout.data, ignore_errors=True)

    def stop(self) -> None:
        self._run(["systemctl", "stop", SERVICE], timeout=120)

    def enable(self) -> None:
        self._run(["systemctl", "enable", SERVICE], timeout=60)

    def start(self) -> None:
        """Without waiting: a new cluster answers when most of its members are there."""
        # Where the folder is a disk of its own, it was there before the package and belongs to root.
        own = ["--owner=etcd", "--group=etcd", "--mode=0700"]
        self._run(["install", "--directory", *own, os.path.dirname(self.layout.data)], timeout=30)
        self._run(["systemctl", "reset-failed", SERVICE], timeout=30, check=False)
        self._run(["systemctl", "start", "--no-block", SERVICE], timeout=60)

    def restart(self, settings: Settings, timeout: float) -> None:
        """One member at a time, and only while all others are healthy."""
        if not settings.others:
            self._run(["systemctl", "restart", SERVICE], timeout=120)
            return
        others = [settings.client_url(name) for name in settings.others]
        environment, deadline, patience = self._client_environment(others), Deadline(timeout), None
        said = "waiting for the turn of this member to restart"
        while True:
            self._progress.say("etcd", said)
            done = self._run(
                ["etcdctl", "lock", _LOCK, "--", "sh", "-c", _RESTART],
                timeout=max(1.0, deadline.remaining),
                check=False,
                environment=environment,
            )
            if done.returncode == 0:
                return
            # The member through which this one waited may have had its own turn just now, and ended the connection.
            said = f"asking for the turn of this member again: {last_lines(done.stderr, 1)}"
            patience = patience or Deadline(_PATIENCE)
            if deadline.passed or not patience.pause(2):
                raise CommandFailed(
                    f"etcd has to restart, which needs all other members healthy:\n{last_lines(done.stderr)}",
                    where=SERVICE,
                    remedy="mend the other database machines (the play replaces a dead one), then run again",
                )

    def wait(self, settings: Settings, timeout: float) -> None:
        """Until this member is healthy.

        :raises TimedOut: with what its log says.
        """
        deadline = Deadline(timeout)
        while not self.health(settings, [settings.name])[settings.name]:
            self._progress.say("etcd", f"{settings.name} waits for the majority of {', '.join(settings.members)}")
            if not deadline.pause(1):
                log = self._run(["journalctl", "-u", SERVICE, "-n", "8", "-o", "cat", "--no-pager"], check=False)
                raise TimedOut(
                    f"etcd of {settings.name} is not healthy after {timeout:g} s:\n{last_lines(log.stdout)}",
                    where=SERVICE,
                    remedy="look at 'journalctl -u etcd' here and on the other database machines, then run again",
                )

    def note_formed(self) -> None:
        files.write(files.TextFile(self.layout.formed, "This member was healthy.\n"))


def not_installed() -> HcpError:
    return HcpError(
        "etcd and etcdctl are not installed on this machine",
        where="etcd",
        remedy="install the packages etcd-server and etcd-client (the role mothership.hcp.postgresql does)",
    )
