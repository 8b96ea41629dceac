"""Ports of this machine."""

from __future__ import annotations

import socket


def free_port(address: str = "127.0.0.1") -> int:
    """A port of that address of this machine that is free now."""
    with socket.socket() as probe:
        probe.bind((address, 0))
        port: int = probe.getsockname()[1]
        return port
