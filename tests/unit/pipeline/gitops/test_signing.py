"""Signed commits, verified by git with the public key."""

import pytest

from controller.pipeline import gitops
from tests.unit.pipeline.gitops.conftest import Pipeline
from tests.unit.pipeline.gitops.signing_keys import new_key, signer


def signing(repository, key):
    author = gitops.Author("Robot", "robot@example.com")
    return Pipeline(repository, author=author, credentials=gitops.Credentials(signing_key=key))


@pytest.mark.parametrize(
    "spoil", [bytes, bytes.strip, lambda key: key.replace(b"\n", b"\r\n")], ids=["", "cut", "crlf"]
)
def test_commits_of_publish_and_retire_are_signed(repository, tmp_path, spoil):
    pipeline = signing(repository, spoil(new_key(tmp_path)))
    assert pipeline.publish() == "published"
    assert signer(repository, tmp_path) == "G robot@example.com"
    assert pipeline.retire() == "retired"
    assert signer(repository, tmp_path) == "G robot@example.com"
    assert repository.log("%an <%ae> %cn <%ce>: %s")[0] == (
        "Robot <robot@example.com> Robot <robot@example.com>: Change shop-74"
    )
    # The history is linear, and each commit has one change.
    assert repository.git("rev-list", "--count", "main").strip() == "3"
    assert repository.git("show", "--format=", "--name-only", "main~1").split() == ["envs/shop-74.yaml"]


def test_the_signature_belongs_to_the_given_key(repository, tmp_path):
    signing(repository, new_key(tmp_path)).publish()
    new_key(tmp_path, "another")
    assert not signer(repository, tmp_path, "another").startswith("G")


def test_commits_are_not_signed_without_a_key(repository, tmp_path, pipeline):
    new_key(tmp_path)
    pipeline.publish()
    assert signer(repository, tmp_path) == "N"


@pytest.mark.parametrize("kind", ["garbage", "a passphrase"])
def test_an_unusable_signing_key_is_rejected_with_a_remedy(repository, tmp_path, kind):
    key = b"not a key" if kind == "garbage" else new_key(tmp_path, passphrase="hunter2")
    with pytest.raises(
        gitops.GitOpsError, match="--signing-key-file must hold an SSH private key without a passphrase"
    ):
        signing(repository, key).publish()
    assert len(repository.log()) == 1
