"""Bodies that are not what a provider sends, and one that is wrapped in a form."""

import json
from urllib.parse import quote_plus

import pytest

from controller.pipeline.webhooks import BodyError, body
from tests.unit.pipeline.webhooks.payloads import ask, github, verdict


def test_a_form_is_unwrapped():
    text = json.dumps(github(title="a+b & c=d; ü 100%"))
    assert verdict(b"payload=" + quote_plus(text).encode()) == "apply"


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b"", "empty"),
        (b" \n", "empty"),
        (b"not json", "not JSON"),
        (b'{"action": ', "not JSON"),
        (b"[]", "no object"),
        (b'"text"', "no object"),
        (b"null", "no object"),
        (b"\xff\xfe", "not UTF-8"),
        (b"payload=", "not JSON"),
        (b"payload=%FF", "not"),
        (b"payload={}&payload={}", "more than one payload"),
        (b"payload=not+json", "not JSON"),
        (b"payload=%5B1%5D", "no object"),
        (b'{"a":' * 100_000, "nested too deeply"),
        (b"[" * 100_000, "nested too deeply"),
        (b"{}", "neither GitHub's nor GitLab's"),
        (b'{"hello": "world"}', "neither GitHub's nor GitLab's"),
    ],
    ids=lambda value: repr(value[:12]),
)
def test_anything_else_is_refused_with_a_sentence(raw, words):
    with pytest.raises(BodyError) as refused:
        ask(raw)
    assert words in str(refused.value)
    assert len(str(refused.value)) < 400


def test_a_huge_body_is_refused_before_it_is_parsed(monkeypatch):
    monkeypatch.setattr(body, "SIZE_LIMIT", 10)
    with pytest.raises(BodyError, match="longer than 10 bytes"):
        ask(b"{" + b" " * 10 + b"}")
