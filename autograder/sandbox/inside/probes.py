"""Probes: known networks, built inside the sandbox from weights that were sent as data.

A probe is described by `{"layers": [...], "heads": [[...], ...], "eval": bool}`; the exact answer for such a network is
known outside. Layers: `{"op": "affine", "weight": (out, in), "bias": (out,)}`, `{"op": "tanh" | "relu" | "sigmoid" | "flatten"}`,
`{"op": "dropout", "p": float}`. With heads the result is a tuple, one entry per head, applied to the trunk's output.
The same code builds the probe in the trusted process, where the reference uses it.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn


class Affine(nn.Module):
    """x ↦ x Wᵀ + b on the last axis, for any number of leading axes."""

    def __init__(self, weight: Tensor, bias: Tensor) -> None:
        super().__init__()
        self.weight = nn.Parameter(weight.clone())
        self.bias = nn.Parameter(bias.clone())

    def forward(self, x: Tensor) -> Tensor:
        """Apply the map."""
        return nn.functional.linear(x, self.weight, self.bias)


def _layer(spec: dict[str, Any]) -> nn.Module:
    op = spec["op"]
    if op == "affine":
        return Affine(spec["weight"], spec["bias"])
    if op == "dropout":
        return nn.Dropout(spec["p"])
    kinds: dict[str, type[nn.Module]] = {"tanh": nn.Tanh, "relu": nn.ReLU, "sigmoid": nn.Sigmoid, "flatten": nn.Flatten}
    return kinds[op]()


class ProbeNetwork(nn.Module):
    """The network of a probe's description."""

    def __init__(self, spec: dict[str, Any]) -> None:
        super().__init__()
        self.trunk = nn.Sequential(*[_layer(layer) for layer in spec.get("layers", [])])
        self.heads = nn.ModuleList(nn.Sequential(*[_layer(layer) for layer in head]) for head in spec.get("heads", []))

    def forward(self, x: Tensor) -> Tensor | tuple[Tensor, ...]:
        """Return the trunk's output, or one output per head."""
        hidden = _through(self.trunk, x)
        return tuple(_through(head, hidden) for head in self.heads) if len(self.heads) else hidden


def _through(layers: Any, hidden: Tensor) -> Tensor:
    """Apply one layer after the other; calling the `Sequential` itself would cost as much as a small layer."""
    for layer in layers:
        hidden = layer(hidden)
    return hidden


def build(spec: dict[str, Any], device: str = "cpu") -> ProbeNetwork:
    """Return the network that `spec` describes, in training mode as a fresh `nn.Module` is, unless `spec["eval"]`."""
    network = ProbeNetwork(spec).to(torch.device(device))
    return network.eval() if spec.get("eval") else network
