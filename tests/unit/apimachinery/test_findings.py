"""A finding and the path of its field, as they are printed."""

import pytest

from controller.apimachinery.findings import Finding, Key, shown


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ((), ""),
        (("a", 0, "b-c"), "a[0].b-c"),
        (("a", "x.y/z"), "a[x.y/z]"),
        (("labels", Key("team")), "labels[team]"),
        (("a\n",), "[a\\n]"),
        (("spec", "x\n\x1b[31m"), "spec[x\\n\\x1b[31m]"),
        (("spec", "https://me:secret@host"), "spec[https://***@host]"),
        (("k" * 400,), "." + "k" * 320 + "..."),
        (("x" * 1_000_000,), "." + "x" * 320 + "..."),
        (tuple("a" * 32), ".".join("a" * 32)),
        (tuple("a" * 33), ".".join("a" * 10) + "..."),
    ],
    ids=lambda value: repr(value)[:30],
)
def test_a_path_is_printed_on_one_short_line_without_passwords(path, text):
    assert shown(path) == text.removeprefix(".")


def test_a_key_in_brackets_is_the_same_step_as_its_text():
    places = {("labels", "team"): 1}
    assert places[("labels", Key("team"))] == 1


@pytest.mark.parametrize(
    ("path", "remedy", "text"),
    [
        (("a", 1), "quote it", "a[1]: 5 is a number; quote it"),
        ((), "quote it", "5 is a number; quote it"),
        (("a",), "", "a: 5 is a number"),
    ],
)
def test_a_finding_is_its_path_its_message_and_its_remedy(path, remedy, text):
    assert str(Finding(path=path, message="5 is a number", remedy=remedy)) == text
