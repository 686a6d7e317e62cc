# Copyright: (c) 2026, the mothership.hcp authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""SSH access: the lab's key, and host keys learnt from inside the machines, never from the network."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping

from . import files, host, podman
from .command import run
from .config import Lab, Machine
from .rootfs import HOST_KEY, SUITE, USER


def ensure_key(lab: Lab) -> str:
    """Return the lab's public key, after making the pair when it is not whole."""
    public = lab.key.with_suffix(".pub")
    if not (lab.key.exists() and public.exists()):
        files.remove(lab.key, public)
        lab.key.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "mothership-lab", "-f", str(lab.key)], timeout=20)
    lab.key.chmod(0o600)
    return public.read_text(encoding="utf-8").strip()


def first_boot_script(public_key: str) -> str:
    """What a new machine is told: whose key opens it, and where its packages come from (the host's own archives)."""
    sources = "\n".join(host.apt_sources(SUITE))
    return f"""set -eu
umask 022
install -d -m 0700 -o {USER} -g {USER} /home/{USER}/.ssh
cat >/home/{USER}/.ssh/authorized_keys <<'END'
{public_key}
END
chown {USER}:{USER} /home/{USER}/.ssh/authorized_keys
chmod 0600 /home/{USER}/.ssh/authorized_keys
cat >/etc/apt/sources.list <<'END'
{sources}
END
cat >/etc/apt/apt.conf.d/90lab <<'END'
{host.apt_settings()}END
"""


class Markers:
    """Which machines an `up` has finished, by container id: what is not marked is half made and is made anew."""

    def __init__(self, lab: Lab) -> None:
        self._folder = lab.state / "machines"

    def read(self, name: str) -> dict[str, str]:
        """Return the marker of a machine, empty when it was never finished."""
        try:
            found = json.loads((self._folder / f"{name}.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}

    def write(self, name: str, container: str, script: str) -> None:
        """Mark a machine as finished with a certain first-boot script."""
        digest = hashlib.sha256(script.encode()).hexdigest()
        files.write(self._folder / f"{name}.json", json.dumps({"container": container, "script": digest}) + "\n")

    def provisioned(self, name: str, script: str) -> bool:
        """Whether a machine already had this very first-boot script."""
        return self.read(name).get("script") == hashlib.sha256(script.encode()).hexdigest()

    def remove(self, name: str) -> None:
        """Forget a machine, before it is touched."""
        files.remove(self._folder / f"{name}.json")


def host_key(name: str) -> str:
    """Read a machine's public host key from inside it."""
    return " ".join(podman.inside(name, "cat", f"{HOST_KEY}.pub").split()[:2])


def write_known_hosts(lab: Lab, keys: Mapping[Machine, str]) -> None:
    """Write the host keys of all machines as they are now."""
    lines = [f"{machine.address} {key}\n" for machine, key in keys.items()]
    files.write(lab.known_hosts, "".join(lines), 0o600)


def ssh_command(lab: Lab, machine: Machine, *argv: str) -> list[str]:
    """SSH as Ansible will do it: verified host key, only the lab's key, no questions, a time limit."""
    options = [
        f'UserKnownHostsFile="{lab.known_hosts}"', "GlobalKnownHostsFile=/dev/null", "StrictHostKeyChecking=yes",
        "IdentitiesOnly=yes", "BatchMode=yes", "ConnectTimeout=5",
    ]  # fmt: skip
    flags = [text for option in options for text in ("-o", option)]
    return ["ssh", "-F", "/dev/null", "-i", str(lab.key), *flags, f"{USER}@{machine.address}", *argv]


def ssh_answers(lab: Lab, machine: Machine) -> str:
    """Return an empty text when the machine lets the admin in and to root, else the reason."""
    done = run(ssh_command(lab, machine, "sudo", "-n", "true"), timeout=10, check=False)
    if done.returncode == 0:
        return ""
    return (done.stderr.strip() or f"exit code {done.returncode}").splitlines()[-1]
