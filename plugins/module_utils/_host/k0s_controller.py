# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.

"""A control plane on this machine by ``k0s install controller``."""

from __future__ import annotations

import dataclasses
import datetime
import json
import re
import typing as t

from .._core.errors import HcpError, InvalidInput
from .._core.plan import Change, Plan
from .._core.progress import Deadline, Progress, Timings
from .._core.redact import fingerprint
from . import k0s_binary, k0s_service
from .files import TextFile
from .k0s_service import CONFIG_FOLDER, StartWatch, Unit
from .kubeadm import host_and_port, kubeconfig_server
from .machine import Completed, Machine

CONFIG = f"{CONFIG_FOLDER}/k0s.yaml"
_TOKEN = f"{k0s_service.JOIN_FOLDER}/k0s-controller-token"
_ENVIRONMENT = f"{CONFIG_FOLDER}/datastore.env"
_DATASTORE_CA = f"{CONFIG_FOLDER}/datastore-ca.crt"
_DROP_IN = k0s_service.drop_in("controller", "20-datastore")
_PASSWORD_IN_URL = re.compile(r"(://[^:/@\s\"]*:)([^@\s\"]+)(?=@)")


@dataclasses.dataclass(frozen=True)
class ControllerSettings:
    """The controller as it should be.

    :param config: ``spec`` of the ClusterConfig.
    :param token: joins a further controller, as ``k0s token create --role controller`` prints it.
    :param datastore_password: kine gets it from its environment.
    :param datastore_ca_certificate: PEM text; kine trusts it when the data source asks for verification.
    """

    name: str
    version: str
    node_name: str
    config: t.Mapping[str, t.Any]
    enable_worker: bool = True
    taint: bool = False
    labels: t.Mapping[str, str] = dataclasses.field(default_factory=dict)
    kubelet_extra_args: tuple[str, ...] = ()
    profile: str = "default"
    ignore_preflight_checks: bool = False
    disable_components: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    token: str = ""
    datastore_password: str = ""
    datastore_ca_certificate: str = ""


def run(machine: Machine, settings: ControllerSettings, *, check_mode: bool, timeout: float) -> dict[str, t.Any]:
    """Install, start or restart the controller where that is needed, and wait until its API server is ready.

    :returns: ``changed``, ``diff``, ``plan``, ``server``, ``version``, ``restarts``, ``timings`` (seconds per phase).
    """
    timings, deadline, progress = Timings(), Deadline(timeout), Progress()
    _refuse(machine, settings)
    version = _check_binary(machine, settings, check_mode)
    _check_config(machine, settings)
    unit = _unit(machine, settings)
    plan = _shown(k0s_service.plan_unit(machine, unit), settings)
    if machine.is_present(_TOKEN):
        plan.add(Change("delete", _TOKEN, "left by an interrupted join", None))
    if check_mode:
        return plan.result(server=_server(machine, settings), version=version, timings={})
    watch = StartWatch(machine, "controller", deadline, progress, settings.name)
    try:
        if plan:
            with timings.measure("service"):
                progress.say(settings.name, "k0s controller is being installed and started")
                _write_token(machine, settings)
                k0s_service.apply_unit(machine, unit)
        with timings.measure("api"):
            watch.wait(lambda: _is_ready(machine), "a ready API server")
    finally:
        machine.remove(_TOKEN)
    if settings.enable_worker:
        with timings.measure("node"):
            since = watch.since if plan else 0
            watch.wait(lambda: _is_node_ready(machine, settings.node_name, since), f"node {settings.node_name}")
    return plan.result(server=_server(machine, settings), version=version, timings=timings.seconds)


def document(settings: ControllerSettings) -> str:
    """The ClusterConfig as JSON, which is YAML too: machines need no YAML library."""
    return (
        json.dumps(
            {
                "apiVersion": "k0s.k0sproject.io/v1beta1",
                "kind": "ClusterConfig",
                "metadata": {"name": "k0s"},
                "spec": settings.config,
            },
            indent=2,
            sort_keys=True,
        )
        + "\n"
    )


