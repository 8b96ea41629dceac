"""Refuses a bad environment, and names the field, the value and the remedy. Other environments are not affected."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from controller.apimachinery.findings import Finding
from controller.environment.decision import Continue, Decision, Stop, Wait
from controller.environment.engines import choice
from controller.environment.observation import Observation
from controller.environment.options import EnvironmentOptions
from controller.policy import explained, violations

# The message of a condition has a limit, and a person who corrects that many faults looks again anyway.
_NAMED: Final = 10


def decide(observation: Observation, options: EnvironmentOptions) -> Decision:
    """Refuse what the policy refuses, with the reason of the first violation. Ask for the engine if it is unknown."""
    engine = choice.choose(observation, options)
    name = engine.name if engine else ""
    if refused := violations(observation.environment, options.policy, engine=name):
        return Stop(reason=refused[0].reason, message=_words(refused))
    if questions := choice.questions(observation, options):
        return Wait(
            reason="ChoosingEngine", message="Looking for the release engine of the cluster.", effects=questions
        )
    return Continue()


def _words(refused: Sequence[Finding]) -> str:
    words = [explained(violation) for violation in refused[:_NAMED]]
    return "; ".join([*words, f"and {len(refused) - _NAMED} more"] if len(refused) > _NAMED else words)
