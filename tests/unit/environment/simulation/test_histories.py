"""Random histories: users edit, others meddle, processes die, caches lag. Whenever all come to rest, all is right.

The rules for labels and for the order of a teardown are modelled here a second time, from the writes alone: who wrote
a label last, and what still existed when the namespace was deleted.
"""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from controller.api.environment import (
    ACTIVE_AT_ANNOTATION,
    ADOPT_ANNOTATION,
    ENVIRONMENT_LABEL,
    ENVIRONMENTS,
    EXPIRE_AT_ANNOTATION,
    FINALIZER,
    KEEP_ANNOTATION,
    Environment,
)
from controller.api.flux import GIT_REPOSITORIES
from controller.apimachinery import objects
from controller.apimachinery.resources import CONFIG_MAPS, NAMESPACES, SECRETS, SERVICE_ACCOUNTS
from controller.apimachinery.timestamps import to_time
from controller.environment import engines
from controller.environment.engines import ENGINES
from controller.environment.engines.engine import Engine, ReleaseContext
from controller.environment.options import EnvironmentOptions
from tests.unit.environment.simulation.fake_api import Write
from tests.unit.environment.simulation.fake_operator import DOMAIN
from tests.unit.environment.simulation.world import WATCHED, World
from tests.unit.environment.support.builders import (
    NAME,
    NOW,
    environment,
    foreign_namespace,
)

KEYS = st.sampled_from(["a", "b", "c"])
# Authors and others never choose the same value, so a value shows who wrote it.
AUTHORS = ("1", "2")
LABELS = st.dictionaries(KEYS, st.sampled_from(AUTHORS), max_size=3)
NAMES = st.sampled_from(["one", "two"])


# Whatever is due later (seconds) is not awaited when all come to rest: the end of a lifetime.
PATIENCE = 120.0
RELEASES = tuple(engine.releases for engine in ENGINES.values())


