# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Three database machines, each a folder, with the real openssl: handing over, rotation, and killed runs."""

from __future__ import annotations

import contextlib
import getpass
import json
import pathlib
import shutil
import subprocess
import typing as t

import pytest
from ansible_collections.mothership.hcp.plugins.module_utils._core.errors import HcpError, InvalidInput
from ansible_collections.mothership.hcp.plugins.module_utils._datastore import authority_work, files
from ansible_collections.mothership.hcp.plugins.module_utils._datastore.authority import Authority
from ansible_collections.mothership.hcp.plugins.module_utils._datastore.command import run

NAMES = ("db1", "db2", "db3")
READER = getpass.getuser()
STEPS = ("begin", "sign", "finish")


class Killed(Exception):
    """In place of a run that is killed."""


class Site:
    """What the role does on three machines."""

    def __init__(self, folder: pathlib.Path, names: t.Sequence[str] = NAMES) -> None:
        self.folder, self.names = folder, tuple(names)

    def machine(self, name: str) -> authority_work.AuthorityMachine:
        root = self.folder / name
        return authority_work.AuthorityMachine(run, Authority(run, str(root / "postgresql-ca")), str(root / "tls"))

    def call(self, state: str, name: str, *, check_mode: bool = False, **options: t.Any) -> dict[str, t.Any]:
        given = {"machines": {}, "rotation": "", "sealed": {}, "certificate_names": [], "certificate_renew_days": 30}
        params = {**given, "readers": [READER], "state": state, "name": name, **options}
        return authority_work.ensure(authority_work.options_from(params), self.machine(name), check_mode=check_mode)

    def run(self, rotation: str = "", *, check_mode: bool = False, days: int = 30) -> list[dict[str, t.Any]]:
        """All results; those of state=received last."""
        described = [self.call("described", name, check_mode=check_mode) for name in self.names]
        machines = {name: json.loads(json.dumps(one["authority"])) for name, one in zip(self.names, described)}
        shared = [
            self.call("shared", name, machines=machines, rotation=rotation, check_mode=check_mode)
            for name in self.names
        ]
        sealed = {name: text for one in shared for name, text in one["sealed"].items()}
        more: dict[str, t.Any] = {"certificate_renew_days": days, "check_mode": check_mode, "sealed": sealed}
        received = [
            self.call("received", name, certificate_names=[f"10.77.0.2{name[-1]}", "10.77.0.20"], **more)
            for name in self.names
        ]
        return [*described, *shared, *received]

    def state(self, name: str) -> tuple[int, bool]:
        """How many authorities are trusted, and whether the next one is there."""
        state = self.machine(name).authority.read()
        return len(state.certificates), bool(state.next)

    def signers(self) -> set[str]:
        return {self.machine(name).authority.read().signer for name in self.names}

    def everybody_trusts_everybody(self) -> bool:
        return all(self.verified(by, of) for by in self.names for of in self.names)

    def verified(self, by: str, of: str) -> bool:
        trusted, leaf = self.folder / by / "tls" / READER / "ca.crt", self.folder / of / "tls" / READER / "server.crt"
        argv = ["openssl", "verify", "-purpose", "sslclient", "-CAfile", str(trusted), str(leaf)]
        return subprocess.run(argv, capture_output=True, timeout=30, check=False).returncode == 0


@pytest.fixture
def site(tmp_path: pathlib.Path) -> Site:
    return Site(tmp_path)


def test_one_authority_for_all_and_a_second_run_changes_nothing(site: Site) -> None:
    planned = site.run(check_mode=True)
    assert not list(site.folder.iterdir())
    done = site.run()
    assert all(one["changed"] for one in done[-3:])
    assert [one["plan"] for one in planned] == [one["plan"] for one in done]
    assert len(site.signers()) == 1
    assert site.everybody_trusts_everybody()
    assert {one["ca_certificate"] for one in done[-3:]} == site.signers()
    assert not any(one["changed"] for one in site.run())


def test_no_key_is_in_a_result(site: Site) -> None:
    text = json.dumps(site.run())
    assert "PRIVATE KEY" not in text
    assert text.count("BEGIN CMS") == 2
    for path in site.folder.rglob("*.key"):
        assert path.stat().st_mode & 0o777 == 0o600
        assert path.read_text().splitlines()[1] not in text


def test_the_authority_of_a_single_machine_is_kept_when_it_grows(site: Site) -> None:
    single = site.machine("db1").authority
    single.make("mothership.hcp PostgreSQL CA of 10.77.0.21")
    before = single.read().signer
    site.run()
    assert site.signers() == {before}


