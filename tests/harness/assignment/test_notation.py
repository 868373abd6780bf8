"""The notation: an annotation becomes a specification, which says itself in words, or is refused with its text."""

from __future__ import annotations

import ast

import pytest

from autograder.assignment.contract import parse_module
from autograder.assignment.notation import NotInNotation, spec_of
from autograder.assignment.specs import NONE, ArraySpec, DictSpec, EitherSpec, ListSpec, NamedSpec, Spec, TupleSpec

FLOAT_B = ArraySpec("Float", ("B",))
FLOAT = NamedSpec("float")
SPECS: dict[str, tuple[str, Spec, str]] = {
    "vector": ('Float[Tensor, "B"]', FLOAT_B, "a float tensor of shape (B,)"),
    "matrix": ('Int[Tensor, "B M"]', ArraySpec("Int", ("B", "M")), "an int tensor of shape (B, M)"),
    "0-d": ('Float[Tensor, ""]', ArraySpec("Float", ()), "a float tensor of shape ()"),
    "fixed": ('Bool[Tensor, "B 28"]', ArraySpec("Bool", ("B", "28")), "a bool tensor of shape (B, 28)"),
    "leading axes": ('Float[Tensor, "... M"]', ArraySpec("Float", ("...", "M")), "a float tensor of shape (..., M)"),
    "argument": ('Float[Tensor, "{n} M"]', ArraySpec("Float", ("{n}", "M")), "a float tensor of shape (n, M)"),
    "dotted array": ('jaxtyping.Float[torch.Tensor, "B"]', FLOAT_B, "a float tensor of shape (B,)"),
    "as text": ("'Float[Tensor, \"B\"]'", FLOAT_B, "a float tensor of shape (B,)"),
    "scalar": ("float", FLOAT, "a float"),
    "whole": ("int", NamedSpec("int"), "an int"),
    "nothing": ("None", NONE, "None"),
    "object": ("Encoder", NamedSpec("Encoder"), "Encoder"),
    "record": ("dict[str, list[float]]", NamedSpec("dict[str, list[float]]"), "dict[str, list[float]]"),
    "dotted": ("torch.Generator", NamedSpec("torch.Generator"), "torch.Generator"),
    "function": (
        'Callable[[Float[Tensor, "B D"]], Tensor]',
        NamedSpec("Callable[[Float[Tensor, 'B D']], Tensor]"),
        "Callable[[Float[Tensor, 'B D']], Tensor]",
    ),
    "words": ("Literal['a', 'b']", NamedSpec("Literal['a', 'b']"), "Literal['a', 'b']"),
    "other generic": ("Sequence[int]", NamedSpec("Sequence[int]"), "Sequence[int]"),
    "optional": ('Float[Tensor, "B"] | None', EitherSpec((FLOAT_B, NONE)), "a float tensor of shape (B,) or None"),
    "Optional": ("Optional[float]", EitherSpec((FLOAT, NONE)), "a float or None"),
    "Union": ("Union[float, None, float]", EitherSpec((FLOAT, NONE)), "a float or None"),
    "either": (
        'float | Float[Tensor, "B"]',
        EitherSpec((FLOAT, FLOAT_B)),
        "a float or a float tensor of shape (B,)",
    ),
    "the same twice": ("float | float", FLOAT, "a float"),
    "tuple": (
        'tuple[Float[Tensor, "B"], float]',
        TupleSpec((FLOAT_B, FLOAT)),
        "a tuple of 2: a float tensor of shape (B,), a float",
    ),
    "tuple of one": ("tuple[float]", TupleSpec((FLOAT,)), "a tuple of 1: a float"),
    "nested tuple": (
        'tuple[Float[Tensor, "B"], tuple[float, int]]',
        TupleSpec((FLOAT_B, TupleSpec((FLOAT, NamedSpec("int"))))),
        "a tuple of 2: a float tensor of shape (B,), (a tuple of 2: a float, an int)",
    ),
    "tuple of any length": ("tuple[float, ...]", ListSpec(FLOAT), "a list, each entry of it a float"),
    "list": ('list[Float[Tensor, "B"]]', ListSpec(FLOAT_B), "a list, each entry of it a float tensor of shape (B,)"),
    "integer keys": (
        'dict[int, Float[Tensor, "B"]]',
        DictSpec("int", FLOAT_B),
        "a dict with integers as keys, each entry of it a float tensor of shape (B,)",
    ),
    "integer keys, no tensor": (
        "dict[int, float]",
        DictSpec("int", FLOAT),
        "a dict with integers as keys, each entry of it a float",
    ),
    "text keys": (
        'dict[str, tuple[Float[Tensor, "B"], float]]',
        DictSpec("str", TupleSpec((FLOAT_B, FLOAT))),
        "a dict with texts as keys, each entry of it a tuple of 2: a float tensor of shape (B,), a float",
    ),
}


