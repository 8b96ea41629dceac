"""What the status of Flux's two objects means: every state, every reason, and every trap in them."""

import pytest

from controller.environment.engines.engine import WAITING_FOR_CHART, Health, State
from controller.environment.engines.flux_health import (
    MESSAGE_LIMIT,
    STILL_RUNNING,
    SUSPENDED,
    TAKING_UP,
    UNINSTALLING,
    health,
)
from tests.unit.environment.support.flux_builders import (
    COMMIT,
    NEXT_COMMIT,
    chart_version,
    condition,
    deployed,
    release,
    source,
    unfetched,
    words,
)

PATIENCE = 240.0
BEFORE_HELM = (
    "ValuesError",
    "ChartMutateError",
    "RESTClientError",
    "ResourceManagerError",
    "FactoryError",
    "AccessDenied",
)


def _health(helm, git=None, *, patience=PATIENCE):
    return health(helm, source() if git is None else git, chart_patience=patience)


def _failed(reason, *more, generation=1):
    return release(condition("Ready", "False", reason, generation=generation), *more, generation=generation)


def _rolled_back(remediation, *, remediated="True", generation=1, cause="Released", reason="UpgradeFailed"):
    return release(
        condition("Reconciling", "True", "ProgressingWithRetry", words(remediation), generation=generation),
        condition("Ready", "False", remediation, generation=generation),
        condition(cause, "False", reason, generation=generation),
        condition("Remediated", remediated, remediation, generation=generation),
        generation=generation,
    )


# Deployed


@pytest.mark.parametrize("reason", ["InstallSucceeded", "UpgradeSucceeded", "TestSucceeded"])
def test_a_ready_release_is_deployed_with_its_own_message(reason):
    assert _health(release(condition("Ready", "True", reason))) == Health(State.DEPLOYED, reason, words(reason))


def test_a_release_of_an_older_but_equal_generation_is_deployed():
    helm = deployed(generation=2)

    assert helm["status"]["conditions"][1]["observedGeneration"] == 1
    assert _health(helm).state is State.DEPLOYED


def test_a_check_without_a_result_does_not_count_as_a_change():
    looking = condition("Reconciling", "True", "Progressing", "Fulfilling prerequisites")

    assert _health(release(condition("Ready", "True", "InstallSucceeded"), looking)).state is State.DEPLOYED


def test_the_time_of_a_condition_does_not_count_as_a_change():
    one, other = deployed(), deployed()
    other["status"]["conditions"][0]["lastTransitionTime"] = "2030-01-01T00:00:00Z"

    assert _health(one) == _health(other)


# Pending


@pytest.mark.parametrize(("helm", "git"), [(None, None), (None, source()), (deployed(), None)])
def test_a_release_is_pending_until_both_objects_exist(helm, git):
    assert health(helm, git, chart_patience=PATIENCE) == Health(State.PENDING, "Pending", WAITING_FOR_CHART)


@pytest.mark.parametrize("status", [None, {}, {"observedGeneration": -1}, {"observedGeneration": -1, "conditions": []}])
def test_a_release_that_flux_has_not_observed_is_pending(status):
    assert _health(deployed() | {"status": status}).state is State.PENDING


def test_a_release_that_flux_begins_to_reconcile_is_pending():
    helm = release(condition("Reconciling", "True", "Progressing", "Fulfilling prerequisites"), observed=-1, commit="")

    assert _health(helm).state is State.PENDING


@pytest.mark.parametrize("reason", ["SourceNotReady", "DependencyNotReady", "ArtifactFailed"])
@pytest.mark.parametrize("git", [source(), source(commit="", observed=-1)])
def test_a_missing_chart_is_pending_during_the_grace_period(reason, git):
    reconciling = condition("Reconciling", "True", "Progressing", "Fulfilling prerequisites")

    assert _health(_failed(reason, reconciling), git) == Health(State.PENDING, reason, WAITING_FOR_CHART, PATIENCE)


def test_a_missing_chart_fails_with_flux_message_after_the_grace_period():
    found = _health(_failed("SourceNotReady"), patience=0)

    assert found == Health(State.FAILED, "ChartFetchFailed", words("SourceNotReady"))


