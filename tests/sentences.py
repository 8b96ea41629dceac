"""Conditions of objects of Flux, comparable between objects that differ in names, versions and the text of errors."""

from __future__ import annotations

import re
from typing import Any


def conditions_of(obj: dict[str, Any]) -> dict[str, tuple[str, str, str]]:
    """Return status, reason and sentence of each condition, by its type."""
    conditions = (obj.get("status") or {}).get("conditions") or ()
    return {each["type"]: (each["status"], each["reason"], sentence(each["message"])) for each in conditions}


def sentence(message: str) -> str:
    """Return a message with placeholders for names, versions and the text of errors."""
    text = " ".join(message.split())
    text = re.sub(r"[\w-]+/[\w-]+(\.v\d+)?( |$)", r"RELEASE\2", text)
    text = re.sub(r"chart [\w-]+@[\w.+-]+", "chart CHART", text)
    text = re.sub(r"'[\w./-]+@sha1:[0-9a-f]{40}'", "REVISION", text)
    text = re.sub(r"'https?://[^']*'", "URL", text)
    text = re.sub(r'ref "[^"]*"', "ref REF", text)
    text = re.sub(r"[\w.-]+\.tgz", "ARCHIVE", text)
    text = re.sub(r"\d+ test hooks", "N test hooks", text)
    return re.sub(r"(failed for release RELEASE with chart CHART: ).*", r"\1ERROR", text)
