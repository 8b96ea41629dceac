"""Everything that an environment's namespace should have besides its release, as far as its sources exist."""

from __future__ import annotations

from collections.abc import Iterator

from controller.api.tronador_config import CONFIG_NAME
from controller.apimachinery.findings import shown
from controller.apimachinery.resources import SECRETS
from controller.environment.decision import Stop, Wait
from controller.environment.effects import Read
from controller.environment.engines.engine import Engine
from controller.environment.observation import REFUSED, Observation, Unknown
from controller.environment.options import EnvironmentOptions
from controller.environment.resources import references
from controller.environment.resources.item import Identity, Item, build
from controller.environment.resources.memory import remembered
from controller.tronadorconfig.content import Manifest, copied, in_one_map


def is_concerned(observation: Observation, engine: Engine | None) -> bool:
    """Return whether the environment has, or had, anything besides its release."""
    return (
        not observation.share.is_empty
        or not remembered(observation.namespace).is_empty
        or bool(references.foreign(observation.environment, engine))
    )


def questions(observation: Observation, engine: Engine | None) -> tuple[Read, ...]:
    """Return the reads of the originals that were not read yet."""
    targets = (references.target(reference) for reference in references.foreign(observation.environment, engine))
    return observation.unasked(targets)


def obstacle(observation: Observation, options: EnvironmentOptions, engine: Engine | None) -> Wait | Stop | None:
    """Return why the wanted objects cannot be built yet, or None."""
    if problems := observation.share.problems:
        return Stop(
            reason=problems[0].reason, message=f"{CONFIG_NAME}: {'; '.join(str(problem) for problem in problems)}"
        )
    for name in observation.share.copies:
        if name not in observation.own_secrets:
            message = (
                f"{CONFIG_NAME}: spec.copySecrets: Secret {name!r} is not in namespace {options.own_namespace} yet."
            )
            return Wait(reason="SecretMissing", message=message)
    for reference, required in references.foreign(observation.environment, engine).items():
        name = f"{reference.kind} {reference.name!r} in namespace {reference.namespace}"
        answer = observation.live(references.target(reference))
        if answer is REFUSED:
            message = f"The release refers to {name}, which the controller may not read; give it a Role there with get."
            return Stop(reason="ReferenceForbidden", message=message, recheck_after=options.recheck_interval)
        if answer is None and required:
            message = f"The release refers to {name}, which does not exist."
            return Wait(reason="ReferenceMissing", message=message, recheck_after=options.recheck_interval)
    return None


def items(observation: Observation, engine: Engine | None) -> tuple[Item, ...]:
    """Return all objects, each once. Call it only if there is no `obstacle`."""
    environment, share = observation.environment, observation.share
    found = [_of_manifest(observation, manifest) for manifest in share.manifests]
    for name in share.copies:
        body = copied(observation.own_secrets[name])
        source = f"{CONFIG_NAME}: spec.copySecrets"
        found.append(build(environment, source, Identity("v1", SECRETS.kind, name), body))
    found += _of_references(observation, engine)
    unique: dict[tuple[str, str, str], Item] = {}
    for item in found:
        unique.setdefault(item.identity.key, item)
    return tuple(unique.values())


def _of_manifest(observation: Observation, manifest: Manifest) -> Item:
    identity = Identity(manifest.api_version, manifest.kind, manifest.name)
    body = in_one_map(manifest.body) if identity.key[:2] == ("", SECRETS.kind) else manifest.body
    return build(observation.environment, f"{CONFIG_NAME}: {shown(manifest.path)}", identity, body)


def _of_references(observation: Observation, engine: Engine | None) -> Iterator[Item]:
    for reference in references.foreign(observation.environment, engine):
        original = observation.live(references.target(reference))
        if original is not None and not isinstance(original, Unknown):
            source = f"copy of {reference.kind} {reference.name!r} in namespace {reference.namespace}"
            identity = Identity("v1", reference.kind, references.copy_name(reference))
            yield build(observation.environment, source, identity, copied(original))
