# Copyright: (c) 2026, the mothership.hcp authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""up, down and status: make the declared list true, take it away, say how it is."""

from __future__ import annotations

import shutil
import time
from dataclasses import dataclass
from pathlib import Path

from . import access, files, host, inventory, podman, rootfs, s3
from .command import LabError, run, say
from .config import Lab, Machine, MachineList
from .parallel import Tell, on_each

READY_STATES = ("running", "degraded")
LOCK_TIMEOUT = 900.0


@dataclass(frozen=True)
class Up:
    """One `up`: the declared list against what podman has."""

    lab: Lab
    declared: MachineList
    image: str
    script: str
    existing: dict[str, podman.Container]
    volumes: dict[str, dict[str, str]]
    timeout: float

    def machine(self, machine: Machine, tell: Tell) -> str:
        """Bring one machine to running, whatever state it is found in, and return its host key."""
        markers = access.Markers(self.lab)
        found = self.existing.get(machine.name)
        reason = self._why_anew(machine, found, markers)
        deadline = time.monotonic() + self.timeout
        if reason:
            tell("is being created")
            markers.remove(machine.name)
            podman.destroy(machine.name, self.lab.owner, self.volumes)
            container = podman.create(machine, self.declared, self.image, self.lab.owner)
            podman.start(machine.name)
        else:
            assert found is not None
            container = found.id
            if found.state != "running":
                podman.start(machine.name)
        self._await_systemd(machine, tell, deadline)
        if reason or not markers.provisioned(machine.name, self.script):
            podman.inside(machine.name, "sh", stdin=self.script)
            markers.write(machine.name, container, self.script)
        key = access.host_key(machine.name)
        if reason or (found and found.state != "running"):
            say(f"{machine.name} {machine.address} is up ({reason or 'it was ' + str(found and found.state)})")
        return key

    def _why_anew(self, machine: Machine, found: podman.Container | None, markers: access.Markers) -> str:
        """Say why a machine must be made anew; empty when it may stay."""
        if found is None:
            return "new"
        if markers.read(machine.name).get("container") != found.id:
            return "made anew: an earlier run did not finish it"
        spec = podman.spec_hash(podman.create_command(machine, self.declared, self.image))
        if found.labels.get(podman.SPEC_LABEL) != spec:
            return "made anew: its declaration or its image changed"
        return ""

    def _await_systemd(self, machine: Machine, tell: Tell, deadline: float) -> None:
        """Wait until systemd has started everything; `--wait` blocks inside, so this hardly polls."""
        while True:
            state = podman.inside(
                machine.name, "systemctl", "is-system-running", "--wait", check=False, timeout=15
            )  # fmt: skip
            if state in READY_STATES:
                return
            tell(f"systemd is {state.splitlines()[-1] if state else 'not there yet'}")
            container = podman.containers().get(machine.name)
            stopped = container is None or container.state != "running"
            if stopped or time.monotonic() > deadline:
                why = f"the container is {container.state if container else 'gone'}" if stopped else "time is up"
                raise LabError(
                    f"systemd not running ({why}; waited up to {self.timeout:.0f} s; last state: {state!r}); "
                    f"see `podman logs {machine.name}` and `podman exec {machine.name} systemctl list-jobs`"
                )
            time.sleep(0.2)


def up(
    lab: Lab, declared: MachineList, bundle: Path | None, timeout: float, distributions: inventory.Distributions
) -> None:
    """Make the declared machines run and write how to reach them. Finished work of an earlier run is kept."""
    host.ensure_root()
    with files.lock(lab.state / "lock", timeout=LOCK_TIMEOUT, holder="another run of lab.machines"):
        binary = s3.find_binary(lab, declared, bundle)
        inventory.check(declared, distributions)
        host.ensure_tools(lab.state / "logs" / "apt.log")
        podman.refuse_foreign(declared, lab.owner)
        image = rootfs.ensure_image(lab)
        script = access.first_boot_script(access.ensure_key(lab))
        _ensure_network(lab, declared)
        run_up = Up(lab, declared, image, script, podman.containers(), podman.volumes(), timeout)
        keys = on_each(declared.machines, run_up.machine, what="starting machines")
        access.write_known_hosts(lab, keys)
        on_each(declared.machines, lambda machine, tell: _check(lab, declared, machine, tell, timeout), what="checks")
        s3_access = _ensure_s3(lab, declared, binary)
        inventory.write(lab, declared, s3_access, distributions)
        files.give_to_caller(lab.state, lab.inventory)
    say(f"{len(declared.machines)} machines up; inventory: {lab.inventory.relative_to(lab.root)}")


