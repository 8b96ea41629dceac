"""Credentials: sent, renewed after a 401, rotated with their files, and never silently omitted."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from controller.apimachinery.errors import ConfigError, ConnectionLost, Unauthorized
from controller.apimachinery.resources import NAMESPACES
from controller.client import Client, config
from tests.unit.client.server import Answer, Server, kubeconfig

DENIED = Answer(401, {"kind": "Status", "code": 401, "reason": "Unauthorized", "message": "Unauthorized"})


def plugin(path: Path, body: str) -> dict[str, object]:
    """An exec credential plugin whose output is what `body` prints."""
    path.write_text(body)
    return {
        "exec": {
            "apiVersion": "client.authentication.k8s.io/v1",
            "command": sys.executable,
            "args": [str(path)],
            "interactiveMode": "Never",
        }
    }


def prints(token_file: Path) -> str:
    return f"""
import json
token = open({str(token_file)!r}).read()
print(json.dumps({{"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential",
                  "status": {{"token": token}}}}))
"""


def sent(server: Server) -> list[str]:
    return [asked.headers.get("authorization", "") for asked in server.asked]


class TestTokenFile:
    @pytest.mark.promise("client")
    def test_a_rotated_token_is_noticed(
        self, make_client: Callable[..., Client], server: Server, tmp_path: Path
    ) -> None:
        token = tmp_path / "token"
        token.write_text("first\n")
        client = make_client(user={"tokenFile": str(token)})
        client.get(NAMESPACES, "x")
        token.write_text("second\n")
        client.get(NAMESPACES, "x")
        assert sent(server) == ["Bearer first", "Bearer second"]

    def test_a_file_that_is_away_for_a_moment_keeps_the_token(
        self, make_client: Callable[..., Client], server: Server, tmp_path: Path
    ) -> None:
        token = tmp_path / "token"
        token.write_text("first")
        client = make_client(user={"tokenFile": str(token)})
        token.unlink()
        client.get(NAMESPACES, "x")
        token.write_text("")
        client.get(NAMESPACES, "x")
        assert sent(server) == ["Bearer first", "Bearer first"]


class TestUnauthorized:
    @pytest.mark.promise("client")
    def test_after_a_401_credentials_are_reloaded_and_the_request_is_repeated(
        self, make_client: Callable[..., Client], server: Server, tmp_path: Path
    ) -> None:
        token = tmp_path / "token"
        token.write_text("old")
        client = make_client(user=plugin(tmp_path / "plugin.py", prints(token)))
        token.write_text("new")
        server.script(DENIED, Answer(200, {"ok": True}))
        assert client.patch(NAMESPACES, "x", {}) == {"ok": True}
        assert sent(server) == ["Bearer old", "Bearer new"]

    def test_a_second_refusal_goes_to_the_caller(self, make_client: Callable[..., Client], server: Server) -> None:
        client = make_client(user={"token": "wrong"})
        server.script(DENIED)
        with pytest.raises(Unauthorized):
            client.get(NAMESPACES, "x")
        assert len(server.asked) == 2

    def test_credentials_that_cannot_be_renewed_leave_the_refusal(
        self, make_client: Callable[..., Client], server: Server, tmp_path: Path
    ) -> None:
        token = tmp_path / "token"
        token.write_text("old")
        client = make_client(user=plugin(tmp_path / "plugin.py", prints(token)))
        (tmp_path / "plugin.py").write_text("raise SystemExit(1)")
        server.script(DENIED)
        with pytest.raises(Unauthorized) as caught:
            client.get(NAMESPACES, "x")
        assert isinstance(caught.value.__cause__, ConfigError)
        assert len(server.asked) == 1, "nothing goes out without credentials"

    def test_many_refused_at_once_renew_once(self, server: Server, tmp_path: Path) -> None:
        builds: list[int] = []
        inner = config.load(kubeconfig=str(kubeconfig(tmp_path / "kubeconfig", server.url)))

        def build() -> object:
            builds.append(1)
            return inner.current()[1]

        connection = config.Connection(source="test", build=build)  # type: ignore[arg-type]
        generation = connection.current()[0]
        for _ in range(5):
            connection.refresh(generation)
        assert len(builds) == 2, "the first, and one renewal for all who saw that generation"


def test_a_token_that_no_header_can_hold_is_not_shown(
    make_client: Callable[..., Client], server: Server, tmp_path: Path
) -> None:
    file = tmp_path / "rotated"
    file.write_text("good")
    client = make_client(user={"tokenFile": str(file)})
    file.write_text("sekret\nx")
    with pytest.raises(ConnectionLost, match="the token contains a line break") as caught:
        client.get(NAMESPACES, "x")
    assert "sekret" not in str(caught.value)
    assert server.asked == []


class TestExecPlugin:
    def test_its_token_is_sent(self, make_client: Callable[..., Client], server: Server, tmp_path: Path) -> None:
        token = tmp_path / "token"
        token.write_text("from the plugin")
        make_client(user=plugin(tmp_path / "plugin.py", prints(token))).get(NAMESPACES, "x")
        assert sent(server) == ["Bearer from the plugin"]

    @pytest.mark.promise("client")
    @pytest.mark.parametrize("body", ["raise SystemExit(3)", "print('no json')", "print('{}')"])
    def test_a_failing_credential_plugin_is_an_error_and_not_an_anonymous_request(
        self, make_client: Callable[..., Client], server: Server, tmp_path: Path, body: str
    ) -> None:
        with pytest.raises(ConfigError, match=r"exec plugin .* gave no credentials .*run it by hand"):
            make_client(user=plugin(tmp_path / "plugin.py", body))
        assert server.asked == []


class TestInCluster:
    def load(self, tmp_path: Path, **environ: str) -> config.Connection:
        return config.load(
            token_file=str(tmp_path / "token"), ca_file=str(tmp_path / "ca.crt"), environ=environ, in_cluster=True
        )

    def test_the_service_account_of_the_pod_is_used(self, tmp_path: Path) -> None:
        (tmp_path / "token").write_text("secret\n")
        (tmp_path / "ca.crt").write_text("certificate")
        connection = self.load(tmp_path, KUBERNETES_SERVICE_HOST="10.0.0.1", KUBERNETES_SERVICE_PORT="443")
        _, configuration = connection.current()
        assert configuration.host == "https://10.0.0.1:443"
        assert configuration.ssl_ca_cert == str(tmp_path / "ca.crt")
        assert configuration.auth_settings()["BearerToken"]["value"] == "bearer secret"

    def test_a_missing_token_names_the_file_and_the_remedy(self, tmp_path: Path) -> None:
        with pytest.raises(ConfigError, match=r"token.*automountServiceAccountToken.*--kubeconfig"):
            self.load(tmp_path, KUBERNETES_SERVICE_HOST="10.0.0.1", KUBERNETES_SERVICE_PORT="443")

    def test_a_rotated_token_is_read_within_a_minute(self, tmp_path: Path) -> None:
        (tmp_path / "token").write_text("first")
        (tmp_path / "ca.crt").write_text("certificate")
        connection = self.load(tmp_path, KUBERNETES_SERVICE_HOST="10.0.0.1", KUBERNETES_SERVICE_PORT="443")
        (tmp_path / "token").write_text("second")
        connection.refresh(connection.current()[0])
        _, configuration = connection.current()
        assert configuration.auth_settings()["BearerToken"]["value"] == "bearer second"


class TestChoosing:
    def test_the_flag_goes_before_the_variable_before_the_pod(self, tmp_path: Path) -> None:
        flag = kubeconfig(tmp_path / "flag", "http://flag:1")
        variable = kubeconfig(tmp_path / "variable", "http://variable:1")
        environ = {"KUBECONFIG": str(variable), "KUBERNETES_SERVICE_HOST": "10.0.0.1"}
        assert config.load(kubeconfig=str(flag), environ=environ).current()[1].host == "http://flag:1"
        assert config.load(environ=environ).current()[1].host == "http://variable:1"

    def test_several_files_are_merged_and_the_first_wins(self, tmp_path: Path) -> None:
        first = kubeconfig(tmp_path / "first", "http://first:1")
        second = kubeconfig(tmp_path / "second", "http://second:1")
        paths = f"{tmp_path / 'missing'}:{first}:{second}"
        assert config.load(environ={"KUBECONFIG": paths}).current()[1].host == "http://first:1"

    def test_the_source_of_the_credentials_is_described(self, tmp_path: Path) -> None:
        flag = kubeconfig(tmp_path / "flag", "http://flag:1")
        assert config.load(kubeconfig=str(flag)).source == f"--kubeconfig {flag}"

    def test_a_context_can_be_chosen(self, tmp_path: Path) -> None:
        path = kubeconfig(tmp_path / "kubeconfig", "http://one:1")
        document = json.loads(path.read_text())
        document["clusters"].append({"name": "two", "cluster": {"server": "http://two:1"}})
        document["contexts"].append({"name": "two", "context": {"cluster": "two", "user": "test"}})
        path.write_text(json.dumps(document))
        assert config.load(kubeconfig=str(path), context="two").current()[1].host == "http://two:1"

    def test_the_package_s_own_retries_are_off_and_keepalive_is_on(self, tmp_path: Path) -> None:
        _, configuration = config.load(kubeconfig=str(kubeconfig(tmp_path / "k", "http://x:1"))).current()
        assert configuration.retries is False
        assert configuration.keep_alive is True


class TestBadConfiguration:
    def load(self, tmp_path: Path, text: str | None, **arguments: str) -> None:
        path = tmp_path / "kubeconfig"
        if text is not None:
            path.write_text(text)
        config.load(kubeconfig=str(path), **arguments)

    def test_a_missing_file_is_named_with_the_remedy(self, tmp_path: Path) -> None:
        with pytest.raises(ConfigError, match=r"no kubeconfig file at .*kubeconfig .*--kubeconfig"):
            self.load(tmp_path, None)

    def test_a_missing_file_of_the_variable_says_where_it_came_from(self, tmp_path: Path) -> None:
        with pytest.raises(ConfigError, match=r"from \$KUBECONFIG"):
            config.load(environ={"KUBECONFIG": str(tmp_path / "nothing")})

    @pytest.mark.parametrize("text", ["", "[]", "just words"])
    def test_a_file_that_is_not_a_kubeconfig_is_named(self, tmp_path: Path, text: str) -> None:
        with pytest.raises(ConfigError, match=r"kubeconfig .* is empty or not a mapping"):
            self.load(tmp_path, text)

    def test_a_file_that_is_not_yaml_is_named_in_one_line(self, tmp_path: Path) -> None:
        with pytest.raises(ConfigError, match="is not YAML") as caught:
            self.load(tmp_path, "a: [")
        assert "\n" not in str(caught.value)

    def test_no_current_context_says_how_to_choose_one(self, tmp_path: Path) -> None:
        with pytest.raises(ConfigError, match=r"no current-context.*--context"):
            self.load(tmp_path, '{"contexts": []}')

    def test_an_unknown_context_lists_the_known_ones(self, tmp_path: Path) -> None:
        path = kubeconfig(tmp_path / "kubeconfig", "http://x:1")
        with pytest.raises(ConfigError, match=r"no context 'other' .*there are: test"):
            config.load(kubeconfig=str(path), context="other")

    def test_a_context_with_an_unknown_user_is_not_anonymous(self, tmp_path: Path) -> None:
        path = kubeconfig(tmp_path / "kubeconfig", "http://x:1")
        document = json.loads(path.read_text())
        document["users"] = []
        path.write_text(json.dumps(document))
        with pytest.raises(ConfigError, match="names the user 'test', which is not there"):
            config.load(kubeconfig=str(path))

    def test_a_certificate_file_that_is_missing_is_named(self, tmp_path: Path) -> None:
        path = kubeconfig(tmp_path / "kubeconfig", "https://x:1", **{"certificate-authority": "/nowhere/ca.crt"})
        with pytest.raises(ConfigError, match=r"/nowhere/ca\.crt"):
            config.load(kubeconfig=str(path))
