"""Requests on behalf of another user: the Impersonate-* headers, and who may send them.

Flux's helm-controller and `kubectl --as` send them. A 1.36 server also knows rights that are limited to certain
requests (KEP-5284); here the caller needs the right to the plain verb `impersonate`, and a refusal names that verb.

Source: k8s.io/apiserver, pkg/endpoints/filters/impersonation.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from multidict import CIMultiDictProxy

from ..auth.users import (
    ANONYMOUS_NAME,
    AUTHENTICATED,
    UNAUTHENTICATED,
    User,
    service_account_groups,
    split_service_account,
)
from ..errors import bad_request
from .attributes import Attributes

Check = Callable[[Attributes], None]


def impersonated(headers: CIMultiDictProxy[str], asked: Attributes, check: Check) -> User:
    """Return the user on whose behalf a request is made: its own, unless headers name another one.

    Args:
        asked: the request, with its own user.
        check: raises StatusError for what that user may not do.

    Raises:
        StatusError: 400 for headers that name no user, 403.
    """
    name, groups = headers.get("Impersonate-User", ""), tuple(headers.getall("Impersonate-Group", ()))
    if not name:
        if groups:
            raise bad_request("requested groups without impersonating a user name")
        return asked.user
    for needed in _needed(name, groups, asked):
        check(needed)
    return User(name, _completed(name, groups))


def _needed(name: str, groups: tuple[str, ...], asked: Attributes) -> Iterator[Attributes]:
    """Yield the rights that the caller needs, in the order of the checks."""
    base = Attributes(user=asked.user, verb="impersonate")
    account = split_service_account(name)
    if account:
        yield replace(base, resource="serviceaccounts", namespace=account[0], name=account[1])
    else:
        yield replace(base, resource="users", name=name)
    for group in groups:
        yield replace(base, resource="groups", name=group)


def _completed(name: str, groups: tuple[str, ...]) -> tuple[str, ...]:
    account = split_service_account(name)
    if account and not groups:
        groups = service_account_groups(account[0])
    needed = UNAUTHENTICATED if name == ANONYMOUS_NAME else AUTHENTICATED
    return groups if needed in groups or UNAUTHENTICATED in groups else (*groups, needed)
