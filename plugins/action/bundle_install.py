# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sends files of a bundle to a machine: the half of ``bundle_install`` that runs on the controller."""

from __future__ import annotations

import typing as t

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible_collections.mothership.hcp.plugins.module_utils._core.errors import HcpError
from ansible_collections.mothership.hcp.plugins.module_utils._core.progress import Progress, Timings
from ansible_collections.mothership.hcp.plugins.module_utils._host import bundle as bundles
from ansible_collections.mothership.hcp.plugins.module_utils._host import k0s_binary
from ansible_collections.mothership.hcp.plugins.module_utils._host.bundle_cache import VerifiedHashes
from ansible_collections.mothership.hcp.plugins.module_utils._host.bundle_options import bundle_options
from ansible_collections.mothership.hcp.plugins.module_utils._host.bundle_target import WantedFile
from ansible_collections.mothership.hcp.plugins.module_utils._host.machine import STATE_FOLDER
from ansible_collections.mothership.hcp.plugins.plugin_utils._progress_display import ProgressDisplay
from ansible_collections.mothership.hcp.plugins.plugin_utils._transfer_progress import TransferProgress


class ActionModule(ActionBase):
    """Verifies on the controller, asks the machine what it lacks, sends that, and has it installed."""

    TRANSFERS_FILES = True

    def run(self, tmp: t.Any = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        result = super().run(tmp, task_vars)
        del tmp
        _validation, options = self.validate_argument_spec(argument_spec=bundle_options())
        try:
            with ProgressDisplay(self, task_vars or {}) as display:
                result.update(self._install(options, task_vars or {}, Progress(display.path)))
        except HcpError as error:
            raise AnsibleActionFail(str(error), result={**result, **error.details}) from error
        return result

    def _install(self, options: dict[str, t.Any], task_vars: dict[str, t.Any], progress: Progress) -> dict[str, t.Any]:
        timings = Timings()
        bundle = bundles.load(options["bundle"])
        wanted = ("binaries", "optional_binaries", "cni_plugins", "images", "package_sets")
        files = bundles.select(bundle, **{name: options[name] for name in wanted})
        with timings.measure("verify"):
            progress.say("bundle", f"checking {len(files)} files")
            bundles.verify(bundle, files, VerifiedHashes())
        destinations = {file.path: _destination(file, options) for file in files}
        entries = [_entry(file, destinations[file.path]) for file in files]
        with timings.measure("inspect"):
            found = self._ask("inspect", entries, bundle.architecture, task_vars)
        if found.get("failed"):
            return found
        missing = [file for file in files if file.path in found["missing"]]
        result = {
            "changed": found["changed"],
            "diff": found["diff"],
            "plan": found["plan"],
            "restarts": [],
            "components": dict(bundle.components),
            "images": [
                {"reference": file.image, "digest": file.image_digest, "file": destinations[file.path]}
                for file in files
                if file.kind == "image"
            ],
            "sent_bytes": sum(file.size for file in missing),
            "timings": timings.seconds,
        }
        if missing and not self._task.check_mode:
            with timings.measure("send"):
                self._send(bundle, missing, str(found["incoming"]), progress)
            with timings.measure("install"):
                progress.say("bundle", "installing what was sent")
                to_apply = [entry for entry in entries if entry["path"] in found["missing"]]
                applied = self._ask("apply", to_apply, bundle.architecture, task_vars)
            if applied.get("failed"):
                return applied
        return result

    def _ask(
        self, operation: str, entries: list[dict[str, t.Any]], architecture: str, task_vars: dict[str, t.Any]
    ) -> dict[str, t.Any]:
        """Run the module of the same name on the machine."""
        request = {
            "operation": operation,
            "files": entries,
            "architecture": architecture,
            "upload_user": self._get_remote_user() or "root",
        }
        arguments = {"bundle": self._task.args["bundle"], "request": request}
        done: dict[str, t.Any] = self._execute_module(
            module_name="mothership.hcp.bundle_install", module_args=arguments, task_vars=task_vars
        )
        done.pop("invocation", None)
        return done

    def _send(self, bundle: bundles.Bundle, files: list[bundles.BundleFile], incoming: str, progress: Progress) -> None:
        transfer = TransferProgress(progress, "bundle", sum(file.size for file in files))
        for file in files:
            transfer.begins(file.name)
            staged = f"{incoming}/{file.path.replace('/', '_')}"
            self._connection.put_file(bundle.file_path(file), staged)
            transfer.sent(file.size)


def _destination(file: bundles.BundleFile, options: dict[str, t.Any]) -> str:
    """Where a file belongs on the machine."""
    if file.kind == "binary" and file.name == "k0s":
        # The installed one must stay while the service runs: k0s_controller and k0s_worker put this in its place.
        return k0s_binary.STAGED
    folders = {
        "binary": options["destination"],
        "cni-plugin": options["cni_destination"],
        "image": f"{STATE_FOLDER}/images",
        "package": f"{STATE_FOLDER}/packages",
    }
    return f"{folders[file.kind]}/{file.name}"


def _entry(file: bundles.BundleFile, destination: str) -> dict[str, t.Any]:
    wanted = WantedFile(file.path, file.kind, destination, file.size, file.sha256, file.mode)
    return dict(vars(wanted))
