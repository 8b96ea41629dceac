"""IP addresses and CIDRs in CEL.

Source: k8s.io/apiserver, cel/library (ip, cidr).
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import ClassVar

from ...fielderrors import go_quote
from .errors import EvaluationError
from .types import Overload, overload

_IP, _CIDR = "net.IP", "net.CIDR"


@dataclass(frozen=True, slots=True)
class Ip:
    """An IP address."""

    address: ipaddress.IPv4Address | ipaddress.IPv6Address
    cel_type: ClassVar[str] = _IP


@dataclass(frozen=True, slots=True)
class Cidr:
    """An address with the length of its network's prefix."""

    interface: ipaddress.IPv4Interface | ipaddress.IPv6Interface
    cel_type: ClassVar[str] = _CIDR


def parse_ip(text: str) -> Ip:
    """Parse an IP address. Raises EvaluationError if it is invalid, has a zone or is an IPv4-mapped IPv6 address."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError as error:
        raise EvaluationError(
            f"IP Address {go_quote(text)} parse error during conversion from string: "
            f"ParseAddr({go_quote(text)}): unable to parse IP"
        ) from error
    if "%" in text:
        raise EvaluationError(f"IP address {go_quote(text)} with zone value is not allowed")
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        raise EvaluationError(f"IPv4-mapped IPv6 address {go_quote(text)} is not allowed")
    return Ip(address)


def parse_cidr(text: str) -> Cidr:
    """Parse a CIDR. Raises EvaluationError if it is invalid."""
    address, slash, length = text.partition("/")
    try:
        if not slash or not length.isdigit():
            raise ValueError(text)
        return Cidr(ipaddress.ip_interface(f"{parse_ip(address).address}/{length}"))
    except (ValueError, EvaluationError) as error:
        raise EvaluationError(
            f"network address parse error during conversion from string: netip.ParsePrefix({go_quote(text)}): no '/'"
        ) from error


def network_functions() -> list[Overload]:
    """ip, cidr, and the functions of their values."""
    return [
        overload(f"ip(string) -> {_IP}", parse_ip),
        overload("isIP(string) -> bool", lambda text: _valid_ip(text)),
        overload("ip.isCanonical(string) -> bool", lambda text: str(parse_ip(text).address) == text),
        overload(f"string({_IP}) -> string", lambda ip: str(ip.address)),
        overload(f"{_IP}::family() -> int", lambda ip: ip.address.version),
        overload(f"{_IP}::isUnspecified() -> bool", lambda ip: ip.address.is_unspecified),
        overload(f"{_IP}::isLoopback() -> bool", lambda ip: ip.address.is_loopback),
        overload(f"{_IP}::isLinkLocalMulticast() -> bool", _is_link_local_multicast),
        overload(f"{_IP}::isLinkLocalUnicast() -> bool", lambda ip: ip.address.is_link_local),
        overload(f"{_IP}::isGlobalUnicast() -> bool", _is_global_unicast),
        overload(f"cidr(string) -> {_CIDR}", parse_cidr),
        overload("isCIDR(string) -> bool", lambda text: _valid_cidr(text)),
        overload(f"string({_CIDR}) -> string", lambda cidr: str(cidr.interface)),
        overload(f"{_CIDR}::containsIP({_IP}) -> bool", lambda cidr, ip: ip.address in cidr.interface.network),
        overload(
            f"{_CIDR}::containsIP(string) -> bool", lambda cidr, text: parse_ip(text).address in cidr.interface.network
        ),
        overload(f"{_CIDR}::containsCIDR({_CIDR}) -> bool", _contains_cidr),
        overload(f"{_CIDR}::containsCIDR(string) -> bool", lambda cidr, text: _contains_cidr(cidr, parse_cidr(text))),
        overload(f"{_CIDR}::ip() -> {_IP}", lambda cidr: Ip(cidr.interface.ip)),
        overload(f"{_CIDR}::prefixLength() -> int", lambda cidr: cidr.interface.network.prefixlen),
        overload(f"{_CIDR}::masked() -> {_CIDR}", _masked),
    ]


def _valid_ip(text: str) -> bool:
    try:
        parse_ip(text)
    except EvaluationError:
        return False
    return True


def _valid_cidr(text: str) -> bool:
    try:
        parse_cidr(text)
    except EvaluationError:
        return False
    return True


def _is_link_local_multicast(ip: Ip) -> bool:
    network = "224.0.0.0/24" if ip.address.version == 4 else "ff02::/16"
    return ip.address in ipaddress.ip_network(network)


def _is_global_unicast(ip: Ip) -> bool:
    address = ip.address
    return not (
        address.is_unspecified
        or address.is_loopback
        or address.is_multicast
        or address.is_link_local
        or str(address) == "255.255.255.255"
    )


def _contains_cidr(outer: Cidr, inner: Cidr) -> bool:
    if outer.interface.version != inner.interface.version:
        return False
    same_start = inner.interface.ip in outer.interface.network
    return same_start and outer.interface.network.prefixlen <= inner.interface.network.prefixlen


def _masked(cidr: Cidr) -> Cidr:
    network = cidr.interface.network
    return Cidr(ipaddress.ip_interface(f"{network.network_address}/{network.prefixlen}"))
