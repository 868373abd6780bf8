"""What an annotation of the contract means, in what a student reads and in shapes.

Sizes of axes are found in two steps: the arguments of a call fix those that they name (`bind_dims`), the result may name others,
which have any size, but the same in all parts of the result (`match_shape`). Axes written `...` are any number of axes, the
same in arguments and results.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

ANY_AXES = "..."
_SCALARS = frozenset({"float", "int", "str", "bool"})

Sizes = dict[str, int | tuple[int, ...]]
"""Axis -> its size; `"..."` -> the sizes of the axes that it stands for; `"{name}"` -> the value of an int argument."""


@dataclass(frozen=True)
class ArraySpec:
    """A tensor of a kind (`"Float"`, `"Int"`, ...) with named axes; `dims` is empty for a 0-d tensor, `"..."` is any axes."""

    kind: str
    dims: tuple[str, ...]

    def __str__(self) -> str:
        """Return what a student reads: `a float tensor of shape (B, M)`."""
        article = "an" if self.kind == "Int" else "a"
        return f"{article} {self.kind.lower()} tensor of shape {self.symbols()}"

    def symbols(self) -> str:
        """Return the axes as a shape: `(B, M)`; of an axis that is as long as an argument says, `{n}`, the argument's name."""
        names = [dim.strip("{}") for dim in self.dims]
        return f"({', '.join(names)}{',' if len(names) == 1 else ''})"


@dataclass(frozen=True)
class NamedSpec:
    """Anything else: a Python scalar (`"float"`), a collaborator (`"Network"`), an object or `"None"`."""

    name: str

    def __str__(self) -> str:
        """Return what a student reads."""
        return {"float": "a float", "int": "an int"}.get(self.name, self.name)


@dataclass(frozen=True)
class EitherSpec:
    """One of several: `float | Float[Tensor, ""]`."""

    options: tuple[Spec, ...]

    def __str__(self) -> str:
        """Return what a student reads."""
        return " or ".join(map(str, self.options))


@dataclass(frozen=True)
class TupleSpec:
    """A tuple of fixed length; its items may be tuples themselves."""

    items: tuple[Spec, ...]

    def __str__(self) -> str:
        """Return what a student reads."""
        inside = (f"({item})" if isinstance(item, TupleSpec) else str(item) for item in self.items)
        return f"a tuple of {len(self.items)}: " + ", ".join(inside)


@dataclass(frozen=True)
class ListSpec:
    """A list (or a tuple) of any length, whose entries are all of one kind."""

    item: Spec

    def __str__(self) -> str:
        """Return what a student reads."""
        return f"a list, each entry of it {self.item}"


@dataclass(frozen=True)
class DictSpec:
    """A dictionary; `key` is `"int"` or `"str"`. Which keys there are is not said."""

    key: str
    value: Spec

    def __str__(self) -> str:
        """Return what a student reads."""
        return f"a dict with {'integers' if self.key == 'int' else 'texts'} as keys, each entry of it {self.value}"


Spec = ArraySpec | NamedSpec | EitherSpec | TupleSpec | ListSpec | DictSpec
NONE = NamedSpec("None")


def is_scalar(name: str) -> bool:
    """Whether a named specification is a plain Python scalar."""
    return name in _SCALARS


def parts_of(spec: Spec) -> Iterator[ArraySpec | NamedSpec]:
    """Yield the arrays and names that a specification is made of, at all levels."""
    if isinstance(spec, EitherSpec):
        inner: Sequence[Spec] = spec.options
    elif isinstance(spec, TupleSpec):
        inner = spec.items
    elif isinstance(spec, ListSpec | DictSpec):
        inner = [spec.item if isinstance(spec, ListSpec) else spec.value]
    else:
        yield spec
        return
    for part in inner:
        yield from parts_of(part)


# --------------------------------------------------------------------------------------------------------- shapes


class _Parameter(Protocol):
    @property
    def name(self) -> str: ...

    @property
    def spec(self) -> Spec: ...


