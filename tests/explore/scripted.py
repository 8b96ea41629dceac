"""What the reconciler works with: caches that hold what they are given, and a client that answers from a script."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from controller.apimachinery import objects
from controller.apimachinery.errors import ApiError
from controller.apimachinery.objects import Object
from controller.apimachinery.resources import CONFIG_MAPS, NAMESPACES, SECRETS, SERVICE_ACCOUNTS, Resource
from controller.client import DeletePropagation, PatchType
from controller.environment import engines
from controller.environment.admission.claims import Verdict
from controller.environment.observe import environment_of
from tests.explore.calls import Call, call
from tests.explore.numbering import Objects

SERVED: Final = frozenset({*engines.resources(), CONFIG_MAPS, SECRETS, SERVICE_ACCOUNTS})


@dataclass(frozen=True, slots=True)
class Answer:
    """What was answered: an object, a list, a verdict about a place, or an error.

    Objects are numbers. Equal texts: equal errors.
    """

    obj: int | None = None
    items: tuple[int, ...] = ()
    verdict: Verdict | None = None
    text: str = ""
    error: ApiError | None = field(default=None, compare=False)

    def content(self, known: Objects) -> Any:
        """Return what the client returns or raises."""
        if self.error is not None:
            return self.error
        if self.verdict is not None:
            return self.verdict
        if self.obj is not None:
            return known[self.obj]
        return {"metadata": {"resourceVersion": "1"}, "items": [known[number] for number in self.items]}


class ScriptedClient:
    """Gives the first answers from a script, and then asks for each."""

    def begin(self, script: Iterable[Answer], ask: Callable[[Call], Answer], known: Objects) -> None:
        """Take the script of the next reconcile."""
        self._script = iter(script)
        self._ask = ask
        self._known = known

    def served(self, version: str) -> frozenset[Resource]:
        return frozenset(resource for resource in SERVED if resource.api_version == version)

    def get(self, resource: Resource, name: str, *, namespace: str = "") -> dict[str, Any]:
        return self.answer("get", resource, namespace, name)

    def list(self, resource: Resource, *, namespace: str = "", **options: Any) -> dict[str, Any]:
        return self.answer("list", resource, namespace, "", **options)

    def create(self, resource: Resource, obj: Object, *, namespace: str = "") -> dict[str, Any]:
        return self.answer("create", resource, namespace, objects.name(obj), body=obj)

    def patch(
        self,
        resource: Resource,
        name: str,
        body: Any,
        *,
        namespace: str = "",
        patch_type: PatchType = PatchType.MERGE,
        subresource: str = "",
        force: bool = False,
    ) -> dict[str, Any]:
        options = {"patch_type": patch_type.name, "subresource": subresource, "force": force}
        return self.answer("patch", resource, namespace, name, body=body, **options)

    def delete(
        self,
        resource: Resource,
        name: str,
        *,
        namespace: str = "",
        uid: str | None = None,
        resource_version: str | None = None,
        propagation: DeletePropagation | None = None,
    ) -> dict[str, Any]:
        assert propagation is not None
        conditions = {"uid": uid, "resource_version": resource_version}
        return self.answer("delete", resource, namespace, name, **conditions, propagation=propagation.name)

    def answer(self, verb: str, resource: Resource, namespace: str, name: str, **arguments: Any) -> Any:
        """Return the next answer, or raise it."""
        answer = next(self._script, None) or self._ask(call(verb, resource, namespace, name, **arguments))
        content = answer.content(self._known)
        if isinstance(content, ApiError):
            raise content
        return content


class ScriptedPlaces:
    """The places of all environments. They are shared, so each question to them is a call like a request."""

    def __init__(self, client: ScriptedClient) -> None:
        self._client = client

    def take(self, environment: Object) -> Verdict:
        found: Verdict = self._client.answer("take", NAMESPACES, "", objects.name(environment), environment=environment)
        return found

    def created(self, name: str) -> None:
        self._client.answer("created", NAMESPACES, "", name)

    def ended(self, name: str) -> None:
        self._client.answer("ended", NAMESPACES, "", name)

    def failed(self, name: str) -> None:
        self._client.answer("failed", NAMESPACES, "", name)

    def interrupted(self, name: str) -> None:
        self._client.answer("interrupted", NAMESPACES, "", name)


class Store:
    """The part of an informer's store that is used."""

    def __init__(self) -> None:
        self._objects: dict[str, Object] = {}

    def clear(self) -> None:
        self._objects.clear()

    def put(self, namespace: str, name: str, obj: Object) -> None:
        self._objects[f"{namespace}/{name}" if namespace else name] = obj

    def get(self, key: str) -> Object | None:
        return self._objects.get(key)

    def list(self) -> list[Object]:
        return list(self._objects.values())

    def by_index(self, _: str, value: str) -> list[Object]:
        return [obj for obj in self._objects.values() if value in environment_of(obj)]


class Ignored:
    """Takes Events, measurements, wake-ups and the memory of writes, which decide nothing."""

    def __getattr__(self, _: str) -> Callable[..., None]:
        return lambda *_args, **_options: None