def _refuse(machine: Machine, settings: ControllerSettings) -> None:
    """What cannot work, before anything is changed."""
    k0s_service.refuse_kubeadm(machine, settings.node_name)
    controller = machine.is_present(k0s_service.unit_path("controller"))
    joined = machine.is_present(k0s_service.KUBELET_CONFIG) and not machine.is_present(k0s_service.ADMIN_CONFIG)
    if not controller and (joined or machine.is_present(k0s_service.unit_path("worker"))):
        server = kubeconfig_server(machine.read_text(k0s_service.KUBELET_CONFIG))
        raise InvalidInput(
            f"this machine is a k0s worker of {server or 'another cluster'}",
            where=settings.node_name,
            remedy="use another machine for the control plane, or reset this one with playbook mothership.hcp.reset",
        )


def _check_binary(machine: Machine, settings: ControllerSettings, check_mode: bool) -> str:
    if not machine.is_present(k0s_binary.STAGED):
        if check_mode:
            return settings.version
        raise HcpError(
            "the k0s binary is not on this machine",
            where=settings.node_name,
            remedy="run role mothership.hcp.k0s_node first, which sends it from the bundle",
        )
    version = k0s_binary.check_staged(machine, settings.version)
    installed = k0s_binary.read_version(machine, k0s_binary.INSTALLED)
    if not installed or not machine.is_present(k0s_service.unit_path("controller")):
        return version
    before, after = k0s_binary.minor(installed), k0s_binary.minor(version)
    if before > after or after > (before[0], before[1] + 1):
        raise InvalidInput(
            f"k0s {installed} runs here; a control plane cannot go to {version}",
            where=settings.node_name,
            remedy="go up one minor version at a time, never down",
        )
    return version


def _check_config(machine: Machine, settings: ControllerSettings) -> None:
    """Ask the binary that will read it: a configuration that k0s refuses must not stop a running control plane."""
    if not machine.is_present(k0s_binary.STAGED):
        return
    done = machine.ask([k0s_binary.STAGED, "config", "validate", "--config", "-"], stdin=document(settings), timeout=30)
    if done.code != 0:
        raise InvalidInput(
            f"k0s does not accept the configuration: {_redacted(_config_problem(done))}",
            where="config",
            remedy="correct the field that is named; 'spec' of a k0s ClusterConfig is documented at docs.k0sproject.io",
        )


def _config_problem(done: Completed) -> str:
    lines = [line for line in f"{done.stderr}\n{done.stdout}".splitlines() if line.strip()]
    said = "; ".join(line for line in lines if not line.startswith("time=")) or "no reason given"
    return said.replace("Error: ", "").replace("failed to parse configuration: ", "")


def _unit(machine: Machine, settings: ControllerSettings) -> Unit:
    files = [TextFile(CONFIG, document(settings), 0o600)]
    environment = _environment(settings)
    if environment:
        drop_in = f"# Managed by Ansible collection mothership.hcp.\n[Service]\nEnvironmentFile={_ENVIRONMENT}\n"
        files += [TextFile(_ENVIRONMENT, environment, 0o600, secret=True), TextFile(_DROP_IN, drop_in)]
    if settings.datastore_ca_certificate:
        files.append(TextFile(_DATASTORE_CA, settings.datastore_ca_certificate))
    wanted = {file.path for file in files}
    absent = tuple(path for path in (_ENVIRONMENT, _DROP_IN, _DATASTORE_CA) if path not in wanted)
    return Unit("controller", tuple(_arguments(machine, settings)), tuple(files), absent)


