"""Names that Kubernetes and Helm accept, and cutting long ones."""

import hashlib
import re

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from controller.apimachinery import names


@pytest.mark.parametrize("text", ["a", "1", "a-b", "a" * 63, "0--0"])
def test_a_dns_label_is_accepted(text):
    assert names.is_dns_label(text)


@pytest.mark.parametrize("text", ["", "-a", "a-", "A", "a_b", "a.b", "a" * 64, "ä", "a\n", "a b"])
def test_an_invalid_dns_label_is_refused(text):
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
def test_an_invalid_label_key_is_refused(key):
    assert not names.is_label_key(key)


@pytest.mark.parametrize("value", ["", "a", "A.b_c-1", "a" * 63])
def test_a_label_value_is_accepted(value):
    assert names.is_label_value(value)


@pytest.mark.parametrize("value", ["-a", "a-", "a/b", "a" * 64, "a b", "ä", "a\n"])
def test_an_invalid_label_value_is_refused(value):
    assert not names.is_label_value(value)


def test_a_text_within_the_limit_is_not_cut():
    assert names.shorten("a" * 53, limit=53) == "a" * 53


def test_two_long_names_with_the_same_beginning_stay_different():
    one, other = names.shorten("a" * 60 + "1", limit=53), names.shorten("a" * 60 + "2", limit=53)

    assert one != other
    assert one[:43] == other[:43] == "a" * 42 + "-"


@given(st.from_regex(r"[a-z0-9]([-a-z0-9]{0,100}[a-z0-9])?", fullmatch=True))
def test_a_shortened_label_is_a_label(text):
    assert names.is_dns_label(names.shorten(text, limit=53), limit=53)


def test_the_first_glob_that_matches_the_whole_name_is_returned():
    globs = ("default", "kube-*")

    assert names.matches_any("kube-system", globs) == "kube-*"
    assert names.matches_any("default", globs) == "default"
    assert names.matches_any("my-default", globs) is None
    assert names.matches_any("kube", globs) is None
    assert names.matches_any("anything", ()) is None


@pytest.mark.parametrize("text", ["run-pipeline", "a" * 63, "0--0", "a-0123456789a", "a-012345678"])
def test_a_text_that_is_a_valid_name_is_not_changed(text):
    assert names.conform(text) == text


@pytest.mark.parametrize(
    ("text", "start"),
    [
        ("feat/x", "feat-x-"),
        ("Feat-X", "feat-x-"),
        ("feat_x.y", "feat-x-y-"),
        ("feat-x-", "feat-x-"),
        ("-feat-x", "feat-x-"),
        ("grün", "gr-n-"),
        ("a" * 64, "a" * 52 + "-"),
        ("a" * 51 + "-" * 20, "a" * 51 + "-"),
        ("a\n", "a-"),
        ("日本", ""),
        ("", ""),
        ("\udcff", ""),
    ],
)
def test_a_text_that_is_changed_ends_in_the_hash_of_the_original(text, start):
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:10]
    assert names.conform(text) == start + digest


def test_two_texts_never_get_the_same_name():
    taken = names.conform("feat/x")
    assert names.conform(taken) != taken
    assert names.conform(names.conform("日本")) != names.conform("日本")


def test_the_release_of_a_branch_has_a_name_that_helm_accepts():
    assert names.release_name("run-pipeline") == "run-pipeline"
    assert len(names.release_name("a" * 54)) == 53


@pytest.mark.parametrize(
    ("branch", "name"),
    [
        ("123", "r-123-a665a45920"),
        ("1e5", "r-1e5-84af3bdb45"),
        ("123-fix-bug", "r-123-fix-bug-62f8211988"),
        ("2024-01-01", "r-2024-01-01-41b62fb451"),
        ("0x1f", "r-0x1f-922783559b"),
        ("1_000", "r-1-000-5033ad0f24"),
        (".5", "r-5-4b1e53e66b"),
        ("123/fix", "r-123-fix-c34f6ee82e"),
        ("~", "r-7ace431cb6"),
        ("日", "r-85217f7aff"),
        ("yes", "yes-8a798890fe"),
        ("null", "null-74234e98af"),
        ("y", "y-a1fce43638"),
        ("1" * 60, "r-1111111111111111111111111111111111111111-70d36dedb3"),
    ],
)
def test_a_release_name_begins_with_a_letter_and_is_a_string_in_yaml(branch, name):
    assert names.release_name(branch) == name


@pytest.mark.parametrize("branch", ["run-pipeline", "feat/x", "True", "日本", "on-call", "a" * 60, "e5", "v1.0"])
def test_a_valid_release_name_is_not_changed(branch):
    assert names.release_name(branch) == names.former_release_name(branch) == names.conform(branch, limit=53)


@given(st.one_of(st.text(max_size=80), st.from_regex(r"[-+.0-9a-fx_:eEtyno~]{1,8}", fullmatch=True)))
def test_every_yaml_reader_reads_a_release_name_as_a_string(branch):
    name = names.release_name(branch)
    assert name[0].isalpha()
    assert yaml.safe_load(name) == name
    assert name not in ("y", "n")


