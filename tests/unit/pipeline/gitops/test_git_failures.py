"""How the output of git is classified, and which part of it is shown."""

import re

import pytest

from controller.pipeline.gitops.failures import GitOpsError, LostRace, Transient, failure


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
def test_a_push_that_came_too_late_is_a_lost_race(words):
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
def test_connection_problems_are_temporary(words):
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
    ],
)
def test_a_final_failure_names_its_remedy(words, remedy):
    error = failure(words)
    assert type(error) is GitOpsError
    assert remedy in str(error)


HOOK = "!\trefs/next:refs/heads/main\t[remote rejected] (pre-receive hook declined)\nerror: failed to push some refs to"


def hook(words):
    return f"remote: {words}        \nTo https://h/r\n{HOOK} 'https://h/r'"


def rejected(reason, remote=""):
    return f"{remote}\nTo https://h/r\n!\trefs/next:refs/heads/main\t[remote rejected] ({reason})\nDone"


def http(status):
    return f"fatal: unable to access 'https://h/r/': The requested URL returned error: {status}"


def ssh(words):
    return (
        f"{words}\nfatal: Could not read from remote repository.\n\n"
        "Please make sure you have the correct access rights\nand the repository exists."
    )


HTTPS = "fatal: unable to access 'https://h/r/'"
HICCUPS = {
    "github": [
        rejected("failure", "remote: fatal error in commit_refs"),
        rejected("Internal Server Error", "remote: Internal Server Error"),
        rejected("internal server error"),
        "remote: Internal Server Error\n" + http(500),
        "remote: You have exceeded a secondary rate limit.\n" + http(403),
        "error: RPC failed; HTTP 502 curl 22 The requested URL returned error: 502\nsend-pack: unexpected disconnect",
    ],
    "gitlab": [
        hook("GitLab: 500 Internal Server Error"),
        hook("GitLab: Internal API error (503)"),
        hook("GitLab: Internal API unreachable"),
        hook("GitLab: API is not accessible"),
        hook("Gitaly is not available"),
        hook("GitLab: The git server, Gitaly, is not available at this time. Please contact your administrator."),
        hook("GitLab: rpc error: code = DeadlineExceeded desc = context deadline exceeded"),
        hook("GitLab: Failed to contact internal API"),
        hook("GitLab is not responding"),
        hook("You can't push code to a read-only GitLab instance."),
        "remote: GitLab is in maintenance mode, and pushing is not allowed\n" + http(403),
        "remote: GitLab: 14:connections to all backends failing\nfatal: the remote end hung up unexpectedly",
    ],
    "gitea": [
        hook("Gitea: Internal Server Error"),
        hook("Gitea: Internal Server Connection Error"),
        hook("Forgejo: Internal Server Error"),
        hook("Gitea: Unable to reach the API: dial tcp 127.0.0.1:3000: connection refused"),
    ],
    "bitbucket": [
        "remote: Bitbucket is temporarily unavailable.\n" + http(503),
        hook("An unexpected error occurred while running the hook"),
        hook("Bitbucket is being upgraded"),
        rejected("n/a (unpacker error)", "error: remote unpack failed: unable to create temporary object directory"),
    ],
    "azure": [
        rejected("TF400898: An Internal Error Occurred. Activity Id: 1"),
        "remote: TF400733: The request has been canceled: it exceeded the time.\n" + http(500),
    ],
    "gerrit": [rejected("internal server error"), rejected("lock error"), rejected("error: server busy")],
    "a hook without words": [HOOK, hook("")],
    "tls": [
        f"{HTTPS}: gnutls_handshake() failed: The TLS connection was non-properly terminated.",
        f"{HTTPS}: GnuTLS recv error (-110): The TLS connection was non-properly terminated.",
        "error: RPC failed; curl 56 GnuTLS recv error (-54): Error in the pull function.",
        "fatal: unable to access 'https://h/r/': OpenSSL SSL_connect: SSL_ERROR_SYSCALL in connection to h:443",
        "fatal: unable to access 'https://h/r/': OpenSSL SSL_read: error:0A000126:SSL routines::unexpected eof",
        "fatal: unable to access 'https://h/r/': TLS connect error: error:00000000:lib(0)::reason(0)",
    ],
    "http": [
        "error: RPC failed; curl 92 HTTP/2 stream 5 was not closed cleanly: CANCEL (err 8)",
        "error: RPC failed; curl 16 Error in the HTTP2 framing layer\nfatal: expected flush after ref listing",
        "error: RPC failed; curl 18 transfer closed with outstanding read data remaining\nfatal: early EOF",
        "fatal: early EOF\nfatal: index-pack failed",
        "fatal: protocol error: bad line length character: <!DO",
        *(http(status) for status in (408, 429, 500, 502, 503, 504, 520)),
        "fatal: unable to access 'https://h/r/': Received HTTP code 503 from proxy after CONNECT",
    ],
    "ssh": [
        ssh("kex_exchange_identification: Connection closed by remote host\nConnection closed by 1.2.3.4 port 22"),
        ssh("ssh: connect to host h port 22: Connection refused"),
        ssh("ssh: Could not resolve hostname h: Temporary failure in name resolution"),
        ssh("client_loop: send disconnect: Broken pipe"),
    ],
    "unknown": ["", "fatal: something that no version of git has said so far"],
    # Names may contain any word.
    "names": [
        "fatal: unable to access 'https://h/protected-branch/permission-denied/': Could not resolve host: h",
        "To https://h/authentication-failed/r\n!\trefs/next:refs/heads/not-permitted\t[remote rejected] (failure)",
    ],
}
FINAL = {
    "github": [
        rejected("protected branch hook declined", "remote: error: GH006: Protected branch update failed for main."),
        rejected("push declined due to repository rule violations", "remote: error: GH013: Repository rule violations"),
        "remote: Repository not found.\nfatal: repository 'https://github.com/a/b/' not found",
        ssh("ERROR: Repository not found."),
        "remote: Write access to repository not granted.\n" + http(403),
        "remote: Invalid username or token.\nfatal: Authentication failed for 'https://h/r/'",
        ssh("ERROR: The key you are authenticating with has been marked as read only."),
        ssh("ERROR: Permission to acme/envs.git denied to robot."),
        "remote: This repository was archived so it is read-only.\n" + http(403),
        hook("error: GH009: Secrets detected! This push failed."),
        hook("Commits must have verified signatures."),
    ],
    "gitlab": [
        hook("GitLab: You are not allowed to push code to protected branches on this project."),
        hook("GL-HOOK-ERR: the file size is over 5 MB"),
        hook("GitLab: Commit must be signed with a GPG key"),
        hook("GitLab: Commit message does not follow the pattern '[A-Z]+-\\d+'"),
        hook("GitLab: This deploy key does not have write access to this project."),
        "remote: HTTP Basic: Access denied\nfatal: Authentication failed for 'https://h/r/'",
        "remote: The project you were looking for could not be found or you don't have permission to view it.\n"
        "fatal: repository 'https://h/r/' not found",
    ],
    "gitea": [
        hook("Gitea: Not allowed to push to protected branch main"),
        hook("Forgejo: branch main is protected from force push"),
        "remote: Gitea: User permission denied for writing.\n" + http(403),
        "remote: Unauthorized\nfatal: Authentication failed for 'https://h/r/'",
    ],
    "bitbucket": [
        hook("Branch refs/heads/main can only be modified through pull requests."),
        hook("Permission denied to update branch main."),
        hook("Every commit needs the number of an issue"),
        "remote: Repository acme/envs not found",
        ssh("repository does not exist."),
    ],
    "azure": [
        rejected(
            "TF402455: Pushes to this branch are not permitted; you must use a pull request to update this branch."
        ),
        rejected("TF401027: You need the Git 'GenericContribute' permission to perform this action."),
        "remote: TF401019: The Git repository with name or identifier envs does not exist",
        "fatal: Authentication failed for 'https://dev.azure.com/acme/p/_git/envs/'",
    ],
    "gerrit": [
        rejected("prohibited by Gerrit: not permitted: update"),
        rejected("commit 1234567: missing Change-Id in message footer"),
        rejected("commit 1234567: not Signed-off-by author/committer/uploader in message footer"),
        rejected("you are not allowed to upload merges"),
    ],
    "certificates and proxies": [
        "fatal: unable to access 'https://h/r/': server certificate verification failed. CAfile: none CRLfile: none",
        "fatal: unable to access 'https://h/r/': SSL certificate problem: self-signed certificate",
        "fatal: unable to access 'https://h/r/': CONNECT tunnel failed, response 407",
        "fatal: unable to access 'https://h/r/': Received HTTP code 403 from proxy after CONNECT",
    ],
    "git itself": [
        *(http(status) for status in (401, 403, 404)),
        "error: RPC failed; HTTP 403 curl 22 The requested URL returned error: 403",
        rejected("deny updating a hidden ref"),
        rejected("branch is currently checked out"),
        "fatal: '/srv/nothing' does not appear to be a git repository",
        "fatal: transport 'file' not allowed",
    ],
}


@pytest.mark.parametrize(
    "words", [pytest.param(words, id=f"{of}-{words[:40]!a}") for of in HICCUPS for words in HICCUPS[of]]
)
def test_a_temporary_server_problem_is_not_final(words):
    assert type(failure(words)) is Transient


@pytest.mark.parametrize(
    "words", [pytest.param(words, id=f"{of}-{words[:40]!a}") for of in FINAL for words in FINAL[of]]
)
def test_a_rejection_for_a_known_reason_is_final(words):
    error = failure(words)
    assert type(error) is GitOpsError
    # It starts with our own message, and ends with the output of git.
    assert re.match(r"(the (branch|repository|host key|server's|proxy)|a (rule|hook) of) .*\(.+\)$", str(error))


def test_credentials_are_left_out_of_the_message():
    words = "fatal: unable to access 'https://robot:hunter2@h/r/': token hunter2 is wrong"
    assert "hunter2" not in str(failure(words, secrets=("hunter2",)))
    assert "robot" not in str(failure(words))


def test_the_message_is_one_short_line():
    text = str(failure("fatal: \x1b[31mred\nremote: " + "x" * 10_000))
    assert len(text) <= 512
    assert text.isprintable()
