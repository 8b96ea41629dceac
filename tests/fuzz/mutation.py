"""Strategies that damage good inputs: bytes, and values in JSON."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

# What means something to one of the parsers, or is at the edge of what one can hold.
WORDS: tuple[bytes, ...] = (
    *(
        b"\0",
        b"\x1b[2J",
        b"\r",
        b"\n",
        b"\t",
        b" ",
        b"\xff",
        b"\xed\xa0\x80",
        b"\xc2\x85",
        b"\xe2\x80\xa8",
        b"\xe2\x80\xae",
    ),
    *(
        b'"',
        b"'",
        b"\\",
        b"{",
        b"}",
        b"[",
        b"]",
        b",",
        b":",
        b": ",
        b"{{",
        b"}}",
        b"%",
        b"%7B",
        b"&",
        b"=",
        b"../",
        b"/",
    ),
    *(b"-", b"--", b"- ", b"#", b"&a ", b"*a", b"!!int ", b"!!timestamp ", b"<<: ", b"|\n", b"---\n", b"? ", b"@"),
    *(b"null", b"true", b"-1", b"0", b"1e999", b"NaN", b"2026-13-45", b"\\ud800", b"\\u0000", b"[" * 200, b"{" * 200),
    *(b"9" * 5000, b"a" * 5000, b"; " * 500, b'\\"' * 500, b"\r\n\r\n", b"Content-Length: 5\r\n", b"chunked"),
)
VALUES: tuple[Any, ...] = (
    *(
        None,
        True,
        0,
        -1,
        10**30,
        1.5,
        1e308,
        "",
        "x",
        "\n",
        "\x1b[31m",
        "\u202e",
        "\ud800",
        "\0",
        "-x",
        "../x",
        "a" * 5000,
    ),
    *("2026-13-45", "9999-12-31T23:59:59-23:59", "0001-01-01T00:00:00+23:59", "https://u:p@h/x", "${{ x }}", "$(x)"),
    *("::error::x", "9" * 5000, [], {}, [None], [{}], {"": None}, [[[[]]]], ["x"] * 50, {"name": {"name": "x"}}),
)


@st.composite
def damaged(draw: Callable[..., Any], samples: Sequence[bytes], *, words: Iterable[bytes] = WORDS) -> bytes:
    """One of `samples` after a few edits: words put in, and parts removed, repeated, or taken from another sample."""
    data = draw(st.sampled_from(samples))
    for _ in range(draw(st.integers(0, 4))):
        start = draw(st.integers(0, len(data)))
        end = min(len(data), start + draw(st.integers(0, 40)))
        edit = draw(st.sampled_from(("word", "remove", "repeat", "replace", "splice")))
        if edit == "word":
            middle = draw(st.sampled_from(tuple(words)))
        elif edit == "repeat":
            middle = data[start:end] * draw(st.integers(2, 20))
        elif edit == "replace":
            middle = draw(st.binary(max_size=4))
        elif edit == "splice":
            other = draw(st.sampled_from(samples))
            middle = other[draw(st.integers(0, len(other))) :][:60]
        else:
            middle = b""
        data = data[:start] + middle + data[end if edit != "word" else start :]
    return data


@st.composite
def odd(draw: Callable[..., Any], samples: Sequence[Any], *, values: Sequence[Any] = VALUES) -> Any:
    """A copy of one of `samples`, plain data, with a few values exchanged or left out."""
    value = copy.deepcopy(draw(st.sampled_from(samples)))
    for _ in range(draw(st.integers(1, 3))):
        places = list(_places(value))
        if not places:
            return value
        container, key = draw(st.sampled_from(places))
        if draw(st.integers(0, 4)) == 0:
            del container[key]
        else:
            container[key] = copy.deepcopy(draw(st.sampled_from(values)))
    return value


def as_json(value: Any) -> bytes:
    """JSON, also with half characters and what is not a number."""
    return json.dumps(value).encode()


def _places(value: Any) -> Iterable[tuple[Any, Any]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield value, key
        yield from _places(inner)


def few(examples: int) -> settings:
    """At most so many examples in CI, where they are always the same; `make fuzz` tries more and others."""
    chosen = settings.default
    assert chosen is not None
    count = min(examples, chosen.max_examples) if chosen.derandomize else chosen.max_examples
    return settings(max_examples=count, suppress_health_check=[*HealthCheck])


def check_words(text: str, *, most: int) -> None:
    """A text for people has one line, nothing that controls a terminal, and no more than `most` characters."""
    assert text.isprintable(), text[:200]
    assert 0 < len(text) <= most, len(text)
