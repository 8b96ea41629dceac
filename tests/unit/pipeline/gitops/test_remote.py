"""URLs of GitOps repositories."""

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
def test_a_remote_allows_only_its_own_protocol(url, protocol, place):
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
def test_an_invalid_url_is_rejected_without_repeating_credentials(url):
    with pytest.raises(ValueError, match="cannot be used as a repository") as refused:
        parse_remote(url)
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize(
    ("url", "part"),
    [
        ("https://acme@dev.azure.com/acme/p/_git/envs", "remove 'acme@' from it"),
        ("https://hunter2@dev.azure.com/acme/p/_git/envs", r"remove the part before the host \('\*\*\*@'\) from it"),
        (
            "https://robot:hunter2@dev.azure.com/acme/p/_git/envs",
            r"remove the part before the host \('\*\*\*@'\) from it",
        ),
    ],
)
def test_credentials_in_a_url_are_rejected_with_a_remedy(url, part):
    left = "which leaves https://dev.azure.com/acme/p/_git/envs; pass the user name with --username-file"
    with pytest.raises(ValueError, match=f"{part}, {left}.*--password-file") as refused:
        parse_remote(url)
    assert "hunter2" not in str(refused.value)
