"""Objects that stay inside: which ones do, how their methods are found, and what they look like as plain data.

Names of parameters and methods are the student's. They cross in a printable form and in bounded numbers, so that whoever
reads them outside may refuse everything else.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Collection, Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor

from .traces import NoSuchMethod
from .values import MAX_DIMS, TORCH_DTYPES, Handle, Opaque, simplify

MOST_NAMES = 500
"""Parameters, buffers and entries of a state that are looked at."""
LONGEST_NAME = 200
MOST_METHODS = 100
MOST_BASES = 20
EVERY = "*"
"""Asked for in place of a parameter's name: all of them."""
_OF_LIBRARIES = frozenset({*sys.stdlib_module_names, "torch", "numpy", "scipy", "sklearn"})
_DATA = (Tensor, np.ndarray, np.generic, Handle, Opaque, bool, int, float, str, bytes, tuple, list, dict)


def stays(value: Any, modules: Collection[str] | None) -> bool:
    """Whether an object stays inside as a handle: it can be called, or is an instance of a class of the submission.

    Args:
        value: What a question returned.
        modules: Names of the submission's modules; None where every class counts that is of no known library.
    """
    if value is None or isinstance(value, _DATA):
        return False
    if callable(value) or isinstance(value, torch.nn.Module):
        return True
    home = type(value).__module__
    if type(home) is not str:
        return False
    return home.partition(".")[0] not in _OF_LIBRARIES if modules is None else home in modules


def is_one_object(value: Any) -> bool:
    """Whether what was asked for as an object can be one: everything but the data of Python, torch and numpy itself.

    A named tuple or a dictionary of the student's own class is an object; a tuple is two results.
    """
    if value is None or isinstance(value, Tensor | np.ndarray | np.generic | Handle | Opaque):
        return False
    return type(value) not in _DATA


def method_of(owner: Any, name: str) -> tuple[Callable[..., Any], Any]:
    """Return method `name` of an object, and what to read its signature from.

    `forward` of a module is called through the module itself, so that hooks run; so is that of an object which can only
    be called.

    Raises:
        NoSuchMethod: There is none.
    """
    missing = object()
    found = getattr(owner, name, missing)
    if name == "forward" and callable(owner) and (found is missing or isinstance(owner, torch.nn.Module)):
        return owner.__call__, owner if found is missing else found
    if found is missing:
        raise NoSuchMethod(f"not defined: an object of type {kind_name(owner)} has no method `{name}`")
    if not callable(found):
        raise NoSuchMethod(f"not a method: `{name}` is an attribute of type {kind_name(found)}")
    return found, found


def kind_name(value: Any) -> str:
    """Return the name of an object's type, printable and of bounded length."""
    return _name_of(type(value))


def _name_of(kind: type) -> str:
    """Return a class's name below what its metaclass may have put in its place."""
    return printable(type.__dict__["__name__"].__get__(kind))


def printable(text: Any) -> str:
    """Return a name without characters that print as something else, cut to `LONGEST_NAME`."""
    shown = text[:LONGEST_NAME] if type(text) is str else "?"
    return "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in shown)


# ------------------------------------------------------------------------------------------------------ parameters


def parameters_of(owner: Any) -> dict[str, Tensor]:
    """Return the parameters of an object by name: a module's own, or those found in the attributes of another object."""
    if isinstance(owner, torch.nn.Module):
        return _tensors(owner.named_parameters())
    return _tensors(_in_attributes(owner))


def _in_attributes(owner: Any) -> Iterator[tuple[str, Any]]:
    for name, value in _attributes(owner).items():
        if isinstance(value, torch.nn.Module):
            yield from ((f"{name}.{inner}", parameter) for inner, parameter in value.named_parameters())
        elif isinstance(value, Tensor) and value.requires_grad and value.is_leaf:
            yield name, value


def _attributes(owner: Any) -> dict[str, Any]:
    found = getattr(owner, "__dict__", None)
    return dict(found) if isinstance(found, dict) else {}


def _tensors(pairs: Any) -> dict[str, Tensor]:
    """Return the first tensors among (name, value) pairs, one more than may cross: whether there are more is seen by that."""
    found: dict[str, Tensor] = {}
    for name, value in pairs:
        if type(name) is str and isinstance(value, Tensor):
            found.setdefault(printable(name), value)
        if len(found) > MOST_NAMES:
            break
    return found


def leaves(owner: Any, head: str, rest: str) -> dict[str, Tensor]:
    """Return the tensors that `"head.rest"` asks gradients for: one parameter, or all of them where `rest` is `EVERY`.

    Raises:
        LookupError: The object has no parameter of that name.
    """
    found = parameters_of(owner)
    if rest == EVERY:
        return {f"{head}.{name}": value for name, value in list(found.items())[:MOST_NAMES]}
    if rest not in found:
        raise LookupError(f"an object of type {kind_name(owner)} has no parameter {rest!r}")
    return {f"{head}.{rest}": found[rest]}


# ----------------------------------------------------------------------------------------------------- description


def describe(owner: Any, state: bool) -> dict[str, Any]:
    """Return what an object looks like, as plain data; see `sandbox.inspection.Inspected`."""
    parameters = parameters_of(owner)
    buffers = _tensors(owner.named_buffers()) if isinstance(owner, torch.nn.Module) else {}
    held = _state_of(owner) if state else {}
    return {
        "type_name": kind_name(owner),
        "bases": [_name_of(base) for base in type(owner).__mro__[1 : MOST_BASES + 1]],
        "parameters": [_entry(name, value) for name, value in list(parameters.items())[:MOST_NAMES]],
        "buffers": [_entry(name, value) for name, value in list(buffers.items())[:MOST_NAMES]],
        "state": dict(list(held.items())[:MOST_NAMES]) if state else None,
        "methods": _methods_of(owner),
        "complete": all(len(found) <= MOST_NAMES for found in (parameters, buffers, held)),
    }


def _entry(name: str, value: Tensor) -> list[Any]:
    names = {dtype: known for known, dtype in TORCH_DTYPES.items()}
    lazy = torch.nn.parameter.is_lazy(value)
    shape = [] if lazy else [int(size) for size in value.shape[:MAX_DIMS]]
    return [name, shape, bool(value.requires_grad), names.get(value.dtype, "other")]


def _state_of(owner: Any) -> dict[str, Tensor]:
    if callable(getattr(owner, "state_dict", None)):
        held = owner.state_dict()
        pairs = list(held.items()) if isinstance(held, dict) else []
    else:
        pairs = [(name, value) for name, value in _attributes(owner).items() if isinstance(value, Tensor)]
    dense = ((name, simplify(value)) for name, value in pairs if isinstance(value, Tensor))
    return _tensors(dense)


def _methods_of(owner: Any) -> list[str]:
    """Return the public methods that the submission's own classes define."""
    found = set()
    for base in type(owner).__mro__:
        if str(base.__module__).partition(".")[0] in _OF_LIBRARIES:
            continue
        for name, value in vars(base).items():
            if not name.startswith("_") and (inspect.isroutine(value) or isinstance(value, staticmethod | classmethod)):
                found.add(printable(name))
    return sorted(found)[:MOST_METHODS]
