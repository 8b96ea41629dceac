"""A kubeconfig that cannot be used is one sentence that names the file and the remedy, and shows no secret."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import trustme
import yaml

from controller.apimachinery.errors import ConfigError
from controller.client import config

SECRET = "sekret-6f50ff2f"
EXEC: Mapping[str, Any] = {"apiVersion": "client.authentication.k8s.io/v1", "interactiveMode": "Never"}


def document(**changed: Any) -> dict[str, Any]:
    """A kubeconfig; `cluster` and `user` are what their entries hold, everything else is a field of the document."""
    cluster = changed.pop("cluster", {"server": "https://127.0.0.1:6443"})
    user = changed.pop("user", {"token": SECRET})
    return {
        "current-context": "here",
        "contexts": [{"name": "here", "context": {"cluster": "one", "user": "me"}}],
        "clusters": [{"name": "one", "cluster": cluster}],
        "users": [{"name": "me", "user": user}],
        **changed,
    }


def refusal(tmp_path: Path, content: dict[str, Any] | str) -> str:
    """What is said about a kubeconfig that is refused."""
    path = tmp_path / "kubeconfig"
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    with pytest.raises(ConfigError) as caught:
        config.load(kubeconfig=str(path))
    text = str(caught.value)
    assert str(path) in text
    assert "\n" not in text
    assert SECRET not in text
    return text


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"contexts": "hello"}, "contexts has to be a list of entries"),
        ({"contexts": [1]}, "contexts has to be a list of entries"),
        ({"contexts": [{"name": "here", "context": ["x"]}]}, "context of 'here' has to be a mapping"),
        ({"clusters": 5}, "clusters has to be a list of entries"),
        ({"users": {}}, "names the user 'me', which is not there: add that user"),
        ({"users": ["me"]}, "users has to be a list of entries"),
        ({"user": {"token": SECRET, "as": "admin"}}, "impersonates another one (as), which is not supported"),
        ({"user": {"username": "me", "password": SECRET}}, "use a token, a client certificate or an exec plugin"),
        ({"clusters": []}, "names the cluster 'one', which is not there: add that cluster"),
        ({"contexts": [{"name": "here", "context": {"cluster": ["x"]}}]}, "names no cluster: add that cluster"),
        ({"contexts": [{"name": "here"}]}, "names no cluster"),
        ({"current-context": ["x"]}, "has no current-context"),
    ],
)
def test_a_wrong_shape_names_the_field(tmp_path: Path, changed: Mapping[str, Any], words: str) -> None:
    assert words in refusal(tmp_path, document(**changed))


@pytest.mark.parametrize(
    "server",
    [
        "",
        "not a url",
        "127.0.0.1:6443",
        "ftp://x",
        "https://",
        "https://x:99999",
        "https://[x",
        f"me:{SECRET}@x",
        f"https://me:{SECRET}@x",
    ],
)
def test_a_server_that_is_not_a_url_says_how_to_write_one(tmp_path: Path, server: str) -> None:
    text = refusal(tmp_path, document(cluster={"server": server}))
    assert "the cluster 'one'" in text
    assert "write https://HOST:PORT as its server" in text


@pytest.mark.parametrize(
    ("user", "words"),
    [
        ({"exec": {**EXEC, "command": "/nowhere/plugin"}}, ("'/nowhere/plugin'", "No such file", "install it")),
        ({"exec": {**EXEC, "command": "false"}}, ("'false'", "process returned 1", "run it by hand")),
        ({"exec": {"command": "false"}}, ("missing key 'apiVersion'",)),
        ({"exec": "x"}, ("missing key 'command'",)),
        ({"exec": None, "token-of-another-kind": SECRET}, ("gave no credentials",)),
        ({"auth-provider": {"name": "oidc", "config": {"client-secret": SECRET}}}, ("Expected key id-token",)),
        ({"tokenFile": "/nowhere/token"}, ("cannot read /nowhere/token", "correct its path")),
        ({"tokenFile": 5}, ("a value of the wrong kind",)),
        ({"client-certificate": "/nowhere/pem"}, ("cannot read /nowhere/pem", "correct its path")),
        ({"client-certificate-data": f"!!{SECRET}"}, ("is not base64", "copy it again")),
        ({"token": f"{SECRET}\nx"}, ("its token holds a line break", "copy it again")),
        ({"token": f"{SECRET}\u2603"}, ("another character that no token has",)),
    ],
)
def test_credentials_that_cannot_be_had_are_named(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], user: Mapping[str, Any], words: tuple[str, ...]
) -> None:
    text = refusal(tmp_path, document(user=user))
    for word in words:
        assert word in text
    # The package would print a line of its own.
    assert capfd.readouterr().err == ""


def test_a_token_file_that_is_not_text_says_so(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_bytes(b"\xff\xfe")
    assert "has to be text" in refusal(tmp_path, document(user={"tokenFile": str(file)}))


@pytest.mark.parametrize("proxy", [5, "::", "socks5://x:1", "http://x:99999", f"ftp://me:{SECRET}@x"])
def test_a_proxy_that_cannot_be_used_says_how_to_write_one(tmp_path: Path, proxy: object) -> None:
    text = refusal(tmp_path, document(cluster={"server": "https://x:1", "proxy-url": proxy}))
    assert "write http://HOST:PORT, or remove it" in text


def test_a_proxy_may_have_a_password(tmp_path: Path) -> None:
    path = tmp_path / "kubeconfig"
    path.write_text(json.dumps(document(cluster={"server": "https://x:1", "proxy-url": f"http://me:{SECRET}@x:1"})))
    config.load(kubeconfig=str(path))


def test_a_tls_server_name_that_is_not_a_text_is_named(tmp_path: Path) -> None:
    assert "its tls-server-name" in refusal(tmp_path, document(cluster={"server": "https://x:1", "tls-server-name": 5}))


@pytest.mark.parametrize("text", ["a: " + "[" * 3000, "a: 2020-13-45", "a: " + "9" * 5000])
def test_yaml_that_python_cannot_hold_is_refused(tmp_path: Path, text: str) -> None:
    assert "is not YAML" in refusal(tmp_path, text)


@pytest.mark.parametrize("path", ["~no-such-user/config", "/tmp/" + "a" * 300])
def test_a_path_that_cannot_be_looked_at_is_a_missing_file(path: str) -> None:
    with pytest.raises(ConfigError, match="no kubeconfig file at"):
        config.load(kubeconfig=path)


@pytest.mark.parametrize("field", ["certificate-authority-data", "certificate-authority"])
def test_an_authority_that_is_not_pem_is_named(tmp_path: Path, field: str) -> None:
    file = tmp_path / "certificates" / "ca.pem"
    file.parent.mkdir()
    file.write_text("no certificate")
    value = encoded("no certificate") if field.endswith("-data") else str(file)
    text = refusal(tmp_path, document(cluster={"server": "https://x:1", field: value}))
    assert ("inline data" if field.endswith("-data") else str(file)) in text
    assert "holds no usable certificate: give a PEM file" in text


def test_a_client_certificate_with_another_key_is_named(tmp_path: Path) -> None:
    authority = trustme.CA()
    one, other = (authority.issue_cert(f"{name}.example.com") for name in ("one", "other"))
    folder = tmp_path / "certificates"
    folder.mkdir()
    certificate, key = folder / "client.pem", folder / "key.pem"
    one.cert_chain_pems[0].write_to_path(certificate)
    other.private_key_pem.write_to_path(key)
    user = {"client-certificate": str(certificate), "client-key": str(key)}
    text = refusal(tmp_path, document(user=user))
    assert f"({certificate}, {key}) cannot be used" in text
    assert "that belong together" in text


def test_certificates_that_fit_are_used(tmp_path: Path) -> None:
    authority = trustme.CA()
    issued = authority.issue_cert("one.example.com")
    user = {
        "client-certificate-data": encoded(issued.cert_chain_pems[0].bytes().decode()),
        "client-key-data": encoded(issued.private_key_pem.bytes().decode()),
    }
    cluster = {
        "server": "https://x:1",
        "certificate-authority-data": encoded(authority.cert_pem.bytes().decode()),
    }
    path = tmp_path / "kubeconfig"
    path.write_text(yaml.safe_dump(document(cluster=cluster, user=user)))
    assert config.load(kubeconfig=str(path)).current()[1].host == "https://x:1"


def test_text_that_is_not_yaml_names_the_line_and_shows_none_of_it(tmp_path: Path) -> None:
    text = refusal(tmp_path, f'users:\n- token: "{SECRET}\n  x: [\n')
    assert "line 4 is not YAML" in text
