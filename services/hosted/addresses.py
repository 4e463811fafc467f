"""Finds the machine's own address, for browsers on the same machine: Asterisk never offers loopback as an ICE candidate by
itself.
"""

from __future__ import annotations

import socket

_FAR = ("192.0.2.1", 9)  # RFC 5737, TEST-NET-1: never answered, and nothing is sent


def own_address() -> str:
    """The address this machine has towards the world, '' without one."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as door:
        try:
            door.connect(_FAR)
        except OSError:
            return ""
        return str(door.getsockname()[0])
