"""The ladder: what is asked of every answer before its value is looked at. Pure functions that raise `CheckFailed`.

defined → importable → signature → returns → type → dtype → shape → finite → inputs untouched. The first broken rung ends the
climb and is the one that is named.
"""

from __future__ import annotations

import math
from collections.abc import Container, Mapping
from dataclasses import dataclass
from typing import Any

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
    match_shape,
)
from autograder.authoring.failures import CheckFailed
from autograder.checking import describe
from autograder.outcomes import FailureKind
from autograder.sandbox.inside.values import Handle
from autograder.sandbox.questions import FoundFunction, LoadReport

_NOT_COLLABORATORS = frozenset({"Any", "None", "Path", "Self", "Tensor"})
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
            message = f"{path} stopped while it was loaded, and `{name}` is not defined in it: {why}"
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


def require_returns(
    value: Any,
    spec: Spec,
    sizes: Mapping[str, int | tuple[int, ...]],
    dtype: torch.dtype | None,
    *,
    finite: bool = True,
    what: str = "the result",
    objects: Container[str] = (),
) -> None:
    """Rungs 4 to 8: type, dtype, shape and finiteness of what came back.

    Args:
        value: The decoded answer.
        spec: What the contract says.
        sizes: Sizes of the axes that the arguments fix; one that they do not may have any size, the same in all parts.
        dtype: Dtype of the floating point inputs, which floating point results share; None to leave it open.
        finite: Whether every number must be finite.
        what: How the value is called in messages.
        objects: Names of the contract's classes: what is annotated as one is an object that stays in the sandbox.
    """
    _Climb(dict(sizes), dtype, finite, objects).require(value, spec, what)


@dataclass
class _Climb:
    """One climb through the parts of a result.

    Attributes:
        sizes: Sizes of the axes, to which the parts add those that nothing fixed before.
    """

    sizes: Sizes
    dtype: torch.dtype | None
    finite: bool
    objects: Container[str]

    def require(self, value: Any, spec: Spec, what: str) -> None:
        """Require that a value, or a part of it, is what a specification says."""
        if isinstance(spec, EitherSpec):
            self._one_of(value, spec, what)
        elif isinstance(spec, ArraySpec):
            self._tensor(value, spec, what)
        elif isinstance(spec, NamedSpec):
            self._named(value, spec, what)
        elif isinstance(spec, DictSpec):
            self._dict(value, spec, what)
        else:
            self._items(value, spec, what)

    def _items(self, value: Any, spec: TupleSpec | ListSpec, what: str) -> None:
        count = len(spec.items) if isinstance(spec, TupleSpec) else None
        if not isinstance(value, tuple | list) or (count is not None and len(value) != count):
            raise _not(value, spec, what)
        items = spec.items if isinstance(spec, TupleSpec) else (spec.item,) * len(value)
        part = "part" if isinstance(spec, TupleSpec) else "entry"
        for position, (item, inner) in enumerate(zip(value, items, strict=True)):
            self.require(item, inner, f"{part} {position + 1} of {what}")

    def _dict(self, value: Any, spec: DictSpec, what: str) -> None:
        if not isinstance(value, dict):
            raise _not(value, spec, what)
        wanted = int if spec.key == "int" else str
        for key, item in value.items():
            if type(key) is not wanted:
                raise CheckFailed(
                    FailureKind.CONTRACT, f"the keys of {what} should be {wanted.__name__}, but one is {key_text(key)}"
                )
            self.require(item, spec.value, f"the entry {key_text(key)} of {what}")

    def _one_of(self, value: Any, spec: EitherSpec, what: str) -> None:
        """Climb with the options of the value's kind; the first of them is the one that is named where none fits."""
        options = [option for option in spec.options if _fits(value, option)]
        if not options:
            options = [option for option in spec.options if isinstance(option, NamedSpec) and option != NONE]
        if value is None or not options:
            if NONE in spec.options and value is None:
                return
            raise _not(value, spec, what)
        failures = []
        before = dict(self.sizes)
        for option in options:
            try:
                return self.require(value, option, what)
            except CheckFailed as failure:
                failures.append(failure)
                self.sizes = dict(before)
        raise failures[0]

    def _tensor(self, value: Any, spec: ArraySpec, what: str) -> None:
        if not isinstance(value, Tensor):
            raise _not(value, spec, what)
        is_float = value.dtype.is_floating_point
        if (spec.kind == "Float") != is_float and spec.kind != "Shaped":
            raise _not(value, spec, what)
        if is_float and self.dtype is not None and value.dtype != self.dtype:
            was, should = (str(d).removeprefix("torch.") for d in (value.dtype, self.dtype))
            message = f"{what} has dtype {was}, but the inputs have {should}: results keep the dtype of the inputs"
            raise CheckFailed(FailureKind.CONTRACT, message)
        matched = match_shape(spec, value.shape, self.sizes)
        if matched is None:
            shape = tuple("?" if n is None else n for n in expected_shape(spec, self.sizes))
            message = f"{what} has shape {tuple(value.shape)}, but should have {spec.symbols()} = {shape}".replace(
                "'", ""
            )
            raise CheckFailed(FailureKind.CONTRACT, message)
        self.sizes = matched
        if self.finite and is_float and not bool(value.isfinite().all()):
            bad = int((~value.isfinite()).sum())
            raise CheckFailed(
                FailureKind.CONTRACT, f"{what} holds {bad} entries that are NaN or infinite, of {value.numel()}"
            )

    def _named(self, value: Any, spec: NamedSpec, what: str) -> None:
        if spec.name in ("float", "int"):
            self._number(value, spec, what)
        elif spec.name in self.objects and not isinstance(value, Handle):
            raise CheckFailed(FailureKind.CONTRACT, f"{what} should be a {spec}, but is {describe.kind_of(value)}")
        elif _is_collaborator(spec.name) and not isinstance(value, Handle):
            message = f"{what} should be something that can be called (a model), but is {describe.kind_of(value)}"
            raise CheckFailed(FailureKind.CONTRACT, message)
        elif spec.name.startswith("dict") and not isinstance(value, dict):
            raise CheckFailed(FailureKind.CONTRACT, f"{what} should be a dict, but is {describe.kind_of(value)}")

    def _number(self, value: Any, spec: NamedSpec, what: str) -> None:
        if (isinstance(value, Tensor) and value.dim() == 0) or (
            getattr(value, "shape", None) == () and hasattr(value, "item")
        ):
            value = value.item()
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise _not(value, spec, what)
        if self.finite and not math.isfinite(value):
            raise CheckFailed(FailureKind.CONTRACT, f"{what} is {value}")


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
