"""What one environment gets of a TronadorConfig.

Every host may have a repository of any name, and whoever writes an environment can read what its namespace holds. So a
bare name, and what is meant for every repository, open a git credential only below the prefixes that the platform team
names. A Secret that is a git credential anywhere is one everywhere: it does not come in as a pull secret or as a copy
where it would not come in as itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from controller.apimachinery import giturls
from controller.apimachinery.giturls import GitURL
from controller.sharedconfig import checks, repositories
from controller.sharedconfig.model import Copy, Credentials, Manifest, Problem, SharedConfig


@dataclass(frozen=True, slots=True)
class Share:
    """One environment's part.

    Attributes:
        manifests: objects for its namespace.
        copies: names of Secrets of the controller's own namespace to be copied there.
        git_secret: Secret with the credentials for its repository, "" for none.
        image_pull_secret: Secret to be attached to its service accounts, "" for none.
        withheld: names of Secrets that are mapped to it, but that it may not be trusted with.
        problems: what is wrong with this part; as long as there is something, nothing of it can be given out.
    """

    manifests: tuple[Manifest, ...] = ()
    copies: tuple[str, ...] = ()
    git_secret: str = ""
    image_pull_secret: str = ""
    withheld: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = field(default=())

    @property
    def is_empty(self) -> bool:
        """Whether the environment's namespace gets nothing."""
        return not (self.manifests or self.copies or self.image_pull_secret or self.problems)


def for_repository(
    config: SharedConfig, git_url: str, *, credential_git_prefixes: Sequence[str], fork: bool = False
) -> Share:
    """What the environment of a repository gets.

    Args:
        config: what there is.
        git_url: where the environment's chart lies; what is no git URL gets what everybody gets.
        credential_git_prefixes: places (`host/org`, as `giturls.parse_prefix` returns them) whose repositories may have
            git credentials that are mapped to a bare name, or to nobody.
        fork: whether the code comes from a fork of the repository: then it gets what everybody gets.
    """
    url = None if fork else _parsed(git_url)
    trust = _Trust(config, url, tuple(credential_git_prefixes))
    mapped, exactly = trust.mapped()
    granted = Credentials(
        mapped.auth_secret if trust.with_credentials(exactly=exactly) else "",
        mapped.image_pull_secret if trust.with_secret(mapped.image_pull_secret, exactly=exactly) else "",
    )
    named = {granted.auth_secret, granted.image_pull_secret} - {""}
    manifests = (*config.manifests, *(secret for secret in config.secrets if secret.name in named))
    copies = tuple(copy for copy in config.copies if trust.with_copy(copy))
    meant = {mapped.auth_secret, mapped.image_pull_secret} - {""}
    return Share(
        manifests=manifests,
        copies=tuple(copy.name for copy in copies),
        git_secret=granted.auth_secret,
        image_pull_secret=granted.image_pull_secret,
        withheld=tuple(sorted(meant - named)),
        problems=tuple(_problems(config, manifests, copies)),
    )


def _parsed(git_url: str) -> GitURL | None:
    try:
        return giturls.parse(git_url)
    except ValueError:
        return None


class _Trust:
    """What an environment may be trusted with, as far as its repository goes. None: it has none to speak of."""

    def __init__(self, config: SharedConfig, url: GitURL | None, prefixes: tuple[str, ...]) -> None:
        self._config = config
        self._url = url
        self._prefixes = prefixes
        of_all = (config.org_level, *(mapping.credentials for mapping in config.mappings))
        self._git_credentials = {credentials.auth_secret for credentials in of_all} - {""}

    def mapped(self) -> tuple[Credentials, bool]:
        """The credentials that are meant for it, and whether its repository is named with its host."""
        if self._url is None:
            return Credentials(), False
        for mapping in self._config.mappings:
            if repositories.names_exactly(mapping.repositories, self._url):
                return mapping.credentials, True
        for mapping in self._config.mappings:
            if repositories.names_bare(mapping.repositories, self._url):
                return mapping.credentials, False
        return self._config.org_level, False

    def with_credentials(self, *, exactly: bool) -> bool:
        """Whether it may have a git credential. Over http whoever listens would have it too."""
        if self._url is None or self._url.scheme == "http":
            return False
        return exactly or self._is_below_a_prefix()

    def with_secret(self, name: str, *, exactly: bool) -> bool:
        """Whether it may have a Secret that is mapped to it for another purpose."""
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


def _problems(config: SharedConfig, manifests: Sequence[Manifest], copies: Sequence[Copy]) -> Iterator[Problem]:
    yield from config.misfits
    for manifest in manifests:
        yield from config.faults.get(manifest.field, ())
    yield from checks.duplicates(manifests, copies)
