"""The routes of the status page, and the answers to them: HTML from templates, and files of our own.

A page may hold what a pull request's author wrote. So templates escape everything, and the headers allow a browser no
script, style, frame or request but our own.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from functools import cached_property
from importlib import resources
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote, unquote

from controller.api.environment import Environment
from controller.api.summary import summarize
from controller.apimachinery import objects
from controller.apimachinery.timestamps import age, from_time, to_time
from controller.runtime.httpserver import Response, Route
from controller.statuspage import query, texts
from controller.statuspage.rows import Rows
from controller.statuspage.sources import Sources
from controller.statuspage.timeline import ENTRIES, Timeline

if TYPE_CHECKING:
    import jinja2

_CONTENT_TYPES: Final = {
    "style.css": "text/css; charset=utf-8",
    "page.js": "text/javascript; charset=utf-8",
    "icon.svg": "image/svg+xml",
}
_HTML: Final = "text/html; charset=utf-8"
HEADERS: Final[Mapping[str, str]] = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
# Seconds after which ages are written again although nothing else has changed.
_AGES: Final = 30.0
# Seconds that a reader waits for others. Without a limit, threads of readers that left long ago would pile up.
_PATIENCE: Final = 5.0
# Keys of a queue that are shown one by one.
_KEYS: Final = 10


class StatusPage:
    """Answers for `/`, `/environments/NAME`, `/controller`, and what these need.

    One page is rendered at a time, so readers cannot take the processor from the workers, however many there are.
    """

    def __init__(self, *, sources: Sources, timeline: Timeline) -> None:
        self._sources = sources
        self._timeline = timeline
        self._rendering = threading.Lock()
        folder = resources.files(__package__) / "static"
        self._files = {name: (folder / name).read_bytes() for name in _CONTENT_TYPES}

    @cached_property
    def _templates(self) -> jinja2.Environment:
        # Imported for the first page, because it would take a tenth of the start.
        import jinja2

        templates = jinja2.Environment(
            loader=jinja2.PackageLoader(__package__),
            autoescape=True,
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )
        templates.globals |= {"version": self._sources.version, "entries": ENTRIES}
        templates.filters |= {
            "age": age,
            "clock": texts.clock,
            "cut": texts.cut,
            "host": texts.host,
            "look": texts.look,
            "path": lambda name: quote(name, safe="", errors="replace"),
            "short": texts.short_repository,
            "time": to_time,
            "web": texts.web_address,
        }
        return templates

    @cached_property
    def _rows(self) -> Rows:
        row = self._templates.get_template("row.html")
        return Rows(render=lambda summary, age: row.render(e=summary, age=age))

    def routes(self) -> Mapping[str, Route]:
        """For an HttpServer."""
        return {
            "/": self._in_turn(self._list),
            "/environments": self._in_turn(self._environment),
            "/controller": self._in_turn(self._controller),
            "/state": self._state,
            "/static": self._static,
        }

    def _in_turn(self, route: Route) -> Route:
        def answer(rest: str, parameters: Mapping[str, list[str]]) -> Response:
            if not self._rendering.acquire(timeout=_PATIENCE):
                return Response(503, b"busy with other readers: try again\n", headers=HEADERS)
            try:
                return route(rest, parameters)
            finally:
                self._rendering.release()

        return answer

    def _list(self, rest: str, parameters: Mapping[str, list[str]]) -> Response:
        from markupsafe import Markup

        asked = query.parse(parameters)
        state = self._state_text()
        selection = query.select(self._rows.summaries(self._sources.environments()), asked)
        now = self._sources.now()
        return self._page(
            "list.html",
            title="Environments",
            state=state,
            query=asked,
            selection=selection,
            row=lambda summary: Markup(self._rows.html(summary, now)),  # noqa: S704  # row.html has escaped it
        )

    def _environment(self, rest: str, parameters: Mapping[str, list[str]]) -> Response:
        name = unquote(rest)
        state = self._state_text()
        obj = self._sources.environment(name) if name else None
        if obj is None:
            return self._page("missing.html", status=404, title="Not found", state=state, name=name)
        return self._page(
            "environment.html",
            title=name,
            state=state,
            environment=summarize(obj),
            conditions=[_condition(condition) for condition in Environment(obj).conditions],
            timeline=self._timeline.of(name),
            started=self._sources.started,
        )

    def _controller(self, rest: str, parameters: Mapping[str, list[str]]) -> Response:
        # Queues change all the time, so this page has no state that could be compared.
        return self._page(
            "controller.html",
            title="Controller",
            state="",
            queues=self._sources.queues(),
            caches=sorted(self._sources.caches(), key=lambda cache: cache.resource),
            keys_shown=_KEYS,
        )

    def _state(self, rest: str, parameters: Mapping[str, list[str]]) -> Response:
        return Response(200, self._state_text().encode(), headers=HEADERS)

    def _static(self, rest: str, parameters: Mapping[str, list[str]]) -> Response:
        if rest not in self._files:
            return Response(404, b"not found\n", headers=HEADERS)
        return Response(200, self._files[rest], _CONTENT_TYPES[rest], HEADERS)

    def _state_text(self) -> str:
        """Another text whenever a page about environments may look different."""
        process = self._sources.process()
        period = int(self._sources.now().timestamp() // _AGES)
        return f"{self._sources.revision()}.{process.role}.{'stale' if process.trouble else 'current'}.{period}"

    def _page(self, template: str, *, status: int = 200, **values: Any) -> Response:
        process, now = self._sources.process(), self._sources.now()
        text = self._templates.get_template(template).render(values, process=process, now=now)
        # A text from an object may hold half a character, which UTF-8 cannot express.
        return Response(status, text.encode(errors="replace"), _HTML, HEADERS)


def _condition(condition: objects.Object) -> Mapping[str, Any]:
    fields = {field: objects.text(condition.get(field)) for field in ("type", "status", "reason", "message")}
    return fields | {"since": from_time(condition.get("lastTransitionTime"))}