class Histories(RuleBasedStateMachine):
    ENGINE = "helm-operator"

    def __init__(self) -> None:
        super().__init__()
        self.world = World(self.options(self.ENGINE))
        self.api = self.world.api
        # Labels on the namespace: what others wrote last, and which ones we did.
        self.theirs: dict[str, str] = {}
        self.ours: set[str] = set()
        self.api.on_write.append(self._follow)

    @staticmethod
    def options(engine: str, **others: Any) -> EnvironmentOptions:
        return EnvironmentOptions(service_account="", release_engine=engine, **others)

    @property
    def engine(self) -> Engine:
        return ENGINES[self.world.options.release_engine]

    # The model

    def _follow(self, write: Write) -> None:
        if write.resource in RELEASES and write.verb == "create":
            self._check_predecessor(write)
        if write.resource != NAMESPACES:
            return
        if write.verb == "create":
            self.theirs, self.ours = {}, set()
        if write.verb == "delete":
            self._check_order()
            return
        before, after = (objects.labels(obj or {}) for obj in (write.before, write.after))
        for key in {"a", "b", "c"} & before.keys() - after.keys():
            assert key in self.ours, f"took back label {key}, which others wrote last"
            self.ours.discard(key)
        for key in {"a", "b", "c"} & after.keys():
            if after[key] in AUTHORS:
                self.ours.add(key)
                self.theirs.pop(key, None)
            else:
                assert before.get(key) == after[key], "wrote a value that no author chose"

    def _check_predecessor(self, write: Write) -> None:
        view = Environment(self.api.peek(ENVIRONMENTS, NAME) or {})
        known = (view.recorded_engine, view.recorded_release)
        if known == (engines.of(write.resource).name, write.name):
            return
        assert view.recorded_release not in self._left(), "a release was made before the old one was uninstalled"

    def _releases(self) -> list[dict[str, Any]]:
        return [release for resource in RELEASES for release in self.api.all(resource, NAME)]

    def _left(self) -> set[str]:
        """Names of releases whose uninstall is not over. One that Flux let go, as its account was gone, has none."""
        names = {secret["metadata"]["labels"]["name"] for secret in self.api.all(SECRETS, NAME)}
        return names - self.world.flux.abandoned

    def _check_order(self) -> None:
        for release in self._releases():
            label = objects.labels(release).get(ENVIRONMENT_LABEL)
            assert label != NAME, "the namespace was deleted before the release"
        view = Environment(self.api.peek(ENVIRONMENTS, NAME) or {})
        names = {view.release_name, view.recorded_release}
        assert not names & self._left(), "the namespace was deleted before the uninstall was over"

    def _environment(self) -> dict[str, Any] | None:
        return self.api.peek(ENVIRONMENTS, NAME)

    def _edit(self, change: Any) -> None:
        self.api.edit(ENVIRONMENTS, NAME, "", lambda obj: change(obj["spec"]))

    # What authors do

    @initialize(labels=LABELS, name=NAMES, deployed=st.booleans())
    def begin(self, labels: dict[str, str], name: str, deployed: bool) -> None:
        if deployed:
            self.create(labels, name)
            self.settle()

    @precondition(lambda self: self._environment() is None)
    @rule(labels=LABELS, name=NAMES)
    def create(self, labels: dict[str, str], name: str) -> None:
        self.api.put(ENVIRONMENTS, environment(labels=labels, release={"releaseName": name}, finalizers=(), uid=""))

    @rule(labels=st.none() | LABELS)
    def change_labels(self, labels: dict[str, str] | None) -> None:
        self._edit(lambda spec: spec.update(namespaceLabels=labels))

    @rule(tag=st.sampled_from(["1", "2"]))
    def change_tag(self, tag: str) -> None:
        self._edit(lambda spec: spec["application"]["release"].update(values={"tag": tag}))

    @rule(name=NAMES)
    def change_release_name(self, name: str) -> None:
        self._edit(lambda spec: spec["application"]["release"].update(releaseName=name))

    @rule(suspend=st.booleans())
    def suspend(self, suspend: bool) -> None:
        self._edit(lambda spec: spec.update(suspend=suspend))

    @rule()
    def delete(self) -> None:
        self.api.remove(ENVIRONMENTS, NAME)

    # What others do

    @rule(key=KEYS, value=st.sampled_from(["x", "y"]))
    def meddle_with_a_label(self, key: str, value: str) -> None:
        if self.api.peek(NAMESPACES, NAME):
            self.api.edit(NAMESPACES, NAME, "", lambda obj: obj["metadata"]["labels"].update({key: value}))
            self.theirs[key] = value
            self.ours.discard(key)

    @rule(key=KEYS)
    def meddle_with_a_label_that_its_author_gives_up(self, key: str) -> None:
        # Both at once, which single steps would hardly ever hit.
        self.meddle_with_a_label(key, "x")
        self._edit(lambda spec: (spec.get("namespaceLabels") or {}).pop(key, None))

    @rule(key=KEYS)
    def remove_a_label(self, key: str) -> None:
        self.api.edit(NAMESPACES, NAME, "", lambda obj: obj["metadata"]["labels"].pop(key, None))
        self.theirs.pop(key, None)
        self.ours.discard(key)

    @rule(ours=st.booleans())
    def disown_or_return_the_namespace(self, ours: bool) -> None:
        def change(obj: dict[str, Any]) -> None:
            obj["metadata"]["labels"].pop(ENVIRONMENT_LABEL, None)
            # If the environment is gone or has no finalizer, the namespace would stay for ever.
            if ours and objects.finalizers(self._environment() or {}):
                obj["metadata"]["labels"][ENVIRONMENT_LABEL] = NAME

        self.api.edit(NAMESPACES, NAME, "", change)

    @rule()
    def delete_the_namespace(self) -> None:
        self.api.remove(NAMESPACES, NAME)

    @rule(name=NAMES, value=st.integers(0, 2))
    def edit_a_release(self, name: str, value: int) -> None:
        self.api.edit(self.engine.releases, name, NAME, lambda obj: obj["spec"].update(timeout=value, wait=True))

    @rule(field=st.sampled_from(["labels", "annotations"]))
    def strip_the_release(self, field: str) -> None:
        # Only a recorded release: one that is stripped before it is recorded cannot be found.
        name = Environment(self._environment() or {}).recorded_release
        self.api.edit(self.engine.releases, name, NAME, lambda obj: obj["metadata"].pop(field, None))

    @rule(name=NAMES)
    def delete_a_release(self, name: str) -> None:
        self.api.remove(self.engine.releases, name, NAME)

    # What machines do

    @rule(resources=st.sets(st.sampled_from(WATCHED)), crash=st.none() | st.tuples(st.booleans(), st.integers(1, 4)))
    def reconcile(self, resources: set[Any], crash: tuple[bool, int] | None) -> None:
        self.world.sync(*sorted(resources, key=str)) if resources else None
        if crash:
            setattr(self.api, "crash_before" if crash[0] else "crash_after", crash[1])
        self.world.reconcile(NAME)
        self.api.crash_before = self.api.crash_after = None

    @rule()
    def restart(self) -> None:
        self.world.restart()

    @rule(steps=st.integers(1, 6), failing=st.booleans())
    def let_the_engines_work(self, steps: int, failing: bool) -> None:
        self.world.operator.failing = self.world.flux.failing = failing
        for _ in range(steps):
            self.world.engines_step()

    @rule(seconds=st.sampled_from([0.2, 0.4, 5.0]))
    def wait(self, seconds: float) -> None:
        self.world.seconds += seconds
        self.api.finish_namespaces()

    # And then they all come to rest

    @rule()
    def settle(self) -> None:
        self.world.operator.failing = self.world.flux.failing = False
        self.world.operator.retry()
        self.world.flux.retry()
        self.world.run(NAME, patience=PATIENCE)
        found = self._environment()
        if found is None or found["metadata"].get("deletionTimestamp"):
            assert found is None, "the teardown does not end"
            assert ENVIRONMENT_LABEL not in objects.labels(self.api.peek(NAMESPACES, NAME) or {})
            return
        state = found["status"]["applicationStatus"]
        namespace = self.api.peek(NAMESPACES, NAME)
        if found["spec"].get("suspend"):
            assert state == "suspended"
        elif self._is_over(found):
            assert state == "expired"
            self._check_expired(found)
        elif namespace and objects.labels(namespace).get(ENVIRONMENT_LABEL) != NAME:
            assert [c["reason"] for c in found["status"]["conditions"] if c["type"] == "Stalled"] == [
                "NamespaceNotOwned"
            ]
        else:
            assert state == "deployed"
            self._check_deployed(found, namespace)
        self.api.writes.clear()
        self.world.run(NAME, patience=PATIENCE)
        assert self.api.writes == [], "it is not at rest"

    def _is_over(self, found: dict[str, Any]) -> bool:
        """Whether the lifetime of the environment has ended."""
        return False

    def _check_expired(self, found: dict[str, Any]) -> None:
        assert FINALIZER in objects.finalizers(found)
        namespace = self.api.peek(NAMESPACES, NAME)
        for obj in (*self._releases(), *self.api.all(GIT_REPOSITORIES, NAME), *([namespace] if namespace else [])):
            assert ENVIRONMENT_LABEL not in objects.labels(obj), "something of ours is left"

    def _check_deployed(self, found: dict[str, Any], namespace: Any) -> None:
        labels = {key: value for key, value in objects.labels(namespace).items() if key in ("a", "b", "c")}
        wanted = found["spec"]["namespaceLabels"] or {}
        assert labels == {**self.theirs, **wanted}
        assert found["status"]["namespaceLabels"] == wanted
        assert found["status"]["observedGeneration"] == found["metadata"]["generation"]
        self._check_urls(found)
        made = ReleaseContext(
            environment=Environment(found),
            service_account=self.engine.account(self.world.options),
        )
        [release] = self._releases()
        assert release["spec"] == self.engine.desired(made)["spec"]
        assert objects.labels(release)[ENVIRONMENT_LABEL] == NAME
        source = self.engine.desired_source(made)
        assert [obj["spec"] for obj in self.api.all(GIT_REPOSITORIES, NAME)] == ([source["spec"]] if source else [])

    def _check_urls(self, found: dict[str, Any]) -> None:
        # A release that Flux let go without an uninstall leaves its Ingress, so there may be one more.
        urls = [entry["url"] for entry in found["status"]["urls"]]
        assert f"https://{Environment(found).release_name}.{DOMAIN}" in urls
        assert found["status"]["url"] == urls[0]

    def teardown(self) -> None:
        self.settle()


