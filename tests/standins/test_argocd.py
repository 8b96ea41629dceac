"""Argo CD: what it applies, heals, prunes and refuses, and how it reports that."""

from __future__ import annotations

from typing import Any

import pytest

from controller.apimachinery.errors import NotFound
from controller.client import DeletePropagation
from hack.standins.argocd import health, lua
from hack.standins.argocd.application import Application
from hack.standins.argocd.operation import Operation
from hack.standins.argocd.resources import APPLICATIONS, FIELD_MANAGER, FINALIZER, TRACKING
from hack.standins.crds import CRDS
from tests.standins.argocd_bed import AUTOMATED, EVERYTHING, FOLDER, KEPT, URL, ArgoCDBed, config_map
from tests.standins.cluster_bed import CONFIG_MAPS, until

ONE, TWO, THREE = f"{FOLDER}/one.yaml", f"{FOLDER}/deep/two.yaml", f"{FOLDER}/three.yaml"
# A finalizer that no program removes.
HELD = "example.com/held"
# The API server does not accept this type of value.
REFUSED = {**config_map("one"), "data": {"text": {"not": "a text"}}}
# Each ConfigMap says how healthy it is.
HEALTH = 'return {status = obj.data.text, message = "says " .. obj.metadata.name}'


def test_the_objects_in_the_folder_are_applied_and_marked(argocd_bed: ArgoCDBed) -> None:
    revision = argocd_bed.commit({ONE: config_map("one"), TWO: config_map("two"), f"{FOLDER}/notes.txt": "none"})
    with argocd_bed.running():
        status = argocd_bed.synced(revision)
    for name in ("one", "two"):
        found = argocd_bed.get(name)
        assert found is not None
        mark = f"{argocd_bed.namespace}:/ConfigMap:{argocd_bed.namespace}/{name}"
        assert found["metadata"]["annotations"] == {TRACKING: mark}
        assert [(m["manager"], m["operation"]) for m in found["metadata"]["managedFields"]] == [
            (FIELD_MANAGER, "Apply")
        ]
    assert [(one["kind"], one["name"], one["status"]) for one in status["resources"]] == [
        ("ConfigMap", "two", "Synced"),
        ("ConfigMap", "one", "Synced"),
    ]
    assert status["health"]["status"] == "Healthy"


def test_a_commit_is_carried_to_the_cluster(argocd_bed: ArgoCDBed) -> None:
    argocd_bed.commit({ONE: config_map("one")})
    with argocd_bed.running():
        argocd_bed.synced(argocd_bed.repo.head())
        argocd_bed.synced(argocd_bed.commit({ONE: config_map("one", "changed")}))
    assert _text(argocd_bed, "one") == "changed"


def test_a_commit_without_changed_objects_writes_none(argocd_bed: ArgoCDBed) -> None:
    argocd_bed.commit({ONE: config_map("one")})
    with argocd_bed.running():
        argocd_bed.synced(argocd_bed.repo.head())
        before = argocd_bed.get("one")
        argocd_bed.synced(argocd_bed.commit({f"{FOLDER}/notes.txt": "no manifest"}))
    assert argocd_bed.get("one") == before


def test_changes_by_others_are_reverted(argocd_bed: ArgoCDBed) -> None:
    revision = argocd_bed.commit({ONE: config_map("one")})
    with argocd_bed.running():
        argocd_bed.synced(revision)
        argocd_bed.client.patch(CONFIG_MAPS, "one", {"data": {"text": "drifted"}}, namespace=argocd_bed.namespace)
        until(lambda: _text(argocd_bed, "one") == "one", "the drift is gone")
        argocd_bed.client.delete(CONFIG_MAPS, "one", namespace=argocd_bed.namespace)
        until(lambda: argocd_bed.get("one"), "it is back")