@pytest.mark.parametrize("reason", ["GitOperationFailed", "AuthenticationFailed"])
def test_a_missing_chart_fails_at_once_if_the_repository_cannot_be_fetched(reason):
    found = _health(_failed("SourceNotReady"), unfetched(reason, commit=""))

    assert found == Health(State.FAILED, reason, words(reason))


# Failed


@pytest.mark.parametrize("reason", ["InstallFailed", "UpgradeFailed", "TestFailed", *BEFORE_HELM])
def test_a_release_that_is_not_ready_has_failed_with_its_own_message(reason):
    assert _health(_failed(reason)) == Health(State.FAILED, reason, words(reason))


@pytest.mark.parametrize("reason", ["InstallFailed", "UpgradeFailed"])
def test_a_release_counts_as_failed_until_its_retry_begins(reason):
    retrying = condition("Reconciling", "True", "ProgressingWithRetry", words(reason))

    assert _health(_failed(reason, retrying)).state is State.FAILED


@pytest.mark.parametrize("reason", ["InstallFailed", "UpgradeFailed", "TestFailed", "RollbackFailed"])
def test_the_failure_of_the_spec_before_is_not_that_of_the_current_one(reason):
    helm = _failed(reason, generation=2)
    helm["status"]["lastAttemptedGeneration"] = 1

    assert _health(helm) == Health(State.DEPLOYING, "Progressing", TAKING_UP, is_begun=False)

    helm["status"]["lastAttemptedGeneration"] = 2

    assert _health(helm).state is State.FAILED


def test_a_released_lock_is_not_a_failure():
    unlocking = condition("Reconciling", "True", "Progressing", "Running 'unlock' action with timeout of 1m0s")

    unlocked = condition("Ready", "False", "PendingRelease", "Unlocked Helm release shop-74/shop.v1")

    assert _health(release(unlocked, unlocking)).state is State.DEPLOYING


def test_the_folder_of_a_build_is_not_shown():
    folder = "/tmp/helmchart-shop-74-shop-74-shop-1961358284/source/"
    helm = release(condition("Ready", "False", "SourceNotReady", f"stat {folder}charts/web: no such file or directory"))

    assert _health(helm, patience=0).message == "stat charts/web: no such file or directory"


@pytest.mark.parametrize("stalled", ["RetriesExceeded", "MissingRollbackTarget"])
def test_a_release_without_retries_left_reports_the_cause_and_not_the_count(stalled):
    found = _health(_failed("InstallFailed", condition("Stalled", "True", stalled)))

    assert found == Health(State.FAILED, "InstallFailed", words("InstallFailed"))


def test_a_stalled_release_has_failed_regardless_of_its_ready_condition():
    helm = release(
        condition("Ready", "Unknown", "Progressing"), condition("Stalled", "True", "AccessDenied"), observed=0
    )

    assert _health(helm) == Health(State.FAILED, "AccessDenied", words("AccessDenied"))


def test_a_rollback_shows_the_failure_and_the_running_previous_version():
    found = _health(_rolled_back("RollbackSucceeded"))

    assert found == Health(State.FAILED, "UpgradeFailed", f"{words('UpgradeFailed')} {STILL_RUNNING}")


def test_a_rollback_after_a_failed_test_shows_the_test():
    helm = _rolled_back("RollbackSucceeded", cause="TestSuccess", reason="TestFailed")
    helm["status"]["conditions"].append(condition("Released", "True", "UpgradeSucceeded"))

    assert _health(helm).message == f"{words('TestFailed')} {STILL_RUNNING}"


def test_a_successful_history_does_not_hide_a_failure():
    helm = _rolled_back("RollbackSucceeded")
    helm["status"]["history"] = [{"status": "deployed", "version": 3, "chartVersion": chart_version(COMMIT)}]

    assert _health(helm).state is State.FAILED


def test_an_uninstall_after_a_failed_installation_shows_the_failure():
    helm = _rolled_back("UninstallSucceeded", reason="InstallFailed")

    assert _health(helm) == Health(State.FAILED, "InstallFailed", words("InstallFailed"))


@pytest.mark.parametrize(
    ("remediation", "reason"), [("RollbackFailed", "UpgradeFailed"), ("UninstallFailed", "InstallFailed")]
)
def test_a_failed_remediation_is_reported_as_well(remediation, reason):
    found = _health(_rolled_back(remediation, remediated="False", reason=reason))

    assert found.message == f"{words(reason)} {words(remediation)}"


