"""A bad environment stops here, with the field, the value and the remedy; it costs the others nothing."""

from __future__ import annotations

from controller.environment import policy
from controller.environment.decision import Continue, Decision, Stop
from controller.environment.observation import Observation
from controller.environment.options import EnvironmentOptions

NAME = "validate"


def decide(observation: Observation, options: EnvironmentOptions) -> Decision:
    """Refuse protected names and specs that break a rule."""
    environment = observation.environment
    if glob := policy.protecting_glob(environment, options.protected_namespaces):
        return Stop(
            "NamespaceProtected",
            f"metadata.name: {environment.name!r}: the namespace of this name is protected by '{glob}' of "
            "--protected-namespaces; give the environment another name",
        )
    if violations := policy.violations(environment):
        return Stop("InvalidSpec", "; ".join(str(violation) for violation in violations))
    return Continue()
