"""Decides which parts of a TronadorConfig one environment gets.

Every host may have a repository of any name, and the author of an environment can read everything in its namespace. So
an environment gets a git credential that is mapped to a bare name, or is for all repositories, only if its repository
is below a prefix that the platform team trusts. A Secret that is used as a git credential anywhere is protected
everywhere: an environment that may not have it as a credential does not get it as a pull secret or as a copy either.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from controller.apimachinery import giturls
from controller.apimachinery.findings import Finding
from controller.apimachinery.giturls import GitURL
from controller.tronadorconfig.content import checks, repositories
from controller.tronadorconfig.content.model import ConfigContent, Copy, Manifest, SecretNames

# The number of repositories whose shares are remembered.
_REMEMBERED: Final = 4096


@dataclass(frozen=True, slots=True)
class Share:
    """The part of a TronadorConfig that one environment gets.

    Attributes:
        manifests: objects for its namespace.
        copies: names of Secrets in the controller's namespace to copy there.
        git_secret: the Secret with the credentials for its repository, or "".
        image_pull_secret: the Secret to attach to its service accounts, or "".
        withheld: names of Secrets that are mapped to it, but that it is not trusted with.
        problems: the problems of this part; while there are any, none of it is applied.
    """

    manifests: tuple[Manifest, ...] = ()
    copies: tuple[str, ...] = ()
    git_secret: str = ""
    image_pull_secret: str = ""
    withheld: tuple[str, ...] = ()
    problems: tuple[Finding, ...] = field(default=())

    @property
    def is_empty(self) -> bool:
        """Whether the environment's namespace gets nothing."""
        return not (self.manifests or self.copies or self.image_pull_secret or self.problems)


class Sharing:
    """What one TronadorConfig gives to the environments of each repository. Thread-safe.

    There are far more environments than repositories, so the shares are remembered.

    Args:
        config: the parsed TronadorConfig.
        credential_git_prefixes: prefixes (`host/org`, from `giturls.parse_prefix`) of repositories that may get git
            credentials which are mapped to a bare name, or are for all repositories.
    """

    def __init__(self, config: ConfigContent, *, credential_git_prefixes: Sequence[str]) -> None:
        self.config = config
        self._prefixes = tuple(credential_git_prefixes)
        self._of = lru_cache(maxsize=_REMEMBERED)(self._decide)

    def of(self, git_url: str) -> Share:
        """Return what the environments of a repository get. If its URL is invalid, they get only what is for all."""
        return self._of(git_url)

    def _decide(self, git_url: str) -> Share:
        trust = _Trust(self.config, _parsed(git_url), self._prefixes)
        mapped, exactly = trust.mapped()
        granted = SecretNames(
            mapped.auth_secret if trust.with_credentials(exactly=exactly) else "",
            mapped.image_pull_secret if trust.with_secret(mapped.image_pull_secret, exactly=exactly) else "",
        )
        named = {granted.auth_secret, granted.image_pull_secret} - {""}
        manifests = (*self.config.manifests, *(secret for secret in self.config.secrets if secret.name in named))
        copies = tuple(copy for copy in self.config.copies if trust.with_copy(copy))
        meant = {mapped.auth_secret, mapped.image_pull_secret} - {""}
        return Share(
            manifests=manifests,
            copies=tuple(copy.name for copy in copies),
            git_secret=granted.auth_secret,
            image_pull_secret=granted.image_pull_secret,
            withheld=tuple(sorted(meant - named)),
            problems=tuple(_problems(self.config, manifests, copies)),
        )


def _parsed(git_url: str) -> GitURL | None:
    try:
        return giturls.parse(git_url)
    except ValueError:
        return None


class _Trust:
    """Decides what an environment is trusted with because of its repository. `url` is None if that is not known."""

    def __init__(self, config: ConfigContent, url: GitURL | None, prefixes: tuple[str, ...]) -> None:
        self._config = config
        self._url = url
        self._prefixes = prefixes
        of_all = (config.org_level, *(mapping.credentials for mapping in config.mappings))
        self._git_credentials = {credentials.auth_secret for credentials in of_all} - {""}

    def mapped(self) -> tuple[SecretNames, bool]:
        """Return the credentials for its repository, and whether a mapping names the repository with its host."""
        if self._url is None:
            return SecretNames(), False
        for mapping in self._config.mappings:
            if repositories.names_exactly(mapping.repositories, self._url):
                return mapping.credentials, True
        for mapping in self._config.mappings:
            if repositories.names_bare(mapping.repositories, self._url):
                return mapping.credentials, False
        return self._config.org_level, False

    def with_credentials(self, *, exactly: bool) -> bool:
        """Whether it may get a git credential. Over plain http anybody on the network could read the credential."""
        if self._url is None or self._url.scheme == "http":
            return False
        return exactly or self._is_below_a_prefix()

    def with_secret(self, name: str, *, exactly: bool) -> bool:
        """Whether it may get a Secret that is mapped to it for another purpose."""
        return name not in self._git_credentials or self.with_credentials(exactly=exactly)

    def with_copy(self, copy: Copy) -> bool:
        """Whether it gets a copy."""
        if copy.repositories is None:
            return self.with_secret(copy.name, exactly=False)
        if self._url is None:
            return False
        exactly = repositories.names_exactly(copy.repositories, self._url)
        bare = repositories.names_bare(copy.repositories, self._url) and self._is_below_a_prefix()
        return (exactly or bare) and self.with_secret(copy.name, exactly=exactly)

    def _is_below_a_prefix(self) -> bool:
        return self._url is not None and any(self._url.is_under(prefix) for prefix in self._prefixes)


def _problems(config: ConfigContent, manifests: Sequence[Manifest], copies: Sequence[Copy]) -> Iterator[Finding]:
    yield from config.misfits
    for manifest in manifests:
        yield from config.faults.get(manifest.path, ())
    yield from checks.duplicates(manifests, copies)
