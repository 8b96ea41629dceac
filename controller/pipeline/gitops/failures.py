"""Why a change did not reach the GitOps repository, and which of these failures git's output means.

A temporary problem of a git server can look like a rejection: `remote rejected`, `pre-receive hook declined`. A list of
such problems can never be complete, and a retire that gives up leaves an environment running. So only these failures
are final: no access, a missing repository or branch, and a rule that the server names. All others are retried.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from controller.pipeline.errors import PipelineError

TEXT_LIMIT: Final = 512
_URL_CREDENTIALS: Final = re.compile(r"\b(\w+://)[^/\s'\"@]*@")
_WORTH_SHOWING: Final = re.compile(r"^(fatal|error|remote|ssh|ERROR)\b|^!|denied|refused|timed out", re.IGNORECASE)
# Names of repositories, branches and files may contain any word. The report of a push starts with `To URL`.
_NAMES: Final = re.compile(r"'[^'\n]*'|\"[^\"\n]*\"|^To .*$|\b\w+://\S+|\brefs/[^\s:)]+", re.MULTILINE)
# git over ssh adds these sentences to every failure, whatever the cause is.
_EPILOGUE: Final = re.compile(
    r"fatal: Could not read from remote repository\.|Please make sure you have the correct access rights"
    r"|and the repository exists\."
)
_LOST_RACE: Final = re.compile(
    r"\((fetch first|non-fast-forward|stale info|cannot lock ref|failed to (update|lock) ref"
    r"|incorrect old value provided|reference already exists|failed to lock)[^)]*\)|cannot lock ref"
)
# Temporary problems that some hosts report like a final rejection: a client over its rate limit gets "no access".
_PASSES: Final = re.compile(
    r"rate limit|too many requests|abuse detection|returned error: 429|HTTP 429|\(429\)|maintenance", re.IGNORECASE
)
# Final failures: the message with its remedy, and the output of git or its server.
_FINAL: Final[Mapping[str, re.Pattern[str]]] = {
    "the branch does not exist: create it, or choose another with --branch": re.compile(r"couldn't find remote ref"),
    "the host key is not a known one: pass a file that has it with --known-hosts-file": re.compile(
        r"host key verification failed", re.IGNORECASE
    ),
    "the server's certificate is not trusted: set $GIT_SSL_CAINFO to the file of its authority": re.compile(
        r"certificate verif|certificate problem|certificate verification failed|self[- ]signed certificate"
        r"|unable to get local issuer|certificate subject name|no alternative certificate|certificate has expired",
        re.IGNORECASE,
    ),
    "the proxy refused the connection: check $https_proxy and its credentials": re.compile(
        r"HTTP code 40[0-9] from proxy|CONNECT tunnel failed, response 40[0-9]|proxy authentication required",
        re.IGNORECASE,
    ),
    "the repository does not exist, or these credentials have no access to it: check --repository": re.compile(
        r"repository( '')? not found|repository '' does not exist|repository .{0,200}(does not exist|not found)"
        r"|project you were looking for could not be found|does not appear to be a git repository"
        r"|returned error: 404|HTTP 404|TF401019|no such (project|repository)",
        re.IGNORECASE,
    ),
    "the repository rejected the credentials: check --username-file, --password-file or --ssh-key-file": re.compile(
        r"authentication (failed|required)|could not read (username|password)|permission .{0,200}denied"
        r"|permission denied|returned error: 40[13]|HTTP 40[13]|access denied|invalid credentials|unauthorized"
        r"|invalid username or (password|token)|bad credentials|write access .{0,80}not granted|TF401027|TF400813"
        r"|does not have write access|marked as read[- ]only|not allowed to upload code|user permission denied",
        re.IGNORECASE,
    ),
    "a rule of the repository rejected the push": re.compile(
        r"protected branch|\bGH0\d\d\b|repository rule violation|GL-HOOK-ERR|prohibited|(you are|are|is|was) not "
        r"(allowed|permitted)|not permitted|not authorized|TF402455|TF402456|VS40\d{4}|pull requests? (only|to update)"
        r"|(only|must) .{0,60}(pull|merge) requests?|archived|(must|should|need to|have to|not) (be|have been)? ?signed"
        r"|signed commits|verified signature|unsigned commit|deny updating|deletion .{0,20}denied|missing change-id"
        r"|not signed-off-by|shallow update not allowed|refusing to update checked out|branch is currently checked out"
        r"|transport '' not allowed|protocol '' (is )?not supported|unsupported protocol",
        re.IGNORECASE,
    ),
}
_BY_A_HOOK: Final = "a hook of the repository rejected the push"
_HOOK_DECLINED: Final = re.compile(r"\[remote rejected\].*hook declined")
_HOOK_WORDS: Final = re.compile(r"^remote:[ \t]*(\S.*)$", re.MULTILINE)
_HICCUP: Final = re.compile(
    r"internal (server|api|error)|\binternal\b.{0,20}\berror|unexpected error|fatal error|\(5\d\d\)|\b50[0-4] [A-Z]"
    r"|\b(http|status|code|error)\W{1,3}50[0-4]\b|bad gateway|unavailable|not available|not accessible|unreachable"
    r"|time[sd]?[- ]?out|deadline|temporar|overload|\bbusy\b|try again (later|soon|in)|panic"
    r"|cannot allocate|out of memory|no space left|failed to (connect|contact|reach|execute|run)"
    r"|connection (refused|reset|closed|failed|error|timed)|connections? .{0,30}fail|broken pipe|\bEOF\b|killed"
    r"|rpc error|something went wrong|not respond|no response|being (upgraded|updated|restarted|migrated|restored)"
    r"|restarting|starting up|shutting down|read[- ]only (\w+ )?(mode|instance|replica)",
    re.IGNORECASE,
)


class GitOpsError(PipelineError):
    """A failure that another attempt cannot correct. The message is for users."""


class OutOfTime(GitOpsError):
    """The timeout has expired."""


class Transient(GitOpsError):
    """A failure that may be temporary: there was no answer, or another attempt may get a different one."""


class LostRace(GitOpsError):
    """Somebody else pushed first. The change has to be decided again on top of that push."""


def failure(words: str, *, secrets: tuple[str, ...] = ()) -> GitOpsError:
    """Return the error for `words`, the stderr and porcelain output of git. `secrets` are left out of its message."""
    text = clean(words, secrets=secrets)
    output = _NAMES.sub("''", _EPILOGUE.sub("", words))
    if _LOST_RACE.search(output):
        return LostRace(text)
    if not _PASSES.search(output):
        for remedy, pattern in _FINAL.items():
            if pattern.search(output):
                return GitOpsError(f"{remedy} ({text})")
        if _HOOK_DECLINED.search(output) and _names_a_rule(output):
            return GitOpsError(f"{_BY_A_HOOK} ({text})")
    return Transient(text)


def _names_a_rule(output: str) -> bool:
    """Return whether a hook gave a reason that is not a temporary problem of the server."""
    reasons = _HOOK_WORDS.findall(output)
    return bool(reasons) and not any(_HICCUP.search(reason) for reason in reasons)


def clean(words: str, *, secrets: tuple[str, ...] = ()) -> str:
    """Return the useful part of git's output on one line, without credentials."""
    lines = [line.strip() for line in words.splitlines() if line.strip()]
    chosen = [line for line in lines if _WORTH_SHOWING.search(line)] or lines[-1:] or ["git gave no reason"]
    text = "; ".join(dict.fromkeys(chosen))
    for secret in secrets:
        text = text.replace(secret, "***")
    text = _URL_CREDENTIALS.sub(r"\1***@", text)
    return "".join(letter if letter.isprintable() else " " for letter in text)[:TEXT_LIMIT]
