"""One question to a submission, answered with plain data.

`Session` holds what a loaded submission is: its modules, the functions of the contract found in them, and the objects
that stay inside (handles). It is used by the worker, and in the same way by a student's own laptop without any sandbox.
"""

from __future__ import annotations

import contextlib
import dataclasses
import inspect
import os
import random
import site
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np
import torch

from . import loader, objects, probes
from .counting import Counts, counting, watch_threads
from .standins import Outside, standing_in
from .traces import describe_error, student_lines
from .values import EARLIER_RESULT, GRADIENT_MODE, Handle, Probe, Seed

MAX_REPEAT = 100_000
MOST_OBJECTS = 500
"""Objects that are kept at a time; the one that was not asked about for longest goes first."""
SELF = "self"
"""In the names of gradients: the object whose method is called."""
_MOST_REMEMBERED = 100_000
"""Entries of a result that is looked at again after the next call."""


_PLACES = [*map(Path, (sys.base_prefix, sys.prefix, *site.getsitepackages())), *Path(__file__).parents[2:3]]
_LIBRARIES = ("<", *{f"{place}{os.sep}" for given in _PLACES for place in (given, given.resolve())})
"""What the names of files begin with that hold no code of an assignment: Python, its packages, this project, and code from text."""


class Missing(Exception):
    """The function or object that was asked for is not there."""


