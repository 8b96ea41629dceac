"""Each of many small faults in the product is noticed by the explorer or by a test."""

import pytest

from tests.mutants import runner
from tests.mutants.table import MUTANTS, Mutant


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_the_fault_is_noticed(mutant: Mutant) -> None:
    print(f"noticed: {mutant.name}: {runner.notice(mutant)}")


def test_there_are_at_least_forty_faults_with_different_names() -> None:
    assert len({mutant.name for mutant in MUTANTS}) == len(MUTANTS) >= 40


def test_a_fault_that_changes_nothing_is_reported() -> None:
    harmless = Mutant("a comment", "controller/__init__.py", "x" * 99, "", "explore")

    with pytest.raises(runner.MutantError, match="has this 0 times"):
        runner.notice(harmless)
