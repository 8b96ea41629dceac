"""SSH keys that sign commits."""

from __future__ import annotations

import subprocess


def new_key(folder, name="signer", passphrase=""):
    """Create a key pair in `folder`. Returns the content of the private key."""
    file = folder / name
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", passphrase, "-C", "", "-f", str(file)], check=True)
    return file.read_bytes()


def signer(repository, folder, name="signer"):
    """Return git's verdict on the newest commit's signature and the signer, if git trusts only the key `name`."""
    allowed = folder / "allowed"
    allowed.write_text(f"robot@example.com {(folder / f'{name}.pub').read_text()}")
    options = ("-c", "gpg.format=ssh", "-c", f"gpg.ssh.allowedSignersFile={allowed}")
    return repository.git(*options, "log", "-1", "--format=%G? %GS", "main").strip()
