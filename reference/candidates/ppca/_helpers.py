"""What candidates of several tasks about probabilistic PCA are made of."""

import torch
from torch import Tensor


def eye(n: int, like: Tensor) -> Tensor:
    """The identity, in the dtype and on the device of a tensor."""
    return torch.eye(n, dtype=like.dtype, device=like.device)


def scalar(sigma2: float | Tensor, like: Tensor) -> Tensor:
    """A number as a tensor, in the dtype and on the device of another."""
    return torch.as_tensor(sigma2, dtype=like.dtype, device=like.device)