@pytest.mark.parametrize(("annotation", "spec", "words"), SPECS.values(), ids=SPECS)
def test_annotations(annotation: str, spec: Spec, words: str) -> None:
    """An annotation becomes a specification, which says itself in words."""
    (contract,) = parse_module(f"def f() -> {annotation}: ...", "module")

    assert spec == contract.returns
    assert words == str(spec)


def test_arguments_that_may_be_none() -> None:
    """Whether an argument may be None is said by its default, not by its specification; inside of it None stays."""
    source = 'def f(x: Float[Tensor, "B"] | None = None, y: Optional[A | B] = None, z: list[A | None] = []) -> A: ...'
    (contract,) = parse_module(source, "module")
    either = EitherSpec((NamedSpec("A"), NamedSpec("B")))
    assert [p.spec for p in contract.parameters] == [FLOAT_B, either, ListSpec(EitherSpec((NamedSpec("A"), NONE)))]


REFUSED = {
    "no shape": ("Float[Tensor]", 'Float[Tensor] is not of the form Float[Tensor, "B M"]'),
    "no text": ("Float[Tensor, B]", 'is not of the form Float[Tensor, "B M"]'),
    "three items": ('Float[Tensor, "B", "M"]', "is not of the form"),
    "another kind": ('Complex[Tensor, "B"]', "Complex[Tensor, 'B']: tensors are Bool, Float, Int, Shaped"),
    "a formula": ('Float[Tensor, "T-1"]', "'T-1' is no axis (a name, a number, `...` or `{argument}`)"),
    "an axis that may be broadcast": ('Float[Tensor, "#B"]', "'#B' is no axis"),
    "axes with a name": ('Float[Tensor, "*B"]', "'*B' is no axis"),
    "two of any axes": ('Float[Tensor, "... M ..."]', "`...` may stand there only once"),
    "a sequence of tensors": (
        'Sequence[Float[Tensor, "B"]]',
        "Sequence[Float[Tensor, 'B']]: tensors may stand in tuple[...], list[...] and dict[int or str, ...]",
    ),
    "a set of tuples of tensors": ('set[tuple[Int[Tensor, "B"]]]', "tensors may stand in"),
    "keys that are tuples": ("dict[tuple[int, int], float]", "the keys of a dict are int or str"),
    "no keys": ("dict[int]", "the keys of a dict are int or str"),
    "a number": ("3", "3 is no annotation that a contract can hold"),
    "a list": ("[float]", "[float] is no annotation that a contract can hold"),
    "a call": ("f(3)", "f(3) is no annotation that a contract can hold"),
    "text that is no annotation": ("'a b'", "'a b' is no annotation"),
    "deep inside": ('tuple[float, list[Iterator[Int[Tensor, "B"]]]]', "Iterator[Int[Tensor, 'B']]: tensors may stand"),
}


@pytest.mark.parametrize(("annotation", "message"), REFUSED.values(), ids=REFUSED)
def test_refused(annotation: str, message: str) -> None:
    """What cannot be expressed is refused with its text: a part that is dropped would never be checked."""
    with pytest.raises(NotInNotation) as caught:
        spec_of(ast.parse(annotation, mode="eval").body)
    assert message in str(caught.value)
