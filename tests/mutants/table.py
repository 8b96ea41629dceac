"""Small faults in the product, and what notices each of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Mutant:
    """An edit that breaks something.

    Attributes:
        name: what is wrong with the edited product.
        path: the file that is edited.
        before, after: a text that is there once, and what stands there afterwards.
        noticed_by: a test, or the arguments of the explorer after the word `explore`.
    """

    name: str
    path: str
    before: str
    after: str
    noticed_by: str


MUTANTS: Final = (
    Mutant(
        "the finalizer phase is left out",
        "controller/environment/decide.py",
        '    Phase("finalizer", finalizer.decide, NAMESPACE_READY, CurrentPhase.NAMESPACE, while_suspended=True),\n',
        "",
        "explore --changes 1",
    ),
    Mutant(
        "observedGeneration is ignored",
        "controller/environment/engines/helm_operator.py",
        "    if not view.is_observed:",
        "    if False:",
        "explore --changes 2",
    ),
    Mutant(
        "the uninstall is not awaited",
        "controller/environment/uninstall.py",
        "    if not left:",
        "    if True:",
        "explore --changes 2",
    ),
    Mutant(
        "a release is deleted before it is recorded",
        "controller/environment/uninstall.py",
        "    if target == releases.recorded(observation) or",
        "    if True or",
        "tests/unit/environment/phases/test_release.py",
    ),
    Mutant(
        "the record of such a release has to settle",
        "controller/environment/status_writer.py",
        " and not _records(done.plan)",
        "",
        "tests/unit/environment/test_status_writes.py",
    ),
    Mutant(
        "a deletion does not name the version",
        "controller/environment/apply.py",
        "                resource_version=deletion.resource_version,\n",
        "",
        "explore --changes 3",
    ),
    Mutant(
        "a deletion does not name the UID",
        "controller/environment/apply.py",
        "                uid=deletion.uid,\n",
        "",
        "tests/unit/environment/test_apply.py::test_a_deletion_names_the_uid_and_the_version_that_were_read",
    ),
    Mutant(
        "a foreign namespace is taken",
        "controller/environment/phases/namespace.py",
        "    if ours or objects.annotations(namespace).get(ADOPT_ANNOTATION) == environment.name:",
        "    if True:",
        "explore --changes 2",
    ),
    Mutant(
        "a terminating namespace is used",
        "controller/environment/phases/namespace.py",
        "    if objects.is_deleting(namespace):",
        "    if False:",
        "tests/unit/environment/phases/test_namespace.py::test_a_terminating_namespace_is_awaited",
    ),
    Mutant(
        "an adopted namespace counts as created",
        "controller/environment/ownership.py",
        "    return not objects.annotations(namespace).keys().isdisjoint({ADOPT_ANNOTATION, ADOPTED_ANNOTATION})",
        "    return False",
        "tests/unit/environment/phases/test_access.py::test_a_foreign_binding_in_an_adopted_namespace_is_kept",
    ),
    Mutant(
        "the finalizer goes with the deletion of the namespace",
        "controller/environment/removal.py",
        "        delete = Delete.of(observation.namespace_target, namespace)\n        return _wait(",
        "        delete = Delete.of(observation.namespace_target, namespace)\n        return Removed((delete,)) if True else _wait(",
        "explore --changes 2",
    ),
    Mutant(
        "the namespace goes before the release",
        "controller/environment/removal.py",
        "    if isinstance(outcome, Wait):\n        return outcome\n    timed_out",
        "    if isinstance(outcome, Wait):\n        outcome = uninstall.Done()\n    timed_out",
        "explore --changes 2",
    ),
    Mutant(
        "a namespace that may not be read counts as gone",
        "controller/environment/removal.py",
        "    if namespace is REFUSED:",
        "    if False:",
        "tests/unit/environment/phases/test_teardown.py::test_an_unreadable_namespace_is_neither_deleted_nor_reported_as_gone",
    ),
    Mutant(
        "the recorded release is forgotten",
        "controller/environment/removal.py",
        "    if recorded := releases.recorded(observation):\n        yield recorded",
        "    yield from ()",
        "tests/unit/environment/phases/test_teardown.py::test_labeled_releases_of_other_names_are_uninstalled_after_the_recorded_one",
    ),
    Mutant(
        "the old release is not uninstalled first",
        "controller/environment/phases/release.py",
        "    if outdated := releases.outdated(observation, engine):",
        "    if outdated := frozenset():",
        "explore --changes 2",
    ),
    Mutant(
        "an edited release is not corrected",
        "controller/environment/phases/release.py",
        "    if correction is None:",
        "    if True:",
        "explore --changes 2",
    ),
    Mutant(
        "a suspended environment continues",
        "controller/environment/decide.py",
        "        if environment.suspended and not phase.while_suspended:",
        "        if False:",
        "tests/unit/environment/simulation/test_expiry.py::test_an_expired_environment_that_is_suspended_comes_back_when_it_is_resumed",
    ),
    Mutant(
        "surplus releases stay",
        "controller/environment/decide.py",
        '    Phase("prune", prune.decide, RELEASE_READY, CurrentPhase.UNINSTALLING, spec_decides_existence=True),\n',
        "",
        "explore --changes 2 --engine flux",
    ),
    Mutant(
        "a deleted environment is not taken down",
        "controller/environment/decide.py",
        "    if environment.is_deleting:",
        "    if False:",
        "explore --changes 2",
    ),
    Mutant(
        "the label does not prove that a release is ours",
        "controller/environment/ownership.py",
        "    if is_labelled(observation, release) or UID_ANNOTATION in objects.annotations(release):",
        "    if UID_ANNOTATION in objects.annotations(release):",
        "tests/unit/environment/test_uninstall.py::test_our_release_is_recognized_by_its_label_or_its_annotation",
    ),
    Mutant(
        "a source is left behind",
        "controller/environment/uninstall.py",
        "    sources = [source for target in gone if (source := releases.source_of(target))]",
        "    sources = []",
        "tests/unit/environment/phases/test_phases_with_flux.py::test_the_source_is_deleted_after_its_release_and_awaited",
    ),
    Mutant(
        "the source has no effect on the health",
        "controller/environment/engines/flux_health.py",
        "    if trouble := _trouble(git):",
        "    if trouble := None:",
        "tests/unit/environment/engines/test_flux_health.py::test_a_missing_chart_fails_at_once_if_the_repository_cannot_be_fetched",
    ),
    Mutant(
        "a condition of an old generation counts",
        "controller/environment/engines/flux_health.py",
        '    if ready.get("status") != TRUE or not helm.is_observed or not git.is_observed or _is_busy(helm):',
        '    if ready.get("status") != TRUE or _is_busy(helm):',
        "tests/unit/environment/engines/test_flux_health.py::test_a_failure_of_the_repository_before_its_spec_changed_no_longer_counts",
    ),
    Mutant(
        "a commit that is not tried counts as deployed",
        "controller/environment/engines/flux_health.py",
        "    if _is_behind(helm, git):",
        "    if False:",
        "tests/unit/environment/engines/test_flux_health.py::test_a_release_is_not_deployed_before_it_has_tried_the_commit_that_was_found",
    ),
    Mutant(
        "the account of the release is not checked",
        "controller/environment/phases/release.py",
        "    if _rests(observation, target, current, desired, engine):",
        "    if False:",
        "tests/unit/environment/simulation/test_fought_rights.py::test_a_release_whose_account_is_dropped_is_suspended_until_it_is_accepted",
    ),
    Mutant(
        "an expired environment is not removed",
        "controller/environment/phases/expiry.py",
        "        if not is_removed or is_over:",
        "        if False:",
        "explore --expires --changes 2",
    ),
    Mutant(
        "the end is not recorded before the removal",
        "controller/environment/phases/expiry.py",
        "    # Only recorded so far. The write of the status leads to the next reconcile.\n    return Wait(",
        "    return _remove(observation, options, is_over=True)\n    return Wait(",
        "tests/unit/environment/simulation/test_expiry.py::test_it_is_warned_about_and_then_ends_like_a_deleted_one",
    ),
    Mutant(
        "keep is ignored",
        "controller/environment/lifetime.py",
        "    kept = environment.suspended or _keep(environment)",
        "    kept = environment.suspended",
        "explore --expires --changes 3",
    ),
    Mutant(
        "activity does not count",
        "controller/environment/lifetime.py",
        "    if not is_active and known is not None and known <= now:",
        "    if known is not None and known <= now:",
        "tests/unit/environment/simulation/test_expiry.py::test_a_push_that_the_cache_does_not_have_yet_is_in_time",
    ),
    Mutant(
        "a missing last activity ends an environment",
        "controller/environment/lifetime.py",
        "    # The status has whole seconds. Rounded down,",
        "    if known is None:\n        return now - timedelta(days=400)\n    # The status has whole seconds. Rounded down,",
        "tests/unit/environment/simulation/test_expiry.py::test_it_is_warned_about_and_then_ends_like_a_deleted_one",
    ),
    Mutant(
        "a revived environment does not wait for its removal",
        "controller/environment/phases/expiry.py",
        "    if environment.has_expired:",
        "    if environment.has_expired and is_over:",
        "tests/unit/environment/simulation/test_expiry.py::test_activity_during_the_removal_creates_all_again_after_it",
    ),
    Mutant(
        "a refused place is taken all the same",
        "controller/environment/phases/admission.py",
        "    if verdict.granted:",
        "    if True:",
        "tests/unit/environment/phases/test_admission.py::test_an_environment_without_a_place_waits_and_is_not_looked_at_again",
    ),
    Mutant(
        "the cache may lag behind our writes",
        "controller/cache/consistency.py",
        "            if is_older(current, written.version) and not is_older(current, written.cached):",
        "            if False:",
        "tests/unit/cache/test_consistency.py::test_an_owner_is_not_ready_until_the_store_has_seen_its_write",
    ),
    Mutant(
        "a watch starts from the list before",
        "controller/cache/reflector.py",
        "            # Advance last: if something above fails, the version must stay at the state of the copy.\n            self._version = version",
        "            pass",
        "tests/unit/cache/reflector/test_server_return.py::TestReturnOfTheServer::test_a_watch_from_before_an_outage_is_reopened_without_a_list",
    ),
    Mutant(
        "the version advances before the event is handled",
        "controller/cache/reflector.py",
        "            prepared = self._sink.prepare(raw, listed=False)",
        "            self._version = version\n            prepared = self._sink.prepare(raw, listed=False)",
        "tests/unit/cache/reflector/test_nonsense.py::TestNonsense::test_a_malformed_object_is_skipped_and_the_version_stays",
    ),
    Mutant(
        "a bookmark is ignored",
        "controller/cache/reflector.py",
        "                self._version = version\n        elif",
        "                pass\n        elif",
        "tests/unit/cache/reflector/test_listing.py::TestListing::test_a_relist_accepts_any_state_not_older_than_the_last_version",
    ),
    Mutant(
        "an expired version is asked for again",
        "controller/cache/reflector.py",
        '            self._version_unavailable = True\n            stream, self._version = self._initial_state.read(minimum_version="")',
        "            stream, self._version = self._initial_state.read(minimum_version=version)",
        "tests/unit/cache/reflector/test_listing.py::TestListing::test_a_relist_with_an_unavailable_version_is_retried_once_without_it",
    ),
    Mutant(
        "a rewound server is not noticed",
        "controller/cache/reflector.py",
        "is_older(version, self._version):",
        "False:",
        "tests/unit/cache/reflector/test_watch_errors.py::TestWatchErrors::test_a_version_that_expires_again_and_again_causes_a_back_off",
    ),
    Mutant(
        "done is forgotten",
        "controller/workqueue/queue.py",
        "            since = self._processing.pop(key, None)\n            if since is None:",
        "            since = self._processing.get(key)\n            if since is None:",
        "tests/unit/workqueue/test_delays.py::TestRateLimits::test_a_failing_key_waits_longer_each_time_until_forgotten",
    ),
    Mutant(
        "a key added during its processing is lost",
        "controller/workqueue/queue.py",
        "            if key in self._dirty:\n                self._ready.append(key)\n                self._condition.notify()",
        "            self._dirty.pop(key, None)",
        "tests/unit/workqueue/test_delays.py::TestDelays::test_a_delay_during_processing_waits_for_done",
    ),
    Mutant(
        "a key is processed twice at once",
        "controller/workqueue/queue.py",
        "        self._dirty[key] = since\n        if key not in self._processing:",
        "        self._dirty[key] = since\n        if True:",
        "tests/unit/workqueue/test_delays.py::TestDelays::test_a_delay_during_processing_waits_for_done",
    ),
    Mutant(
        "a later delay replaces an earlier one",
        "controller/workqueue/queue.py",
        "        if key in self._due and self._due[key] <= due:",
        "        if False:",
        "tests/unit/workqueue/test_delays.py::TestDelays::test_of_several_delays_for_a_key_the_earliest_counts_once",
    ),
    Mutant(
        "forget does not reset the back-off",
        "controller/workqueue/queue.py",
        "        self._limiter.forget(key)\n\n    def num_requeues",
        "        pass\n\n    def num_requeues",
        "tests/unit/workqueue/test_delays.py::TestRateLimits::test_a_failing_key_waits_longer_each_time_until_forgotten",
    ),
    Mutant(
        "a lease is led after its renewal deadline",
        "controller/leaderelection/elector.py",
        "        self._leading_until = began + self._config.durations.renew_deadline",
        "        self._leading_until = began + self._config.durations.renew_deadline + 60",
        "tests/unit/leaderelection/test_renewing.py::TestLosing::test_leadership_ends_when_no_renewal_succeeded_within_the_deadline",
    ),
    Mutant(
        "a renewal counts from its answer",
        "controller/leaderelection/elector.py",
        "        self._leading_until = began + self._config",
        "        self._leading_until = self._clock.now() + self._config",
        "tests/unit/leaderelection/test_write_gate.py::TestGate::test_the_time_of_a_renewal_counts_from_before_it_was_sent",
    ),
    Mutant(
        "the lease is judged by the other's clock",
        "controller/leaderelection/observed_lease.py",
        "            self._changed_at = self._clock.now() if at is None else at",
        "            self._changed_at = self._clock.now() if self.lease is None else self._changed_at",
        "tests/unit/leaderelection/test_acquiring.py::TestAcquiring::test_every_change_starts_the_wait_over",
    ),
    Mutant(
        "a valid lease of another is taken",
        "controller/leaderelection/elector.py",
        "        if holder and holder != self._config.identity and self._observed.is_valid():",
        "        if False:",
        "tests/unit/leaderelection/test_acquiring.py::TestAcquiring::test_a_held_lease_is_respected_however_old_its_times_are",
    ),
    Mutant(
        "a lease of another is released",
        "controller/leaderelection/elector.py",
        "            if record.holder_of(lease) != config.identity:",
        "            if False:",
        "tests/unit/leaderelection/test_releasing.py::TestReleasing::test_a_lease_taken_by_another_process_is_not_released",
    ),
    Mutant(
        "a changed roleRef is patched",
        "controller/environment/rights.py",
        '    elif not patches.equal(answer.get("roleRef"), body.get("roleRef")):',
        "    elif False:",
        "tests/unit/environment/phases/test_access.py::test_a_binding_with_a_changed_role_is_replaced",
    ),
    Mutant(
        "an access object of others is changed",
        "controller/environment/rights.py",
        "    elif not ownership.is_our_access(observation, answer):",
        "    elif False:",
        "tests/unit/environment/phases/test_access.py::test_a_foreign_binding_in_an_adopted_namespace_is_kept",
    ),
)
