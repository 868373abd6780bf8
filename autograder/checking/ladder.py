"""The ladder: what is asked of every answer before its value is looked at. Pure functions that raise `CheckFailed`.

defined → importable → signature → returns → type → dtype → shape → finite → inputs untouched. A broken rung of form (another dtype,
an array or list for a tensor, axes of size 1, more than was asked for) is noted, the answer is coerced, and the climb goes on; the
first broken rung of substance ends it and is the one that is named.
"""

from __future__ import annotations

import math
import re
from collections.abc import Container, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor

from autograder.assignment.contract import FunctionContract
from autograder.assignment.specs import (
    NONE,
    ArraySpec,
    DictSpec,
    EitherSpec,
    ListSpec,
    NamedSpec,
    Sizes,
    Spec,
    TupleSpec,
    expected_shape,
)
from autograder.authoring.failures import CheckFailed
from autograder.checking import describe
from autograder.checking.coercion import FormFault, as_number, as_tensor, in_kind, in_shape
from autograder.outcomes import FailureKind
from autograder.sandbox.inside.values import Handle
from autograder.sandbox.questions import FoundFunction, LoadReport

_NOT_COLLABORATORS = frozenset({"Any", "None", "Path", "Self", "Tensor"})
_SYNTAX = re.compile(r"^(?:[^:]*: )?(?:SyntaxError|IndentationError|TabError): ")
_POSITIONAL = ("POSITIONAL_ONLY", "POSITIONAL_OR_KEYWORD")


def require_found(contract: FunctionContract, report: LoadReport) -> FoundFunction:
    """Rungs 1 and 2: the function is defined, and the module it should be in could be run."""
    name, file = contract.name, f"{contract.module}.py"
    found = report.found.get(name)
    if found is not None:
        if found.kind == "value":
            raise CheckFailed(FailureKind.SIGNATURE, f"`{name}` in {found.path} is not a function")
        return found
    for path, why in report.excluded.items():
        if _stem(path) == contract.module:
            raise CheckFailed(FailureKind.IMPORT, f"{path} could not be loaded: {why}")
    for path, (why, lines) in report.failures.items():
        if _stem(path) == contract.module:
            if _SYNTAX.search(why):
                message = f"{path} cannot be run: {why}"
                raise CheckFailed(FailureKind.IMPORT, message, lines=lines, brief="syntax error")
            message = f"{path} stopped while it was loaded, before this was defined: {why}"
            raise CheckFailed(FailureKind.IMPORT, message, lines=lines)
    message = f"`{name}` is not defined in {file}, nor in any other file of the submission"
    raise CheckFailed(FailureKind.MISSING, message, help=f"Its signature is `{contract.text}`.")


def _stem(path: str) -> str:
    return path.rsplit("/", 1)[-1].rsplit(".", 1)[0]


def require_signature(contract: FunctionContract, found: FoundFunction) -> None:
    """Rung 3: it can be called the way the contract says. Names of positional parameters are the student's business."""
    if found.parameters is None or any(kind == "VAR_POSITIONAL" for _, kind, _ in found.parameters):
        return
    ours = [p for p in contract.parameters if not p.keyword_only and p.name != "generator"]
    theirs = [(name, default) for name, kind, default in found.parameters if kind in _POSITIONAL]
    rest = [(name, default) for name, default in theirs if name != "generator"]
    required = sum(not default for _, default in rest)
    shown = f"({', '.join(name for name, _, _ in found.parameters)})"
    if not required <= len(ours) <= len(rest):
        message = f"`{contract.name}` takes {len(ours)} arguments ({', '.join(p.name for p in ours)}), yours is {shown}"
        raise CheckFailed(FailureKind.SIGNATURE, message, help=f"The signature is `{contract.text}`.")
    names = {name for name, kind, _ in found.parameters}
    if any(kind == "VAR_KEYWORD" for _, kind, _ in found.parameters):
        return
    for parameter in contract.parameters:
        if parameter.keyword_only and parameter.name != "generator" and parameter.name not in names:
            message = f"`{contract.name}` must take the keyword argument `{parameter.name}`, yours is {shown}"
            raise CheckFailed(FailureKind.SIGNATURE, message, help=f"The signature is `{contract.text}`.")


@dataclass(frozen=True)
class Climbed:
    """An answer at the top of the ladder.

    Attributes:
        value: It, in the form that was asked for.
        forms: What of its form had to be undone.
    """

    value: Any
    forms: tuple[FormFault, ...]


