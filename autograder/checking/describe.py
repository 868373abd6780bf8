"""Values and calls as text that students can read and paste."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor

from autograder.sandbox.inside.values import Handle, Opaque, Probe

_SHORT = 40
_LITERAL = 400


def short(value: Any) -> str:
    """Return a value in at most a few lines."""
    if isinstance(value, Tensor):
        kind = str(value.dtype).removeprefix("torch.")
        if value.numel() <= _SHORT:
            return f"tensor({_numbers(value, 6)}, dtype={kind})"
        return f"tensor of shape {tuple(value.shape)}, {kind}, first entries {_numbers(value.flatten()[:4], 6)}"
    if isinstance(value, tuple | list) and len(value) <= 8:
        inside = ", ".join(short(item) for item in value)
        return f"({inside})" if isinstance(value, tuple) else f"[{inside}]"
    if isinstance(value, Opaque):
        return f"an object of type {value.type_name}" + (f" ({value.reason})" if value.reason else "")
    if isinstance(value, Handle):
        return f"an object of type {value.type_name}"
    if isinstance(value, Probe):
        return "a small known network"
    text = repr(value)
    return text if len(text) <= 300 else f"{text[:300]}…"


def kind_of(value: Any) -> str:
    """Return what kind of thing a value is, for "returned ..., expected ..."."""
    if isinstance(value, Tensor):
        return f"a tensor of shape {tuple(value.shape)} and dtype {str(value.dtype).removeprefix('torch.')}"
    if isinstance(value, np.ndarray):
        return f"a NumPy array of shape {value.shape} and dtype {value.dtype}"
    if isinstance(value, tuple | list):
        return f"a {type(value).__name__} of {len(value)}"
    if isinstance(value, Opaque | Handle):
        return short(value)
    if value is None:
        return "None (is a `return` missing?)"
    name = type(value).__name__
    return f"{'an' if name[0] in 'aeiou' else 'a'} {name}"


def _numbers(value: Tensor, places: int) -> str:
    if value.dim() == 0:
        item = value.item()
        return f"{item:.{places}g}" if isinstance(item, float) else str(item)
    return "[" + ", ".join(_numbers(part, places) for part in value) + "]"


def literal(value: Any) -> str | None:
    """Return Python source for a value, exact to the last bit, or None when it would be too long or cannot be written."""
    if isinstance(value, Tensor):
        if value.numel() > _LITERAL:
            return None
        text = _numbers(value, 17).replace("nan", "float('nan')").replace("inf", "float('inf')")
        shape = f".reshape({tuple(value.shape)})" if value.numel() == 0 else ""
        return f"torch.tensor({text}, dtype={value.dtype}){shape}"
    if isinstance(value, Probe):
        return _probe_source(value.spec)
    if isinstance(value, float) and not math.isfinite(value):
        return f"float('{value}')"
    if value is None or isinstance(value, bool | int | float | str):
        return repr(value)
    return None


def _probe_source(spec: Mapping[str, Any]) -> str | None:
    if "parts" in spec:
        parts = {name: _probe_source(part) for name, part in spec["parts"].items()}
        methods = ", ".join(f"{name!r}: staticmethod({source})" for name, source in parts.items())
        return None if None in parts.values() else f"type('Model', (torch.nn.Module,), {{{methods}}})()"
    trunk = _chain(spec.get("layers", []))
    heads = [_chain(head) for head in spec.get("heads", [])]
    if trunk is None or any(head is None for head in heads):
        return None
    if not heads:
        return trunk
    outputs = " ".join(f"({head})(h)," for head in heads)
    return f"lambda x: (lambda h: ({outputs}))(({trunk})(x))"


def _chain(layers: list[dict[str, Any]]) -> str | None:
    body = "x"
    for layer in layers:
        if layer["op"] == "affine":
            weight, bias = literal(layer["weight"]), literal(layer["bias"])
            if weight is None or bias is None:
                return None
            body = f"({body}) @ {weight}.T + {bias}"
        elif layer["op"] in ("tanh", "relu", "sigmoid", "square"):
            body = f"torch.{layer['op']}({body})"
        elif layer["op"] == "flatten":
            body = f"({body}).flatten(1)"
        elif layer["op"] == "logsumexp":
            body = f"torch.logsumexp({body}, -1)"
        else:
            return None
    return f"lambda x: {body}"


def call(function: str, arguments: Mapping[str, Any]) -> str:
    """Return a call as one line with shortened arguments."""
    return f"{function}({', '.join(f'{name}={short(value)}' for name, value in arguments.items())})"


def snippet(
    module: str,
    function: str,
    arguments: Mapping[str, Any],
    seed: int,
    keyword_only: frozenset[str],
    generator: bool = False,
) -> str:
    """Return Python source that makes the same call, to be pasted beside the submission; "" where it would be too long.

    Args:
        module: Where the function is.
        function: Its name.
        arguments: What it was called with, by name.
        seed: What all generators were seeded with.
        keyword_only: Arguments that are passed by name.
        generator: Whether it was given a generator of its own.
    """
    call_lines = _call_lines(function, arguments, seed, keyword_only, generator)
    return "\n".join(["import torch", f"from {module} import {function}", "", *call_lines]) if call_lines else ""


def object_snippet(
    maker: str,
    method: str,
    arguments: Mapping[str, Any],
    seed: int,
    keyword_only: frozenset[str],
    generator: bool = False,
) -> str:
    """Return Python source that makes an object, as the snippet `maker` does, and calls a method of it; "" where too long."""
    before, found, made = maker.rpartition("\nprint(")
    lines = _call_lines(f"made.{method}", arguments, seed, keyword_only, generator)
    return "\n".join([before, f"made = {made.removesuffix(')')}", "", *lines]) if found and lines else ""


def _call_lines(
    function: str, arguments: Mapping[str, Any], seed: int, keyword_only: frozenset[str], generator: bool
) -> list[str]:
    """Return the lines that name the arguments, seed torch and print a call; none where an argument cannot be written."""
    lines, passed = [], []
    for name, value in arguments.items():
        source = literal(value)
        if source is None:
            return []
        lines.append(f"{name} = {source}")
        passed.append(f"{name}={name}" if name in keyword_only else name)
    if generator:
        passed.append(f"generator=torch.Generator().manual_seed({seed})")
    return [*lines, f"torch.manual_seed({seed})", f"print({function}({', '.join(passed)}))"]


def shapes(arguments: Mapping[str, Any]) -> str:
    """Return the shapes of the tensors among some arguments, and the values of numbers that count: `x (3, 5), n_samples 4`."""
    parts = [
        f"{name} {tuple(value.shape)}" if isinstance(value, Tensor) else f"{name} {value}"
        for name, value in arguments.items()
        if isinstance(value, Tensor) or type(value) is int
    ]
    return ", ".join(parts)


def plain_tensor(value: Any) -> Tensor:
    """Return a Python number or tensor as a tensor."""
    return value if isinstance(value, Tensor) else torch.as_tensor(value, dtype=torch.float64)
