"""What git's words are taken for, and what of them is shown."""

import pytest

from controller.pipeline.gitops.errors import GitOpsError, LostRace, Transient, failure


@pytest.mark.parametrize(
    "words",
    [
        "!\tabc:refs/heads/main\t[rejected] (fetch first)\nerror: failed to push some refs to 'x'",
        "!\tabc:refs/heads/main\t[rejected] (non-fast-forward)",
        "!\tabc:refs/heads/main\t[remote rejected] (cannot lock ref 'refs/heads/main': is at 1 but expected 2)",
        "!\tabc:refs/heads/main\t[remote rejected] (failed to update ref)",
        "!\tabc:refs/heads/main\t[remote rejected] (incorrect old value provided)",
    ],
)
def test_a_lost_race(words):
    assert type(failure(words)) is LostRace


@pytest.mark.parametrize(
    "words",
    [
        "fatal: unable to access 'https://h/r/': Could not resolve host: h",
        "fatal: unable to access 'https://h/r/': Failed to connect to h port 443: Connection refused",
        "fatal: unable to access 'https://h/r/': The requested URL returned error: 503",
        "fatal: unable to access 'https://h/r/': The requested URL returned error: 429",
        "ssh: connect to host h port 22: Connection timed out",
        "fatal: the remote end hung up unexpectedly",
        "fetch-pack: unexpected disconnect while reading sideband packet",
        "fatal: unable to access 'https://h/r/': Empty reply from server",
    ],
)
def test_what_another_attempt_may_not_meet(words):
    assert type(failure(words)) is Transient


@pytest.mark.parametrize(
    ("words", "remedy"),
    [
        ("fatal: could not read Username for 'https://h': terminal prompts disabled", "--password-file"),
        ("remote: HTTP Basic: Access denied\nfatal: Authentication failed for 'https://h/r/'", "--password-file"),
        ("git@h: Permission denied (publickey).\nfatal: Could not read from remote repository.", "--ssh-key-file"),
        ("fatal: unable to access 'https://h/r/': The requested URL returned error: 403", "--password-file"),
        ("Host key verification failed.\nfatal: Could not read from remote repository.", "--known-hosts-file"),
        ("fatal: couldn't find remote ref refs/heads/x", "--branch"),
        ("remote: GL-HOOK-ERR: protected\n!\ta:b\t[remote rejected] (pre-receive hook declined)", "protected"),
        ("fatal: repository 'https://h/r/' not found", "not found"),
        ("", "no reason"),
    ],
)
def test_what_another_attempt_would_meet_again(words, remedy):
    error = failure(words)
    assert type(error) is GitOpsError
    assert remedy in str(error)


def test_credentials_are_not_shown():
    words = "fatal: unable to access 'https://robot:hunter2@h/r/': token hunter2 is wrong"
    assert "hunter2" not in str(failure(words, secrets=("hunter2",)))
    assert "robot" not in str(failure(words))


def test_a_text_is_one_short_line():
    text = str(failure("fatal: \x1b[31mred\nremote: " + "x" * 10_000))
    assert len(text) <= 512
    assert text.isprintable()
