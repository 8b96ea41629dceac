"""A refusal that concerns only the change of a field is recognised by the causes in the API server's answer."""

import pytest

from controller.apimachinery import errors

IMMUTABLE = {"reason": "FieldValueInvalid", "field": "type", "message": 'Invalid value: "other": field is immutable'}
REQUIRED = {"reason": "FieldValueRequired", "field": "data[tls.crt]", "message": "Required value"}


def _invalid(*causes):
    return errors.status_error(422, {"kind": "Status", "reason": "Invalid", "details": {"causes": list(causes)}})


@pytest.mark.parametrize(
    ("field", "message"),
    [
        ("type", 'Invalid value: "other": field is immutable'),
        ("data", "Forbidden: field is immutable when `immutable` is set"),
        ("spec.selector", 'Invalid value: {"matchLabels":{"a":"b"}}: field is immutable'),
        ("spec.template", "Invalid value: {...}: field is immutable"),
        ("spec.scopes", 'Invalid value: ["BestEffort"]: field is immutable'),
        ("spec.clusterIPs[0]", 'Invalid value: ["10.96.0.7"]: may not change once set'),
        ("roleRef", 'Invalid value: {"kind":"Role","name":"x"}: cannot change roleRef'),
        (
            "spec",
            "Forbidden: updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', "
            "'updateStrategy' and 'minReadySeconds' are forbidden",
        ),
        (
            "spec",
            "Forbidden: spec is immutable after creation except resources.requests and volumeAttributesClassName for "
            "bound claims\n  core.PersistentVolumeClaimSpec{...}",
        ),
    ],
)
def test_the_field_that_cannot_be_changed_is_named(field, message):
    assert _invalid({"field": field, "message": message}).unchangeable_fields == (field,)


@pytest.mark.parametrize(
    "causes",
    [
        (),
        (REQUIRED,),
        (IMMUTABLE, REQUIRED),
        ({"field": "spec.x", "message": 'Invalid value: "field is immutable": must be a number'},),
        ({"field": "spec.x", "message": 'Forbidden: "spec is immutable after creation" is invalid'},),
        ({"field": "spec.x"},),
    ],
    ids=["none", "another", "another too", "only in the value", "in the value", "wordless"],
)
def test_fields_are_not_named_if_a_new_object_would_be_refused_too(causes):
    assert _invalid(*causes).unchangeable_fields == ()


def test_a_field_with_two_causes_is_named_once():
    assert _invalid(IMMUTABLE, IMMUTABLE).unchangeable_fields == ("type",)
