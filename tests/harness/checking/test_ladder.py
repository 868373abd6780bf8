"""The ladder: every rung refuses what is wrong, in words, and lets every right way pass."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch

from autograder.assignment.contract import FunctionContract, parse_module
from autograder.assignment.prices import FORMS as PRICED
from autograder.authoring.failures import CheckFailed
from autograder.checking.ladder import Climbed, require_found, require_returns, require_signature
from autograder.outcomes import FailureKind
from autograder.sandbox.inside.values import Handle, Opaque
from autograder.sandbox.questions import FoundFunction, LoadReport


def contract(source: str) -> FunctionContract:
    """Return the contract of the one function in `source`."""
    (found,) = parse_module(source, "vae")
    return found


ELBO = contract(
    'def elbo(x: Float[Tensor, "B D"], decoder: Decoder, *, n_samples: int = 1, '
    'generator: torch.Generator | None = None) -> Float[Tensor, "B"]: ...'
)


def report(
    found: dict[str, FoundFunction] | None = None,
    failures: dict[str, tuple[str, tuple[str, ...]]] | None = None,
    excluded: dict[str, str] | None = None,
) -> LoadReport:
    """Return what loading found."""
    return LoadReport(found or {}, failures or {}, (), excluded or {})


def function(*parameters: tuple[str, str, bool]) -> FoundFunction:
    """Return a found function with these parameters."""
    return FoundFunction("vae.py", (), "function", parameters)


# ---------------------------------------------------------------------------------------------- defined, importable

UNDEFINED = {
    "nowhere": (report(), FailureKind.MISSING, "`elbo` is not defined in vae.py, nor in any other file"),
    "its file failed": (
        report(failures={"src/vae.py": ("ValueError: no", ("line 1",))}),
        FailureKind.IMPORT,
        "src/vae.py stopped while it was loaded, before this was defined: ValueError: no",
    ),
    "its file is not Python": (
        report(failures={"vae.ipynb": ("cell 2: SyntaxError: '(' was never closed", ("line 1",))}),
        FailureKind.IMPORT,
        "vae.ipynb cannot be run: cell 2: SyntaxError: '(' was never closed",
    ),
    "its notebook was left out": (
        report(excluded={"vae.ipynb": "the process ended"}),
        FailureKind.IMPORT,
        "vae.ipynb could not be loaded: the process ended",
    ),
    "another file failed": (
        report(failures={"ppca.py": ("ValueError: no", ())}),
        FailureKind.MISSING,
        "is not defined",
    ),
    "a number": (
        report({"elbo": FoundFunction("vae.py", (), "value", None)}),
        FailureKind.SIGNATURE,
        "is not a function",
    ),
}


@pytest.mark.parametrize(("loaded", "kind", "message"), UNDEFINED.values(), ids=UNDEFINED)
def test_not_found(loaded: LoadReport, kind: FailureKind, message: str) -> None:
    """A function that is not there is missing; where its file broke, that is what is said."""
    with pytest.raises(CheckFailed) as caught:
        require_found(ELBO, loaded)
    assert kind is caught.value.kind
    assert message in caught.value.message


def test_found() -> None:
    """A function that is there is found, also in a file that failed elsewhere; classes can be called too."""
    there = function()
    assert there is require_found(ELBO, report({"elbo": there}, {"vae.py": ("ValueError: later", ())}))
    cls = FoundFunction("vae.py", (), "class", None)
    assert cls is require_found(ELBO, report({"elbo": cls}))


# ---------------------------------------------------------------------------------------------------------- signature

P, K, A = "POSITIONAL_OR_KEYWORD", "KEYWORD_ONLY", "POSITIONAL_ONLY"
X, DECODER, N = ("x", P, False), ("decoder", P, False), ("n_samples", K, True)
RIGHT_SIGNATURES = {
    "as documented": function(X, DECODER, N, ("generator", K, True)),
    "without generator": function(X, DECODER, N),
    "other names": function(("images", P, False), ("net", P, False), N),
    "positional only": function(("x", A, False), ("d", A, False), N),
    "keyword by position": function(X, DECODER, ("n_samples", P, True)),
    "more with defaults": function(X, DECODER, N, ("beta", P, True)),
    "anything": function(("args", "VAR_POSITIONAL", False), ("kwargs", "VAR_KEYWORD", False)),
    "any keyword": function(X, DECODER, ("more", "VAR_KEYWORD", False)),
    "cannot be told": FoundFunction("vae.py", (), "function", None),
}
WRONG_SIGNATURES = {
    "too few": (function(X, N), "`elbo` takes 2 arguments (x, decoder), yours is (x, n_samples)"),
    "too many": (function(X, DECODER, ("beta", P, False), N), "yours is (x, decoder, beta, n_samples)"),
    "none": (function(), "yours is ()"),
    "no keyword": (function(X, DECODER), "`elbo` must take the keyword argument `n_samples`, yours is (x, decoder)"),
}


@pytest.mark.parametrize("found", RIGHT_SIGNATURES.values(), ids=RIGHT_SIGNATURES)
def test_right_signatures(found: FoundFunction) -> None:
    """Whatever can be called the documented way is right: names of positional parameters are the student's business."""
    require_signature(ELBO, found)


