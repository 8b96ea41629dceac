"""The proxy for tests and programs: a context manager around a thread with an event loop of its own."""

from __future__ import annotations

import asyncio
import concurrent.futures
import ssl
import threading
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

from hack.faultproxy import control, kubeconfig
from hack.faultproxy.connections import Port
from hack.faultproxy.counters import Counters
from hack.faultproxy.exchange import Witness, ignore
from hack.faultproxy.faults import Ending, Match, Rule
from hack.faultproxy.kubeconfig import Target
from hack.faultproxy.server import Server
from hack.faultproxy.settings import Settings

_ANSWER_SECONDS = 10.0
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """Files in PEM form with which the proxy serves HTTPS; clients verify it by the certificate itself."""

    certificate: Path
    key: Path


class FaultProxy:
    """A proxy that runs between `with` and the end of its block, in a thread of its own.

    All methods may be called from any thread, and have taken effect when they return: requests that arrive afterwards
    meet the new settings, and so do the watches that are open. Requests on their way keep what was decided for them.
    """

    def __init__(
        self,
        *,
        target: Target,
        settings: Settings = Settings(),  # noqa: B008 (frozen)
        host: str = "127.0.0.1",
        port: int = 0,
        control_port: int | None = None,
        certificate: Certificate | None = None,
        witness: Witness = ignore,
    ) -> None:
        """Port 0 takes a free one. `control_port`: where to serve /_faults; None: nowhere.

        `witness` is called in the proxy's thread for every request that the server has done.
        """
        self._target = target
        self._settings = settings
        self._host = host
        self._wanted_port = port
        self._wanted_control_port = control_port
        self._certificate = certificate
        self._witness = witness
        self._counters = Counters()
        self._started: concurrent.futures.Future[tuple[asyncio.AbstractEventLoop, asyncio.Event, Server]]

    def __enter__(self) -> FaultProxy:
        """Raises OSError when the port is taken or the certificate's files are not to be read."""
        tls = None
        if self._certificate is not None:
            tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            tls.load_cert_chain(self._certificate.certificate, self._certificate.key)
        self._port = Port(host=self._host, port=self._wanted_port)
        self._control_port: Port | None = None
        try:
            if self._wanted_control_port is not None:
                self._control_port = Port(host=self._host, port=self._wanted_control_port)
            self._started = concurrent.futures.Future()
            self._thread = threading.Thread(name="faultproxy", target=lambda: asyncio.run(self._run(tls)), daemon=True)
            self._thread.start()
            self._loop, self._stop, self._server = self._started.result(_ANSWER_SECONDS)
        except BaseException:
            # On any exception, KeyboardInterrupt included, release the port.
            self._close_ports()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(_ANSWER_SECONDS)
        self._close_ports()

    @property
    def url(self) -> str:
        """Return the URL at which clients reach the API server through the proxy."""
        return f"{'https' if self._certificate else 'http'}://{_in_url(self._port)}"

    @property
    def control_url(self) -> str:
        """Return the URL at which the faults can be read and changed."""
        assert self._control_port is not None, "no control_port was given"
        return f"http://{_in_url(self._control_port)}{control.PATH}"

    def kubeconfig(self) -> dict[str, Any]:
        """A kubeconfig that leads here, with the credentials of the one the proxy was given."""
        authority = self._certificate.certificate.read_bytes() if self._certificate else b""
        return kubeconfig.document(self._target, server=self.url, certificate_authority=authority)

    def apply(self, settings: Settings) -> None:
        """Replace all settings; restarts the chances and the counts of `times`."""
        self._call(lambda server: server.apply(settings))

    def set_rules(self, *rules: Rule) -> None:
        """Replace the rules; restarts the chances and the counts of `times`. An empty list removes all rules."""
        self._call(lambda server: server.follow(rules, server.settings.seed))

    def freeze(self) -> None:
        """Accept connections, but answer nothing and forward nothing until `thaw`."""
        self._call(lambda server: server.freeze(True))

    def thaw(self) -> None:
        self._call(lambda server: server.freeze(False))

    def refuse(self) -> None:
        """Reset all connections and refuse new ones until `accept`."""
        self._call(lambda server: server.refuse(True))

    def accept(self) -> None:
        self._call(lambda server: server.refuse(False))

    def heal(self) -> None:
        """No rules, not frozen, not refusing."""
        self._call(lambda server: server.apply(Settings(seed=server.settings.seed)))

    def drop_watches(self, match: Match = Match(), ending: Ending = Ending.END) -> int:  # noqa: B008 (frozen)
        """End the open watches that match, now; returns how many."""
        return self._call(lambda server: server.drop_watches(match, ending))

    def cut_watches(self, match: Match = Match(), ending: Ending = Ending.CLOSE) -> int:  # noqa: B008 (frozen)
        """Cut the next line of each open watch that matches in half, and end the watch; returns how many."""
        return self._call(lambda server: server.cut_watches(match, ending))

    def insert_line(self, line: bytes, match: Match = Match()) -> int:  # noqa: B008 (frozen)
        """Send a line, with its end, to the open watches that match, as if the server had; returns how many."""
        return self._call(lambda server: server.insert_line(match, line))

    def counters(self) -> dict[str, int]:
        """Return the number of injected faults by name (see the README), without those that never happened."""
        return self._counters.snapshot()

    def wait_for(self, name: str, count: int = 1, timeout: float = 20.0) -> int:
        """Wait until `name` was counted `count` times. Raises TimeoutError after `timeout` seconds."""
        return self._counters.wait_for(name, count, timeout)

    async def _run(self, tls: ssl.SSLContext | None) -> None:
        server = Server(
            target=self._target,
            port=self._port,
            control_port=self._control_port,
            tls=tls,
            counters=self._counters,
            witness=self._witness,
        )
        try:
            async with server:
                await server.apply(self._settings)
                stop = asyncio.Event()
                self._started.set_result((asyncio.get_running_loop(), stop, server))
                await stop.wait()
        except OSError as error:
            if self._started.done():
                raise
            self._started.set_exception(error)

    def _call(self, act: Callable[[Server], Coroutine[Any, Any, _T]]) -> _T:
        async def inside() -> _T:
            return await act(self._server)

        return asyncio.run_coroutine_threadsafe(inside(), self._loop).result(_ANSWER_SECONDS)

    def _close_ports(self) -> None:
        self._port.close()
        if self._control_port is not None:
            self._control_port.close()


def _in_url(port: Port) -> str:
    return f"[{port.host}]:{port.number}" if ":" in port.host else f"{port.host}:{port.number}"
