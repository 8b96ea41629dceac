"""How much one account may ask for: GitHub's primary limit of requests and its secondary limits of content."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The limits of each account.

    Attributes:
        requests: in one window.
        window: seconds.
        content_per_minute: requests that write.
        content_per_hour: requests that write.
    """

    requests: int = 5000
    window: float = 3600.0
    content_per_minute: int = 80
    content_per_hour: int = 500


@dataclass(slots=True)
class Account:
    """What one account has used."""

    reset: float = 0.0
    used: int = 0
    writes: deque[float] = field(default_factory=deque)


class Meter:
    """Counts the requests of every account. The caller holds the lock of the forge."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._accounts: dict[str, Account] = {}

    def account(self, login: str, now: float) -> Account:
        """Return the counts of an account in the present window."""
        account = self._accounts.setdefault(login, Account())
        if now >= account.reset:
            account.reset, account.used = now + self.limits.window, 0
        return account

    def is_exhausted(self, login: str, now: float) -> bool:
        """Whether the requests of this window are used up."""
        return self.account(login, now).used >= self.limits.requests

    def use(self, login: str, now: float) -> None:
        """Count a request."""
        self.account(login, now).used += 1

    def wait_for_content(self, login: str, now: float) -> float:
        """Return the seconds until the account may write again; 0 lets the write happen, and counts it."""
        writes = self.account(login, now).writes
        while writes and writes[0] <= now - 3600:
            writes.popleft()
        for seconds, limit in ((60.0, self.limits.content_per_minute), (3600.0, self.limits.content_per_hour)):
            recent = [moment for moment in writes if moment > now - seconds]
            if len(recent) >= limit:
                return recent[-limit] + seconds - now
        writes.append(now)
        return 0.0
