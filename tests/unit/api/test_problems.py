"""The reasons of problems, in the code, in the CRD and in the reference, and how a status is read."""

import pytest
import yaml

from controller.api import problems
from controller.api.environment import Environment
from controller.api.problems import MESSAGE_LIMIT, MOST, PROBLEM_REASONS, Problem, ProblemReason
from hack.paths import MANIFESTS

CRASH = {"kind": "Deployment", "name": "web", "reason": "CrashLoop", "message": "Container web exits with code 1."}


def _schema():
    [file] = (MANIFESTS / "crds").glob("*environmentprovisioners.yaml")
    [version] = yaml.safe_load(file.read_text())["spec"]["versions"]
    return version["schema"]["openAPIV3Schema"]["properties"]["status"]["properties"]["problems"]


def test_the_definition_allows_exactly_the_reasons_in_the_code():
    assert set(_schema()["items"]["properties"]["reason"]["enum"]) == set(ProblemReason)


def test_the_definition_has_the_limits_in_the_code():
    assert _schema()["maxItems"] == MOST
    assert _schema()["items"]["properties"]["message"]["maxLength"] == MESSAGE_LIMIT


def test_every_reason_of_a_problem_is_explained_once_and_has_a_remedy():
    assert [found.name for found in PROBLEM_REASONS] == list(ProblemReason)
    assert all(found.meaning and found.remedy for found in PROBLEM_REASONS)


def test_the_problems_of_a_status_are_read_in_order():
    environment = Environment({"status": {"problems": [CRASH, CRASH | {"name": "worker"}]}})

    assert [problem.name for problem in environment.problems] == ["web", "worker"]
    assert str(environment.problems[0]) == "CrashLoop: Deployment web: Container web exits with code 1."


@pytest.mark.parametrize("value", [None, [], "text", [None], {"kind": "Deployment"}])
def test_a_status_without_problems_has_none(value):
    assert problems.of_status({"problems": value}) == ()


def test_a_field_of_the_wrong_type_reads_as_empty():
    assert problems.of_status({"problems": [CRASH | {"message": 7}]}) == (
        Problem(kind="Deployment", name="web", reason="CrashLoop", message=""),
    )
