"""What is known about the corrections of one object, and when the next one is due. Frozen data, pure arithmetic.

Every write counts as a correction. The first one is made at once, and so is one with another content. The same write
has to wait: 1 s after the first, and longer after each further one. So a client that undoes each write at once causes
six corrections in the first minute, and then one a minute. Some corrections take two writes (a RoleBinding with a wrong
roleRef is deleted and created), which makes twelve and two.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, assert_never

import msgspec

from controller.api.environment import FINALIZER
from controller.apimachinery import objects
from controller.environment.effects import AddFinalizer, Apply, Create, Delete, Effect, Patch, Replace, Target

# Seconds between a correction and the next: after the first, after the second, and so on. The last one repeats.
DELAYS: Final = (1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 60.0)
# Seconds without a correction after which the earlier ones are forgotten.
QUIET: Final = 600.0
# The usual number of corrections. If one more is needed, another client is undoing them.
USUAL: Final = 2
_CANONICAL: Final = msgspec.json.Encoder(order="deterministic", enc_hook=str)

Path = tuple[str, ...]
Write = Create | Patch | Apply | Replace | Delete | AddFinalizer


@dataclass(frozen=True, slots=True)
class Correction:
    """The unit of pacing: the work of one phase on one object. `absent`: the phase deletes the object."""

    phase: str
    target: Target
    absent: bool = False


@dataclass(frozen=True, slots=True)
class Contest:
    """What users read about a correction that another client undoes. `fields` are the paths of the fields."""

    reason: str
    message: str
    fields: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True)
class Attempts:
    """The corrections that were made so far.

    Attributes:
        wanted: fingerprint of the wanted content.
        writes: their number.
        wait: seconds until the next one may be made; 0 when it is due.
        left: seconds until they are forgotten.
        lost: the fields that had another value in the answer to the last one.
        contest: who undoes them, once that is known.
    """

    wanted: str
    writes: int
    wait: float
    left: float
    lost: tuple[Path, ...] = ()
    contest: Contest | None = None


def delay(writes: int) -> float:
    """Return the seconds from the last of `writes` corrections (at least one) to the next."""
    return DELAYS[min(writes, len(DELAYS)) - 1]


def correction(phase: str, effect: Effect) -> Correction | None:
    """Return the Correction to which a write belongs; None for an effect that is not paced."""
    if not isinstance(effect, Write):
        return None
    return Correction(phase, effect.target, absent=isinstance(effect, Delete))


def fingerprint(effect: Write) -> str:
    """Return a text that is the same for the same wanted content, whatever the object is like now."""
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
    """Return a short text for a content, which does not reveal the content."""
    return hashlib.sha256(_CANONICAL.encode(content)).hexdigest()[:32]


def _lasting(body: Any) -> Any:
    if not isinstance(body, Mapping):
        return body
    metadata = {name: value for name, value in objects.metadata(body).items() if name != "resourceVersion"}
    return {**body, "metadata": metadata}
