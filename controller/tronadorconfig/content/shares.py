"""From the cached TronadorConfig to the share of one environment, and the Secrets that its copies are made of."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, Protocol

import structlog

from controller.api.environment import Environment
from controller.api.tronador_config import CONFIG_NAME
from controller.apimachinery import conditions, objects
from controller.apimachinery.objects import Object
from controller.tronadorconfig.content import ConfigContent, Share, copied, for_repository, parse
from controller.tronadorconfig.content.options import TronadorConfigOptions

log = structlog.get_logger(__name__)

# The reason of ResourcesReady while an environment keeps what it got from a TronadorConfig that vanished by accident.
LOST_REASON: Final = "TronadorConfigLost"


class Store(Protocol):
    """What is asked of an informer's store."""

    def get(self, key: str) -> Object | None:
        """The object of that key, or None."""
        ...


def share_of(environment: Environment, config: ConfigContent, prefixes: Sequence[str]) -> Share:
    """What a TronadorConfig gives to an environment; `prefixes` are those of `--credential-git-prefixes`."""
    chart: Any = environment.release.get("chart")
    git = chart.get("git") if isinstance(chart, Mapping) else ""
    return for_repository(config, str(git or ""), credential_git_prefixes=prefixes, fork=environment.is_of_fork)


def has_lost_config(environment: Environment) -> bool:
    """Whether the status of an environment says that the TronadorConfig of its shared objects is lost."""
    condition = conditions.find(environment.conditions, "ResourcesReady") or {}
    return condition.get("reason") == LOST_REASON


class Shares:
    """See the module. `configs` and `secrets` hold what is in our own namespace. Thread-safe."""

    def __init__(self, *, configs: Store, secrets: Store, options: TronadorConfigOptions) -> None:
        self._configs = configs
        self._secrets = secrets
        self._own_namespace = options.own_namespace
        self._prefixes = options.credential_git_prefixes
        # What was parsed last, and from which object: a thousand environments read the same one.
        self._parsed: tuple[Object | None, ConfigContent] = (None, ConfigContent())

    @property
    def own_namespace(self) -> str:
        """Where it all lies: the controller's own namespace."""
        return self._own_namespace

    @property
    def config_object(self) -> Object | None:
        """The TronadorConfig that counts, as it is cached, or None."""
        return self._configs.get(objects.join_key(self._own_namespace, CONFIG_NAME))

    @property
    def config(self) -> ConfigContent:
        """The content of the TronadorConfig; empty without one."""
        obj = self.config_object
        parsed_from, parsed = self._parsed
        if obj is not parsed_from:
            parsed = parse(obj or {})
            self._parsed = (obj, parsed)
        return parsed

    def of(self, environment: Environment) -> Share:
        """The environment's share."""
        return share_of(environment, self.config, self._prefixes)

    def differing(
        self, environments: Iterable[Environment], before: ConfigContent, after: ConfigContent
    ) -> tuple[str, ...]:
        """The environments, by name, whose share of one TronadorConfig is not that of the other."""

        def differs(environment: Environment) -> bool:
            return share_of(environment, before, self._prefixes) != share_of(environment, after, self._prefixes)

        return tuple(environment.name for environment in environments if _holds(differs, environment))

    def has_secret(self, name: str) -> bool:
        """Whether the controller's own namespace has that Secret."""
        return self._secrets.get(objects.join_key(self._own_namespace, name)) is not None

    def sources(self, share: Share) -> Mapping[str, Object]:
        """The Secrets that the copies of a share are made of, by name, as far as they exist."""
        found = {name: self._secrets.get(objects.join_key(self._own_namespace, name)) for name in share.copies}
        return {name: secret for name, secret in found.items() if secret is not None}


class Concerned:
    """Which environments a change in the controller's own namespace concerns: only those whose part is another one.

    `environments` returns all that there are.
    """

    def __init__(self, *, shares: Shares, environments: Callable[[], Iterable[Object]]) -> None:
        self._shares = shares
        self._environments = environments

    def by_config(self, before: Object | None, after: Object | None) -> tuple[str, ...]:
        """The environments, by name, that a change of a TronadorConfig concerns; None: it is not there."""
        if objects.name(after or before or {}) != CONFIG_NAME:
            return ()
        if before is not None and after is not None and _says(before) == _says(after):
            # Our own status, most of the time.
            return ()
        differing = self._shares.differing(self._views(), parse(before or {}), parse(after or {}))
        # They hold objects of a TronadorConfig that vanished, which no share shows, so each has to look again.
        lost = (view.name for view in self._views() if has_lost_config(view))
        return tuple(dict.fromkeys((*differing, *lost)))

    def by_secret(self, before: Object | None, after: Object | None) -> tuple[str, ...]:
        """The environments, by name, that hold a copy of a Secret whose content changed."""
        if copied(before or {}) == copied(after or {}) and (before is None) == (after is None):
            return ()
        name = objects.name(after or before or {})

        def has_copy(view: Environment) -> bool:
            return name in self._shares.of(view).copies

        return tuple(view.name for view in self._views() if _holds(has_copy, view))

    def _views(self) -> Iterator[Environment]:
        return (Environment(obj) for obj in self._environments())


def _holds(test: Callable[[Environment], bool], environment: Environment) -> bool:
    """Whether an environment passes, or cannot be tested; then its own reconcile says what is wrong."""
    try:
        return test(environment)
    except Exception:  # whatever one odd environment raises must not hide the change from the others
        log.exception("comparison of shared resources failed", environment=environment.name)
        return True


def _says(config: Object) -> tuple[Any, Any]:
    return config.get("resources"), config.get("spec")
