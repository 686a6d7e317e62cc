# Copyright: (c) 2026, the mothership.hcp authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's S3: versitygw from the bundle as a systemd unit; its credentials are in files only."""

from __future__ import annotations

import hashlib
import json
import secrets
import time
import urllib.error
import urllib.request
from pathlib import Path

from . import files, podman
from .command import LabError, say
from .config import S3_GROUP, Lab, Machine, MachineList

PORT = 7070
BUCKET = "velero"
REGION = "us-east-1"
_BINARY = "/usr/local/bin/versitygw"
_UNIT = f"""[Unit]
Description=S3 of the lab (versitygw, POSIX back end)
After=network.target

[Service]
EnvironmentFile=/etc/lab-s3.env
ExecStart={_BINARY} --port :{PORT} --region {REGION} posix /srv/s3
Restart=on-failure

[Install]
WantedBy=multi-user.target
"""


def find_binary(lab: Lab, declared: MachineList, bundle: Path | None) -> Path | None:
    """Return versitygw of the bundle. A bundle that was named must have it; the default one may not be built yet."""
    if not declared.in_group(S3_GROUP):
        return None
    binary = (bundle or lab.state / "bundle") / "bin" / "versitygw"
    if binary.is_file():
        return binary
    if bundle:
        raise LabError(f"the bundle {bundle} has no bin/versitygw, which the machines of group {S3_GROUP} need")
    say(f"S3 stays as it is: {binary} does not exist; build the bundle and run `up` again")
    return None


def credentials(lab: Lab, machine: Machine) -> dict[str, str]:
    """Return the credentials of the lab's S3, made at random once."""
    try:
        known = json.loads(lab.s3_file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        known = {}
    found = {
        "url": f"http://{machine.address}:{PORT}",
        "bucket": BUCKET,
        "region": REGION,
        "access_key": known.get("access_key") or secrets.token_hex(10),
        "secret_key": known.get("secret_key") or secrets.token_urlsafe(30),
    }
    files.write(lab.s3_file, json.dumps(found, indent=2) + "\n", 0o600)
    return found


def running(lab: Lab, machine: Machine) -> dict[str, str] | None:
    """Access to an S3 that an earlier run set up and that still runs: a bundle that went away does not undo it."""
    state = podman.inside(machine.name, "systemctl", "is-active", "lab-s3.service", check=False)
    return credentials(lab, machine) if state == "active" and lab.s3_file.exists() else None


def ensure(lab: Lab, machine: Machine, binary: Path) -> dict[str, str]:
    """Make a machine serve S3; restart the service only when something of it changed."""
    access = credentials(lab, machine)
    with binary.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    if podman.inside(machine.name, "sha256sum", _BINARY, check=False, timeout=60).split()[0] != digest:
        podman.copy_in(machine.name, binary, f"{_BINARY}.new")
        podman.inside(machine.name, "sh", "-c", f"chmod 0755 {_BINARY}.new && mv {_BINARY}.new {_BINARY}")
    # A hash of all that the running service was started with tells whether it must be started again.
    wanted = hashlib.sha256(f"{digest}{_UNIT}{access}".encode()).hexdigest()
    podman.inside(machine.name, "sh", stdin=_service_script(access, wanted), timeout=60)
    _wait(machine, access["url"])
    return access


def _service_script(access: dict[str, str], wanted: str) -> str:
    """Shell script, fed through standard input so that no credential is ever an argument."""
    stamp = "/etc/lab-s3.started"
    return f"""set -eu
mkdir -p /srv/s3/{BUCKET}
if [ "$(cat {stamp} 2>/dev/null)" = {wanted} ] && systemctl --quiet is-active lab-s3.service; then exit 0; fi
umask 077
cat >/etc/lab-s3.env <<'END'
ROOT_ACCESS_KEY={access["access_key"]}
ROOT_SECRET_KEY={access["secret_key"]}
END
umask 022
cat >/etc/systemd/system/lab-s3.service <<'END'
{_UNIT}END
systemctl daemon-reload
systemctl --quiet enable lab-s3.service
systemctl restart lab-s3.service
echo {wanted} >{stamp}
"""


def _wait(machine: Machine, url: str, timeout: float = 30) -> None:
    """Wait until the service answers; a refusal of an unsigned request is an answer."""
    deadline = time.monotonic() + timeout
    while True:
        try:
            urllib.request.build_opener(urllib.request.ProxyHandler({})).open(url, timeout=5).close()
            return
        except urllib.error.HTTPError:
            return
        except OSError as error:
            if time.monotonic() > deadline:
                journal = podman.inside(
                    machine.name, "journalctl", "--no-pager", "-n", "5", "-u", "lab-s3.service", check=False
                )
                raise LabError(
                    f"{machine.name}: S3 at {url} does not answer after {timeout:.0f} s ({error}); "
                    f"last words:\n{journal}"
                ) from error
        time.sleep(0.2)
