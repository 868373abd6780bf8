"""Tensors between a submission's own processes (a DataLoader's workers), where they cannot share memory.

torch passes the descriptor of shared memory through a socket with a name. Without a network namespace no such socket can be
made, so tensors travel as bytes.
"""

from __future__ import annotations

import io
from multiprocessing.reduction import ForkingPickler
from typing import Any

import torch


def share_by_value() -> None:
    """From now on, send tensors as bytes."""
    for kind in (torch.Tensor, torch.nn.Parameter):
        ForkingPickler.register(kind, _packed)


def _packed(tensor: torch.Tensor) -> tuple[Any, tuple[bytes]]:
    buffer = io.BytesIO()
    torch.save(tensor, buffer)
    return _unpacked, (buffer.getvalue(),)


def _unpacked(content: bytes) -> Any:
    return torch.load(io.BytesIO(content), weights_only=True)
