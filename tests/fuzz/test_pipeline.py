"""What pull requests bring into a pipeline: webhooks, config files, and flags that their authors choose."""

from __future__ import annotations

import io
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from controller.app import cli
from controller.pipeline.errors import PipelineError
from controller.pipeline.webhooks import Delivery, Rules, decide, parse_headers
from tests.fuzz.mutation import as_json, check_words, damaged, few, odd
from tests.unit.pipeline.webhooks.payloads import LABEL, gitea, github, gitlab, labels_changed

FIXTURES = Path(__file__).parents[1] / "fixtures"
BODIES = (
    github("labeled", fork=True, labels=[LABEL], label=LABEL),
    {**github("edited"), "changes": {"base": {"ref": {"from": "main"}}}},
    gitea("label_updated", labels=[LABEL], changes={"added_labels": [{"name": LABEL}]}),
    gitlab("update", fork=True, changes=labels_changed([], [LABEL]), pushed=True),
)
FORMS = [as_json(body) for body in BODIES] + [b"payload=%7B%22action%22%3A+%22opened%22%7D"]
HEADERS = (
    b"Content-Type: application/json\nX-GitHub-Event: pull_request\nX-Hub-Signature-256: sha256=00\n",
    b"X-Gitlab-Event: Merge Request Hook\nX-Gitlab-Token: s3cret\n",
    b"X-Forgejo-Event: pull_request\nX-Gitea-Event: pull_request\n",
)
CONFIGS = [path.read_bytes() for path in sorted((FIXTURES / "tronador").glob("*.yaml"))]
MANIFESTS = [next(yaml.safe_load_all(text)) for text in CONFIGS if b"kind: EnvironmentProvisioner" in text]
FLAGS = {
    "--repo-name": "shop",
    "--pr-number": "74",
    "--git-url": "https://github.com/acme/shop",
    "--git-ref": "feat/x",
    "--image-repository": "registry.example.com/shop",
    "--image-tag": "1.2.3",
    "--commit": "6f50ff2f00112233445566778899aabbccddeeff",
    "--branch": "feat/x",
    "--author": "someone",
    "--pull-request-url": "https://github.com/acme/shop/pull/74",
    "--repository-id": "7",
    "--name-template": "{repo}-{pr}",
}
MINIMAL = """
application:
  chart_path: deploy
  value_overrides: {image: {repository: {{APPLICATION_IMAGE_NAME}}, tag: {{APPLICATION_IMAGE_TAG}}}}
"""


def answer(**delivery: Any) -> None:
    """A decision or an error; either is one printable line of a reasonable length."""
    try:
        said = decide(Delivery(**delivery), Rules(fork_label=LABEL, skip_bots=True), name=lambda pull: "n").reason
    except PipelineError as error:
        said = str(error)
    check_words(said, most=1500)


@few(60)
@given(damaged(FORMS))
def test_any_damaged_body_gets_a_decision_or_an_error(raw: bytes) -> None:
    answer(raw=raw)


@few(60)
@given(odd(BODIES), st.sampled_from(["", "pull_request", "Merge Request Hook"]))
def test_any_odd_field_of_a_body_gets_a_decision_or_an_error(body: Any, event: str) -> None:
    answer(raw=as_json(body), event=event)


@few(60)
@given(damaged(HEADERS), st.sampled_from([None, b"", b"s3cret"]))
def test_any_headers_get_a_decision_or_an_error(raw: bytes, secret: bytes | None) -> None:
    try:
        headers = parse_headers(raw)
    except PipelineError as error:
        check_words(str(error), most=500)
    else:
        answer(raw=FORMS[0], headers=headers, secret=secret)


def run(*words: str) -> tuple[int, str, str]:
    """What a command answers, prints, and complains about, in this process."""
    out, complaints = io.TextIOWrapper(io.BytesIO(), "utf-8"), io.StringIO()
    with redirect_stdout(out), redirect_stderr(complaints):
        try:
            code = cli.main(words, {})
        except SystemExit as end:
            code = int(end.code or 0)
        out.flush()
    out.seek(0)
    return code, out.read(), complaints.getvalue()


def check(code: int, printed: str, complaints: str) -> None:
    """Either the command has worked and printed YAML, or it says why not in a few printable lines."""
    assert code in (0, 1, 2)
    assert "Traceback" not in complaints
    assert all(line.isprintable() and len(line) < 2500 for line in complaints.splitlines())
    assert len(complaints.splitlines()) < 60 or code == 2
    assert bool(code) == bool(complaints)
    if not code and printed:
        assert yaml.safe_load(printed)["kind"] == "EnvironmentProvisioner"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("fuzz")
    (folder / "minimal.yaml").write_text(MINIMAL)
    return folder


@few(15)
@given(damaged([*CONFIGS, MINIMAL.encode()]))
def test_any_damaged_config_file_is_rendered_and_validated_or_refused(folder: Path, content: bytes) -> None:
    file = folder / "config.yaml"
    file.write_bytes(content)
    check(*run("render", f"--config={file}", *(f"{flag}={value}" for flag, value in FLAGS.items())))
    check(*run("validate", str(file)))


@few(20)
@given(odd(MANIFESTS))
def test_any_odd_field_of_a_manifest_is_validated_or_refused(folder: Path, manifest: Any) -> None:
    file = folder / "manifest.yaml"
    file.write_bytes(yaml.safe_dump(manifest).encode("utf-8", "replace"))
    check(*run("validate", str(file)))


TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=()), max_size=20) | damaged(
    [value.encode() for value in FLAGS.values()]
).map(lambda data: data.replace(b"\0", b"").decode("utf-8", "surrogateescape"))


@few(30)
@given(flag=st.sampled_from([*FLAGS]), value=TEXTS)
def test_any_value_of_a_flag_is_used_or_refused(folder: Path, flag: str, value: str) -> None:
    chosen = FLAGS | {flag: value}
    check(*run("render", f"--config={folder}/minimal.yaml", *(f"{flag}={value}" for flag, value in chosen.items())))