class HistoriesWithFlux(Histories):
    ENGINE = "flux"

    @rule(name=NAMES, branch=st.sampled_from(["theirs", "stolen"]))
    def edit_a_source(self, name: str, branch: str) -> None:
        self.api.edit(GIT_REPOSITORIES, name, NAME, lambda obj: obj["spec"].update(ref={"branch": branch}))

    @rule(name=NAMES)
    def delete_a_source(self, name: str) -> None:
        self.api.remove(GIT_REPOSITORIES, name, NAME)

    @rule()
    def tamper_with_the_releases_account(self) -> None:
        self.api.remove(SERVICE_ACCOUNTS, self.world.options.release_service_account, NAME)


class HistoriesOfMigration(Histories):
    """Operators change the engine by the option, which takes a restart."""

    @rule(engine=st.sampled_from(list(ENGINES)))
    def restart_with_another_engine(self, engine: str) -> None:
        self.world.options = self.options(engine)
        self.world.restart()

    @precondition(lambda self: self._environment() is not None)
    @rule(engine=st.sampled_from(list(ENGINES)))
    def move_what_is_deployed(self, engine: str) -> None:
        # In single steps a deployed environment would hardly ever meet another engine.
        self.settle()
        self.restart_with_another_engine(engine)


class HistoriesOfExpiry(HistoriesOfMigration):
    """Time passes, and the environment is used or not. Its namespace may have been there before."""

    LIFETIME = 3600.0

    def __init__(self) -> None:
        super().__init__()
        self.signs = itertools.count()
        # What the last activity left in the environment, and when (seconds) it came about.
        self.activity: tuple[Any, ...] = ()
        self.active_at = 0.0
        # Whether the namespace was there before the environment.
        self.adopted = False
        self.api.on_write.append(self._check_end)

    @staticmethod
    def options(engine: str, **others: Any) -> EnvironmentOptions:
        lifetime = {"expire_after": HistoriesOfExpiry.LIFETIME, "expire_warning": 60.0}
        # Hours may pass in which no engine works. That must not end the patience with an uninstall.
        return Histories.options(engine, **lifetime, teardown_timeout=1e9, **others)

    @invariant()
    def see_what_is_used(self) -> None:
        found = self._environment()
        if found is None:
            return
        metadata = found["metadata"]
        sign = objects.annotations(found).get(ACTIVE_AT_ANNOTATION)
        if (activity := (metadata["uid"], metadata["generation"], sign)) != self.activity:
            self.activity, self.active_at = activity, self.world.seconds

    def _check_end(self, write: Write) -> None:
        if self.adopted and write.resource == NAMESPACES:
            assert write.verb not in ("create", "delete"), "an adopted namespace keeps its life"
        if write.resource != ENVIRONMENTS or write.after is None or objects.is_deleting(write.after):
            return
        was, now = (Environment(obj or {}) for obj in (write.before, write.after))
        assert now.has_finalizer or not was.has_finalizer, "the finalizer goes only with the environment"
        if now.has_expired and not was.has_expired:
            is_asked = now.expire_at >= to_time(NOW + timedelta(seconds=self.active_at))
            # The clock of the controller has microseconds.
            age = round(self.world.seconds - self.active_at, 6)
            assert is_asked or age >= self.LIFETIME, "it was used within its lifetime"
            assert now.keep != "true", "it is kept"
            assert not now.suspended, "it is suspended"
            assert self.world.options.expire_mode == "enforce", "ends are only reported"

    @precondition(lambda self: self._environment() is None and self.api.peek(NAMESPACES, NAME) is None)
    @rule()
    def make_a_namespace_to_adopt(self) -> None:
        self.api.put(NAMESPACES, foreign_namespace(annotations={ADOPT_ANNOTATION: NAME}, uid=""))
        self.api.put(CONFIG_MAPS, {"metadata": {"name": "theirs", "namespace": NAME}})
        self.theirs, self.ours = {}, set()
        self.adopted = True

    @rule()
    def delete_the_namespace(self) -> None:
        self.api.remove(NAMESPACES, NAME)
        self.adopted = False

    @rule()
    def use(self) -> None:
        self._annotate(ACTIVE_AT_ANNOTATION, str(next(self.signs)))

    @rule(kept=st.booleans())
    def keep(self, kept: bool) -> None:
        self._annotate(KEEP_ANNOTATION, "true" if kept else "false")

    @rule()
    def ask_to_expire(self) -> None:
        self._annotate(EXPIRE_AT_ANNOTATION, self.world.timestamp())

    def _annotate(self, annotation: str, value: str) -> None:
        def change(obj: dict[str, Any]) -> None:
            obj["metadata"].setdefault("annotations", {})[annotation] = value

        self.api.edit(ENVIRONMENTS, NAME, "", change)

    @rule(mode=st.sampled_from(["enforce", "report"]))
    def restart_in_another_mode(self, mode: str) -> None:
        self.world.options = replace(self.world.options, expire_mode=mode)
        self.world.restart()

    @rule(hours=st.sampled_from([0.5, 0.99, 1.01, 30]))
    def let_hours_pass(self, hours: float) -> None:
        self.world.seconds += hours * 3600

    @precondition(lambda self: self._environment() is not None)
    @rule(steps=st.integers(0, 8))
    def let_its_lifetime_end(self, steps: int) -> None:
        # In single steps, the removal would hardly ever be interrupted.
        self.settle()
        self.world.seconds += self.LIFETIME + 2
        for _ in range(steps):
            self.world.sync()
            self.world.reconcile(NAME)
            self.world.engines_step()
            self.world.seconds += 0.4

    @rule()
    def settle(self) -> None:
        super().settle()
        if self.adopted:
            assert self.api.peek(CONFIG_MAPS, "theirs", NAME), "content of others is gone"

    def _check_urls(self, found: dict[str, Any]) -> None:
        # In an adopted namespace, the Ingress could be that of others. After that one is gone, nothing looks again.
        if "urls" in found["status"]:
            super()._check_urls(found)

    def _is_over(self, found: dict[str, Any]) -> bool:
        status = found["status"]
        if self.world.options.expire_mode != "enforce" or objects.annotations(found).get(KEEP_ANNOTATION) == "true":
            return False
        return bool(status["expiresAt"] <= self.world.timestamp())


HISTORIES = pytest.mark.parametrize(
    "histories", [Histories, HistoriesWithFlux, HistoriesOfMigration, HistoriesOfExpiry]
)


def _search(histories: type[Histories], examples: int, steps: int) -> None:
    profile = settings(max_examples=examples, stateful_step_count=steps, print_blob=False, report_multiple_bugs=False)
    run_state_machine_as_test(histories, settings=profile)


@HISTORIES
def test_every_short_history_ends_in_the_right_state(histories):
    _search(histories, examples=40, steps=30)


@pytest.mark.slow
@pytest.mark.timeout(600)
@HISTORIES
def test_every_long_history_ends_in_the_right_state(histories):
    _search(histories, examples=400, steps=60)
