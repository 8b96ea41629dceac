"""The key `expire_after` of the config file."""

import pytest

from tests.unit.pipeline.rendering.builders import MINIMAL, refusal, rendered


@pytest.mark.parametrize("written", ["36h", "7d", "1d12h", "never"])
def test_the_lifetime_of_the_file_becomes_that_of_the_environment(written):
    assert rendered(f"{MINIMAL}  expire_after: {written}\n")["spec"]["lifecycle"] == {"expireAfter": written}


@pytest.mark.parametrize("line", ["", "  expire_after: null\n"])
def test_without_a_lifetime_the_operators_default_counts(line):
    assert "lifecycle" not in rendered(MINIMAL + line)["spec"]


@pytest.mark.parametrize(
    ("written", "problem"),
    [
        ("36", "36 is an integer, not a string; quote it"),
        ('"36"', "'36'"),
        ("0h", "'0h'"),
        ("soon", "'soon'"),
        ("1.5d", "'1.5d'"),
        ("1d 12h", "'1d 12h'"),
        ("-1d", "'-1d'"),
        ("123456h", "'123456h'"),
        ("[7d]", "the value is a list; write a string"),
    ],
)
def test_another_form_is_refused_at_its_line(written, problem):
    (line,) = refusal(f"{MINIMAL}  expire_after: {written}\n")
    assert line.startswith("c.yaml:7:17: application.expire_after: ")
    assert problem in line


def test_the_field_of_the_environment_is_not_a_key_of_the_file():
    (line,) = refusal(f"{MINIMAL}  lifecycle: {{expireAfter: 7d}}\n")
    assert "did you mean expire_after?" in line
