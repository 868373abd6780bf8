"""The contract: signatures are read as text, shapes are bound by name, and mistakes of an assignment are named."""

from __future__ import annotations

from pathlib import Path

import pytest

from autograder.assignment.contract import (
    ArraySpec,
    EitherSpec,
    FunctionContract,
    NamedSpec,
    Spec,
    TupleSpec,
    bind_dims,
    expected_shape,
    is_scalar,
    load_contract,
    parse_module,
)
from autograder.errors import UsageError

SOURCE = '''
import does_not_exist  # nothing is imported

def _helper(x: float) -> float: ...
def unannotated(x): ...
async def other(x: float) -> float: ...

def fit(X: Float[Tensor, "N D"], n: int, /, labels: Int[Tensor, "N"] = None, *, sigma2: float | Float[Tensor, ""] = 1.0,
        generator: torch.Generator | None = None) -> tuple[Float[Tensor, "D M"], float]:
    """Fit it.

        Indented.
    """
    return X
'''


def only(source: str) -> FunctionContract:
    """Return the one contract in `source`."""
    (contract,) = parse_module(source, "module")
    return contract


def test_function() -> None:
    """Public, fully annotated functions become contracts, without running the module."""
    contract = only(SOURCE)

    assert (contract.name, contract.module, contract.docstring) == ("fit", "module", "Fit it.\n\nIndented.")
    assert [p.name for p in contract.parameters] == ["X", "n", "labels", "sigma2", "generator"]
    assert [p.keyword_only for p in contract.parameters] == [False, False, False, True, True]
    assert [p.default for p in contract.parameters] == [None, None, "None", "1.0", "None"]
    assert contract.text.startswith("fit(X: Float[Tensor, 'N D'], n: int, /, labels: Int[Tensor, 'N']=None, *, sigma2:")
    assert contract.text.endswith("-> tuple[Float[Tensor, 'D M'], float]")
    assert NamedSpec("int") == contract.parameter("n").spec


FLOAT_B = ArraySpec("Float", ("B",))
SPECS: dict[str, tuple[str, Spec, str]] = {
    "vector": ('Float[Tensor, "B"]', FLOAT_B, "a float tensor of shape (B,)"),
    "matrix": ('Int[Tensor, "B M"]', ArraySpec("Int", ("B", "M")), "an int tensor of shape (B, M)"),
    "0-d": ('Float[Tensor, ""]', ArraySpec("Float", ()), "a float tensor of shape ()"),
    "fixed": ('Bool[Tensor, "B 28"]', ArraySpec("Bool", ("B", "28")), "a bool tensor of shape (B, 28)"),
    "scalar": ("float", NamedSpec("float"), "a float"),
    "whole": ("int", NamedSpec("int"), "an int"),
    "object": ("Encoder", NamedSpec("Encoder"), "Encoder"),
    "dict": ("dict[str, list[float]]", NamedSpec("dict[str, list[float]]"), "dict[str, list[float]]"),
    "dotted": ("torch.Generator", NamedSpec("torch.Generator"), "torch.Generator"),
    "optional": ('Float[Tensor, "B"] | None', FLOAT_B, "a float tensor of shape (B,)"),
    "either": (
        'float | Float[Tensor, "B"]',
        EitherSpec((NamedSpec("float"), FLOAT_B)),
        "a float or a float tensor of shape (B,)",
    ),
    "tuple": (
        'tuple[Float[Tensor, "B"], float]',
        TupleSpec((FLOAT_B, NamedSpec("float"))),
        "a tuple of 2: a float tensor of shape (B,), a float",
    ),
    "tuple of one": ("tuple[float]", TupleSpec((NamedSpec("float"),)), "a tuple of 1: a float"),
}


@pytest.mark.parametrize(("annotation", "spec", "words"), SPECS.values(), ids=SPECS)
def test_annotations(annotation: str, spec: Spec, words: str) -> None:
    """An annotation becomes a specification, which says itself in words."""
    contract = only(f"def f(x: {annotation}) -> {annotation}: ...")

    assert spec == contract.returns == contract.parameters[0].spec
    assert words == str(spec)