def _ensure_s3(lab: Lab, declared: MachineList, binary: Path | None) -> dict[str, str] | None:
    """Set S3 up on each machine of the group; the inventory names the first."""
    machines = declared.in_group(s3.S3_GROUP)
    if machines and binary:
        return next(s3.ensure(lab, machine, binary) for machine in machines)
    running = s3.running(lab, machines[0]) if machines else None
    if running is None:
        files.remove(lab.s3_file)
    return running


def _ensure_network(lab: Lab, declared: MachineList) -> None:
    """Create the network; machines of ours that the list no longer has go first, and all when the subnet changed."""
    found = podman.network(declared.network)
    fits = found is not None and podman.network_fits(found, declared)
    names = {machine.name for machine in declared.machines}
    known = podman.volumes()
    for container in podman.containers().values():
        if container.labels.get(podman.LABEL) == lab.owner and (container.name not in names or (found and not fits)):
            say(f"removing {container.name}: it is not in the declared list or its network changes")
            access.Markers(lab).remove(container.name)
            podman.destroy(container.name, lab.owner, known)
    if found and not fits:
        run(["podman", "network", "rm", declared.network], timeout=60)
    if not fits:
        podman.create_network(declared, lab.owner)


def _check(lab: Lab, declared: MachineList, machine: Machine, tell: Tell, timeout: float) -> None:
    """Prove what the lab promises: the host gets in over SSH and to root, and machines reach each other."""
    deadline = time.monotonic() + timeout
    while reason := access.ssh_answers(lab, machine):
        tell(f"SSH: {reason}")
        if time.monotonic() > deadline:
            raise LabError(
                f"SSH to {machine.address} does not work after {timeout:.0f} s: {reason}; "
                f"see `podman exec {machine.name} journalctl -u ssh`"
            )
        time.sleep(0.5)
    others = " ".join(other.address for other in declared.machines if other is not machine)
    script = f'for a in {others}; do timeout 5 bash -c "</dev/tcp/$a/22" 2>/dev/null || echo "$a"; done'
    limit = 10 + 5 * len(declared.machines)
    while silent := podman.inside(machine.name, "bash", "-c", script, timeout=limit).split():
        tell(f"does not reach {', '.join(silent)}")
        if time.monotonic() > deadline:
            raise LabError(f"it does not reach {', '.join(silent)} on port 22; see `iptables -S FORWARD` on the host")
        time.sleep(0.5)


def down(lab: Lab, *, image: bool) -> None:
    """Remove what this lab made; what is dear to build (root file system, bundle) stays."""
    host.ensure_root()
    with files.lock(lab.state / "lock", timeout=LOCK_TIMEOUT, holder="another run of lab.machines"):
        if shutil.which("podman"):
            _remove_from_podman(lab)
            if image:
                _remove_images()
        files.remove(lab.state / "machines", lab.state / "ssh", lab.known_hosts, lab.s3_file, lab.inventory)
    say("the lab's machines are down")


def _remove_from_podman(lab: Lab) -> None:
    """Remove machines, volumes and networks by label, so that a changed list leaves nothing behind."""
    owned = [name for name, item in podman.containers().items() if item.labels.get(podman.LABEL) == lab.owner]
    if owned:
        run(["podman", "rm", "--force", "--time", "0", *owned], timeout=300, what="podman rm")
        say(f"removed {', '.join(owned)}")
    volumes = [name for name, labels in podman.volumes().items() if labels.get(podman.LABEL) == lab.owner]
    if volumes:
        run(["podman", "volume", "rm", "--force", *volumes], timeout=300, what="podman volume rm")
    for name in podman.own_networks(lab.owner):
        run(["podman", "network", "rm", name], timeout=60, what="podman network rm")


def _remove_images() -> None:
    """Remove the machines' images; one that another checkout uses stays, and is named."""
    listed = run(["podman", "images", "--quiet", "--filter", f"reference={rootfs.IMAGE}"], timeout=60).stdout.split()
    for identity in sorted(set(listed)):
        done = run(["podman", "rmi", identity], timeout=120, check=False)
        if done.returncode != 0:
            say(f"image {identity} stays: {(done.stderr.strip() or 'unknown reason').splitlines()[-1]}")
