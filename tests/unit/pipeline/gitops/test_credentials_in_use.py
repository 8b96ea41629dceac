"""Credentials on their way: to the repository's own host, and nowhere else."""

import os

import pytest

from controller.pipeline import gitops
from tests.unit.pipeline.gitops.conftest import Pipeline
from tests.unit.pipeline.gitops.git_servers import PASSWORD, USER, HttpsServer, ssh_to_here

GOOD = gitops.Credentials(username=USER, password=PASSWORD)


@pytest.fixture
def start_server(tmp_path, monkeypatch):
    """Starts https servers; git trusts the first one's authority."""
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


def test_user_and_password_open_the_repository(repository, start_server, tmp_path):
    repository.git("config", "http.receivepack", "true")
    server = start_server(tmp_path)
    pipeline = pipeline_to(server, repository, GOOD)
    assert pipeline.publish() == "published"
    assert pipeline.retire() == "retired"
    assert set(server.asked) == {f"{USER}:{PASSWORD}"}


@pytest.mark.parametrize("credentials", [gitops.Credentials(), gitops.Credentials(username=USER, password="wrong")])
def test_without_the_right_ones_it_ends_at_once_and_says_so(repository, start_server, tmp_path, credentials):
    pipeline = pipeline_to(start_server(tmp_path), repository, credentials)
    with pytest.raises(gitops.GitOpsError, match="refuses these credentials: check --username-file") as refused:
        pipeline.publish()
    assert "wrong" not in str(refused.value)
    assert pipeline.reports == []


def test_a_redirection_to_another_host_is_given_none(repository, start_server, tmp_path, monkeypatch):
    other = start_server(tmp_path)
    own = start_server(tmp_path / "own", redirect=f"https://127.0.0.1:{other.port}")
    both = tmp_path / "both.pem"
    both.write_bytes(own.authority.read_bytes() + other.authority.read_bytes())
    monkeypatch.setenv("GIT_SSL_CAINFO", str(both))
    with pytest.raises(gitops.GitOpsError, match="refuses these credentials"):
        pipeline_to(own, repository, GOOD).publish()
    assert other.asked == []


def test_an_unknown_certificate_is_not_trusted(repository, start_server, tmp_path, monkeypatch):
    server = start_server(tmp_path)
    monkeypatch.delenv("GIT_SSL_CAINFO")
    with pytest.raises(gitops.GitOpsError, match="certificate"):
        pipeline_to(server, repository, GOOD).publish()
    assert server.asked == []


def test_the_key_opens_the_repository_by_ssh(repository, tmp_path, monkeypatch):
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
