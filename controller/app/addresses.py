"""Addresses to listen on, as Kubernetes components write them: `:8080`, `127.0.0.1:0`, `[::1]:80`, or `0` for none."""

from __future__ import annotations


def parse_address(text: str) -> tuple[str, int] | None:
    """(host, port), or None where nothing is to be served. Raises ValueError with a sentence for people."""
    if text == "0":
        return None
    host, colon, port = text.rpartition(":")
    if not colon or not port.isdecimal() or int(port) > 65535:
        raise ValueError(f"{text!r} is not a valid address: write :8080, 127.0.0.1:8080, or 0 for none")
    return host.strip("[]"), int(port)
