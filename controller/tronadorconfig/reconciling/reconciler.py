"""Writes the status of the TronadorConfig. Environments apply their share of it themselves."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Protocol

import structlog

from controller.api.tronador_config import TRONADOR_CONFIGS, TronadorConfig
from controller.apimachinery import conditions, objects, patches
from controller.apimachinery.errors import ApiError, Conflict, NotFound, NotLeader, Stopped
from controller.apimachinery.objects import Object
from controller.apimachinery.resources import Resource
from controller.environment import persistent_errors
from controller.environment.apply import ChangeLog
from controller.environment.drift.attempts import USUAL, Correction, digest
from controller.environment.drift.corrections import Corrections
from controller.environment.effects import GroupVersion, Read, Target
from controller.environment.timers import Timers
from controller.runtime.reconcile import Request, Result
from controller.tronadorconfig.content import problems
from controller.tronadorconfig.content.recipients import Environments
from controller.tronadorconfig.content.shares import Shares
from controller.tronadorconfig.reconciling import status

log = structlog.get_logger(__name__)


class _Unanswered(ApiError):
    """Discovery gives no answer about some group versions: whether their manifests can be applied is not known."""

    def __init__(self, errors: Mapping[str, ApiError]) -> None:
        self.sentences = [
            persistent_errors.failing(errors[version], Read(GroupVersion(version))) for version in sorted(errors)
        ]
        super().__init__(" ".join(f"{version}: {errors[version]}" for version in sorted(errors)))


class PatchClient(Protocol):
    """What is asked of the client."""

    def patch(
        self, resource: Resource, name: str, body: Mapping[str, Any], *, namespace: str = "", subresource: str = ""
    ) -> dict[str, Any]:
        """Merge into an object."""
        ...


class ConfigReconciler:
    """See the module. Only the config that counts is looked at; others are ignored.

    `environments` have the index of `recipients`; `now` is the wall clock, `monotonic` returns seconds, and
    `recheck_interval` is in seconds. `changes` gets a line for each status that was written.
    """

    def __init__(
        self,
        *,
        client: PatchClient,
        shares: Shares,
        environments: Environments,
        served: Callable[[str], frozenset[Resource]],
        now: Callable[[], datetime],
        monotonic: Callable[[], float],
        recheck_interval: float,
        changes: ChangeLog = log,
    ) -> None:
        self._client = client
        self._shares = shares
        self._environments = environments
        self._served = served
        self._now = now
        self._timers = Timers(now=monotonic)
        self._corrections = Corrections(now=monotonic)
        self._recheck_interval = recheck_interval
        self._changes = changes

    def reconcile(self, request: Request) -> Result:
        """Write the status where it differs. Raises errors that a retry may heal, and shows them if they last."""
        obj = self._shares.config_object
        if obj is None:
            self._timers.forget(request.key)
            self._corrections.forget(request.key)
            return Result()
        try:
            result = self._reconcile(obj)
        except (Stopped, NotLeader):
            raise
        except (Conflict, NotFound) as error:
            log.debug("reconcile repeated after a conflict", error=error.message)
            return Result(requeue=True)
        except Exception as error:  # a bug that lasts has to reach the status just like an error of the API
            config = TronadorConfig(obj)
            if persistent_errors.is_due(self._timers, request.key, config.generation):
                self._show(request.key, config, error)
            raise
        self._timers.forget(request.key)
        return result

    def _reconcile(self, obj: Object) -> Result:
        config = self._shares.config
        unanswered: dict[str, ApiError] = {}

        def served(group_version: str) -> frozenset[Resource] | None:
            try:
                return self._served(group_version)
            except (Stopped, NotLeader):
                raise
            except ApiError as error:
                unanswered.setdefault(group_version, error)
                return None

        in_this_cluster = status.in_this_cluster(config, served, self._shares.has_secret)
        found = (*problems(config), *in_this_cluster)
        if unanswered and not found:
            raise _Unanswered(unanswered)
        environments = status.carriers(self._environments, self._shares.sharing)
        wait = self._write(obj, status.desired(TronadorConfig(obj), found, environments, self._now()))
        # A kind that is unknown may be installed, and no watch shows it.
        recheck = self._recheck_interval if in_this_cluster or unanswered else None
        return Result(requeue_after=min(filter(None, (wait, recheck)), default=None))

    def _show(self, key: str, config: TronadorConfig, error: Exception) -> None:
        """Show an error that has lasted. Nothing else could be judged, so the count of environments stays."""
        failing = (
            persistent_errors.waiting(" ".join(error.sentences), standing=config.conditions)
            if isinstance(error, _Unanswered)
            else persistent_errors.explain(error, None, standing=config.conditions)
        )
        environments = int(config.status.get("environments") or 0)
        try:
            wait = self._write(config.obj, status.desired(config, (), environments, self._now(), failing=failing))
            if not wait:
                persistent_errors.record_shown(self._timers, key, config.generation)
        except ApiError as failure:
            log.warning("error not written to the status", error=str(failure))

    def _write(self, obj: Object, wanted: Mapping[str, Any]) -> float:
        """Write the status where it differs; seconds until it may be, where somebody keeps rewriting it, or 0."""
        patch = patches.merge_patch(TronadorConfig(obj).status, wanted)
        if not patch:
            return 0.0
        key, name, namespace = objects.key(obj), objects.name(obj), objects.namespace(obj)
        written, content = (
            Correction("status", Target(TRONADOR_CONFIGS, name, namespace)),
            digest(conditions.untimed(wanted)),
        )
        self._corrections.begin(key, objects.uid(obj))
        before = self._corrections.of(key).get(written)
        if before is not None and before.wanted == content:
            if before.wait > 0:
                return before.wait
            if before.writes == USUAL:
                log.warning("status rewritten by others", config=name)
        body = {"metadata": {"resourceVersion": objects.resource_version(obj)}, "status": patch}
        self._client.patch(TRONADOR_CONFIGS, name, body, namespace=namespace, subresource="status")
        self._corrections.wrote(key, written, content)
        ready = wanted["conditions"][0]
        self._changes.info("status written", config=name, ready=ready["status"], reason=ready["reason"])
        return 0.0
