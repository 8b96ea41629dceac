"""Invalid bodies, and a body in a form."""

import json
import tracemalloc
from urllib.parse import quote_plus

import pytest

from controller.pipeline.webhooks import BodyError, body
from tests.unit.pipeline.webhooks.payloads import ask, changed, github, verdict


def test_a_json_payload_in_a_form_is_read():
    text = json.dumps(github(title="a+b & c=d; ü 100%"))
    assert verdict(b"payload=" + quote_plus(text).encode()) == "apply"


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b"", "empty"),
        (b" \n", "empty"),
        (b"not json", "not JSON"),
        (b'{"action": ', "not JSON"),
        (b"[]", "not an object"),
        (b'"text"', "not an object"),
        (b"null", "not an object"),
        (b"\xff\xfe", "not UTF-8"),
        (b"payload=", "not JSON"),
        (b"payload=%FF", "not"),
        (b"payload={}&payload={}", "exactly one payload"),
        (b"payload=not+json", "not JSON"),
        (b"payload=%5B1%5D", "not an object"),
        (b'{"a":' * 100_000, "nested too deeply"),
        (b"[" * 100_000, "nested too deeply"),
        (b'{"a":' + b"[" * 500 + b"]" * 500 + b"}", "nested too deeply"),
        (b'{"a":' + b"9" * 5000 + b"}", "too many digits"),
        (b'{"a":' + b"[]," * body.JSON_LIMIT, "bytes of JSON"),
        (b'{"a":[' + b"1," * 2_000_000 + b"1]}", "more than 2000000 values"),
        (b"payload={}&a=b&broken", "exactly one payload"),
        (b"payload={}" + b"&a=b" * 100, "exactly one payload"),
        (b"{}", "not a known webhook of GitHub"),
        (b'{"hello": "world"}', "not a known webhook of GitHub"),
    ],
    ids=lambda value: repr(value[:12]),
)
def test_an_invalid_body_is_rejected_with_a_message(raw, words):
    with pytest.raises(BodyError) as refused:
        ask(raw)
    assert words in str(refused.value)
    assert len(str(refused.value)) < 400


@pytest.mark.parametrize("depth", range(900, 1000, 4))
def test_a_field_of_any_depth_is_an_error(depth):
    raw = json.dumps(changed(github(), "pull_request.number", "@")).encode()
    with pytest.raises(BodyError, match="nested too deeply"):
        ask(raw.replace(b'"@"', b"[" * depth + b"]" * depth))


def test_a_number_that_no_provider_gives_is_rejected():
    with pytest.raises(BodyError, match=r"pull_request.number: 9{80}\.\.\. has too many digits"):
        ask(changed(github(), "pull_request.number", int("9" * 4000)))


def test_a_form_of_nothing_but_escapes_takes_little_memory():
    form = b"payload=" + b"%7B" * 1_000_000
    tracemalloc.start()
    with pytest.raises(BodyError, match="not JSON"):
        ask(form)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 8 * len(form)


def test_an_escape_is_never_taken_apart(monkeypatch):
    monkeypatch.setattr(body, "_CHUNK", 4)
    text = json.dumps(github(title="a+b & c=d; ü 100% %41 %"))
    assert verdict(b"payload=" + quote_plus(text).encode()) == "apply"


def test_a_huge_body_is_rejected_before_it_is_parsed(monkeypatch):
    monkeypatch.setattr(body, "SIZE_LIMIT", 10)
    with pytest.raises(BodyError, match="longer than 10 bytes"):
        ask(b"{" + b" " * 10 + b"}")
