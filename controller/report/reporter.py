"""Makes one pull request show what it should, channel by channel."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Final

import structlog

from controller.apimachinery.clock import Clock
from controller.report import record, texts
from controller.report.accounts import Account
from controller.report.feedback import Feedback
from controller.report.memory import Memory, Refusal
from controller.report.metrics import ReportMetrics
from controller.report.options import FeedbackOptions
from controller.report.outcomes import Limited, NotNow, Refused, Rejected, Unauthorized, Unavailable
from controller.report.scm import Comment, Deployed, Place, Scm, Status

log = structlog.get_logger(__name__)

WRITTEN: Final = "written"
UNCHANGED: Final = "unchanged"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one channel.

    Attributes:
        result: one of `metrics.RESULTS`, or "" if it has to wait.
        wait: seconds after which to try again; None if there is no need to.
        problem: why it was not written, or "".
    """

    result: str
    wait: float | None = None
    problem: str = ""


class Reporter:
    """See the module. Thread-safe for different environments."""

    def __init__(self, *, options: FeedbackOptions, metrics: ReportMetrics, clock: Clock) -> None:
        self._options = options
        self._metrics = metrics
        self._clock = clock

    def wanted(self, feedback: Feedback) -> Mapping[str, str]:
        """Return the hash of what each channel should show."""
        return record.wanted(
            feedback,
            channels=self._options.channels,
            cluster=self._options.cluster,
            context=self._options.status_context,
        )

    def report(self, feedback: Feedback, account: Account, memory: Memory) -> Mapping[str, Outcome]:
        """Write what is due, as far as possible now, and note it in `memory`. Returns what became of each channel."""
        wanted = self.wanted(feedback)
        outcomes = {}
        for channel in memory.record.due(wanted):
            outcome = self._try(channel, feedback, account, memory)
            outcomes[channel] = outcome
            if outcome.result:
                self._metrics.feedback(channel, outcome.result)
            if outcome.result in (WRITTEN, UNCHANGED, "rejected"):
                memory.record = memory.record.reported(channel, wanted[channel])
                memory.is_unsaved = True
                memory.refusals.pop(channel, None)
        return outcomes

    def _try(self, channel: str, feedback: Feedback, account: Account, memory: Memory) -> Outcome:
        refusal = memory.refusals.setdefault(channel, Refusal())
        # Looked at before anything is read, because each request counts at the provider.
        wait = max(account.budget.wait(), refusal.until - self._clock.now())
        if wait > 0:
            return Outcome("", wait, "waiting")
        state = str(feedback.state)
        try:
            wrote = self._write(channel, feedback, account, memory)
        except (Unavailable, Unauthorized) as error:
            self._pause(account, str(error), account.budget.failed)
            return Outcome("", account.budget.pause(), str(error))
        except Limited as error:
            seconds = error.seconds
            self._pause(account, str(error), lambda: account.budget.limited(seconds))
            return Outcome("", account.budget.pause(), str(error))
        except NotNow as error:
            return Outcome("", error.seconds, str(error))
        except Refused as error:
            wait = refusal.again(self._clock.now())
            if refusal.number == 1:
                log.warning("feedback refused", channel=channel, state=state, error=str(error), retry_after=wait)
            return Outcome("refused", wait, str(error))
        except Rejected as error:
            log.warning("feedback rejected", channel=channel, state=state, error=str(error))
            return Outcome("rejected", None, str(error))
        if account.budget.succeeded():
            log.info("feedback resumed", prefix=account.prefix)
        if wrote:
            log.info("feedback written", channel=channel, state=state)
        return Outcome(WRITTEN if wrote else UNCHANGED)

    def _pause(self, account: Account, error: str, pause: Callable[[], bool]) -> None:
        if pause():
            log.warning("feedback paused", prefix=account.prefix, seconds=round(account.budget.pause(), 1), error=error)

    def _write(self, channel: str, feedback: Feedback, account: Account, memory: Memory) -> bool:
        scm = account.scm()
        assert feedback.repository is not None, "an account belongs to a repository"
        place = Place(feedback.repository.path, feedback.pull_request)
        match channel:
            case "comment":
                return self._comment(scm, place, feedback, memory)
            case "status":
                return self._status(scm, place, feedback, memory)
            case _:
                return scm.set_deployment(
                    place,
                    Deployed(
                        environment=feedback.environment,
                        cluster=self._options.cluster,
                        commit=feedback.commit,
                        branch=feedback.branch,
                        word=record.deployment_of(feedback.state),
                        url=feedback.url,
                        description=texts.description(feedback),
                    ),
                )

    def _status(self, scm: Scm, place: Place, feedback: Feedback, memory: Memory) -> bool:
        """Set the status of the commit, and end that of an earlier one that is pending. Returns whether it wrote."""
        wanted = Status(
            context=self._options.status_context,
            branch=feedback.branch,
            word=record.status_of(feedback.state),
            description=texts.description(feedback),
            url=feedback.url,
        )
        wrote = scm.set_status(place, feedback.commit, wanted)
        before = memory.record.pending
        if before not in ("", feedback.commit):
            ended = replace(wanted, word=record.SUPERSEDED, description=texts.superseded(feedback.commit), url="")
            try:
                wrote = scm.set_status(place, before, ended, instead_of=record.PENDING) or wrote
            except (Refused, Rejected) as error:
                # After a forced push it may not exist any more.
                log.warning("feedback rejected", channel="status", state="superseded", error=str(error))
        memory.record = replace(memory.record, pending=feedback.commit if wanted.word == record.PENDING else "")
        return wrote

    def _comment(self, scm: Scm, place: Place, feedback: Feedback, memory: Memory) -> bool:
        """Write the comment if its text differs. Returns whether that was so."""
        if memory.edited is not None:
            wait = memory.edited + self._options.edit_interval - self._clock.now()
            if wait > 0:
                raise NotNow("the comment was edited just now", wait)
        assert feedback.repository is not None
        host = feedback.repository.host.partition(":")[0]
        body = texts.comment(feedback, cluster=self._options.cluster, host=host)
        found = self._find(scm, place, feedback.environment, memory.comment)
        wrote = found is None
        if found is None:
            memory.comment = 0
            # A comment that people removed comes back with the next generation. One about an end is never the first.
            if feedback.state.is_over or 0 < memory.record.generation == feedback.generation:
                return False
            number = scm.create_comment(place, body)
            # Another replica can do so in the same moment, if it has just lost the lease without noticing.
            found = self._find(scm, place, feedback.environment, 0) or Comment(number, "", body)
        memory.comment = found.id
        if texts.same_text(found.body) != texts.same_text(body):
            scm.edit_comment(place, found.id, body)
            wrote = True
        if wrote:
            memory.edited = self._clock.now()
        memory.record = replace(memory.record, generation=feedback.generation)
        return wrote

    def _find(self, scm: Scm, place: Place, environment: str, known: int) -> Comment | None:
        """Return our comment about the environment. A comment of others with our marker does not count.

        Without its number all comments are read. If there are several of ours, the oldest stays, and the others are
        deleted.
        """
        us = scm.login().lower()

        def is_ours(comment: Comment) -> bool:
            return comment.author.lower() == us and texts.is_about(comment.body, environment, self._options.cluster)

        if known:
            comment = scm.comment(place, known)
            if comment is not None and is_ours(comment):
                return comment
            # Somebody removed it, or we may read nothing there any more. Only in the second case, the list is refused.
        ours = sorted(filter(is_ours, scm.comments(place)), key=lambda comment: comment.id)
        for duplicate in ours[1:]:
            # Somebody else may have deleted it already.
            with suppress(Refused, Rejected):
                scm.delete_comment(place, duplicate.id)
        return ours[0] if ours else None
