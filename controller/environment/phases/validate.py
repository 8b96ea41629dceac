"""A bad environment stops here, with the field, the value and the remedy; it costs the others nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from controller.environment.decision import Continue, Decision, Stop, Wait
from controller.environment.engines import choice
from controller.environment.observation import Observation
from controller.environment.options import EnvironmentOptions
from controller.policy import Violation, violations

# Whoever has that many to mend looks again anyhow, and a condition's message has its limits.
_TOLD: Final = 10


def decide(observation: Observation, options: EnvironmentOptions) -> Decision:
    """Refuse what the policy refuses, by the name of the first; find out the engine."""
    engine = choice.choose(observation, options)
    name = engine.name if engine else ""
    if refused := violations(observation.environment, options.policy, engine=name):
        return Stop(reason=refused[0].reason, message=_told(refused))
    if questions := choice.questions(observation, options):
        return Wait(
            reason="ChoosingEngine", message="Looking for the release engine of the cluster.", effects=questions
        )
    return Continue()


def _told(refused: Sequence[Violation]) -> str:
    words = [str(violation) for violation in refused[:_TOLD]]
    return "; ".join([*words, f"and {len(refused) - _TOLD} more"] if len(refused) > _TOLD else words)
