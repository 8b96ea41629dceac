"""Kubernetes Events (events.k8s.io/v1) about what the controller does: never blocking, never failing their caller.

`recorder` queues and posts; `series` folds repetitions into one Event that counts; `spam` limits what one object may
cause. Source of the behaviour: client-go tools/events.
"""

from controller.events.recorder import Recorder

__all__ = ["Recorder"]
