"""The arguments of one question: what was sent, made into what is called with, and looked at again afterwards."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import torch

from . import objects, probes
from .values import Handle, Probe, Seed

if TYPE_CHECKING:
    from .execute import Session

SELF = "self"
"""In the names of gradients: the object whose method is called."""


_equal = torch.eq
"""As it is before a submission is loaded, which may replace it, and the operators of tensors."""


class Inputs:
    """The arguments of one question: decoded once, checked for changes afterwards."""

    def __init__(self, session: Session, message: dict[str, Any]) -> None:
        self._session = session
        self.networks: dict[str, torch.nn.Module] = {}
        self._held: dict[str, Any] = {}
        names = message.get("arg_names") or [str(i) for i in range(len(message["args"]))]
        self._args = [self._decode(name, value) for name, value in zip(names, message["args"], strict=True)]
        if message.get("scattered"):
            self._args = [_scattered(value) if isinstance(value, torch.Tensor) else value for value in self._args]
        self._names = names if message.get("by_name") else None
        self._kwargs = {name: self._decode(name, value) for name, value in message.get("kwargs", {}).items()}
        self._offered: dict[str, Any] = message.get("offered", {})
        self._one_generator = bool(message.get("one_generator"))
        self._generator_of_all: torch.Generator | None = None
        self._by_name = dict(zip(names, self._args, strict=True)) | self._kwargs
        if message.get("method"):
            self._held[SELF] = session.object(message["function"])
        self._leaves = {
            key: leaf for name in message.get("gradients") or [] for key, leaf in self._named_leaves(name).items()
        }
        self._computed = {id(leaf) for leaf in self._leaves.values()} if message.get("computed") else set()
        self._before = {
            name: value.detach().clone() for name, value in self._by_name.items() if isinstance(value, torch.Tensor)
        }

    def _decode(self, name: str, value: Any) -> Any:
        if isinstance(value, Probe):
            self.networks[name] = self._network(name, value.spec)
            return self.networks[name]
        if isinstance(value, Handle):
            self._held[name] = self._session.object(value)
        return self._held[name] if isinstance(value, Handle) else self._localise(value)

    def _network(self, name: str, spec: dict[str, Any]) -> torch.nn.Module:
        """Return a network; it is the object of an earlier question where the layers are the same, as a training has one for all its
        steps: what is kept by the identity of a network, whose weights are others now, is out of date.
        """
        fresh = probes.build(spec, self._session.device)
        place = (name, *probes.look(fresh))
        known = self._session.networks.get(place)
        if known is None or not probes.take_over(known, fresh):
            self._session.networks[place] = known = fresh
        return known

    def _localise(self, value: Any) -> Any:
        """Return a value with its tensors on the device, and with the objects that its handles stand for."""
        if isinstance(value, torch.Tensor):
            return value.to(self._session.device)
        if isinstance(value, Handle):
            return self._session.object(value)
        if type(value) in (tuple, list):
            return type(value)(self._localise(item) for item in value)
        return {key: self._localise(item) for key, item in value.items()} if type(value) is dict else value

    def _named_leaves(self, name: str) -> dict[str, torch.Tensor]:
        """Return what a gradient is asked for: an argument, a network's `"network.trunk.0.bias"`, an object's `"self.*"`."""
        head, _, rest = name.partition(".")
        if rest and head in self._held:
            return objects.leaves(self._held[head], head, rest)
        if rest == objects.EVERY:
            return objects.leaves(self.networks[head], head, rest)
        if rest:
            return {name: dict(self.networks[head].named_parameters())[rest]}
        tensor: torch.Tensor = self._by_name[name]
        return {name: tensor.requires_grad_()}

    def bind(self, accepted: list[str] | None, index: int, by_name: bool = True) -> tuple[list[Any], dict[str, Any]]:
        """Return the arguments of call number `index`; offered ones only if the function takes them.

        Where the question asks for it, they are passed by their names; not to what does not take them `by_name`.
        """
        args = [self._given(value) for value in self._args]
        kwargs = {name: self._given(value) for name, value in self._kwargs.items()}
        if by_name and self._names and accepted is not None and set(self._names) <= set(accepted):
            args, kwargs = [], dict(zip(self._names, args, strict=True)) | kwargs
        for name, value in self._offered.items():
            if accepted is None or name not in accepted:
                continue
            if isinstance(value, Seed):
                value = self._generator(value.value, index)
            kwargs[name] = value
        return args, kwargs

    def _given(self, value: Any) -> Any:
        """Return an argument as a call gets it: a leaf of the graph, where the question says so, as the result of an operation."""
        return value.clone() if id(value) in self._computed else value

    def _generator(self, seed: int, index: int) -> torch.Generator:
        """Return the generator of a call: one of its own, or the one that the calls before have drawn from."""
        if self._generator_of_all is not None:
            return self._generator_of_all
        made = torch.Generator(self._session.device).manual_seed(seed + index)
        if self._one_generator:
            self._generator_of_all = made
        return made

    def gradients(self, value: Any, message: dict[str, Any]) -> dict[str, Any]:
        """Return d⟨cotangent, value⟩/d(leaf) for every leaf; None where the value does not depend on it."""
        part, cotangent = message.get("part"), message.get("cotangent")
        value = _differentiable(value if part is None else _parts(value)[part], cotangent)
        if isinstance(value, torch.Tensor) and value.requires_grad:
            weights = torch.ones_like(value) if cotangent is None else cotangent.to(value.device, value.dtype)
            total = (value * weights.reshape(value.shape)).sum()
            wanted = {name: leaf for name, leaf in self._leaves.items() if leaf.requires_grad}  # others are frozen
            found = torch.autograd.grad(total, list(wanted.values()), allow_unused=True) if wanted else ()
            return dict.fromkeys(self._leaves) | dict(zip(wanted, found, strict=True))
        return dict.fromkeys(self._leaves)

    def modified(self) -> list[str]:
        """Return the names of the tensor arguments that are not what they were."""
        return [
            name
            for name, before in self._before.items()
            if self._by_name[name].shape != before.shape
            or not torch.equal(bits(self._by_name[name].detach()), bits(before))
        ]

    def networks_and_parts(self) -> dict[str, torch.nn.Module]:
        """Return the networks that came with the question, by argument, and those that are parts of one, by `argument.part`."""
        parts = {
            f"{name}.{part}": inner
            for name, network in self.networks.items()
            for part, inner in probes.parts_of(network).items()
        }
        return self.networks | parts

    def modes(self) -> dict[str, bool]:
        """Return for every probe whether it is in training mode after the call."""
        return {name: bool(network.training) for name, network in self.networks.items()}


def _scattered(tensor: torch.Tensor) -> torch.Tensor:
    """Return the same numbers in a tensor that does not lie in one piece in memory."""
    if tensor.dim() == 0:
        return tensor
    if len(tensor) > 1 and bool(_equal(bits(tensor), bits(tensor[:1])).all()):
        return tensor[:1].expand(tensor.shape)
    if tensor.dim() > 1 and min(tensor.shape[-2:]) > 1:
        return tensor.mT.contiguous().mT
    every_second = torch.empty((*tensor.shape, 2), dtype=tensor.dtype, device=tensor.device)[..., 0]
    return every_second.copy_(tensor)


def _parts(value: Any) -> Any:
    """Return a result that has parts as one that can be indexed: a dataclass is the tuple of its fields, as in `values.simplify`."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return tuple(getattr(value, part.name) for part in dataclasses.fields(value))
    return value


def _differentiable(value: Any, cotangent: torch.Tensor | None) -> Any:
    """Return a result that came with an extra output, or as a list of tensors, as the tensor that is asked for."""
    if not isinstance(value, tuple | list) or not value or not all(isinstance(v, torch.Tensor) for v in value[:1]):
        return value
    all_of_it = value[0].numel() if type(value) is tuple else len(value) * value[0].numel()
    wanted = all_of_it if cotangent is None else cotangent.numel()
    if value[0].numel() == wanted:
        return value[0]
    alike = all(isinstance(item, torch.Tensor) and item.shape == value[0].shape for item in value)
    return torch.stack(list(value)) if alike and len(value) * value[0].numel() == wanted else value


def bits(tensor: torch.Tensor) -> torch.Tensor:
    """Return numbers that can be compared: NaN equals itself bit for bit."""
    return torch.nan_to_num(tensor, nan=12345.678) if tensor.is_floating_point() else tensor
