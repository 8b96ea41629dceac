"""From a webhook's body to the GitOps repository and back, by the commands that a pipeline runs."""

import hashlib
import hmac
import io
import json
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml

from controller.app import cli
from tests.unit.pipeline.gitops.origin_repository import OriginRepository
from tests.unit.pipeline.gitops.signing_keys import new_key, signer
from tests.unit.pipeline.webhooks.payloads import LABEL, OLD_SHA, SHA, changed, gitea, github, gitlab

CONFIG = """
application:
  chart_path: deploy
  value_overrides:
    image:
      repository: {{APPLICATION_IMAGE_NAME}}
      tag: {{APPLICATION_IMAGE_TAG}}
"""
NASTY = ["a;curl${IFS}x|sh", "$(id)", "`id`", "{a}", "'x'", '"x"', "-".join(["x"] * 100), "日本/é", "null", "1e5", "&x"]


class Pipeline:
    """Runs the commands of a pipeline in a folder of its own."""

    def __init__(self, folder, capsys):
        self.repository = OriginRepository(folder)
        self.said = ""
        self._folder, self._capsys = folder, capsys
        (folder / "config.yaml").write_text(CONFIG)

    def run(self, *arguments, **environ):
        """Exit code and standard output; `said` is what stood on stderr."""
        self._capsys.readouterr()
        try:
            code = cli.main([str(argument) for argument in arguments], environ)
        except SystemExit as ended:
            code = ended.code
        out, self.said = self._capsys.readouterr()
        assert "Traceback" not in self.said
        return code, out

    def event(self, body, *flags, **environ):
        """The decision about a body."""
        file = self._folder / "body.json"
        file.write_bytes(body if isinstance(body, bytes) else json.dumps(body).encode())
        code, out = self.run("event", "--body", file, *flags, **environ)
        assert code == 0, self.said
        return SimpleNamespace(**json.loads(out))

    def render(self, parameters, *, tag="one"):
        """The environment's file."""
        file = self._folder / "environment.yaml"
        names = ("repo_name", "pr_number", "git_url", "git_ref", "repository_url", "repository_id")
        flags = [f"--{name.replace('_', '-')}={parameters[name]}" for name in names]
        fork = ["--fork"] if parameters["fork"] else []
        image = ["--image-repository", "registry.example.com/shop", "--image-tag", tag]
        config = ["--config", self._folder / "config.yaml"]
        code, _ = self.run("render", *config, *flags, *fork, *image, "--output", file)
        assert code == 0, self.said
        return file

    def publish(self, file, *flags, time=""):
        """Exit code and outcome."""
        where = ("--repository", self.repository.path, "--path", "envs")
        code, out = self.run("publish", *where, "--file", file, f"--event-time={time}", *flags)
        return code, out.strip()

    def retire(self, parameters, *flags):
        """Exit code and outcome."""
        where = ("--repository", self.repository.path, "--path", "envs")
        names = ("name", "repository_url", "repository_id", "pr_number", "event_time")
        named = [f"--{name.replace('_', '-')}={parameters[name]}" for name in names]
        code, out = self.run("retire", *where, *named, *flags)
        return code, out.strip()

    def environments(self):
        """What Argo CD finds."""
        files = self.repository.files()
        return {Path(path).stem: yaml.safe_load(text) for path, text in files.items() if path.endswith(".yaml")}


@pytest.fixture
def pipeline(tmp_path, capsys):
    return Pipeline(tmp_path, capsys)


