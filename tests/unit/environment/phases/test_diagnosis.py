"""When a look at the Pods of a release can say something about the current spec."""

from dataclasses import replace

import pytest

from controller.apimachinery.resources import CORE_EVENTS, PODS
from controller.environment.engines.engine import Health, State
from controller.environment.phases import diagnosis
from tests.unit.environment.support.builders import helm_release, namespace, observation, operator_options

LATE = {f"diagnosis:{State.DEPLOYING}:1:0": 3600.0}


def _looked_at(*, is_begun: bool) -> list[object]:
    health = Health(State.DEPLOYING, "Progressing", "", is_begun=is_begun)
    seen = replace(observation(namespace=namespace(), releases=[helm_release()], ages=LATE), health=health)
    return [effect.subject.resource for effect in diagnosis.decide(seen, operator_options()).effects]


@pytest.mark.parametrize(("is_begun", "resources"), [(True, [PODS, CORE_EVENTS]), (False, [])])
def test_pods_are_read_once_the_engine_has_begun_with_the_current_spec(is_begun, resources):
    assert _looked_at(is_begun=is_begun) == resources
