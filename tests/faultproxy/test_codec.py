"""Rules as JSON: what is written comes back, and mistakes are named."""

from __future__ import annotations

from typing import Any

import pytest

from hack.faultproxy.codec import rule_from, rule_to, settings_from, settings_to
from hack.faultproxy.faults import (
    Answer,
    CutWatch,
    DelayWatch,
    DropWatch,
    Ending,
    HalfOpenWatch,
    Latency,
    Match,
    ResetAfter,
    ResetBefore,
    Rule,
)
from hack.faultproxy.settings import Settings


@pytest.mark.parametrize(
    ("document", "rule"),
    [
        ({"fault": "latency", "seconds": 0.5, "jitter": 1}, Rule(fault=Latency(seconds=0.5, jitter=1))),
        (
            {"fault": "answer", "code": 503, "retryAfter": 3, "percent": 30, "times": 2},
            Rule(fault=Answer(code=503, retry_after=3), percent=30, times=2),
        ),
        ({"fault": "reset-before"}, Rule(fault=ResetBefore())),
        (
            {"fault": "reset-after", "match": {"methods": ["put"], "path": "/a", "userAgent": "b", "watch": False}},
            Rule(fault=ResetAfter(), match=Match(methods=("PUT",), path="/a", user_agent="b", watch=False)),
        ),
        ({"fault": "watch-drop", "after": 2, "ending": "reset"}, Rule(fault=DropWatch(after=2, ending=Ending.RESET))),
        ({"fault": "watch-half-open"}, Rule(fault=HalfOpenWatch())),
        ({"fault": "watch-delay", "seconds": 10}, Rule(fault=DelayWatch(seconds=10))),
        ({"fault": "watch-cut", "afterLines": 3}, Rule(fault=CutWatch(after_lines=3))),
    ],
)
def test_every_fault_can_be_written_as_json_and_read_again(document: dict[str, Any], rule: Rule) -> None:
    assert rule_from(document) == rule
    assert rule_from(rule_to(rule)) == rule


def test_settings_are_read_back_and_missing_ones_have_their_default() -> None:
    settings = Settings(rules=(Rule(fault=ResetBefore(), percent=5),), seed=3, frozen=True, refusing=True)
    assert settings_from(settings_to(settings)) == settings
    assert settings_from({}) == Settings()


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ("no", "an object"),
        ({"rules": ["no"]}, "fault is one of latency, answer"),
        ({"rules": [{"fault": "storm"}]}, "fault is one of latency, answer"),
        ({"rules": [{"fault": "latency"}]}, "seconds"),
        ({"rules": [{"fault": "latency", "seconds": "1"}]}, "seconds cannot be '1'"),
        ({"rules": [{"fault": "latency", "seconds": True}]}, "seconds cannot be True"),
        ({"rules": [{"fault": "reset-before", "seconds": 1}]}, "no field 'seconds'"),
        ({"rules": [{"fault": "answer", "code": 500, "retryAfter": 0.5}]}, "retryAfter cannot be"),
        ({"rules": [{"fault": "watch-drop", "after": 1, "ending": "boom"}]}, "ending must be one of end"),
        ({"rules": [{"fault": "reset-before", "match": {"verb": "get"}}]}, "no field 'verb'"),
        ({"rules": [{"fault": "reset-before", "percent": 200}]}, "percent"),
        ({"rule": []}, "no field 'rule'"),
        ({"frozen": "yes"}, "frozen cannot be"),
    ],
)
def test_mistakes_in_settings_are_refused_by_name(document: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        settings_from(document)
