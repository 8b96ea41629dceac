"""Talking to the API server: the only room that knows the `kubernetes` package.

Objects go in and out as the plain dicts that JSON gives: the package's models drop fields they do not know, and cost
several times the time and memory. Of the package we use what is hard to write well: kubeconfig and in-cluster
configuration, credentials, TLS, the connection pool (`config`, `transport`). Requests (`request`), retries (`retry`),
watch streams (`stream`) and the errors everything ends in are ours.
"""

from controller.client.client import Client
from controller.client.config import Connection
from controller.client.planning import PlannedWrite, PlanningClient
from controller.client.request import DeletePropagation, PatchType
from controller.client.stream import WatchStream

__all__ = ["Client", "Connection", "DeletePropagation", "PatchType", "PlannedWrite", "PlanningClient", "WatchStream"]
