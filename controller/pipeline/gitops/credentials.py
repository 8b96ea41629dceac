"""Credentials for the GitOps repository, passed to git in environment variables and private files.

They are never passed as arguments, because every process on the machine can read those. git gets the user name and the
password from a small script that answers only for the repository's own host. So a server that redirects git to another
host does not receive them.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from controller.pipeline.gitops.remote import Remote

# Hosts that authenticate by token alone accept any user name, but not an empty one.
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
    """Credentials for the repository; each field may be empty.

    Attributes:
        username, password: used with https.
        ssh_key: content of an SSH private key.
        known_hosts: file with the host keys; None uses the default files of ssh.
        signing_key: content of the SSH private key that signs commits; if empty, commits are not signed.
    """

    username: str = ""
    password: str = field(default="", repr=False)
    ssh_key: bytes = field(default=b"", repr=False)
    known_hosts: Path | None = None
    signing_key: bytes = field(default=b"", repr=False)

    @property
    def secrets(self) -> tuple[str, ...]:
        """Strings that must not appear in a message."""
        return (self.password,) if self.password else ()


def check(credentials: Credentials, remote: Remote) -> None:
    """Raise ValueError if these credentials must not be sent to `remote`."""
    if credentials.password and remote.protocol == "http":
        raise ValueError("a password is never sent over http; use the repository's https URL")


def environment(credentials: Credentials, remote: Remote, *, folder: Path) -> Mapping[str, str]:
    """Return the environment variables for git. The files that they name are written to the private `folder`."""
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
    """Write the signing key to the private `folder`. Returns its path, or None if commits are not signed."""
    return _private(folder / "signing-key", credentials.signing_key) if credentials.signing_key else None


def _ssh(credentials: Credentials, folder: Path) -> list[str]:
    # A pipeline cannot answer a prompt, and an unknown host must not be trusted on first use.
    command = ["ssh", "-F", "/dev/null", "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=yes"]
    if credentials.known_hosts is not None:
        command += ["-o", f"UserKnownHostsFile={credentials.known_hosts.resolve()}"]
    if credentials.ssh_key:
        command += ["-o", "IdentitiesOnly=yes", "-i", str(_private(folder / "key", credentials.ssh_key))]
    return command


def _private(file: Path, key: bytes) -> Path:
    # Use a copy, because ssh rejects a key that other users can read, as a mounted Secret may be. It also rejects a key
    # with CRLF line ends, or without a line end after the last line.
    file.touch(mode=0o600)
    file.write_bytes(key.replace(b"\r\n", b"\n").strip() + b"\n")
    return file
