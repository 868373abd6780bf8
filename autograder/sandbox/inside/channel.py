"""Frames over a stream socket, for the sandbox's end of the channel."""

from __future__ import annotations

import socket
from typing import Any

from . import wire


def receive(channel: socket.socket) -> dict[str, Any] | None:
    """Return the next message, or None when the other side has closed the channel."""
    header = _exactly(channel, wire.HEADER.size)
    if header is None:
        return None
    payload = _exactly(channel, wire.HEADER.unpack(header)[0])
    return None if payload is None else wire.decode(payload)


def send(channel: socket.socket, message: dict[str, Any]) -> None:
    """Send `message` as one frame."""
    channel.sendall(wire.encode(message))


def _exactly(channel: socket.socket, count: int) -> bytes | None:
    buffer = bytearray(count)
    view, have = memoryview(buffer), 0
    while have < count:
        got = channel.recv_into(view[have:])
        if got == 0:
            return None
        have += got
    return bytes(buffer)