def require_returns(
    value: Any,
    spec: Spec,
    sizes: Mapping[str, int | tuple[int, ...]],
    dtype: torch.dtype | None,
    *,
    finite: bool = True,
    what: str = "the result",
    objects: Container[str] = (),
) -> Climbed:
    """Rungs 4 to 8: type, dtype, shape and finiteness of what came back.

    Args:
        value: The decoded answer.
        spec: What the contract says.
        sizes: Sizes of the axes that the arguments fix; one that they do not may have any size, the same in all parts.
        dtype: Dtype of the floating point inputs, which floating point results share; None to leave it open.
        finite: Whether every number must be finite.
        what: How the value is called in messages.
        objects: Names of the contract's classes: what is annotated as one is an object that stays in the sandbox.

    Raises:
        CheckFailed: A rung of substance is broken.
    """
    climb = _Climb(dict(sizes), dtype, finite, objects)
    coerced = climb.require(value, spec, what)
    return Climbed(coerced, tuple(climb.forms))


@dataclass
class _Climb:
    """One climb through the parts of a result. Every step returns its part in the form that is asked for.

    Attributes:
        sizes: Sizes of the axes, to which the parts add those that nothing fixed before.
        forms: What of the form had to be undone so far.
    """

    sizes: Sizes
    dtype: torch.dtype | None
    finite: bool
    objects: Container[str]
    forms: list[FormFault] = field(default_factory=list)

    def require(self, value: Any, spec: Spec, what: str) -> Any:
        """Require that a value, or a part of it, is what a specification says."""
        if isinstance(spec, EitherSpec):
            return self._one_of(value, spec, what)
        if isinstance(spec, ArraySpec):
            return self._tensor(value, spec, what)
        if isinstance(spec, NamedSpec):
            return self._named(value, spec, what)
        if isinstance(spec, DictSpec):
            return self._dict(value, spec, what)
        return self._items(value, spec, what)

    def _note(self, name: str, message: str) -> None:
        if name not in {fault.name for fault in self.forms}:
            self.forms.append(FormFault(name, message))

    def _items(self, value: Any, spec: TupleSpec | ListSpec, what: str) -> Any:
        count = len(spec.items) if isinstance(spec, TupleSpec) else None
        if not isinstance(value, tuple | list) or (count is not None and len(value) < count):
            raise _not(value, spec, what)
        if count is not None and len(value) > count:
            self._note("extra_output", f"{what} has {len(value)} parts, {count} are asked for: the first were judged")
            value = type(value)(value[:count])
        items = spec.items if isinstance(spec, TupleSpec) else (spec.item,) * len(value)
        part = "part" if isinstance(spec, TupleSpec) else "entry"
        inside = [
            self.require(item, inner, f"{part} {position + 1} of {what}")
            for position, (item, inner) in enumerate(zip(value, items, strict=True))
        ]
        return inside if isinstance(value, list) else tuple(inside)

    def _dict(self, value: Any, spec: DictSpec, what: str) -> Any:
        if not isinstance(value, dict):
            raise _not(value, spec, what)
        wanted = int if spec.key == "int" else str
        for key in value:
            if type(key) is not wanted:
                raise CheckFailed(
                    FailureKind.CONTRACT, f"the keys of {what} should be {wanted.__name__}, but one is {key_text(key)}"
                )
        return {
            key: self.require(item, spec.value, f"the entry {key_text(key)} of {what}") for key, item in value.items()
        }

    def _one_of(self, value: Any, spec: EitherSpec, what: str) -> Any:
        """Climb with the options of the value's kind; the first of them is the one that is named where none fits."""
        if value is None and NONE in spec.options:
            return None
        options = [option for option in spec.options if _fits(value, option)]
        if not options:
            options = [option for option in spec.options if isinstance(option, NamedSpec) and option != NONE]
        if not options and isinstance(value, np.ndarray | list | tuple | int | float):
            options = [option for option in spec.options if isinstance(option, ArraySpec)]
        if value is None or not options:
            raise _not(value, spec, what)
        failures = []
        before, noted = dict(self.sizes), list(self.forms)
        for option in options:
            try:
                return self.require(value, option, what)
            except CheckFailed as failure:
                failures.append(failure)
                self.sizes, self.forms = dict(before), list(noted)
        raise failures[0]

    def _tensor(self, value: Any, spec: ArraySpec, what: str) -> Tensor:
        tensor, was = as_tensor(value, spec, self.sizes)
        if isinstance(tensor, np.ndarray):  # an extra output beside an array
            self._note(was, f"{what} is {describe.kind_of(value)}, not {spec}: its first entry was judged")
            tensor, was = as_tensor(tensor, spec, self.sizes)
        if not isinstance(tensor, Tensor):
            raise _not(value, spec, what)
        kind = tensor.dtype
        if spec.kind != "Shaped" and (spec.kind == "Float") != kind.is_floating_point:
            converted = in_kind(tensor, spec.kind)
            if converted is None:
                raise _not(value, spec, what)
            tensor = converted
        shaped = in_shape(tensor, spec, self.sizes)
        if shaped is None:
            raise self._of_another_shape(tensor, spec, what)
        if was == "extra_output":
            self._note(was, f"{what} is {describe.kind_of(value)}, not {spec}: its first entry was judged")
        elif was:
            self._note(was, f"{what} should be {spec}, but is {describe.kind_of(value)}")
        self._note_dtype(kind, tensor, spec, what, numbers=was in ("python_list", "python_number"))
        if shaped[0].shape != tensor.shape:
            want = tuple(shaped[0].shape)
            message = f"{what} has shape {tuple(tensor.shape)}, but should have {spec.symbols()} = {want}"
            self._note("size_one_axis", message)
        tensor, self.sizes = shaped
        if self.finite and tensor.dtype.is_floating_point and not bool(tensor.isfinite().all()):
            bad = int((~tensor.isfinite()).sum())
            message = f"{what} holds {bad} entries that are NaN or infinite, of {tensor.numel()}"
            raise CheckFailed(FailureKind.VALUE, message, brief="not finite")
        return tensor

    def _note_dtype(self, was: torch.dtype, tensor: Tensor, spec: ArraySpec, what: str, *, numbers: bool) -> None:
        """Note another dtype than asked for; numbers of Python have none of their own."""
        if numbers:
            return
        if was != tensor.dtype:
            message = f"{what} has dtype {_name(was)}, but should be {spec}"
        elif tensor.dtype.is_floating_point and self.dtype is not None and was != self.dtype:
            message = (
                f"{what} has dtype {_name(was)}, but the inputs have {_name(self.dtype)}: "
                "results keep the dtype of the inputs"
            )
        else:
            return
        self._note("other_dtype", message)

    def _of_another_shape(self, tensor: Tensor, spec: ArraySpec, what: str) -> CheckFailed:
        sizes = ["?" if n is None else str(n) for n in expected_shape(spec, self.sizes)]
        shape = f"({sizes[0]},)" if len(sizes) == 1 else f"({', '.join(sizes)})"
        message = f"{what} has shape {tuple(tensor.shape)}, but should have {spec.symbols()} = {shape}"
        return CheckFailed(FailureKind.CONTRACT, message)

    def _named(self, value: Any, spec: NamedSpec, what: str) -> Any:
        if spec.name in ("float", "int"):
            return self._number(value, spec, what)
        if spec.name in self.objects and not isinstance(value, Handle):
            raise CheckFailed(FailureKind.CONTRACT, f"{what} should be a {spec}, but is {describe.kind_of(value)}")
        if _is_collaborator(spec.name) and not isinstance(value, Handle):
            message = f"{what} should be something that can be called (a model), but is {describe.kind_of(value)}"
            raise CheckFailed(FailureKind.CONTRACT, message)
        if spec.name.startswith("dict") and not isinstance(value, dict):
            raise CheckFailed(FailureKind.CONTRACT, f"{what} should be a dict, but is {describe.kind_of(value)}")
        return value

    def _number(self, value: Any, spec: NamedSpec, what: str) -> Any:
        if type(value) is tuple and len(value) > 1:
            self._note("extra_output", f"{what} is {describe.kind_of(value)}, not {spec}: its first entry was judged")
            value = value[0]
        single, was = as_number(value)
        number = single
        if (isinstance(single, Tensor) and single.dim() == 0) or (
            getattr(single, "shape", None) == () and hasattr(single, "item")
        ):
            number = single.item()
        if isinstance(number, bool) or not isinstance(number, int | float):
            raise _not(value, spec, what)
        if self.finite and not math.isfinite(number):
            raise CheckFailed(FailureKind.VALUE, f"{what} is {number}", brief="not finite")
        if was:
            self._note(was, f"{what} should be {spec}, but is {describe.kind_of(value)}")
        return single


def _name(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")


def _not(value: Any, spec: Spec, what: str) -> CheckFailed:
    return CheckFailed(FailureKind.CONTRACT, f"{what} should be {spec}, but is {describe.kind_of(value)}")


def _fits(value: Any, spec: Spec) -> bool:
    """Whether a value is of the kind of an option, whatever is wrong with it otherwise."""
    if isinstance(value, Tensor):
        return isinstance(spec, ArraySpec)
    if isinstance(value, dict):
        return isinstance(spec, DictSpec) or (isinstance(spec, NamedSpec) and spec.name.startswith("dict"))
    if isinstance(value, tuple | list):
        return isinstance(spec, TupleSpec | ListSpec)
    return isinstance(spec, NamedSpec) and spec != NONE


def _is_collaborator(name: str) -> bool:
    """Whether a name is that of a function or model of the assignment, rather than Python's or a library's."""
    return name.isidentifier() and name[:1].isupper() and name not in _NOT_COLLABORATORS


def key_text(key: Any) -> str:
    """Return a key of a dictionary as messages have it, cut to a sane length."""
    return repr(key)[:60]
