"""Acting as somebody else: the Impersonate-* headers, and who may use them.

Three modes are tried in turn, as a 1.36 server has them switched on: as a service account and as any other user, each
limited to certain requests (KEP-5284), then the unlimited one with the plain verb `impersonate`. When all refuse, the
first refusal is what the caller sees. Impersonating nodes has no mode of its own here.

Source: k8s.io/apiserver, pkg/endpoints/filters/impersonation.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from urllib.parse import unquote

from multidict import CIMultiDictProxy

from ..auth.users import (
    ANONYMOUS_NAME,
    AUTHENTICATED,
    MASTERS,
    UNAUTHENTICATED,
    User,
    service_account_groups,
    split_service_account,
)
from ..errors import StatusError, bad_request
from ..fielderrors import go_quote
from .attributes import Attributes, refusal

_AUTHENTICATION = "authentication.k8s.io"
_EXTRA = "impersonate-extra-"
_NODE = "system:node:"
_MODES = ("serviceaccount", "user-info", "")
Check = Callable[[Attributes], None]


def impersonated(headers: CIMultiDictProxy[str], asked: Attributes, check: Check) -> User:
    """The user that a request is made as: its own, unless headers name another one.

    Args:
        asked: the request, with its own user.
        check: raises StatusError for what that user may not do.

    Raises:
        StatusError: 400 for headers that name no user, 403.
    """
    wanted = _wanted(headers)
    if wanted is None:
        return asked.user
    refusals = []
    for mode in _MODES:
        if not _applies(mode, wanted):
            continue
        try:
            for needed in _needed(mode, wanted, asked):
                check(needed)
        except StatusError as error:
            refusals.append(error)
        else:
            return _completed(wanted)
    raise refusals[0]


def _wanted(headers: CIMultiDictProxy[str]) -> User | None:
    name, uid = headers.get("Impersonate-User", ""), headers.get("Impersonate-Uid", "")
    groups = tuple(headers.getall("Impersonate-Group", ()))
    extra: dict[str, tuple[str, ...]] = {}
    for header, value in headers.items():
        if header.lower().startswith(_EXTRA):
            key = unquote(header[len(_EXTRA) :].lower())
            extra[key] = (*extra.get(key, ()), value)
    wanted = User(name, groups, uid, tuple(extra.items()))
    if not name and (uid or groups or extra):
        raise bad_request(f"requested {_go_value(wanted)} without impersonating a user name")
    return wanted if name else None


def _applies(mode: str, wanted: User) -> bool:
    is_account = split_service_account(wanted.name) is not None
    if mode == "serviceaccount":
        return is_account and not (wanted.uid or wanted.groups or wanted.extra)
    if mode == "user-info":
        return not is_account and not wanted.name.startswith(_NODE)
    return True


def _needed(mode: str, wanted: User, asked: Attributes) -> Iterator[Attributes]:
    """Yield the rights that the client needs, in the order of the checks. Raises StatusError for forbidden users."""
    verb = f"impersonate:{mode}" if mode else "impersonate"
    if mode:
        yield replace(asked, verb=f"impersonate-on:{mode}:{asked.verb}")
    base = Attributes(user=asked.user, verb=verb, group=_AUTHENTICATION if mode else "")
    account = split_service_account(wanted.name)
    if account:
        yield replace(base, resource="serviceaccounts", namespace=account[0], name=account[1])
    else:
        yield replace(base, resource="users", name=wanted.name)
    if wanted.uid:
        yield replace(base, group=_AUTHENTICATION, resource="uids", name=wanted.uid)
    for group in wanted.groups:
        needed = replace(base, resource="groups", name=group)
        if mode and group == MASTERS:
            raise refusal(needed, "impersonating the system:masters group is not allowed")
        yield needed
    for key, values in wanted.extra:
        for value in values:
            yield replace(base, group=_AUTHENTICATION, resource="userextras", subresource=key, name=value)


def _completed(wanted: User) -> User:
    groups, account = wanted.groups, split_service_account(wanted.name)
    if account and not groups:
        groups = service_account_groups(account[0])
    needed = UNAUTHENTICATED if wanted.name == ANONYMOUS_NAME else AUTHENTICATED
    if needed not in groups and UNAUTHENTICATED not in groups:
        groups = (*groups, needed)
    return replace(wanted, groups=groups)


def _go_value(user: User) -> str:
    groups = f"[]string{{{', '.join(map(go_quote, user.groups))}}}" if user.groups else "[]string(nil)"
    extra = "map[string][]string(nil)"
    if user.extra:
        pairs = (f"{go_quote(k)}:[]string{{{', '.join(map(go_quote, v))}}}" for k, v in user.extra)
        extra = f"map[string][]string{{{', '.join(pairs)}}}"
    return f'&user.DefaultInfo{{Name:"", UID:{go_quote(user.uid)}, Groups:{groups}, Extra:{extra}}}'
