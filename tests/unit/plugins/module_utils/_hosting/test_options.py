# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
import yaml
from ansible_collections.mothership.hcp.plugins.doc_fragments.hosted_clusters import ModuleDocFragment
from ansible_collections.mothership.hcp.plugins.module_utils._controlplane.spec import ClusterSpec
from ansible_collections.mothership.hcp.plugins.module_utils._core.errors import HcpError
from ansible_collections.mothership.hcp.plugins.module_utils._hosting.options import (
    CLUSTER_ARGUMENTS,
    DEFINITION_ARGUMENTS,
    clusters_of,
    surroundings_of,
)

BASE = {"clusters": [{"name": "a"}], "version": "1.36.3", "endpoint": "10.77.0.11"}


def test_options_become_definitions() -> None:
    (spec,) = clusters_of({**BASE, "advertise_address": "10.77.0.12"})
    assert (spec.endpoint, spec.advertise_address) == ("10.77.0.11", "10.77.0.12")


def test_an_advertised_name_of_an_inventory_is_no_address() -> None:
    assert surroundings_of({**BASE, "advertise_address": "ms1.example.com"}).advertise_address is None


def test_networks_of_the_mothership_are_respected() -> None:
    with pytest.raises(HcpError, match=r"clusters\[0\]\.pod_cidr"):
        clusters_of({**BASE, "mothership_networks": ["10.245.0.0/24"]})


def test_every_option_of_a_definition_is_an_option_of_the_modules() -> None:
    assert set(CLUSTER_ARGUMENTS) == set(ClusterSpec.__dataclass_fields__)


def test_the_fragment_documents_what_the_modules_take() -> None:
    documented = yaml.safe_load(ModuleDocFragment.DOCUMENTATION)["options"]
    assert set(documented) == set(DEFINITION_ARGUMENTS)
    suboptions = documented["clusters"]["suboptions"]
    assert set(suboptions) == set(CLUSTER_ARGUMENTS)
    for name, argument in CLUSTER_ARGUMENTS.items():
        shown = {key: suboptions[name][key] for key in argument}
        assert shown == argument
