"""No history of a few changes and faults breaks a rule, and each comes to rest in the right state."""

import pytest
import structlog

from tests.explore.scenarios import SCENARIOS


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
