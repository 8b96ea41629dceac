"""The summary counts writes that the API server refused apart from those that only came too late."""

from __future__ import annotations

import io
import json
from pathlib import Path

from rich.console import Console

from hack.demo.report import show

WRITE = {
    "user_agent": "tronador/1 (run)",
    "verb": "patch",
    "resource": "environmentprovisioners",
    "subresource": "status",
}


def test_a_write_that_another_one_came_before_does_not_count_as_refused(tmp_path: Path) -> None:
    audit_log, controller_log = tmp_path / "audit", tmp_path / "log"
    audit_log.write_text(
        "".join(json.dumps(WRITE | {"time": 1.0, "code": code}) + "\n" for code in (200, 403, 409, 409))
    )
    controller_log.write_text("")
    console = Console(file=io.StringIO(), width=200)
    show(console, [], audit_log=audit_log, controller_log=controller_log)
    shown = console.file.getvalue()  # type: ignore[attr-defined]
    assert "refused: 1." in shown
    assert "decided again: 2." in shown
