"""The page of a pull request, for people: its comments, the statuses of its commit, and its deployments.

Comments are shown as the forges show them: Markdown without HTML. A hidden comment of HTML is left out.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markdown_it import MarkdownIt
from markupsafe import Markup

from hack.standins.scm.exchange import Answer, Request
from hack.standins.scm.forge import Forge
from hack.standins.scm.model import CommitStatus

STYLE: Final = "/_scm/page.css"
_PAGE: Final = re.compile(r"/(?P<path>.+?)/(?:pull|-/merge_requests)/(?P<number>[0-9]+)")
_HIDDEN: Final = re.compile(r"<!--.*?-->", re.DOTALL)
_FOLDER: Final = Path(__file__).parent / "pages"
# Whatever a comment contains, the browser asks no other server and runs nothing.
_POLICY: Final = "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
_HEADERS: Final = {"Content-Security-Policy": _POLICY, "X-Content-Type-Options": "nosniff", "Cache-Control": "no-store"}

_markdown = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])


def answer(forge: Forge, request: Request) -> Answer:
    """Return the page that the path names; 404 if there is none."""
    if request.path == STYLE:
        text = (_FOLDER / "page.css").read_text()
        return Answer(text=text, headers={**_HEADERS, "Content-Type": "text/css; charset=utf-8"})
    found = _PAGE.fullmatch(request.path)
    try:
        if found is None or request.writes:
            raise ValueError(request.path)
        text = show(forge, found["path"], int(found["number"]))
    except ValueError:
        return Answer(status=HTTPStatus.NOT_FOUND, text="Not Found\n", headers={"Content-Type": "text/plain"})
    return Answer(text=text, headers={**_HEADERS, "Content-Type": "text/html; charset=utf-8"})


def show(forge: Forge, path: str, number: int) -> str:
    """Return the HTML of the page of a pull request. Raises ValueError if there is none."""
    pull = forge.pull(path, number)
    return (
        _environment()
        .get_template("pull.html")
        .render(
            style=STYLE,
            pull=pull,
            state="merged" if pull.merged else "open" if pull.closed is None else "closed",
            comments=forge.comments(path, number),
            statuses=_newest(forge.statuses(path, pull.sha)),
            deployments=forge.deployments(path)[::-1],
            environments=[
                (
                    one,
                    [
                        deployment
                        for deployment in forge.environment_deployments(path)
                        if deployment.environment.id == one.id
                    ],
                )
                for one in forge.environments(path)
            ],
        )
    )


def render(body: str) -> Markup:
    """Return the HTML of a comment. Markup in it is text, and links lead only to http, https and mailto."""
    # The library escapes what is not its own.
    return Markup(_markdown.render(_HIDDEN.sub("", body)))  # noqa: S704


def _newest(statuses: Sequence[CommitStatus]) -> list[CommitStatus]:
    return list({status.context: status for status in statuses}.values())


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    filters: dict[str, Any] = {"markdown": render, "moment": _moment, "link": _link}
    environment.filters.update(filters)
    return environment


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def _link(url: str | None) -> str:
    """Return a link that a page may have, or ""."""
    return url if url and url.startswith(("http://", "https://")) else ""
