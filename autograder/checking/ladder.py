"""The ladder: what is asked of every answer before its value is looked at. Pure functions that raise `CheckFailed`.

defined → importable → signature → returns → type → dtype → shape → finite → inputs untouched. The first broken rung ends the
climb and is the one that is named.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from autograder.assignment.contract import (
    ArraySpec,
    EitherSpec,
    FunctionContract,
    NamedSpec,
    Spec,
    TupleSpec,
    expected_shape,
)
from autograder.authoring.failures import CheckFailed
from autograder.checking import describe
from autograder.outcomes import FailureKind
from autograder.sandbox.inside.values import Handle
from autograder.sandbox.questions import FoundFunction, LoadReport

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
    sizes: Mapping[str, int],
    dtype: torch.dtype | None,
    *,
    finite: bool = True,
    what: str = "the result",
) -> None:
    """Rungs 4 to 8: type, dtype, shape and finiteness of what came back.

    Args:
        value: The decoded answer.
        spec: What the contract says.
        sizes: Sizes of the axes that the arguments fix.
        dtype: Dtype of the floating point inputs, which floating point results share; None to leave it open.
        finite: Whether every number must be finite.
        what: How the value is called in messages.
    """
    if isinstance(spec, TupleSpec):
        if not isinstance(value, tuple | list) or len(value) != len(spec.items):
            raise CheckFailed(FailureKind.CONTRACT, f"{what} should be {spec}, but is {describe.kind_of(value)}")
        for position, (item, inner) in enumerate(zip(value, spec.items, strict=True)):
            require_returns(item, inner, sizes, dtype, finite=finite, what=f"part {position + 1} of {what}")
    elif isinstance(spec, EitherSpec):
        _require_one_of(value, spec, sizes, dtype, finite, what)
    elif isinstance(spec, ArraySpec):
        _require_tensor(value, spec, sizes, dtype, finite, what)
    else:
        _require_named(value, spec, finite, what)


def _require_one_of(
    value: Any, spec: EitherSpec, sizes: Mapping[str, int], dtype: torch.dtype | None, finite: bool, what: str
) -> None:
    wanted = NamedSpec if not isinstance(value, Tensor) else ArraySpec
    for option in spec.options:
        if isinstance(option, wanted):
            return require_returns(value, option, sizes, dtype, finite=finite, what=what)
    raise CheckFailed(FailureKind.CONTRACT, f"{what} should be {spec}, but is {describe.kind_of(value)}")


def _require_tensor(
    value: Any, spec: ArraySpec, sizes: Mapping[str, int], dtype: torch.dtype | None, finite: bool, what: str
) -> None:
    if not isinstance(value, Tensor):
        raise CheckFailed(FailureKind.CONTRACT, f"{what} should be {spec}, but is {describe.kind_of(value)}")
    is_float = value.dtype.is_floating_point
    if (spec.kind == "Float") != is_float and spec.kind != "Shaped":
        raise CheckFailed(FailureKind.CONTRACT, f"{what} should be {spec}, but is {describe.kind_of(value)}")
    if is_float and dtype is not None and value.dtype != dtype:
        was, should = (str(d).removeprefix("torch.") for d in (value.dtype, dtype))
        message = f"{what} has dtype {was}, but the inputs have {should}: results keep the dtype of the inputs"
        raise CheckFailed(FailureKind.CONTRACT, message)
    shape = expected_shape(spec, sizes)
    if len(shape) != value.dim() or any(n is not None and n != m for n, m in zip(shape, value.shape, strict=True)):
        symbols = f"({', '.join(spec.dims)}{',' if len(spec.dims) == 1 else ''})"
        wanted = tuple("?" if n is None else n for n in shape)
        message = f"{what} has shape {tuple(value.shape)}, but should have {symbols} = {wanted}".replace("'", "")
        raise CheckFailed(FailureKind.CONTRACT, message)
    if finite and is_float and not bool(value.isfinite().all()):
        bad = int((~value.isfinite()).sum())
        raise CheckFailed(
            FailureKind.CONTRACT, f"{what} holds {bad} entries that are NaN or infinite, of {value.numel()}"
        )


def _require_named(value: Any, spec: NamedSpec, finite: bool, what: str) -> None:
    if spec.name in ("float", "int"):
        if (isinstance(value, Tensor) and value.dim() == 0) or (
            getattr(value, "shape", None) == () and hasattr(value, "item")
        ):
            value = value.item()
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise CheckFailed(FailureKind.CONTRACT, f"{what} should be {spec}, but is {describe.kind_of(value)}")
        if finite and not math.isfinite(value):
            raise CheckFailed(FailureKind.CONTRACT, f"{what} is {value}")
    elif spec.name in ("Encoder", "Decoder", "Classifier") and not isinstance(value, Handle):
        message = f"{what} should be something that can be called (a model), but is {describe.kind_of(value)}"
        raise CheckFailed(FailureKind.CONTRACT, message)
    elif spec.name.startswith("dict") and not isinstance(value, dict):
        raise CheckFailed(FailureKind.CONTRACT, f"{what} should be a dict, but is {describe.kind_of(value)}")
