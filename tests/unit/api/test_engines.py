"""The table of the facts about engines and the table of the engines have the same rows."""

from controller.api import engines as facts
from controller.environment import engines


def test_each_engine_has_its_row_of_facts_in_the_same_order():
    assert [engine.facts for engine in engines.ENGINES.values()] == list(facts.ENGINES.values())


def test_each_kind_belongs_to_one_engine():
    kinds = engines.resources()

    assert len(set(kinds)) == len(kinds)
    assert all(kind in engines.of(kind).resources for kind in kinds)
