"""Why a change did not reach the GitOps repository, and what git's own words for it mean."""

from __future__ import annotations

import re
from typing import Final

from controller.pipeline.errors import PipelineError

TEXT_LIMIT: Final = 512
_URL_CREDENTIALS: Final = re.compile(r"(\w+://)[^/\s'\"@]*@")
_WORTH_SHOWING: Final = re.compile(r"^(fatal|error|remote|ssh|ERROR)\b|^!|denied|refused|timed out", re.IGNORECASE)
_LOST_RACE: Final = re.compile(
    r"\((fetch first|non-fast-forward|stale info|cannot lock ref|failed to (update|lock) ref"
    r"|incorrect old value provided|reference already exists|failed to lock)[^)]*\)|cannot lock ref"
)
_TRANSIENT: Final = re.compile(
    r"could not resolve host|connection (refused|reset|timed out|closed)|timed out|unexpected disconnect|early eof"
    r"|the remote end hung up|remote end hung up|returned error: (429|5\d\d)|failed to connect|network is unreachable"
    r"|no route to host|empty reply|temporary failure",
    re.IGNORECASE,
)
_NO_BRANCH: Final = re.compile(r"couldn't find remote ref")
_NO_ACCESS: Final = re.compile(
    r"authentication failed|could not read (username|password)|permission denied|returned error: 40[13]"
    r"|access denied|invalid credentials",
    re.IGNORECASE,
)
_UNKNOWN_HOST: Final = re.compile(r"host key verification failed", re.IGNORECASE)


class GitOpsError(PipelineError):
    """It failed, and another attempt would fail as well; the text is for people."""


class OutOfTime(GitOpsError):
    """The time allowed is over."""


class Transient(GitOpsError):
    """No answer, or one that another attempt may well not get."""


class LostRace(GitOpsError):
    """Somebody else pushed in between: the change is to be made anew, on top of theirs."""


def failure(words: str, *, secrets: tuple[str, ...] = ()) -> GitOpsError:
    """The error that git's stderr and porcelain output `words` tell of."""
    text = clean(words, secrets=secrets)
    if _LOST_RACE.search(words):
        return LostRace(text)
    if _NO_BRANCH.search(words):
        return GitOpsError(f"there is no such branch: create it, or name another with --branch ({text})")
    if _UNKNOWN_HOST.search(words):
        return GitOpsError(f"the host's key is not among the known ones: give it with --known-hosts-file ({text})")
    if _NO_ACCESS.search(words):
        return GitOpsError(
            "the repository refuses these credentials: check --username-file, --password-file or --ssh-key-file "
            f"({text})"
        )
    return Transient(text) if _TRANSIENT.search(words) else GitOpsError(text)


def clean(words: str, *, secrets: tuple[str, ...] = ()) -> str:
    """What of git's words a person should read, in one line, without credentials."""
    lines = [line.strip() for line in words.splitlines() if line.strip()]
    chosen = [line for line in lines if _WORTH_SHOWING.search(line)] or lines[-1:] or ["git gave no reason"]
    text = "; ".join(dict.fromkeys(chosen))
    for secret in secrets:
        text = text.replace(secret, "***")
    text = _URL_CREDENTIALS.sub(r"\1***@", text)
    return "".join(letter if letter.isprintable() else " " for letter in text)[:TEXT_LIMIT]