@pytest.mark.parametrize("provider", [github, gitlab, gitea])
def test_a_pull_request_is_deployed_and_removed(pipeline, provider):
    opened = pipeline.event(provider())
    assert opened.decision == "apply"
    assert pipeline.publish(pipeline.render(opened.parameters)) == (0, "published")
    assert pipeline.publish(pipeline.render(opened.parameters)) == (0, "unchanged")
    assert pipeline.publish(pipeline.render(opened.parameters, tag="two")) == (0, "published")
    found = pipeline.environments()["shop-74"]
    assert found["spec"]["application"]["release"]["values"]["image"]["tag"] == "two"
    closed = pipeline.event(provider("close" if provider is gitlab else "closed"))
    assert (closed.decision, closed.parameters["name"]) == ("remove", "shop-74")
    assert pipeline.retire(closed.parameters) == (0, "retired")
    assert pipeline.environments() == {}
    assert pipeline.retire(closed.parameters) == (0, "unchanged")


def test_a_late_build_after_the_close_stays_retired_but_a_reopening_is_published(pipeline):
    opened = pipeline.event(github(updated_at="2026-03-01T12:00:00Z")).parameters
    closed = pipeline.event(github("closed", updated_at="2026-03-01T12:10:00Z")).parameters
    reopened = pipeline.event(github("reopened", updated_at="2026-03-01T12:20:00Z")).parameters
    assert pipeline.retire(closed) == (0, "retired")
    assert pipeline.publish(pipeline.render(opened), time=opened["event_time"]) == (0, "retired")
    assert pipeline.environments() == {}
    assert pipeline.publish(pipeline.render(reopened), time=reopened["event_time"]) == (0, "published")
    # Closed once more while the build of the reopening was still running.
    again = pipeline.event(github("closed", updated_at="2026-03-01T12:30:00Z")).parameters
    assert pipeline.retire(again) == (0, "retired")
    assert pipeline.publish(pipeline.render(reopened), time=reopened["event_time"]) == (0, "retired")


def test_a_fork_is_approved_per_commit_and_removed_when_it_is_gone(pipeline):
    allow = ("--allow-fork-label", LABEL)
    labeled = github("labeled", fork=True, labels=[LABEL], label=LABEL)
    assert pipeline.event(labeled).decision == "ignore"
    first = pipeline.event(labeled, *allow)
    assert first.decision == "apply"
    assert pipeline.publish(pipeline.render(first.parameters)) == (0, "published")
    environment = pipeline.environments()["shop-74"]
    release = environment["spec"]["application"]["release"]
    assert release["chart"]["git"] == "https://github.com/stranger/shop.git"
    assert release["chart"]["ref"] == SHA
    assert environment["metadata"]["annotations"]["tronador.stakater.com/fork"] == "true"
    # The next commit, allowed by setting the label again, is another snapshot of the same release.
    assert pipeline.event(github("synchronize", fork=True, labels=[LABEL]), *allow).decision == "ignore"
    second = pipeline.event(changed(labeled, "pull_request.head.sha", OLD_SHA), *allow)
    assert pipeline.publish(pipeline.render(second.parameters)) == (0, "published")
    newer = pipeline.environments()["shop-74"]["spec"]["application"]["release"]
    assert (newer["chart"]["ref"], newer["releaseName"]) == (OLD_SHA, release["releaseName"])
    closed = pipeline.event(github("closed", gone=True, labels=[LABEL]), *allow)
    assert pipeline.retire(closed.parameters) == (0, "retired")
    assert pipeline.environments() == {}


def test_a_pull_request_closed_and_reopened_in_one_second_is_deployed(pipeline):
    opened, closed, reopened = (
        pipeline.event(github(action)).parameters for action in ("opened", "closed", "reopened")
    )
    pipeline.publish(pipeline.render(opened), time=opened["event_time"])
    assert pipeline.retire(closed) == (0, "retired")
    assert pipeline.publish(pipeline.render(opened), time=opened["event_time"]) == (0, "retired")
    assert pipeline.publish(pipeline.render(reopened), time=reopened["event_time"]) == (0, "published")
    later = pipeline.event(github("closed", updated_at="2026-03-01T12:00:01Z")).parameters
    assert pipeline.retire(later) == (0, "retired")
    assert pipeline.publish(pipeline.render(reopened), time=reopened["event_time"]) == (0, "retired")