def test_without_self_heal_drift_stays_and_shows(argocd_bed: ArgoCDBed) -> None:
    argocd_bed.application(automated={**AUTOMATED, "selfHeal": False})
    revision = argocd_bed.commit({ONE: config_map("one")})
    with argocd_bed.running():
        argocd_bed.synced(revision)
        argocd_bed.client.patch(CONFIG_MAPS, "one", {"data": {"text": "drifted"}}, namespace=argocd_bed.namespace)
        until(lambda: argocd_bed.status()["sync"]["status"] == "OutOfSync", "the drift shows")
        assert _text(argocd_bed, "one") == "drifted"


def test_fields_that_others_add_are_kept(argocd_bed: ArgoCDBed) -> None:
    revision = argocd_bed.commit({ONE: config_map("one")})
    with argocd_bed.running():
        argocd_bed.synced(revision)
        body = {"metadata": {"finalizers": [HELD], "labels": {"added": "yes"}}}
        argocd_bed.client.patch(CONFIG_MAPS, "one", body, namespace=argocd_bed.namespace)
        argocd_bed.synced(argocd_bed.commit({TWO: config_map("two")}))
        found = argocd_bed.get("one")
        assert found is not None
        assert found["metadata"]["labels"] == {"added": "yes"}
        _release(argocd_bed, "one")


# Pruning


def test_objects_that_leave_the_folder_are_pruned_and_foreign_ones_stay(argocd_bed: ArgoCDBed) -> None:
    argocd_bed.client.create(CONFIG_MAPS, config_map("foreign"), namespace=argocd_bed.namespace)
    argocd_bed.commit({ONE: config_map("one"), TWO: config_map("two")})
    with argocd_bed.running():
        argocd_bed.synced(argocd_bed.repo.head())
        argocd_bed.synced(argocd_bed.commit({ONE: None}))
        assert argocd_bed.get("one") is None
        assert argocd_bed.get("two")
        assert argocd_bed.get("foreign")


@pytest.mark.parametrize(
    ("options", "waits"),
    [([], True), (["PrunePropagationPolicy=background"], False)],
    ids=["by default", "with the option"],
)
def test_pruning_is_in_the_foreground_unless_an_option_changes_it(
    argocd_bed: ArgoCDBed, options: list[str], waits: bool
) -> None:
    argocd_bed.application(syncOptions=options)
    argocd_bed.commit({ONE: config_map("one")})
    with argocd_bed.running():
        argocd_bed.synced(argocd_bed.repo.head())
        _own(argocd_bed, owner="one", name="dependent")
        revision = argocd_bed.commit({ONE: None})
        if waits:
            until(lambda: _is_deleting(argocd_bed, "dependent"), "its dependent goes first")
            assert argocd_bed.get("one")
        else:
            argocd_bed.synced(revision)
            assert argocd_bed.get("dependent")
        _release(argocd_bed, "dependent")
        argocd_bed.synced(revision)


def test_a_finalizer_that_stays_holds_up_no_other_object(argocd_bed: ArgoCDBed) -> None:
    argocd_bed.commit({ONE: {**config_map("one"), "metadata": {"name": "one", "finalizers": [HELD]}}})
    with argocd_bed.running():
        argocd_bed.synced(argocd_bed.repo.head())
        argocd_bed.commit({ONE: None})
        until(lambda: _is_deleting(argocd_bed, "one"), "it is being deleted")
        revision = argocd_bed.commit({TWO: config_map("two")})
        until(lambda: argocd_bed.get("two"), "the other one is applied")
        argocd_bed.operation("Succeeded", "successfully synced (all tasks run)")
        status = argocd_bed.status()
        assert (status["sync"]["status"], status["health"]["status"]) == ("OutOfSync", "Progressing")
        assert _resource(status, "one")["requiresPruning"]
        _release(argocd_bed, "one")
        argocd_bed.synced(revision)


