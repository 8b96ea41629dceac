"""Every scenario, by the name of its file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from controller.api.flux import GIT_REPOSITORIES, HELM_RELEASES
from tests.standins.flux_scenarios.scenario import GIT_REPOSITORY, Scenario, Step, Until
from tests.standins.flux_scenarios.world import Setup, World

Values = dict[str, Any]

# The API server refuses a ConfigMap with such a key.
REFUSED: Final[Values] = {"application": {"configMap": {"enabled": True, "data": {"not a key": "x"}}}}
ACCEPTED: Final[Values] = {"application": {"configMap": {"enabled": False}}}
# The chart itself refuses to be rendered.
UNRENDERED: Final[Values] = {"application": {"refuse": "The chart refuses these values."}}
NEVER_READY: Final[Values] = {"application": {"deployment": {"image": {"tag": "never-ready"}}}}
NO_ROLLBACK: Final[Values] = {"rollback": {"enable": False}}
CLUSTER_ROLE: Final = """\
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata:
  name: {{ .Release.Namespace }}
rules: []
"""
CHART: Final = "{apiVersion: v2, name: web, version: 1.0.0}"
SCHEMA: Final = """\
{"type": "object", "properties": {"application": {"type": "object", "properties": {
  "service": {"type": "object", "properties": {"port": {"type": "integer"}}}}}}}
