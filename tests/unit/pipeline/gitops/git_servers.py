"""Test servers for git: one with https and a password, and an `ssh` that runs commands on this machine."""

import base64
import os
import ssl
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import trustme

USER, PASSWORD = "robot", "hunter2 'quoted' $x"


class HttpsServer:
    """Serves the repositories in `folder` with a password. `asked` lists the credentials that clients sent."""

    def __init__(self, folder, *, redirect="", names=("localhost", "127.0.0.1")):
        self.asked = []
        authority = trustme.CA()
        self.authority = folder / "authority.pem"
        authority.cert_pem.write_to_path(str(self.authority))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert(*names).configure_cert(context)
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                server.answer(self, folder, redirect)

            def do_POST(self):
                server.answer(self, folder, redirect)

            def log_message(self, *_):
                pass

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._http.socket = context.wrap_socket(self._http.socket, server_side=True)
        self._thread = threading.Thread(target=self._http.serve_forever, name="https")
        self._thread.start()
        self.port = self._http.server_port

    def close(self):
        self._http.shutdown()
        self._thread.join()
        self._http.server_close()

    def answer(self, request, folder, redirect):
        given = request.headers.get("Authorization")
        if given is not None:
            self.asked.append(base64.b64decode(given.removeprefix("Basic ")).decode())
        if redirect:
            request.send_response(302)
            request.send_header("Location", f"{redirect}{request.path}")
            request.send_header("Content-Length", "0")
            request.end_headers()
        elif given is None or self.asked[-1] != f"{USER}:{PASSWORD}":
            request.send_response(401)
            request.send_header("WWW-Authenticate", 'Basic realm="git"')
            request.send_header("Content-Length", "0")
            request.end_headers()
        else:
            self._serve(request, folder)

    def _serve(self, request, folder):
        path, _, query = request.path.partition("?")
        environ = {
            "PATH": os.environ["PATH"],
            "GIT_PROJECT_ROOT": str(folder),
            "GIT_HTTP_EXPORT_ALL": "1",
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_GLOBAL": os.devnull,
            "REQUEST_METHOD": request.command,
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "REMOTE_USER": USER,
            "CONTENT_TYPE": request.headers.get("Content-Type", ""),
            "HTTP_CONTENT_ENCODING": request.headers.get("Content-Encoding", ""),
        }
        body = request.rfile.read(int(request.headers.get("Content-Length") or 0))
        answer = subprocess.run(
            ["git", "http-backend"], env=environ, input=body, capture_output=True, check=True
        ).stdout
        head, _, content = answer.partition(b"\r\n\r\n")
        headers = dict(line.split(": ", 1) for line in head.decode().splitlines())
        request.send_response(int(headers.pop("Status", "200 OK").split()[0]))
        for name, value in headers.items():
            request.send_header(name, value)
        request.send_header("Content-Length", str(len(content)))
        request.end_headers()
        request.wfile.write(content)


def ssh_to_here(folder: Path) -> Path:
    """Create an `ssh` in `folder` that runs commands here. It logs its arguments to `ssh.log`, its key to `ssh.key`."""
    program = folder / "ssh"
    program.write_text(
        "#!/bin/sh\n"
        f"printf '%s\\n' \"$@\" >'{folder}/ssh.log'\n"
        "for argument; do\n"
        '  test -f "$argument" && test "$argument" != /dev/null && '
        f"cat \"$argument\" >'{folder}/ssh.key'\n"
        "  last=$argument\n"
        "done\n"
        'exec sh -c "$last"\n'
    )
    program.chmod(0o755)
    return program