def test_prune_last_waits_until_every_other_object_is_healthy(argocd_bed: ArgoCDBed) -> None:
    argocd_bed.create_settings({"resource.customizations.health.ConfigMap": HEALTH})
    argocd_bed.application(syncOptions=["PruneLast=true"], retry={"limit": 0})
    argocd_bed.commit({ONE: config_map("one", "Healthy"), TWO: config_map("two", "Healthy")})
    with argocd_bed.running():
        argocd_bed.synced(argocd_bed.repo.head())
        argocd_bed.commit({ONE: None, TWO: config_map("two", "Suspended")})
        argocd_bed.operation("Running", "waiting for healthy state of /ConfigMap/two")
        assert argocd_bed.get("one")
        _say(argocd_bed, "two", "Degraded")
        argocd_bed.operation("Failed", "one or more synchronization tasks completed unsuccessfully")
        assert argocd_bed.get("one")
        argocd_bed.synced(argocd_bed.commit({TWO: config_map("two", "Healthy")}))
        assert argocd_bed.get("one") is None


def test_the_last_object_is_pruned_only_where_the_application_may_be_empty(argocd_bed: ArgoCDBed) -> None:
    argocd_bed.application(automated={"prune": True, "selfHeal": True})
    argocd_bed.commit({ONE: config_map("one")})
    with argocd_bed.running():
        argocd_bed.synced(argocd_bed.repo.head())
        revision = argocd_bed.commit({ONE: None})
        argocd_bed.said("SyncError", f"Skipping sync attempt to [{revision}]: auto-sync will wipe out all resources")
        assert argocd_bed.get("one")
        body = {"spec": {"syncPolicy": {"automated": {"allowEmpty": True}}}}
        argocd_bed.client.patch(APPLICATIONS, argocd_bed.namespace, body, namespace=argocd_bed.namespace)
        argocd_bed.synced(revision)
        assert argocd_bed.get("one") is None
        assert argocd_bed.status()["conditions"] == []


def test_a_folder_that_git_has_dropped_is_an_error_and_prunes_nothing(argocd_bed: ArgoCDBed) -> None:
    argocd_bed.commit({ONE: config_map("one")})
    with argocd_bed.running():
        argocd_bed.synced(argocd_bed.repo.head())
        argocd_bed.commit({ONE: None, KEPT: None})
        status = argocd_bed.said("ComparisonError", f"{FOLDER}: app path does not exist")
        assert status["sync"]["status"] == "Unknown"
        assert argocd_bed.get("one")


def test_without_prune_what_left_the_folder_stays_and_shows(argocd_bed: ArgoCDBed) -> None:
    argocd_bed.application(automated={"selfHeal": True})
    argocd_bed.commit({ONE: config_map("one"), TWO: config_map("two")})
    with argocd_bed.running():
        argocd_bed.synced(argocd_bed.repo.head())
        argocd_bed.commit({ONE: None})
        until(lambda: _resource(argocd_bed.status(), "one").get("requiresPruning"), "it shows")
        assert argocd_bed.get("one")


@pytest.mark.parametrize("finalizers", [[FINALIZER], []], ids=["with its finalizer", "without one"])
def test_a_deleted_application_takes_its_objects_along_only_with_its_finalizer(
    argocd_bed: ArgoCDBed, finalizers: list[str]
) -> None:
    argocd_bed.application(finalizers=finalizers)
    argocd_bed.commit({ONE: config_map("one")})
    with argocd_bed.running():
        argocd_bed.synced(argocd_bed.repo.head())
        argocd_bed.client.delete(APPLICATIONS, argocd_bed.namespace, namespace=argocd_bed.namespace)
        until(lambda: not _exists(argocd_bed), "it is gone")
    assert (argocd_bed.get("one") is None) is bool(finalizers)


# What goes wrong


def test_a_refused_object_fails_the_sync_but_all_others_are_synced(argocd_bed: ArgoCDBed) -> None:
    argocd_bed.commit({TWO: config_map("two")})
    with argocd_bed.running():
        argocd_bed.synced(argocd_bed.repo.head())
        argocd_bed.application(retry={"limit": 0})
        argocd_bed.commit({ONE: REFUSED, THREE: config_map("three"), TWO: None})
        state = argocd_bed.operation("Failed", "one or more synchronization tasks completed unsuccessfully, reason: ")
        results = {one["name"]: one["status"] for one in state["syncResult"]["resources"]}
        assert results == {"one": "SyncFailed", "two": "Pruned", "three": "Synced"}
        assert argocd_bed.get("three")
        assert argocd_bed.get("two") is None


