"""Field errors in the API server's words."""

from __future__ import annotations

import pytest

from hack.localcluster import fielderrors as fe


@pytest.mark.parametrize(
    ("error", "message", "reason"),
    [
        (fe.invalid("a.b", "x", "must be y"), 'a.b: Invalid value: "x": must be y', "FieldValueInvalid"),
        (fe.invalid("a", 5, "too small"), "a: Invalid value: 5: too small", "FieldValueInvalid"),
        (fe.invalid("a", True, ""), "a: Invalid value: true", "FieldValueInvalid"),
        (fe.invalid("a", 1.50, "no"), "a: Invalid value: 1.5: no", "FieldValueInvalid"),
        (
            fe.invalid("a", {"b": "<1>", "a": [1]}, "no"),
            'a: Invalid value: {"a":[1],"b":"\\u003c1\\u003e"}: no',
            "FieldValueInvalid",
        ),
        (fe.invalid("a", fe.OMITTED, "no"), "a: Invalid value: no", "FieldValueInvalid"),
        (
            fe.type_invalid("a", "integer", "a in body"),
            'a: Invalid value: "integer": a in body',
            "FieldValueTypeInvalid",
        ),
        (fe.required("a"), "a: Required value", "FieldValueRequired"),
        (fe.required("a", "because"), "a: Required value: because", "FieldValueRequired"),
        (fe.forbidden("a", "not now"), "a: Forbidden: not now", "FieldValueForbidden"),
        (fe.duplicate("a[1]", "x"), 'a[1]: Duplicate value: "x"', "FieldValueDuplicate"),
        (fe.not_found("a", "x"), 'a: Not found: "x"', "FieldValueNotFound"),
        (
            fe.unsupported("a", "x", ["b", "c"]),
            'a: Unsupported value: "x": supported values: "b", "c"',
            "FieldValueNotSupported",
        ),
        (fe.too_long("a", 63), "a: Too long: may not be more than 63 bytes", "FieldValueTooLong"),
        (fe.too_long("a", 1), "a: Too long: may not be more than 1 byte", "FieldValueTooLong"),
        (fe.too_many("a", 3, 2), "a: Too many: 3: must have at most 2 items", "FieldValueTooMany"),
        (fe.too_many("a", 2, 1), "a: Too many: 2: must have at most 1 item", "FieldValueTooMany"),
    ],
)
def test_every_kind_of_error_has_the_servers_words(error: fe.FieldError, message: str, reason: str) -> None:
    assert error.message == message
    assert error.cause == {"reason": reason, "message": message.partition(": ")[2], "field": message.partition(": ")[0]}


def test_one_error_is_shown_plainly_and_several_in_brackets() -> None:
    first, second = fe.required("a"), fe.required("b")
    assert (
        fe.invalid_message("Widget.example.com", "w", [first]) == 'Widget.example.com "w" is invalid: a: Required value'
    )
    both = fe.invalid_message("Widget.example.com", "w", [first, second])
    assert both == 'Widget.example.com "w" is invalid: [a: Required value, b: Required value]'


def test_the_same_sentence_is_said_once_in_the_message() -> None:
    assert fe.invalid_message("W", "w", [fe.required("a"), fe.required("a")]) == 'W "w" is invalid: a: Required value'


def test_the_core_group_is_not_named() -> None:
    assert fe.qualified_kind("Namespace", "") == "Namespace"
    assert fe.qualified_kind("Widget", "example.com") == "Widget.example.com"


@pytest.mark.parametrize(
    ("text", "quoted"),
    [
        ('say "hi"\n', '"say \\"hi\\"\\n"'),
        ("é", '"é"'),
        ("\x01", '"\\x01"'),
        ("\u200b", '"\\u200b"'),
        ("a\\b", '"a\\\\b"'),
    ],
)
def test_strings_are_quoted_as_go_quotes_them(text: str, quoted: str) -> None:
    assert fe.go_quote(text) == quoted


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1.0, "1"),
        (0.1, "0.1"),
        (1e20, "100000000000000000000"),
        (1e21, "1e+21"),
        (1.5e-7, "1.5e-07"),
        (-2.5, "-2.5"),
        (0.0, "0"),
    ],
)
def test_floats_are_printed_as_go_prints_them(value: float, text: str) -> None:
    assert fe.go_float(value) == text
