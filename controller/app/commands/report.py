"""`tronador report`: shows on pull requests what their environments do, of a whole cluster or once of one."""

from __future__ import annotations

import argparse
from collections.abc import Mapping

from controller.apimachinery.options import OptionError
from controller.app import logs, options
from controller.app.reportoptions import ReportOptions

_STATES = ("auto", "pending", "failed", "gone")
# The flags that need --once, with their values if they are not given.
_OF_ONCE: Mapping[str, str | None] = {"file": None, "state": "auto", "reason": "", "timeout": "2m"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's flags, and one for every option."""
    parser.description = (
        "Show on each pull request what its environment does: one comment, a commit status, and a deployment. Without "
        "--once this is a controller: every option is also an environment variable, and the flag wins. With --once it "
        "reports the environment of a file, prints as JSON what it did, and exits. Exit code 0: the pull request shows "
        "it; 1: it could not be reported, and the last line says why."
    )
    once = parser.add_argument_group("for pipelines")
    once.add_argument("--once", action="store_true", help="report one environment, and exit")
    once.add_argument("-f", "--file", metavar="FILE", help="the environment, as it was published; - is standard input")
    once.add_argument(
        "--state",
        choices=_STATES,
        default=_OF_ONCE["state"],
        help="what to report; auto is the state of that environment in the cluster, or in the file if the command has "
        "no cluster; failed is for a pipeline that ended before (default: auto)",
    )
    once.add_argument(
        "--reason",
        metavar="TEXT",
        default=_OF_ONCE["reason"],
        help="why the environment has failed (for --state failed), or why the pipeline waits no longer (for auto): an "
        "environment that is still being deployed then counts as failed",
    )
    once.add_argument(
        "--timeout",
        metavar="DURATION",
        default=_OF_ONCE["timeout"],
        help="how long to wait for limits and outages (default: 2m)",
    )
    options.add_arguments(parser, ReportOptions)


def execute(parsed: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Run until a signal, or report once. Raises OptionError if an option is wrong, and PipelineError."""
    if not parsed.once:
        for name, default in _OF_ONCE.items():
            if getattr(parsed, name) != default:
                raise OptionError(f"--{name}: add --once, which it belongs to")
    elif parsed.file is None:
        raise OptionError("--once: add --file with the environment to report")
    elif parsed.reason and parsed.state not in ("auto", "failed"):
        raise OptionError(f"--reason: --state {parsed.state} has none; leave it out")
    chosen = options.read(ReportOptions, parsed, environ)
    logs.configure(log_format=chosen.logs.log_format, level=chosen.logs.log_level)
    if parsed.once:
        from controller.app import reportonce

        return reportonce.report(parsed, chosen, environ)
    # Imported here, because this loads the whole reporter, and other steps of a pipeline do not need it.
    from controller.app import reporting

    return reporting.run(chosen)
