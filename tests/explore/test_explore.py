"""No history of a few changes and faults breaks a rule, and each comes to rest in the right state."""

from dataclasses import replace

import pytest
import structlog

from tests.explore import moves
from tests.explore.explorer import Budget
from tests.explore.rules import Rules
from tests.explore.scenarios import SCENARIOS, Scenario, single


@pytest.fixture(autouse=True)
def quiet():
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("name", SCENARIOS)
def test_no_history_breaks_a_rule(name):
    found = SCENARIOS[name].explore()

    print(f"explored: {name}: {found}")
    assert not found.violations, "\n\n".join(found.violations)


def test_a_broken_rule_becomes_a_story_with_its_end(monkeypatch):
    def no_release(_: Rules, api: moves.ModelApi) -> None:
        if api.all(moves.HELM_RELEASES):
            raise AssertionError("a HelmRelease is there")

    monkeypatch.setattr(Rules, "check_rest", no_release)
    world = replace(single("helm-operator"), changes={"the author opens the pull request": moves.create})

    found = Scenario(world, Budget(changes=1, faults=0)).explore(ends_early=True)

    assert found.violations[0].splitlines() == [
        "a HelmRelease is there. The shortest history that leads there:",
        "  1. the author opens the pull request",
        "     And then nothing disturbs it any more:",
        *["     a reconcile of shop-74 begins and ends"] * 2,
        *["     an engine works", "     a reconcile of shop-74 begins and ends"] * 3,
    ]
