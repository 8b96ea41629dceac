"""How long an environment lives, and until when. Pure: it follows from its object, the options and the time.

The lifetime begins with the last activity: the moment at which the controller saw a new generation of the spec, or
another value of the annotation `active-at`. Only the status remembers that moment. If it is missing or lies in the
future, the lifetime begins now. So nothing ends because expiry was switched on, because a backup was restored, or
because another replica had a wrong clock.

The annotation `expire-at` ends an environment earlier, also one without a lifetime. Activity after that time outweighs
it. So the last activity is recorded as long as there is the annotation.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from controller.api import lifecycle
from controller.api.environment import EXPIRE_AT_ANNOTATION, KEEP_ANNOTATION, Environment
from controller.apimachinery import durations
from controller.apimachinery.conditions import TRUE, Condition
from controller.apimachinery.timestamps import to_time
from controller.environment.options import ENFORCE, EnvironmentOptions

EXPIRING: Final = "Expiring"
# The reasons of that condition, before the end and after it. The last two are those of --expire-mode=report.
ENDS_SOON: Final = "EndsSoon"
ENDS_LATER: Final = "EndsLater"
WOULD_END: Final = "WouldEnd"
WOULD_HAVE_ENDED: Final = "WouldHaveEnded"
# How the status names what limits a lifetime.
_SPEC: Final = "spec.lifecycle.expireAfter"
_DEFAULT: Final = "--expire-after"
_MAXIMUM: Final = "--expire-after-max"
# Seconds for which a request to expire counts although no activity is recorded, because lifetimes are switched off. An
# older one may be from a backup.
_FRESH: Final = 3600.0
TIMES: Final = ("lastActivityTime", "expiresAt")
# The fields of the status. They come and go together.
FIELDS: Final = (*TIMES, "lastHandledActiveAt", "lifetime")
# Seconds. A longer lifetime counts as none, because it would lead out of the years that Python knows.
_LONGEST: Final = 1000 * 365 * 86400.0
HOW_TO_KEEP: Final = f"A push, or the annotation {KEEP_ANNOTATION}, prevents that."


@dataclass(frozen=True, slots=True, kw_only=True)
class Lifetime:
    """The lifetime of one environment.

    Attributes:
        last_activity: when it began.
        seconds: how long it is; `math.inf`: for ever.
        limited_by: the field, the option or the annotation that says so; "" if it is for ever.
        expires_at: when it ends; None for a kept or suspended environment.
        warn_at: when users are warned; None without an end.
    """

    last_activity: datetime
    seconds: float
    limited_by: str
    expires_at: datetime | None = None
    warn_at: datetime | None = None

    def is_over(self, now: datetime) -> bool:
        """Return whether it has ended."""
        return self.expires_at is not None and now >= self.expires_at

    def next_change(self, now: datetime) -> float | None:
        """Return the seconds until users are warned or the lifetime ends; None if neither is to come."""
        moments = (self.warn_at, self.expires_at)
        left = [(moment - now).total_seconds() for moment in moments if moment is not None and moment > now]
        return min(left, default=None)


def of(environment: Environment, options: EnvironmentOptions, now: datetime) -> Lifetime | None:
    """Return the lifetime of an environment; None if it has none."""
    wanted, asked = environment.expire_after, _asked(environment)
    if not (wanted or asked or options.expire_after or options.expire_after_max) or environment.is_deleting:
        return None
    begun = _last_activity(environment, now, asked)
    seconds, limited_by = _limit(wanted, options)
    if asked is not None and begun <= asked < begun + timedelta(seconds=min(seconds, _LONGEST)):
        seconds, limited_by = (asked - begun).total_seconds(), EXPIRE_AT_ANNOTATION
    if seconds > _LONGEST:
        return None if asked is None else Lifetime(last_activity=begun, seconds=math.inf, limited_by="")
    kept = environment.suspended or _keep(environment)
    if kept is True:
        return Lifetime(last_activity=begun, seconds=seconds, limited_by=limited_by)
    end = begun + timedelta(seconds=seconds)
    if isinstance(kept, datetime):
        end = max(end, kept)
    warning = min(timedelta(seconds=options.expire_warning), (end - begun) / 2)
    return Lifetime(last_activity=begun, seconds=seconds, limited_by=limited_by, expires_at=end, warn_at=end - warning)


def fields(environment: Environment, lifetime: Lifetime | None) -> dict[str, Any]:
    """Return the fields of the status about a lifetime; none if there is none."""
    if lifetime is None:
        return {}
    found: dict[str, Any] = {"lastActivityTime": to_time(lifetime.last_activity)}
    if lifetime.limited_by:
        found["lifetime"] = {"duration": durations.render(lifetime.seconds), "limitedBy": lifetime.limited_by}
    if handled := environment.active_at or environment.handled_active_at:
        found["lastHandledActiveAt"] = handled
    if lifetime.expires_at is not None:
        found["expiresAt"] = to_time(lifetime.expires_at)
    return found


def warning(lifetime: Lifetime, options: EnvironmentOptions, now: datetime) -> tuple[Condition, ...]:
    """Return the condition about an end that is near, or that is only reported; () if there is nothing to say."""
    if lifetime.warn_at is None or now < lifetime.warn_at:
        return ()
    if options.expire_mode == ENFORCE and lifetime.is_over(now):
        words = (
            "The lifetime of the environment is over. It is taken down when it is its turn, because --expire-burst "
            f"limits how many environments end in ten minutes. {HOW_TO_KEEP}"
        )
        return (Condition(EXPIRING, TRUE, ENDS_LATER, words),)
    if options.expire_mode == ENFORCE:
        words = (
            "The lifetime of the environment ends at the time in status.expiresAt, or later if many others end then. "
            f"{HOW_TO_KEEP}"
        )
        return (Condition(EXPIRING, TRUE, ENDS_SOON, words),)
    if lifetime.is_over(now):
        words = "The lifetime of the environment is over. It stays all the same, because --expire-mode is report."
        return (Condition(EXPIRING, TRUE, WOULD_HAVE_ENDED, words),)
    words = (
        "The lifetime of the environment ends at the time in status.expiresAt. It will stay all the same, because "
        "--expire-mode is report."
    )
    return (Condition(EXPIRING, TRUE, WOULD_END, words),)


def _limit(wanted: str, options: EnvironmentOptions) -> tuple[float, str]:
    """Return how many seconds an environment may live (`math.inf`: for ever), and what says so."""
    seconds, limited_by = options.expire_after or math.inf, _DEFAULT
    if wanted:
        limited_by = _SPEC
        try:
            seconds = lifecycle.expire_after(wanted)
        except ValueError:
            # The policy refuses it. Nothing ends because of a typing error.
            seconds = math.inf
    if options.expire_after_max and seconds > options.expire_after_max:
        return options.expire_after_max, _MAXIMUM
    return seconds, limited_by


def _asked(environment: Environment) -> datetime | None:
    """Return when somebody wants the environment to end."""
    try:
        return lifecycle.moment(environment.expire_at) if environment.expire_at else None
    except ValueError:
        # The policy refuses it.
        return None


def _last_activity(environment: Environment, now: datetime, asked: datetime | None) -> datetime:
    is_active = environment.status.get("observedGeneration") != environment.generation or environment.active_at not in (
        "",
        environment.handled_active_at,
    )
    known = environment.last_activity
    if not is_active and known is not None and known <= now:
        return known
    if not is_active and known is None and asked is not None and timedelta() <= now - asked < timedelta(seconds=_FRESH):
        return asked.replace(microsecond=0)
    # The status has whole seconds. Rounded down, the lifetime would be shorter than it should be.
    return (now + timedelta(microseconds=999_999)).replace(microsecond=0)


def _keep(environment: Environment) -> datetime | bool:
    try:
        return lifecycle.keep(environment.keep)
    except ValueError:
        # The policy refuses it. Its author wants to keep the environment.
        return True
