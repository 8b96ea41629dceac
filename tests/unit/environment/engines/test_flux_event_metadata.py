"""What Flux's notification-controller learns about a pull request from the annotations of its HelmRelease."""

from __future__ import annotations

from typing import Any

import pytest

from controller.api.environment import ENVIRONMENTS, PREVIEW_URL_ANNOTATION, Environment
from controller.api.flux import GIT_REPOSITORIES, HELM_RELEASES
from controller.environment.engines import flux, helm_operator
from controller.environment.engines.engine import ReleaseContext
from controller.environment.options import EnvironmentOptions
from tests.unit.environment.simulation.world import World
from tests.unit.environment.support.builders import NAME, RELEASE_NAME, environment

SHA = "6f50ff2f00112233445566778899aabbccddeeff"
FACTS = {"pull-request": "74", "commit": SHA, "branch": "feat/x", "author": "someone"}
PREFIX = "event.toolkit.fluxcd.io/"
METADATA = {"change_request": "74", "commit": SHA, "branch": "feat/x", "author": "someone"}


def annotated(**annotations: str) -> dict[str, Any]:
    """An environment with these annotations of ours."""
    obj = environment(finalizers=(), uid="")
    obj["metadata"]["annotations"] = {
        f"tronador.stakater.com/{name.replace('_', '-')}": value for name, value in annotations.items()
    }
    return obj


def metadata(obj: Any) -> dict[str, str]:
    """The metadata of events that an object's annotations lead to."""
    found = obj["metadata"]["annotations"].items()
    return {name.removeprefix(PREFIX): value for name, value in found if name.startswith(PREFIX)}


def desired(obj: Any, **context: Any) -> Any:
    """The HelmRelease of Flux that an environment wants."""
    return flux.desired(ReleaseContext(environment=Environment(obj), **context))


@pytest.mark.parametrize(
    ("facts", "url", "want"),
    [
        (FACTS, "", METADATA),
        (FACTS, "https://shop.example.com", METADATA | {"preview-url": "https://shop.example.com"}),
        ({"commit": SHA}, "", {"commit": SHA}),
        (FACTS | {"author": ""}, "", {key: value for key, value in METADATA.items() if key != "author"}),
        (FACTS | {"branch": "x" * 5000}, "", {key: value for key, value in METADATA.items() if key != "branch"}),
        # The pipeline of an earlier version passes no commit: its environments stay as they are.
        ({"pull-request": "74"}, "https://shop.example.com", {}),
        ({}, "", {}),
    ],
)
def test_the_release_carries_what_is_known_about_the_pull_request(facts, url, want):
    assert metadata(desired(annotated(**facts), preview_url=url)) == want


def test_neither_the_source_nor_a_release_of_the_helm_operator_carries_it():
    context = ReleaseContext(environment=Environment(annotated(**FACTS)))
    source = flux.desired_source(context)
    assert source is not None
    assert metadata(source) == metadata(helm_operator.desired(context)) == {}


@pytest.fixture
def world() -> World:
    """A world with Flux and an environment whose pipeline passed its commit."""
    world = World(EnvironmentOptions(service_account="", release_engine="flux", url_template="https://{{PR_NUMBER}}.x"))
    world.api.put(ENVIRONMENTS, annotated(**FACTS))
    world.run(NAME)
    return world


def release_of(world: World) -> Any:
    """The HelmRelease in a world."""
    return world.api.peek(HELM_RELEASES, RELEASE_NAME, NAME)


def test_a_deployed_release_is_not_written_again_for_its_annotations(world):
    assert metadata(release_of(world)) == METADATA | {"preview-url": "https://74.x"}
    world.api.writes.clear()
    for _ in range(3):
        world.seconds += 60.0
        world.run(NAME)
    world.restart()
    world.run(NAME)
    assert world.api.writes == []


def test_another_commit_costs_one_write_with_its_image(world):
    world.api.writes.clear()

    def push(obj: dict[str, Any]) -> None:
        obj["metadata"]["annotations"]["tronador.stakater.com/commit"] = SHA[::-1]
        obj["spec"]["application"]["release"]["values"] = {"image": {"tag": "two"}}

    world.api.edit(ENVIRONMENTS, NAME, "", push)
    world.run(NAME)
    assert metadata(release_of(world))["commit"] == SHA[::-1]
    assert [write.resource for write in world.api.writes if write.resource in (HELM_RELEASES, GIT_REPOSITORIES)] == [
        HELM_RELEASES
    ]


def test_another_url_changes_only_the_annotation(world):
    generation = release_of(world)["metadata"]["generation"]
    world.api.edit(
        ENVIRONMENTS,
        NAME,
        "",
        lambda obj: obj["metadata"]["annotations"].update({PREVIEW_URL_ANNOTATION: "https://mine.example.com"}),
    )
    world.run(NAME)
    assert metadata(release_of(world))["preview-url"] == "https://mine.example.com"
    assert release_of(world)["metadata"]["generation"] == generation


def test_what_others_set_for_flux_is_left_alone(world):
    theirs = {f"{PREFIX}team": "gabbar"}
    world.api.edit(HELM_RELEASES, RELEASE_NAME, NAME, lambda obj: obj["metadata"]["annotations"].update(theirs))
    world.api.writes.clear()
    world.run(NAME)
    assert world.api.writes == []
    assert metadata(release_of(world))["team"] == "gabbar"
