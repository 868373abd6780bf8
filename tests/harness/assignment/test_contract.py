"""The contract: signatures are read as text, shapes are bound by name, and mistakes of an assignment are named."""

from __future__ import annotations

from pathlib import Path

import pytest

from autograder.assignment.contract import (
    Contract,
    FunctionContract,
    NamedSpec,
    load_contract,
    parse_classes,
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


BAD = {
    "no annotation": ("def f(x) -> float: ...", "f: parameter 'x' has no annotation"),
    "no shape": ("def f(x: Float[Tensor]) -> float: ...", 'Float[Tensor] is not of the form Float[Tensor, "B M"]'),
    "no text": ("def f(x: Float[Tensor, B]) -> float: ...", 'is not of the form Float[Tensor, "B M"]'),
    "three items": ('def f(x: Float[Tensor, "B", "M"]) -> float: ...', "is not of the form"),
    "a result": (
        'def f(x: float) -> set[Float[Tensor, "B"]]: ...',
        "module.py: f: the result: set[Float[Tensor, 'B']]: tensors may stand in",
    ),
    "starred": ("def f(*x: float) -> float: ...", "module.py: f: *x cannot be part of a contract: name the parameters"),
    "keywords": ("def f(**x: float) -> float: ...", "f: *x cannot be part of a contract"),
    "a method": (
        "class A:\n    def f(self, x: set[Int[T, 'B']]) -> float: ...",
        "module.py: A.f: parameter 'x': set[Int[T, 'B']]: tensors may stand in",
    ),
    "a constructor": (
        "class A:\n    def __init__(self, x) -> None: ...",
        "module.py: A: parameter 'x' has no annotation",
    ),
}


@pytest.mark.parametrize(("source", "message"), BAD.values(), ids=BAD)
def test_bad_annotation(source: str, message: str) -> None:
    """An annotation that is not in the contract's notation is refused with its text."""
    with pytest.raises(UsageError) as caught:
        (parse_classes if source.startswith("class") else parse_module)(source, "module")
    assert message in str(caught.value)


# ------------------------------------------------------------------------------------------------------------ classes

CLASSES = '''
from dataclasses import dataclass, field

class Decoder(nn.Module):
    """Maps z to x."""

    kept = 3

    def __init__(self, width: int, *, depth: int = 2) -> None:
        """Make it."""
        self.width = width

    def forward(self, z: Float[Tensor, "... M"]) -> Float[Tensor, "... D"]:
        """One layer."""
        return z

    @staticmethod
    def at(x: float) -> float: ...

    @classmethod
    def load(cls, path: str) -> "Decoder": ...

    @property
    def size(self) -> int: ...

    def __call__(self, x: float) -> float: ...
    def __repr__(self) -> str: ...
    def _hidden(self, x: float) -> float: ...
    def unannotated(self, x): ...

@dataclass(frozen=True)
class Model:
    A: Float[Tensor, "D D"]
    scale: float = 1.0
    kind: ClassVar[str] = "x"
    cache: dict[int, float] = field(init=False)
    more: list[float] = field(default_factory=list)

class _Private:
    def f(self) -> float: ...

class Error(ValueError):
    pass
'''


def test_classes() -> None:
    """A class is its constructor, its public annotated methods without `self`, its bases and its docstring."""
    decoder, model = parse_classes(CLASSES, "nets")

    assert (decoder.name, decoder.module, decoder.docstring) == ("Decoder", "nets", "Maps z to x.")
    assert (decoder.text, decoder.bases) == ("class Decoder(nn.Module)", ("nn.Module",))
    assert decoder.constructor.text == "Decoder(width: int, *, depth: int=2) -> Decoder"
    assert decoder.constructor.docstring == "Make it."
    assert decoder.constructor.returns == NamedSpec("Decoder")
    texts = {name: method.text for name, method in decoder.methods.items()}
    assert list(texts) == ["forward", "at", "load", "__call__"]
    assert texts["forward"] == "forward(z: Float[Tensor, '... M']) -> Float[Tensor, '... D']"
    assert texts["at"] == "at(x: float) -> float"
    assert texts["load"] == "load(path: str) -> 'Decoder'"
    assert decoder.methods["load"].returns == NamedSpec("Decoder")
    assert decoder.methods["forward"].docstring == "One layer."
    fields = "Model(A: Float[Tensor, 'D D'], scale: float=1.0, more: list[float]=field(default_factory=list)) -> Model"
    assert (model.text, model.constructor.text, dict(model.methods)) == ("class Model", fields, {})


FITTED = """
from reference.parts import Base, helper

class KalmanModel(Base):
    def predict(self, x: Float[Tensor, "D"]) -> "Step": ...

def fit(y: Float[Tensor, "T D"]) -> KalmanModel: ...
def fit_both(y: Float[Tensor, "T D"]) -> tuple[float, KalmanModel | None]: ...
def plain(y: Float[Tensor, "T D"]) -> float: ...
"""
PARTS = """
from dataclasses import dataclass

class Base:
    def size(self) -> int: ...

@dataclass
class Step:
    x: float

class Unused:
    def f(self) -> int: ...

def helper(x: Iterator[Float[Tensor, "B"]]) -> float: ...
"""


@pytest.fixture
def fitted(tmp_path: Path) -> Path:
    """A reference with a fitted object."""
    (tmp_path / "fits.py").write_text(FITTED)
    (tmp_path / "parts.py").write_text(PARTS)
    return tmp_path


def test_fitted_objects(fitted: Path) -> None:
    """The class of a result comes with the function, with its bases and the classes that its methods name."""
    contract = load_contract(fitted, ["fit", "fit_both", "plain"])

    assert list(contract.classes) == ["KalmanModel", "Base", "Step"]
    assert contract.modules == dict.fromkeys(["fit", "fit_both", "plain", "KalmanModel"], "fits") | {
        "Base": "parts",
        "Step": "parts",
    }
    assert contract["fit"].returns == NamedSpec("KalmanModel")
    for name in ("fit", "fit_both", "KalmanModel"):
        assert contract.object_of(name) is contract.classes["KalmanModel"]
    assert contract.object_of("KalmanModel.predict") is contract.classes["Step"]
    assert contract.object_of("plain") is None
    assert contract["Base"].text == "Base() -> Base"
    assert contract["Base.size"].text == "size() -> int"
    with pytest.raises(KeyError):
        contract["Base.absent"]


def test_a_class_can_be_asked_for(fitted: Path) -> None:
    """A class may be a task of its own; what it does not name does not come with it."""
    contract = load_contract(fitted, ["Unused"])
    assert (list(contract.functions), list(contract.classes)) == ([], ["Unused"])


def test_classes_survive_json(fitted: Path) -> None:
    """The student's kit gets only the JSON: reading it gives an equal contract, classes included."""
    contract = load_contract(fitted, ["fit", "Unused"])
    assert Contract.from_json(contract.to_json()) == contract
    (fitted / "nets.py").write_text(CLASSES)
    contract = load_contract(fitted, ["Decoder", "Model"])
    assert Contract.from_json(contract.to_json()) == contract


DAMAGED = {
    "no bases": '{"A": {"module": "m", "docstring": "", "methods": {}}}',
    "bases that are numbers": '{"A": {"module": "m", "docstring": "", "methods": {}, "bases": [1], "constructor": {}}}',
    "another name": '{"A": {"module": "m", "docstring": "", "methods": {}, "bases": [], "constructor": '
    '{"signature": "B() -> B", "docstring": ""}}}',
    "methods that are a list": '{"A": {"module": "m", "docstring": "", "methods": [], "bases": [], "constructor": {}}}',
}


@pytest.mark.parametrize("text", DAMAGED.values(), ids=DAMAGED)
def test_damaged_classes(text: str) -> None:
    """Damaged JSON of a class ends in an error for the user."""
    with pytest.raises(UsageError, match="this is not a contract"):
        Contract.from_json(text)


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
    with pytest.raises(UsageError, match=r"no annotated function or class 'f' \(asked for by rubric.yaml\)"):
        load_contract(tmp_path, ["f"])
    (tmp_path / "a.py").write_text("def f(:\n")
    with pytest.raises(UsageError, match=r"a.py:1: invalid syntax"):
        load_contract(tmp_path)


def test_one_name_one_place(tmp_path: Path) -> None:
    """A public name in two modules is refused with both places; what is imported or private is no definition."""
    (tmp_path / "a.py").write_text("def f(x: float) -> float: ...\n\ndef _g(x: float) -> float: ...\n")
    (tmp_path / "b.py").write_text("from reference.a import f\n\ndef _g(x: float) -> float: ...\n")
    assert load_contract(tmp_path).modules == {"f": "a"}
    (tmp_path / "c.py").write_text("\nclass f:\n    def g(self) -> float: ...\n")
    with pytest.raises(UsageError) as caught:
        load_contract(tmp_path, ["f"])
    assert f"f is defined in {tmp_path}/a.py:1 and {tmp_path}/c.py:2: a name of the reference" in str(caught.value)


def test_only_what_is_asked_for_is_read(fitted: Path) -> None:
    """A helper that the notation cannot express is nobody's contract; asked for, it is refused with its file."""
    load_contract(fitted, ["fit"])
    with pytest.raises(UsageError) as caught:
        load_contract(fitted, ["helper"])
    assert f"{fitted}/parts.py: helper: parameter 'x': Iterator[" in str(caught.value)
