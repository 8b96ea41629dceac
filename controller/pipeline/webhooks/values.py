"""Reads and validates fields of a delivery that are later passed to git or used in a name."""

from __future__ import annotations

import re
from datetime import UTC
from typing import Final

from controller.apimachinery import giturls, timestamps
from controller.pipeline import gitrefs
from controller.pipeline.webhooks.body import Fields

_NAME: Final = re.compile(r"[A-Za-z0-9._-]{1,255}")
_SHOWN: Final = 60


def repository_name(fields: Fields, name: str) -> str:
    """Return a repository's name. Raises BodyError."""
    return _name(fields, name, fields.text(name))


def last_segment(fields: Fields, name: str) -> str:
    """Return a repository's name, the last segment of its path. Raises BodyError."""
    return _name(fields, name, fields.text(name).rpartition("/")[2])


def clone_url(fields: Fields, name: str) -> str:
    """Return a URL that git can clone, without credentials. Raises BodyError."""
    url = fields.text(name)
    try:
        giturls.parse(url)
    except ValueError as error:
        raise fields.wrong(name, f"this is not a valid repository URL: {error}") from None
    return url


def branch(fields: Fields, name: str) -> str:
    """Return a branch name that git accepts. Raises BodyError."""
    text = fields.text(name)
    if not gitrefs.is_branch(text):
        raise fields.wrong(name, f"{text[:_SHOWN]!a} is not a valid branch name")
    return text


def commit(fields: Fields, name: str) -> str:
    """Return a commit's full SHA. Raises BodyError."""
    text = fields.text(name)
    if not gitrefs.is_commit(text):
        raise fields.wrong(name, f"{text[:_SHOWN]!a} is not a full commit SHA")
    return text


def commit_if_named(fields: Fields | None, name: str) -> str:
    """Return a commit's full SHA, or "" if the field is absent or null. Raises BodyError."""
    return commit(fields, name) if fields is not None and fields.maybe_text(name) else ""


def time(fields: Fields, name: str) -> str:
    """Return a time in RFC 3339, or "" if absent. GitLab also sends `2026-01-31 12:00:00 UTC`. Raises BodyError."""
    text = fields.maybe_text(name)
    if not text:
        return ""
    moment = timestamps.from_time(text.removesuffix(" UTC"))
    if moment is None:
        raise fields.wrong(name, f"{text[:_SHOWN]!a} is not a valid time")
    return timestamps.to_time(moment.astimezone(UTC))


def _name(fields: Fields, name: str, text: str) -> str:
    if not _NAME.fullmatch(text) or text in (".", ".."):
        raise fields.wrong(name, f"{text[:_SHOWN]!a} is not a valid repository name")
    return text
