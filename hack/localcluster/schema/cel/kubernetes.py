"""What Kubernetes adds to CEL for its own notions: quantities, URLs, semantic versions, named formats.

Source: k8s.io/apiserver, cel/library (quantity, urls, semverlib, format); apimachinery, api/resource.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, ClassVar
from urllib.parse import SplitResult, parse_qs, urlsplit

from ...fielderrors import go_quote
from ...validation import names
from ..formats import format_check
from .errors import EvaluationError
from .types import Overload, overload
from .values import NONE, Optional

_QUANTITY = re.compile(r"^([+-]?(?:\d+\.?\d*|\.\d+))(Ki|Mi|Gi|Ti|Pi|Ei|n|u|m|k|M|G|T|P|E|[eE][+-]?\d+|)$")
_SUFFIXES = {name: Decimal(1024) ** (i + 1) for i, name in enumerate(("Ki", "Mi", "Gi", "Ti", "Pi", "Ei"))}
_SUFFIXES |= {name: Decimal(1000) ** (i + 1) for i, name in enumerate("kMGTPE")}
_SUFFIXES |= {"n": Decimal("1e-9"), "u": Decimal("1e-6"), "m": Decimal("1e-3"), "": Decimal(1)}
_SEMVER = re.compile(r"^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(?:-([0-9A-Za-z.-]+))?(?:\+([0-9A-Za-z.-]+))?$")
_Q, _U, _V, _F = "kubernetes.Quantity", "kubernetes.URL", "kubernetes.Semver", "kubernetes.NamedFormat"


@dataclass(frozen=True, slots=True)
class Quantity:
    """A Kubernetes quantity; equal by amount."""

    amount: Decimal
    cel_type: ClassVar[str] = _Q


@dataclass(frozen=True, slots=True)
class Url:
    """A parsed absolute URL or path."""

    parts: SplitResult
    cel_type: ClassVar[str] = _U


@dataclass(frozen=True, slots=True)
class Semver:
    """A semantic version; build metadata does not count for order."""

    numbers: tuple[int, int, int]
    prerelease: str
    cel_type: ClassVar[str] = _V

    @property
    def rank(self) -> tuple[Any, ...]:
        """Sorts as semver.org says: numbers, then releases after their prereleases."""
        parts = tuple((0, int(p), "") if p.isdigit() else (1, 0, p) for p in self.prerelease.split(".") if p)
        return (self.numbers, not parts, parts)


@dataclass(frozen=True, slots=True)
class NamedFormat:
    """A named string format."""

    name: str
    cel_type: ClassVar[str] = _F


def kubernetes_functions() -> list[Overload]:
    """quantity, url, semver, format and the functions of their values."""
    return [*_quantities(), *_urls(), *_semvers(), *_formats()]


def parse_quantity(text: str) -> Quantity:
    """Parse a quantity. Raises EvaluationError if `text` is not one."""
    match = _QUANTITY.match(text)
    if match is None:
        raise EvaluationError(
            "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
        )
    number, suffix = match.groups()
    scale = _SUFFIXES[suffix] if suffix in _SUFFIXES else Decimal(f"1{suffix}")
    return Quantity(Decimal(number) * scale)


def _valid(parse: Any, *args: Any) -> bool:
    try:
        parse(*args)
    except EvaluationError:
        return False
    return True


def _order(left: Any, right: Any) -> int:
    return int(left > right) - int(left < right)


def _quantity_int(value: Quantity) -> int:
    if value.amount != value.amount.to_integral_value() or not -(2**63) <= value.amount < 2**63:
        raise EvaluationError("cannot convert value to integer")
    return int(value.amount)


def _quantities() -> list[Overload]:
    return [
        overload(f"quantity(string) -> {_Q}", parse_quantity),
        overload("isQuantity(string) -> bool", lambda text: _valid(parse_quantity, text)),
        overload(f"sign({_Q}) -> int", lambda q: _order(q.amount, 0)),
        overload(f"{_Q}::isGreaterThan({_Q}) -> bool", lambda a, b: a.amount > b.amount),
        overload(f"{_Q}::isLessThan({_Q}) -> bool", lambda a, b: a.amount < b.amount),
        overload(f"{_Q}::compareTo({_Q}) -> int", lambda a, b: _order(a.amount, b.amount)),
        overload(f"{_Q}::asApproximateFloat() -> double", lambda q: float(q.amount)),
        overload(f"{_Q}::asInteger() -> int", _quantity_int),
        overload(f"{_Q}::isInteger() -> bool", lambda q: _valid(_quantity_int, q)),
        overload(f"{_Q}::add({_Q}) -> {_Q}", lambda a, b: Quantity(a.amount + b.amount)),
        overload(f"{_Q}::add(int) -> {_Q}", lambda a, b: Quantity(a.amount + b)),
        overload(f"{_Q}::sub({_Q}) -> {_Q}", lambda a, b: Quantity(a.amount - b.amount)),
        overload(f"{_Q}::sub(int) -> {_Q}", lambda a, b: Quantity(a.amount - b)),
    ]


def parse_url(text: str) -> Url:
    """Raises EvaluationError unless the text is an absolute URL or an absolute path."""
    try:
        parts = urlsplit(text)
        _ = parts.port
    except ValueError as error:
        raise EvaluationError(f"URL parse error during conversion from string: {error}") from error
    if not text or not (text.startswith("/") or parts.scheme) or re.search(r"[\s\x00-\x1f\x7f]", text):
        raise EvaluationError(
            f"URL parse error during conversion from string: parse {go_quote(text)}: invalid URI for request"
        )
    return Url(parts)


def _urls() -> list[Overload]:
    return [
        overload(f"url(string) -> {_U}", parse_url),
        overload("isURL(string) -> bool", lambda text: _valid(parse_url, text)),
        overload(f"{_U}::getScheme() -> string", lambda url: url.parts.scheme),
        overload(f"{_U}::getHost() -> string", lambda url: url.parts.netloc.rpartition("@")[2]),
        overload(f"{_U}::getHostname() -> string", lambda url: url.parts.hostname or ""),
        overload(f"{_U}::getPort() -> string", lambda url: "" if url.parts.port is None else str(url.parts.port)),
        overload(f"{_U}::getEscapedPath() -> string", lambda url: url.parts.path),
        overload(
            f"{_U}::getQuery() -> map(string, list(string))",
            lambda url: parse_qs(url.parts.query, keep_blank_values=True),
        ),
    ]


def parse_semver(text: str, normalize: bool = False) -> Semver:
    """Parse a semantic version; `normalize` also accepts `v1.2`. Raises EvaluationError if it is invalid."""
    if normalize:
        core, dash, rest = text.removeprefix("v").partition("-")
        numbers = [part.lstrip("0") or "0" for part in core.split(".")]
        text = ".".join([*numbers, *["0"] * (3 - len(numbers))]) + dash + rest
    match = _SEMVER.match(text)
    if match is None:
        raise EvaluationError("No Major.Minor.Patch elements found")
    return Semver((int(match[1]), int(match[2]), int(match[3])), match[4] or "")


def _semvers() -> list[Overload]:
    return [
        overload(f"semver(string) -> {_V}", parse_semver),
        overload(f"semver(string, bool) -> {_V}", parse_semver),
        overload("isSemver(string) -> bool", lambda text: _valid(parse_semver, text)),
        overload("isSemver(string, bool) -> bool", lambda text, normalize: _valid(parse_semver, text, normalize)),
        overload(f"{_V}::isGreaterThan({_V}) -> bool", lambda a, b: a.rank > b.rank),
        overload(f"{_V}::isLessThan({_V}) -> bool", lambda a, b: a.rank < b.rank),
        overload(f"{_V}::compareTo({_V}) -> int", lambda a, b: _order(a.rank, b.rank)),
        overload(f"{_V}::major() -> int", lambda v: v.numbers[0]),
        overload(f"{_V}::minor() -> int", lambda v: v.numbers[1]),
        overload(f"{_V}::patch() -> int", lambda v: v.numbers[2]),
    ]


def _prefix(check: names.NameCheck) -> names.NameCheck:
    """The check of a generateName: a dash at its end is fine, for more will follow."""
    return lambda name: check(name[:-1] + "a" if len(name) > 1 and name.endswith("-") else name)


_NAME_CHECKS: Mapping[str, names.NameCheck] = {
    "dns1123Label": names.dns1123_label,
    "dns1123Subdomain": names.dns1123_subdomain,
    "dns1035Label": names.dns1035_label,
    "qualifiedName": names.qualified_name,
    "dns1123LabelPrefix": _prefix(names.dns1123_label),
    "dns1123SubdomainPrefix": _prefix(names.dns1123_subdomain),
    "dns1035LabelPrefix": _prefix(names.dns1035_label),
    "labelValue": names.label_value,
}
_SIMPLE_FORMATS = {"uri": "invalid uri", "uuid": "does not match the UUID format", "byte": "invalid base64"}
_SIMPLE_FORMATS |= {"date": "invalid date", "datetime": "invalid datetime"}


def _validate(named: NamedFormat, text: str) -> Optional:
    check = _NAME_CHECKS.get(named.name)
    if check is not None:
        problems = check(text)
    else:
        simple = format_check(named.name)
        problems = [] if simple is None or simple(text) else [_SIMPLE_FORMATS[named.name]]
    return Optional(True, problems) if problems else NONE


def _formats() -> list[Overload]:
    known = (*_NAME_CHECKS, *_SIMPLE_FORMATS)
    constants = [overload(f"format.{name}() -> {_F}", lambda name=name: NamedFormat(name)) for name in known]
    return [
        *constants,
        overload(
            f"format.named(string) -> optional_type({_F})",
            lambda name: Optional(True, NamedFormat(name)) if name in known else NONE,
        ),
        overload(f"{_F}::validate(string) -> optional_type(list(string))", _validate),
    ]
