"""What objects of a cluster say: annotations of environments, and the words of Pods, Events, engines and registries."""

from __future__ import annotations

import io
from contextlib import redirect_stderr
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from controller.api.environment import (
    ACTIVE_AT_ANNOTATION,
    EXPIRE_AT_ANNOTATION,
    KEEP_ANNOTATION,
    Environment,
)
from controller.api.problems import MESSAGE_LIMIT
from controller.api.summary import in_order, queue, summarize
from controller.app import terminal
from controller.app.commands.listing import show
from controller.environment import lifetime
from controller.environment.diagnosis.problems import find
from controller.pipeline import waiting
from controller.pipeline.waiting.judge import judge
from controller.report import feedback, record, texts
from tests.fuzz.mutation import check_words, damaged, few, odd
from tests.unit.environment.support.builders import operator_options
from tests.unit.environment.support.pods import FORBIDDEN, NOW, RS, container, event, pod
from tests.unit.environment.support.pods import waiting as waits
from tests.unit.report import environments
from tests.unit.statuspage.builders import environment

TIMES = (
    *("9999-12-31T23:59:59Z", "9999-12-31T23:59:59-23:59", "0001-01-01T00:00:00Z", "0001-01-01T00:00:00+23:59"),
    *("2026-03-01T12:00:00Z", "2026-02-30T12:00:00Z", "never", "true", "false", "", "7d", "99999d", "now", "\x1b[2J"),
)
SAID = (
    FORBIDDEN.encode() + b"violates PodSecurity",
    b'Failed to pull image "h/x:1": rpc error: code = NotFound desc = failed to pull and unpack image "h/x:1"',
    b"Back-off pulling image https://u:s3cret@h/x?token=abc",
    b"0/3 nodes are available: 3 Insufficient memory. preemption: 0/3 nodes are available",
    b'MountVolume.SetUp failed for volume "x" : secret "y" not found',
    b"Liveness probe failed: HTTP probe failed with statuscode: 500 password=s3cret",
)
WORDS = damaged(SAID).map(lambda data: data.decode(errors="replace"))

POD = pod(container("web", state=waits("ImagePullBackOff")))


@few(150)
@given(
    st.fixed_dictionaries(
        {name: st.sampled_from(TIMES) for name in (ACTIVE_AT_ANNOTATION, EXPIRE_AT_ANNOTATION, KEEP_ANNOTATION)}
    ),
    st.sampled_from(["", "never", "1m", "99999d99999d", "30d"]),
    st.sampled_from([None, *TIMES]),
)
def test_any_annotation_about_the_lifetime_gives_a_lifetime(
    annotations: dict[str, str], expire_after: str, activity: str | None
) -> None:
    obj = environment(lastActivityTime=activity, lastHandledActiveAt=activity, expiresAt=activity)
    obj["metadata"]["annotations"] |= annotations
    obj["spec"]["lifecycle"] = {"expireAfter": expire_after} if expire_after else {}
    found = Environment(obj)
    options = operator_options()
    moment = datetime(2026, 3, 1, 12, tzinfo=UTC)
    life = lifetime.of(found, options, moment)
    lifetime.fields(found, life)
    if life is not None:
        life.next_change(moment)
        lifetime.warning(life, options, moment)


@few(40)
@given(WORDS, WORDS, odd([{field: POD[field] for field in ("spec", "status")}]))
def test_any_words_about_pods_become_short_lines_without_secrets(said: str, more: str, strange: Any) -> None:
    pods = [pod(container("web", state={"waiting": {"reason": "ErrImagePull", "message": said}}))]
    events = [event(RS, "FailedCreate", more), event("Pod/x", "Failed", said), event("Pod/x", "Unhealthy", more)]
    # The API server checks the metadata.
    for found in (pods, [*pods, {**strange, "metadata": POD["metadata"]}]):
        for problem in find(found, events, since=NOW - timedelta(hours=1), now=NOW):
            check_words(problem.message, most=MESSAGE_LIMIT)
            check_words(str(problem), most=1500)


@few(40)
@given(odd([environment()]), WORDS)
def test_any_environment_is_listed_waited_for_and_reported(strange: Any, said: str) -> None:
    strange.setdefault("metadata", {})
    if not isinstance(strange["metadata"], dict) or not isinstance(strange["metadata"].get("annotations"), dict):
        # The API server takes only maps of strings.
        return
    strange["metadata"]["annotations"] = {
        str(name): str(value) for name, value in strange["metadata"]["annotations"].items()
    }
    summaries = in_order(map(summarize, [strange, environment("other", applicationStatusMsg=said)]))
    for output in ("table", "wide", "json", "yaml"):
        lines = show(summaries, queue(summaries), output).splitlines()
        assert all(line.isprintable() for line in lines)
    for goal in waiting.Goal:
        judge(goal, strange)


@few(60)
@given(WORDS, st.sampled_from(["failed", "deployed", "expired", "queued", "x"]), damaged([b"comment=ab,generation=3"]))
def test_any_words_in_a_comment_are_inert(said: str, status: str, reported: bytes) -> None:
    record.parse(reported.decode(errors="replace"))
    obj = environments.environment(status, applicationStatusMsg=said, url=said)
    found = feedback.of(obj)
    if found is None:
        return
    comment = texts.comment(found, cluster="c", host="github.com")
    assert comment.startswith(texts.marker("shop-74", "c"))
    assert all(line.isprintable() for line in comment.split("\n"))
    check_words(texts.description(found), most=texts.DESCRIPTION_LIMIT)


@few(60)
@given(WORDS | st.text(max_size=30))
def test_any_words_on_a_terminal_are_one_harmless_line(said: str) -> None:
    printed = io.StringIO()
    with redirect_stderr(printed):
        terminal.say(f"tronador: {said}")
    line, end, rest = printed.getvalue().partition("\n")
    assert (end, rest) == ("\n", "")
    assert line.isprintable()
