"""Our CEL held against cel-python, where the two speak the same language."""

from __future__ import annotations

import random
from typing import Any

import celpy
import pytest
from celpy.celtypes import BoolType

from hack.localcluster.schema.cel import compile_expression
from hack.localcluster.schema.cel.types import INT, STRING, Type, list_of, map_of
from tests.manifests.admission import program

SELF = Type("object", fields={"n": INT, "s": STRING, "l": list_of(INT), "m": map_of(STRING, INT)})
SAMPLES = 25
RULES = (
    "self.n + 2 * 3 - self.n % 7 > self.n / 3",
    "self.n > 0 && self.n < 10 || self.n == -5",
    "self.s.size() > 2 ? self.s.startsWith('a') : self.s.endsWith('b')",
    "self.s.matches('^[a-b]([-a-b]*[a-b])?$')",
    "self.l.all(i, i > self.n) || self.l.exists(i, i == self.n)",
    "self.l.map(i, i * 2).filter(i, i > 0).size() == self.l.filter(i, i > 0).size()",
    "self.l.exists_one(i, i == 3) == (self.l.filter(i, i == 3).size() == 1)",
    "'a' in self.m && self.m['a'] > 0",
    "has(self.m.a) || size(self.m) == 0",
    "self.n in self.l",
    "self.l + [self.n] == self.l",
    "string(self.n) + self.s == self.s + string(self.n)",
    "!(self.n >= 0) == (self.n < 0)",
    "-self.n == 0 - self.n",
)


def sample(chance: random.Random) -> dict[str, Any]:
    return {
        "n": chance.randint(-20, 20),
        "s": "".join(chance.choices("ab-", k=chance.randint(0, 4))),
        "l": [chance.randint(-5, 5) for _ in range(chance.randint(0, 4))],
        "m": {name: chance.randint(-5, 5) for name in chance.sample(["a", "b", "ab"], k=chance.randint(0, 3))},
    }


@pytest.mark.parametrize("rule", RULES)
def test_both_find_the_same(rule: str) -> None:
    theirs = program(rule)
    ours = compile_expression(rule, {"self": SELF})
    chance = random.Random(rule)
    for _ in range(SAMPLES):
        value = sample(chance)
        assert BoolType(ours.run({"self": value})) == theirs.evaluate({"self": celpy.json_to_cel(value)}), value
