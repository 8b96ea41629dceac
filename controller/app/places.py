"""Wires the limited number of environments: what the caches show keeps the places current, and a free one wakes."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from typing import Final

from controller.api.environment import ENVIRONMENT_LABEL, ENVIRONMENTS
from controller.apimachinery import objects
from controller.apimachinery.objects import Object
from controller.apimachinery.resources import NAMESPACES, Resource
from controller.app.caches import Enqueue
from controller.app.options import Options
from controller.cache import Informer
from controller.cache.listwatch import Collection
from controller.cache.pager import Pages
from controller.client import Client
from controller.environment.admission.places import Places
from controller.workqueue import RateLimitingQueue

_PAGE: Final = 500


def build(
    options: Options, informers: Mapping[Resource, Informer], *, client: Client, queue: RateLimitingQueue
) -> Places | None:
    """Return the places of all environments, or None if their number is not limited."""
    if not options.environment.limits.any:
        return None

    def read() -> Iterable[Object]:
        labelled = Collection(NAMESPACES, label_selector=ENVIRONMENT_LABEL)
        pages = Pages(client=client, collection=labelled, minimum_version="", page_size=_PAGE)
        found: list[Object] = []
        for namespace in pages.read(start_over=found.clear):
            found.append(namespace)
        return found

    places = Places(
        limits=options.environment.limits,
        environments=informers[ENVIRONMENTS].store,
        namespaces=informers[NAMESPACES].store,
        counts_all=not options.watch_label_selector,
        read=read,
        wake=queue.add,
        now=time.monotonic,
    )
    for resource in (ENVIRONMENTS, NAMESPACES):
        handler = Enqueue(keys=lambda obj: (objects.name(obj),), add=places.look)
        informers[resource].add_handler(handler, name=f"places-{resource}", resync_period=0.0)
    return places
