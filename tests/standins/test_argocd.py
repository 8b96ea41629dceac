"""Argo CD: what it applies, heals, prunes and refuses, and how it reports that."""

from __future__ import annotations

from typing import Any

import pytest

from controller.apimachinery.errors import NotFound
from controller.client import DeletePropagation
from hack.standins.argocd import lua
from hack.standins.argocd.application import Application
from hack.standins.argocd.resources import APPLICATIONS, FIELD_MANAGER, FINALIZER, TRACKING
from hack.standins.crds import CRDS
from tests.standins.argocd_bed import AUTOMATED, EVERYTHING, FOLDER, KEPT, URL, ArgoCDBed, config_map
from tests.standins.cluster_bed import CONFIG_MAPS, until

ONE, TWO = f"{FOLDER}/one.yaml", f"{FOLDER}/deep/two.yaml"
# A finalizer that no program removes.
HELD = "example.com/held"


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
    [([], True), (["PruneLast=true", "PrunePropagationPolicy=background"], False)],
    ids=["by default", "with options"],
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
            argocd_bed.operation("Running", "waiting for deletion of /ConfigMap/one")
            until(lambda: _is_deleting(argocd_bed, "dependent"), "its dependent goes first")
            assert argocd_bed.get("one")
        else:
            argocd_bed.synced(revision)
            assert argocd_bed.get("dependent")
        _release(argocd_bed, "dependent")
        argocd_bed.synced(revision)


def test_a_finalizer_that_stays_holds_up_everybody_else(argocd_bed: ArgoCDBed) -> None:
    argocd_bed.commit({ONE: {**config_map("one"), "metadata": {"name": "one", "finalizers": [HELD]}}})
    with argocd_bed.running():
        argocd_bed.synced(argocd_bed.repo.head())
        argocd_bed.commit({ONE: None})
        argocd_bed.operation("Running", "waiting for deletion of /ConfigMap/one")
        revision = argocd_bed.commit({TWO: config_map("two")})
        until(lambda: argocd_bed.status()["sync"]["revision"] == revision, "the commit is seen")
        assert argocd_bed.status()["sync"]["status"] == "OutOfSync"
        assert argocd_bed.get("two") is None
        assert _resource(argocd_bed.status(), "one")["health"]["message"] == "Pending deletion"
        _release(argocd_bed, "one")
        argocd_bed.synced(revision)
        assert argocd_bed.get("two")


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


def test_one_refused_object_blocks_the_whole_folder_until_a_commit_fixes_it(argocd_bed: ArgoCDBed) -> None:
    argocd_bed.commit({ONE: {**config_map("one"), "data": {"text": {"not": "a text"}}}, TWO: config_map("two")})
    with argocd_bed.running():
        state = argocd_bed.operation("Failed", "one or more objects failed to apply (dry run)")
        [refused] = state["syncResult"]["resources"]
        assert (refused["name"], refused["status"]) == ("one", "SyncFailed")
        assert argocd_bed.get("two") is None
        argocd_bed.synced(argocd_bed.commit({ONE: config_map("one")}))
        assert argocd_bed.get("two")


def test_a_failed_sync_is_retried_up_to_its_limit(argocd_bed: ArgoCDBed) -> None:
    argocd_bed.application(retry={"limit": 2})
    wrong = {**config_map("one"), "apiVersion": "example.com/v1", "kind": "Widget"}
    revision = argocd_bed.commit({ONE: wrong})
    with argocd_bed.running():
        status = argocd_bed.said("SyncError", f"Failed last sync attempt to [{revision}]")
        assert "The Kubernetes API could not find example.com/Widget/one" in str(status["operationState"])
        argocd_bed.synced(argocd_bed.commit({ONE: config_map("one")}))