@pytest.mark.parametrize(("found", "message"), WRONG_SIGNATURES.values(), ids=WRONG_SIGNATURES)
def test_wrong_signatures(found: FoundFunction, message: str) -> None:
    """What cannot be called the documented way is said before it is called, with the signature."""
    with pytest.raises(CheckFailed) as caught:
        require_signature(ELBO, found)
    assert FailureKind.SIGNATURE is caught.value.kind
    assert message in caught.value.message
    assert "The signature is `elbo(x: " in caught.value.help


# ------------------------------------------------------------------------------------------------------------ returns

FIT = 'tuple[Float[Tensor, "D M"], Float[Tensor, "D"], float]'
MODEL = "tuple[Classifier, dict[str, list[float]]]"
F64 = torch.float64
NESTED = 'tuple[Float[Tensor, "B"], tuple[Float[Tensor, "D"], int]]'
ROWS = 'list[Float[Tensor, "D"]]'
BY_CLASS = 'dict[int, Float[Tensor, "M D"]]'
BY_NAME = 'dict[str, Float[Tensor, "D"] | None]'
PAIR = 'tuple[Float[Tensor, "B K"], Float[Tensor, "K K"]]'
LEADING = 'tuple[Float[Tensor, "..."], Float[Tensor, "... D"]]'
RIGHT: dict[str, tuple[str, Any]] = {
    "vector": ('Float[Tensor, "B"]', torch.zeros(4, dtype=F64)),
    "open axis": ('Float[Tensor, "B K"]', torch.zeros(4, 9, dtype=F64)),
    "0-d": ('Float[Tensor, ""]', torch.tensor(1.0, dtype=F64)),
    "labels": ('Int[Tensor, "B"]', torch.zeros(4, dtype=torch.int64)),
    "bytes": ('Int[Tensor, "B"]', torch.zeros(4, dtype=torch.uint8)),
    "any kind": ('Shaped[Tensor, "B"]', torch.zeros(4, dtype=torch.bool)),
    "tuple": (FIT, (torch.zeros(5, 2, dtype=F64), torch.zeros(5, dtype=F64), 1.0)),
    "list for a tuple": (FIT, [torch.zeros(5, 2, dtype=F64), torch.zeros(5, dtype=F64), torch.tensor(1.0)]),
    "float": ("float", 1.0),
    "int for a float": ("float", 1),
    "0-d tensor for a float": ("float", torch.tensor(1.0)),
    "NumPy scalar for a float": ("float", np.array(1.0)),
    "either number": ('float | Float[Tensor, ""]', 1.0),
    "either tensor": ('float | Float[Tensor, ""]', torch.tensor(1.0, dtype=F64)),
    "model": (MODEL, (Handle(1, "Net"), {"loss": [1.0]})),
    "leading axes": ('Float[Tensor, "... D"]', torch.zeros(3, 2, 5, dtype=F64)),
    "no leading axes": ('Float[Tensor, "... D"]', torch.zeros(5, dtype=F64)),
    "nested tuple": (NESTED, (torch.zeros(4, dtype=F64), (torch.zeros(5, dtype=F64), 2))),
    "list": (ROWS, [torch.zeros(5, dtype=F64)] * 3),
    "tuple for a list": (ROWS, (torch.zeros(5, dtype=F64),)),
    "empty list": (ROWS, []),
    "integer keys": (BY_CLASS, {3: torch.zeros(2, 5, dtype=F64), -1: torch.zeros(2, 5, dtype=F64)}),
    "text keys": (BY_NAME, {"a": torch.zeros(5, dtype=F64), "b": None}),
    "record of the author's own": ("dict[str, list[float]]", {"anything": "at all"}),
    "None where allowed": ('Float[Tensor, "B"] | None', None),
    "a value where None is allowed": ('Float[Tensor, "B"] | None', torch.zeros(4, dtype=F64)),
    "second tensor of two": ('Float[Tensor, "B"] | Float[Tensor, "B M"]', torch.zeros(4, 2, dtype=F64)),
    "tuple or tensor": ('Float[Tensor, "B"] | tuple[float, float]', (1.0, 2.0)),
    "0-d tensor for numbers": ("float | int", torch.tensor(1.0)),
    "new axis twice": (PAIR, (torch.zeros(4, 9, dtype=F64), torch.zeros(9, 9, dtype=F64))),
    "new leading axes twice": (LEADING, (torch.zeros(7, 8, dtype=F64), torch.zeros(7, 8, 5, dtype=F64))),
    "object": ("KalmanModel", Handle(1, "Mine")),
    "object or None": ("tuple[float, KalmanModel | None]", (1.0, None)),
    "anything": ("Any", 3),
}
WRONG: dict[str, tuple[str, Any, str]] = {
    "nothing": (
        'Float[Tensor, "B"]',
        None,
        "the result should be a float tensor of shape (B,), but is None (is a `return` missing?)",
    ),
    "a list of another length": ('Float[Tensor, "B"]', [1.0], "has shape (1,), but should have (B,) = (4,)"),
    "an array of another shape": ('Float[Tensor, "B"]', np.zeros(5), "has shape (5,), but should have (B,) = (4,)"),
    "a list of texts": ('Float[Tensor, "B"]', ["1"] * 4, "but is a list of 4"),
    "opaque": ('Float[Tensor, "B"]', Opaque("Tensor", "sparse"), "but is an object of type Tensor (sparse)"),
    "complex numbers": (
        'Float[Tensor, "B"]',
        torch.zeros(4, dtype=torch.complex64),
        "of shape (4,) and dtype complex64",
    ),
    "fractions": ('Int[Tensor, "B"]', torch.full((4,), 0.5, dtype=F64), "an int tensor"),
    "summed": ('Float[Tensor, "B"]', torch.tensor(0.0, dtype=F64), "has shape (), but should have (B,) = (4,)"),
    "transposed": (
        'Float[Tensor, "D M"]',
        torch.zeros(2, 5, dtype=F64),
        "has shape (2, 5), but should have (D, M) = (5, 2)",
    ),
    "open axis missing": ('Float[Tensor, "B K"]', torch.zeros(4, dtype=F64), "should have (B, K) = (4, ?)"),
    "short tuple": (FIT, (torch.zeros(5, 2), torch.zeros(5)), "should be a tuple of 3: a float tensor of shape (D, M)"),
    "part of a tuple": (
        FIT,
        (torch.zeros(5, 2, dtype=F64), torch.zeros(5, 2, dtype=F64), 1.0),
        "part 2 of the result has shape (5, 2)",
    ),
    "text for a float": ("float", "1.0", "should be a float, but is a str"),
    "boolean for a float": ("float", True, "should be a float, but is a bool"),
    "vector for a float": ("float", torch.zeros(3), "should be a float, but is a tensor of shape (3,)"),
    "neither": ('float | Float[Tensor, ""]', "x", "should be a float, but is a str"),
    "weights for a model": (
        MODEL,
        ({}, {}),
        "part 1 of the result should be something that can be called (a model), but is a dict",
    ),
    "deep in a tuple": (
        NESTED,
        (torch.zeros(4, dtype=F64), (torch.zeros(4, dtype=F64), 2)),
        "part 1 of part 2 of the result has shape (4,), but should have (D,) = (5,)",
    ),
    "flat for a nested tuple": (
        NESTED,
        (torch.zeros(4, dtype=F64), torch.zeros(5, dtype=F64)),
        "part 2 of the result should be a tuple of 2: a float tensor of shape (D,), an int, but is a tensor",
    ),
    "an entry of a list": (ROWS, [torch.zeros(5, dtype=F64), torch.zeros(4, dtype=F64)], "entry 2 of the result has"),
    "a tensor for a list": (ROWS, torch.zeros(3, 5, dtype=F64), "should be a list, each entry of it a float tensor of"),
    "an entry of a dict": (
        BY_CLASS,
        {3: torch.zeros(5, 2, dtype=F64)},
        "the entry 3 of the result has shape (5, 2), but should have (M, D) = (2, 5)",
    ),
    "text for integer keys": (
        BY_CLASS,
        {"3": torch.zeros(2, 5, dtype=F64)},
        "the keys of the result should be int, but one is '3'",
    ),
    "integers for text keys": (BY_NAME, {3: None}, "the keys of the result should be str, but one is 3"),
    "an entry by name": (BY_NAME, {"a" * 99: "x"}, f"the entry '{'a' * 59} of the result should be a float tensor"),
    "a list for integer keys": (BY_CLASS, [], "the result should be a dict with integers as keys, each entry of it a"),
    "None where not allowed": ('Float[Tensor, "B"] | float', None, "or a float, but is None (is a `return` missing?)"),
    "text where a tensor or None": ('Float[Tensor, "B"] | None', "x", "of shape (B,) or None, but is a str"),
    "neither tensor": (
        'Float[Tensor, "B"] | Float[Tensor, "B M"]',
        torch.zeros(5, dtype=F64),
        "has shape (5,), but should have (B,) = (4,)",
    ),
    "new axis of two sizes": (
        PAIR,
        (torch.zeros(4, 9, dtype=F64), torch.zeros(8, 8, dtype=F64)),
        "part 2 of the result has shape (8, 8), but should have (K, K) = (9, 9)",
    ),
    "new axis of two sizes in one part": (
        'Float[Tensor, "K K"]',
        torch.zeros(8, 9, dtype=F64),
        "has shape (8, 9), but should have (K, K) = (?, ?)",
    ),
    "other leading axes": (
        LEADING,
        (torch.zeros(7, 8, dtype=F64), torch.zeros(7, 5, dtype=F64)),
        "part 2 of the result has shape (7, 5), but should have (..., D) = (7, 8, 5)",
    ),
    "no last axis": ('Float[Tensor, "... D"]', torch.zeros((), dtype=F64), "but should have (..., D) = (..., 5)"),
    "a dict for an object": ("KalmanModel", {}, "the result should be a KalmanModel, but is a dict"),
    "nothing for an object": ("tuple[float, KalmanModel]", (1.0, None), "part 2 of the result should be a KalmanModel"),
    "list for a dict": (MODEL, (Handle(1, "Net"), []), "part 2 of the result should be a dict, but is a list of 0"),
}
VECTOR = 'Float[Tensor, "B"]'
MATRIX = 'Float[Tensor, "D M"]'
FOUR = torch.arange(4, dtype=F64)
FORMS: dict[str, tuple[str, Any, Any, dict[str, str]]] = {
    "single precision": (
        VECTOR,
        FOUR.float(),
        FOUR.float(),
        {
            "other_dtype": "the result has dtype float32, but the inputs have float64: results keep the dtype of the inputs"
        },
    ),
    "whole numbers": (
        VECTOR,
        FOUR.long(),
        FOUR,
        {"other_dtype": "the result has dtype int64, but should be a float tensor of shape (B,)"},
    ),
    "whole numbers as floats": (
        'Int[Tensor, "B"]',
        FOUR,
        FOUR.long(),
        {"other_dtype": "the result has dtype float64, but should be an int tensor of shape (B,)"},
    ),
    "kept axis": (
        VECTOR,
        FOUR[:, None],
        FOUR,
        {"size_one_axis": "the result has shape (4, 1), but should have (B,) = (4,)"},
    ),
    "array": (
        VECTOR,
        FOUR.numpy(),
        FOUR,
        {
            "numpy_array": "the result should be a float tensor of shape (B,), "
            "but is a NumPy array of shape (4,) and dtype float64"
        },
    ),
    "list": (
        VECTOR,
        FOUR.tolist(),
        FOUR,
        {"python_list": "the result should be a float tensor of shape (B,), but is a list of 4"},
    ),
    "number": (
        'Float[Tensor, ""]',
        3.0,
        torch.tensor(3.0, dtype=F64),
        {"python_number": "the result should be a float tensor of shape (), but is a float"},
    ),
    "single number": (
        "float",
        torch.tensor([[2.5]]),
        2.5,
        {"size_one_axis": "the result should be a float, but is a tensor of shape (1, 1) and dtype float32"},
    ),
    "more than asked for": (
        VECTOR,
        (FOUR, "more"),
        FOUR,
        {"extra_output": "the result is a tuple of 2, not a float tensor of shape (B,): its first entry was judged"},
    ),
    "more than a number": (
        "float",
        (2.5, FOUR),
        2.5,
        {"extra_output": "the result is a tuple of 2, not a float: its first entry was judged"},
    ),
    "more parts": (
        "tuple[float, float]",
        (1.0, 2.0, 3.0),
        (1.0, 2.0),
        {"extra_output": "the result has 3 parts, 2 are asked for: the first were judged"},
    ),
    "several at once": (
        VECTOR,
        FOUR.float()[None].numpy(),
        FOUR.float(),
        {
            "numpy_array": "the result should be a float tensor of shape (B,), "
            "but is a NumPy array of shape (1, 4) and dtype float32",
            "other_dtype": "the result has dtype float32, but the inputs have float64: results keep the dtype of the inputs",
            "size_one_axis": "the result has shape (1, 4), but should have (B,) = (4,)",
        },
    ),
    "in parts": (
        FIT,
        (torch.zeros(5, 2, dtype=F64), torch.zeros(5, 1, dtype=F64), [1.0]),
        (torch.zeros(5, 2, dtype=F64), torch.zeros(5, dtype=F64), 1.0),
        {
            "size_one_axis": "part 2 of the result has shape (5, 1), but should have (D,) = (5,)",
            "python_list": "part 3 of the result should be a float, but is a list of 1",
        },
    ),
    "the first of two alike": (
        "tuple[float, float]",
        (torch.ones(1), torch.ones(1, 1)),
        (1.0, 1.0),
        {"size_one_axis": "part 1 of the result should be a float, but is a tensor of shape (1,) and dtype float32"},
    ),
}
SIZES = {"B": 4, "D": 5, "M": 2}


