"""The placeholders `{{NAME}}` that stand for facts about an environment, in a config file and in `--url-template`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

ENVIRONMENT_NAME: Final = "ENVIRONMENT_NAME"
PR_NUMBER: Final = "PR_NUMBER"
RELEASE_NAME: Final = "RELEASE_NAME"
NAMES: Final = (ENVIRONMENT_NAME, PR_NUMBER, RELEASE_NAME)
_PLACEHOLDER: Final = re.compile(rf"\{{\{{ *({'|'.join(NAMES)}) *\}}\}}")


def values(*, name: str, number: str, release: str) -> Mapping[str, str]:
    """Return the values of the placeholders: the environment's name, its pull request's number, its release's name."""
    return {ENVIRONMENT_NAME: name, PR_NUMBER: number, RELEASE_NAME: release}


def used(template: str) -> frozenset[str]:
    """Return the placeholders that a template contains."""
    return frozenset(_PLACEHOLDER.findall(template))


def fill(template: str, known: Mapping[str, str]) -> str:
    """Return the template with its placeholders replaced. Everything else stays, braces too."""
    return _PLACEHOLDER.sub(lambda match: known[match[1]], template)
