"""Configures logging: to stderr, as JSON for machines or in columns for a terminal."""

from __future__ import annotations

import contextlib
import io
import logging
import sys
from collections.abc import MutableMapping
from typing import Any, TextIO, cast

import structlog
from structlog.typing import ExcInfo

from controller.app import terminal


class _Stderr:
    """The current stderr. Drops a line that cannot be written, so that a full disk or closed pipe ends no thread."""

    def write(self, text: str) -> None:
        """Write, if possible."""
        with contextlib.suppress(OSError, ValueError):
            sys.stderr.write(text)

    def flush(self) -> None:
        """Flush, if possible."""
        with contextlib.suppress(OSError, ValueError):
            sys.stderr.flush()


def _printable(logger: Any, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Keep what others wrote from controlling the terminal. In JSON it is escaped."""
    return {name: terminal.printable(value) if isinstance(value, str) else value for name, value in event.items()}


def _plain_traceback(stream: TextIO, exc_info: ExcInfo) -> None:
    """Write a traceback without the values of variables, and its lines as `_printable` does."""
    written = io.StringIO()
    structlog.dev.plain_traceback(written, exc_info)
    stream.write("\n".join(map(terminal.printable, written.getvalue().split("\n"))))


def configure(*, log_format: str, level: str) -> None:
    """Configure structlog for the process.

    Args:
        log_format: auto, json or console.
        level: a level of `logging` by its name.
    """
    console = log_format == "console" or (log_format == "auto" and sys.stderr.isatty())
    # In JSON a traceback must stay on one line. On a console it must be plain: if rich is installed, the default one
    # shows the values of variables, and some are Secrets.
    renderers: list[Any] = (
        [_printable, structlog.dev.ConsoleRenderer(exception_formatter=_plain_traceback)]
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
    # urllib3 logs every retry and every closed connection. The client already logs those that matter.
    logging.getLogger("urllib3").setLevel(logging.ERROR)
