"""A pipeline's single report ends with an outcome for each channel."""

from controller.apimachinery.scope import Scope
from controller.metrics import Registry
from controller.report import feedback, once
from controller.report.metrics import ReportMetrics
from controller.report.options import CHANNELS, FeedbackOptions
from controller.report.reporter import Reporter
from hack.standins.scm.exchange import Answer
from hack.standins.scm.faults import FOR_EVER, Fault
from tests.unit.fakes import FakeClock
from tests.unit.report.bed import Bed
from tests.unit.report.environments import environment


def report(bed, timeout):
    reporter = Reporter(options=FeedbackOptions(), metrics=ReportMetrics(Registry()), clock=bed.clock)
    return once.report(
        feedback.of(environment("deployed")), bed.account, reporter, scope=Scope(timeout=timeout, clock=bed.clock)
    )


def test_everything_is_written_at_once(bed):
    assert {channel: outcome.result for channel, outcome in report(bed, 60).items()} == dict.fromkeys(
        CHANNELS, "written"
    )


def test_without_any_time_every_channel_has_a_problem(bed):
    outcomes = report(bed, 0)

    assert {channel: outcome.problem for channel, outcome in outcomes.items()} == dict.fromkeys(
        CHANNELS, "the time is over"
    )
    assert bed.forge.requests() == []


def test_a_refusal_is_not_waited_for(bed):
    bed.forge.set_faults([Fault(times=FOR_EVER, answer=Answer(status=404, body={"message": "Not Found"}))])

    outcomes = report(bed, 60)

    assert {outcome.result for outcome in outcomes.values()} == {"refused"}
    assert all("404" in outcome.problem for outcome in outcomes.values())


class JumpingClock(FakeClock):
    """Moves on at once to the time that a thread waits for."""

    def wait_until(self, condition, deadline):
        self.advance(deadline - self.now())


def test_a_refusal_is_not_forgotten_while_another_channel_waits(tmp_path):
    bed = Bed(tmp_path / "scm", clock=JumpingClock())
    comments = Fault(path="*/issues/*", times=FOR_EVER, answer=Answer(status=403, body={"message": "No right"}))
    bed.forge.set_faults([comments, Fault(path="*/statuses/*", times=2, answer=Answer(status=502))])
    started = bed.clock.now()

    outcomes = report(bed, 60)
    bed.server.stop(5)

    assert {channel: outcome.result for channel, outcome in outcomes.items()} == {
        "comment": "refused",
        "status": "written",
        "deployment": "written",
    }
    assert "No right" in outcomes["comment"].problem
    assert bed.clock.now() - started < 10
