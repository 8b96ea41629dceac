"""Publishing and retiring with the real git, while others push to the same repository."""

import os
import socket
import threading
from pathlib import Path
from types import SimpleNamespace

import pytest

from controller.pipeline import gitops
from controller.pipeline.gitops import publishing
from controller.pipeline.gitops.failures import Transient
from controller.pipeline.gitops.git import Deadline
from tests.unit.fakes import eventually
from tests.unit.pipeline.gitops.conftest import Pipeline
from tests.unit.pipeline.gitops.origin_repository import environment

FILE, STONE, KEEP = "envs/shop-74.yaml", "envs/.retired/shop-74", "envs/.gitkeep"


def test_an_environment_is_published_updated_and_retired(repository, pipeline):
    assert pipeline.publish() == "published"
    assert repository.files()[FILE] == environment().decode()
    assert pipeline.publish(environment(tag="two")) == "published"
    assert "two" in repository.files()[FILE]
    assert pipeline.retire() == "retired"
    assert sorted(repository.files()) == sorted(["README.md", KEEP, STONE])
    assert repository.log() == ["Change shop-74"] * 3 + ["Somebody's change"]


class _OverAfterTrouble(Deadline):
    def remaining(self):
        if self.trouble:
            raise self.over()
        return super().remaining()


def test_a_timeout_error_names_the_previous_failure(repository, pipeline, monkeypatch):
    monkeypatch.setattr(publishing, "Deadline", _OverAfterTrouble)
    repository.refuse("Internal Server Error")
    with pytest.raises(
        gitops.GitOpsError, match=r"timed out after 30s; .*\(previous attempt: remote: Internal Server Error"
    ):
        pipeline.publish()


def test_an_unchanged_file_makes_no_commit(repository, pipeline):
    pipeline.publish()
    assert pipeline.publish() == "unchanged"
    assert pipeline.retire() == "retired"
    assert pipeline.retire() == "unchanged"
    assert len(repository.log()) == 3


def test_a_commit_changes_only_the_environments_file(repository, pipeline):
    others = {"envs/other.yaml": "a: 1\n", "envs/sub/x.yaml": "b: 2\n", "bin/run": "#!/bin/sh\n"}
    repository.write(others, mode="100755")
    pipeline.publish()
    assert repository.git("show", "--format=", "--name-status", "main").split() == ["A", FILE]
    assert "100755" in repository.git("ls-tree", "main", "bin/run")


def test_retiring_an_absent_environment_commits_only_a_tombstone(repository, pipeline):
    repository.write({"envs/other.yaml": "a: 1\n"})
    assert pipeline.retire() == "retired"
    assert repository.git("show", "--format=", "--name-status", "main").split() == ["A", STONE]


def test_a_reopening_publishes_again_but_a_late_build_does_not(repository, pipeline):
    pipeline.publish()
    pipeline.retire(time="2026-03-01T12:00:00Z")
    assert pipeline.publish(environment(tag="late"), time="2026-03-01T11:59:00Z") == "retired"
    assert FILE not in repository.files()
    assert pipeline.publish(time="2026-03-01T12:05:00Z") == "published"
    assert sorted(repository.files()) == sorted(["README.md", KEEP, FILE])
    pipeline.retire()
    assert pipeline.publish() == "retired"
    assert pipeline.publish(revive=True) == "published"


def test_the_file_of_another_repository_is_not_overwritten(repository, pipeline):
    pipeline.publish()
    other = environment(repository="https://github.com/other/shop")
    with pytest.raises(gitops.GitOpsError, match=r"belongs to pull request 74 of the repository github\.com/acme/shop"):
        pipeline.publish(other)
    assert pipeline.retire(source=gitops.Origin("github.com/other/shop", "74")) == "unchanged"
    assert repository.files()[FILE] == environment().decode()


RENAMED = gitops.Origin("github.com/acme/store", "74", "1001")


