"""Both controllers in one program, with the folder that they share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from controller.client import Client
from hack.standins.flux.artifacts import Artifacts
from hack.standins.flux.loop import Pace
from hack.standins.flux.source_controller import SourceController
from hack.standins.git.commands import Git
from hack.standins.plays import Plays


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How the stand-in behaves; times in seconds, defaults as the originals'.

    Attributes:
        folder: for mirrors and artifacts; must exist.
        namespace: the only one to look at; "": all.
        git_rewrites: (prefix, replacement) of repository URLs.
        longest_interval: no `interval` or `retryInterval` counts as longer.
        pace: workers of each controller, and its back-off.
        plays: durations and failures of operations.
    """

    folder: Path
    namespace: str = ""
    git_rewrites: Sequence[tuple[str, str]] = ()
    git_timeout: float = 60.0
    longest_interval: float = float("inf")
    pace: Pace
    plays: Plays


class Flux:
    """`start` once, `stop` once."""

    def __init__(self, *, client: Client, options: Options) -> None:
        artifacts = Artifacts(
            git=Git(home=options.folder, timeout=options.git_timeout),
            folder=options.folder,
            rewrites=options.git_rewrites,
        )
        self._source = SourceController(
            client=client,
            artifacts=artifacts,
            plays=options.plays,
            pace=options.pace,
            longest=options.longest_interval,
            namespace=options.namespace,
        )
        self._loops = (self._source.loop,)

    def start(self) -> None:
        """Begin, in threads of its own."""
        for loop in self._loops:
            loop.start()

    def has_synced(self) -> bool:
        """Whether everything that existed at the start has been seen."""
        return all(loop.has_synced() for loop in self._loops)

    def stop(self, timeout: float) -> None:
        """End; what is under way is finished without its remaining delays, within about `timeout` seconds."""
        for loop in self._loops:
            loop.stop(timeout)