def test_scalars() -> None:
    """Plain Python scalars are known by name."""
    assert is_scalar("float")
    assert not is_scalar("Encoder")


BAD = {
    "no annotation": ("def f(x) -> float: ...", "f: parameter 'x' has no annotation"),
    "no shape": ("def f(x: Float[Tensor]) -> float: ...", 'Float[Tensor] is not of the form Float[Tensor, "B M"]'),
    "no text": ("def f(x: Float[Tensor, B]) -> float: ...", 'is not of the form Float[Tensor, "B M"]'),
    "three items": ('def f(x: Float[Tensor, "B", "M"]) -> float: ...', "is not of the form"),
}


@pytest.mark.parametrize(("source", "message"), BAD.values(), ids=BAD)
def test_bad_annotation(source: str, message: str) -> None:
    """An annotation that is not in the contract's notation is refused with its text."""
    with pytest.raises(UsageError) as caught:
        parse_module(source, "module")
    assert message in str(caught.value)


# ------------------------------------------------------------------------------------------------------------ shapes

MATRIX = only(
    'def f(x: Float[Tensor, "B D"], W: Float[Tensor, "D M"], images: Float[Tensor, "B 28"], s: float) -> float: ...'
)


def test_bind_dims() -> None:
    """The arguments' shapes fix the sizes of the axes; arguments that are not there fix nothing."""
    assert bind_dims(MATRIX, {"x": (3, 5), "W": (5, 2), "s": ()}) == {"B": 3, "D": 5, "M": 2}


WRONG = {
    "two sizes": ({"x": (3, 5), "W": (4, 2)}, "f: axis D is both 5 and 4"),
    "too few axes": ({"x": (3,)}, "x of f has shape (3,), which is not a float tensor of shape (B, D)"),
    "a fixed axis": (
        {"images": (3, 27)},
        "images of f has shape (3, 27), which is not a float tensor of shape (B, 28)",
    ),
}


@pytest.mark.parametrize(("shapes", "message"), WRONG.values(), ids=WRONG)
def test_shapes_that_disagree(shapes: dict[str, tuple[int, ...]], message: str) -> None:
    """Arguments that do not fit the contract are our fault and say how."""
    with pytest.raises(ValueError) as caught:
        bind_dims(MATRIX, shapes)
    assert message == str(caught.value)


def test_expected_shape() -> None:
    """Known axes have their size, numbers are themselves, and what no argument fixes stays open."""
    assert expected_shape(ArraySpec("Float", ("B", "28", "K")), {"B": 3}) == (3, 28, None)
    assert expected_shape(ArraySpec("Float", ()), {}) == ()


# ------------------------------------------------------------------------------------------------------------- files


def test_load_contract(tmp_path: Path) -> None:
    """Every module of the folder is read; only the functions that were asked for are kept."""
    (tmp_path / "a.py").write_text("def f(x: float) -> float: ...\ndef g(x: float) -> float: ...\n")
    (tmp_path / "b.py").write_text("def h(x: float) -> float: ...\n")

    assert {"f", "g", "h"} == set(load_contract(tmp_path).functions)
    contract = load_contract(tmp_path, ["h", "f"])
    assert {name: function.module for name, function in contract.functions.items()} == {"f": "a", "h": "b"}
    assert contract["h"].name == "h"


def test_unusable_folders(tmp_path: Path) -> None:
    """A missing folder, a missing function and a file that is no Python are refused in words."""
    with pytest.raises(UsageError, match="nowhere is not a folder: an assignment needs reference/"):
        load_contract(tmp_path / "nowhere")
    with pytest.raises(UsageError, match=r"no annotated function 'f' \(asked for by rubric.yaml\)"):
        load_contract(tmp_path, ["f"])
    (tmp_path / "a.py").write_text("def f(:\n")
    with pytest.raises(UsageError, match=r"a.py:1: invalid syntax"):
        load_contract(tmp_path)
