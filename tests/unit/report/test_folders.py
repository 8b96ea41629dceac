"""Credentials in a folder, and the repositories that they are for."""

import os

import pytest

from controller.apimachinery import giturls
from controller.report import credentials
from controller.report.folders import Folder, FolderError, secrets

APP = {"app-id": "7", "app-key": "PEM"}


@pytest.mark.parametrize(
    ("host", "texts", "provider", "api"),
    [
        ("github.com", {"token": "t"}, "github", "https://api.github.com"),
        ("github.com", APP, "github", "https://api.github.com"),
        ("gitlab.com", {"token": "t"}, "gitlab", "https://gitlab.com/api/v4"),
        ("git.example.com", {"token": "t", "provider": "github"}, "github", "https://git.example.com/api/v3"),
        ("git.example.com:8443", {"token": "t", "provider": "gitlab"}, "gitlab", "https://git.example.com:8443/api/v4"),
        (
            "x.ghe.com",
            {"token": "t", "provider": "github", "api": "https://api.x.ghe.com/"},
            "github",
            "https://api.x.ghe.com",
        ),
        ("github.com", {"token": "t", "api": "http://127.0.0.1:5"}, "github", "http://127.0.0.1:5"),
        (
            "github.com",
            {"token": "t", "api": "https://git_hub.example:8443/x"},
            "github",
            "https://git_hub.example:8443/x",
        ),
    ],
)
def test_the_api_follows_from_the_host_unless_it_is_named(host, texts, provider, api):
    found = secrets(texts, host)

    assert (found.provider, found.api) == (provider, api)


@pytest.mark.parametrize(
    ("host", "texts", "words"),
    [
        ("git.example.com", {"token": "t"}, "provider"),
        ("git.example.com", {"token": "t", "provider": "svn"}, "provider"),
        ("github.com", {}, "token"),
        ("github.com", {"token": "t", **APP}, "token"),
        ("github.com", {"app-id": "7"}, "app-key"),
        ("gitlab.com", APP, "app-key"),
        ("github.com", {"token": "sec ret"}, "token"),
        ("github.com", {"token": "sécret"}, "token"),
        ("github.com", {"token": "t", "api": "http://api.example.com"}, "https"),
        ("github.com", {"token": "t", "api": "https://user@api.example.com"}, "api"),
        ("github.com", {"token": "t", "api": "ftp://api.example.com"}, "api"),
        ("github.com", {"token": "t", "api": "https://[::secret/"}, "api"),
        ("github.com", {"token": "t", "api": "https://api.example.com:secret"}, "api"),
        ("github.com", {"token": "t", "api": "https://api.example.com:99999"}, "api"),
        ("github.com", {"token": "t", "ca.crt": "secret"}, "ca.crt"),
    ],
)
def test_a_folder_that_cannot_be_used_is_refused_without_its_content(host, texts, words):
    with pytest.raises(FolderError, match=words) as raised:
        secrets(texts, host)

    assert "ret" not in str(raised.value).replace("secret", "")


def test_no_secret_is_in_the_text_of_an_object():
    found = secrets({"token": "topsecret"}, "github.com")

    assert "topsecret" not in repr(found)
    assert "topsecret" not in str(found)


def test_a_rotated_token_is_noticed(tmp_path):
    (tmp_path / "token").write_text("first\n")
    folder = Folder(str(tmp_path), host="github.com")
    assert folder.read().token == "first"

    replace(tmp_path / "token", "second")

    assert folder.read().token == "second"


def test_a_broken_rotation_keeps_the_old_token_until_the_next(tmp_path):
    (tmp_path / "token").write_text("first")
    folder = Folder(str(tmp_path), host="github.com")
    folder.read()

    (tmp_path / "token").unlink()
    assert folder.read().token == "first"
    replace(tmp_path / "token", "second")

    assert folder.read().token == "second"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"x" * (2**20 + 1), "ca.crt: the file is longer than 1048576 bytes: shorten it"),
        ("sécret".encode("latin-1"), "ca.crt: the file is not UTF-8: save it as text"),
        (None, "ca.crt: cannot read the file: Is a directory"),
    ],
    ids=["long", "binary", "folder"],
)
def test_a_file_that_is_not_read_is_named_with_the_reason(tmp_path, content, words):
    (tmp_path / "token").write_text("t")
    if content is None:
        (tmp_path / "ca.crt").mkdir()
    else:
        (tmp_path / "ca.crt").write_bytes(content)

    with pytest.raises(FolderError, match=f"{tmp_path}: {words}"):
        Folder(str(tmp_path), host="github.com").read()


def test_a_missing_folder_is_refused_with_its_path(tmp_path):
    with pytest.raises(FolderError, match="nowhere"):
        Folder(str(tmp_path / "nowhere"), host="github.com").read()


@pytest.mark.parametrize(
    ("location", "prefix"),
    [
        ("github.com/acme/shop", "github.com/acme"),
        ("github.com/acme/secret", "github.com/acme/secret"),
        ("github.com/Acme/Shop", "github.com/acme"),
        ("github.com/acme-evil/shop", None),
        ("github.com.evil.example/acme/shop", None),
        ("evil.example/github.com/acme/shop", None),
        ("github.com:8443/acme/shop", None),
        ("git.example.com/any/where/deep", "git.example.com"),
        ("git.example.com/team/a/b", "git.example.com/team"),
    ],
)
def test_the_longest_prefix_of_whole_segments_decides(location, prefix):
    prefixes = ["github.com/acme", "github.com/acme/secret", "git.example.com", "git.example.com/team"]

    assert credentials.choose(giturls.parse(f"https://{location}"), prefixes) == prefix


def replace(path, text):
    """Replace a file at once, as kubelet does with those of a Secret."""
    new = path.with_suffix(".new")
    new.write_text(text)
    os.replace(new, path)
