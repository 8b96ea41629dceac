"""What an environment counts as, where the number of environments is limited, and the answer that it gets. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from controller.api.environment import Environment
from controller.apimachinery import objects
from controller.apimachinery.objects import Object


@dataclass(frozen=True, slots=True)
class Claim:
    """An environment that has a place, or wants one.

    Attributes:
        name: of the environment.
        created: its creationTimestamp. "" for a namespace whose environment is gone.
        repository: that of its pull request, as `host/org/repository` in lower case, because on most hosts another case
            is the same repository; "" if it is not known.
        is_fork: whether its code comes from a fork.
    """

    name: str
    created: str = ""
    repository: str = ""
    is_fork: bool = False

    @property
    def turn(self) -> tuple[str, str]:
        """Its place in the order of all environments."""
        return (self.created, self.name)


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer to a claim. `message` names the limit that leaves no place; "" if it is not known yet."""

    granted: bool
    message: str = ""


GRANTED: Final = Verdict(granted=True)
# The cache of namespaces may lack some that exist.
NOT_COUNTED: Final = Verdict(granted=False)


def of(obj: Object) -> Claim:
    """Return the claim of an EnvironmentProvisioner."""
    environment = Environment(obj)
    created = objects.text(objects.metadata(obj).get("creationTimestamp"))
    return Claim(environment.name, created, environment.repository.lower(), environment.is_of_fork)
