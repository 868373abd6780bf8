"""Probes: known networks, built inside the sandbox from weights that were sent as data.

A probe is described by `{"layers": [...], "heads": [[...], ...], "eval": bool}`; the exact answer for such a network is known
outside. Layers: `{"op": "affine", "weight": (out, in), "bias": (out,)}`, `{"op": "tanh" | "relu" | "sigmoid" | "square" | "flatten"}`,
`{"op": "logsumexp"}` (over the last axis, which goes), `{"op": "dropout", "p": float}`, `{"op": "batch_norm", "mean": (n,), "var": (n,)}`
(what it has seen so far). With heads the result is a tuple, one entry per head, applied to the trunk's output. With
`{"parts": {name: {...}}}` the probe is a model that has a network under every name, and is called by these names only: `model.name(x)`.
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


class Square(nn.Module):
    """x ↦ x², entry by entry."""

    def forward(self, x: Tensor) -> Tensor:
        """Apply the map."""
        return x.square()


class LogSumExp(nn.Module):
    """x ↦ log Σ e^x over the last axis."""

    def forward(self, x: Tensor) -> Tensor:
        """Apply the map."""
        return torch.logsumexp(x, dim=-1)


def _layer(spec: dict[str, Any]) -> nn.Module:
    op = spec["op"]
    if op == "affine":
        return Affine(spec["weight"], spec["bias"])
    if op == "dropout":
        return nn.Dropout(spec["p"])
    if op == "batch_norm":
        return _batch_norm(spec["mean"], spec["var"])
    return _KINDS[op]()


_KINDS: dict[str, type[nn.Module]] = {
    "tanh": nn.Tanh,
    "relu": nn.ReLU,
    "sigmoid": nn.Sigmoid,
    "square": Square,
    "flatten": nn.Flatten,
    "logsumexp": LogSumExp,
}


def _batch_norm(mean: Tensor, var: Tensor) -> nn.Module:
    layer = nn.BatchNorm1d(len(mean), affine=False, dtype=mean.dtype)
    assert layer.running_mean is not None
    assert layer.running_var is not None
    layer.running_mean.copy_(mean)
    layer.running_var.copy_(var)
    return layer


class ProbeNetwork(nn.Module):
    """The network of a probe's description."""

    def __init__(self, spec: dict[str, Any]) -> None:
        super().__init__()
        self.trunk = nn.Sequential(*[_layer(layer) for layer in spec.get("layers", [])])
        self.heads = nn.ModuleList(nn.Sequential(*[_layer(layer) for layer in head]) for head in spec.get("heads", []))
        for name, part in spec.get("parts", {}).items():
            self.add_module(name, ProbeNetwork(part))

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


def parts_of(network: nn.Module) -> dict[str, nn.Module]:
    """Return the networks that a model has under names of its own."""
    return {name: part for name, part in network.named_children() if isinstance(part, ProbeNetwork)}


def look(network: nn.Module) -> tuple[object, ...]:
    """Return what networks have in common that differ in their weights alone: layers, hooks, shapes and dtypes."""
    hooks = sum(len(layer._forward_hooks) + len(layer._forward_pre_hooks) for layer in network.modules())
    return repr(network), hooks, *((name, value.shape, value.dtype) for name, value in network.named_parameters())


def take_over(known: nn.Module, fresh: ProbeNetwork) -> bool:
    """Give a network the weights and the mode of another one, as a step of training does, and say whether that went: not where the
    layers are others, or where a submission has put something else in their place.
    """
    if look(known) != look(fresh) or vars(known).keys() != vars(fresh).keys():
        return False
    for own, new in zip(known.parameters(), fresh.parameters(), strict=True):
        own.requires_grad_(True).grad = None
        own.data.copy_(new.data)
    for seen, now in zip(known.buffers(), fresh.buffers(), strict=True):
        seen.copy_(now)
    known.train(fresh.training)
    return True