def called(body, full_name):
    """The same delivery after the repository was given another name or owner."""
    text = json.dumps(body).replace("acme/shop", full_name)
    return json.loads(text.replace('"name": "shop"', f'"name": "{full_name.partition("/")[2]}"'))


@pytest.mark.parametrize("name", ["acme/store", "other/shop", "Acme/Shop", "other/Store"])
def test_a_renamed_or_moved_repository_leaves_no_old_environment(pipeline, name):
    pipeline.publish(pipeline.render(pipeline.event(github()).parameters))
    assert [*pipeline.environments()] == ["shop-74"]
    closed = pipeline.event(called(github("closed"), name)).parameters
    assert pipeline.retire(closed) == (0, "retired")
    assert pipeline.environments() == {}


def test_environments_of_an_older_version_are_recognized_by_name(pipeline):
    opened = pipeline.event(github()).parameters
    pipeline.publish(pipeline.render({**opened, "repository_id": ""}))
    assert "repository-id" not in json.dumps(pipeline.environments())
    assert pipeline.publish(pipeline.render(opened)) == (0, "published")
    found = pipeline.environments()["shop-74"]["metadata"]["annotations"]
    assert found["tronador.stakater.com/repository-id"] == "1"
    pipeline.publish(pipeline.render({**opened, "repository_id": ""}))
    assert pipeline.retire(pipeline.event(github("closed")).parameters) == (0, "retired")


@pytest.mark.parametrize("text", ["x", "-1", "1.5", "$(id)", "0"])
@pytest.mark.parametrize("command", ["render", "retire"])
def test_a_repositorys_number_must_be_a_number(pipeline, command, text):
    opened = pipeline.event(github()).parameters
    file = pipeline.render(opened)
    flags = {
        "render": [f"--git-url={opened['git_url']}", "--git-ref=x", "--image-repository=x/y", "--image-tag=z",
                   "--repo-name=shop", "--pr-number=74", f"--config={file.parent / 'config.yaml'}"],
        "retire": ["--name=shop-74", "--repository", pipeline.repository.path],
    }  # fmt: skip
    code, _ = pipeline.run(command, *flags[command], f"--repository-id={text}")
    assert code == 2
    assert "--repository-id" in pipeline.said


def test_an_empty_token_is_reported(pipeline):
    file = pipeline.render(pipeline.event(github()).parameters)
    url = "https://127.0.0.1:1/platform/environments"
    code, _ = pipeline.run("publish", "--repository", url, "--file", file, TRONADOR_GIT_PASSWORD="")
    assert code == 1
    assert "$TRONADOR_GIT_PASSWORD is empty" in pipeline.said
    assert "Dependabot" in pipeline.said
    code, _ = pipeline.run(
        "publish", "--repository", pipeline.repository.path, "--file", file, TRONADOR_GIT_PASSWORD=""
    )
    assert code == 0


def test_a_commit_is_signed_with_the_key_of_a_file(pipeline, tmp_path):
    key = tmp_path / "signer"
    key.write_bytes(new_key(tmp_path))
    file = pipeline.render(pipeline.event(github()).parameters)
    assert pipeline.publish(file, f"--signing-key-file={key}") == (0, "published")
    assert signer(pipeline.repository, tmp_path).startswith("G")
    code, _ = pipeline.publish(file, f"--signing-key-file={tmp_path / 'nowhere'}")
    assert code == 1
    assert "--signing-key-file: cannot read" in pipeline.said


def test_bots_are_skipped_if_the_flag_says_so(pipeline):
    body = {**github(), "sender": {"id": 2, "login": "renovate[bot]", "type": "Bot"}}
    assert pipeline.event(body).decision == "apply"
    assert pipeline.event(body, "--skip-bots").decision == "ignore"


