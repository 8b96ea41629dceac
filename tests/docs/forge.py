"""A git server under a public name: an https server on this machine, and a proxy that leads there."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from pathlib import Path
from socketserver import StreamRequestHandler, ThreadingTCPServer

from tests.unit.pipeline.gitops.git_servers import PASSWORD, USER, HttpsServer


class Forge:
    """Serves the repositories below `folder` as https://HOST/ to clients of its proxy that know the password.

    Attributes:
        proxy: URL of the proxy.
        authority: file with the authority of its certificate.
        user, password: what a client has to know.
    """

    def __init__(self, folder: Path, *, host: str) -> None:
        self.user, self.password = USER, PASSWORD
        self._server = HttpsServer(folder, names=(host,))
        self.authority = Path(self._server.authority)
        address = ("127.0.0.1", self._server.port)

        class Handler(StreamRequestHandler):
            def handle(self) -> None:
                while self.rfile.readline().strip():
                    pass
                with socket.create_connection(address) as server:
                    self.wfile.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
                    back = threading.Thread(target=_copy, args=(server, self.connection), name="proxy")
                    back.start()
                    _copy(self.connection, server)
                    back.join()

        self._proxy = ThreadingTCPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._proxy.serve_forever, name="proxy")
        self._thread.start()
        self.proxy = f"http://127.0.0.1:{self._proxy.server_address[1]}"

    def close(self) -> None:
        """End both."""
        self._proxy.shutdown()
        self._thread.join()
        self._proxy.server_close()
        self._server.close()


def _copy(source: socket.socket, target: socket.socket) -> None:
    # Either end may close the connection at any time.
    with suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
    with suppress(OSError):
        target.shutdown(socket.SHUT_WR)