class Session:
    """A submission that was loaded into this process.

    Attributes:
        device: Where tensors go.
        outside: Answers what the stand-ins of a question ask; None where nobody does.
        own_modules: Whether only classes of the loaded modules make objects that stay inside; otherwise all but those of
            known libraries do.
    """

    def __init__(self) -> None:
        self._functions: dict[str, Any] = {}
        self._modules: list[str] = []
        self._files: frozenset[str] = frozenset()
        self.outside: Outside | None = None
        self._objects: dict[int, Any] = {}
        self._next_id = 1
        self.device = "cpu"
        self.own_modules = True
        self._result: tuple[torch.Tensor, torch.Tensor] | None = None
        self._written_over = False

    # ---------------------------------------------------------------------------------------------------- loading

    def provide(self, name: str, function: Any) -> dict[str, Any]:
        """Answer questions about `name` with `function`; return what loading would have said of it."""
        self._functions[name] = function
        return {"path": f"{name}.py", "also_in": [], **signature_of(function)}

    def load(self, message: dict[str, Any], on_module: Callable[[str], None]) -> dict[str, Any]:
        """Run the modules in `message["sources"]` and say which functions of `message["names"]` were found where."""
        self.device = message.get("device", "cpu")
        self._next_id = message.get("first_handle", 1)
        sources = [
            loader.Source(s["path"], s["module"], tuple((c[0], c[1]) for c in s["cells"]), s["mode"])
            for s in message["sources"]
        ]
        self._modules = [source.module.removesuffix(".__init__") for source in sources]
        self._files = frozenset(loader.file_name(source, label) for source in sources for label, _ in source.cells)
        if message.get("counting"):
            watch_threads()
        finder = loader.load(sources, message["budget"], on_module)
        found = {}
        for name, preferred in message["names"].items():
            entry = loader.locate(name, preferred, sources)
            if entry is not None:
                self._functions[name] = entry.value
                found[name] = {"path": entry.path, "also_in": list(entry.also_in), **signature_of(entry.value)}
        return {"found": found, "modules": [report.as_data() for report in finder.reports.values()]}

    # ---------------------------------------------------------------------------------------------------- calling

    def call(self, message: dict[str, Any]) -> dict[str, Any]:
        """Answer one question: see `autograder.sandbox.questions.Question` for its fields."""
        try:
            return {"type": "answer", **self._ask(message)}
        except BaseException as error:
            return {"type": "raised", **describe_error(error), "lines": student_lines(error)}

    def inspect(self, message: dict[str, Any]) -> dict[str, Any]:
        """Describe an object: see `autograder.sandbox.inspection`."""
        try:
            return {"type": "inspected", **objects.describe(self.object(message["object"]), message["state"])}
        except BaseException as error:
            return {"type": "raised", **describe_error(error), "lines": student_lines(error)}

    def _ask(self, message: dict[str, Any]) -> dict[str, Any]:
        function = signed = owner = self._function(message["function"])
        if message.get("method"):
            function, signed = objects.method_of(owner, message["method"])
        if message.get("evaluate"):
            function = _evaluating(owner, function)
            signed = signed if message.get("method") else function
        inputs = _Inputs(self, message)
        repeat = min(int(message.get("repeat") or 1), MAX_REPEAT)
        started = time.perf_counter()
        values, gradients = [], []
        accepted = _parameters(signed)
        counts: Counts | None = None
        gradients_on = torch.is_grad_enabled()
        with self._standing_in(message, inputs):
            for index in range(repeat):
                _seed_everything(message["seed"] + index)
                args, kwargs = inputs.bind(accepted, index)
                if message.get("count_operations"):
                    with counting(self._is_own) as counts:
                        values.append(function(*args, **kwargs))
                else:
                    values.append(function(*args, **kwargs))
                if message.get("gradients"):
                    gradients.append(inputs.gradients(values[-1], message))
        seconds = time.perf_counter() - started
        beyond = self._changed_beyond(values[-1], gradients_on)
        operations, lines = (None, None) if counts is None else counts.result()
        value = values[0] if repeat == 1 else _stack(values)
        # where a plain function's value is wanted, an object that cannot be called is none: it stays outside, opaque
        instances = bool(message.get("keep") or message.get("method")) or inspect.isclass(owner)
        kept = self._keep_one(value) if message.get("keep") else self._keep(value, 0, instances)
        return {
            "gradients": _stack_each(gradients),
            "value": kept,
            "modified": [*inputs.modified(), *beyond],
            "modes": inputs.modes(),
            "operations": operations,
            "lines": lines,
            "seconds": seconds,
        }

    def _changed_beyond(self, value: Any, gradients_on: bool) -> list[str]:
        """Return what of the process calls have changed that outlives them, and undo it where the next question would suffer.

        Once a call has written over the result of an earlier one, every later answer says so.
        """
        if self._result is not None:
            result, before = self._result
            self._written_over |= not torch.equal(_bits(result), _bits(before))
        small = isinstance(value, torch.Tensor) and value.layout == torch.strided and value.numel() <= _MOST_REMEMBERED
        self._result = (value.detach(), value.detach().clone()) if small else None
        changed = [EARLIER_RESULT] if self._written_over else []
        if torch.is_grad_enabled() != gradients_on:
            torch.set_grad_enabled(gradients_on)
            changed.append(GRADIENT_MODE)
        return changed

    def _is_own(self, frame: FrameType) -> bool:
        """Whether a frame runs code of the submission, or, where functions of ours were provided, of no library."""
        name = frame.f_code.co_filename
        if not self._modules:
            return not name.startswith(_LIBRARIES)
        return name in self._files or (name.startswith("<") and frame.f_globals.get("__name__") in self._modules)

    def _standing_in(self, message: dict[str, Any], inputs: _Inputs) -> contextlib.AbstractContextManager[None]:
        """Replace the functions that the question names, while its calls are made and differentiated."""
        functions = {name: self._functions[name] for name in message.get("stand_ins") or [] if name in self._functions}
        if not functions or self.outside is None:
            return contextlib.nullcontext()
        return standing_in(functions, self._modules, inputs.networks, self.outside)

    def _function(self, target: Any) -> Any:
        if isinstance(target, Handle):
            return self.object(target)
        if isinstance(target, str) and target in self._functions:
            return self._functions[target]
        raise Missing(f"{target!r} is not defined")

    def object(self, handle: Handle) -> Any:
        """Return the object that a handle stands for."""
        if handle.id not in self._objects:
            raise Missing("the object that was asked about is gone")
        self._objects[handle.id] = value = self._objects.pop(handle.id)  # the last to be let go
        return value

    def forget(self) -> None:
        """Drop every object that was kept for the trusted side."""
        self._objects.clear()

    def _keep(self, value: Any, depth: int, instances: bool) -> Any:
        """Replace objects that cannot cross, and can be called later, by handles; with `instances` the submission's own, too."""
        if depth < 8 and type(value) in (tuple, list):
            return type(value)(self._keep(item, depth + 1, instances) for item in value)
        if depth < 8 and type(value) is dict:
            return {key: self._keep(item, depth + 1, instances) for key, item in value.items()}
        modules = frozenset(self._modules) if self.own_modules else None
        return self._hold(value) if objects.stays(value, modules if instances else frozenset()) else value

    def _keep_one(self, value: Any) -> Any:
        """Replace what was asked for as an object by a handle, whatever class it is of; plain data stay what they are."""
        return self._hold(value) if objects.is_one_object(value) else self._keep(value, 0, True)

    def _hold(self, value: Any) -> Handle:
        while len(self._objects) >= MOST_OBJECTS:
            del self._objects[next(iter(self._objects))]
        self._objects[self._next_id] = value
        self._next_id += 1
        return Handle(self._next_id - 1, objects.kind_name(value))