def test_a_replaced_machine_gets_what_the_others_have(site: Site) -> None:
    site.run()
    before = site.signers()
    for path in sorted((site.folder / "db1").rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    site.run()
    assert site.signers() == before
    assert site.everybody_trusts_everybody()


def test_two_authorities_are_refused(site: Site) -> None:
    site.machine("db1").authority.make()
    site.machine("db3").authority.make()
    with pytest.raises(InvalidInput, match="db1 and db3 have different certificate authorities"):
        site.run()


def test_what_was_sealed_for_another_machine_cannot_be_read(site: Site) -> None:
    described = {name: site.call("described", name)["authority"] for name in NAMES}
    sealed = site.call("shared", "db1", machines=described)["sealed"]
    with pytest.raises(HcpError):
        site.call("received", "db2", sealed={"db2": sealed["db3"]})


def test_certificates_are_renewed_before_their_time(site: Site) -> None:
    site.run()
    before = (site.folder / "db2/tls/server.crt").read_text()
    assert all(one["changed"] for one in site.run(days=731)[-3:])
    assert (site.folder / "db2/tls/server.crt").read_text() != before
    assert site.everybody_trusts_everybody()


def test_a_rotation_on_three_machines(site: Site) -> None:
    site.run()
    (old,) = site.signers()
    site.run("begin")
    assert [site.state(name) for name in NAMES] == [(2, True)] * 3
    assert site.signers() == {old}
    assert site.everybody_trusts_everybody()
    assert not any(one["changed"] for one in site.run("begin"))
    assert not any(one["changed"] for one in site.run())
    site.run("sign")
    assert [site.state(name) for name in NAMES] == [(2, False)] * 3
    (new,) = site.signers()
    assert new != old
    assert site.everybody_trusts_everybody()
    site.run("finish")
    assert [site.state(name) for name in NAMES] == [(1, False)] * 3
    assert site.signers() == {new}
    assert site.everybody_trusts_everybody()
    assert not any(one["changed"] for one in site.run())


def test_a_rotation_of_a_single_machine(tmp_path: pathlib.Path) -> None:
    site = Site(tmp_path, ["db1"])
    authority = site.machine("db1").authority
    assert not site.call("shared", "db1", rotation="begin")["changed"]
    authority.make()
    old = authority.read().signer
    for step in STEPS:
        assert site.call("shared", "db1", rotation=step, check_mode=True)["changed"]
        assert site.call("shared", "db1", rotation=step)["changed"]
        assert step == "finish" or not site.call("shared", "db1", rotation=step)["changed"]
    state = authority.read()
    assert state.signer != old
    assert state.certificates == (state.signer,)


def test_signing_waits_until_all_trust_the_next_authority(site: Site) -> None:
    site.run()
    described = {name: site.call("described", name)["authority"] for name in NAMES}
    site.call("shared", "db1", machines=described, rotation="begin")
    described["db1"] = site.call("described", "db1")["authority"]
    with pytest.raises(HcpError, match="db2, db3"):
        site.call("shared", "db1", machines=described, rotation="sign")


@pytest.mark.parametrize("step", ["begin", "sign", "finish"])
def test_a_rotation_that_was_killed_goes_on(tmp_path: pathlib.Path, step: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed between writes of one step; then the whole is run again. The machines keep trusting each other."""
    ready = Site(tmp_path / "ready", NAMES[:2])
    ready.run()
    before = ready.signers()
    for earlier in STEPS[: STEPS.index(step)]:
        ready.run(earlier)
    for count in (0, 1, 3, 5, 7, 9):
        site = Site(tmp_path / str(count), NAMES[:2])
        shutil.copytree(ready.folder, site.folder)
        with monkeypatch.context() as patched:
            count_writes(patched, count)
            with contextlib.suppress(Killed):
                site.run(step)
                break
        assert site.everybody_trusts_everybody()
        for again in STEPS:
            site.run(again)
        assert [site.state(name) for name in site.names] == [(1, False)] * 2
        assert len(site.signers()) == 1
        assert site.signers().isdisjoint(before)
        assert site.everybody_trusts_everybody()
    assert count > 1


def count_writes(patched: pytest.MonkeyPatch, allowed: int) -> None:
    """Every write of the authority after the ``allowed`` first is a kill."""
    done: list[str] = []
    write = files.write

    def counting(file: files.TextFile) -> None:
        if "postgresql-ca" in file.path:
            if len(done) == allowed:
                raise Killed
            done.append(file.path)
        write(file)

    patched.setattr(files, "write", counting)