class _Signature(Protocol):
    """What of a `FunctionContract` is needed here."""

    @property
    def name(self) -> str: ...

    @property
    def parameters(self) -> Sequence[_Parameter]: ...


def bind_dims(contract: _Signature, shapes: Mapping[str, Any]) -> Sizes:
    """Return the size of every named axis that the arguments fix.

    Args:
        contract: The function.
        shapes: By argument: the shape of a tensor; for a list or tuple the same of its entries, for a dictionary by key; the
            value of an int, which fixes the axis `{name}`. What is None or missing fixes nothing.

    Raises:
        ValueError: Two arguments disagree about an axis: a fault of the check, not of the student.
    """
    sizes: Sizes = {}
    for parameter in contract.parameters:
        _bind(sizes, parameter.spec, shapes.get(parameter.name), parameter.name, contract.name)
    return sizes


def _bind(sizes: Sizes, spec: Spec, shape: Any, what: str, function: str) -> None:
    """Take in what one argument, or an entry of one, says about axes."""
    if shape is None:
        return
    if isinstance(spec, ArraySpec) and not isinstance(shape, int):
        found = _sizes_in(spec, shape)
        if found is None:
            raise ValueError(f"{what} of {function} has shape {tuple(shape)}, which is not {spec}")
        for dim, size in found.items():
            if sizes.setdefault(dim, size) != size:
                axes = "axes ... are" if dim == ANY_AXES else f"axis {dim} is"
                raise ValueError(f"{function}: {axes} both {sizes[dim]} and {size}")
    elif spec == NamedSpec("int") and type(shape) is int:
        sizes[f"{{{what}}}"] = shape
    elif isinstance(spec, TupleSpec | ListSpec) and isinstance(shape, list):
        items = spec.items if isinstance(spec, TupleSpec) else [spec.item] * len(shape)
        for item, inner in zip(items, shape, strict=False):
            _bind(sizes, item, inner, what, function)
    elif isinstance(spec, DictSpec) and isinstance(shape, dict):
        for inner in shape.values():
            _bind(sizes, spec.value, inner, what, function)


def _sizes_in(spec: ArraySpec, shape: Sequence[int]) -> Sizes | None:
    """Return the sizes that a shape gives to the axes of `spec`; None where it cannot be of that form."""
    dims, rest = list(spec.dims), list(shape)
    found: Sizes = {}
    if ANY_AXES in dims:
        place, many = dims.index(ANY_AXES), len(rest) - len(dims) + 1
        if many < 0:
            return None
        found[ANY_AXES] = tuple(rest[place : place + many])
        del dims[place], rest[place : place + many]
    if len(dims) != len(rest):
        return None
    for dim, size in zip(dims, rest, strict=True):
        wrong_number = dim.isdigit() and int(dim) != size
        if wrong_number or found.setdefault(dim, size) != size:
            return None
    return {dim: size for dim, size in found.items() if not dim.isdigit()}


def match_shape(spec: ArraySpec, shape: Sequence[int], sizes: Mapping[str, int | tuple[int, ...]]) -> Sizes | None:
    """Return `sizes` with what a shape of a result adds to them, or None where it is not the shape that is expected."""
    found = _sizes_in(spec, shape)
    if found is None or any(sizes.get(dim, size) != size for dim, size in found.items()):
        return None
    return {**sizes, **found}


def expected_shape(spec: ArraySpec, sizes: Mapping[str, int | tuple[int, ...]]) -> tuple[int | str | None, ...]:
    """Return the shape that `spec` means under `sizes`; None for an axis that nothing fixes, `"..."` for such axes."""
    shape: list[int | str | None] = []
    for dim in spec.dims:
        size: int | str | tuple[int, ...] | None = int(dim) if dim.isdigit() else sizes.get(dim)
        if dim == ANY_AXES:
            size = sizes.get(dim, ANY_AXES)
        shape += size if isinstance(size, tuple) else [size]
    return tuple(shape)