def climb(annotation: str, value: Any, **options: Any) -> Climbed:
    """Climb the rungs from type to finiteness."""
    return require_returns(
        value, contract(f"def f() -> {annotation}: ...").returns, SIZES, F64, objects={"KalmanModel"}, **options
    )


@pytest.mark.parametrize(("annotation", "value"), RIGHT.values(), ids=RIGHT)
def test_right_returns(annotation: str, value: Any) -> None:
    """Every reasonable way to return what was asked for passes, as it is and without a note."""
    climbed = climb(annotation, value)
    assert climbed.forms == ()
    assert same(climbed.value, value)


@pytest.mark.parametrize(("annotation", "value", "message"), WRONG.values(), ids=WRONG)
def test_wrong_returns(annotation: str, value: Any, message: str) -> None:
    """The first broken rung of substance is the one that is named, with what came and what should have come."""
    with pytest.raises(CheckFailed) as caught:
        climb(annotation, value)
    assert FailureKind.CONTRACT is caught.value.kind
    assert message in caught.value.message
    assert caught.value.forms == ()


@pytest.mark.parametrize(("annotation", "value", "judged", "notes"), FORMS.values(), ids=FORMS)
def test_form_is_undone_and_noted(annotation: str, value: Any, judged: Any, notes: dict[str, str]) -> None:
    """A broken rung of form stops nothing: what is judged is in the form that was asked for, and each fault is said once."""
    climbed = climb(annotation, value)
    assert {fault.name: fault.message for fault in climbed.forms} == notes
    assert len(climbed.forms) == len(notes)
    assert set(notes) <= set(PRICED)
    assert same(climbed.value, judged)