def test_a_kind_that_comes_later_is_synced_by_the_next_try(argocd_bed: ArgoCDBed) -> None:
    argocd_bed.application(retry={"limit": -1})
    kind = f"Widget{argocd_bed.namespace.rpartition('-')[2]}"
    widget = {"apiVersion": "example.com/v1", "kind": kind, "metadata": {"name": "one"}}
    argocd_bed.commit({ONE: widget})
    with argocd_bed.running():
        argocd_bed.operation("Failed", "dry run")
        argocd_bed.client.create(CRDS, _definition(kind))
        argocd_bed.synced(argocd_bed.repo.head())


@pytest.mark.parametrize(
    ("content", "words"),
    [("a: [", 'Failed to unmarshal "one.yaml"'), ("just text", 'Object "Kind" is missing')],
)
def test_a_file_that_cannot_be_read_is_named_and_nothing_is_pruned(
    argocd_bed: ArgoCDBed, content: str, words: str
) -> None:
    argocd_bed.commit({TWO: config_map("two")})
    with argocd_bed.running():
        argocd_bed.synced(argocd_bed.repo.head())
        argocd_bed.commit({ONE: content, TWO: None})
        argocd_bed.said("ComparisonError", words)
        assert argocd_bed.get("two")
        argocd_bed.synced(argocd_bed.commit({ONE: None}))


def test_a_project_says_which_kinds_and_repositories_may_be_used(argocd_bed: ArgoCDBed) -> None:
    argocd_bed.project({**EVERYTHING, "namespaceResourceBlacklist": [{"group": "*", "kind": "*"}]})
    argocd_bed.commit({ONE: config_map("one")})
    with argocd_bed.running():
        state = argocd_bed.operation("Failed", "")
        assert "Resource :ConfigMap is not permitted in project project." in str(state["syncResult"])
        argocd_bed.project({**EVERYTHING, "sourceRepos": ["https://elsewhere.example.com/*"]})
        argocd_bed.said("ComparisonError", f"application repo {URL} is not permitted in project 'project'")
    assert argocd_bed.get("one") is None


def test_a_cluster_scoped_kind_must_be_named_by_the_project(argocd_bed: ArgoCDBed) -> None:
    argocd_bed.project({**EVERYTHING, "clusterResourceWhitelist": []})
    role = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": "of-argocd"}}
    argocd_bed.commit({ONE: role})
    with argocd_bed.running():
        state = argocd_bed.operation("Failed", "")
    assert "Resource rbac.authorization.k8s.io:ClusterRole is not permitted" in str(state["syncResult"])


# Health


def test_the_scripts_of_the_settings_judge_and_the_worst_object_counts(argocd_bed: ArgoCDBed) -> None:
    script = 'return {status = obj.data.text, message = "says " .. obj.metadata.name}'
    argocd_bed.create_settings({"resource.customizations.health.ConfigMap": script})
    argocd_bed.commit({ONE: config_map("one", "Healthy"), TWO: config_map("two", "Degraded")})
    with argocd_bed.running():
        status = argocd_bed.synced(argocd_bed.repo.head())
        until(lambda: argocd_bed.status()["health"]["status"] == "Degraded", "the worst counts")
        assert _resource(argocd_bed.status(), "one")["health"] == {"status": "Healthy", "message": "says one"}
        argocd_bed.commit({TWO: config_map("two", "Suspended")})
        until(lambda: argocd_bed.status()["health"]["status"] == "Suspended", "it is better now")
    assert status["sync"]["status"] == "Synced"


def test_a_script_that_fails_leaves_health_unknown() -> None:
    for script in ("return 1 +", "return nil", "return string.format('%s', 1)", "os.exit(1)"):
        with pytest.raises(lua.ScriptError):
            lua.health(script, {})


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
    assert application.retries == 5
    assert application.prune_propagation is DeletePropagation.FOREGROUND


def _text(bed: ArgoCDBed, name: str) -> str:
    found = bed.get(name)
    return found["data"]["text"] if found else ""


def _resource(status: dict[str, Any], name: str) -> dict[str, Any]:
    return next((one for one in status["resources"] if one["name"] == name), {})


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
