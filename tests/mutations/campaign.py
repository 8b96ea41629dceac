"""What is tried: every mutation of every property of a document, and random pairs of them."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from controller.api.environment import ENVIRONMENTS
from controller.api.tronador_config import TRONADOR_CONFIGS
from controller.apimachinery.resources import Resource
from tests.integration.support.clusters import config_definition, environment_definition
from tests.mutations.documents import DOCUMENTS, MORE
from tests.mutations.mutation import Mutation, mutations
from tests.mutations.schema import Property, Schema, free_form, properties
from tests.mutations.trial import Trial

# Properties without an effect of their own, by engine ("" for both), and why.
WITHOUT_EFFECT = {
    ("", "spec.application.release.helmVersion"): "v3 is the only value, and what is used without it",
    ("flux", "spec.application.release.rollback.recreate"): "Flux has no equivalent",
    ("flux", "spec.application.release.test.cleanup"): "Flux has no equivalent",
}
# Properties that the schema has only to say that they are refused.
REFUSED = (
    "spec.application.release.chart.repository",
    "spec.application.release.chart.name",
    "spec.application.release.chart.version",
    "spec.application.release.targetNamespace",
    "spec.application.release.valueFileSecrets",
    "spec.application.release.valueFileSecrets[]",
    "spec.application.release.valueFileSecrets[].name",
)


@dataclass(frozen=True)
class Campaign:
    """All about the objects of one resource, with one engine."""

    engine: str
    resource: Resource

    def __str__(self) -> str:
        return f"{self.resource.kind} with {self.engine}"

    @cached_property
    def definition(self) -> dict[str, Any]:
        """The CustomResourceDefinition."""
        return {ENVIRONMENTS: environment_definition, TRONADOR_CONFIGS: config_definition}[self.resource]()

    @property
    def schema(self) -> Schema:
        """The schema of a whole object."""
        found: Schema = self.definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
        return found

    @cached_property
    def properties(self) -> list[Property]:
        """Every property of the schema, and below those of free form what the document has."""
        declared = list(properties(self.definition))
        return [*declared, *free_form(declared, DOCUMENTS[self.resource])]

    def singly(self, part: int, parts: int) -> Trial:
        """Try every mutation of some of the properties: one part of so many."""
        trial = Trial(self.engine, self.resource, self.schema)
        for prop in self.properties[part::parts]:
            trial.each(list(self._mutations(prop)))
            if f"{prop}" not in trial.effective and not self._may_be_without_effect(str(prop)):
                trial.broken.append(f"{self}: {prop}: no mutation of it has any effect")
        return trial

    def in_pairs(self, number: int, seed: int) -> Trial:
        """Try random pairs of mutations of which the server admits at least most."""
        chance = random.Random(f"{self} {seed}")
        trial = Trial(self.engine, self.resource, self.schema)
        candidates = [list(self._mutations(prop, broken=False)) for prop in self.properties]
        for _ in range(number):
            trial.together([chance.choice(of_one) for of_one in chance.sample(candidates, 2)])
        return trial

    def _mutations(self, prop: Property, *, broken: bool = True) -> Iterator[Mutation]:
        return mutations(prop, more=MORE.get(str(prop), ()), broken=broken)

    def _may_be_without_effect(self, prop: str) -> bool:
        return prop in REFUSED or bool({("", prop), (self.engine, prop)} & WITHOUT_EFFECT.keys())
