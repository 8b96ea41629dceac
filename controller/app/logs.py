"""Where logs go and how they look: JSON for machines, columns for a terminal; always to stderr."""

from __future__ import annotations

import contextlib
import logging
import sys
from typing import Any, TextIO, cast

import structlog


class _Stderr:
    """stderr as it is at the moment. A line that cannot be written is lost, and nothing else: no thread dies of it."""

    def write(self, text: str) -> None:
        """Write, if possible."""
        with contextlib.suppress(OSError, ValueError):
            sys.stderr.write(text)

    def flush(self) -> None:
        """Flush, if possible."""
        with contextlib.suppress(OSError, ValueError):
            sys.stderr.flush()


def configure(*, log_format: str, level: str) -> None:
    """Set structlog up for the process. `log_format` is auto, json or console; `level` a name of `logging`."""
    console = log_format == "console" or (log_format == "auto" and sys.stderr.isatty())
    # A traceback spans many lines; in JSON it has to stay one. On a console it must be the plain one: where rich is
    # installed the usual one shows every variable, and some hold Secrets.
    renderers: list[Any] = (
        [structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)]
        if console
        else [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            *renderers,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level.upper())),
        logger_factory=structlog.PrintLoggerFactory(cast(TextIO, _Stderr())),
        cache_logger_on_first_use=True,
    )
    # urllib3 logs every retry and every closed connection by itself; the client reports what matters.
    logging.getLogger("urllib3").setLevel(logging.ERROR)