def test_a_remediation_without_a_known_cause_is_reported_itself():
    helm = release(
        condition("Ready", "False", "RollbackSucceeded"), condition("Remediated", "True", "RollbackSucceeded")
    )

    assert _health(helm).message == f"{words('RollbackSucceeded')} {STILL_RUNNING}"


def test_a_failure_after_a_remediation_is_reported_itself():
    helm = _failed("ValuesError", *_rolled_back("RollbackSucceeded")["status"]["conditions"][2:])

    assert _health(helm) == Health(State.FAILED, "ValuesError", words("ValuesError"))


def test_a_stalled_and_remediated_release_has_a_reason():
    helm = release(
        condition("Ready", "True", "InstallSucceeded", generation=1),
        condition("Remediated", "True", "RollbackSucceeded", generation=2),
        condition("Stalled", "True", "MissingRollbackTarget", generation=2),
        generation=2,
    )

    assert _health(helm) == Health(State.FAILED, "MissingRollbackTarget", words("MissingRollbackTarget"))


# The repository


@pytest.mark.parametrize("reason", ["GitOperationFailed", "AuthenticationFailed"])
def test_a_ready_release_fails_if_its_repository_cannot_be_fetched(reason):
    found = _health(deployed(), unfetched(reason))

    assert found == Health(State.FAILED, reason, f"{words(reason)} {STILL_RUNNING} {words('InstallSucceeded')}")


def test_a_failed_release_and_a_failed_repository_are_both_reported():
    found = _health(_rolled_back("RollbackSucceeded"), unfetched())

    assert found.message == f"{words('GitOperationFailed')} {words('UpgradeFailed')} {STILL_RUNNING}"


def test_a_fetch_failure_is_reported_before_flux_observes_the_release():
    helm = release(observed=-1, commit="")

    assert _health(helm, unfetched(commit="")).message == words("GitOperationFailed")


@pytest.mark.parametrize("type_", ["Stalled", "StorageOperationFailed"])
def test_any_other_error_of_a_repository_is_a_failure(type_):
    reason = {"Stalled": "URLInvalid", "StorageOperationFailed": "DirCreationFailed"}[type_]

    assert _health(deployed(), source(condition(type_, "True", reason))).reason == reason


def test_a_failure_of_the_repository_before_its_spec_changed_no_longer_counts():
    git = unfetched()
    git["metadata"]["generation"] = 2

    found = _health(deployed(), git)

    assert (found.state, found.message) == (State.DEPLOYING, TAKING_UP)


def test_a_release_is_not_deployed_while_another_branch_is_being_fetched():
    assert _health(deployed(), source(generation=2, observed=1)).state is State.DEPLOYING


def test_a_release_is_not_deployed_before_it_has_tried_the_commit_that_was_found():
    found = _health(deployed(commit=COMMIT), source(commit=NEXT_COMMIT))

    assert found == Health(State.DEPLOYING, "Progressing", TAKING_UP, PATIENCE)


def test_a_commit_whose_chart_is_never_built_is_a_failure():
    found = _health(deployed(commit=COMMIT), source(commit=NEXT_COMMIT), patience=0)

    assert (found.state, found.reason) == (State.FAILED, "ChartFetchFailed")
    assert found.message == (
        "The chart of commit 0123456789ab has not been built; the HelmChart shop-74-run-pipeline in this namespace "
        f"says why. {STILL_RUNNING} {words('InstallSucceeded')}"
    )


@pytest.mark.parametrize("version", ["0.0.0+6f50ff2ff844.3", "0.0.0", "1.2.3-rc.1+build.7", ""])
def test_a_version_with_this_commit_or_none_is_not_outdated(version):
    helm = deployed()
    helm["status"]["lastAttemptedRevision"] = version

    assert _health(helm).state is State.DEPLOYED


# Deploying


@pytest.mark.parametrize("action", ["install", "upgrade", "test"])
def test_a_helm_action_is_reported_with_flux_message(action):
    running = f"Running '{action}' action with timeout of 5m0s"
    helm = release(
        condition("Reconciling", "True", "Progressing", running),
        condition("Ready", "Unknown", "Progressing", running),
        condition("Released", "True", "InstallSucceeded"),
    )

    assert _health(helm) == Health(State.DEPLOYING, "Progressing", running)


