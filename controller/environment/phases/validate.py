"""A bad environment stops here, with the field, the value and the remedy; it costs the others nothing."""

from __future__ import annotations

from controller.environment.decision import Continue, Decision, Stop
from controller.environment.engines import helm_operator
from controller.environment.observation import Observation
from controller.environment.options import EnvironmentOptions
from controller.policy import violations

NAME = "validate"


def decide(observation: Observation, options: EnvironmentOptions) -> Decision:
    """Refuse what the policy refuses, all of it at once, by the name of the first."""
    if refused := violations(observation.environment, options.policy, engine=helm_operator.NAME):
        return Stop(refused[0].reason, "; ".join(str(violation) for violation in refused))
    return Continue()