def test_with_prune_last_a_refused_object_keeps_all_others_from_being_pruned(argocd_bed: ArgoCDBed) -> None:
    argocd_bed.commit({TWO: config_map("two")})
    with argocd_bed.running():
        argocd_bed.synced(argocd_bed.repo.head())
        argocd_bed.application(syncOptions=["PruneLast=true"], retry={"limit": 0})
        argocd_bed.commit({ONE: REFUSED, THREE: config_map("three"), TWO: None})
        argocd_bed.operation("Failed", "one or more synchronization tasks completed unsuccessfully, reason: ")
        assert argocd_bed.get("three")
        assert argocd_bed.get("two")


def test_an_unknown_field_of_an_existing_object_stops_everything(argocd_bed: ArgoCDBed) -> None:
    argocd_bed.commit({ONE: config_map("one"), TWO: config_map("two")})
    with argocd_bed.running():
        argocd_bed.synced(argocd_bed.repo.head())
        argocd_bed.commit({ONE: {**config_map("one"), "extra": 1}, TWO: None, THREE: config_map("three")})
        status = argocd_bed.said("ComparisonError", ".extra: field not declared in schema")
        assert status["sync"]["status"] == "Unknown"
        assert argocd_bed.get("two")
        assert argocd_bed.get("three") is None
        argocd_bed.synced(argocd_bed.commit({ONE: None}))


def test_a_failed_sync_is_retried_up_to_its_limit(argocd_bed: ArgoCDBed) -> None:
    argocd_bed.application(retry={"limit": 2})
    wrong = {**config_map("one"), "apiVersion": "example.com/v1", "kind": "Widget"}
    revision = argocd_bed.commit({ONE: wrong})
    with argocd_bed.running():
        status = argocd_bed.said("SyncError", f"Failed last sync attempt to [{revision}]")
        why = "one or more synchronization tasks are not valid: the server could not find the requested resource"
        assert status["operationState"]["message"] == f"{why} (retried 2 times)."
        argocd_bed.synced(argocd_bed.commit({ONE: config_map("one")}))


def test_another_commit_waits_for_the_next_try_of_a_failed_sync(argocd_bed: ArgoCDBed) -> None:
    argocd_bed.application(retry={"limit": 2, "backoff": {"duration": "5m", "maxDuration": "5m"}})
    first = argocd_bed.commit({ONE: REFUSED})
    with argocd_bed.running(longest_backoff=300.0):
        argocd_bed.operation("Running", "one or more objects failed to apply, reason: ")
        second = argocd_bed.commit({ONE: config_map("one")})
        until(lambda: argocd_bed.status()["sync"]["revision"] == second, "the commit is seen")
        state = argocd_bed.operation("Running", "Retrying attempt #1 at ")
        assert state["syncResult"]["revision"] == first
        assert argocd_bed.get("one") is None


@pytest.mark.parametrize(("refresh", "revision"), [(True, "second"), (False, "first")])
def test_a_failed_sync_takes_the_newest_commit_only_with_refresh(refresh: bool, revision: str) -> None:
    application = Application({"spec": {"syncPolicy": {"retry": {"limit": 1, "refresh": refresh}}}})
    operation = Operation(application, "first", ())
    operation.retry("second", ())
    assert operation.revision == revision


def test_an_object_that_kubectl_cannot_decode_stops_everything(argocd_bed: ArgoCDBed) -> None:
    wrong = config_map("one")
    wrong["metadata"]["labels"] = {"number": 1}
    argocd_bed.application(retry={"limit": 0})
    argocd_bed.commit({ONE: wrong, TWO: config_map("two")})
    with argocd_bed.running():
        state = argocd_bed.operation("Failed", "one or more objects failed to apply (dry run)")
        assert [one["name"] for one in state["syncResult"]["resources"]] == ["one"]
        assert argocd_bed.get("two") is None