@pytest.mark.parametrize(("generation", "shown"), [(2, True), (1, False)])
def test_a_retry_of_the_same_generation_shows_the_previous_failure(generation, shown):
    running = words("Progressing")
    helm = release(
        condition("Reconciling", "True", "Progressing", generation=2),
        condition("Ready", "Unknown", "Progressing", generation=2),
        condition("Released", "False", "UpgradeFailed", generation=generation),
        generation=2,
    )

    assert _health(helm).message == (f"{running}. Before that: {words('UpgradeFailed')}" if shown else running)


def test_a_test_after_a_successful_upgrade_is_awaited():
    testing = condition("Reconciling", "True", "Progressing", "Running 'test' action with timeout of 5m0s")

    assert _health(release(condition("Ready", "True", "UpgradeSucceeded"), testing)).state is State.DEPLOYING


@pytest.mark.parametrize("message", ["Fulfilling prerequisites", "reconciliation in progress"])
def test_the_short_steps_before_an_action_share_one_message(message):
    helm = release(
        condition("Reconciling", "True", "Progressing", message), condition("Ready", "Unknown", "Progressing", message)
    )

    assert _health(helm) == Health(State.DEPLOYING, "Progressing", TAKING_UP)


@pytest.mark.parametrize(
    "before",
    [
        condition("Ready", "True", "InstallSucceeded"),
        condition("Ready", "False", "UpgradeFailed"),
        condition("Ready", "False", "SourceNotReady"),
        condition("Ready", "Unknown", "Progressing"),
    ],
)
def test_a_condition_of_an_older_generation_never_counts(before):
    found = _health(release(before, condition("Stalled", "True", "RetriesExceeded"), generation=2, observed=1))

    assert (found.state, found.message) == (State.DEPLOYING, TAKING_UP)


@pytest.mark.parametrize("observed", [-1, 1])
def test_ready_alone_is_not_enough_as_long_as_the_generation_is_not_observed(observed):
    helm = deployed(generation=2, observed=observed)

    assert _health(helm).state is State.DEPLOYING


def test_an_attempt_superseded_by_a_newer_one_does_not_count_as_a_failure():
    assert _health(_failed("HealthCheckCanceled")).state is State.DEPLOYING


# Suspended and uninstalling


def test_a_suspended_release_keeps_its_last_message():
    helm = release(condition("Ready", "True", "InstallSucceeded"), suspended=True)

    assert _health(helm) == Health(State.SUSPENDED, "Suspended", words("InstallSucceeded"))


def test_a_release_that_was_suspended_before_it_began_says_so():
    assert _health(release(suspended=True)) == Health(State.SUSPENDED, "Suspended", SUSPENDED)


@pytest.mark.parametrize("helm", [deployed(deleting=True), release(suspended=True, deleting=True)])
@pytest.mark.parametrize("git", [source(), unfetched()])
def test_a_deleted_release_is_always_reported_as_being_uninstalled(helm, git):
    assert _health(helm, git) == Health(State.UNINSTALLING, "Uninstalling", UNINSTALLING)


def test_a_failing_uninstall_shows_the_cause_and_stays_an_uninstall():
    helm = release(condition("Released", "False", "UninstallFailed", "no such hook"), deleting=True)

    assert _health(helm) == Health(State.UNINSTALLING, "UninstallFailed", "no such hook")


# Messages


def test_a_message_with_several_lines_becomes_one_line():
    helm = release(condition("Ready", "False", "InstallFailed", "1 error occurred:\n\t* pod x failed\n\n"))

    assert _health(helm).message == "1 error occurred: * pod x failed"


def test_a_long_error_is_shortened_but_not_the_text_after_it():
    helm = _rolled_back("RollbackSucceeded")
    helm["status"]["conditions"][2]["message"] = "x" * 5000

    assert _health(helm).message == "x" * (MESSAGE_LIMIT - 1) + f"… {STILL_RUNNING}"


def test_two_errors_fit_into_one_message_of_the_status():
    helm = _rolled_back("RollbackFailed", remediated="False")
    for entry in helm["status"]["conditions"]:
        entry["message"] = "x" * 5000

    assert len(_health(helm).message) <= 1024
