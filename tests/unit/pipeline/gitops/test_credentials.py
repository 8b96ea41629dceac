"""How git gets the credentials: by environment variables, and for one host only."""

import shlex
import subprocess

import pytest

from controller.pipeline.gitops import Credentials, check, parse_remote
from controller.pipeline.gitops.credentials import environment

PASSWORD = "p'a$s\"w`id`ord"
HTTPS = parse_remote("https://git.example.com:8443/acme/envs")
SSH = parse_remote("git@git.example.com:acme/envs")


def asked(variables, prompt):
    """Run the askpass script. Returns its exit code and output."""
    done = subprocess.run(
        [variables["GIT_ASKPASS"], prompt], env=variables, capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout


def test_the_host_of_the_repository_gets_user_and_password(tmp_path):
    variables = environment(Credentials(username="robot", password=PASSWORD), HTTPS, folder=tmp_path)
    assert asked(variables, "Username for 'https://git.example.com:8443': ") == (0, "robot\n")
    assert asked(variables, "Password for 'https://robot@git.example.com:8443': ") == (0, f"{PASSWORD}\n")
    # The password is in no file.
    assert all(PASSWORD not in file.read_text() for file in tmp_path.iterdir())


@pytest.mark.parametrize(
    "prompt",
    [
        "Username for 'https://evil.example.com': ",
        "Username for 'https://git.example.com': ",
        "Username for 'http://git.example.com:8443': ",
        "Username for 'https://git.example.com:8443.evil.com': ",
        "Password for 'https://robot@evil.example.com': ",
        "Password for 'https://git.example.com:8443@evil.example.com': ",
        "Password for 'https://robot@git.example.com:8443.evil.com': ",
        "Password for 'http://robot@git.example.com:8443': ",
        "Enter passphrase for key: ",
        "",
    ],
)
def test_no_other_host_gets_the_credentials(tmp_path, prompt):
    variables = environment(Credentials(username="robot", password=PASSWORD), HTTPS, folder=tmp_path)
    assert asked(variables, prompt) == (1, "")


def test_a_token_without_a_user_name_gets_a_default_name(tmp_path):
    variables = environment(Credentials(password=PASSWORD), HTTPS, folder=tmp_path)
    assert asked(variables, "Username for 'https://git.example.com:8443': ") == (0, "git\n")


def test_git_does_not_ask_for_credentials_without_a_password(tmp_path):
    assert environment(Credentials(), HTTPS, folder=tmp_path) == {"GIT_TERMINAL_PROMPT": "0"}


def test_a_password_is_never_sent_over_http():
    with pytest.raises(ValueError, match="never sent over http"):
        check(Credentials(password=PASSWORD), parse_remote("http://git.example.com/acme/envs"))
    check(Credentials(), parse_remote("http://git.example.com/acme/envs"))
    check(Credentials(password=PASSWORD), HTTPS)


def test_ssh_uses_a_private_key_copy_and_trusts_only_known_hosts(tmp_path):
    hosts = tmp_path / "known hosts"
    credentials = Credentials(ssh_key=b"KEY", known_hosts=hosts)
    command = shlex.split(environment(credentials, SSH, folder=tmp_path)["GIT_SSH_COMMAND"])
    key = tmp_path / "key"
    assert key.read_bytes() == b"KEY\n"
    assert key.stat().st_mode & 0o777 == 0o600
    assert command[:3] == ["ssh", "-F", "/dev/null"]
    for option in ("BatchMode=yes", "StrictHostKeyChecking=yes", "IdentitiesOnly=yes", f"UserKnownHostsFile={hosts}"):
        assert option in command
    assert command[-2:] == ["-i", str(key)]


def test_ssh_without_a_key_uses_the_keys_of_the_machine(tmp_path):
    variables = environment(Credentials(password=PASSWORD), SSH, folder=tmp_path)
    assert "-i" not in shlex.split(variables["GIT_SSH_COMMAND"])
    assert PASSWORD not in str(variables)


def test_repr_leaves_out_secrets():
    shown = repr(Credentials(username="robot", password=PASSWORD, ssh_key=b"KEY"))
    assert PASSWORD not in shown
    assert "KEY" not in shown
