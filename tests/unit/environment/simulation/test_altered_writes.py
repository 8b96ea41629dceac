"""What the API server does not take as it is written: a webhook or a CRD changes it, and nothing else shows that."""

from __future__ import annotations

from controller.api import flux
from controller.api.environment import ENVIRONMENTS
from controller.api.helm_operator import HELM_RELEASES
from tests.unit.environment.simulation.fights import (
    FLUX,
    condition,
    create,
    deployed,
    drop,
    edit,
    fight,
    live,
    overwrite,
    settle,
    status,
    waited,
)
from tests.unit.environment.simulation.world import World
from tests.unit.environment.support.builders import NAME, RELEASE_NAME, operator_options


def test_a_field_dropped_by_the_crd_is_reported_and_the_environment_deployed():
    world = World(FLUX)
    drop(world, flux.HELM_RELEASES, "spec", "upgrade", "remediation", "retries")
    create(world)
    settle(world, 60)
    assert condition(world, "Ready")["status"] == "True"
    contested = condition(world, "Contested")
    assert contested["reason"] == "FieldDropped"
    assert "spec.upgrade.remediation.retries should be -1 and is absent" in contested["message"]
    assert world.recorded.events.count("FieldDropped") == 1
    assert "ReleaseUpdated" not in world.recorded.events
    assert waited(world) == "reached"
    later = [write for write in settle(world, 60) if write.resource == flux.HELM_RELEASES]
    assert len(later) <= 2


def test_a_field_that_is_finally_accepted_is_no_longer_contested():
    world = World(FLUX)
    drop(world, flux.HELM_RELEASES, "spec", "upgrade", "remediation", "retries")
    create(world)
    settle(world, 60)
    world.api.admission = lambda _, obj: obj
    settle(world, 90)
    assert condition(world, "Contested") == {}
    assert condition(world, "Ready")["status"] == "True"


def test_a_release_stays_ready_if_a_webhook_changes_how_it_is_run():
    world = World(operator_options())
    overwrite(world, HELM_RELEASES, lambda obj: obj["spec"].update(timeout=5))
    create(world)
    settle(world, 60)
    assert condition(world, "Ready")["status"] == "True"
    assert "spec.timeout should be absent and is 5" in condition(world, "Contested")["message"]


def test_an_environment_fails_if_a_webhook_changes_its_content():
    world = World(operator_options())
    overwrite(world, HELM_RELEASES, lambda obj: obj["spec"].update(values={"image": {"tag": "theirs"}}))
    create(world)
    settle(world, 60)
    ready = condition(world, "Ready")
    assert (ready["status"], ready["reason"]) == ("False", "FieldOverwritten")
    assert 'spec.values.image.tag should be "one" and is "theirs"' in ready["message"]
    assert status(world)["applicationStatus"] == "failed"
    assert "Deployed" not in world.recorded.events
    assert waited(world) == "failed"
    assert "ReleaseUpdated" not in world.recorded.events


def test_an_environment_fails_if_its_tag_is_always_reverted():
    world = deployed()
    undo = edit(world, HELM_RELEASES, RELEASE_NAME, lambda obj: obj["spec"].update(values={"image": {"tag": "theirs"}}))
    fight(world, undo, seconds=45)
    ready = condition(world, "Ready")
    assert (ready["status"], ready["reason"]) == ("False", "FieldReverted")
    world.run(NAME)
    assert condition(world, "Ready")["status"] == "True"
    assert live(world, HELM_RELEASES, RELEASE_NAME)["spec"]["values"] == {"image": {"tag": "one"}}


def test_a_new_tag_beside_a_contested_field_is_an_update():
    world = World(FLUX)
    drop(world, flux.HELM_RELEASES, "spec", "upgrade", "remediation", "retries")
    create(world)
    settle(world, 60)
    world.api.edit(
        ENVIRONMENTS,
        NAME,
        "",
        lambda obj: obj["spec"]["application"]["release"].update(values={"image": {"tag": "two"}}),
    )
    settle(world, 60)
    assert world.recorded.events.count("Deployed") == 2
    assert world.recorded.events.count("FieldDropped") == 1
    assert condition(world, "Ready")["status"] == "True"


def test_a_status_field_that_our_crd_drops_is_written_at_growing_intervals():
    world = World(operator_options())
    drop(world, ENVIRONMENTS, "status", "namespaceLabels")
    create(world)
    settle(world, 60)
    assert world.recorded.events.count("FieldDropped") == 1
    assert sum(write.subresource == "status" for write in settle(world, 60)) <= 2
