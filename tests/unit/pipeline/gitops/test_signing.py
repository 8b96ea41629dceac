"""Commits that are signed, checked by git with the public key."""

import subprocess

import pytest

from controller.pipeline import gitops
from tests.unit.pipeline.gitops.conftest import Pipeline


def new_key(folder, name="signer", passphrase=""):
    """The content of a private key; its public half is beside it."""
    file = folder / name
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", passphrase, "-C", "", "-f", str(file)], check=True)
    return file.read_bytes()


def signer(repository, folder, name="signer"):
    """What git says of the newest commit's signature, and who has signed, when it trusts that key alone."""
    allowed = folder / "allowed"
    allowed.write_text(f"robot@example.com {(folder / f'{name}.pub').read_text()}")
    options = ("-c", "gpg.format=ssh", "-c", f"gpg.ssh.allowedSignersFile={allowed}")
    return repository.git(*options, "log", "-1", "--format=%G? %GS", "main").strip()


def signing(repository, key):
    author = gitops.Author("Robot", "robot@example.com")
    return Pipeline(repository, author=author, credentials=gitops.Credentials(signing_key=key))


@pytest.mark.parametrize(
    "spoil", [bytes, bytes.strip, lambda key: key.replace(b"\n", b"\r\n")], ids=["", "cut", "crlf"]
)
def test_what_is_published_and_retired_is_signed(repository, tmp_path, spoil):
    pipeline = signing(repository, spoil(new_key(tmp_path)))
    assert pipeline.publish() == "published"
    assert signer(repository, tmp_path) == "G robot@example.com"
    assert pipeline.retire() == "retired"
    assert signer(repository, tmp_path) == "G robot@example.com"
    assert repository.log("%an <%ae> %cn <%ce>: %s")[0] == (
        "Robot <robot@example.com> Robot <robot@example.com>: Change shop-74"
    )
    # One line of history, each commit with its one change.
    assert repository.git("rev-list", "--count", "main").strip() == "3"
    assert repository.git("show", "--format=", "--name-only", "main~1").split() == ["envs/shop-74.yaml"]


def test_the_signature_is_of_that_key_only(repository, tmp_path):
    signing(repository, new_key(tmp_path)).publish()
    new_key(tmp_path, "another")
    assert not signer(repository, tmp_path, "another").startswith("G")


def test_without_a_key_nothing_is_signed(repository, tmp_path, pipeline):
    new_key(tmp_path)
    pipeline.publish()
    assert signer(repository, tmp_path) == "N"


@pytest.mark.parametrize("kind", ["garbage", "a passphrase"])
def test_a_key_that_cannot_sign_is_refused_with_the_remedy(repository, tmp_path, kind):
    key = b"not a key" if kind == "garbage" else new_key(tmp_path, passphrase="hunter2")
    with pytest.raises(gitops.GitOpsError, match="--signing-key-file has to hold a private key of ssh without a pass"):
        signing(repository, key).publish()
    assert len(repository.log()) == 1
