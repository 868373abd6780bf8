"""Whether a mutant changes anything: its answers beside the reference's, on the same inputs."""

from __future__ import annotations

import math
import signal
import threading
import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

RELATIVE = {torch.float64: 1e-9, torch.complex128: 1e-9}
"""Relative difference of two numbers that are the same; 1e-5 in every other floating type."""

_DEPTH = 20
"""Objects inside objects that are looked at; deeper ones, and those that contain themselves, count as the same."""


@dataclass(frozen=True)
class Raised:
    """An answer that is an exception.

    Attributes:
        kind: Name of its type; messages are not compared.
    """

    kind: str


class _OutOfTime(BaseException):
    """A `BaseException`, because a mutant's own `except Exception` must not stop it."""


def changes_something(
    original: Any, mutated: Any, calls: Sequence[Callable[[Any], Any]], *, seconds: float = 2.0
) -> bool:
    """Whether a mutant differs from the reference in the answer to any call.

    Args:
        original: The reference.
        mutated: The mutant, as `materialise` returns it.
        calls: Each asks what it is given one question under a fixed seed, and returns plain values (gradients among them).
        seconds: How much longer than ten times the reference's own time the mutant may take for all calls together. One that takes longer
            differs: it loops forever where the reference ends. Only the main thread can stop it, and only where the system has
            `SIGALRM`; elsewhere nothing limits the time.

    Returns:
        True at the first answer that `same` tells apart; an exception in one of the two counts as an answer.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        left = seconds
        for call in calls:
            started = time.perf_counter()
            expected = _answer(call, original)
            middle = time.perf_counter()
            left += 10 * (middle - started)
            try:
                with _at_most(left):
                    got = _answer(call, mutated)
            except _OutOfTime:
                return True
            left -= time.perf_counter() - middle
            if not same(got, expected):
                return True
    return False


def _answer(call: Callable[[Any], Any], function: Any) -> Any:
    try:
        return call(function)
    except (Exception, SystemExit) as error:
        return Raised(type(error).__name__)


@contextmanager
def _at_most(seconds: float) -> Iterator[None]:
    """Raise `_OutOfTime` in what is done here after `seconds`; an alarm that was set before goes off after it was due."""
    if not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread():
        yield
        return

    def over(*_: object) -> None:
        raise _OutOfTime

    started = time.monotonic()
    previous = signal.signal(signal.SIGALRM, over)
    due, interval = signal.setitimer(
        signal.ITIMER_REAL, max(seconds, 0.001), 1.0
    )  # again, where a bare `except:` swallowed it
    try:
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
    finally:  # also where the alarm goes off in the line above
        signal.signal(signal.SIGALRM, previous)
        if due:
            signal.setitimer(signal.ITIMER_REAL, max(due - (time.monotonic() - started), 0.001), interval)


def same(a: Any, b: Any) -> bool:
    """Whether two answers are the same but for rounding; NaN is the same as NaN, and a list the same as a tuple.

    Numbers, arrays and tensors agree in shape and in every entry, whatever their types. Mappings, sequences, networks (by their
    `state_dict`) and other objects (by their attributes) agree where all their parts do. Functions count as the same.
    """
    return _same(a, b, _DEPTH)


def _same(a: Any, b: Any, depth: int) -> bool:
    if a is b or depth == 0:
        return True
    if isinstance(a, int) and isinstance(b, int):
        return a == b
    a, b = _plain(a), _plain(b)
    if _is_array(a) and _is_array(b):
        return _same_arrays(_tensor(a), _tensor(b))
    if isinstance(a, Mapping) and isinstance(b, Mapping):
        return a.keys() == b.keys() and all(_same(a[key], b[key], depth - 1) for key in a)
    if isinstance(a, list | tuple) and isinstance(b, list | tuple):
        return len(a) == len(b) and all(_same(x, y, depth - 1) for x, y in zip(a, b, strict=True))
    if type(a).__qualname__ != type(b).__qualname__:
        return False
    if isinstance(a, nn.Module):
        return _same(a.state_dict(), b.state_dict(), depth - 1)
    return _same_objects(a, b, depth)


def _plain(value: Any) -> Any:
    """Return an array of texts, dates or objects as a list, and anything else as it is."""
    return value.tolist() if isinstance(value, np.ndarray | np.generic) and not _is_array(value) else value


def _same_objects(a: Any, b: Any, depth: int) -> bool:
    """Compare two objects of types with the same name: a mutated module makes its own classes, so identity says nothing."""
    if a is None or isinstance(a, str | bytes | set | frozenset | range | slice):
        return bool(a == b)
    if callable(a) and hasattr(a, "__qualname__"):
        return True  # what a function does shows only when it is called
    parts, others = _attributes(a), _attributes(b)
    if parts or others:
        return _same(parts, others, depth - 1)
    if not any("__eq__" in kind.__dict__ for kind in type(a).__mro__[:-1]):
        return True  # it has nothing to be compared by
    try:
        return bool(a == b)
    except Exception:  # an __eq__ that cannot answer
        return False


def _attributes(value: Any) -> dict[str, Any]:
    slots = (name for kind in type(value).__mro__ for name in _slots(kind) if hasattr(value, name))
    return {**{name: getattr(value, name) for name in slots}, **getattr(value, "__dict__", {})}


def _slots(kind: type) -> tuple[str, ...]:
    found = kind.__dict__.get("__slots__", ())
    return (found,) if isinstance(found, str) else tuple(found)


def _is_array(value: Any) -> bool:
    if isinstance(value, np.ndarray | np.generic):
        return bool(value.dtype.kind in "biufc")
    return isinstance(value, Tensor | bool | int | float | complex)


def _tensor(value: Any) -> Tensor:
    if isinstance(value, Tensor):
        found = value.detach().cpu()
        return found if found.layout == torch.strided else found.to_dense()
    if isinstance(value, np.ndarray | np.generic):
        kept = value.dtype.itemsize <= 8 and value.dtype.kind in "bif"  # of the others, torch knows only some
        return torch.as_tensor(
            np.array(value, dtype=None if kept else np.complex128 if value.dtype.kind == "c" else np.float64)
        )
    if isinstance(value, int) and not -(2**63) <= value < 2**63:
        value = float(value) if abs(value) < 2**1023 else math.inf * (1 if value > 0 else -1)
    return torch.as_tensor(value, dtype=torch.float64 if isinstance(value, float) else None)


def _same_arrays(a: Tensor, b: Tensor) -> bool:
    if a.shape != b.shape:
        return False
    if not any(x.is_floating_point() or x.is_complex() for x in (a, b)):
        return bool((a == b).all())
    relative = max(RELATIVE.get(x.dtype, 1e-5) for x in (a, b) if x.is_floating_point() or x.is_complex())
    if a.is_complex() or b.is_complex():
        a, b = torch.view_as_real(a.to(torch.complex128)), torch.view_as_real(b.to(torch.complex128))
    x, y = a.double(), b.double()
    largest = max((float(v[v.isfinite()].abs().max()) for v in (x, y) if bool(v.isfinite().any())), default=0.0)
    allowed = relative * torch.maximum(x.abs(), y.abs()) + 1e-3 * relative * max(
        1.0, largest
    )  # zeros come with rounding
    equal = (x == y) | (x.isnan() & y.isnan())
    return bool((equal | ((x - y).abs() <= allowed.nan_to_num(nan=0.0, posinf=0.0))).all())
