"""The Helm engine's own process: reads one JSON request a line on stdin, answers one JSON line on stdout.

Helm is a Go library, and the Go runtime does not belong in a process with threads and signals of its own. The file is
run by its path and imports nothing of the project; `engine` is its only caller and starts it again when it dies.

Requests: {"op": "render", "chart", "values", "name", "namespace", "revision", "is_upgrade"}, {"op": "parse", "text"}.
Answers: {"result": ...} or {"error": "Helm's words"}.
"""

from __future__ import annotations

import json
import os
import re
import sys
from typing import Any

import helm_python

# Where Helm itself cuts a rendered file into documents.
_SEPARATOR = re.compile(r"(?:^|\s*\n)---\s*")


def documents(text: str) -> list[dict[str, Any]]:
    """The YAML documents of `text` as {"text", "object"}, parsed by Helm's own rules; empty ones are left out."""
    found = []
    for document in _SEPARATOR.split(text):
        parsed = helm_python.values_from_yaml(document)
        if parsed:
            found.append({"text": document.strip("\n"), "object": parsed})
    return found


def render(request: dict[str, Any]) -> dict[str, Any]:
    """Render a chart with these values. Returns also the parts of the chart that Helm stores."""
    with helm_python.Chart.load(request["chart"]) as chart:
        values = request["values"]
        chart.validate_schema(values)
        files = chart.render(
            values,
            name=request["name"],
            namespace=request["namespace"],
            revision=request["revision"],
            is_install=not request["is_upgrade"],
            is_upgrade=request["is_upgrade"],
        )
        found = []
        notes = ""
        for path in sorted(files):
            if path.endswith("NOTES.txt"):
                notes += files[path]
                continue
            for document in _documents_of(path, files[path]):
                found.append({"path": path, **document})
        return {
            "chart": {"metadata": chart.metadata, "values": chart.values, "templates": chart.templates},
            "crds": [document for crd in chart.crds for document in documents(crd["data"])],
            "documents": found,
            "notes": notes,
        }


def _documents_of(path: str, text: str) -> list[dict[str, Any]]:
    try:
        return documents(text)
    except helm_python.HelmError as error:
        raise ValueError(f"YAML parse error on {path}: {error}") from error


def answer(request: dict[str, Any]) -> dict[str, Any]:
    """The answer to one request; whatever Helm raises is part of it."""
    try:
        if request["op"] == "render":
            return {"result": render(request)}
        return {"result": documents(request["text"])}
    except (helm_python.HelmError, ValueError) as error:
        return {"error": str(error)}


def main() -> None:
    """Answer until stdin ends. Whatever the library prints goes to stderr, never between the answers."""
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    for line in sys.stdin:
        answers.write(json.dumps(answer(json.loads(line))) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
