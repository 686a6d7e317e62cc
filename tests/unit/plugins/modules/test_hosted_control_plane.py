# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module as Ansible runs it, with API servers in memory."""

from __future__ import annotations

import json
import pathlib
import typing as t

import pytest
import yaml
from ansible.module_utils.testing import patch_module_args
from ansible_collections.mothership.hcp.plugins.module_utils._kube.client import KubeClient
from ansible_collections.mothership.hcp.plugins.modules import hosted_control_plane, kine_credentials

from tests.unit.plugins.module_utils._hosting.clusters import Site

CLUSTERS = [{"name": "a"}, {"name": "b", "replicas": 3}]
COMMON = {"clusters": CLUSTERS, "version": "1.36.3", "endpoint": "10.77.0.11"}


@pytest.fixture
def site(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    """What the modules are connected to."""
    made = Site(tmp_path / "artifacts")
    for module in (hosted_control_plane, kine_credentials):
        monkeypatch.setattr(module, "connect", lambda *_args, **_more: made.mothership)
    # A default argument of HostedClusters: replaced where it is looked up.
    defaults = hosted_control_plane.HostedClusters.__init__.__kwdefaults__
    assert defaults is not None
    monkeypatch.setitem(defaults, "connect", made.connect)
    assert defaults["connect"] != KubeClient.from_kubeconfig_text
    return made


def run(
    module: t.Any, capsys: pytest.CaptureFixture[str], *, check_mode: bool = False, **options: t.Any
) -> dict[str, t.Any]:
    """The module's result; ``failed`` is among its keys when it failed."""
    with patch_module_args({**COMMON, **options, "_ansible_check_mode": check_mode, "_ansible_diff": True}):
        with pytest.raises(SystemExit):
            module.main()
    result: dict[str, t.Any] = json.loads(capsys.readouterr().out)
    return result


def host(site: Site, capsys: pytest.CaptureFixture[str], **options: t.Any) -> dict[str, t.Any]:
    more = {
        "database_host": "db1",
        "database_ca_certificate": "PEM",
        "kubeconfig_directory": str(site.directory),
        "wait_timeout": 5,
    }
    return run(hosted_control_plane, capsys, **{**more, **options})


def test_check_mode_makes_no_mutating_call(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    planned = host(site, capsys, check_mode=True)
    assert planned["changed"]
    assert site.mutating == []
    assert not site.directory.exists()
    # The recording is able to see a mutating call.
    run(kine_credentials, capsys)
    assert host(site, capsys)["changed"]
    assert len(site.mutating) > 50
    assert host(site, capsys, check_mode=True)["plan"] == []


def test_no_secret_in_any_result(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    shown = json.dumps(
        [run(kine_credentials, capsys), host(site, capsys), host(site, capsys, endpoint="x.example.com")]
    )
    kubeconfig = yaml.safe_load((site.directory / "a" / "kubeconfig").read_text())
    secrets = site.mothership.stored["/api/v1/namespaces/hcp-a/secrets/kine-credentials"]["data"]
    assert kubeconfig["users"][0]["user"]["client-key-data"] not in shown
    assert secrets["password"] not in shown
    assert "PRIVATE KEY" not in shown


def test_every_bad_option_is_told_before_anything_is_done(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    clusters = [{"name": "A"}, {"name": "b", "pod_cidr": "10.0.0.0/33"}]
    result = host(site, capsys, clusters=clusters)
    assert result["failed"]
    assert "clusters[0].name" in result["msg"]
    assert "clusters[1].pod_cidr" in result["msg"]
    assert len(result["problems"]) == 2
    assert site.mothership.sent == []


def test_options_are_documented_with_their_defaults() -> None:
    documented = yaml.safe_load(hosted_control_plane.DOCUMENTATION)["options"]
    specified = hosted_control_plane.argument_spec()
    for name, option in documented.items():
        assert {key: option[key] for key in specified[name]} == specified[name]