def _arguments(machine: Machine, settings: ControllerSettings) -> list[str]:
    arguments = [f"--config={CONFIG}"]
    if settings.enable_worker:
        arguments += ["--enable-worker", *([] if settings.taint else ["--no-taints"]), f"--profile={settings.profile}"]
        kubelet = " ".join([f"--hostname-override={settings.node_name}", *settings.kubelet_extra_args])
        arguments.append(f"--kubelet-extra-args={kubelet}")
        if settings.labels:
            labels = ",".join(f"{name}={value}" for name, value in sorted(settings.labels.items()))
            arguments.append(f"--labels={labels}")
    if settings.ignore_preflight_checks:
        arguments.append("--ignore-pre-flight-checks")
    if settings.disable_components:
        arguments.append(f"--disable-components={','.join(settings.disable_components)}")
    # A controller that has joined keeps the argument: without it, it would restart for nothing. k0s does not read it.
    token = f"--token-file={_TOKEN}"
    if settings.token or token in k0s_service.recorded_arguments(machine, "controller"):
        arguments.append(token)
    return [*arguments, *settings.flags]


def _environment(settings: ControllerSettings) -> str:
    """Variables of k0s with the prefix ``KINE_`` reach kine, and only kine, without it."""
    lines = []
    if settings.datastore_password:
        lines.append(f'KINE_PGPASSWORD="{_quoted(settings.datastore_password)}"\n')
    if settings.datastore_ca_certificate:
        lines.append(f"KINE_PGSSLROOTCERT={_DATASTORE_CA}\n")
    return "".join(lines)


def _quoted(text: str) -> str:
    if "\n" in text:
        raise InvalidInput("a password cannot hold a line break", where="datastore_password")
    return re.sub(r'(["\\$`])', r"\\\1", text)


def _write_token(machine: Machine, settings: ControllerSettings) -> None:
    if settings.token:
        machine.write_text(_TOKEN, settings.token, 0o600, 0o700)


def _shown(plan: Plan, settings: ControllerSettings) -> Plan:
    """The plan without passwords: a data source in the configuration may hold one."""
    changes = [
        dataclasses.replace(change, before=_redacted(change.before), after=_redacted(change.after))
        if change.target == CONFIG
        else change
        for change in plan.changes
    ]
    if any(change.target.endswith("k0scontroller.service") and change.action == "create" for change in changes):
        changes.append(Change("create", f"control plane {settings.name}", None, {"node": settings.node_name}))
    return Plan(changes)


def _redacted(text: t.Any) -> t.Any:
    if not isinstance(text, str):
        return text
    return _PASSWORD_IN_URL.sub(lambda found: found.group(1) + fingerprint(found.group(2)), text)


def _server(machine: Machine, settings: ControllerSettings) -> str:
    api = settings.config.get("api") or {}
    address = api.get("externalAddress") or api.get("address")
    if address:
        return f"https://{host_and_port(str(address), int(api.get('port') or 6443))}"
    return kubeconfig_server(machine.read_text(k0s_service.ADMIN_CONFIG)) or "https://localhost:6443"


def _get(machine: Machine, path: str) -> Completed:
    argv = [k0s_binary.INSTALLED, "kubectl", "get", "--raw", path, "--request-timeout=5s"]
    return machine.ask(argv, timeout=10)


def _is_ready(machine: Machine) -> bool:
    answer = _get(machine, "/readyz")
    return answer.code == 0 and answer.stdout.strip() == "ok"


def _is_node_ready(machine: Machine, name: str, since: float) -> bool:
    """Whether the node is Ready, and was heard of since: right after a restart the old status still stands."""
    lease = _get(machine, f"/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/{name}")
    answer = _get(machine, f"/api/v1/nodes/{name}")
    try:
        conditions = json.loads(answer.stdout)["status"]["conditions"] if answer.code == 0 else []
        renewed = datetime.datetime.strptime(json.loads(lease.stdout)["spec"]["renewTime"], "%Y-%m-%dT%H:%M:%S.%f%z")
    except (ValueError, KeyError, TypeError):
        return False
    ready = any(condition.get("type") == "Ready" and condition.get("status") == "True" for condition in conditions)
    return ready and renewed.timestamp() >= since
