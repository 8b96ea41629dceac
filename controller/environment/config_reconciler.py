"""Says on the TronadorConfig how it fares. Environments take from it by themselves; nothing of that happens here."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any, Protocol

import structlog

from controller.api.environment import Environment
from controller.api.tronador_config import TRONADOR_CONFIGS, TronadorConfig
from controller.apimachinery import objects, patches
from controller.apimachinery.errors import Conflict, NotFound
from controller.apimachinery.objects import Object
from controller.apimachinery.resources import Resource
from controller.environment import config_status
from controller.environment.shares import Shares
from controller.runtime.reconcile import Request, Result
from controller.sharedconfig import problems

log = structlog.get_logger(__name__)


class PatchClient(Protocol):
    """What is asked of the client."""

    def patch(
        self, resource: Resource, name: str, body: Mapping[str, Any], *, namespace: str = "", subresource: str = ""
    ) -> dict[str, Any]:
        """Merge into an object."""
        ...


class ConfigReconciler:
    """See the module. Only the config that counts is looked at; others are ignored.

    `environments` returns all that there are; `recheck_interval` is in seconds.
    """

    def __init__(
        self,
        *,
        client: PatchClient,
        shares: Shares,
        environments: Callable[[], Iterable[Object]],
        served: Callable[[str], frozenset[Resource]],
        now: Callable[[], datetime],
        recheck_interval: float,
    ) -> None:
        self._client = client
        self._shares = shares
        self._environments = environments
        self._served = served
        self._now = now
        self._recheck_interval = recheck_interval

    def reconcile(self, request: Request) -> Result:
        """Write the status where it differs. Raises ApiError for what a retry may heal."""
        obj = self._shares.config_object
        if obj is None:
            return Result()
        config = self._shares.config
        in_this_cluster = config_status.in_this_cluster(config, self._served, self._shares.has_secret)
        views = (Environment(environment) for environment in self._environments())
        wanted = config_status.desired(
            TronadorConfig(obj),
            (*problems(config), *in_this_cluster),
            config_status.carriers(views, self._shares.of),
            self._now(),
        )
        try:
            self._write(obj, wanted)
        except (Conflict, NotFound) as error:
            log.debug("changed meanwhile", error=error.message)
            return Result(requeue=True)
        # A kind that is unknown may be installed, and no watch tells.
        return Result(requeue_after=self._recheck_interval if in_this_cluster else None)

    def _write(self, obj: Object, wanted: Mapping[str, Any]) -> None:
        patch = patches.merge_patch(TronadorConfig(obj).status, wanted)
        if not patch:
            return
        body = {"metadata": {"resourceVersion": objects.resource_version(obj)}, "status": patch}
        name, namespace = objects.name(obj), objects.namespace(obj)
        self._client.patch(TRONADOR_CONFIGS, name, body, namespace=namespace, subresource="status")
        ready = wanted["conditions"][0]
        log.info("status", config=name, ready=ready["status"], reason=ready["reason"])
