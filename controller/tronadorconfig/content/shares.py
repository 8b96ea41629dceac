"""From the cached TronadorConfig to the share of one environment, and the Secrets that its copies are made of."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from controller.api.environment import Environment
from controller.api.tronador_config import CONFIG_NAME
from controller.apimachinery import objects
from controller.apimachinery.objects import Object
from controller.tronadorconfig.content import ConfigContent, Share, Sharing, copied, parse, recipients
from controller.tronadorconfig.content.options import TronadorConfigOptions
from controller.tronadorconfig.content.recipients import Environments


class Store(Protocol):
    """What is asked of an informer's store."""

    def get(self, key: str) -> Object | None:
        """The object of that key, or None."""
        ...


class Shares:
    """See the module. `configs` and `secrets` hold what is in our own namespace. Thread-safe."""

    def __init__(self, *, configs: Store, secrets: Store, options: TronadorConfigOptions) -> None:
        self._configs = configs
        self._secrets = secrets
        self._own_namespace = options.own_namespace
        self._prefixes = options.credential_git_prefixes
        # What was parsed last, and from which object: thousands of environments read the same one.
        empty = Sharing(ConfigContent(), credential_git_prefixes=self._prefixes)
        self._parsed: tuple[Object | None, Sharing] = (None, empty)

    @property
    def own_namespace(self) -> str:
        """Where it all lies: the controller's own namespace."""
        return self._own_namespace

    @property
    def config_object(self) -> Object | None:
        """The TronadorConfig that counts, as it is cached, or None."""
        return self._configs.get(objects.join_key(self._own_namespace, CONFIG_NAME))

    @property
    def sharing(self) -> Sharing:
        """What the TronadorConfig that counts gives."""
        obj = self.config_object
        parsed_from, sharing = self._parsed
        if obj is not parsed_from:
            sharing = self.sharing_of(obj)
            self._parsed = (obj, sharing)
        return sharing

    @property
    def config(self) -> ConfigContent:
        """The content of the TronadorConfig; empty without one."""
        return self.sharing.config

    def of(self, environment: Environment) -> Share:
        """The environment's share."""
        return self.sharing.of(recipients.repository_of(environment))

    def sharing_of(self, obj: Object | None) -> Sharing:
        """What a TronadorConfig gives, or what is given without one."""
        if obj is not None and obj is self._parsed[0]:
            return self._parsed[1]
        return Sharing(parse(obj or {}), credential_git_prefixes=self._prefixes)

    def has_secret(self, name: str) -> bool:
        """Whether the controller's own namespace has that Secret."""
        return self._secrets.get(objects.join_key(self._own_namespace, name)) is not None

    def sources(self, share: Share) -> Mapping[str, Object]:
        """The Secrets that the copies of a share are made of, by name, as far as they exist."""
        found = {name: self._secrets.get(objects.join_key(self._own_namespace, name)) for name in share.copies}
        return {name: secret for name, secret in found.items() if secret is not None}


class Concerned:
    """Which environments a change in the controller's own namespace concerns: only those whose part is another one.

    `environments` have the index of `recipients`.
    """

    def __init__(self, *, shares: Shares, environments: Environments) -> None:
        self._shares = shares
        self._environments = environments

    def by_config(self, before: Object | None, after: Object | None) -> tuple[str, ...]:
        """The environments, by name, that a change of a TronadorConfig concerns; None: it is not there."""
        if objects.name(after or before or {}) != CONFIG_NAME:
            return ()
        if before is not None and after is not None and _says(before) == _says(after):
            # Our own status, most of the time.
            return ()
        of_before, of_after = self._shares.sharing_of(before), self._shares.sharing_of(after)
        return self._names(lambda repository: of_before.of(repository) != of_after.of(repository))

    def by_secret(self, before: Object | None, after: Object | None) -> tuple[str, ...]:
        """The environments, by name, that hold a copy of a Secret whose content changed."""
        if copied(before or {}) == copied(after or {}) and (before is None) == (after is None):
            return ()
        name, sharing = objects.name(after or before or {}), self._shares.sharing
        return self._names(lambda repository: name in sharing.of(repository).copies)

    def _names(self, concerns: Callable[[str], bool]) -> tuple[str, ...]:
        found: list[str] = []
        for value, repository, _ in recipients.repositories(self._environments):
            if recipients.is_always_concerned(value) or concerns(repository):
                found += map(objects.name, self._environments.by_index(recipients.INDEX, value))
        return tuple(found)


def _says(config: Object) -> tuple[Any, Any]:
    return config.get("resources"), config.get("spec")
