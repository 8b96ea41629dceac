"""What carries our label and is no longer wanted goes, and nothing waits for it."""

from controller.apimachinery.resources import SECRETS
from controller.environment.decision import Continue
from controller.environment.effects import Delete, Listing, Read, WakeOnChange
from controller.environment.phases.prune import decide
from tests.unit.environment.support.builders import (
    NAME,
    helm_release,
    namespace,
    observation,
    operator_options,
    proceed,
    release_target,
)

OPTIONS = operator_options()
SURPLUS = helm_release(name="surplus")
STORAGE = Listing(SECRETS, NAME, label_selector="owner=helm,name=surplus", metadata_only=True)


def _decide(*releases, answers=None):
    return decide(observation(namespace=namespace(), releases=releases, answers=answers or {}), OPTIONS)


def test_nothing_is_done_if_only_the_wanted_release_exists():
    assert _decide(helm_release()) == proceed()


def test_a_surplus_release_is_read_and_then_uninstalled():
    target = release_target("surplus")

    assert _decide(helm_release(), SURPLUS).effects == (Read(target),)
    assert _decide(helm_release(), SURPLUS, answers={target: SURPLUS}).effects == (Delete(target, "hr-1", "30"),)


def test_the_uninstall_is_watched_without_blocking_the_reconcile():
    answers = {release_target("surplus"): None, STORAGE: ({"metadata": {}},)}

    decision = _decide(helm_release(), SURPLUS, answers=answers)

    assert isinstance(decision, Continue)
    assert decision.effects == (WakeOnChange(STORAGE),)
    assert decision.recheck_after == 1
    assert decision.timer == "uninstall"


def test_the_only_release_is_not_surplus_while_the_wanted_one_does_not_exist():
    # The release phase has just decided to make it, or failed to.
    assert _decide(SURPLUS) == proceed()
