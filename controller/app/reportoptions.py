"""The options of `tronador report`: those of the feedback, and those that it shares with `tronador run`."""

from __future__ import annotations

from dataclasses import dataclass

from controller.api.options import own_namespace
from controller.apimachinery.optionkinds import DURATION
from controller.apimachinery.options import group, option
from controller.app.options import (
    AddressOptions,
    ConnectionOptions,
    ControllerOptions,
    FreshnessOptions,
    LogOptions,
    RequestOptions,
)
from controller.leaderelection import LeaderElectionOptions
from controller.report.options import FeedbackOptions


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportOptions:
    """The options of `tronador report`."""

    feedback: FeedbackOptions = group(FeedbackOptions)
    connection: ConnectionOptions = group(ConnectionOptions)
    namespace: str = own_namespace()
    election: LeaderElectionOptions = group(LeaderElectionOptions)
    controller: ControllerOptions = group(ControllerOptions)
    freshness: FreshnessOptions = group(FreshnessOptions)
    requests: RequestOptions = group(RequestOptions)
    graceful_timeout: float = option(
        DURATION, 30.0, "how long running reconciles may take to finish after SIGTERM", least=0
    )
    http: AddressOptions = group(AddressOptions)
    logs: LogOptions = group(LogOptions)