def test_a_repository_with_the_same_bare_name_does_not_affect_the_other(pipeline):
    ours = pipeline.event(github()).parameters
    other = changed(changed(github(), "repository.clone_url", "https://github.com/other/shop.git"), "repository.id", 2)
    theirs = pipeline.event(other).parameters
    assert pipeline.publish(pipeline.render(ours)) == (0, "published")
    before = pipeline.repository.files()
    code, _ = pipeline.publish(pipeline.render(theirs))
    assert code == 1
    assert "belongs to pull request 74 of the repository github.com/acme/shop" in pipeline.said
    assert pipeline.retire(theirs) == (0, "unchanged")
    assert pipeline.repository.files() == before


@pytest.mark.parametrize("branch", NASTY, ids=ascii)
def test_a_strange_branch_name_is_never_executed(pipeline, branch):
    parameters = pipeline.event(changed(github(), "pull_request.head.ref", branch)).parameters
    assert pipeline.publish(pipeline.render(parameters)) == (0, "published")
    chart = pipeline.environments()["shop-74"]["spec"]["application"]["release"]["chart"]
    assert chart["ref"] == branch
    assert set(pipeline.repository.files()) == {"README.md", "envs/shop-74.yaml"}
    assert pipeline.repository.log()[0] == "Publish environment shop-74"


@pytest.mark.parametrize(
    "text", ["$(id)", '"; rm -rf /', "--upload-pack=x", "../../x", "a\nb", "`id`", ";id", "{a: b}"]
)
@pytest.mark.parametrize("flag", ["--branch", "--path", "--repository", "--author-name", "--author-email"])
def test_strange_flags_are_used_literally_or_refused(pipeline, flag, text):
    file = pipeline.render(pipeline.event(github()).parameters)
    where = {"--repository": str(pipeline.repository.path), "--path": "envs", flag: text}
    code, _ = pipeline.run("publish", *[f"{name}={value}" for name, value in where.items()], "--file", file)
    files = set(pipeline.repository.files())
    if code == 0:
        folder = text.rstrip("/") if flag == "--path" else "envs"
        assert files == {"README.md", f"{folder}/shop-74.yaml"}
        if flag.startswith("--author"):
            assert pipeline.repository.log("%an" if flag == "--author-name" else "%ae")[0] == text
    else:
        assert code in (1, 2)
        assert files == {"README.md"}
        assert f"tronador publish: {flag}: " in pipeline.said or "the branch does not exist" in pipeline.said


@pytest.mark.parametrize("name", ["$(id)", "../../x", "--x", "A", "", "a\nb"])
def test_a_strange_name_is_refused(pipeline, name):
    code, _ = pipeline.run("retire", "--repository", pipeline.repository.path, f"--name={name}")
    assert code == 2
    assert pipeline.repository.log() == ["Somebody's change"]


@pytest.mark.parametrize(
    ("flag", "text"),
    [
        ("--repository-url", "github.com/acme"),
        ("--repository-url", "https://u:hunter2@h/r"),
        ("--pr-number", "NA"),
        ("--event-time", "now"),
    ],
)
def test_an_invalid_origin_is_refused(pipeline, flag, text):
    code, _ = pipeline.run("retire", "--repository", pipeline.repository.path, "--name=shop-74", f"{flag}={text}")
    assert code == 2
    assert f"tronador retire: {flag}: " in pipeline.said
    assert "hunter2" not in pipeline.said
    assert pipeline.repository.log() == ["Somebody's change"]


SECRET = b"It's a Secret to Everybody"


def signed(body):
    return f"sha256={hmac.new(SECRET, body, hashlib.sha256).hexdigest()}"


@pytest.fixture
def secret(tmp_path):
    file = tmp_path / "secret"
    file.write_bytes(SECRET + b"\n")
    return file


def test_only_signed_deliveries_count_if_a_secret_is_set(pipeline, secret):
    body = json.dumps(github()).encode()
    assert pipeline.event(body, "--secret-file", secret, "--signature", signed(body)).decision == "apply"
    token = pipeline.event(gitlab(), "--secret-file", secret, TRONADOR_SIGNATURE=SECRET.decode())
    assert token.decision == "apply"


