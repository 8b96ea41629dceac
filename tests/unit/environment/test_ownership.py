"""Which marks prove that an object is ours: each purpose has a question of its own."""

import pytest

from controller.api.environment import (
    ADOPTED_ANNOTATION,
    APPLIED_HASH_ANNOTATION,
    ENVIRONMENT_LABEL,
    UID_ANNOTATION,
)
from controller.environment import ownership
from tests.unit.environment.support.builders import (
    NAME,
    RELEASE_NAME,
    environment,
    foreign_namespace,
    namespace,
    observation,
)

LABEL = {"labels": {ENVIRONMENT_LABEL: NAME}}
UID = {"annotations": {UID_ANNOTATION: "any"}}
HASH = {"annotations": {APPLIED_HASH_ANNOTATION: "any"}}
OTHER = {"labels": {ENVIRONMENT_LABEL: "another"}}


def _object(*marks, name=RELEASE_NAME):
    metadata = {"name": name}
    for mark in marks:
        metadata |= mark
    return {"metadata": metadata}


def _seen(within=None, **status):
    return observation(namespace=within or namespace(), environment=environment(status=status))


@pytest.mark.parametrize(
    ("marks", "labelled", "release", "applied"),
    [
        ((), False, False, False),
        ((OTHER,), False, False, False),
        ((LABEL,), True, True, False),
        ((UID,), False, True, False),
        ((HASH,), False, False, False),
        ((LABEL, HASH), True, True, True),
        ((OTHER, HASH), False, False, False),
    ],
)
def test_each_question_has_its_own_proof(marks, labelled, release, applied):
    obj = _object(*marks)

    assert ownership.is_labelled(_seen(), obj) is labelled
    assert ownership.is_our_release(_seen(), obj) is release
    assert ownership.was_applied(_seen(), obj) is applied


def test_a_release_without_marks_is_ours_by_the_recorded_name_in_a_namespace_of_ours():
    recorded = {"release": {"engine": "flux", "name": RELEASE_NAME}}

    assert ownership.is_our_release(_seen(**recorded), _object())
    assert not ownership.is_our_release(_seen(**recorded), _object(name="another"))
    assert not ownership.is_our_release(_seen(foreign_namespace(), **recorded), _object())


def test_access_without_marks_is_ours_only_in_a_namespace_that_we_created():
    adopted = namespace(annotations={ADOPTED_ANNOTATION: "true"})

    assert ownership.is_our_access(_seen(), _object())
    assert not ownership.is_our_access(_seen(adopted), _object())
    assert not ownership.is_our_access(_seen(foreign_namespace()), _object())


@pytest.mark.parametrize("mark", [LABEL, UID])
def test_access_with_a_mark_is_ours_in_every_namespace(mark):
    assert ownership.is_our_access(_seen(foreign_namespace()), _object(mark))
