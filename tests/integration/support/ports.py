"""Ports of this machine."""

from __future__ import annotations

import os
import socket


def free_port(address: str = "127.0.0.1") -> int:
    """A port of that address of this machine that is free now."""
    with socket.socket() as probe:
        probe.bind((address, 0))
        port: int = probe.getsockname()[1]
        return port


def free_address() -> str:
    """`host:port` on an address of the loopback interface that no other process of the tests takes ports of."""
    host = f"127.{os.getpid() >> 8 & 255}.{os.getpid() & 255}.1"
    return f"{host}:{free_port(host)}"
