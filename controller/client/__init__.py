"""Communicates with the API server. The only package that uses the `kubernetes` package.

Objects are the plain dicts that JSON decodes to. The models of the `kubernetes` package drop fields they do not know
and take several times the time and memory. From that package we use what is hard to write well: kubeconfig and
in-cluster configuration, credentials, TLS, and the connection pool (`config`, `transport`). Requests (`request`),
retries (`retry`), watch streams (`stream`) and the errors are ours.
"""

from controller.client.client import Client
from controller.client.config import Connection
from controller.client.planning import PlannedWrite, PlanningClient
from controller.client.request import DeletePropagation, PatchType
from controller.client.stream import WatchStream

__all__ = ["Client", "Connection", "DeletePropagation", "PatchType", "PlannedWrite", "PlanningClient", "WatchStream"]
