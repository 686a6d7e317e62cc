# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import yaml
from ansible_collections.mothership.hcp.plugins.module_utils._controlplane import api_server

from .planes import plane


def flags(**changed: object) -> dict[str, str]:
    return dict(text.removeprefix("--").split("=", 1) for text in api_server.arguments(plane(**changed)))


def test_the_outside_port_is_the_inside_port() -> None:
    assert flags()["secure-port"] == "30001"
    assert flags()["advertise-address"] == "10.77.0.11"
    assert api_server.container(plane())["ports"][0]["containerPort"] == 30001


def test_user_flags_come_over_defaults_and_are_written_as_the_flag_wants_them() -> None:
    given = flags(
        api_server_extra_args={
            "profiling": True,
            "v": 4,
            "enable-admission-plugins": ["PodNodeSelector", "NodeRestriction"],
            "feature-gates": "A=true,B=false",
        }
    )
    assert (given["profiling"], given["v"], given["feature-gates"]) == ("true", "4", "A=true,B=false")
    assert given["enable-admission-plugins"] == "NodeRestriction,PodNodeSelector"


def test_the_arguments_have_one_order() -> None:
    assert api_server.arguments(plane()) == api_server.arguments(plane())


def test_anonymous_access_is_limited_to_probes_and_discovery() -> None:
    document = yaml.safe_load(api_server.config_map(plane())["data"]["authentication.yaml"])
    paths = [condition["path"] for condition in document["anonymous"]["conditions"]]
    assert paths == ["/livez", "/readyz", "/healthz", "/api/v1/namespaces/kube-public/configmaps/cluster-info"]


def test_the_egress_selector_leaves_the_datastore_alone() -> None:
    document = yaml.safe_load(api_server.config_map(plane())["data"]["egress.yaml"])
    assert document["apiVersion"] == "apiserver.k8s.io/v1beta1"
    assert [selection["name"] for selection in document["egressSelections"]] == ["cluster", "controlplane"]


def test_a_database_outage_restarts_nothing() -> None:
    container = api_server.container(plane())
    assert container["livenessProbe"]["httpGet"]["path"] == "/livez?exclude=etcd"
    assert container["readinessProbe"]["httpGet"]["path"] == "/readyz"
    assert min(container[f"{name}Probe"]["timeoutSeconds"] for name in ("startup", "readiness", "liveness")) >= 5