@pytest.mark.parametrize("path", ["envs", "-x", "."])
def test_retire_finds_environments_of_a_renamed_repository_by_its_id(repository, pipeline, path):
    pipeline.publish(environment(repository_id="1001"), path=path)
    pipeline.publish(environment("shop-75", pull_request="75", repository_id="1001"), path=path)
    pipeline.publish(environment("other-74", repository="https://github.com/o/other", repository_id="10012"), path=path)
    pipeline.publish(environment("old-74", repository="https://github.com/acme/old"), path=path)
    assert pipeline.retire("store-74", path=path, source=RENAMED) == "retired"
    left = {Path(file).name for file in repository.files()}
    assert left == {"README.md", "shop-75.yaml", "other-74.yaml", "old-74.yaml", "shop-74", "store-74"}
    assert pipeline.retire("store-74", path=path, source=RENAMED) == "unchanged"
    # A build that started before the rename.
    assert pipeline.publish(environment(repository_id="1001"), path=path) == "retired"


def test_retiring_the_last_file_of_a_former_name_keeps_the_folder(repository, pipeline):
    pipeline.publish(environment(repository_id="1001"))
    assert pipeline.retire("store-74", source=RENAMED) == "retired"
    assert KEEP in repository.files()


def test_an_unreadable_file_is_not_overwritten(repository, pipeline):
    repository.write({FILE: "<<<<<<< merge\n"})
    with pytest.raises(gitops.GitOpsError, match="cannot be read"):
        pipeline.publish()


def test_the_commit_names_its_author(repository):
    Pipeline(repository, author=gitops.Author("Robot", "robot@example.com")).publish()
    assert repository.log("%an <%ae> %cn <%ce>")[0] == "Robot <robot@example.com> Robot <robot@example.com>"


def test_each_branch_has_its_own_files(repository, pipeline):
    repository.write({"x": "y"}, branch="team/one")
    assert Pipeline(repository, branch="team/one").publish() == "published"
    assert FILE in repository.files("team/one")
    assert FILE not in repository.files()


def test_the_root_may_be_the_folder(repository, pipeline):
    pipeline.publish(path=".")
    pipeline.retire(path=".")
    assert sorted(repository.files()) == [".retired/shop-74", "README.md"]


def test_commits_that_others_push_first_are_kept(repository, pipeline, monkeypatch):
    real_push = publishing.Branch.push
    pushes = []

    def push(branch):
        if len(pushes) < 3:
            repository.write({f"envs/other-{len(pushes)}.yaml": "a: 1\n"})
        pushes.append(branch)
        real_push(branch)

    monkeypatch.setattr(publishing.Branch, "push", push)
    assert pipeline.publish() == "published"
    assert len(pushes) == 4
    assert pipeline.reports == ["others pushed first; trying again on top of their commit"] * 3
    assert {FILE, "envs/other-0.yaml", "envs/other-1.yaml", "envs/other-2.yaml"} <= repository.files().keys()
    assert repository.log("%p")[0].count(" ") == 0


def test_a_tombstone_that_another_pipeline_pushes_first_is_respected(repository, pipeline, monkeypatch):
    real_push = publishing.Branch.push

    def push(branch):
        monkeypatch.setattr(publishing.Branch, "push", real_push)
        Pipeline(repository).retire()
        real_push(branch)

    monkeypatch.setattr(publishing.Branch, "push", push)
    assert pipeline.publish() == "retired"
    assert FILE not in repository.files()


def test_publish_gives_up_after_too_many_lost_races(repository, pipeline, monkeypatch):
    real_push = publishing.Branch.push
    pushes = []

    def push(branch):
        pushes.append(branch)
        repository.write({"counter": str(len(pushes))})
        real_push(branch)

    monkeypatch.setattr(publishing.Branch, "push", push)
    monkeypatch.setattr(publishing, "_RACES", 5)
    with pytest.raises(gitops.GitOpsError, match="others pushed first 5 times in a row"):
        pipeline.publish()
    assert len(pushes) == 5


