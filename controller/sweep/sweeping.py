"""One run: read the folder, ask about each environment, decide, and retire in one commit."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from controller.apimachinery import timestamps
from controller.apimachinery.objects import Object
from controller.pipeline import gitops
from controller.sweep import candidates, expired, verdicts
from controller.sweep.candidates import Candidate
from controller.sweep.findings import Findings
from controller.sweep.inquiry import Inquiry
from controller.sweep.options import SweepOptions
from controller.sweep.verdicts import Finding, Verdict


def sweep(
    target: gitops.PushTarget,
    folder: str,
    *,
    options: SweepOptions,
    inquiry: Inquiry,
    read_live: Callable[[], Mapping[str, Object]],
    apply: bool,
    now: Callable[[], datetime],
    report: Callable[[str], None],
) -> Findings:
    """Return what was found, and retired with `apply`. Raises GitOpsError.

    `read_live` returns the expired environments of the cluster by name, none if they cannot be read. `report` is called
    with a line about each attempt that failed.
    """
    documents = gitops.documents(target, folder, report=report)
    known, skipped = candidates.read(documents)
    by_name = {one.name: one for one in known}

    def look(chosen: Iterable[Candidate]) -> list[Finding]:
        live = read_live()
        return [_finding(one, live.get(one.name), inquiry, options, now) for one in chosen]

    # In another order each time: if there is no time for all, or a rate limit, the last ones have their turn later.
    found = look(random.sample(known, len(known)))
    found += [Finding(name=one.name, verdict=Verdict.SKIPPED, reason=one.reason) for one in skipped]
    refusal = verdicts.refusal(found, options)
    going = [one for one in found if one.is_going]
    if apply and going and not refusal:
        # All questions together may have taken long. Meanwhile a pull request may have been reopened, or an environment
        # that had expired may be in use again.
        second = {one.name: one for one in look(by_name[one.name] for one in going)}
        found = [_confirmed(one, second.get(one.name, one)) for one in found]
        going = [one for one in found if one.is_going]
    if apply and going and not refusal:
        leaving = {one.name: _leaving(one, by_name[one.name]) for one in going}
        retired = gitops.retire_all(target, folder, leaving, subject=_subject(going), report=report)
        found = [_retired(one, retired) if one.is_going else one for one in found]
    return Findings(path=folder, apply=apply, found=tuple(sorted(found, key=lambda one: one.name)), refusal=refusal)


def _finding(
    candidate: Candidate,
    live: Object | None,
    inquiry: Inquiry,
    options: SweepOptions,
    now: Callable[[], datetime],
) -> Finding:
    since_expired = expired.since(candidate, live) if live is not None else None
    answer = inquiry.ask(candidate)
    verdict, reason, since = verdicts.judge(answer, since_expired, options, now())
    if verdict is Verdict.UNKNOWN and not inquiry.has_credentials(candidate):
        # The platform team has left this repository out.
        verdict = Verdict.SKIPPED
    return Finding(
        name=candidate.name,
        verdict=verdict,
        reason=reason,
        repository=candidate.repository.location,
        pull_request=candidate.number,
        since=since,
    )


def _confirmed(first: Finding, second: Finding) -> Finding:
    # What was closed with certainty goes, even if the second question fails.
    return first if (first.verdict, second.verdict) == (Verdict.CLOSED, Verdict.UNKNOWN) else second


def _leaving(finding: Finding, candidate: Candidate) -> gitops.Leaving:
    assert finding.since is not None, "what goes has a time since when it should"
    return gitops.Leaving(content=candidate.content, source=candidate.origin, time=timestamps.to_time(finding.since))


def _subject(going: Sequence[Finding]) -> str:
    if len(going) == 1:
        return f"Retire environment {going[0].name}"
    return f"Retire {len(going)} environments whose pull requests are closed"


def _retired(finding: Finding, retired: frozenset[str]) -> Finding:
    if finding.name in retired:
        return replace(finding, retired=True)
    return replace(finding, reason=f"{finding.reason}, but its file has changed meanwhile")