def test_form_is_noted_before_substance_fails() -> None:
    """An array of the wrong shape is wrong for its shape: the axes of a result are never guessed."""
    with pytest.raises(CheckFailed, match=r"has shape \(2, 5\), but should have \(D, M\) = \(5, 2\)"):
        climb(MATRIX, np.zeros((2, 5)))


NOT_FINITE: dict[str, tuple[str, Any, str]] = {
    "tensor": (
        VECTOR,
        torch.tensor([0, math.nan, math.inf, 0], dtype=F64),
        "the result holds 2 entries that are NaN or infinite, of 4",
    ),
    "number": ("float", math.nan, "the result is nan"),
    "in another form": (
        VECTOR,
        [[0.0, 1.0, 2.0, math.inf]],
        "the result holds 1 entries that are NaN or infinite, of 4",
    ),
}


@pytest.mark.parametrize(("annotation", "value", "message"), NOT_FINITE.values(), ids=NOT_FINITE)
def test_not_finite_is_a_wrong_value(annotation: str, value: Any, message: str) -> None:
    """NaN is of the right type and shape: the value is wrong, and that is said in two words."""
    with pytest.raises(CheckFailed) as caught:
        climb(annotation, value)
    assert (caught.value.kind, caught.value.brief, caught.value.message) == (FailureKind.VALUE, "not finite", message)


def test_infinite_where_allowed() -> None:
    """A check may allow infinite results."""
    climb('Float[Tensor, "B"]', torch.full((4,), -math.inf, dtype=F64), finite=False)
    climb("float", math.nan, finite=False)


def same(got: Any, want: Any) -> bool:
    """Whether two results are of the same types, shapes, dtypes and numbers."""
    if isinstance(want, torch.Tensor):
        return isinstance(got, torch.Tensor) and got.dtype == want.dtype and torch.equal(got, want)
    if isinstance(want, tuple | list):
        return type(got) is type(want) and len(got) == len(want) and all(map(same, got, want))
    if isinstance(want, dict):
        return type(got) is dict and list(got) == list(want) and all(same(got[key], want[key]) for key in want)
    return bool(got == want)
