"""Named health checks, for `/healthz` and `/readyz`."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from controller.runtime.httpserver import Response

# Returns None if healthy, else what is wrong.
Check = Callable[[], str | None]


class HealthChecks:
    """The checks of one endpoint. The path `/readyz/NAME` runs a single one."""

    def __init__(self, checks: Mapping[str, Check] | None = None) -> None:
        self._checks = dict(checks or {})

    def respond(self, rest: str, query: Mapping[str, list[str]]) -> Response:
        """Answer 200 `ok`, or 503 with the failing checks. With `?verbose` the answer lists every check."""
        if rest and rest not in self._checks:
            return Response(404, f"no check {rest!r}\n".encode())
        names = [rest] if rest else list(self._checks)
        problems = {name: problem for name in names if (problem := _run(self._checks[name])) is not None}
        if not problems and "verbose" not in query:
            return Response(200, b"ok")
        lines = [f"[-] {name}: {problems[name]}" if name in problems else f"[+] {name}: ok" for name in names]
        shown = lines if "verbose" in query else [line for line in lines if line.startswith("[-]")]
        return Response(503 if problems else 200, ("\n".join(shown) + "\n").encode())


def _run(check: Check) -> str | None:
    try:
        return check()
    except Exception as error:  # noqa: BLE001  # a check that raises is a check that fails
        return f"{type(error).__name__}: {error}"
