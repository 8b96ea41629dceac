"""`tronador report --once`: reports the environment of a file, as a step of a pipeline."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping
from contextlib import closing
from typing import Any, Final

from controller.api.environment import ENVIRONMENTS
from controller.apimachinery import durations, objects
from controller.apimachinery.clock import MonotonicClock
from controller.apimachinery.errors import NotFound
from controller.apimachinery.objects import Object
from controller.apimachinery.options import OptionError
from controller.apimachinery.scope import Scope
from controller.app import clusters, exits, reporting, signals, terminal
from controller.app.commands import files
from controller.app.reportoptions import ReportOptions
from controller.metrics import Registry
from controller.pipeline import gitops
from controller.pipeline.errors import PipelineError
from controller.pipeline.waiting import comparison
from controller.report import feedback as feedbacks
from controller.report import inert, once
from controller.report.feedback import Feedback, State
from controller.report.metrics import ReportMetrics
from controller.report.options import CHANNELS
from controller.report.reporter import Outcome, Reporter

_UNDER_WAY: Final = (State.PENDING, State.QUEUED, State.DEPLOYING)


def report(parsed: argparse.Namespace, options: ReportOptions, environ: Mapping[str, str]) -> int:
    """Report, and print what was done. Returns the exit code. Raises OptionError and PipelineError."""
    try:
        scope = Scope(timeout=durations.parse(parsed.timeout))
    except ValueError as error:
        raise OptionError(f"--timeout: {error}") from None
    metrics = ReportMetrics(Registry())
    accounts = reporting.accounts(options.feedback, metrics)
    wanted = gitops.read_environment(files.read_bytes(parsed.file, "--file"), parsed.file).obj
    with signals.ending_in_order(), closing(accounts):
        feedback = _feedback(parsed, wanted, environ)
        account = accounts.of(feedback.repository)
        if account is None:
            where = feedback.repository.location if feedback.repository else "which its annotations do not name"
            raise PipelineError(f"{feedback.environment}: no prefix of --credentials is for its repository, {where}")
        reporter = Reporter(options=options.feedback, metrics=metrics, clock=MonotonicClock())
        outcomes = once.report(feedback, account, reporter, scope=scope)
    sys.stdout.write(json.dumps(_printed(feedback, outcomes, options)) + "\n")
    sys.stdout.flush()
    problems = [f"{channel}: {found.problem}" for channel, found in outcomes.items() if found.problem]
    if problems:
        terminal.say(f"tronador report: {feedback.environment}: not reported: {'; '.join(problems)}")
    return exits.FAILED if problems else exits.OK


def _feedback(parsed: argparse.Namespace, wanted: Object, environ: Mapping[str, str]) -> Feedback:
    """Return what to report. Asks the cluster only for the state `auto`."""
    if parsed.state == "gone":
        return feedbacks.gone(wanted)
    if parsed.state == "auto" and clusters.is_chosen(parsed, environ):
        wanted = _live(parsed, wanted, environ)
    feedback = feedbacks.of(wanted)
    if parsed.state != "auto" or feedback is None:
        feedback = feedbacks.of({**wanted, "status": {}})
        assert feedback is not None, "an environment without a status is pending"
    has_given_up = parsed.state == "failed" or (parsed.reason and feedback.state in _UNDER_WAY)
    if not has_given_up:
        return feedback
    return feedbacks.unlike(
        feedback, state=State.FAILED, reason=inert.plain(parsed.reason, limit=feedbacks.REASON_LIMIT)
    )


def _live(parsed: argparse.Namespace, wanted: Object, environ: Mapping[str, str]) -> Object:
    """Return the environment in the cluster, or the file's without a status if the cluster does not have it yet."""
    without_status = {**wanted, "status": {}}
    name = objects.name(wanted)
    with clusters.connected(parsed, environ, command="report --once", verbs="get") as client:
        try:
            live = client.get(ENVIRONMENTS, name)
        except NotFound as error:
            if error.resource_missing:
                raise
            return without_status
    if comparison.difference(wanted, live):
        return without_status
    annotations = {**objects.annotations(live), **objects.annotations(wanted)}
    return {**live, "metadata": {**objects.metadata(live), "annotations": annotations}}


def _printed(feedback: Feedback, outcomes: Mapping[str, Outcome], options: ReportOptions) -> Mapping[str, Any]:
    def result(channel: str) -> str:
        if channel in outcomes:
            return outcomes[channel].result or "waiting"
        return "none" if channel in options.feedback.channels else "off"

    return {
        "environment": feedback.environment,
        "state": str(feedback.state),
        "url": feedback.url,
        "commit": feedback.commit,
        "repository": feedback.repository.location if feedback.repository else "",
        "pullRequest": feedback.pull_request,
        **{channel: result(channel) for channel in CHANNELS},
    }
