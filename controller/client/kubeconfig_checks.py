"""Checks a kubeconfig, and raises errors that name the file and the remedy.

The package's loader does not check the document, so it is checked here first. Some errors the loader only logs; those
log lines are captured and become part of our error.
"""

from __future__ import annotations

import binascii
import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import yaml

from controller.apimachinery import objects
from controller.apimachinery.errors import ConfigError
from controller.apimachinery.findings import cut

_WORDS_LIMIT: Final = 300
# The package ignores these fields, and so would act as another user than the file says.
_IMPERSONATION: Final = ("as", "as-uid", "as-groups", "as-user-extra")


@dataclass(frozen=True, slots=True)
class Chosen:
    """The context to use from `files`, with the entry of its user ({} if the context names no user)."""

    context: str
    files: str
    user: Mapping[str, Any]

    def __str__(self) -> str:
        return f"context {cut(self.context)!r} of {self.files}"


def choose(files: list[Path], context: str | None) -> Chosen:
    """Return the context of that name, or the current one for None.

    If several files have an entry with the same name, the first one counts, as in kubectl. Raises ConfigError if the
    context, its cluster or its user is missing or cannot be used.
    """
    documents = [_read(path) for path in files]
    names = ", ".join(str(path) for path in files)
    name = context or next((found for d in documents if (found := _name(d.get("current-context")))), "")
    if not name:
        raise ConfigError(f"{names} has no current-context: choose one with --context or `kubectl config use-context`")
    contexts = _entries(documents, files, "contexts", "context")
    if name not in contexts:
        known = cut(", ".join(sorted(contexts)) or "none", _WORDS_LIMIT)
        raise ConfigError(f"no context {cut(name)!r} in {names}: choose another with --context (there are: {known})")
    entry = contexts[name]
    cluster, user = (_name(entry.get(field)) for field in ("cluster", "user"))
    clusters = _entries(documents, files, "clusters", "cluster")
    users = _entries(documents, files, "users", "user")
    _check_cluster(f"context {cut(name)!r} of {names}", cluster, clusters)
    if user and user not in users:
        raise ConfigError(
            f"context {cut(name)!r} in {names} names the user {cut(user)!r}, which is not there: add that user, or "
            "choose another context with --context"
        )
    chosen = Chosen(name, names, users.get(user, {}))
    _check_user(chosen)
    return chosen


