"""Waiting until the cluster has done what was published."""

from controller.pipeline.waiting.judge import Goal, Judgement, State
from controller.pipeline.waiting.waiter import TimedOut, wait_for

__all__ = ["Goal", "Judgement", "State", "TimedOut", "wait_for"]
