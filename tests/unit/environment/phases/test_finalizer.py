"""Before anything exists, the environment is held back from vanishing."""

from controller.api.environment import FINALIZER
from controller.apimachinery.resources import Resource
from controller.environment.decide import decide, names
from controller.environment.effects import AddFinalizer, Target
from controller.environment.phases import finalizer
from tests.unit.environment.support.builders import (
    NAME,
    environment,
    observation,
    operator_options,
    proceed,
    without_events,
)

ENVIRONMENTS = Resource(
    "tronador.stakater.com", "v1alpha1", "environmentprovisioners", "EnvironmentProvisioner", namespaced=False
)


def test_a_missing_finalizer_is_appended_at_the_observed_version():
    seen = observation(environment=environment(finalizers=["other/one"], version="7"))

    assert finalizer.decide(seen, operator_options()) == proceed(
        AddFinalizer(Target(ENVIRONMENTS, NAME), ("other/one", FINALIZER), "7")
    )


def test_nothing_is_done_if_the_finalizer_exists():
    assert finalizer.decide(observation(), operator_options()) == proceed()


def test_the_finalizer_is_the_first_write_of_all():
    plan = decide(observation(environment=environment(finalizers=[])), operator_options())
    effects = without_events([effect for step in plan.steps for effect in step.decision.effects])

    assert isinstance(effects[0], AddFinalizer)


def test_a_bad_environment_gets_the_finalizer_before_it_is_refused():
    # It may have been a good one once, and then there is something to take down.
    plan = decide(observation(environment=environment(finalizers=[], chart={"git": "x"})), operator_options())

    assert [step.phase.name for step in plan.steps] == ["finalizer", "expiry", "validate"]


def test_a_suspended_environment_gets_the_finalizer_and_nothing_else():
    plan = decide(observation(environment=environment(finalizers=[], suspend=True)), operator_options())

    assert [step.phase.name for step in plan.steps] == ["finalizer", "release"]


def test_a_deleted_environment_is_torn_down_even_if_suspended_or_bad():
    gone = environment(deleting=True, suspend=True, chart={"git": "x"})

    assert [step.phase.name for step in decide(observation(environment=gone), operator_options()).steps] == ["teardown"]


def test_the_phases_have_the_names_and_the_order_of_the_contract():
    contract = [
        "installation",
        "finalizer",
        "expiry",
        "validate",
        "admission",
        "namespace",
        "access",
        "resources",
        "source",
        "release",
        "prune",
        "health",
        "preview",
        "diagnosis",
        "status",
        "teardown",
    ]

    assert list(names()) == contract
