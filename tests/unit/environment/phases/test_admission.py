"""When an environment asks for a place, and what it does with the answer."""

import pytest

from controller.api.environment import ADOPT_ANNOTATION
from controller.environment.admission.claims import GRANTED, NOT_COUNTED, Verdict
from controller.environment.decision import Continue
from controller.environment.effects import TakePlace
from controller.environment.options import LimitOptions
from controller.environment.phases.admission import decide
from tests.unit.environment.support.builders import (
    NAME,
    foreign_namespace,
    namespace,
    observation,
    operator_options,
)

LIMITED = operator_options(limits=LimitOptions(max_environments=10))
ADOPTABLE = foreign_namespace(annotations={ADOPT_ANNOTATION: NAME})


def _decide(verdict=None, *, options=LIMITED, **seen):
    return decide(observation(answers={TakePlace(): verdict} if verdict else {}, **seen), options)


def test_without_limits_nothing_is_asked():
    assert _decide(options=operator_options()) == Continue()


@pytest.mark.parametrize("found", [None, ADOPTABLE])
def test_a_place_is_asked_for_before_a_namespace_is_created_or_adopted(found):
    decision = _decide(namespace=found)

    assert (decision.reason, decision.effects) == ("CountingEnvironments", (TakePlace(),))


@pytest.mark.parametrize(
    "found",
    [
        namespace(),
        namespace(deleting=True),
        foreign_namespace(),
        foreign_namespace(deleting=True, annotations={ADOPT_ANNOTATION: NAME}),
    ],
)
def test_a_namespace_that_exists_needs_no_other_place(found):
    assert _decide(namespace=found) == Continue()


def test_an_environment_with_a_place_continues():
    assert _decide(GRANTED) == Continue()


def test_an_environment_without_a_place_waits_and_is_not_looked_at_again():
    decision = _decide(Verdict(granted=False, message="The limit is reached."))

    assert (decision.reason, decision.recheck_after, decision.effects) == ("QuotaExceeded", None, ())
    assert decision.message.startswith("The limit is reached. ")


def test_what_is_not_counted_yet_is_asked_again_soon():
    decision = _decide(NOT_COUNTED)

    assert (decision.reason, decision.recheck_after) == ("CountingEnvironments", 1.0)
