"""Reads credentials from a folder, such as a mounted Secret, in which each file has one value.

| file | value |
| --- | --- |
| `token` | a token of a user, of a project or of a group |
| `app-id`, `app-key` | a GitHub App: its ID, and its private key in PEM |
| `provider` | `github` or `gitlab`; needed for every host but github.com and gitlab.com |
| `api` | address of the API, if it is not at its usual place on the host |
| `ca.crt` | certificates in PEM that are trusted besides those of the system |
| `login` | who writes the comments, for a token that cannot ask that |

The files are looked at before each use, and read again when they have changed.
"""

from __future__ import annotations

import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Final
from urllib.parse import urlsplit

_FILES: Final = ("token", "app-id", "app-key", "provider", "api", "ca.crt", "login")
# Bytes. A file with several certificates is the longest.
_LIMIT: Final = 1024 * 1024
GITHUB: Final = "github"
GITLAB: Final = "gitlab"
_PROVIDERS: Final = {"github.com": GITHUB, "gitlab.com": GITLAB}
_APIS: Final = {GITHUB: "https://{host}/api/v3", GITLAB: "https://{host}/api/v4"}
_PUBLIC_GITHUB: Final = "https://api.github.com"
# Only a test or a proxy beside us may do without TLS.
_LOCAL: Final = ("127.0.0.1", "localhost", "::1")
_API: Final = re.compile(r"https?://[A-Za-z0-9.:\[\]_-]+(/[A-Za-z0-9._~/-]*)?")
_TOKEN: Final = re.compile(r"[\x21-\x7e]+")


class FolderError(Exception):
    """The folder cannot be used. The text names the file and the remedy, and never its content."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Secrets:
    """The content of a folder. Either `token`, or `app_id` and `app_key`, are set."""

    provider: str
    api: str
    authorities: str = ""
    login: str = ""
    token: str = field(default="", repr=False)
    app_id: str = ""
    app_key: str = field(default="", repr=False)


class Folder:
    """One folder, for the repositories of `host` (with its port, if that is not the usual one). Thread-safe."""

    def __init__(self, path: str, *, host: str) -> None:
        self.path = path
        self._host = host
        self._lock = Lock()
        self._version: Mapping[str, tuple[int, ...]] | None = None
        self._secrets: Secrets | None = None

    def read(self) -> Secrets:
        """Return the current content. Raises FolderError if it cannot be used and never could."""
        with self._lock:
            version = self._stat()
            if self._secrets is None or version != self._version:
                try:
                    self._secrets = secrets({name: self._text(name) for name in version}, self._host)
                    self._version = version
                except FolderError as error:
                    # While files are being replaced they may not fit together. The old ones are used until they do.
                    if self._secrets is None:
                        raise FolderError(f"{self.path}: {error}") from None
            return self._secrets

    def _stat(self) -> Mapping[str, tuple[int, ...]]:
        found = {}
        for name in _FILES:
            try:
                stat = (Path(self.path) / name).stat()
            except OSError:
                continue
            found[name] = (stat.st_mtime_ns, stat.st_size, stat.st_ino)
        return found

    def _text(self, name: str) -> str:
        try:
            with (Path(self.path) / name).open("rb") as file:
                content = file.read(_LIMIT + 1)
        except OSError as error:
            raise FolderError(f"{name}: cannot read the file: {error.strerror}") from None
        if len(content) > _LIMIT:
            raise FolderError(f"{name}: the file is longer than {_LIMIT} bytes: shorten it")
        try:
            return content.decode().strip()
        except UnicodeDecodeError:
            raise FolderError(f"{name}: the file is not UTF-8: save it as text") from None


def secrets(texts: Mapping[str, str], host: str) -> Secrets:
    """Return what the files of a folder say, by their names. Raises FolderError if that does not fit together."""
    provider = texts.get("provider") or _PROVIDERS.get(host, "")
    if provider not in _APIS:
        raise FolderError("provider: the file has to hold github or gitlab, because the host does not say which it is")
    usual = _PUBLIC_GITHUB if host == "github.com" else _APIS[provider].format(host=host)
    api = (texts.get("api") or usual).rstrip("/")
    if not _is_api(api):
        raise FolderError("api: the file has to hold an https URL")
    authorities = texts.get("ca.crt", "")
    if authorities and not _are_certificates(authorities):
        raise FolderError("ca.crt: the file has to hold certificates in PEM")
    token, app_id, app_key = texts.get("token", ""), texts.get("app-id", ""), texts.get("app-key", "")
    if bool(token) == bool(app_id and app_key):
        raise FolderError("put either `token` or both `app-id` and `app-key` into it")
    if token and not is_token(token):
        raise FolderError("token: the file has to hold a single token")
    if app_key and provider != GITHUB:
        raise FolderError("app-key: only GitHub has Apps of this kind; put `token` into it")
    return Secrets(
        provider=provider,
        api=api,
        authorities=authorities,
        login=texts.get("login", ""),
        token=token,
        app_id=app_id,
        app_key=app_key,
    )


def is_token(text: str) -> bool:
    """Return whether `text` can stand in a header, as a token does: one printable word."""
    return _TOKEN.fullmatch(text) is not None


def _is_api(url: str) -> bool:
    if not _API.fullmatch(url):
        return False
    try:
        parts = urlsplit(url)
        return parts.port != 0 and (parts.scheme == "https" or parts.hostname in _LOCAL)
    except ValueError:
        # The address or the port is not valid.
        return False


def _are_certificates(text: str) -> bool:
    try:
        ssl.create_default_context().load_verify_locations(cadata=text)
    except (ssl.SSLError, ValueError):
        return False
    return True
