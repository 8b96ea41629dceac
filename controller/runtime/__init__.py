"""Runs a controller of any kind: workers, start and stop order, health endpoints.

`reconcile` is the contract with the reconciler; `controller` runs workers that process a queue; `manager` starts and
stops everything in the right order; `httpserver` and `health` answer probes and scrapes.
"""

from controller.runtime.controller import Controller
from controller.runtime.health_checks import HealthChecks
from controller.runtime.httpserver import HttpServer, Response
from controller.runtime.manager import Manager
from controller.runtime.reconcile import Reconciler, Request, Result, TerminalError

__all__ = [
    "Controller",
    "HealthChecks",
    "HttpServer",
    "Manager",
    "Reconciler",
    "Request",
    "Response",
    "Result",
    "TerminalError",
]