class _Inputs:
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
        self._by_name = dict(zip(names, self._args, strict=True)) | self._kwargs
        if message.get("method"):
            self._held[SELF] = session.object(message["function"])
        self._leaves = {
            key: leaf for name in message.get("gradients") or [] for key, leaf in self._named_leaves(name).items()
        }
        self._before = {
            name: value.detach().clone() for name, value in self._by_name.items() if isinstance(value, torch.Tensor)
        }

    def _decode(self, name: str, value: Any) -> Any:
        if isinstance(value, Probe):
            self.networks[name] = probes.build(value.spec, self._session.device)
            return self.networks[name]
        if isinstance(value, Handle):
            self._held[name] = self._session.object(value)
        return self._held[name] if isinstance(value, Handle) else self._localise(value)

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

    def bind(self, accepted: list[str] | None, index: int) -> tuple[list[Any], dict[str, Any]]:
        """Return the arguments of call number `index`; offered ones only if the function takes them."""
        args, kwargs = list(self._args), dict(self._kwargs)
        if self._names and accepted is not None and set(self._names) <= set(accepted):
            args, kwargs = [], dict(zip(self._names, args, strict=True)) | kwargs
        for name, value in self._offered.items():
            if accepted is None or name not in accepted:
                continue
            if isinstance(value, Seed):
                value = torch.Generator(self._session.device).manual_seed(value.value + index)
            kwargs[name] = value
        return args, kwargs

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
            or not torch.equal(_bits(self._by_name[name].detach()), _bits(before))
        ]

    def modes(self) -> dict[str, bool]:
        """Return for every probe whether it is in training mode after the call."""
        return {name: bool(network.training) for name, network in self.networks.items()}


def _scattered(tensor: torch.Tensor) -> torch.Tensor:
    """Return the same numbers in a tensor that does not lie in one piece in memory."""
    if tensor.dim() == 0:
        return tensor
    if len(tensor) > 1 and bool((_bits(tensor) == _bits(tensor[:1])).all()):
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


def _evaluating(owner: Any, function: Any) -> Any:
    """Return a function of `owner`, or a model itself, as it is asked for predictions: in evaluation mode, without a graph."""
    if isinstance(owner, torch.nn.Module):
        owner.eval()
    return torch.no_grad()(function.__call__ if isinstance(function, torch.nn.Module) else function)


def _bits(tensor: torch.Tensor) -> torch.Tensor:
    """NaN equals itself bit for bit."""
    return torch.nan_to_num(tensor, nan=12345.678) if tensor.is_floating_point() else tensor


def _stack_each(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the gradients of the calls by name: as they are for one call, stacked for several, None if one is."""
    if len(rows) <= 1:
        return rows[0] if rows else {}
    columns = {name: [row[name] for row in rows] for name in rows[0]}
    return {name: None if any(g is None for g in column) else torch.stack(column) for name, column in columns.items()}


def _stack(values: list[Any]) -> Any:
    if all(isinstance(value, torch.Tensor) and value.shape == values[0].shape for value in values):
        return torch.stack([value.detach() for value in values])
    if all(type(value) in (int, float) for value in values):
        return torch.tensor(values, dtype=torch.float64)
    if all(isinstance(value, np.ndarray | np.generic) and value.shape == values[0].shape for value in values):
        return torch.from_numpy(np.stack(values)) if np.asarray(values[0]).dtype.kind in "fiub" else values
    return values


def _seed_everything(seed: int) -> None:
    random.seed(seed)
    np.random.seed(seed % 2**32)
    torch.default_generator.manual_seed(seed)  # torch.manual_seed formats a stack trace for devices that are not there
    if torch.cuda.is_initialized():  # type: ignore[no-untyped-call]
        torch.cuda.manual_seed_all(seed)


def _parameters(function: Any) -> list[str] | None:
    """Return the names that `function` can be given. `**kwargs` is not one: what it passes on to may not take the name."""
    try:
        parameters = _signature(function).parameters.values()
    except (TypeError, ValueError):
        return None
    by_name = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    return [parameter.name for parameter in parameters if parameter.kind in by_name]


def _signature(function: Any) -> inspect.Signature:
    """Return a signature; `inspect` takes the first parameter off a class or static method that is an object's `__call__`."""
    call = inspect.getattr_static(type(function), "__call__", None)
    return inspect.signature(function.__call__ if isinstance(call, classmethod | staticmethod) else function)


def signature_of(value: Any) -> dict[str, Any]:
    """Describe what can be called and how, as plain data: kind, and parameters as (name, kind, has default)."""
    kind = "class" if inspect.isclass(value) else "function" if callable(value) else "value"
    try:
        signature = _signature(value)
    except (TypeError, ValueError):
        return {"kind": kind, "parameters": None}
    return {
        "kind": kind,
        "parameters": [
            [p.name, p.kind.name, p.default is not inspect.Parameter.empty] for p in signature.parameters.values()
        ][:100],
    }
