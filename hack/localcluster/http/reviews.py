"""Reviews: questions about rights and identity. The caller creates an object, which is answered and never stored.

Source: kubernetes, pkg/registry/authorization and pkg/registry/authentication.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from aiohttp import web

from .. import errors
from ..auth import Authenticator, User
from ..fielderrors import FieldError, invalid
from ..objects import Object
from ..rbac.attributes import Attributes
from ..rbac.authorizer import Authorizer
from ..registry.managed import track
from ..registry.registry import Registry
from .bodies import read_strictly
from .params import shape_of, write_context
from .respond import respond
from .route import Target

GROUPS = ("authentication.k8s.io", "authorization.k8s.io")


class ReviewHandler:
    """Answers reviews.

    Args:
        authenticator: reads the tokens of TokenReviews.
    """

    def __init__(self, registry: Registry, *, authorizer: Authorizer, authenticator: Authenticator) -> None:
        self._registry = registry
        self._authorizer = authorizer
        self._authenticator = authenticator
        self._answers: Mapping[str, Callable[[Target, Object], Object]] = {
            "SelfSubjectAccessReview": self._own_access,
            "SelfSubjectReview": self._identity,
            "SelfSubjectRulesReview": self._own_rules,
            "SubjectAccessReview": self._access,
            "TokenReview": self._token,
        }

    def handle(self, request: web.Request, target: Target, body: bytes) -> web.Response:
        """Answer one review.

        Raises:
            StatusError: 400, 406, 415, 422.
        """
        shape = shape_of(request, target, single=True)
        context = write_context(request, "CreateOptions", target)
        content_type = request.headers.get("Content-Type", "")
        review = read_strictly(self._registry.catalog, target.resource, body, content_type, context)
        review = self._answers[target.resource.kind](target, track(target.resource, None, review, context))
        return respond(201, review, shape=shape, warnings=context.warnings)

    def _own_access(self, target: Target, review: Object) -> Object:
        spec = review.get("spec") or {}
        _refuse(_attribute_problems(spec))
        return self._decided(review, target.user)

    def _own_rules(self, target: Target, review: Object) -> Object:
        namespace = (review.get("spec") or {}).get("namespace")
        if not namespace:
            raise errors.bad_request("no namespace on request")
        rules, problem = self._authorizer.rules(target.user, namespace)
        status: Object = {
            "resourceRules": [rule.to_object() for rule in rules if rule.resources],
            "nonResourceRules": [
                {"verbs": list(rule.verbs), "nonResourceURLs": list(rule.urls)} for rule in rules if rule.urls
            ],
            "incomplete": False,
        }
        if problem:
            status["evaluationError"] = problem
        # The spec does not come back.
        return {**review, "spec": {}, "status": status}

    def _access(self, target: Target, review: Object) -> Object:
        spec = review.get("spec") or {}
        _refuse(_subject_problems(spec))
        return self._decided(review, _subject(spec))

    def _decided(self, review: Object, user: User) -> Object:
        decision = self._authorizer.decide(_asked(review["spec"], user))
        status: Object = {"allowed": decision.allowed}
        if decision.reason:
            status["reason"] = decision.reason
        return {**review, "status": status}

    def _identity(self, target: Target, review: Object) -> Object:
        return {**review, "status": {"userInfo": target.user.to_object()}}

    def _token(self, target: Target, review: Object) -> Object:
        spec = review.get("spec") or {}
        if not spec.get("token"):
            raise errors.bad_request("token is required for TokenReview in authentication")
        audiences = tuple(spec.get("audiences") or ())
        user = self._authenticator.user_of(spec["token"], *([audiences] if audiences else []))
        if user is None:
            return {**review, "status": {"user": {}, "error": "[invalid bearer token]"}}
        status = {"authenticated": True, "user": user.to_object()}
        return {**review, "status": {**status, "audiences": list(audiences)} if audiences else status}


def _asked(spec: Object, user: User) -> Attributes:
    resource = spec.get("resourceAttributes")
    if resource is None:
        other = spec["nonResourceAttributes"]
        return Attributes(user=user, verb=other.get("verb") or "", path=other.get("path") or "", is_resource=False)
    return Attributes(
        user=user,
        verb=resource.get("verb") or "",
        group=resource.get("group") or "",
        resource=resource.get("resource") or "",
        subresource=resource.get("subresource") or "",
        namespace=resource.get("namespace") or "",
        name=resource.get("name") or "",
    )


def _subject(spec: Object) -> User:
    extra = tuple((key, tuple(values)) for key, values in (spec.get("extra") or {}).items())
    return User(spec.get("user") or "", tuple(spec.get("groups") or ()), spec.get("uid") or "", extra)


def _subject_problems(spec: Object) -> list[FieldError]:
    problems = _attribute_problems(spec)
    if not spec.get("user") and not spec.get("groups"):
        problems.append(invalid("spec.user", "", "at least one of user or group must be specified"))
    return problems


def _attribute_problems(spec: Object) -> list[FieldError]:
    resource, other = spec.get("resourceAttributes"), spec.get("nonResourceAttributes")
    if resource is not None and other is not None:
        why = "cannot be specified in combination with resourceAttributes"
        return [invalid("spec.nonResourceAttributes", other, why)]
    if resource is None and other is None:
        why = "exactly one of nonResourceAttributes or resourceAttributes must be specified"
        return [invalid("spec.resourceAttributes", None, why)]
    return []


def _refuse(problems: list[FieldError]) -> None:
    if problems:
        raise errors.invalid("authorization.k8s.io", "", "", problems)
