"""The durations of an election fit together."""

from __future__ import annotations

from typing import Any

import pytest

from controller.leaderelection import LeaderElectionConfig, LeaseDurations


class TestConfiguration:
    @pytest.mark.promise("leader election")
    @pytest.mark.parametrize(
        ("changes", "words"),
        [
            ({"identity": ""}, "identity"),
            ({"name": ""}, "name"),
            ({"durations": LeaseDurations(lease_duration=10.0)}, "must exceed the renew deadline"),
            ({"durations": LeaseDurations(renew_deadline=2.4)}, "must exceed 1.2 times the retry period"),
            ({"durations": LeaseDurations(retry_period=0.0)}, "greater than zero"),
            ({"durations": LeaseDurations(lease_duration=-1.0)}, "greater than zero"),
        ],
    )
    def test_durations_that_do_not_fit_together_are_refused_with_the_reason(
        self, changes: dict[str, Any], words: str
    ) -> None:
        arguments: dict[str, Any] = {"namespace": "ns", "name": "lock", "identity": "me"}
        with pytest.raises(ValueError, match=words):
            LeaderElectionConfig(**(arguments | changes))

    @pytest.mark.promise("leader election")
    @pytest.mark.parametrize(("deadline", "timeout"), [(10.0, 5.0), (1.5, 1.0)])
    def test_a_request_may_take_half_of_the_renew_deadline(self, deadline: float, timeout: float) -> None:
        durations = LeaseDurations(renew_deadline=deadline, retry_period=0.5)
        config = LeaderElectionConfig(namespace="ns", name="lock", identity="me", durations=durations)
        assert config.request_timeout == timeout