@contextmanager
def captured_logs() -> Iterator[list[str]]:
    """In this context, collect the messages that the package logs. They are not printed."""
    logged: list[str] = []

    class Collector(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            logged.append(record.getMessage())

    root, collector = logging.getLogger(), Collector()
    root.addHandler(collector)
    try:
        yield logged
    finally:
        root.removeHandler(collector)


def failed_plugin(chosen: Chosen, logged: list[str]) -> str:
    """Return the error for an exec plugin that gave no credentials. `logged`: what the package logged about it."""
    command = cut(_name(objects.mapping(chosen.user.get("exec")).get("command")))
    why = f" ({shorten(_without_content(logged[-1].removeprefix('exec: ')))})" if logged else ""
    return f"the exec plugin {command!r} of {chosen} gave no credentials{why}: install it, or run it by hand to see why"


def reason(error: Exception) -> str:
    """Return what could not be read and why, for an exception of the loader."""
    if isinstance(error, OSError) and error.filename:
        return f"cannot read {error.filename} ({error.strerror}): correct its path, or create it"
    if isinstance(error, TypeError | AttributeError | KeyError):
        return "one of its fields has a value of the wrong kind: compare it with a kubeconfig that works"
    if isinstance(error, binascii.Error):
        return "a field whose name ends in -data is not base64: copy it again"
    if isinstance(error, UnicodeError):
        return "a file or field that has to be text is not: copy it again"
    if (missing := str(error).removeprefix("File does not exist: ")) != str(error):
        return f"cannot read {shorten(missing)} (No such file or directory): correct its path, or create it"
    return shorten(_without_content(str(error)))


def shorten(text: str) -> str:
    """Return the beginning of `text` on one line, for messages of other programs."""
    return " ".join(text.split())[:_WORDS_LIMIT]


def _without_content(text: str) -> str:
    # If a key is missing, the package's message repeats the whole entry, with its tokens and passwords.
    return text.partition("/{")[0]


def _read(path: Path) -> Mapping[str, Any]:
    try:
        document = yaml.safe_load(path.read_text())
    except OSError as error:
        raise ConfigError(f"cannot read kubeconfig {path}: {error.strerror}") from error
    except yaml.MarkedYAMLError as error:
        # Leave out the text of the error: it repeats the line, which may contain a token.
        line = f", line {error.problem_mark.line + 1}" if error.problem_mark else ""
        raise ConfigError(f"kubeconfig {path}{line} is not YAML: {error.problem}") from None
    except (yaml.YAMLError, ValueError, RecursionError, AttributeError) as error:
        # ValueError: the bytes are not text, or a date or a number is impossible. AttributeError: a tag says that a
        # text is a date.
        raise ConfigError(f"kubeconfig {path} is not YAML: {type(error).__name__}") from None
    if not isinstance(document, Mapping):
        raise ConfigError(f"kubeconfig {path} is empty or not a mapping")
    return document


def _check_user(chosen: Chosen) -> None:
    if fields := [field for field in _IMPERSONATION if chosen.user.get(field)]:
        raise ConfigError(
            f"the user of {chosen} impersonates another one ({', '.join(fields)}), which is not supported: choose a "
            "context whose user has the rights itself"
        )
    if chosen.user.get("username"):
        raise ConfigError(
            f"the user of {chosen} has a user name and a password, which Kubernetes no longer accepts: use a token, a "
            "client certificate or an exec plugin"
        )


def _entries(
    documents: list[Mapping[str, Any]], files: list[Path], plural: str, singular: str
) -> dict[str, Mapping[str, Any]]:
    found: dict[str, Mapping[str, Any]] = {}
    for document, path in reversed(list(zip(documents, files, strict=True))):
        entries = document.get(plural) or []
        if not isinstance(entries, list) or not all(isinstance(entry, Mapping) for entry in entries):
            raise ConfigError(f"kubeconfig {path}: {plural} has to be a list of entries with a name and a {singular}")
        for entry in entries:
            content = entry.get(singular) or {}
            if not isinstance(content, Mapping):
                name = cut(_name(entry.get("name")))
                raise ConfigError(f"kubeconfig {path}: {singular} of {name!r} has to be a mapping")
            found[_name(entry.get("name"))] = content
    return found


def _name(value: Any) -> str:
    """Return a name as text, "" for a list or mapping: aliases can make one of those endless as text."""
    return str(value) if isinstance(value, str | int | float) else ""


def is_http_address(address: str, *, password: bool = False) -> bool:
    """Whether `address` is `http://HOST:PORT` or the same with https. `password`: user and password are allowed."""
    try:
        parts = urlsplit(address)
        # `port` raises ValueError if the port is invalid.
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
    return usable and (password or "@" not in parts.netloc) and not any(map(str.isspace, address))


def _check_cluster(context: str, cluster: str, clusters: Mapping[str, Mapping[str, Any]]) -> None:
    if cluster not in clusters:
        wrong = f"names the cluster {cut(cluster)!r}, which is not there" if cluster else "names no cluster"
        raise ConfigError(f"{context} {wrong}: add that cluster, or choose another context with --context")
    content = clusters[cluster]
    if not is_http_address(objects.text(content.get("server"))):
        # Leave out the address, which may contain a password.
        raise ConfigError(
            f"the cluster {cut(cluster)!r} of {context} has no usable server: write https://HOST:PORT as its server"
        )
    if not isinstance(content.get("tls-server-name") or "", str):
        raise ConfigError(f"the cluster {cut(cluster)!r} of {context}: its tls-server-name has to be a text")
