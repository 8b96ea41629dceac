"""The caller's side of the Helm engine: requests to the worker process, and what Helm makes of its answers.

Rendering never touches a cluster: `lookup` finds nothing, and `.Capabilities` are those that the library was built
with, not the API server's.
"""

from __future__ import annotations

import json
import os
import selectors
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from controller.apimachinery.objects import Object
from hack.standins.helm.ordering import Manifest, in_install_order, is_hook

_WORKER = Path(__file__).with_name("worker.py")


class HelmError(Exception):
    """Helm refused a chart or its values. The message is Helm's own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """A rendered chart.

    Attributes:
        chart: `metadata`, `values` and `templates` (name and text) of the chart, as read from its folder.
        crds: objects of the chart's `crds/` folder, outside templating.
        manifests: everything else but hooks, in install order.
        hooks: objects with a hook annotation, in the order of their files.
        notes: the rendered NOTES.txt.
    """

    chart: Mapping[str, Any]
    crds: tuple[Object, ...]
    manifests: tuple[Manifest, ...]
    hooks: tuple[Manifest, ...]
    notes: str


class HelmEngine:
    """Helm in a process of its own, which starts at the first request and again after it died. Thread-safe."""

    def __init__(self, *, timeout: float) -> None:
        """`timeout` in seconds is for one request; a worker that exceeds it is killed."""
        self._timeout = timeout
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None

    def render(
        self, chart: Path, *, name: str, namespace: str, revision: int, is_upgrade: bool, values: Mapping[str, Any]
    ) -> Rendered:
        """Render the chart in the folder `chart`. Raises HelmError."""
        result = self._request(
            {
                "op": "render",
                "chart": str(chart),
                "values": values,
                "name": name,
                "namespace": namespace,
                "revision": revision,
                "is_upgrade": is_upgrade,
            }
        )
        manifests = [Manifest(**document) for document in _checked(result["documents"])]
        return Rendered(
            chart=result["chart"],
            crds=tuple(document["object"] for document in result["crds"]),
            manifests=in_install_order(manifest for manifest in manifests if not is_hook(manifest)),
            hooks=tuple(manifest for manifest in manifests if is_hook(manifest)),
            notes=result["notes"],
        )

    def parse(self, text: str) -> list[dict[str, Any]]:
        """The non-empty YAML documents of `text`, by Helm's rules. Raises HelmError."""
        return [document["object"] for document in self._request({"op": "parse", "text": text})]

    def close(self) -> None:
        """End the worker."""
        with self._lock:
            self._kill_locked()

    def _request(self, request: Mapping[str, Any]) -> Any:
        with self._lock:
            process = self._process
            if process is None or process.poll() is not None:
                self._kill_locked()
                process = self._process = _start()
            try:
                answer = self._exchange_locked(process, json.dumps(request).encode() + b"\n")
            except (OSError, EOFError, TimeoutError) as error:
                self._kill_locked()
                raise HelmError(f"the Helm engine did not answer: {error}") from error
        if "error" in answer:
            raise HelmError(answer["error"])
        return answer["result"]

    def _exchange_locked(self, process: subprocess.Popen[bytes], line: bytes) -> Any:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(line)
        process.stdin.flush()
        deadline = time.monotonic() + self._timeout
        received = bytearray()
        with selectors.DefaultSelector() as selector:
            selector.register(process.stdout, selectors.EVENT_READ)
            while not received.endswith(b"\n"):
                if not selector.select(max(0.0, deadline - time.monotonic())):
                    raise TimeoutError(f"nothing within {self._timeout:g}s")
                chunk = os.read(process.stdout.fileno(), 1 << 16)
                if not chunk:
                    raise EOFError("it died")
                received += chunk
        return json.loads(received)

    def _kill_locked(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            assert pipe is not None
            try:
                pipe.close()
            except OSError:
                continue  # what was still buffered for a dead process


def _start() -> subprocess.Popen[bytes]:
    # -P: the worker's own folder must not shadow the modules that it imports.
    command = [sys.executable, "-P", str(_WORKER)]
    # In a session of its own the worker does not receive a terminal's Ctrl-C; the program that started it ends it.
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True)


def _checked(documents: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the documents (path, text and object). Raises HelmError if one is not a Kubernetes object."""
    for document in documents:
        obj = document["object"]
        if not obj.get("kind") or not obj.get("apiVersion"):
            raise HelmError(f"error validating {document['path']}: apiVersion or kind not set")
        if not (obj.get("metadata") or {}).get("name"):
            raise HelmError(f"error validating {document['path']}: metadata.name not set")
    return documents
