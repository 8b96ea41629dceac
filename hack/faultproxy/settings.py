"""The settings of the proxy: one value that is replaced as a whole."""

from __future__ import annotations

from dataclasses import dataclass

from hack.faultproxy.faults import Rule


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The faults of the moment.

    Attributes:
        rules: in the order in which they are tried.
        seed: from which all chances are computed.
        frozen: connections are accepted, and nothing is answered or forwarded until it is false again.
        refusing: connections are refused, as by a server that is not running; those that were open are reset.
    """

    rules: tuple[Rule, ...] = ()
    seed: int = 0
    frozen: bool = False
    refusing: bool = False
