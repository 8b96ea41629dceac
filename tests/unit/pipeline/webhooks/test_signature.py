"""Verifying the sender of a delivery."""

import hashlib
import hmac
import json

import pytest

from controller.pipeline.webhooks import Delivery, Unverified
from controller.pipeline.webhooks.github import PROVIDER as GITHUB
from tests.unit.pipeline.webhooks.payloads import github, gitlab, verdict

SECRET = b"It's a Secret to Everybody"
BODY = json.dumps(github()).encode()


def digest(raw, secret=SECRET, algorithm="sha256"):
    return f"{algorithm}={hmac.new(secret, raw, algorithm).hexdigest()}"


def test_the_example_of_githubs_documentation_is_verified():
    proof = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
    assert GITHUB.verify(Delivery(raw=b"Hello, World!", signature=proof, secret=SECRET))


def test_a_signed_delivery_is_decided():
    assert verdict(BODY, signature=digest(BODY), secret=SECRET) == "apply"


def test_the_signature_covers_the_raw_form_body():
    raw = b"payload=" + json.dumps(github()).replace(" ", "+").encode()
    assert verdict(raw, signature=digest(raw), secret=SECRET) == "apply"


@pytest.mark.parametrize(
    ("proof", "words"),
    [
        ("", "has no signature"),
        (digest(BODY, algorithm="sha1"), "X-Hub-Signature-256"),
        (digest(BODY + b" "), "does not match the body"),
        (digest(BODY, secret=b"another"), "does not match the body"),
        (f"sha256={'0' * 64}", "does not match the body"),
        (digest(BODY).upper(), "does not match the webhook's secret"),
        (digest(BODY)[:-1], "does not match the webhook's secret"),
        ("\udcff", "does not match the webhook's secret"),
        (hashlib.sha256(BODY).hexdigest(), "matches neither the body"),
    ],
)
def test_a_wrong_signature_is_rejected(proof, words):
    with pytest.raises(Unverified) as refused:
        verdict(BODY, signature=proof, secret=SECRET)
    assert words in str(refused.value)
    assert SECRET.decode() not in str(refused.value)
    assert not proof or proof not in str(refused.value)


def test_an_empty_secret_is_rejected():
    with pytest.raises(Unverified, match="empty"):
        verdict(BODY, signature=digest(BODY, secret=b""), secret=b"")


def test_the_token_of_gitlab_is_compared_with_the_secret():
    assert verdict(gitlab(), signature=SECRET.decode(), secret=SECRET) == "apply"
    with pytest.raises(Unverified):
        verdict(gitlab(), signature="another", secret=SECRET)


def test_a_signature_of_another_provider_is_rejected():
    raw = json.dumps(gitlab()).encode()
    with pytest.raises(Unverified, match="gitlab"):
        verdict(raw, signature=digest(raw), secret=SECRET)
    with pytest.raises(Unverified, match="github"):
        verdict(BODY, signature=SECRET.decode(), secret=SECRET)


def test_an_unverified_body_is_not_parsed():
    with pytest.raises(Unverified):
        verdict(b"not json", signature="", secret=SECRET)
