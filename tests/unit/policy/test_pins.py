"""Pinned labels: how they are written, and which values they allow to a repository."""

import pytest

from controller.apimachinery import giturls
from controller.policy import Pin, pins

TENANT = "stakater.com/tenant"


def _allowed(text, url="https://github.com/org/repo", key=TENANT):
    return pins.allowed_values(key, giturls.parse(url), pins.parse(text))


def test_a_pin_is_a_prefix_a_key_and_a_glob():
    text = "github.com/org:stakater.com/tenant=org-*,kind=pr; git.example.com:8443/x:team=a ;*:kind=pr-?"

    assert pins.parse(text) == (
        Pin("github.com/org", TENANT, "org-*"),
        Pin("github.com/org", "kind", "pr"),
        Pin("git.example.com:8443/x", "team", "a"),
        Pin("*", "kind", "pr-?"),
    )


@pytest.mark.parametrize(
    "text", ["", "github.com/org:team=a", "github.com/org:team=a;github.com/org:team=[ab]*;git.example.com:8443:team=x"]
)
def test_pins_are_shown_as_they_are_written(text):
    assert pins.show(pins.parse(text)) == text


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("team=a", "'team=a' is not a valid pin"),
        ("github.com/org", "'github.com/org' is not a valid pin"),
        ("github.com/org:team", "'team' is not a valid pinned label"),
        ("github.com/org:team=", "'team=' is not a valid pinned label"),
        ("github.com/org:team=a b", "'team=a b' is not a valid pinned label"),
        ("github.com/org:team=a=b", "'team=a=b' is not a valid pinned label"),
        ("github.com/org:-team=a", "'-team=a' is not a valid pinned label"),
        ("github.com/org:team=a,", "'' is not a valid pinned label"),
        ("github.com/org:team/*=a", "'team/*=a' is not a valid pinned label"),
        ("https://github.com/org:team=a", "'https://github.com/org' is not a repository prefix"),
        ("github.com/*:team=a", "'github.com/*' is not a repository prefix"),
        ("github.com/org:a=b:team=a", "is not a valid pin"),
        (":team=a", "'' is not a repository prefix"),
    ],
)
def test_a_bad_pin_is_refused_with_the_part_that_is_bad(text, words):
    with pytest.raises(ValueError, match=": use ") as refused:
        pins.parse(text)

    assert words in str(refused.value)


def test_a_key_without_a_pin_is_not_restricted():
    assert _allowed("github.com/org:team=a") is None


def test_a_key_pinned_for_other_repositories_is_refused():
    assert _allowed(f"github.com/another:{TENANT}=x") == ()


def test_all_globs_of_a_prefix_are_allowed():
    assert _allowed(f"github.com/org:{TENANT}=a,{TENANT}=b;github.com/org:{TENANT}=c") == ("a", "b", "c")


def test_the_longest_prefix_decides():
    text = f"*:{TENANT}=any;github.com:{TENANT}=host;github.com/org:{TENANT}=org;github.com/org/repo:{TENANT}=repo"

    assert _allowed(text) == ("repo",)
    assert _allowed(text, "https://github.com/org/other") == ("org",)
    assert _allowed(text, "https://github.com/other/repo") == ("host",)
    assert _allowed(text, "https://git.example.com/org/repo") == ("any",)


def test_a_longer_prefix_that_does_not_pin_the_key_decides_nothing():
    assert _allowed(f"github.com:{TENANT}=host;github.com/org/repo:team=x") == ("host",)


def test_a_repository_with_a_bad_url_has_only_the_pins_for_all():
    parsed = pins.parse(f"*:{TENANT}=any;github.com:{TENANT}=host")

    assert pins.allowed_values(TENANT, None, parsed) == ("any",)
