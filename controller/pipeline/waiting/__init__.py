"""Waits until the cluster has deployed or deleted an environment."""

from controller.pipeline.waiting.judge import Goal, Judgement, State
from controller.pipeline.waiting.waiter import TimedOut, wait_for

__all__ = ["Goal", "Judgement", "State", "TimedOut", "wait_for"]
