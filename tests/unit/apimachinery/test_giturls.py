"""URLs of git repositories: one form for each repository, and no ambiguous URL."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.apimachinery import giturls


@pytest.mark.parametrize(
    ("url", "location"),
    [
        ("https://github.com/org/repo", "github.com/org/repo"),
        ("https://github.com/org/repo.git", "github.com/org/repo"),
        ("https://github.com/org/repo/", "github.com/org/repo"),
        ("https://GitHub.COM/org/repo", "github.com/org/repo"),
        ("https://github.com./org/repo", "github.com/org/repo"),
        ("https://github.com:443/org/repo", "github.com/org/repo"),
        ("https://github.com:0443/org/repo", "github.com/org/repo"),
        ("http://github.com:80/org/repo", "github.com/org/repo"),
        ("ssh://git@github.com:22/org/repo", "github.com/org/repo"),
        ("ssh://github.com/org/repo.git", "github.com/org/repo"),
        ("git@github.com:org/repo.git", "github.com/org/repo"),
        ("git@GitHub.com.:/org/repo", "github.com/org/repo"),
        ("https://github.com:8443/org/repo", "github.com:8443/org/repo"),
        ("http://github.com:443/org/repo", "github.com:443/org/repo"),
        ("https://github.com/Org/Repo", "github.com/Org/Repo"),
        ("https://dev.azure.com/org/My%20Project/_git/repo", "dev.azure.com/org/My Project/_git/repo"),
        ("https://[2001:DB8::0:1]:8443/org/repo", "[2001:db8::1]:8443/org/repo"),
        ("https://git.example.com/a/b/c/d", "git.example.com/a/b/c/d"),
        ("https://git.example.com/.git", "git.example.com/.git"),
        ("https://git.sr.ht/~user/repo", "git.sr.ht/~user/repo"),
    ],
)
def test_every_spelling_of_a_repository_has_one_location(url, location):
    assert giturls.parse(url).location == location


@pytest.mark.parametrize(
    "url",
    [
        "https://github.com@evil.example/org/repo",
        "https://github.com%40evil.example/org/repo",
        "https://evil.example\\@github.com/org/repo",
        "https://github.com\\.evil.example/org/repo",
        "https://evil.example#github.com/org/repo",
        "https://evil.example?github.com/org/repo",
        "https://github.com/org/repo?x=y",
        "https://github.com/org/repo#main",
        "https://github.com/org/../evil/repo",
        "https://github.com/org/%2e%2e/evil/repo",
        "https://github.com/org/.%2E/evil/repo",
        "https://github.com/org%2f..%2fevil/repo",
        "https://github.com/org/..%5cevil/repo",
        "https://github.com/org/%252e%252e/evil/repo",
        "https://github.com/%6frg/repo",
        "https://github.com/org/re%70o",
        "https://github.com/org/repo%00",
        "https://github.com/org/repo%0d%0aHost:evil",
        "https://github.com/org/repo%",
        "https://github.com/org/repo%zz",
        "https://github.com/org/./repo",
        "https://github.com//org/repo",
        "https://github.com/org//repo",
        "https://github.com/",
        "https://github.com",
        "https:///org/repo",
        "https://github..com/org/repo",
        "https://github.com../org/repo",
        "https://.github.com/org/repo",
        "https://-github.com/org/repo",
        "https://github.com:/org/repo",
        "https://github.com:0/org/repo",
        "https://github.com:65536/org/repo",
        "https://github.com:443:443/org/repo",
        "https://github.com:٤٤٣/org/repo",
        "https://gıthub.com/org/repo",
        "https://ｇithub.com/org/repo",
        "https://github。com/org/repo",
        "https://github.com/örg/repo",
        "https://github.com\u200b/org/repo",
        "https://github.com/org/repo\n",
        "https://github.com/org/repo\x00",
        "https://github.com/org/re po",
        "HTTPS://github.com/org/repo",
        "https:/github.com/org/repo",
        "https:\\\\github.com/org/repo",
        "//github.com/org/repo",
        "github.com/org/repo",
        "ssh://-oProxyCommand=id@github.com/org/repo",
        "ssh://-u@github.com/org/repo",
        "ssh://-oProxyCommand/org/repo",
        "ssh://git@-evil/org/repo",
        "ssh://git@github.com@evil.example/org/repo",
        "ssh://git:password@github.com/org/repo",
        "git@github.com/org/repo",
        "git@-evil:org/repo",
        "git@github.com:-org/repo",
        "git@github.com:../repo",
        "git@github.com://org/repo",
        "user@github.com:org/repo",
        "git@git@github.com:org/repo",
        "https://[::1/org/repo",
        "https://[::g]/org/repo",
        "https://[fe80::1%25eth0]/org/repo",
        "ext::sh -c id",
        "file:///etc",
        "/etc",
        "../repo",
        "ftp://github.com/org/repo",
        "git://github.com/org/repo",
        "ssh+git://github.com/org/repo",
        "",
    ],
)
def test_an_ambiguous_url_is_refused(url):
    with pytest.raises(ValueError, match=r"use|host|port|path"):
        giturls.parse(url)


def test_a_url_is_split_into_scheme_host_path_and_bare_name():
    url = giturls.parse("git@git.example.com:group/sub/repo.git")

    assert (url.scheme, url.host, url.path, url.repository) == ("ssh", "git.example.com", "group/sub/repo", "repo")


@pytest.mark.parametrize("prefix", ["github.com", "github.com/org", "github.com/org/repo"])
def test_a_repository_is_under_its_host_its_organisation_and_itself(prefix):
    assert giturls.parse("https://github.com/org/repo").is_under(prefix)


@pytest.mark.parametrize("prefix", ["github.co", "github.com/or", "github.com/org/rep", "github.com/org/repo/x", ""])
def test_a_prefix_of_the_text_is_not_a_prefix_of_the_location(prefix):
    assert not giturls.parse("https://github.com/org/repo").is_under(prefix)


@pytest.mark.parametrize(
    "url", ["https://github.com.evil.example/org/repo", "https://github.com:8443/org/repo", "https://github.com/ORG/r"]
)
def test_another_host_port_or_spelling_is_not_under_a_prefix(url):
    assert not giturls.parse(url).is_under("github.com/org")


@pytest.mark.parametrize(
    ("text", "prefix"),
    [
        ("github.com", "github.com"),
        ("GitHub.com./org/", "github.com/org"),
        ("git.example.com:8443/group/sub", "git.example.com:8443/group/sub"),
        ("github.com/org/repo.git", "github.com/org/repo"),
        ("localhost", "localhost"),
    ],
)
def test_a_prefix_has_the_form_of_locations(text, prefix):
    assert giturls.parse_prefix(text) == prefix


@pytest.mark.parametrize(
    "text",
    ["", "/", "https://github.com/org", "git@github.com:org", "github.com/../x", "*", "github.com/*", "a b", "a:b"],
)
def test_an_invalid_prefix_is_refused_with_the_expected_form(text):
    with pytest.raises(ValueError, match="use host or host/org"):
        giturls.parse_prefix(text)


@pytest.mark.parametrize(
    "text",
    [
        "https://alice:hunter2@github.com/org/repo",
        "https://hunter2@github.com/org/repo",
        "HTTPS://hunter2@github.com/org/repo",
        "ssh://alice:hunter2@github.com/org/repo",
        "alice:hunter2@github.com/org/repo",
        "https://alice:hunter2@x@github.com/org/repo",
        "https://alice:hun/ter2/hunter2@github.com/org/repo",
        "https://alice:hunter2%40github.com/org/repo",
        "https://github.com/org/repo?access_token=hunter2",
        "https://github.com/org/repo#hunter2",
        "{'url': 'https://alice:hunter2@github.com'}",
        "x\nhttps://alice:hunter2@github.com",
    ],
)
def test_a_masked_url_contains_no_possible_password(text):
    assert "ter2" not in giturls.masked(text)


@pytest.mark.parametrize("text", ["file:///etc", "kube-system", "https://github.com/org/repo", ""])
def test_masking_does_not_change_the_rest_of_a_url(text):
    assert giturls.masked(text) == text


@given(
    st.text(alphabet="aZ0.:/@%-_?#\\~ gits2fe[]" + "ｇ\n\x00", max_size=30),
    st.sampled_from(["https://", "ssh://", "git@", ""]),
)
def test_every_accepted_url_has_a_location_of_plain_segments(rest, start):
    try:
        url = giturls.parse(start + rest)
    except ValueError:
        return
    segments = url.location.split("/")
    assert len(segments) > 1
    assert {"", ".", ".."}.isdisjoint(segments)
    assert url.host == url.host.lower()
    assert url.location.isascii()
    assert not set("@\\?#") & set(url.location)
