"""The options of what a TronadorConfig shares."""

from __future__ import annotations

from dataclasses import dataclass

from controller.api.options import own_namespace
from controller.apimachinery.optionkinds import PREFIXES
from controller.apimachinery.options import option


@dataclass(frozen=True, slots=True, kw_only=True)
class TronadorConfigOptions:
    """Where the TronadorConfig is, and who may get its credentials."""

    own_namespace: str = own_namespace()
    credential_git_prefixes: tuple[str, ...] = option(
        PREFIXES,
        (),
        "prefixes of repositories, such as github.com/org, that may get credentials which the TronadorConfig maps to a "
        "bare name or to every repository",
        after="allowed_git_repositories",
    )
