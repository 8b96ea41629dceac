"""The API server as a state: a set of objects, and what each request and each move of others makes of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from controller.apimachinery.errors import ApiError
from controller.apimachinery.resources import Resource
from controller.client import DeletePropagation, PatchType
from tests.explore import rights
from tests.explore.calls import Call, arguments
from tests.explore.numbering import Key, Objects, Table
from tests.explore.scripted import SERVED, Answer
from tests.unit.environment.simulation.fake_api import FakeApi, Write
from tests.unit.environment.support.builders import ago

# The numbers of the objects of the cluster, in ascending order.
State = tuple[int, ...]
# Objects that the cluster does not show. How many UIDs were given to each name, and what was last applied under it.
_UIDS: Key = (Resource("", "v1", "uids", "UIDs", namespaced=False), "", "uids")
_APPLIED: Key = (Resource("", "v1", "applied", "Applied", namespaced=False), "", "applied")

Move = Callable[["ModelApi"], None]


class ModelApi(FakeApi):
    """A FakeApi whose UIDs depend on its objects alone."""

    def __init__(self) -> None:
        super().__init__(now=lambda: ago(0))
        self.serves = set(SERVED)

    def place(self, key: Key, obj: dict[str, Any]) -> None:
        """Take an object over as it is."""
        self._objects[key] = obj

    def forget(self, key: Key) -> None:
        """Remove an object at once, if it is there."""
        self._objects.pop(key, None)

    def placed(self) -> Mapping[Key, dict[str, Any]]:
        """Return all objects."""
        return self._objects

    def number_of(self, resource: Resource) -> int:
        """Return how many objects of a kind were ever created."""
        return sum(number for text, number in self._noted(_UIDS).items() if text.startswith(f"{resource.plural}/"))

    def _store(self, key: Key, after: dict[str, Any], before: dict[str, Any] | None) -> dict[str, Any]:
        if before is None:
            number = self._noted(_UIDS).get(_text(key), 0) + 1
            self._note(_UIDS, key, number)
            after = {**after, "metadata": {**after["metadata"], "uid": f"{key[0].plural}-{key[2]}-{number}"}}
        return super()._store(key, after, before)

    def _apply(self, key: Key, body: Mapping[str, Any]) -> dict[str, Any]:
        self._applied = {key: self._noted(_APPLIED).get(_text(key), {})}
        answer = super()._apply(key, body)
        self._note(_APPLIED, key, self._applied[key])
        return answer

    def _noted(self, where: Key) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self._objects.get(where, {"noted": {}})["noted"]
        return found

    def _note(self, where: Key, key: Key, value: Any) -> None:
        self._objects[where] = {"metadata": {}, "noted": {**self._noted(where), _text(key): value}}


def _text(key: Key) -> str:
    return f"{key[0].plural}/{key[1]}/{key[2]}"


@dataclass(frozen=True, slots=True)
class Performed:
    """What a call led to. `written`: it was carried out."""

    state: int
    answer: int
    written: bool


class Cluster:
    """See the module.

    Args:
        known: all objects.
        answers: all answers.
        calls: all calls.
        check: is called with the cluster after each of the controller's writes; raises AssertionError.
        needs_binding: the controller may read Secrets only where it has its binding.
    """

    def __init__(
        self,
        known: Objects,
        *,
        answers: Table[Answer],
        calls: Table[Call],
        check: Callable[[FakeApi, Write], None],
        needs_binding: bool,
    ) -> None:
        self._objects = known
        self._answers = answers
        self._calls = calls
        self._check = check
        self._needs_binding = needs_binding
        self._performed: dict[tuple[int, int], Performed] = {}
        self._moved: dict[tuple[int, str], int] = {}
        self.states: Table[State] = Table()
        self.empty = self.states.number(())

    def load(self, state: int) -> ModelApi:
        """Return an API server in that state."""
        api = ModelApi()
        for number in self.states[state]:
            api.place(self._objects.key(number), self._objects[number])
        return api

    def move(self, state: int, name: str, move: Move) -> int:
        """Return the state after what somebody else does. The name stands for the move."""
        if (state, name) not in self._moved:
            api = self.load(state)
            move(api)
            self._moved[(state, name)] = self._save(api, state)
        return self._moved[(state, name)]

    def perform(self, state: int, call: int) -> Performed:
        """Return what a call of the controller leads to."""
        if (state, call) not in self._performed:
            self._performed[(state, call)] = self._perform(state, self._calls[call])
        return self._performed[(state, call)]

    def _perform(self, state: int, call: Call) -> Performed:
        api = self.load(state)
        api.on_write.append(lambda write: self._check(api, write))
        if self._needs_binding:
            api.refuse = rights.refuses(api)
        try:
            found = _send(api, call)
        except ApiError as error:
            return Performed(state, self._answers.number(Answer(text=str(error), error=error)), written=False)
        after = self._save(api, state)
        if call.verb == "list":
            items = tuple(
                self._objects.number((call.resource, call.namespace, obj["metadata"]["name"]), obj)
                for obj in found["items"]
            )
            return Performed(after, self._answers.number(Answer(items=items)), written=False)
        number = self._objects.number(call.key, found)
        return Performed(after, self._answers.number(Answer(obj=number)), written=call.is_write)

    def _save(self, api: ModelApi, before: int) -> int:
        known = {self._objects.key(number): number for number in self.states[before]}
        numbers = []
        for key, obj in api.placed().items():
            number = known.get(key)
            is_same = number is not None and self._objects[number] is obj
            numbers.append(number if is_same and number is not None else self._objects.number(key, obj))
        return self.states.number(tuple(sorted(numbers)))


def _send(api: FakeApi, call: Call) -> dict[str, Any]:
    given = dict(arguments(call))
    match call.verb:
        case "get":
            return api.get(call.resource, call.name, namespace=call.namespace)
        case "list":
            return api.list(call.resource, namespace=call.namespace, **given)
        case "create":
            return api.create(call.resource, given["body"], namespace=call.namespace)
        case "patch":
            patch_type = PatchType[given["patch_type"]]
            options = {"subresource": given["subresource"], "force": given["force"]}
            body = given["body"]
            return api.patch(call.resource, call.name, body, namespace=call.namespace, patch_type=patch_type, **options)
        case _:
            given["propagation"] = DeletePropagation[given["propagation"]]
            return api.delete(call.resource, call.name, namespace=call.namespace, **given)
