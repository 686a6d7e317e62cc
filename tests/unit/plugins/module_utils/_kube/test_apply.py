# Copyright: (c) 2026, the mothership.hcp authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import copy
import typing as t

import pytest
from ansible_collections.mothership.hcp.plugins.module_utils._core.errors import HcpError, InvalidInput, ManyProblems
from ansible_collections.mothership.hcp.plugins.module_utils._core.plan import Plan
from ansible_collections.mothership.hcp.plugins.module_utils._core.progress import Deadline, Progress
from ansible_collections.mothership.hcp.plugins.module_utils._kube import repeat
from ansible_collections.mothership.hcp.plugins.module_utils._kube.apply import (
    PruneScope,
    apply_objects,
    remove_objects,
)
from ansible_collections.mothership.hcp.plugins.module_utils._kube.client import ApiError, Unreachable

from tests.unit.plugins.module_utils._kube.fake_api import FakeApi, config_map

NAMESPACE: dict[str, t.Any] = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}}


def apply(api: FakeApi | None, *objects: dict[str, t.Any], check_mode: bool = False, **more: t.Any) -> Plan:
    return apply_objects(
        t.cast(t.Any, api), objects, check_mode=check_mode, deadline=Deadline(5), progress=Progress(), **more
    )


def actions(plan: Plan) -> list[tuple[str, str]]:
    return [(change.action, change.target) for change in plan.changes]


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(repeat, "_FIRST_PAUSE", 0.001)
    monkeypatch.setattr(repeat, "_LONGEST_PAUSE", 0.001)


def test_creates_what_is_missing_and_sends_nothing_the_second_time() -> None:
    api = FakeApi()
    objects = [NAMESPACE, *(config_map(f"settings-{i}", colour="red") for i in range(100))]
    assert len(apply(api, *objects).changes) == 101
    api.sent.clear()
    assert not apply(api, *objects)
    assert [method for method, _path, _query in api.sent] == ["GET", "GET"]


def test_check_mode_makes_no_mutating_request() -> None:
    api = FakeApi(config_map("old", colour="red") | {"metadata": {"name": "old", "namespace": "shop"}})
    plan = apply(api, NAMESPACE, config_map("new"), config_map("old", colour="blue"), check_mode=True)
    assert [action for action, _target in actions(plan)] == ["create", "create", "update"]
    assert api.mutating == []
    # The same recording does see a run that is not in check mode.
    apply(api, NAMESPACE, config_map("new"))
    assert len(api.mutating) == 2


def test_check_mode_and_run_plan_the_same() -> None:
    objects = [NAMESPACE, config_map("a", colour="red"), config_map("b")]
    api = FakeApi(config_map("a", colour="green"))
    planned, done = apply(api, *objects, check_mode=True), apply(api, *objects)
    assert actions(planned) == actions(done)
    assert [change.after for change in planned.changes] == [change.after for change in done.changes]


def test_without_a_server_everything_is_created() -> None:
    custom = {"apiVersion": "example.org/v1", "kind": "Shop", "metadata": {"name": "x", "namespace": "shop"}}
    plan = apply(None, custom, config_map("a"), NAMESPACE, check_mode=True)
    assert actions(plan) == [
        ("create", "Namespace/shop"),
        ("create", "ConfigMap/shop/a"),
        ("create", "Shop/shop/x"),
    ]


def test_drift_in_an_applied_field_is_found_and_mended() -> None:
    api = FakeApi()
    wanted = config_map("a", colour="red")
    wanted["metadata"]["labels"] = {"app": "shop"}
    apply(api, wanted)
    path = "/api/v1/namespaces/shop/configmaps/a"
    for edit in (
        lambda obj: obj["data"].update(colour="blue"),
        lambda obj: obj["metadata"]["labels"].pop("app"),
        lambda obj: obj["data"].clear(),
    ):
        edit(api.stored[path])
        plan = apply(api, wanted)
        assert actions(plan) == [("update", "ConfigMap/shop/a")]
        assert plan.changes[0].before != plan.changes[0].after
        assert not apply(api, wanted)


def test_what_others_added_stays_and_is_no_drift() -> None:
    api = FakeApi()
    apply(api, config_map("a", colour="red"))
    stored = api.stored["/api/v1/namespaces/shop/configmaps/a"]
    stored["data"]["size"] = "large"
    stored["metadata"]["labels"] = {"team": "blue"}
    assert not apply(api, config_map("a", colour="red"))
    assert stored["data"] == {"colour": "red", "size": "large"}


