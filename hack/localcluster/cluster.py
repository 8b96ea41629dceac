"""A cluster inside a test process: a server on its own thread, with the queries and actions that tests need."""

from __future__ import annotations

import asyncio
import tempfile
import threading
from collections.abc import Callable, Coroutine
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from .audit import AuditLog
from .hooks import Hooks
from .kubeconfig import write_kubeconfig
from .objects import Object
from .options import Options
from .server import Server, credentials_of
from .storage import state
from .storage.store import Store

T = TypeVar("T")
_WAIT_SECONDS = 10.0


class LocalCluster:
    """Runs while the `with` block does.

    Args:
        options: settings; `options.port` 0 takes a free port, which restarts keep.
        kubeconfig: where to write the kubeconfig; a temporary file by default.

    Attributes:
        kubeconfig: path of the kubeconfig.
        audit: every request so far.
        token: the admin's bearer token.
        authority: certificate of the certificate authority, as PEM.
    """

    def __init__(self, options: Options | None = None, *, kubeconfig: Path | None = None) -> None:
        self._options = options or Options()
        self._folder = tempfile.TemporaryDirectory(prefix="localcluster-")
        self.kubeconfig = kubeconfig or Path(self._folder.name) / "kubeconfig"
        self.audit = AuditLog(self._options.audit_log)
        self._credentials = credentials_of(self._options)
        self.token = self._credentials.admin_token
        self.authority = self._credentials.authority
        self._store = self._new_store()
        self._port = self._options.port
        self._loop = asyncio.new_event_loop()
        self._thread: threading.Thread | None = None
        self._server: Server | None = None

    def _new_store(self) -> Store:
        store = Store(history_limit=self._options.history_limit)
        if self._options.state_file:
            state.load(store, Path(self._options.state_file))
        return store

    @property
    def url(self) -> str:
        """Base URL of the API."""
        return f"https://{self.address}"

    @property
    def address(self) -> str:
        """Return the address on which the server listens, as `host:port`."""
        return f"{self._options.host}:{self._port}"

    @property
    def hooks(self) -> Hooks:
        """The running server's hooks; call them through `call`."""
        assert self._server is not None, "the server is stopped"
        return self._server.hooks

    def __enter__(self) -> Self:
        self._thread = threading.Thread(name="localcluster", target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self.start()
        write_kubeconfig(self.kubeconfig, url=self.url, authority=self.authority, token=self.token)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        self._loop.call_soon_threadsafe(self._loop.stop)
        if self._thread is not None:
            self._thread.join(_WAIT_SECONDS)
        self._loop.close()
        self.audit.close()
        self._folder.cleanup()

    def start(self, *, half_started: bool = False) -> None:
        """Listen on the same port as before.

        Args:
            half_started: as a real server is for a moment: 403 to all but the administrator until `fill_rights`, 503
                for custom resources until `install_paths`.
        """
        if self._server is None:
            self._server = self._run(self._start(half_started))

    async def _start(self, half_started: bool) -> Server:
        server = Server(
            options=self._options,
            store=self._store,
            credentials=self._credentials,
            audit=self.audit,
            port=self._port,
            half_started=half_started,
        )
        self._port = await server.start()
        return server

    def stop(self) -> None:
        """Stop listening; the state stays for the next `start`."""
        server, self._server = self._server, None
        if server is not None:
            self._run(server.stop())
            if self._options.state_file:
                state.save(self._store, Path(self._options.state_file))

    def restart(self, *, keep_state: bool = True, keep_history: bool = True, half_started: bool = False) -> None:
        """Stop and start on the same port: as it was, without watch history, or empty; `half_started` as in `start`."""
        self.stop()
        if not keep_state:
            self._store = Store(history_limit=self._options.history_limit)
        elif not keep_history:
            self._store.compact()
        self.start(half_started=half_started)

    def back_up(self) -> Path:
        """Write all objects to a file, as a backup of etcd has them."""
        path = Path(self._folder.name) / "backup.json"
        self.call(lambda: state.save(self._store, path))
        return path

    def restore(self, backup: Path) -> None:
        """Stop, and start with the objects and the version of a backup, as after a restore of etcd."""
        self.stop()
        self._store.forget()
        state.load(self._store, backup)
        self.start()

    def replace_authority(self) -> None:
        """Stop, and start with a certificate of another authority, which earlier kubeconfigs do not trust."""
        self.stop()
        self._credentials = self._credentials.with_new_authority()
        self.authority = self._credentials.authority
        self.start()

    def hold(self, resource: str) -> None:
        """Hold back watch streams of `plural` or `plural.group`."""
        self.call(lambda: self.hooks.hold(resource))

    def release(self, resource: str) -> None:
        """Send the events that watch streams held back."""
        self.call(lambda: self.hooks.release(resource))

    def drop_watches(self, resource: str = "") -> None:
        """End watch streams."""
        self.call(lambda: self.hooks.drop(resource))

    def compact(self) -> None:
        """Forget the history of changes."""
        self.call(lambda: self.hooks.compact())

    def initialize(self, resource: str) -> None:
        """Answer lists and watches of a resource with 429, as while the storage of a new one starts."""
        self.call(lambda: self.hooks.initialize(resource))

    def initialized(self, resource: str) -> None:
        """Serve it again."""
        self.call(lambda: self.hooks.initialized(resource))

    def fill_rights(self) -> None:
        """End the 403 of a server that is half started."""
        self.call(lambda: self.hooks.fill_rights())

    def install_paths(self) -> None:
        """End its 503."""
        self.call(lambda: self.hooks.install_paths())

    def watches(self, resource: str = "") -> int:
        """Return the number of open watch streams."""
        return self.call(lambda: self.hooks.watches(resource))

    def objects(self) -> dict[tuple[str, str], list[Object]]:
        """Return all stored objects, by group and plural. They are shared, and must not be changed."""
        return self.call(lambda: {resource: self._store.items(resource) for resource in self._store.resources()})

    def call(self, function: Callable[[], T]) -> T:
        """Run a function in the server's event loop."""

        async def run() -> T:
            return function()

        return self._run(run())

    def _run(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(_WAIT_SECONDS)
