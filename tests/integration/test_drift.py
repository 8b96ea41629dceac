"""What others do to our HelmRelease is put right."""

from __future__ import annotations

from typing import Any

from controller.api.helm_operator import HELM_RELEASES
from controller.apimachinery.resources import NAMESPACES
from tests.integration.support.controllers import ThreadedController
from tests.integration.support.engines import Engine
from tests.integration.support.environments import RELEASE, Environment, Environments, tag
from tests.integration.support.fixtures import StartController
from tests.integration.support.waiting import eventually

LABELS = {
    "app.kubernetes.io/instance": RELEASE,
    "app.kubernetes.io/managed-by": "tronador.stakater.com",
}


def release_of(environment: Environment) -> dict[str, Any]:
    release = environment.helm_release()
    return release or {"metadata": {}, "spec": {}}


def test_a_helm_release_edited_by_hand_is_corrected(
    environments: Environments, engine: Engine, controller: ThreadedController
) -> None:
    environment = environments.create()
    environment.deployed()
    before = release_of(environment)["spec"]
    environment.patch_helm_release({"spec": {"values": {"hacked": True}, "timeout": 5, "rollback": None}})
    eventually(lambda: release_of(environment)["spec"] == before, "the spec is as it was")
    environment.deployed()


def test_a_helm_release_edited_while_the_controller_was_down_is_corrected(
    environments: Environments, engine: Engine, start_controller: StartController
) -> None:
    controller = start_controller()
    environment = environments.create()
    environment.deployed()
    before = release_of(environment)["spec"]
    controller.stop()
    environment.patch_helm_release({"spec": {"values": tag("hacked")}})
    start_controller()
    eventually(lambda: release_of(environment)["spec"] == before, "the spec is as it was")


def test_a_helm_release_deleted_by_hand_is_created_again(
    environments: Environments, engine: Engine, controller: ThreadedController
) -> None:
    environment = environments.create()
    environment.deployed()
    uid = release_of(environment)["metadata"]["uid"]
    environment.cluster.client.delete(HELM_RELEASES, RELEASE, namespace=environment.name)
    eventually(lambda: release_of(environment)["metadata"].get("uid", uid) != uid, "there is a new one")
    eventually(lambda: (release_of(environment).get("status") or {}).get("phase") == "Succeeded", "it is installed")
    environment.deployed()


def test_a_helm_release_without_its_labels_is_found(
    environments: Environments, engine: Engine, controller: ThreadedController
) -> None:
    environment = environments.create()
    environment.deployed()
    uid = release_of(environment)["metadata"]["uid"]
    environment.patch_helm_release({"metadata": {"labels": None}})
    wanted = {**LABELS, "tronador.stakater.com/environment": environment.name}
    eventually(lambda: release_of(environment)["metadata"].get("labels") == wanted, "the labels are back")
    assert release_of(environment)["metadata"]["uid"] == uid
    environment.deployed()


def test_a_helm_release_stripped_of_metadata_during_downtime_is_found(
    environments: Environments, engine: Engine, start_controller: StartController
) -> None:
    controller = start_controller()
    environment = environments.create()
    environment.deployed()
    uid = release_of(environment)["metadata"]["uid"]
    controller.stop()
    environment.patch_helm_release({"metadata": {"labels": None, "annotations": None}})
    start_controller()
    wanted = {**LABELS, "tronador.stakater.com/environment": environment.name}
    eventually(lambda: release_of(environment)["metadata"].get("labels") == wanted, "the labels are back")
    assert release_of(environment)["metadata"]["uid"] == uid


def test_labels_and_annotations_of_others_on_the_helm_release_are_kept(
    environments: Environments, engine: Engine, controller: ThreadedController
) -> None:
    environment = environments.create(values=tag("one"))
    environment.deployed()
    theirs = {"labels": {"theirs": "yes"}, "annotations": {"theirs": "yes"}}
    environment.patch_helm_release({"metadata": theirs})
    environment.patch_release(values=tag("two"))
    environment.deployed()
    metadata = release_of(environment)["metadata"]
    assert metadata["labels"]["theirs"] == "yes"
    assert metadata["annotations"]["theirs"] == "yes"


def test_a_namespace_deleted_by_hand_is_created_again_with_its_release(
    environments: Environments, engine: Engine, controller: ThreadedController
) -> None:
    environment = environments.create()
    environment.deployed()
    namespace = environment.namespace()
    assert namespace is not None
    environment.cluster.client.delete(NAMESPACES, environment.name)
    eventually(
        lambda: (environment.namespace() or namespace)["metadata"]["uid"] != namespace["metadata"]["uid"],
        "there is a new namespace",
    )
    eventually(lambda: (release_of(environment).get("status") or {}).get("phase") == "Succeeded", "it is installed")
    environment.deployed()


def test_a_foreign_helm_release_with_our_name_is_refused(
    environments: Environments, engine: Engine, controller: ThreadedController
) -> None:
    environment = environments.create()
    environment.deployed()
    foreign = {
        "apiVersion": HELM_RELEASES.api_version,
        "kind": HELM_RELEASES.kind,
        "metadata": {"name": "theirs", "namespace": environment.name},
        "spec": {"chart": {"git": "https://example.com/theirs", "path": "."}},
    }
    environment.cluster.client.create(HELM_RELEASES, foreign, namespace=environment.name)
    environment.patch_release(releaseName="theirs")
    stalled = environment.stalled("ReleaseNotOwned")
    assert "spec.application.release.releaseName" in stalled["message"]
    assert "'theirs'" in stalled["message"]
    theirs = environment.helm_release("theirs")
    assert theirs is not None
    assert theirs["spec"]["chart"] == foreign["spec"]["chart"]
    environment.patch_release(releaseName=RELEASE)
    environment.deployed()
