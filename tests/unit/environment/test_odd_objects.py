"""Objects that others write may hold anything wherever a schema says nothing: no form of them stops a reconcile.

In each test one good object is changed in one place at a time, through all its places and a table of odd values.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

import controller.api
from controller.api.environment import APPLIED_LABELS_ANNOTATION, APPLIED_RESOURCES_ANNOTATION
from controller.api.flux import GIT_REPOSITORIES
from controller.api.flux import HELM_RELEASES as FLUX_RELEASES
from controller.apimachinery import patches
from controller.apimachinery.nesting import READ_LIMIT, is_plain
from controller.environment import release_sync, status, transitions
from controller.environment.decide import decide
from controller.environment.decision import Continue, Stop
from controller.environment.effects import Apply, Create, Patch, Target
from controller.environment.observation import Observation
from controller.environment.options import EnvironmentOptions
from controller.environment.phases import health, prune, release, source
from controller.environment.plan import Plan, Step
from hack.localcluster.schema import Structural
from tests.unit.environment.support import flux_builders
from tests.unit.environment.support.builders import (
    NAME,
    RELEASE_NAME,
    environment,
    helm_release,
    namespace,
    observation,
    operator_options,
    operator_status,
    phase,
    release_target,
)
from tests.unit.odd import variants

Json = dict[str, Any]


CRD = Path(controller.api.__file__).parent / "crds/tronador.stakater.com_environmentprovisioners.yaml"
VERSION = yaml.load(CRD.read_text(), yaml.CSafeLoader)["spec"]["versions"][0]
STATUS = Structural(VERSION["schema"]["openAPIV3Schema"]["properties"]["status"])


@cache
def complaints(text: str) -> list[str]:
    """What the API server has against a status; most of those that come are the same."""
    return [str(error) for error in STATUS.validate(json.loads(text))]


# A plan in which nothing has to be looked at before the release's own health counts.
CONTENT = Plan((Step(phase("release"), Continue(release=release_target())), Step(phase("health"), Continue())))


def reconcile(seen: Observation, options: EnvironmentOptions) -> None:
    """All that a reconcile computes; whatever it would send is JSON, and a status that the API server takes."""
    plan = decide(seen, options)
    effects = [effect for step in plan.steps for effect in step.decision.effects]
    json.dumps([effect.body for effect in effects if isinstance(effect, Create | Patch | Apply)])
    refused = any(isinstance(step.decision, Stop) for step in plan.steps)
    if not refused and not seen.environment.is_deleting and not seen.environment.suspended:
        # Some of the phases are only reached after others have had answers.
        for phase in (source, release, prune, health):
            decided = phase.decide(seen, options)
            json.dumps([effect.body for effect in decided.effects if isinstance(effect, Create | Patch | Apply)])
        release_sync.is_synced(seen, options)
    for ending in (plan,) if refused else (plan, CONTENT):
        wanted = status.desired(seen, ending, options)
        list(transitions.events(seen.environment.status, wanted))
        json.dumps(patches.merge_patch(seen.environment.status, wanted))
        assert complaints(json.dumps(wanted)) == [], wanted


FLUX = EnvironmentOptions(service_account="", release_engine="flux")
OPERATOR = operator_options()


def flux_world(**changes: Json) -> Observation:
    found = {"release": flux_builders.deployed(), "source": flux_builders.source()} | changes
    cached = {
        Target(FLUX_RELEASES, RELEASE_NAME, NAME): found.pop("release"),
        Target(GIT_REPOSITORIES, RELEASE_NAME, NAME): found.pop("source"),
    }
    return observation(**{"namespace": namespace(), **found}, cached=cached)


@pytest.mark.parametrize("phase", ["Succeeded", "DeployFailed", "Upgrading"])
@pytest.mark.parametrize("deleting", [False, True])
def test_any_form_of_a_helm_operator_release_is_handled(phase: str, deleting: bool) -> None:
    good = helm_release(status=operator_status(phase, revision="abc"))
    for odd in variants(good, "spec", "status"):
        seen = observation(environment=environment(deleting=deleting), namespace=namespace(), releases=[odd])
        reconcile(seen, OPERATOR)


FLUX_STATES = {
    "deployed": flux_builders.deployed(),
    "failed": flux_builders.release(
        flux_builders.condition("Ready", "False", "InstallFailed"),
        flux_builders.condition("Released", "False", "InstallFailed"),
        flux_builders.condition("Reconciling", "True", "InstallFailed"),
        history=[{"status": "deployed", "chartVersion": "1.0.0+6f50ff2ff844"}],
    ),
}


@pytest.mark.parametrize("state", FLUX_STATES)
@pytest.mark.parametrize("deleting", [False, True])
def test_any_form_of_a_flux_release_is_handled(state: str, deleting: bool) -> None:
    for odd in variants(FLUX_STATES[state], "spec", "status"):
        reconcile(flux_world(release=odd, environment=environment(deleting=deleting)), FLUX)


@pytest.mark.parametrize("good", [flux_builders.source(), flux_builders.unfetched()], ids=["fetched", "unfetched"])
def test_any_form_of_a_flux_source_is_handled(good: Json) -> None:
    for odd in variants(good, "spec", "status"):
        reconcile(flux_world(source=odd), FLUX)


@pytest.mark.parametrize("options", [FLUX, OPERATOR], ids=["flux", "helm-operator"])
@pytest.mark.parametrize("deleting", [False, True])
def test_any_form_of_an_environment_is_handled(options: EnvironmentOptions, deleting: bool) -> None:
    fields = {
        "values": {"image": {"tag": "1"}, "list": [1]},
        "valuesFrom": [{"secretKeyRef": {"name": "x", "key": "y"}}],
        "rollback": {"enable": True},
        "test": {"enable": True},
        "timeout": 1,
    }
    recorded = status.desired(flux_world(), decide(flux_world(), FLUX), FLUX)
    good = environment(release=fields, chart={"secretRef": {"name": "s"}}, status=recorded, deleting=deleting)
    for odd in variants(good, "spec", "status"):
        # The API server keeps no status that the CRD does not allow.
        if is_plain(odd["status"], READ_LIMIT) and not STATUS.validate(odd["status"]):
            reconcile(flux_world(environment=odd), options)


@pytest.mark.parametrize("deleting", [False, True])
def test_any_form_of_a_namespace_is_handled(deleting: bool) -> None:
    condition = {"type": "NamespaceContentRemaining", "status": "True", "message": "x"}
    good = namespace(conditions=[condition], deleting=deleting)
    for odd in variants(good, "spec", "status"):
        reconcile(observation(environment=environment(deleting=deleting), namespace=odd), OPERATOR)


MEMORIES = {
    "not JSON": "{",
    "nested 100 000 levels deep": "[" * 100_000,
    "deep and closed": '{"objects":' + "[" * 2000 + "]" * 2000 + "}",
    "an endless number": '{"objects": ' + "9" * 5000 + "}",
    "half of a character": '{"objects": [["v1", "Secret", "\\ud800"]], "\\ud800": "x"}',
    "a path": '{"objects": [["v1", "Secret", "../../x"], ["../v1", "Secret", "x"]]}',
    "a path for an account": '{"imagePullSecrets": {"a/b": ["x"]}}',
    "a list": "[]",
    "other forms": '{"objects": {"a": 1}, "imagePullSecrets": [1]}',
}


@pytest.mark.parametrize("memory", MEMORIES.values(), ids=MEMORIES)
@pytest.mark.parametrize("annotation", [APPLIED_LABELS_ANNOTATION, APPLIED_RESOURCES_ANNOTATION])
@pytest.mark.parametrize("deleting", [False, True])
def test_an_invalid_memory_stops_nothing(memory: str, annotation: str, deleting: bool) -> None:
    odd = namespace()
    odd["metadata"]["annotations"][annotation] = memory
    reconcile(flux_world(namespace=odd, environment=environment(deleting=deleting)), FLUX)
