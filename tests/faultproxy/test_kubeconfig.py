"""Credentials towards the server: the caller's if it sends any, else the kubeconfig's; over HTTP and HTTPS."""

from __future__ import annotations

import base64
import http.client
import shutil
import ssl
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from hack.faultproxy import kubeconfig
from hack.faultproxy.faults import ResetAfter, Rule
from hack.faultproxy.kubeconfig import KubeconfigError, Target
from hack.faultproxy.proxy import Certificate, FaultProxy
from tests.faultproxy.bed import ScriptedServer, client_of
from tests.faultproxy.kubeconfigs import written


def authorization_of(server: ScriptedServer, target: Target, **headers: str) -> str | None:
    """Return the Authorization header that the server receives through a proxy for `target`."""
    with FaultProxy(target=target) as proxy, client_of(proxy.url) as client:
        client.request(**headers).read()
    return server.seen[-1].headers.get("Authorization")


@pytest.mark.parametrize(
    ("user", "want"),
    [
        ({}, None),
        ({"token": "t"}, "Bearer t"),
        ({"tokenFile": "token"}, "Bearer from-file"),
        ({"username": "a", "password": "b"}, "Basic " + base64.b64encode(b"a:b").decode()),
    ],
)
def test_a_caller_without_credentials_speaks_as_the_user_of_the_kubeconfig(
    server: ScriptedServer, tmp_path: Path, user: dict[str, Any], want: str | None
) -> None:
    (tmp_path / "token").write_text("from-file\n")
    target = kubeconfig.read(written(tmp_path / "config", server=server.url, user=user))
    assert authorization_of(server, target) == want


def test_a_caller_with_credentials_keeps_them(server: ScriptedServer, tmp_path: Path) -> None:
    target = kubeconfig.read(written(tmp_path / "config", server=server.url, user={"token": "t"}))
    assert authorization_of(server, target, Authorization="Bearer mine") == "Bearer mine"


def test_a_rotated_token_file_is_read_again(server: ScriptedServer, tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("one")
    target = kubeconfig.read(written(tmp_path / "config", server=server.url, user={"tokenFile": str(token)}))
    assert authorization_of(server, target) == "Bearer one"
    token.write_text("two")
    assert authorization_of(server, target) == "Bearer two"


def test_another_context_can_be_chosen(server: ScriptedServer, tmp_path: Path) -> None:
    path = written(tmp_path / "config", server=server.url, user={"token": "t"})
    assert authorization_of(server, kubeconfig.read(path, "anonymous")) is None


def test_the_written_kubeconfig_leads_to_the_proxy_with_the_same_user_and_namespace(
    server: ScriptedServer, tmp_path: Path
) -> None:
    user = {"tokenFile": "token", "client-certificate": "never-passed-on", "client-key-data": "never"}
    target = kubeconfig.read(written(tmp_path / "config", server=server.url, user=user))
    with FaultProxy(target=target) as proxy:
        kubeconfig.write(tmp_path / "new", proxy.kubeconfig())
    document = yaml.safe_load((tmp_path / "new").read_text())
    assert document["clusters"][0]["cluster"] == {"server": proxy.url}
    assert document["users"][0]["user"] == {"tokenFile": str(tmp_path / "token")}
    assert document["contexts"][0]["context"]["namespace"] == "team"
    assert (tmp_path / "new").stat().st_mode & 0o777 == 0o600
    assert kubeconfig.read(tmp_path / "new").server == proxy.url


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "No such file"),
        ("", "config"),
        ("{", "config"),
        ("contexts: []\ncurrent-context: gone\n", "there is no context 'gone'"),
        ("contexts: []\n", "there is no current-context"),
    ],
)
def test_a_kubeconfig_that_cannot_be_used_is_named(tmp_path: Path, text: str | None, message: str) -> None:
    path = tmp_path / "config"
    if text is not None:
        path.write_text(text)
    with pytest.raises(KubeconfigError, match=message) as caught:
        kubeconfig.read(path)
    assert str(path) in str(caught.value)


