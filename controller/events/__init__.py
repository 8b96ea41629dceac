"""Posts Kubernetes Events (events.k8s.io/v1) about what the controller does, without blocking or failing the caller.

`recorder` queues and posts Events; `series` combines repetitions into one Event with a count; `spam` limits the number
of Events about one object. The behaviour is that of client-go tools/events.
"""

from controller.events.recorder import Recorder

__all__ = ["Recorder"]