def test_a_final_rejection_is_quoted_and_not_retried(repository, pipeline, tmp_path):
    repository.hook("pre-receive", f"echo once >>'{tmp_path}/pushes'\necho 'the branch is protected' >&2\nexit 1\n")
    with pytest.raises(gitops.GitOpsError, match="the branch is protected"):
        pipeline.publish()
    assert (tmp_path / "pushes").read_text() == "once\n"


@pytest.mark.parametrize("words", ["GitLab: Internal API error (503)", "Gitaly is not available", ""])
def test_a_temporary_server_error_in_a_push_is_retried(repository, pipeline, tmp_path, words):
    repository.hook(
        "pre-receive",
        f"echo once >>'{tmp_path}/pushes'\n[ $(wc -l <'{tmp_path}/pushes') -gt 2 ] && exit 0\n"
        f"echo '{words}' >&2\nexit 1\n",
    )
    assert pipeline.publish() == "published"
    assert (tmp_path / "pushes").read_text() == "once\n" * 3
    assert all("pre-receive hook declined" in report and "trying again" in report for report in pipeline.reports)


def test_publish_gives_up_after_five_temporary_errors(repository, pipeline, tmp_path):
    repository.hook(
        "pre-receive", f"echo once >>'{tmp_path}/pushes'\necho 'Gitea: Internal Server Error' >&2\nexit 1\n"
    )
    with pytest.raises(gitops.GitOpsError, match=r"gave up after 5 attempts: .*Gitea: Internal Server Error"):
        pipeline.retire()
    assert (tmp_path / "pushes").read_text() == "once\n" * 5


def test_a_push_that_arrived_without_an_answer_counts_as_done(repository, pipeline, monkeypatch):
    real_push = publishing.Branch.push

    def push(branch):
        real_push(branch)
        raise Transient("the remote end hung up unexpectedly")

    monkeypatch.setattr(publishing.Branch, "push", push)
    assert pipeline.publish() == "published"
    assert pipeline.retire() == "retired"
    assert len(repository.log()) == 3


def test_pauses_after_temporary_errors_grow_and_are_random(repository, monkeypatch):
    repository.hook("pre-receive", "exit 1\n")
    pauses = []
    monkeypatch.setattr(publishing, "time", SimpleNamespace(sleep=pauses.append))
    with pytest.raises(gitops.GitOpsError):
        Pipeline(repository).publish(rand=iter([1.0, 0.5, 1.0, 0.25]).__next__)
    assert pauses == [1.0, 1.0, 4.0, 2.0]


@pytest.mark.parametrize(
    ("branch", "words"), [("nowhere", "the branch does not exist"), ("main", "does not appear to be a git repository")]
)
def test_a_missing_branch_or_repository_is_reported(repository, branch, words, tmp_path):
    where = repository.path if branch == "nowhere" else tmp_path / "nothing.git"
    remote = gitops.parse_remote(str(where))
    with pytest.raises(gitops.GitOpsError, match=words):
        Pipeline(repository, remote=remote, branch=branch).publish()


def test_publish_gives_up_on_a_host_that_refuses_connections(repository):
    with socket.socket() as taken:
        # Bound but not listening: connections are refused, and no other process can use the port.
        taken.bind(("127.0.0.1", 0))
        remote = gitops.parse_remote(f"http://127.0.0.1:{taken.getsockname()[1]}/acme/envs")
        pipeline = Pipeline(repository, remote=remote)
        with pytest.raises(gitops.GitOpsError, match="gave up after 5 attempts: "):
            pipeline.publish()
    assert len(pipeline.reports) == 4


def test_a_broken_tls_connection_is_retried(repository):
    with socket.create_server(("127.0.0.1", 0)) as server:

        def break_off():
            for _ in range(5):
                connection, _ = server.accept()
                connection.recv(1)
                connection.close()

        breaking = threading.Thread(target=break_off, name="tls")
        breaking.start()
        remote = gitops.parse_remote(f"https://127.0.0.1:{server.getsockname()[1]}/acme/envs")
        pipeline = Pipeline(repository, remote=remote)
        with pytest.raises(gitops.GitOpsError, match="gave up after 5 attempts: "):
            pipeline.publish()
        breaking.join()
    assert len(pipeline.reports) == 4