def test_an_environment_is_named_after_its_repository_and_pull_request():
    assert names.environment_name("stakater-nordmart-inventory", 74) == "stakater-nordmart-inventory-74"


def test_a_name_that_is_cut_keeps_the_number():
    name = names.environment_name("r" * 100, 74)
    assert len(name) == 63
    assert re.fullmatch(r"r{49}-74-[0-9a-f]{10}", name)


@pytest.mark.parametrize("repository", ["日本", "", "---", "/"])
def test_a_repository_name_without_letters_still_gives_a_name(repository):
    name = names.environment_name(repository, 7)
    assert re.fullmatch(r"7-[0-9a-f]{10}", name)


@pytest.mark.parametrize(
    ("template", "name"),
    [("pr-{pr}-{repo}", "pr-7-shop"), ("{repo}-pr-{pr}", "shop-pr-7"), ("a-{repo}-b-{pr}-c", "a-shop-b-7-c")],
)
def test_a_template_can_change_the_name_of_an_environment(template, name):
    assert names.is_name_template(template)
    assert names.environment_name("shop", 7, template=template) == name


@pytest.mark.parametrize(
    "template",
    [
        "",
        "{repo}",
        "{pr}",
        "{repo}{pr}",
        "{repo}1{pr}",
        "{repo}-{pr}-{pr}",
        "{repo}-{pr}-",
        "-{repo}-{pr}",
        "{repo!r}-{pr}",
        "{repo.__class__}-{pr}",
        "{repo}-{pr}-{branch}",
        "Pr-{pr}-{repo}",
        "pr-{pr}-{repo}-" + "a" * 40,
        "{repo}-{pr}\n",
    ],
)
def test_a_template_that_could_give_two_equal_names_is_invalid(template):
    assert not names.is_name_template(template)


BRANCHES = st.one_of(
    st.text(max_size=200),
    st.text("ab/-._AB1", max_size=8),
    st.text("abcdef0123456789-", min_size=8, max_size=70),
)
TEMPLATES = st.sampled_from(["{repo}-{pr}", "pr-{pr}-{repo}", "{repo}-pr-{pr}", "1-{pr}-2-{repo}-3"])
NUMBERS = st.integers(min_value=1, max_value=2**31)


def _release_names_are_distinct(branches):
    found = {names.release_name(branch) for branch in branches}
    assert len(found) == len(branches)
    assert all(names.is_dns_label(name, limit=53) for name in found)


def _environment_names_are_distinct(pulls, template):
    found = {names.environment_name(repository, number, template=template) for repository, number in pulls}
    assert len(found) == len(pulls)
    assert all(names.is_dns_label(name) for name in found)


@settings(max_examples=100)
@given(st.sets(BRANCHES, max_size=8))
def test_the_releases_of_different_branches_have_different_names(branches):
    _release_names_are_distinct(branches)


@settings(max_examples=100)
@given(st.sets(st.tuples(BRANCHES, NUMBERS), max_size=8), TEMPLATES)
def test_different_pull_requests_have_different_names(pulls, template):
    _environment_names_are_distinct(pulls, template)


@pytest.mark.slow
@pytest.mark.timeout(600)
@settings(max_examples=10_000)
@given(st.sets(BRANCHES, max_size=8))
def test_the_releases_of_many_branches_have_different_names(branches):
    _release_names_are_distinct(branches)


@pytest.mark.slow
@pytest.mark.timeout(600)
@settings(max_examples=10_000)
@given(st.sets(st.tuples(BRANCHES, NUMBERS), max_size=8), TEMPLATES)
def test_many_pull_requests_have_different_names(pulls, template):
    _environment_names_are_distinct(pulls, template)


@given(BRANCHES.filter(lambda text: text != ""))
def test_similar_texts_have_different_names(text):
    variants = {text, text.upper(), text.lower(), text + "-", "-" + text, text.replace("/", "-"), names.conform(text)}
    _environment_names_are_distinct({(variant, 1) for variant in variants}, names.DEFAULT_NAME_TEMPLATE)


def test_every_text_has_a_label_value_of_its_own():
    wanted = {
        "74": "74",
        "github.com/Acme/shop": "github.com_acme_shop",
        "github.com/acme/shop_x": "github.com_acme_shop_x-f71dfdec9e",
        "git.example.com:8443/a/b": None,
        "github.com/" + "a" * 80: None,
        "-": None,
        "github.com/acme/shop_": None,
        "github.com/acme_shop": None,
    }
    found = {text: names.label_value(text) for text in wanted}

    assert [text for text, value in wanted.items() if value not in (None, found[text])] == []
    assert all(names.is_label_value(value) for value in found.values())
    assert len({*found.values(), names.label_value("github.com/acme/shop")}) == len(found)
