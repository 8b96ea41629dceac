"""The tables of reasons contain exactly the reasons in the code."""

import re
from collections import Counter

import pytest
import yaml

from controller.api.condition_types import CONDITION_TYPES
from controller.api.event_reasons import EVENT_REASONS
from controller.api.problems import ProblemReason
from controller.api.reasons import GROUPS
from controller.apimachinery.conditions import reason
from controller.environment import decide
from controller.environment.engines import ENGINES
from tests.unit.api import reasons_in_code

CONDITIONS = [reason for group in GROUPS for reason in group.reasons]
KNOWN = {reason.name for reason in CONDITIONS}
EVENTS = {reason.name: reason.type for reason in EVENT_REASONS}
CRDS = reasons_in_code.PACKAGE / "api/crds"
OF_ENGINES = {word for engine in ENGINES.values() for word in engine.failures}


def test_every_reason_in_the_code_is_in_a_table():
    found = reasons_in_code.reasons()

    missing = {name: place for name, place in found.items() if name not in KNOWN | EVENTS.keys() | set(ProblemReason)}

    assert missing == {}
    assert len(found) > 60, "the search for reasons finds too little"


def test_every_reason_in_a_table_is_in_the_code():
    found = reasons_in_code.reasons().keys() | OF_ENGINES | reasons_in_code.constants()

    assert (KNOWN | EVENTS.keys()) - found == set()


def test_each_event_has_the_type_that_the_code_gives_it():
    found = reasons_in_code.event_reasons()

    assert found.items() <= EVENTS.items()
    assert len(found) > 10, "the search for Events finds too little"


def test_every_way_in_which_an_engine_fails_is_in_the_table():
    assert OF_ENGINES <= KNOWN


def test_each_reason_is_explained_once():
    assert [name for name, times in Counter(found.name for found in CONDITIONS).items() if times > 1] == []
    assert [name for name, times in Counter(found.name for found in EVENT_REASONS).items() if times > 1] == []


def test_each_reason_is_valid_for_a_condition():
    assert {name for name in KNOWN | EVENTS.keys() if reason(name) != name} == set()


def test_every_type_of_condition_in_the_code_is_explained():
    found = reasons_in_code.condition_types() | set(decide.conditions())

    assert found <= {known.name for known in CONDITION_TYPES}
    assert len(found) > 5, "the search for types finds too little"


@pytest.mark.parametrize("kind", ["EnvironmentProvisioner", "TronadorConfig"])
def test_the_definition_of_a_kind_names_every_type_of_its_conditions(kind):
    definition = yaml.safe_load((CRDS / f"tronador.stakater.com_{kind.lower()}s.yaml").read_text())
    [version] = definition["spec"]["versions"]
    status = version["schema"]["openAPIV3Schema"]["properties"]["status"]
    named = set(re.findall(r"\w+", status["properties"]["conditions"]["description"]))

    assert {known.name for known in CONDITION_TYPES if known.kind == kind} <= named
