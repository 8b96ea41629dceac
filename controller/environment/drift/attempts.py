"""What is known of the corrections of one object, and when the next one is due. Frozen data, pure arithmetic.

Every write counts as a correction. The first one is made at once, and so is the next when what we want has changed.
The same write again has to wait: 1 s after the first, and longer after each further one. So somebody who undoes all
that we write at once costs six corrections in the first minute and one a minute after that. A correction may take two
writes (a RoleBinding whose roleRef is wrong is deleted and created), which makes twelve and two.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, assert_never

from controller.api.environment import FINALIZER
from controller.apimachinery import objects
from controller.environment.effects import AddFinalizer, Apply, Create, Delete, Effect, Patch, Replace, Target

# Seconds between a correction and the next, after the first, the second, and so on; the last one stays.
DELAYS: Final = (1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 60.0)
# Seconds without a correction after which the earlier ones are forgotten.
QUIET: Final = 600.0
# Corrections that are usual. When one more is needed, somebody is undoing them.
USUAL: Final = 2

Path = tuple[str, ...]
Write = Create | Patch | Apply | Replace | Delete | AddFinalizer


@dataclass(frozen=True, slots=True)
class Correction:
    """What is paced: the work of one phase on one object. `absent`: the phase keeps the object away."""

    phase: str
    target: Target
    absent: bool = False


@dataclass(frozen=True, slots=True)
class Contest:
    """What people read about a correction that somebody undoes. `fields` are the paths that it is about."""

    reason: str
    message: str
    fields: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True)
class Attempts:
    """The corrections that were made so far.

    Attributes:
        wanted: fingerprint of what they were to bring about.
        writes: how many there were.
        wait: seconds until the next one may be made; 0 when it is due.
        left: seconds until they are forgotten.
        lost: the fields that the answer to the last one did not have as they were asked for.
        contest: who undoes them, once that was found out.
    """

    wanted: str
    writes: int
    wait: float
    left: float
    lost: tuple[Path, ...] = ()
    contest: Contest | None = None


def delay(writes: int) -> float:
    """Seconds between the last of `writes` corrections (at least one) and the next."""
    return DELAYS[min(writes, len(DELAYS)) - 1]


def correction(phase: str, effect: Effect) -> Correction | None:
    """The Correction that a write belongs to; None for an effect that is not paced."""
    if not isinstance(effect, Write):
        return None
    return Correction(phase, effect.target, absent=isinstance(effect, Delete))


def fingerprint(effect: Write) -> str:
    """What a write is to bring about, whatever the object is like now: the same text for the same content."""
    match effect:
        case Create() | Apply() | Replace():
            return digest(effect.body)
        case Patch():
            return digest(_lasting(effect.body) if effect.wanted is None else effect.wanted)
        case AddFinalizer():
            return FINALIZER
        case Delete():
            return "absent"
        case _:
            assert_never(effect)


def digest(content: Any) -> str:
    """A short text for a content; it does not give the content away."""
    return hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()[:32]


def _lasting(body: Any) -> Any:
    if not isinstance(body, Mapping):
        return body
    metadata = {name: value for name, value in objects.metadata(body).items() if name != "resourceVersion"}
    return {**body, "metadata": metadata}
