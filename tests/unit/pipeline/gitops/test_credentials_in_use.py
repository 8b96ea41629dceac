"""Credentials are sent to the host of the repository only."""

import os

import pytest

from controller.pipeline import gitops
from tests.unit.pipeline.gitops.conftest import Pipeline
from tests.unit.pipeline.gitops.git_servers import PASSWORD, USER, HttpsServer, ssh_to_here

GOOD = gitops.Credentials(username=USER, password=PASSWORD)


@pytest.fixture
def start_server(tmp_path, monkeypatch):
    """A function that starts https servers. git trusts the certificate authority of the first one."""
    servers = []

    def start(folder, **options):
        folder.mkdir(exist_ok=True)
        servers.append(HttpsServer(folder, **options))
        monkeypatch.setenv("GIT_SSL_CAINFO", str(servers[0].authority))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


def pipeline_to(server, repository, credentials, *, host="localhost"):
    remote = gitops.parse_remote(f"https://{host}:{server.port}/{repository.path.name}")
    return Pipeline(repository, remote=remote, credentials=credentials)


def test_user_and_password_give_access_over_https(repository, start_server, tmp_path):
    repository.git("config", "http.receivepack", "true")
    server = start_server(tmp_path)
    pipeline = pipeline_to(server, repository, GOOD)
    assert pipeline.publish() == "published"
    assert pipeline.retire() == "retired"
    assert set(server.asked) == {f"{USER}:{PASSWORD}"}


@pytest.mark.parametrize("credentials", [gitops.Credentials(), gitops.Credentials(username=USER, password="wrong")])
def test_wrong_credentials_are_reported_without_a_retry(repository, start_server, tmp_path, credentials):
    pipeline = pipeline_to(start_server(tmp_path), repository, credentials)
    with pytest.raises(gitops.GitOpsError, match="rejected the credentials: check --username-file") as refused:
        pipeline.publish()
    assert "wrong" not in str(refused.value)
    assert pipeline.reports == []


def test_a_redirect_to_another_host_gets_no_credentials(repository, start_server, tmp_path, monkeypatch):
    other = start_server(tmp_path)
    own = start_server(tmp_path / "own", redirect=f"https://127.0.0.1:{other.port}")
    both = tmp_path / "both.pem"
    both.write_bytes(own.authority.read_bytes() + other.authority.read_bytes())
    monkeypatch.setenv("GIT_SSL_CAINFO", str(both))
    with pytest.raises(gitops.GitOpsError, match="rejected the credentials"):
        pipeline_to(own, repository, GOOD).publish()
    assert other.asked == []


def test_an_unknown_certificate_is_not_trusted(repository, start_server, tmp_path, monkeypatch):
    server = start_server(tmp_path)
    monkeypatch.delenv("GIT_SSL_CAINFO")
    with pytest.raises(gitops.GitOpsError, match="certificate"):
        pipeline_to(server, repository, GOOD).publish()
    assert server.asked == []


def test_the_private_key_gives_access_over_ssh(repository, tmp_path, monkeypatch):
    ssh_to_here(tmp_path)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    credentials = gitops.Credentials(ssh_key=b"PRIVATE KEY", known_hosts=tmp_path / "hosts")
    remote = gitops.parse_remote(f"ssh://git@localhost{repository.path}")
    assert Pipeline(repository, remote=remote, credentials=credentials).publish() == "published"
    arguments = (tmp_path / "ssh.log").read_text().splitlines()
    for option in ("BatchMode=yes", "StrictHostKeyChecking=yes", "git@localhost"):
        assert option in arguments
    assert (tmp_path / "ssh.key").read_text() == "PRIVATE KEY\n"
    assert not any("PRIVATE" in argument for argument in arguments)