def test_a_kind_that_comes_later_is_synced_by_the_next_try(argocd_bed: ArgoCDBed) -> None:
    argocd_bed.application(retry={"limit": -1})
    kind = f"Widget{argocd_bed.namespace.rpartition('-')[2]}"
    widget = {"apiVersion": "example.com/v1", "kind": kind, "metadata": {"name": "one"}}
    argocd_bed.commit({ONE: widget})
    with argocd_bed.running():
        argocd_bed.operation("Running", "one or more synchronization tasks are not valid")
        argocd_bed.client.create(CRDS, _definition(kind))
        argocd_bed.synced(argocd_bed.repo.head())


def test_a_broken_manifest_is_named_and_nothing_is_pruned(argocd_bed: ArgoCDBed) -> None:
    argocd_bed.commit({TWO: config_map("two")})
    with argocd_bed.running():
        argocd_bed.synced(argocd_bed.repo.head())
        argocd_bed.commit({ONE: "apiVersion: v1\nkind: ConfigMap\nmetadata: {", TWO: None})
        argocd_bed.said("ComparisonError", 'Failed to unmarshal "one.yaml"')
        assert argocd_bed.get("two")
        argocd_bed.synced(argocd_bed.commit({ONE: None}))


def test_an_error_of_the_repository_shows_only_after_a_while(argocd_bed: ArgoCDBed) -> None:
    argocd_bed.commit({ONE: config_map("one")})
    with argocd_bed.running(grace=1.0):
        revision = argocd_bed.repo.head()
        argocd_bed.synced(revision)
        argocd_bed.commit({ONE: None, KEPT: None})
        seen = until(lambda: [s for s in [argocd_bed.status()] if s["sync"]["status"] == "Unknown"], "it shows")
        assert "app path does not exist" in seen[0]["conditions"][0]["message"]
        assert argocd_bed.get("one")


@pytest.mark.parametrize("content", ["a: [", "just text"])
def test_a_broken_file_that_looks_like_no_manifest_is_ignored(argocd_bed: ArgoCDBed, content: str) -> None:
    argocd_bed.commit({ONE: config_map("one"), TWO: config_map("two")})
    with argocd_bed.running():
        argocd_bed.synced(argocd_bed.repo.head())
        argocd_bed.synced(argocd_bed.commit({ONE: content}))
        assert argocd_bed.get("one") is None
        assert argocd_bed.get("two")


def test_a_project_says_which_kinds_and_repositories_may_be_used(argocd_bed: ArgoCDBed) -> None:
    argocd_bed.project({**EVERYTHING, "namespaceResourceBlacklist": [{"group": "*", "kind": "*"}]})
    argocd_bed.commit({ONE: config_map("one")})
    with argocd_bed.running():
        state = argocd_bed.operation("Running", "resource :ConfigMap is not permitted in project project")
        assert [one["status"] for one in state["syncResult"]["resources"]] == ["SyncFailed"]
        argocd_bed.project({**EVERYTHING, "sourceRepos": ["https://elsewhere.example.com/*"]})
        argocd_bed.said("ComparisonError", f"application repo {URL} is not permitted in project 'project'")
    assert argocd_bed.get("one") is None


def test_a_cluster_scoped_kind_must_be_named_by_the_project(argocd_bed: ArgoCDBed) -> None:
    argocd_bed.project({**EVERYTHING, "clusterResourceWhitelist": []})
    role = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": "of-argocd"}}
    argocd_bed.commit({ONE: role})
    with argocd_bed.running():
        argocd_bed.operation("Running", "resource rbac.authorization.k8s.io:ClusterRole is not permitted")


# Health


