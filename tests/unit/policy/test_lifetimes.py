"""How long an environment may ask to live."""

import pytest

from controller.api.environment import ENVIRONMENTS, KEEP_ANNOTATION
from controller.api.lifecycle import EXPIRE_AFTER
from controller.pipeline.schemas import schema_of
from controller.policy import explained
from tests.unit.policy.builders import reasons, refused

FIELD = "spec.lifecycle.expireAfter"


@pytest.mark.parametrize("text", ["never", "36h", "7d", "1d12h", "90s", "99999d"])
def test_a_lifetime_has_units(text):
    assert reasons(expire_after=text) == []


@pytest.mark.parametrize("text", ["0h", "1", "1w", "Never", "1d 2h", "-1d", "1.5h", "123456h", "1s1s1s1s1s"])
def test_another_lifetime_is_refused_with_the_remedy(text):
    (violation,) = refused(expire_after=text)
    assert explained(violation).startswith(f"{FIELD}: '{text}': use never, or ")
    assert violation.reason == "InvalidSpec"


def test_the_api_server_refuses_the_same():
    schema = schema_of(ENVIRONMENTS.kind)["properties"]["spec"]["properties"]["lifecycle"]["properties"]["expireAfter"]
    # The end of an expression has another sign in Python.
    assert schema["pattern"] == rf"^({EXPIRE_AFTER.pattern})\Z"


@pytest.mark.parametrize("text", ["", "true", "false", "2026-01-31T12:00:00Z", "2026-01-31T12:00:00.5+01:00"])
def test_an_environment_is_kept_or_not_or_until_a_time(text):
    assert reasons(annotations={KEEP_ANNOTATION: text}) == []


@pytest.mark.parametrize("text", ["yes", "True", "2026-01-31", "2026-01-31T12:00:00", "2026-13-31T12:00:00Z", "36h"])
def test_another_value_of_keep_is_refused_with_the_remedy(text):
    (violation,) = refused(annotations={KEEP_ANNOTATION: text})
    assert explained(violation).endswith(f"'{text}': use true, or a time with its offset, such as 2026-01-31T12:00:00Z")