def test_the_headers_in_a_file_replace_the_event_and_the_signature(pipeline, secret, tmp_path):
    body = json.dumps(github()).encode()
    headers = tmp_path / "headers"
    headers.write_text(f"X-GitHub-Event: pull_request\nX-Hub-Signature-256: {signed(body)}\n")
    flags = ("--secret-file", secret, "--headers", headers)
    assert pipeline.event(body, *flags, TRONADOR_SIGNATURE="another").decision == "apply"
    for flag in ("--event-type=ping", "--signature=x"):
        assert pipeline.run("event", "--body", headers, *flags, flag)[0] == 2
        assert "remove --event-type and --signature" in pipeline.said


@pytest.mark.parametrize("signature", [None, "", "sha256=00", signed(b"another body")])
def test_any_other_delivery_is_refused(pipeline, secret, signature, tmp_path):
    file = tmp_path / "body.json"
    file.write_text(json.dumps(github()))
    flags = ["--signature", signature] if signature is not None else []
    assert pipeline.run("event", "--body", file, "--secret-file", secret, *flags) == (1, "")
    assert pipeline.said.startswith("tronador event: ")


def test_the_body_may_come_from_standard_input(pipeline, monkeypatch):
    raw = json.dumps(github()).encode()
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(raw)))
    code, out = pipeline.run("event", "--body", "-")
    assert (code, json.loads(out)["decision"]) == (0, "apply")


@pytest.mark.parametrize(
    ("flags", "code", "words"),
    [
        (("--body", "/no/such/file"), 1, "--body: cannot read '/no/such/file': No such file"),
        (("--body", "/"), 1, "--body: cannot read '/'"),
        (("--body", "a\0b"), 1, "--body: cannot read"),
        (("--body", "{body}", "--secret-file", "/no/such/file"), 1, "--secret-file: cannot read"),
        (("--body", "{body}", "--headers", "/no/such/file"), 1, "--headers: cannot read"),
        (("--body", "{body}", "--headers", "{body}", "--secret-file", "{body}"), 1, "name no known provider"),
        (("--body", "{body}", "--name-template", "x"), 2, "--name-template"),
        (("--body", "{body}", "--output", "/dev/null/x"), 1, "--output: cannot write"),
        ((), 2, "--body"),
    ],
)
def test_bad_usage_of_event_is_reported(pipeline, tmp_path, flags, code, words):
    body = tmp_path / "body.json"
    body.write_text(json.dumps(github()))
    assert pipeline.run("event", *[flag.replace("{body}", str(body)) for flag in flags])[0] == code
    assert words in pipeline.said


def test_the_outcome_in_a_file_has_no_line_end(pipeline, tmp_path):
    file = pipeline.render(pipeline.event(github()).parameters)
    outcome = tmp_path / "outcome"
    assert pipeline.publish(file, "--output", outcome) == (0, "")
    assert outcome.read_text() == "published"


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("https://robot:hunter2@git.example.com/envs", "cannot be used as a repository"),
        ("http://git.example.com/envs", "never sent over http"),
    ],
)
def test_credentials_are_kept_out_of_urls_and_of_plain_http(pipeline, url, words):
    file = pipeline.render(pipeline.event(github()).parameters)
    code, _ = pipeline.run("publish", "--repository", url, "--file", file, TRONADOR_GIT_PASSWORD="hunter2")
    assert code == 2
    assert words in pipeline.said
    assert "hunter2" not in pipeline.said


@pytest.mark.parametrize("content", [b"", b"two\nlines", b"\xff\x00"])
def test_a_file_with_a_password_holds_one_line(pipeline, tmp_path, content):
    file = pipeline.render(pipeline.event(github()).parameters)
    password = tmp_path / "password"
    password.write_bytes(content)
    code, _ = pipeline.run(
        "publish", "--repository", "https://git.example.com/envs", "--file", file, "--password-file", password
    )
    assert code == 2
    assert "--password-file" in pipeline.said
