"""Invalid bodies, and a body in a form."""

import json
from urllib.parse import quote_plus

import pytest

from controller.pipeline.webhooks import BodyError, body
from tests.unit.pipeline.webhooks.payloads import ask, github, verdict


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


def test_a_huge_body_is_rejected_before_it_is_parsed(monkeypatch):
    monkeypatch.setattr(body, "SIZE_LIMIT", 10)
    with pytest.raises(BodyError, match="longer than 10 bytes"):
        ask(b"{" + b" " * 10 + b"}")