@pytest.fixture(scope="module")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Certificate]:
    """Self-signed certificates for a server and a user."""
    if shutil.which("openssl") is None:
        pytest.skip("needs the openssl command to make certificates")
    folder = tmp_path_factory.mktemp("certificates")
    made = {}
    for name in ("server", "user"):
        made[name] = Certificate(certificate=folder / f"{name}.crt", key=folder / f"{name}.key")
        subprocess.run(
            [
                *("openssl", "req", "-x509", "-nodes", "-days", "2", "-subj", f"/CN={name}"),
                *("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"),
                *("-addext", "subjectAltName=IP:127.0.0.1"),
                *("-keyout", str(made[name].key), "-out", str(made[name].certificate)),
            ],
            check=True,
            capture_output=True,
        )
    return made


@pytest.fixture
def tls(pairs: dict[str, Certificate]) -> ssl.SSLContext:
    """The server's side, which accepts the user's certificate and does without."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=str(pairs["user"].certificate))
    context.verify_mode = ssl.CERT_OPTIONAL
    context.load_cert_chain(pairs["server"].certificate, pairs["server"].key)
    return context


def encoded(path: Path) -> str:
    return base64.b64encode(path.read_bytes()).decode()


@pytest.mark.parametrize("form", ["data", "files"])
def test_the_proxy_presents_the_users_certificate_unless_the_caller_has_credentials(
    pairs: dict[str, Certificate], tls: ssl.SSLContext, tmp_path: Path, form: str
) -> None:
    ca, user = pairs["server"].certificate, pairs["user"]
    credentials, cluster = (
        (
            {"client-certificate-data": encoded(user.certificate), "client-key-data": encoded(user.key)},
            {"certificate-authority-data": encoded(ca)},
        )
        if form == "data"
        else (
            {"client-certificate": str(user.certificate), "client-key": str(user.key)},
            {"certificate-authority": str(ca)},
        )
    )
    with ScriptedServer(tls=tls) as server:
        target = kubeconfig.read(written(tmp_path / "config", server=server.url, user=credentials, **cluster))
        assert authorization_of(server, target) is None
        assert server.seen[-1].certificate["subject"] == ((("commonName", "user"),),)
        assert authorization_of(server, target, Authorization="Bearer mine") == "Bearer mine"
        assert not server.seen[-1].certificate


def test_an_untrusted_server_gets_no_request_unless_verification_is_off(tls: ssl.SSLContext, tmp_path: Path) -> None:
    with ScriptedServer(tls=tls) as server:
        distrusted = kubeconfig.read(written(tmp_path / "config", server=server.url, user={"token": "secret"}))
        with pytest.raises(ConnectionResetError):
            authorization_of(server, distrusted)
        assert server.seen == []
        unverified = {"insecure-skip-tls-verify": True}
        insecure = kubeconfig.read(written(tmp_path / "config", server=server.url, user={"token": "t"}, **unverified))
        assert authorization_of(server, insecure) == "Bearer t"


def test_the_proxy_serves_https_with_the_same_faults_and_a_kubeconfig_that_trusts_it(
    server: ScriptedServer, pairs: dict[str, Certificate], tmp_path: Path
) -> None:
    with FaultProxy(target=Target(server=server.url), certificate=pairs["server"]) as proxy:
        kubeconfig.write(tmp_path / "config", proxy.kubeconfig())
        trusting = kubeconfig.read(tmp_path / "config")
        assert trusting.server == proxy.url
        assert proxy.url.startswith("https://")
        with client_of(proxy.url, tls=trusting.tls) as client:
            assert client.ask()[0] == 200
            proxy.set_rules(Rule(fault=ResetAfter()))
            with pytest.raises((ConnectionResetError, http.client.RemoteDisconnected)):
                client.request()
    assert len(server.seen) == 2