def test_a_field_that_is_no_longer_desired_is_removed() -> None:
    api = FakeApi()
    apply(api, config_map("a", colour="red", size="small"))
    plan = apply(api, config_map("a", colour="red"))
    assert actions(plan) == [("update", "ConfigMap/shop/a")]
    assert api.stored["/api/v1/namespaces/shop/configmaps/a"]["data"] == {"colour": "red"}


def test_a_value_that_the_server_writes_differently_is_no_change() -> None:
    api = FakeApi()
    api.defaults["ConfigMap"] = lambda obj: obj["data"].update(colour=obj["data"]["colour"].upper())
    apply(api, config_map("a", colour="red"))
    assert not apply(api, config_map("a", colour="red"))
    assert not apply(api, config_map("a", colour="red"), check_mode=True)


def test_secrets_are_fingerprints_in_the_plan() -> None:
    secret = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "s", "namespace": "shop"},
        "stringData": {"password": "correct horse"},
    }
    api = FakeApi()
    for value in ("correct horse", "battery staple"):
        text = repr(apply(api, {**secret, "stringData": {"password": value}}).result())
        assert "sha256:" in text
        assert value not in text
        assert "Y29ycmVjdCBob3JzZQ" not in text
    assert "stringData" not in api.stored["/api/v1/namespaces/shop/secrets/s"]


def test_an_error_about_a_secret_does_not_quote_it() -> None:
    api = FakeApi()
    api.failures.append(("PATCH", ApiError(422, "Invalid", 'data.x: invalid value "correct horse"')))
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "stringData": {"x": "correct horse"}}
    with pytest.raises(HcpError) as caught:
        apply(api, secret)
    assert "correct horse" not in str(caught.value)
    assert "Secret/default/s" in str(caught.value)


def test_waves() -> None:
    api = FakeApi()
    deployment = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web", "namespace": "shop"}}
    service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web", "namespace": "shop"}}
    account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "web", "namespace": "shop"}}
    apply(api, deployment, service, config_map("a"), account, NAMESPACE)
    assert [path.rsplit("/", 2)[1] for method, path in api.mutating] == [
        "namespaces",
        "serviceaccounts",
        "configmaps",
        "services",
        "deployments",
    ]


def test_input_is_not_changed() -> None:
    wanted = config_map("a", colour="red")
    before = copy.deepcopy(wanted)
    apply(FakeApi(), wanted)
    assert wanted == before


@pytest.mark.parametrize(
    ("objects", "text"),
    [
        ([config_map("a"), {"kind": "ConfigMap", "metadata": {"name": "b"}}], r"objects\[1\]: apiVersion is missing"),
        ([{"apiVersion": "v1", "metadata": {"name": "b"}}], r"objects\[0\]: kind is missing"),
        ([{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {}}], r"objects\[0\]: ConfigMap has no metadata.name"),
        ([{"apiVersion": "v1", "kind": "ConfigMap"}], r"objects\[0\]: ConfigMap has no metadata.name"),
        ([config_map("a"), config_map("b"), config_map("a")], r"objects\[2\]: .*already given by objects\[0\]"),
        (["text"], r"objects\[0\]: not a mapping"),
    ],
)
def test_input_that_cannot_be_used_is_named(objects: list[t.Any], text: str) -> None:
    api = FakeApi()
    with pytest.raises(InvalidInput, match=text):
        apply(api, *objects)
    assert api.mutating == []


def test_all_problems_of_the_input_are_told_at_once() -> None:
    with pytest.raises(ManyProblems, match=r"(?s)2 of 3 objects.*objects\[0\].*objects\[2\]"):
        apply(FakeApi(), {"kind": "A"}, config_map("a"), {"apiVersion": "v1"})


def test_an_unknown_kind_is_told() -> None:
    custom = {"apiVersion": "example.org/v1", "kind": "Shop", "metadata": {"name": "x"}}
    with pytest.raises(InvalidInput, match=r"objects\[0\]: the API server does not serve Shop of example.org/v1"):
        apply(FakeApi(), custom)


@pytest.mark.parametrize(
    "error",
    [
        ApiError(409, "Conflict", "the object has been modified"),
        ApiError(403, "Forbidden", "not yet ready to handle request"),
        ApiError(404, "NotFound", "the server could not find the requested resource"),
        ApiError(500, "InternalError", "etcdserver: request timed out"),
        Unreachable("refused"),
    ],
)
def test_what_passes_is_repeated(error: Exception) -> None:
    api = FakeApi()
    api.failures = [("PATCH", error), ("GET", error)]
    assert actions(apply(api, config_map("a"))) == [("create", "ConfigMap/shop/a")]