def test_a_host_that_never_answers_causes_a_timeout(repository):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        remote = gitops.parse_remote(f"http://127.0.0.1:{silent.getsockname()[1]}/acme/envs")
        with pytest.raises(gitops.GitOpsError, match=r"timed out after 0\.5s: the repository did not answer"):
            Pipeline(repository, remote=remote, timeout=0.5).publish()


def test_a_push_that_never_ends_causes_a_timeout_and_is_killed(repository):
    fifo = repository.path / "never"
    os.mkfifo(fifo)
    repository.hook("pre-receive", f"echo $$ >'{repository.path}/pid'\nexec cat '{fifo}'\n")
    with pytest.raises(gitops.GitOpsError, match=r"timed out after 2s: the repository did not accept the push"):
        Pipeline(repository, timeout=2.0).publish()
    assert FILE not in repository.files()
    # The programs that git started have ended too.
    process = int((repository.path / "pid").read_text())
    eventually(lambda: not runs(process), "everything has ended")


def runs(process):
    """Return whether a process exists and is not a zombie."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(") ")[2][0] != "Z"
    except OSError:
        return False


@pytest.mark.parametrize(
    ("path", "mode", "words"),
    [
        ("envs", "120000", "envs is a symbolic link"),
        ("envs", "100644", "envs is a file"),
        (FILE, "120000", f"{FILE} is a symbolic link"),
        (f"{FILE}/x", "100644", f"{FILE} is a folder"),
        ("envs/.retired", "120000", r"envs/\.retired is a symbolic link"),
        (STONE, "120000", f"{STONE} is a symbolic link"),
    ],
)
def test_links_in_the_repository_cannot_lead_out_of_it(repository, pipeline, tmp_path, path, mode, words):
    outside = tmp_path / "outside"
    outside.mkdir()
    repository.write({path: str(outside)}, mode=mode)
    before = repository.log("%H")
    for change in (pipeline.publish, pipeline.retire):
        with pytest.raises(gitops.GitOpsError, match=words):
            change()
    assert repository.log("%H") == before
    assert list(outside.iterdir()) == []


def test_git_configuration_hooks_and_filters_have_no_effect(repository, pipeline, tmp_path, monkeypatch):
    trap = tmp_path / "trap"
    script = tmp_path / "script"
    script.write_text(f'#!/bin/sh\necho "$0" "$@" >>\'{trap}\'\ncat\n')
    script.chmod(0o755)
    (tmp_path / "hooks").mkdir()
    for name in ("pre-push", "pre-commit", "post-checkout", "reference-transaction"):
        (tmp_path / "hooks" / name).symlink_to(script)
    config = f"""
        [core]
            hooksPath = {tmp_path}/hooks
            fsmonitor = {script}
            askPass = {script}
        [credential]
            helper = {script}
        [filter "trap"]
            clean = {script}
            smudge = {script}
        [commit]
            gpgSign = true
        [user]
            name = intruder
        [init]
            templateDir = {tmp_path}
    """
    (tmp_path / ".gitconfig").write_text(config)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / ".gitconfig"))
    monkeypatch.setenv("GIT_CONFIG_SYSTEM", str(tmp_path / ".gitconfig"))
    monkeypatch.setenv("GIT_DIR", str(tmp_path))
    monkeypatch.setenv("GIT_EXTERNAL_DIFF", str(script))
    repository.write({".gitattributes": "* filter=trap\n", ".gitmodules": '[submodule "x"]\n\tpath = x\n\turl = /x\n'})
    assert pipeline.publish() == "published"
    assert pipeline.retire() == "retired"
    assert not trap.exists(), trap.read_text()
    assert repository.log("%an")[0] == "tronador"


def test_no_files_are_left_on_the_disk(repository, pipeline, tmp_path, monkeypatch):
    private = tmp_path / "private"
    private.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(private))
    pipeline.publish()
    with pytest.raises(gitops.GitOpsError):
        Pipeline(repository, branch="nowhere").publish()
    assert list(private.iterdir()) == []
