"""One question to a submission, answered with plain data.

`Session` holds what a loaded submission is: its modules, the functions of the contract found in them, and the objects
that stay inside (handles). It is used by the worker, and in the same way by a student's own laptop without any sandbox.
"""

from __future__ import annotations

import contextlib
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

from . import loader, objects
from .counting import Counts, counting, watch_threads
from .inputs import Inputs, bits
from .standins import Outside, standing_in
from .traces import describe_error, student_lines
from .values import EARLIER_RESULT, GRADIENT_MODE, Handle

MAX_REPEAT = 100_000
MOST_OBJECTS = 500
"""Objects that are kept at a time; the one that was not asked about for longest goes first."""
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
        networks: Those of earlier questions, by the name of the argument and what they look like.
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
        self.networks: dict[tuple[object, ...], torch.nn.Module] = {}
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
        inputs = Inputs(self, message)
        repeat = min(int(message.get("repeat") or 1), MAX_REPEAT)
        started = time.perf_counter()
        values, gradients = [], []
        accepted = _parameters(signed)
        plain = not hasattr(signed, "__wrapped__")  # vmap and singledispatch take what they decorate by position alone
        counts: Counts | None = None
        gradients_on = torch.is_grad_enabled()
        with self._standing_in(message, inputs):
            for index in range(repeat):
                if index == 0 or not message.get("one_generator"):
                    _seed_everything(message["seed"] + index)
                args, kwargs = inputs.bind(accepted, index, plain)
                if message.get("count_operations"):
                    with counting(self._is_own) as counts:
                        values.append(function(*args, **kwargs))
                else:
                    values.append(function(*args, **kwargs))
                if message.get("gradients"):
                    gradients.append(inputs.gradients(values[-1], message))
                if repeat > 1 and type(values[-1]) is torch.Tensor:
                    # the graphs of many calls, side by side, are more than a worker may hold
                    values[-1] = values[-1].detach()
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
        before, self._result = self._result, None
        with contextlib.suppress(
            Exception
        ):  # of odd tensors, which hold no numbers or cannot be compared, nothing is said
            if before is not None:
                self._written_over |= not torch.equal(bits(before[0]), bits(before[1]))
            if isinstance(value, torch.Tensor) and not value.is_meta and value.numel() <= _MOST_REMEMBERED:
                self._result = value.detach(), value.detach().clone()
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

    def _standing_in(self, message: dict[str, Any], inputs: Inputs) -> contextlib.AbstractContextManager[None]:
        """Replace the functions that the question names, while its calls are made and differentiated."""
        functions = {name: self._functions.get(name) for name in message.get("stand_ins") or []}
        if not functions or self.outside is None:
            return contextlib.nullcontext()
        return standing_in(functions, self._modules, inputs.networks_and_parts(), self.outside)

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


def _evaluating(owner: Any, function: Any) -> Any:
    """Return a function of `owner`, or a model itself, as it is asked for predictions: in evaluation mode, without a graph."""
    if isinstance(owner, torch.nn.Module):
        owner.eval()
    return torch.no_grad()(function.__call__ if isinstance(function, torch.nn.Module) else function)


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
