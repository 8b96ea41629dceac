"""Values of a delivery that go on to git or into a name: each is checked for what it is said to be."""

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
    """A repository's bare name."""
    return _name(fields, name, fields.text(name))


def last_segment(fields: Fields, name: str) -> str:
    """A repository's bare name, which is what its path ends with."""
    return _name(fields, name, fields.text(name).rpartition("/")[2])


def clone_url(fields: Fields, name: str) -> str:
    """A URL that git can clone from, without credentials."""
    url = fields.text(name)
    try:
        giturls.parse(url)
    except ValueError as error:
        raise fields.wrong(name, f"is not the URL of a repository: {error}") from None
    return url


def branch(fields: Fields, name: str) -> str:
    """A branch's name that git allows."""
    text = fields.text(name)
    if not gitrefs.is_branch(text):
        raise fields.wrong(name, f"{text[:_SHOWN]!a} is no name of a branch")
    return text


def commit(fields: Fields, name: str) -> str:
    """A commit's full SHA."""
    text = fields.text(name)
    if not gitrefs.is_commit(text):
        raise fields.wrong(name, f"{text[:_SHOWN]!a} is no commit")
    return text


def commit_if_named(fields: Fields | None, name: str) -> str:
    """A commit's full SHA, or "" where the field is absent or null."""
    return commit(fields, name) if fields is not None and fields.maybe_text(name) else ""


def time(fields: Fields, name: str) -> str:
    """A moment in RFC 3339; "" where it is absent. GitLab writes both `2026-01-31 12:00:00 UTC` and RFC 3339."""
    text = fields.maybe_text(name)
    if not text:
        return ""
    moment = timestamps.from_time(text.removesuffix(" UTC"))
    if moment is None:
        raise fields.wrong(name, f"{text[:_SHOWN]!a} is no moment")
    return timestamps.to_time(moment.astimezone(UTC))


def _name(fields: Fields, name: str, text: str) -> str:
    if not _NAME.fullmatch(text) or text in (".", ".."):
        raise fields.wrong(name, f"{text[:_SHOWN]!a} is no name of a repository")
    return text
