"""Reading JSON: every document is read, and only a value that Python cannot hold is replaced."""

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.apimachinery.jsontext import decode
from controller.apimachinery.nesting import READ_LIMIT, Unreadable, levels

TOO_LARGE = Unreadable("a number that is too large")
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)
# With it a document is read by the reader that takes everything, however harmless the rest is.
ODD = ', "odd": 1e999}'


def nested(depth, *, of="map"):
    return ('{"a":' * depth + "1" + "}" * depth) if of == "map" else "[" * depth + "]" * depth


def deepest(value):
    while isinstance(value, dict | list) and value:
        value = value["a"] if isinstance(value, dict) else value[0]
    return value


@given(VALUES, st.booleans(), st.sampled_from([None, 1]))
def test_a_document_is_read_as_python_reads_it(value, ascii_only, indent):
    text = json.dumps(value, ensure_ascii=ascii_only, indent=indent)
    assert decode(text.encode("utf-8", "replace")) == json.loads(text.encode("utf-8", "replace"))


@given(VALUES)
def test_values_beside_an_unreadable_one_are_read_as_python_reads_them(value):
    text = json.dumps(value, ensure_ascii=False).encode("utf-8", "replace").decode()
    read = decode(f'{{"value": {text}{ODD}'.encode())
    assert read == {"value": json.loads(text), "odd": TOO_LARGE}


@pytest.mark.parametrize("depth", [READ_LIMIT + 1, 600, 900, 1500, 100_000])
@pytest.mark.parametrize("of", ["map", "list"])
def test_a_value_nested_too_deep_reports_its_depth(depth, of):
    read = decode(nested(depth, of=of).encode())
    assert deepest(read) == Unreadable(f"nested {depth - READ_LIMIT} levels deep", depth - READ_LIMIT)
    assert levels(read) == depth


@pytest.mark.parametrize("depth", [1, 100, READ_LIMIT])
def test_a_value_within_the_depth_limit_is_complete(depth):
    assert decode(nested(depth).encode()) == json.loads(nested(depth))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("9" * 5000, TOO_LARGE),
        ("-" + "9" * 5000, TOO_LARGE),
        ("1e400", TOO_LARGE),
        ("-1e400", TOO_LARGE),
        ("NaN", Unreadable("NaN, which is not a number")),
        ("-Infinity", Unreadable("-Infinity, which is not a number")),
        ("1e-400", 0.0),
        ("123456789012345678901234567890", 123456789012345678901234567890),
        (r'"\ud800"', "\N{REPLACEMENT CHARACTER}"),
        (r'"a\uDC00b"', "a\N{REPLACEMENT CHARACTER}b"),
        (r'"\ud83d\ude00"', "\N{GRINNING FACE}"),
        (r'"\\ud800"', r"\ud800"),
        (r'"\u0000"', "\0"),
    ],
)
def test_unreadable_values_are_replaced_by_placeholders(text, value):
    assert decode(f'{{"before": 1, "odd": {text}, "after": [2]}}'.encode()) == {"before": 1, "odd": value, "after": [2]}


def test_bytes_that_are_not_utf_8_become_replacement_characters():
    assert decode(b'["\xed\xa0\x80", "\xff", "x"]')[1:] == ["\N{REPLACEMENT CHARACTER}", "x"]


@pytest.mark.promise("listing")
def test_one_unreadable_item_leaves_the_other_items_of_a_list_complete():
    items = [{"metadata": {"name": str(number)}, "spec": {"a": [number, 1.5, "x"]}} for number in range(50)]
    text = json.dumps({"kind": "List", "items": items})
    read = decode(text.replace('"spec": {"a": [7', f'"deep": {nested(1500)}, "spec": {{"a": [7').encode())
    assert [item["spec"] for item in read["items"]] == [item["spec"] for item in items]
    assert levels(read["items"][7]["deep"]) == 1500


def test_a_long_text_and_many_keys_are_readable():
    value = {"text": "x" * 1_000_000, "keys": {f"key{number}": number for number in range(10_000)}}
    assert decode(json.dumps(value).encode()) == value


@pytest.mark.parametrize(
    "text",
    [
        "", " ", "{", "[", "]", "{]", "[}", "[1,]", '{"a": 1,}', '{"a"}', '{"a" 1}', "{1: 2}", "[1 2]", "1 2", "nul",
        "01", "-", "1.", '"abc', '"\\x"', '"\x01"', "<html>", '{"a": 1}}', "[" * 200, "[" * 200 + "}" * 199,
        '["' * 200,
    ],
)  # fmt: skip
def test_text_that_is_not_json_is_an_error(text):
    with pytest.raises(ValueError, match=r".+"):
        decode(text.encode())


@given(VALUES, st.data())
def test_a_garbled_document_is_an_error_exactly_where_python_says_so(value, data):
    text = f'{{"value": {json.dumps(value)}, "last": []}}'
    place = data.draw(st.integers(0, len(text) - 1))
    garbled = text[:place] + data.draw(st.sampled_from('{}[],:"0ae \\')) + text[place + 1 :]
    try:
        wanted = json.loads(garbled)
    except ValueError:
        with pytest.raises(ValueError, match=r".+"):
            decode(garbled.encode())
    else:
        if "inf" not in repr(wanted) and "\\ud" not in garbled:
            assert decode(garbled.encode()) == wanted


def test_a_string_without_an_end_in_a_deep_part_takes_no_time():
    started = time.process_time()
    with pytest.raises(ValueError, match=r".+"):
        decode(b"[" * (READ_LIMIT + 1) + b'"' + b'\\"' * 50_000)
    assert time.process_time() - started < 1
