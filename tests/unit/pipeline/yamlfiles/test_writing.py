"""Every parser reads the same data from the YAML that we write."""

import json

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from controller.pipeline.errors import InvalidFiles
from controller.pipeline.yamlfiles import read, write

AWKWARD = [
    *[
        "",
        "1e5",
        "0x1F",
        "0o7",
        "010",
        "1_0",
        ".5",
        "5.",
        "1:30",
        "2022-01-13",
        "yes",
        "Off",
        "y",
        "N",
        "null",
        "~",
        "=",
    ],
    *["<<", "true", ".inf", "- a", "a: b", "a #b", "#", "&a", "*a", "!a", "|", ">", "%a", "@a", "`a", "'", '"', "{}"],
    *["a\n", "a\nb\n", " a\nb\n", "a \nb\n", "a\n\nb\n", "\n", "a\n\n", "a\tb\n\tc\n", "\ta\nb\n", "a\r\nb\n", "? a"],
]
# All JSON values except lone surrogates, which are not valid Unicode.
TEXTS = st.one_of(st.text(st.characters(exclude_categories=["Cs"]), max_size=30), st.sampled_from(AWKWARD))
NUMBERS = st.one_of(st.integers(-(2**63), 2**63 - 1), st.floats(allow_nan=False, allow_infinity=False))
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), NUMBERS, TEXTS),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(TEXTS, inner, max_size=4)),
    max_leaves=12,
)


@settings(max_examples=100)
@given(VALUES)
def test_written_yaml_is_read_back_as_the_same_data(value):
    found = yaml.safe_load(write({"x": value}))
    assert json.dumps(found) == json.dumps({"x": value})


@settings(max_examples=100)
@given(VALUES)
def test_our_own_reader_returns_the_same_data_or_rejects_it(value):
    try:
        found = read(write({"x": value}).encode(), "x")
    except InvalidFiles:
        return
    if found.error is not None:
        return
    document = found.parts[0].document(lambda placeholder, quoted: placeholder.text)
    if not document.problems:
        assert json.dumps(document.value) == json.dumps({"x": value})


def test_a_string_is_quoted_unless_it_is_unambiguous():
    assert write({"a": "deploy", "b": "yes", "c": "1e5", "d": "http://x", "e": ""}) == (
        "a: deploy\nb: 'yes'\nc: '1e5'\nd: 'http://x'\ne: ''\n"
    )


def test_a_string_of_several_lines_is_written_as_a_block():
    assert write({"a": "one\ntwo\n"}) == "a: |\n  one\n  two\n"


def test_lists_are_indented_and_long_strings_are_not_wrapped():
    assert write({"a": ["b c " * 50]}) == f"a:\n  - '{'b c ' * 50}'\n"


def test_keys_keep_their_order():
    assert write({"b": 1, "a": {"d": 1, "c": 2}}) == "b: 1\na:\n  d: 1\n  c: 2\n"


def test_an_object_that_occurs_twice_is_written_twice():
    item = {"a": "b"}
    assert write({"x": item, "y": item}) == "x:\n  a: b\n'y':\n  a: b\n"
