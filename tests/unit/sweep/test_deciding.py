"""What a sweep decides from answers, and from the status of environments in a cluster."""

import pytest

from controller.apimachinery import giturls
from controller.apimachinery.timestamps import to_time
from controller.report.outcomes import Limited, Refused, Unauthorized
from controller.report.scm import PullRequest
from controller.sweep import candidates, expired, verdicts
from controller.sweep.inquiry import Inquiry
from controller.sweep.options import SweepOptions
from controller.sweep.verdicts import Finding, Verdict
from tests.unit.fakes import FakeClock
from tests.unit.pipeline.gitops.origin_repository import environment
from tests.unit.sweep.bed import NOW, ago, live

OPTIONS = SweepOptions()


def pull(closed):
    return PullRequest(number=74, repository_id="1", closed=closed)


@pytest.mark.parametrize(
    ("answer", "expired_since", "verdict"),
    [
        (pull(None), None, Verdict.OPEN),
        (pull(ago(minutes=59)), None, Verdict.CLOSED_RECENTLY),
        (pull(ago(minutes=61)), None, Verdict.CLOSED),
        # By a clock that is ahead of ours.
        (pull(ago(minutes=-61)), None, Verdict.CLOSED_RECENTLY),
        ("no answer", None, Verdict.UNKNOWN),
        (pull(None), ago(days=6), Verdict.OPEN),
        (pull(None), ago(days=8), Verdict.EXPIRED),
        (pull(ago(minutes=1)), ago(days=8), Verdict.EXPIRED),
        (pull(ago(days=1)), ago(days=8), Verdict.CLOSED),
        ("no answer", ago(days=8), Verdict.EXPIRED),
        ("no answer", ago(days=1), Verdict.UNKNOWN),
    ],
)
def test_only_a_closed_or_expired_environment_goes(answer, expired_since, verdict):
    assert verdicts.judge(answer, expired_since, OPTIONS, NOW)[0] is verdict


@pytest.mark.parametrize(
    ("going", "staying", "others", "is_refused"),
    [(0, 0, 0, False), (0, 5, 0, False), (1, 1, 0, False), (2, 1, 0, True), (1, 0, 9, True), (50, 50, 0, False)],
)
def test_more_than_half_of_the_environments_never_go_at_once(going, staying, others, is_refused):
    found = [
        Finding(name="x", verdict=verdict, reason="", pull_request=number)
        for verdict, number, times in (
            (Verdict.CLOSED, 1, going),
            (Verdict.OPEN, 1, staying),
            (Verdict.SKIPPED, 0, others),
        )
        for _ in range(times)
    ]
    assert bool(verdicts.refusal(found, OPTIONS)) is is_refused


def candidate(number=74):
    (found,), _ = candidates.read({f"shop-{number}": environment(f"shop-{number}", pull_request=str(number))})
    return found


def test_an_environment_has_been_expired_since_it_was_taken_down():
    assert expired.since(candidate(), live()) == ago(days=8)
    # It had failed before.
    assert expired.since(candidate(), live(status__expiresAt=to_time(ago(days=2)))) == ago(days=2)


@pytest.mark.parametrize(
    "change",
    [
        {"status__applicationStatus": "deployed"},
        {"status__observedGeneration": 2},
        {"status__expiresAt": None},
        {"status__conditions": []},
        {"metadata__deletionTimestamp": "2026-01-31T12:00:00Z"},
        # The file was pushed since then, and will bring it back.
        {"spec__application__release__values": {"image": {"tag": "two"}}},
        {"metadata__annotations": {"tronador.stakater.com/repository": "https://github.com/acme/other"}},
    ],
)
def test_an_environment_that_may_come_back_is_not_expired(change):
    assert expired.since(candidate(), live(**change)) is None


def test_a_file_needs_a_repository_and_the_number_of_a_pull_request():
    documents = {
        "shop-1": environment("shop-1", pull_request=None),
        "shop-2": environment("shop-2", pull_request="0"),
        "shop-3": environment("shop-3", pull_request="two"),
        "shop-4": environment("shop-4", repository=None),
        "shop-5": environment("shop-5", repository="file:///tmp/shop"),
        "shop-6": environment("shop-7"),
        "No Name": environment("No Name"),
    }
    found, skipped = candidates.read(documents)
    assert found == ()
    assert {one.name for one in skipped} == documents.keys()


class Account:
    """Answers with what `answers` has for each number; a list is taken from its beginning."""

    prefix = "github.com/acme"

    def __init__(self, answers):
        self.answers = answers
        self.asked = []

    def scm(self):
        return self

    def pull_request(self, place, *, repository_id):
        self.asked.append(place.number)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


def inquiry(answers, **kwargs):
    account, clock = Account(answers), FakeClock()
    return account, clock, Inquiry(lambda repository: account, now=clock.now, wait=clock.advance, **kwargs)


def test_a_rate_limit_is_waited_for_once_and_only_within_the_time():
    limited = Limited("429", 60.0)
    account, clock, found = inquiry([limited, pull(None), limited, limited, pull(None)], seconds=130.0)
    assert found.ask(candidate(1)) == pull(None)
    assert found.ask(candidate(2)) == "429"
    assert (clock.now(), found.ask(candidate(3))) == (1120.0, pull(None))
    clock.advance(10)
    assert "--ask-timeout" in found.ask(candidate(4))
    assert account.asked == [1, 1, 2, 2, 3]


def test_wrong_credentials_are_not_repeated_for_ever():
    wrong = Unauthorized("401")
    account, _, found = inquiry([wrong, wrong, Refused("404"), wrong, wrong, wrong], seconds=100.0)
    answers = [found.ask(candidate(number)) for number in range(1, 9)]
    assert answers[:6] == ["401", "401", "404", "401", "401", "401"]
    assert set(answers[6:]) == {"not asked, because 3 requests in a row were refused"}
    assert account.asked == [1, 2, 3, 4, 5, 6]


def test_a_repository_without_credentials_is_never_asked_for():
    found = Inquiry(lambda repository: None, seconds=1.0)
    assert not found.has_credentials(candidate())
    assert found.ask(candidate()).endswith(giturls.parse("https://github.com/acme/shop").location)
