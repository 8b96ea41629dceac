"""Addresses of GitOps repositories."""

import pytest

from controller.pipeline.gitops import parse_remote


@pytest.mark.parametrize(
    ("url", "protocol", "place"),
    [
        ("https://github.com/acme/envs.git", "https", "https://github.com"),
        ("https://Git.example.com:8443/acme/envs", "https", "https://Git.example.com:8443"),
        ("http://git.example.com/acme/envs", "http", "http://git.example.com"),
        ("ssh://git@github.com/acme/envs", "ssh", ""),
        ("git@github.com:acme/envs", "ssh", ""),
        ("/srv/envs.git", "file", ""),
        ("file:///srv/envs.git", "file", ""),
    ],
)
def test_each_allows_its_own_protocol_only(url, protocol, place):
    remote = parse_remote(url)
    assert (remote.protocol, remote.place) == (protocol, place)


@pytest.mark.parametrize(
    "url",
    [
        "https://user:secret@github.com/acme/envs",
        "https://secret@github.com/acme/envs",
        "https://github.com/acme/envs?token=secret",
        "ext::sh -c id",
        "--upload-pack=x",
        "git://github.com/acme/envs",
        "envs.git",
        "../envs.git",
        "https://github.com/../x",
        "https://github.com/a b",
        "",
    ],
)
def test_any_other_is_refused_without_repeating_credentials(url):
    with pytest.raises(ValueError, match="cannot be used as a repository") as refused:
        parse_remote(url)
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize(
    ("url", "part"),
    [
        ("https://acme@dev.azure.com/acme/p/_git/envs", "take 'acme@' out"),
        ("https://hunter2@dev.azure.com/acme/p/_git/envs", r"take what stands before the host \('\*\*\*@'\) out"),
        ("https://robot:hunter2@dev.azure.com/acme/p/_git/envs", r"take what stands before the host \('\*\*\*@'\) out"),
    ],
)
def test_what_to_take_out_of_a_url_is_said_and_where_it_goes(url, part):
    left = "which leaves https://dev.azure.com/acme/p/_git/envs; a name belongs into --username-file"
    with pytest.raises(ValueError, match=f"{part}, {left}.*--password-file") as refused:
        parse_remote(url)
    assert "hunter2" not in str(refused.value)
