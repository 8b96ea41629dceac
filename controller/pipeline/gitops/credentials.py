"""Who we are to the GitOps repository, told to git by its environment and by files of our own.

Nothing of it is ever an argument, for those can be read by everybody on the machine. git asks for user and password
through a small script, which answers for the repository's own host only: a server that redirects elsewhere gets none.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from controller.pipeline.gitops.remote import Remote

# Hosts that authenticate by token alone take any name, but not none.
DEFAULT_USERNAME: Final = "git"
_ASKPASS: Final = """\
#!/bin/sh
case "$1" in
  "Username for '$TRONADOR_GIT_PLACE'"*) printf '%s\\n' "$TRONADOR_GIT_USERNAME" ;;
  "Password for 'https://"*"@${TRONADOR_GIT_PLACE#https://}'"*) printf '%s\\n' "$TRONADOR_GIT_PASSWORD" ;;
  *) exit 1 ;;
esac
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """What opens the repository; each part may be empty.

    Attributes:
        username, password: for https.
        ssh_key: content of a private key, for ssh.
        known_hosts: file of the hosts' keys; None leaves it to ssh where they are.
        signing_key: content of a private key of ssh, with which commits are signed; empty leaves them unsigned.
    """

    username: str = ""
    password: str = field(default="", repr=False)
    ssh_key: bytes = field(default=b"", repr=False)
    known_hosts: Path | None = None
    signing_key: bytes = field(default=b"", repr=False)

    @property
    def secrets(self) -> tuple[str, ...]:
        """Texts that must not appear in a message."""
        return (self.password,) if self.password else ()


def check(credentials: Credentials, remote: Remote) -> None:
    """ValueError: these credentials must not be sent there."""
    if credentials.password and remote.protocol == "http":
        raise ValueError("a password is never sent over http; use the repository's https URL")


def environment(credentials: Credentials, remote: Remote, *, folder: Path) -> Mapping[str, str]:
    """Environment variables for git; the files that they name are written to the private `folder`."""
    variables: dict[str, str] = {"GIT_TERMINAL_PROMPT": "0"}
    if remote.protocol == "ssh":
        variables["GIT_SSH_COMMAND"] = shlex.join(_ssh(credentials, folder))
        variables["GIT_SSH_VARIANT"] = "ssh"
    elif credentials.password and remote.place:
        script = folder / "askpass"
        script.write_text(_ASKPASS)
        script.chmod(0o700)
        variables |= {
            "GIT_ASKPASS": str(script),
            "TRONADOR_GIT_PLACE": remote.place,
            "TRONADOR_GIT_USERNAME": credentials.username or DEFAULT_USERNAME,
            "TRONADOR_GIT_PASSWORD": credentials.password,
        }
    return variables


def signing_key(credentials: Credentials, *, folder: Path) -> Path | None:
    """The file in the private `folder` with the key that signs commits, or None where they are not signed."""
    return _private(folder / "signing-key", credentials.signing_key) if credentials.signing_key else None


def _ssh(credentials: Credentials, folder: Path) -> list[str]:
    # Nobody is there to answer a question, and a host that is not known yet is not trusted on sight.
    command = ["ssh", "-F", "/dev/null", "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=yes"]
    if credentials.known_hosts is not None:
        command += ["-o", f"UserKnownHostsFile={credentials.known_hosts.resolve()}"]
    if credentials.ssh_key:
        command += ["-o", "IdentitiesOnly=yes", "-i", str(_private(folder / "key", credentials.ssh_key))]
    return command


def _private(file: Path, key: bytes) -> Path:
    # A copy: ssh refuses a key that others may read, as mounted Secrets may be, and one with other line ends or without
    # the last one.
    file.touch(mode=0o600)
    file.write_bytes(key.replace(b"\r\n", b"\n").strip() + b"\n")
    return file