def test_the_scripts_of_the_settings_judge_and_the_worst_object_counts(argocd_bed: ArgoCDBed) -> None:
    argocd_bed.create_settings({"resource.customizations.health.ConfigMap": HEALTH})
    argocd_bed.commit({ONE: config_map("one", "Healthy"), TWO: config_map("two", "Degraded")})
    with argocd_bed.running():
        status = argocd_bed.synced(argocd_bed.repo.head())
        until(lambda: argocd_bed.status()["health"]["status"] == "Degraded", "the worst counts")
        # Argo CD 3 keeps the health of each object to itself.
        assert not any("health" in one for one in status["resources"])
        argocd_bed.commit({TWO: config_map("two", "Suspended")})
        until(lambda: argocd_bed.status()["health"]["status"] == "Suspended", "it is better now")
    assert status["sync"]["status"] == "Synced"


def test_a_script_that_fails_leaves_health_unknown() -> None:
    for script in ("return 1 +", "return 1", "return string.format('%s', 1)", "os.exit(1)"):
        with pytest.raises(lua.ScriptError):
            lua.health(script, {})


@pytest.mark.parametrize(
    ("script", "judged"),
    [
        ("return nil", None),
        ('return {status = "Fine"}', ("Unknown", "Lua returned an invalid health status")),
        ('return {status = "Healthy"}', ("Healthy", "")),
    ],
)
def test_only_a_known_state_counts_as_health(script: str, judged: tuple[str, str] | None) -> None:
    assert health.of(config_map("one"), {"resource.customizations.health.ConfigMap": script}) == judged


# Policies


@pytest.mark.parametrize(
    ("retry", "pauses"),
    [
        (None, [5, 10, 20, 40, 80, 160, 180]),
        ({"backoff": {"duration": "1m", "maxDuration": "3m"}}, [60, 120, 180]),
        ({"backoff": {"duration": "2", "factor": 3}}, [2, 6, 18]),
    ],
)
def test_pauses_grow_up_to_their_limit(retry: Any, pauses: list[float]) -> None:
    spec = {"syncPolicy": {"retry": retry}} if retry else {}
    application = Application({"spec": spec})
    assert [application.pause(number) for number in range(1, len(pauses) + 1)] == pauses
    assert application.retries == (0 if retry else 5)
    assert application.prune_propagation is DeletePropagation.FOREGROUND


def _text(bed: ArgoCDBed, name: str) -> str:
    found = bed.get(name)
    return found["data"]["text"] if found else ""


def _resource(status: dict[str, Any], name: str) -> dict[str, Any]:
    return next((one for one in status["resources"] if one["name"] == name), {})


def _say(bed: ArgoCDBed, name: str, health: str) -> None:
    bed.client.patch(CONFIG_MAPS, name, {"data": {"text": health}}, namespace=bed.namespace)


def _release(bed: ArgoCDBed, name: str) -> None:
    body = {"metadata": {"finalizers": None}}
    bed.client.patch(CONFIG_MAPS, name, body, namespace=bed.namespace)


def _own(bed: ArgoCDBed, *, owner: str, name: str) -> None:
    """Return a ConfigMap with an owner and a finalizer that no program removes."""
    found = bed.get(owner)
    assert found is not None
    reference = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "name": owner,
        "uid": found["metadata"]["uid"],
        "blockOwnerDeletion": True,
    }
    obj = config_map(name)
    obj["metadata"] |= {"finalizers": [HELD], "ownerReferences": [reference]}
    bed.client.create(CONFIG_MAPS, obj, namespace=bed.namespace)


def _is_deleting(bed: ArgoCDBed, name: str) -> bool:
    found = bed.get(name)
    return found is not None and "deletionTimestamp" in found["metadata"]


def _exists(bed: ArgoCDBed) -> bool:
    try:
        bed.client.get(APPLICATIONS, bed.namespace, namespace=bed.namespace)
    except NotFound:
        return False
    return True


def _definition(kind: str) -> dict[str, Any]:
    plural = f"{kind.lower()}s"
    schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    version = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}
    names = {"kind": kind, "listKind": f"{kind}List", "plural": plural, "singular": kind.lower()}
    return {
        "apiVersion": CRDS.api_version,
        "kind": CRDS.kind,
        "metadata": {"name": f"{plural}.example.com"},
        "spec": {"group": "example.com", "scope": "Namespaced", "names": names, "versions": [version]},
    }
