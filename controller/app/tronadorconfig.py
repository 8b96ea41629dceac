"""Wires the TronadorConfig: a change of it enqueues the environments that it concerns, and its status is kept."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from controller.api.environment import ENVIRONMENTS
from controller.api.tronador_config import CONFIG_NAME, TRONADOR_CONFIGS
from controller.apimachinery import objects
from controller.apimachinery.resources import SECRETS, Resource
from controller.app.caches import Enqueue, Spread
from controller.app.options import Options
from controller.cache import Informer
from controller.metrics import Registry
from controller.runtime import Controller, Reconciler
from controller.tronadorconfig.content.shares import Concerned
from controller.workqueue import ItemExponentialLimiter, RateLimitingQueue

CONTROLLER_NAME: Final = "tronadorconfig"
# Environments per second that become due after a change that concerns all: 500 take ten seconds. This leaves workers
# free for other changes.
_PER_SECOND: Final = 50.0
# Seconds between a change of an environment and the next count. Changes in that time share one count.
_COUNT_AFTER: Final = 1.0


def spread(informers: Mapping[Resource, Informer], concerned: Concerned, queue: RateLimitingQueue) -> None:
    """Have environments reconciled, one after another, when a change in the own namespace concerns them."""
    for resource, keys in ((TRONADOR_CONFIGS, concerned.by_config), (SECRETS, concerned.by_secret)):
        handler = Spread(keys=keys, add_after=queue.add_after, per_second=_PER_SECOND)
        informers[resource].add_handler(handler, name=f"spread-{resource}")


def config_key(options: Options) -> str:
    """Return the key of the only TronadorConfig that the controller reads."""
    return objects.join_key(options.namespace, CONFIG_NAME)


def build(
    options: Options,
    registry: Registry,
    informers: Mapping[Resource, Informer],
    *,
    reconciler: Reconciler,
) -> tuple[RateLimitingQueue, Controller]:
    """Return the queue and the controller that keep the status of the TronadorConfig."""
    queue = RateLimitingQueue(
        name=CONTROLLER_NAME,
        limiter=ItemExponentialLimiter(maximum=options.controller.max_backoff),
        registry=registry,
    )
    key = config_key(options)

    def soon(key: str) -> None:
        queue.add_after(key, _COUNT_AFTER)

    def watch() -> None:
        for resource, add in ((TRONADOR_CONFIGS, queue.add), (SECRETS, soon), (ENVIRONMENTS, soon)):
            handler: Any = Enqueue(keys=lambda _: (key,), add=add)
            name = f"config-status-{resource}"
            informers[resource].add_handler(handler, name=name, resync_period=0.0, at_once=True)

    controller = Controller(
        name=CONTROLLER_NAME,
        queue=queue,
        reconciler=reconciler,
        watch=watch,
        workers=1,
        reconcile_timeout=options.controller.reconcile_timeout,
        registry=registry,
    )
    return queue, controller
