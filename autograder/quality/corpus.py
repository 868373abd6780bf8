"""The fairness corpus: every function task's reference in other forms, and fillings of the right shape without substance.

Nobody writes it: it is made of the contract and the reference. A form may cost little, a filling earns nothing.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from autograder.assignment.contract import FunctionContract
from autograder.assignment.specs import ArraySpec, NamedSpec, Spec, TupleSpec, parts_of
from autograder.authoring.cases import Case
from autograder.authoring.generic import batch_axis
from autograder.checking.compare import compare
from autograder.sandbox.inside.values import Probe

Function = Callable[..., Any]
Leaf = Callable[[Any], Any]


@dataclass(frozen=True)
class Form:
    """A way of returning the right answer.

    Attributes:
        function: The reference in this form.
        keeps_gradient: Whether gradients can flow through it.
    """

    function: Function
    keeps_gradient: bool = True


def forms_of(
    contract: FunctionContract, reference: Function, case: Case | None = None, batch: str | None = None
) -> dict[str, Form]:
    """Return the reference of a function in other forms, by name; those that make sense for what it returns.

    Where a call is given, one row at a time is a form only if it gives the same there: whatever is fitted to all rows has no such form.
    `batch` is the axis along which examples lie, where the contract does not tell (`Inputs.batch`).
    """
    found = {
        "float64": Form(_each(reference, _in_float64)),
        "numpy_array": Form(_each(reference, _as_array), False),
        "list": Form(_each(reference, _as_list), False),
        "column": Form(_each(reference, lambda part: torch.as_tensor(part)[..., None])),
        "row": Form(_each(reference, lambda part: torch.as_tensor(part)[None])),
        "zero_dimensional": Form(_each(reference, _zero_dimensional)),
        "extra_output": Form(_with_more(contract, reference)),
        "in_place_on_a_copy": Form(_on_copies(reference)),
    }
    axis = batch or batch_axis(contract)
    if axis is not None and _rows_are_independent(contract, axis):
        looped = _row_by_row(contract, reference, axis)
        if case is None or not _can_be_compared(contract, case) or _alike(reference, looped, case):
            found["loop"] = Form(looped)
    return found


def fillings_of(reference: Function) -> dict[str, Function]:
    """Return functions whose results look like those of the reference and say nothing, by name."""
    fills: Mapping[str, Callable[[Any, list[Tensor]], Any]] = {
        "zeros": lambda part, given: _filled(part, 0.0),
        "ones": lambda part, given: _filled(part, 1.0),
        "constant": lambda part, given: _filled(part, -0.3),
        "noise": lambda part, given: _noise(part),
        "inputs": _copied,
        "nan": lambda part, given: _filled(part, float("nan")),
    }
    return {name: _filling(reference, fill) for name, fill in fills.items()}


def can_be_formed(returns: Spec) -> bool:
    """Whether a result is made of arrays and numbers, and of nothing that stays inside."""
    return all(
        isinstance(part, ArraySpec) or part in (NamedSpec("float"), NamedSpec("int")) for part in parts_of(returns)
    )


# --------------------------------------------------------------------------------------------------------------- forms


def _each(reference: Function, change: Leaf) -> Function:
    @functools.wraps(reference)
    def formed(*args: Any, **kwargs: Any) -> Any:
        result = reference(*args, **kwargs)
        return tuple(map(change, result)) if isinstance(result, tuple) else change(result)

    return formed


def _in_float64(part: Any) -> Any:
    return part.double() if isinstance(part, Tensor) and part.is_floating_point() else part


def _as_array(part: Any) -> Any:
    return part.detach().numpy() if isinstance(part, Tensor) else np.float64(part)


def _as_list(part: Any) -> Any:
    return part.tolist() if isinstance(part, Tensor) else [part]


def _zero_dimensional(part: Any) -> Any:
    """A number as a 0-d tensor; a tensor that holds one number only without its axes."""
    if not isinstance(part, Tensor):
        return torch.tensor(part, dtype=torch.float64)
    return part.reshape(()) if part.numel() == 1 else part


def _with_more(contract: FunctionContract, reference: Function) -> Function:
    @functools.wraps(reference)
    def formed(*args: Any, **kwargs: Any) -> Any:
        result = reference(*args, **kwargs)
        return (*result, "more") if isinstance(result, tuple) else (result, "more")

    return formed


def _on_copies(reference: Function) -> Function:
    @functools.wraps(reference)
    def formed(*args: Any, **kwargs: Any) -> Any:
        return reference(*map(_changed_copy, args), **{name: _changed_copy(value) for name, value in kwargs.items()})

    return formed


def _changed_copy(value: Any) -> Any:
    return value.clone().mul_(1) if isinstance(value, Tensor) else value


def _parts(contract: FunctionContract) -> list[Spec]:
    return list(contract.returns.items) if isinstance(contract.returns, TupleSpec) else [contract.returns]


def _rows_are_independent(contract: FunctionContract, axis: str) -> bool:
    """Whether the result is made of arrays, of which some have the batch along an axis: these can be computed row by row."""
    parts = _parts(contract)
    return all(isinstance(part, ArraySpec) for part in parts) and any(
        axis in part.dims for part in parts if isinstance(part, ArraySpec)
    )


def _can_be_compared(contract: FunctionContract, case: Case) -> bool:
    """Whether a call gives the same each time, and its arguments are what the function gets."""
    random = any(parameter.name == "generator" for parameter in contract.parameters)
    return not random and not any(isinstance(value, Probe) for value in case.arguments.values())


def _alike(one: Function, other: Function, case: Case) -> bool:
    """Whether two functions give the same parts in a call."""
    first, second = (f(**case.arguments) for f in (one, other))
    pairs = zip(*(value if isinstance(value, tuple) else (value,) for value in (first, second)), strict=True)
    return all(a.shape == b.shape and compare(b, a).agrees for a, b in pairs)


def _row_by_row(contract: FunctionContract, reference: Function, axis: str) -> Function:
    parts = [part.dims for part in _parts(contract) if isinstance(part, ArraySpec)]
    axes = {
        p.name: p.spec.dims.index(axis)
        for p in contract.parameters
        if isinstance(p.spec, ArraySpec) and axis in p.spec.dims
    }
    signature = inspect.signature(reference)

    @functools.wraps(reference)
    def formed(*args: Any, **kwargs: Any) -> Any:
        bound = signature.bind(*args, **kwargs)
        whole = {name: bound.arguments[name] for name in axes}
        rows = []
        for i in range(whole[next(iter(axes))].shape[next(iter(axes.values()))]):
            bound.arguments.update({name: value.narrow(axes[name], i, 1) for name, value in whole.items()})
            row = reference(*bound.args, **bound.kwargs)
            rows.append(row if isinstance(row, tuple) else (row,))
        joined = tuple(
            torch.cat([row[place] for row in rows], dim=dims.index(axis)) if axis in dims else rows[0][place]
            for place, dims in enumerate(parts)
        )
        return joined if isinstance(contract.returns, TupleSpec) else joined[0]

    return formed


# ------------------------------------------------------------------------------------------------------------ fillings


def _filling(reference: Function, fill: Callable[[Any, list[Tensor]], Any]) -> Function:
    @functools.wraps(reference)
    def filled(*args: Any, **kwargs: Any) -> Any:
        given = [
            value for value in (*args, *kwargs.values()) if isinstance(value, Tensor) and value.is_floating_point()
        ]
        with torch.random.fork_rng(devices=[]):
            result = reference(*args, **kwargs)  # for the shapes alone
        return tuple(fill(part, given) for part in result) if isinstance(result, tuple) else fill(result, given)

    return filled


def _filled(part: Any, number: float) -> Any:
    return torch.full_like(part, number) if isinstance(part, Tensor) else number


def _noise(part: Any) -> Any:
    """Noise with a mean and a spread of its own: noise from N(0, 1) is what some tasks ask for."""
    noise = 0.3 + 1.7 * torch.randn_like(part if isinstance(part, Tensor) else torch.zeros(()))
    return noise if isinstance(part, Tensor) else noise.item()


def _copied(part: Any, given: list[Tensor]) -> Any:
    """The first argument of the same shape; where none has it, the first argument, cut or repeated."""
    if not isinstance(part, Tensor):
        return float(given[0].flatten()[0]) if given else 0.5
    for value in given:
        if value.shape == part.shape and value.dim() > 0:
            return value.clone()
    flat = given[0].flatten()
    return flat.repeat(-(-part.numel() // max(1, flat.numel())))[: part.numel()].reshape(part.shape).to(part.dtype)


__all__ = ["Form", "can_be_formed", "fillings_of", "forms_of"]