def test_what_does_not_pass_is_told_with_a_remedy() -> None:
    api = FakeApi()
    api.failures.append(("PATCH", ApiError(422, "Invalid", "spec.selector: field is immutable")))
    with pytest.raises(ApiError, match=r"ConfigMap/shop/a: .*immutable.*To fix: .*delete the object"):
        apply(api, config_map("a"))
    api.failures.append(("PATCH", ApiError(404, "NotFound", 'namespaces "shop" not found')))
    with pytest.raises(ApiError, match="To fix: create the namespace shop"):
        apply(api, config_map("a"))


def test_an_object_that_the_server_cannot_read_is_not_sent_again() -> None:
    api = FakeApi()
    api.failures = [("PATCH", ApiError(500, "InternalError", "failed to create typed patch object (x)"))]
    with pytest.raises(ApiError, match="ConfigMap/shop/a: failed to create typed patch object"):
        apply(api, config_map("a"))
    assert api.requests["PATCH"] == 1


def test_several_failures_are_told_together() -> None:
    api = FakeApi()
    api.failures = [("PATCH", ApiError(422, "Invalid", "first")), ("PATCH", ApiError(422, "Invalid", "second"))]
    with pytest.raises(ManyProblems, match=r"(?s)first.*second"):
        apply(api, config_map("a"), config_map("b"), config_map("c"), threads=1)


def test_prune_deletes_what_has_the_label_and_is_not_desired() -> None:
    def labelled(name: str, **more: t.Any) -> dict[str, t.Any]:
        obj = config_map(name)
        obj["metadata"] = {**obj["metadata"], "labels": {"part-of": "shop"}, **more}
        return obj

    owned = labelled("owned", ownerReferences=[{"controller": True, "name": "x"}])
    api = FakeApi(labelled("old"), config_map("unlabelled"), owned, labelled("elsewhere", namespace="other"))
    scope = PruneScope("part-of=shop", (("v1", "ConfigMap"), ("example.org/v1", "Unknown")), ("shop",))
    planned = apply(api, labelled("new"), prune=scope, check_mode=True)
    assert api.mutating == []
    done = apply(api, labelled("new"), prune=scope)
    assert actions(planned) == actions(done) == [("create", "ConfigMap/shop/new"), ("delete", "ConfigMap/shop/old")]
    names = {obj["metadata"]["name"] for obj in api.stored.values()}
    assert names == {"new", "unlabelled", "owned", "elsewhere"}
    assert not apply(api, labelled("new"), prune=scope)


def test_remove_deletes_what_exists_in_reverse_order() -> None:
    api = FakeApi()
    deployment = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web", "namespace": "shop"}}
    apply(api, NAMESPACE, config_map("a"), deployment)
    api.sent.clear()
    objects = [NAMESPACE, config_map("a"), config_map("missing"), deployment]
    more: dict[str, t.Any] = {"deadline": Deadline(5), "progress": Progress()}
    planned = remove_objects(t.cast(t.Any, api), objects, check_mode=True, **more)
    assert api.mutating == []
    done = remove_objects(t.cast(t.Any, api), objects, check_mode=False, **more)
    expected = [("delete", "Deployment/shop/web"), ("delete", "ConfigMap/shop/a"), ("delete", "Namespace/shop")]
    assert actions(planned) == actions(done) == expected
    assert not remove_objects(t.cast(t.Any, api), objects, check_mode=False, **more)


def test_what_is_being_deleted_counts_as_absent_and_is_waited_for() -> None:
    leaving = copy.deepcopy(NAMESPACE)
    leaving["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    api = FakeApi(leaving)
    assert actions(apply(api, NAMESPACE, check_mode=True)) == [("create", "Namespace/shop")]
    said: list[str] = []

    class Listening(Progress):
        def say(self, subject: str, text: str) -> None:
            said.append(f"{subject}: {text}")
            api.stored.clear()

    api.watches = [[{"type": "DELETED", "object": leaving}]]
    plan = apply_objects(t.cast(t.Any, api), [NAMESPACE], check_mode=False, deadline=Deadline(5), progress=Listening())
    assert actions(plan) == [("create", "Namespace/shop")]
    assert said[0].startswith("Namespace/shop is being deleted")