"""


def tag(name: str) -> Values:
    """Values with that image tag."""
    return {"application": {"deployment": {"image": {"tag": name}}}}


def ready(reason: str, *, version: int = 0) -> Until:
    return Until(type="Ready", reason=reason, settled=True, version=version)


def failing(reason: str, failures: int = 0, *, words: str = "", action: str = "") -> Until:
    return Until(type="Ready", status="False", reason=reason, failures=failures, words=words, action=action)


def uninstalled(*, failures: int) -> Until:
    """A failed installation that was removed. Ready remains about the installation."""
    return Until(type="Remediated", reason="UninstallSucceeded", failures=failures, action="uninstall-remediation")


def stalled(reason: str) -> Until:
    return Until(type="Stalled", reason=reason, settled=True)


SOURCE_FAILS: Final = Until(kind=GIT_REPOSITORY, type="FetchFailed", reason="GitOperationFailed")
SOURCE_READY: Final = Until(kind=GIT_REPOSITORY, type="Ready", reason="Succeeded", settled=True)
# The action has begun, because Ready is Unknown then.
INSTALLING: Final = Until(type="Ready", status="Unknown", reason="Progressing", words="Running 'install'")
SUSPENDED: Final = Until(settled=True)
RELEASE_GONE: Final = Until(gone=True)
ALL_GONE: Final = (RELEASE_GONE, Until(kind=GIT_REPOSITORY, gone=True))


def create(*until: Until) -> Step:
    return Step("create the account, GitRepository and HelmRelease", _create, until)


def _create(world: World) -> None:
    world.create_account()
    world.create_release()


def update(what: str, changes: Mapping[str, Any], *until: Until) -> Step:
    return Step(what, lambda world: world.update(changes), until)


def commit(what: str, files: Mapping[str, str | None], *until: Until) -> Step:
    return Step(what, lambda world: world.commit(files), until)


def delete(*until: Until) -> Step:
    """The end of most scenarios: the release first, as our controller does it."""
    return Step("delete the HelmRelease", lambda world: world.delete(HELM_RELEASES), until or (RELEASE_GONE,))


def delete_all() -> Step:
    return Step("delete both objects", lambda world: world.delete(HELM_RELEASES, GIT_REPOSITORIES), ALL_GONE)


DEPLOYED: Final = create(ready("InstallSucceeded"))


SCENARIOS: Final[Mapping[str, Scenario]] = {
    "install": Scenario(
        about="A release is installed and uninstalled.",
        steps=(DEPLOYED, delete_all()),
    ),
    "upgrade": Scenario(
        about="A release gets other values, and then another commit.",
        steps=(
            DEPLOYED,
            update("change the values", {"values": tag("two")}, ready("UpgradeSucceeded", version=2)),
            commit("commit", {"README.md": "Another commit."}, SOURCE_READY, ready("UpgradeSucceeded", version=3)),
            delete(),
        ),
    ),
    "upgrade-rolled-back": Scenario(
        about="The API server refuses an upgrade. It is rolled back and tried again, until the values are good.",
        steps=(
            DEPLOYED,
            update(
                "set values that are refused",
                {"values": REFUSED},
                failing("RollbackSucceeded", failures=2, action="rollback"),
            ),
            update("set good values", {"values": ACCEPTED}, ready("UpgradeSucceeded")),
            delete(),
        ),
    ),
    "upgrade-rolled-back-once": Scenario(
        about="The API server refuses an upgrade that has one retry.",
        setup=Setup(release={"rollback": {"enable": True, "retry": True, "maxRetries": 1}}),
        steps=(
            DEPLOYED,
            update("set values that are refused", {"values": REFUSED}, stalled("RetriesExceeded")),
            delete(),
        ),
    ),
    "upgrade-not-rolled-back": Scenario(
        about="The API server refuses an upgrade without remediation, until the values are good.",
        setup=Setup(release=NO_ROLLBACK),
        steps=(
            DEPLOYED,
            update("set values that are refused", {"values": REFUSED}, stalled("RetriesExceeded")),
            update("set good values", {"values": ACCEPTED}, ready("UpgradeSucceeded")),
            delete(),
        ),
    ),
    "install-refused": Scenario(
        about="The API server refuses an installation. It is uninstalled and tried again, until the values are good.",
        setup=Setup(release={"values": REFUSED}),
        steps=(
            create(uninstalled(failures=2)),
            update("set good values", {"values": ACCEPTED}, ready("InstallSucceeded")),
            delete(),
        ),
    ),
    "install-unrendered": Scenario(
        about="The chart cannot be rendered, until the values are good; then again, in an upgrade.",
        setup=Setup(release={"values": UNRENDERED}),
        steps=(
            create(failing("InstallFailed", failures=2)),
            update("set good values", {"values": {"application": {"refuse": ""}}}, ready("InstallSucceeded")),
            update("set values that the chart refuses", {"values": UNRENDERED}, failing("UpgradeFailed", failures=2)),
            delete(),
        ),
    ),
    "values-refused-by-schema": Scenario(
        about="The values contradict the chart's schema; the release is deleted meanwhile.",
        setup=Setup(
            release={"values": {"application": {"service": {"port": "http"}}}},
            files={"deploy/values.schema.json": SCHEMA},
        ),
        steps=(create(failing("InstallFailed", failures=2)), delete()),
    ),
    "values-missing": Scenario(
        about="The Secret with the values is missing, and then it is not.",
        setup=Setup(release={"valuesFrom": [{"secretKeyRef": {"name": "more-values"}}]}),
        steps=(
            create(failing("ValuesError")),
            Step(
                "create the Secret",
                lambda world: world.create_secret("more-values", {"values.yaml": "application: {}"}),
                (ready("InstallSucceeded"),),
            ),
            delete(),
        ),
    ),
    "source-missing": Scenario(
        about="The repository does not exist; the release is deleted without it.",
        requeue_dependency=0.5,
        setup=Setup(is_missing=True),
        steps=(create(SOURCE_FAILS, failing("SourceNotReady", words="no artifact available")), delete_all()),
    ),
    "chart-missing": Scenario(
        about="The repository has no chart at that path, until a commit adds one.",
        requeue_dependency=0.5,
        setup=Setup(release={"chart": {"path": "charts/web"}}),
        steps=(
            create(SOURCE_READY, failing("SourceNotReady", words="invalid chart reference")),
            commit("commit the chart", {"charts/web/Chart.yaml": CHART}, SOURCE_READY, ready("InstallSucceeded")),
            delete(),
        ),
    ),
    "branch-deleted": Scenario(
        about="The branch is deleted under a deployed release, which then is deleted too.",
        steps=(
            DEPLOYED,
            Step("delete the branch", lambda world: world.delete_branch(), (SOURCE_FAILS,)),
            delete_all(),
        ),
    ),
    "suspended": Scenario(
        about="A release is suspended, resumed, and deleted while it is suspended, which keeps it.",
        steps=(
            DEPLOYED,
            Step("suspend the release", lambda world: world.suspend(True), (SUSPENDED,)),
            Step("resume the release", lambda world: world.suspend(False), (ready("InstallSucceeded"),)),
            Step("suspend the release again", lambda world: world.suspend(True), (SUSPENDED,)),
            delete(),
        ),
    ),
    "adopted": Scenario(
        about="A HelmRelease is created for a release that Helm's storage has already.",
        steps=(
            DEPLOYED,
            Step("suspend the release", lambda world: world.suspend(True), (SUSPENDED,)),
            delete(),
            Step("create the HelmRelease again", lambda world: world.create_again(), (ready("UpgradeSucceeded"),)),
            delete(),
        ),
    ),
    "locked": Scenario(
        about="An upgrade finds the release locked by one that was interrupted.",
        steps=(
            DEPLOYED,
            Step("leave the release in pending-upgrade", lambda world: world.interrupt("pending-upgrade"), ()),
            update("change the values", {"values": tag("two")}, ready("UpgradeSucceeded")),
            delete(),
        ),
    ),
    "uninstall-of-a-failed-release": Scenario(
        about="A release whose upgrade failed for good is deleted.",
        setup=Setup(release=NO_ROLLBACK),
        steps=(
            DEPLOYED,
            update("set an image that never runs", {"timeout": 2, "values": NEVER_READY}, stalled("RetriesExceeded")),
            delete(),
        ),
    ),
    "uninstall-while-installing": Scenario(
        about="A release is deleted while its installation waits for Pods.",
        setup=Setup(release={"timeout": 4, "values": NEVER_READY}),
        steps=(create(INSTALLING), delete()),
    ),
    "changed-while-installing": Scenario(
        about="The values change while the release is installed with the ones before.",
        steps=(
            create(INSTALLING),
            update("change the values", {"values": tag("two")}, ready("UpgradeSucceeded", version=2)),
            delete(),
        ),
    ),
    "changed-while-failing": Scenario(
        about="The values change while the installation with the ones before is about to fail.",
        setup=Setup(release={"timeout": 3, "values": NEVER_READY}),
        steps=(
            create(INSTALLING),
            update("set good values", {"timeout": 60, "values": tag("two")}, ready("InstallSucceeded")),
            delete(),
        ),
    ),
    "never-ready": Scenario(
        about="The Pods of an installation do not become ready in time.",
        setup=Setup(release={"timeout": 2, "values": NEVER_READY}),
        steps=(
            create(uninstalled(failures=1)),
            update("set an image that runs", {"timeout": 60, "values": tag("two")}, ready("InstallSucceeded")),
            delete(),
        ),
    ),
    "account-gone": Scenario(
        about="The account of a deployed release is deleted with its rights, and then the release, which stays.",
        steps=(
            DEPLOYED,
            Step("delete the account", lambda world: world.delete_account(), ()),
            update("change the values", {"values": tag("two")}, failing("StateError")),
            delete(),
        ),
    ),
    "rights-gone": Scenario(
        about="The rights of the account are deleted, so that the uninstallation fails until they are back.",
        steps=(
            DEPLOYED,
            Step("delete the binding", lambda world: world.unbind(), ()),
            delete(failing("UninstallFailed", failures=1)),
            Step("create the binding", lambda world: world.bind(), (RELEASE_GONE,)),
        ),
    ),
    "chart-refused-by-rbac": Scenario(
        about="The chart has an object that the account may not create.",
        setup=Setup(files={"deploy/templates/clusterrole.yaml": CLUSTER_ROLE}),
        steps=(create(failing("InstallFailed", failures=2)), delete()),
    ),
}
