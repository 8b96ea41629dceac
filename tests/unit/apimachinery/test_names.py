"""Names that Kubernetes and Helm accept, and cutting long ones."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.apimachinery import names


@pytest.mark.parametrize("text", ["a", "1", "a-b", "a" * 63, "0--0"])
def test_a_dns_label_is_accepted(text):
    assert names.is_dns_label(text)


@pytest.mark.parametrize("text", ["", "-a", "a-", "A", "a_b", "a.b", "a" * 64, "ä", "a\n", "a b"])
def test_what_is_no_dns_label_is_refused(text):
    assert not names.is_dns_label(text)


def test_the_limit_of_a_label_can_be_lower():
    assert names.is_dns_label("a" * 53, limit=53)
    assert not names.is_dns_label("a" * 54, limit=53)


@pytest.mark.parametrize("key", ["a", "A_b.c-1", "example.com/a", "a" * 63, "x" * 253 + "/a"])
def test_a_label_key_is_accepted(key):
    assert names.is_label_key(key)


@pytest.mark.parametrize(
    "key", ["", "/", "/a", "a/", "a/b/c", "-a", "a-", "Example.com/a", "a" * 64, "x" * 254 + "/a", "a b", "a\n"]
)
def test_what_is_no_label_key_is_refused(key):
    assert not names.is_label_key(key)


@pytest.mark.parametrize("value", ["", "a", "A.b_c-1", "a" * 63])
def test_a_label_value_is_accepted(value):
    assert names.is_label_value(value)


@pytest.mark.parametrize("value", ["-a", "a-", "a/b", "a" * 64, "a b", "ä", "a\n"])
def test_what_is_no_label_value_is_refused(value):
    assert not names.is_label_value(value)


def test_a_text_within_the_limit_is_not_cut():
    assert names.shorten("a" * 53, limit=53) == "a" * 53


def test_two_long_names_with_the_same_beginning_stay_two():
    one, other = names.shorten("a" * 60 + "1", limit=53), names.shorten("a" * 60 + "2", limit=53)

    assert one != other
    assert one[:43] == other[:43] == "a" * 42 + "-"


@given(st.from_regex(r"[a-z0-9]([-a-z0-9]{0,100}[a-z0-9])?", fullmatch=True))
def test_a_shortened_label_is_a_label(text):
    assert names.is_dns_label(names.shorten(text, limit=53), limit=53)


def test_the_first_glob_that_matches_the_whole_name_is_told():
    globs = ("default", "kube-*")

    assert names.matches_any("kube-system", globs) == "kube-*"
    assert names.matches_any("default", globs) == "default"
    assert names.matches_any("my-default", globs) is None
    assert names.matches_any("kube", globs) is None
    assert names.matches_any("anything", ()) is None
