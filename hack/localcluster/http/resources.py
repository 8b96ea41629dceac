"""Requests for resources: get, list, watch, create, update, patch, delete, deletecollection."""

from __future__ import annotations

import random

from aiohttp import web

from ..errors import StatusError, bad_request, invalid_options
from ..objects import Object, clone, name_of, namespace_of, uid_of
from ..options import Options
from ..patch import json_patch, merge_patch
from ..registry.context import WriteContext
from ..registry.lists import list_objects, parse_version
from ..registry.patching import (
    APPLY_PATCH,
    JSON_PATCH,
    MERGE_PATCH,
    STRATEGIC_PATCH,
    Patcher,
    check_name,
    check_patch_type,
)
from ..registry.registry import Registry
from ..registry.scale import scale_of, with_scale
from ..storage.paging import Page
from ..validation.options import validate_list_options
from ..watch.hub import WatchHub
from ..watch.stream import WatchRequest, WatchStream
from .bodies import media_type, parse_document, parse_json, read_strictly
from .negotiate import Representation
from .params import (
    TRUE,
    Query,
    delete_options,
    integer,
    patch_document,
    selection_of,
    shape_of,
    write_context,
)
from .respond import render_list, render_object, respond
from .route import Target


class ResourceHandler:
    """Serves resolved requests."""

    def __init__(self, registry: Registry, hub: WatchHub, options: Options) -> None:
        self._registry = registry
        self._hub = hub
        self._options = options

    async def handle(self, request: web.Request, target: Target, body: bytes) -> web.StreamResponse:
        """Answer one request.

        Raises:
            StatusError: if the request fails; it becomes the answer.
        """
        if target.verb == "watch":
            return await self._watch(request, target)
        if target.subresource == "scale":
            return self._scale(request, target, body)
        handlers = {
            "get": self._get,
            "list": self._list,
            "create": self._create,
            "update": self._update,
            "patch": self._patch,
            "delete": self._delete,
            "deletecollection": self._delete_collection,
        }
        return handlers[target.verb](request, target, body)

    def _get(self, request: web.Request, target: Target, body: bytes) -> web.Response:
        shape = shape_of(request, target, single=True)
        self._registry.store.check_version(parse_version(request.query.get("resourceVersion", "")))
        obj = self._registry.get(target.resource, target.namespace, target.name)
        return self._object(200, request, target, obj, shape)

    def _object(
        self,
        code: int,
        request: web.Request,
        target: Target,
        obj: Object,
        shape: Representation,
        context: WriteContext | None = None,
    ) -> web.Response:
        shown = render_object(target.resource, obj, shape, request.query.get("includeObject", "Metadata"))
        return respond(code, shown, shape=shape, warnings=context.warnings if context else ())

    def _list(self, request: web.Request, target: Target, body: bytes) -> web.Response:
        shape = shape_of(request, target, single=False)
        page = self._page(request.query, target)
        include = request.query.get("includeObject", "Metadata")
        return respond(200, render_list(target.resource, page, shape, include), shape=shape)

    def _page(self, query: Query, target: Target) -> Page:
        problems = validate_list_options(dict(query))
        if problems:
            raise invalid_options("ListOptions", problems)
        return list_objects(
            self._registry.store,
            target.resource,
            selection_of(target, query),
            version=query.get("resourceVersion", ""),
            match=query.get("resourceVersionMatch", ""),
            limit=integer(query, "limit"),
            token=query.get("continue", ""),
        )

    async def _watch(self, request: web.Request, target: Target) -> web.StreamResponse:
        query = request.query
        shape = shape_of(request, target, single=True)
        problems = validate_list_options({**query, "watch": "1"})
        if problems:
            raise invalid_options("ListOptions", problems)
        initial = query.get("sendInitialEvents")
        wanted = WatchRequest(
            resource=target.resource,
            selection=selection_of(target, query),
            version=query.get("resourceVersion", ""),
            initial_events=None if initial is None else initial in TRUE,
            bookmarks=query.get("allowWatchBookmarks") in TRUE,
            timeout=integer(query, "timeoutSeconds") or 1800 * (1 + random.random()),
            agent=request.headers.get("User-Agent", ""),
        )
        include = query.get("includeObject", "Metadata")
        stream = WatchStream(
            self._registry.store,
            self._hub,
            wanted,
            representation=f"{target.resource.api_version} {shape.form} {include}",
            render=lambda obj, first: render_object(target.resource, obj, shape, include, headers=first),
            varies=shape.form == "table",
            bookmark_interval=self._options.bookmark_interval,
            progress=self._options.initial_events,
        )
        lines = stream.lines()
        response = web.StreamResponse(
            headers={"Content-Type": "application/json", "Cache-Control": "no-cache, private"}
        )
        response.enable_chunked_encoding()
        await response.prepare(request)
        try:
            async for line in lines:
                await response.write(line)
            await response.write_eof()
        except ConnectionError:
            pass  # the client disconnected, which is how most watches end
        finally:
            await lines.aclose()
        return response

    def _create(self, request: web.Request, target: Target, body: bytes) -> web.Response:
        shape = shape_of(request, target, single=True)
        context = write_context(request, "CreateOptions", target)
        obj = self._read(request, target, body, context)
        created = self._registry.create(target.resource, target.namespace, obj, context)
        return self._object(201, request, target, created, shape, context)

    def _update(self, request: web.Request, target: Target, body: bytes) -> web.Response:
        _check_named(target)
        shape = shape_of(request, target, single=True)
        context = write_context(request, "UpdateOptions", target)
        obj = self._read(request, target, body, context)
        resource = target.resource
        check_name(obj, target.name, target.namespace if resource.namespaced else "")
        updated, created = self._registry.update(
            resource,
            target.namespace,
            target.name,
            lambda live: clone(obj),
            context,
            create_missing=resource.strategy.create_on_update,
            uid_precondition=uid_of(obj),
        )
        return self._object(201 if created else 200, request, target, updated, shape, context)

    def _read(self, request: web.Request, target: Target, body: bytes, context: WriteContext) -> Object:
        content_type = request.headers.get("Content-Type", "")
        return read_strictly(self._registry.catalog, target.resource, body, content_type, context)

    def _patch(self, request: web.Request, target: Target, body: bytes) -> web.Response:
        kind = media_type(request.headers.get("Content-Type", ""))
        check_patch_type(target.resource, kind)
        _check_named(target)
        shape = shape_of(request, target, single=True)
        query = request.query
        force = None if "force" not in query else query["force"] in TRUE
        context = write_context(request, "PatchOptions", target, apply=kind == APPLY_PATCH, force=force)
        document, duplicates = patch_document(body, apply=kind == APPLY_PATCH)
        patcher = Patcher(
            target.resource,
            kind=kind,
            document=document,
            duplicates=duplicates,
            name=target.name,
            namespace=target.namespace,
            force=bool(force),
            context=context,
        )
        patched, created = self._registry.update(
            target.resource,
            target.namespace,
            target.name,
            patcher,
            context,
            create_missing=patcher.applies,
            tracked=patcher.applies,
        )
        return self._object(201 if created else 200, request, target, patched, shape, context)

    def _scale(self, request: web.Request, target: Target, body: bytes) -> web.Response:
        resource, place = target.resource, (target.namespace, target.name)
        if target.verb == "get":
            return respond(200, scale_of(resource, self._registry.get(resource, *place)))
        context = write_context(request, "UpdateOptions", target)
        kind = media_type(request.headers.get("Content-Type", ""))

        def change(live: Object | None) -> Object:
            assert live is not None, "a missing object is never scaled"
            if target.verb == "patch":
                patches = {MERGE_PATCH: merge_patch, STRATEGIC_PATCH: merge_patch, JSON_PATCH: json_patch}
                wanted = patches[kind](scale_of(resource, live), parse_json(body)[0])
            else:
                wanted = parse_document(body, kind)[0]
            return with_scale(resource, live, wanted)

        if target.verb == "patch":
            check_patch_type(resource, kind)
        return respond(200, scale_of(resource, self._registry.update(resource, *place, change, context)[0]))

    def _delete(self, request: web.Request, target: Target, body: bytes) -> web.Response:
        shape = shape_of(request, target, single=True)
        options = delete_options(request, body)
        result = self._registry.delete(target.resource, target.namespace, target.name, options)
        waits = options.orphan_dependents is False and result.get("kind") != "Status"
        return self._object(202 if waits else 200, request, target, result, shape)

    def _delete_collection(self, request: web.Request, target: Target, body: bytes) -> web.Response:
        shape = shape_of(request, target, single=False)
        options = delete_options(request, body)
        page = self._page(request.query, target)
        for obj in page.items:
            try:
                self._registry.delete(target.resource, namespace_of(obj), name_of(obj), options)
            except StatusError as error:
                if error.code != 404:
                    raise
        return respond(200, render_list(target.resource, page, shape), shape=shape)


def _check_named(target: Target) -> None:
    """Refuse an update or a patch of a collection.

    Raises:
        StatusError: 400.
    """
    if not target.name:
        raise bad_request("name must be provided")
