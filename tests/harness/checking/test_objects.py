"""`student.make`, its methods and `student.run_script`: the ladder, the messages, the evidence, surveys and the oracle."""

# ruff: noqa: E501 -- submissions stand here as one string each

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from contextlib import redirect_stdout
from dataclasses import dataclass, field
from typing import Any

import pytest
import torch
from make_submission import BRIEF_CALL, LIMITS
from torch import Tensor, nn

from autograder.assignment.contract import FunctionContract, parse_module
from autograder.authoring.cases import Case
from autograder.authoring.failures import CheckFailed, CheckStopped
from autograder.checking.oracle import Oracle
from autograder.checking.student import Student
from autograder.diagnosis.retrial import _WithStandIns
from autograder.diagnosis.survey import Again
from autograder.diagnosis.surveyor import Surveyor
from autograder.errors import HarnessFault
from autograder.outcomes import FailureKind
from autograder.sandbox.inprocess import OneFunction
from autograder.sandbox.proxy import Sandbox
from autograder.sandbox.questions import Answer, Question

SandboxOf = Callable[..., Sandbox]
F64 = torch.float64


def one(source: str) -> FunctionContract:
    """Return the contract of the one function in `source`."""
    (found,) = parse_module(source, "work")
    return found


@dataclass(frozen=True)
class ClassStub:
    """Stands for the contract of a class."""

    name: str
    constructor: FunctionContract
    methods: Mapping[str, FunctionContract]
    module: str = "work"
    text: str = "class Model(by: Float[Tensor, 'D'])"
    bases: tuple[str, ...] = ()
    docstring: str = ""


MODEL = ClassStub(
    "Model",
    one('def Model(by: Float[Tensor, "D"]) -> Model: ...'),
    {
        "forward": one('def forward(x: Float[Tensor, "B D"]) -> Float[Tensor, "B D"]: ...'),
        "sample": one('def sample(n: int, *, generator: torch.Generator | None = None) -> Float[Tensor, "{n} D"]: ...'),
        "mean": one('def mean() -> Float[Tensor, "D"]: ...'),
    },
)
FIT = one('def fit(x: Float[Tensor, "N D"]) -> Model: ...')


@dataclass(frozen=True)
class ContractStub:
    """Stands for a contract with one class and one function that returns an instance of it."""

    functions: dict[str, FunctionContract] = field(default_factory=lambda: {"fit": FIT})
    classes: dict[str, ClassContract] = field(default_factory=dict)

    def __getitem__(self, name: str) -> FunctionContract:
        return self.functions[name]

    def resolved(self, name: str) -> str:
        """Return a name as it is: nothing has another one."""
        return name

    def object_of(self, name: str) -> ClassStub | None:
        """Return the class that a name is or returns."""
        return MODEL if name in ("Model", "fit") else None


CONTRACT: Any = ContractStub()
RIGHT = """
import torch
from torch import nn

class Model(nn.Module):
    def __init__(self, by):
        super().__init__()
        self.by = nn.Parameter(by.clone())
    def forward(self, x):
        return x * self.by
    def sample(self, n, generator=None):
        return torch.randn(n, len(self.by), generator=generator, dtype=self.by.dtype)
    def mean(self):
        return self.by.detach()

def fit(x):
    return Model(x.mean(0))
"""
NAMES = {"Model": "work", "fit": "work"}
BY, X = torch.tensor([2.0, 3.0], dtype=F64), torch.tensor([[1.0, 2.0], [3.0, 5.0], [2.0, 2.0]], dtype=F64)
CASE, FITTING = Case("Model", {"by": BY}), Case("fit", {"x": X})


@pytest.fixture
def student_of(sandbox_of: SandboxOf) -> Callable[..., Student]:
    """Make a student from the text of a submission."""

    def make(source: str = RIGHT, **files: str) -> Student:
        hangs = "while True: pass" in source
        sandbox = sandbox_of(source, names=NAMES, limits=BRIEF_CALL if hangs else LIMITS, **files)
        return Student(sandbox, sandbox.load(), CONTRACT, "model.value")

    return make


class Reference(nn.Module):
    """The reference."""

    def __init__(self, by: Tensor) -> None:
        super().__init__()
        self.by = nn.Parameter(by.clone())
        self.noise = nn.Parameter(torch.randn(2))

    def forward(self, x: Tensor) -> Tensor:
        """Multiply."""
        return x * self.by

    def sample(self, n: int, generator: torch.Generator | None = None) -> Tensor:
        """Draw."""
        return torch.randn(n, 2, generator=generator, dtype=F64)


ORACLE = Oracle({"Model": Reference, "fit": lambda x: Reference(x.mean(0))}, CONTRACT)


@pytest.mark.parametrize("case", [CASE, FITTING], ids=["class", "function"])
def test_objects_are_made_and_asked(case: Case, student_of: Callable[..., Student]) -> None:
    """Values climb the ladder, agree with the oracle, have gradients and are described."""
    student = student_of()
    made, ours = student.make(case), ORACLE.make(case)
    made.agrees("forward", {"x": X}, ORACLE.method(ours, "forward", {"x": X}))
    assert made.value("sample", {"n": 4}, seed=3).equal(ORACLE.method(ours, "sample", {"n": 4}, seed=3))
    assert made.value("mean").shape == (2,)
    found = made.gradient("forward", {"x": X}, ["x", "self.*"])
    assert isinstance(found["self.by"], Tensor)
    assert torch.allclose(found["self.by"], X.sum(0))
    looked = made.inspect(state=True)
    assert (looked.shapes(), looked.count, looked.trainable) == ({"by": (2,)}, 2, 2)
    assert set(looked.state or {}) == {"by"}
    assert student.draws(made.call("sample", {"n": 1}))(0, 3).shape == (3, 2)
    assert student.effort(made.call("forward", {"x": X})).operations >= 1
    assert isinstance(made.ask("forward", {"x": X}, evaluate=True), Answer)


def refused(action: Callable[[], Any]) -> CheckFailed:
    """Return how a check fails, at once or for good."""
    with pytest.raises((CheckFailed, CheckStopped)) as caught:
        action()
    return caught.value.failure if isinstance(caught.value, CheckStopped) else caught.value


WRONG: dict[str, tuple[str, Case, FailureKind, str]] = {
    "no class": ("fit = 3", CASE, FailureKind.MISSING, "`Model` is not defined in work.py"),
    "another signature": (
        "class Model:\n    def __init__(self): pass",
        CASE,
        FailureKind.SIGNATURE,
        "`Model` takes 1 arguments (by), yours is ()",
    ),
    "a stub": (
        "class Model:\n    def __init__(self, by): raise NotImplementedError",
        CASE,
        FailureKind.MISSING,
        "`Model` is not implemented yet",
    ),
    "raises": (
        "class Model:\n    def __init__(self, by): raise ValueError('so')",
        CASE,
        FailureKind.EXCEPTION,
        "`Model` failed: it raised ValueError: so",
    ),
    "two results": (
        "def fit(x): return x, x",
        FITTING,
        FailureKind.CONTRACT,
        "`fit` should return one object, but returns a tuple of 2",
    ),
    "a tensor": (
        "def fit(x): return x",
        FITTING,
        FailureKind.CONTRACT,
        "`fit` should return one object, but returns a tensor of shape (3, 2)",
    ),
    "nothing": (
        "def Model(by): pass",
        CASE,
        FailureKind.CONTRACT,
        "`Model` should return an object of the class `Model`, but returns None",
    ),
}


@pytest.mark.parametrize(("source", "case", "kind", "message"), WRONG.values(), ids=WRONG)
def test_objects_that_are_not_made(
    source: str, case: Case, kind: FailureKind, message: str, student_of: Callable[..., Student]
) -> None:
    """Every rung of making an object says what is wrong."""
    failure = refused(lambda: student_of(source + "\n").make(case))
    assert failure.kind is kind
    assert message in failure.message


METHODS: dict[str, tuple[str, FailureKind, str]] = {
    "none": (
        "pass",
        FailureKind.MISSING,
        "`fit(...).forward` is not defined: an object of type M has no method `forward`",
    ),
    "a stub": (
        "def forward(self, x): raise NotImplementedError",
        FailureKind.MISSING,
        "`fit(...).forward` is not implemented yet",
    ),
    "raises": (
        "def forward(self, x): return x @ x",
        FailureKind.EXCEPTION,
        "`fit(...).forward` failed: it raised RuntimeError",
    ),
    "a list": (
        "def forward(self, x): return [1]",
        FailureKind.CONTRACT,
        "the result has shape (1,), but should have (B, D) = (3, 2)",
    ),
    "a sum": (
        "def forward(self, x): return x.sum(0, keepdim=True)",
        FailureKind.CONTRACT,
        "should have (B, D) = (3, 2)",
    ),
    "infinite": ("def forward(self, x): return x / 0", FailureKind.VALUE, "NaN or infinite"),
    "wrong": ("def forward(self, x): return 2 * x", FailureKind.VALUE, "`fit(...).forward` gives a wrong value"),
    "hangs": (
        "def forward(self, x):\n        while True: pass",
        FailureKind.TIMEOUT,
        "`fit(...).forward` failed: it was stopped",
    ),
}


@pytest.mark.parametrize(("body", "kind", "message"), METHODS.values(), ids=METHODS)
def test_methods_climb_the_ladder(
    body: str, kind: FailureKind, message: str, student_of: Callable[..., Student]
) -> None:
    """The method is named, and the evidence has the call."""
    made = student_of(f"class M:\n    {body}\ndef fit(x): return M()\n").make(FITTING)
    failure = refused(lambda: made.agrees("forward", {"x": X}, X))
    assert failure.kind is kind
    assert message in failure.message
    assert failure.evidence is not None
    assert failure.evidence.called.startswith("fit(x=tensor([[1, 2], [3, 5], [2, 2]], dtype=float64)).forward(x=")


def test_form_of_a_method_fails_in_the_end_alone(student_of: Callable[..., Student]) -> None:
    """What a method returns in another form is judged as if nothing had happened; who looks at form is told at the end."""
    student = student_of("class M:\n    def forward(self, x): return x.float()\ndef fit(x): return M()\n")
    made = student.make(FITTING)
    made.agrees("forward", {"x": X}, X)
    student.require_form()
    assert set(student.coerced) == {"other_dtype"}

    assert torch.equal(made.value("forward", {"x": X}, form=True), X.float())
    failure = refused(student.require_form)
    assert (failure.kind, failure.forms) == (FailureKind.CONTRACT, ("other_dtype",))
    assert "the result has dtype float32" in failure.message
    assert failure.evidence is not None
    assert failure.evidence.called.endswith(".forward(x=tensor([[1, 2], [3, 5], [2, 2]], dtype=float64))")


def test_sizes_of_the_object_bind_its_results(student_of: Callable[..., Student]) -> None:
    """What the constructor has fixed holds for every method, unless a call says otherwise: `n` of `sample` is no `N` of `fit`."""
    student = student_of(RIGHT.replace("return self.by.detach()", "return torch.ones(5, dtype=torch.float64)"))
    made = student.make(FITTING)
    assert made.value("sample", {"n": 7}).shape == (7, 2)
    assert "should have (D,) = (2,)" in refused(lambda: made.value("mean")).message


def test_snippets_run(student_of: Callable[..., Student], tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The snippet makes the object and calls the method."""
    (tmp_path / "work.py").write_text(RIGHT)
    monkeypatch.syspath_prepend(str(tmp_path))
    failure = refused(lambda: student_of().make(CASE).agrees("forward", {"x": X}, X))
    assert failure.evidence is not None
    printed = io.StringIO()
    with redirect_stdout(printed):
        exec(failure.evidence.reproduce, {})
    assert "made = Model(by)" in failure.evidence.reproduce
    assert "[ 6., 15.]" in printed.getvalue()


def test_no_gradient_and_infinite_gradients(student_of: Callable[..., Student]) -> None:
    """Gradients of methods fail as those of functions do."""
    cut = student_of(RIGHT.replace("x * self.by", "(x * self.by).detach()")).make(CASE)
    assert (
        "no gradient flows through `Model.forward`"
        in refused(lambda: cut.gradient("forward", {"x": X}, ["self.*"])).message
    )
    endless = student_of(RIGHT.replace("x * self.by", "(0 * self.by * x).sqrt()")).make(CASE)
    assert (
        "with respect to `self.by` is not finite"
        in refused(lambda: endless.gradient("forward", {"x": X}, ["self.*"])).message
    )


def test_values_of_another_size_are_no_fault_of_ours(student_of: Callable[..., Student]) -> None:
    """What a check compares beside the contract may have any shape."""
    student = student_of()
    failure = refused(
        lambda: student.close(student.make(CASE).call("mean"), torch.ones(3), torch.ones(2), what="the state")
    )
    assert failure.message == "the state of `Model.mean` has shape (3,), but should have (2,)"


def test_too_many_parameters(student_of: Callable[..., Student]) -> None:
    """What cannot be looked at in full fails in words."""
    many = "class Model(nn.Module):\n    def __init__(self, by):\n        super().__init__()\n        self.all = nn.ParameterList(nn.Parameter(by.clone()) for _ in range(600))\n"
    made = student_of("import torch\nfrom torch import nn\n" + many).make(CASE)
    assert "has more parameters than are looked at" in refused(made.inspect).message


def test_faults_of_a_check_are_ours(student_of: Callable[..., Student]) -> None:
    """A method that the contract does not have, an object of a function that makes none, and an asked one that cannot."""
    student = student_of()
    with pytest.raises(
        HarnessFault, match="the contract of Model has no method 'predict'; known are: forward, sample, mean"
    ):
        student.make(CASE).value("predict")
    with pytest.raises(HarnessFault, match="other is no class, and what it returns is none of the contract"):
        student.make(Case("other", {}))

    class Only:
        def call(self, question: Question) -> Answer:
            return Answer(None)

    with pytest.raises(HarnessFault, match="what is asked here runs no scripts"):
        Student(Only(), student._report, CONTRACT, "x").run_script("a.py")  # type: ignore[arg-type]


# ----------------------------------------------------------------------------------------------------- asked again


def check(student: Student) -> None:
    """A check of an object, as an assignment would have it."""
    made, ours = student.make(FITTING), ORACLE.make(FITTING)
    made.agrees("forward", {"x": X}, ORACLE.method(ours, "forward", {"x": X}))
    looked = made.inspect(state=True)
    student.require(looked.count == 2, made.case, "the model should have two parameters")
    assert looked.state is not None
    student.close(made.case, looked.state["by"], ours.by, what="the state")
    student.sees(made.case, "the mean", made.value("mean"))


class Twice(Reference):
    """A named wrong answer."""

    def __init__(self, by: Tensor) -> None:
        super().__init__(by)
        del self.noise

    def forward(self, x: Tensor) -> Tensor:
        """Multiply by twice as much."""
        return 2 * x * self.by

    def mean(self) -> Tensor:
        """Return the mean."""
        return self.by.detach()


class Thrice(Twice):
    """Another one."""

    def forward(self, x: Tensor) -> Tensor:
        """Multiply by three times as much."""
        return 3 * x * self.by


def test_checks_of_objects_are_surveyed(student_of: Callable[..., Student]) -> None:
    """A survey goes on to the end, and tells the wrong answer that explains it from another."""
    student = student_of(RIGHT.replace("x * self.by", "(x + x) * self.by"))
    with pytest.raises(CheckFailed, match="gives a wrong value"):
        check(student)
    again = Again(check, {"student": student})
    survey = again.survey(Surveyor(student.asked, student._report, CONTRACT, "model.value"))
    assert survey is not None
    assert [seen.ok for seen in survey.seen] == [False, True, True, True]
    explained = {}
    for wrong in (Twice, Thrice):
        asked = OneFunction("fit", lambda x, wrong=wrong: wrong(x.mean(0)))
        observer = Surveyor(asked, asked.report, CONTRACT, "model.value", like=survey.seen)
        explained[wrong.__name__] = again.explains(observer, survey)
    assert explained == {"Twice": True, "Thrice": False}


def test_checks_of_objects_are_asked_with_stand_ins(student_of: Callable[..., Student]) -> None:
    """What asks with stand-ins passes questions about objects and scripts on."""
    student = student_of(RIGHT, script="print(1)\n")
    asked: Any = _WithStandIns(student.asked, ())  # type: ignore[arg-type]
    again = Student(asked, student._report, CONTRACT, "model.value")
    check(again)
    assert again.run_script("script.py").printed == "1\n"


# ---------------------------------------------------------------------------------------------------------- scripts

SCRIPTS = {
    "good": "import sys\nopen('out.txt', 'w').write(' '.join(sys.argv[1:]))\n",
    "bad": "def f():\n    raise ValueError('so')\nif __name__ == '__main__': f()\n",
    "code": "import sys\nif __name__ == '__main__': sys.exit(2)\n",
    "todo": "if __name__ == '__main__': raise NotImplementedError\n",
    "hang": "if __name__ == '__main__':\n    while True: pass\n",
}


def test_scripts(student_of: Callable[..., Student]) -> None:
    """A script's files are read, and what goes wrong is said with its command line."""
    student = student_of("", **SCRIPTS)
    run = student.run_script("good.py", ["--n", "3"])
    assert (run.exit_code, run.file("out.txt")) == (0, b"--n 3")
    assert (
        "`python good.py --n 3` should write `b.txt`, but wrote `out.txt`" in refused(lambda: run.file("b.txt")).message
    )
    with pytest.raises(CheckFailed, match="is odd"):
        student.require(False, run.case, "`python good.py --n 3` is odd")
    assert student.run_script("code.py", check=False).exit_code == 2


ENDS = {
    "none": (FailureKind.MISSING, "`python none.py` failed: there is no file `none.py` in the submission"),
    "bad": (FailureKind.EXCEPTION, "`python bad.py` raised ValueError: so"),
    "code": (FailureKind.EXCEPTION, "`python code.py` ended with exit code 2"),
    "todo": (FailureKind.MISSING, "`python todo.py` raised NotImplementedError"),
    "hang": (FailureKind.TIMEOUT, "`python hang.py` failed: it was stopped after"),
}


@pytest.mark.parametrize("name", ENDS)
def test_scripts_that_fail(name: str, student_of: Callable[..., Student]) -> None:
    """Each way to fail has its kind and its words."""
    kind, message = ENDS[name]
    failure = refused(lambda: student_of("", **SCRIPTS).run_script(f"{name}.py", seconds=1.0))
    assert failure.kind is kind
    assert message in failure.message
    assert failure.evidence is not None
    assert failure.evidence.called == f"python {name}.py"


def test_a_file_that_is_too_large(student_of: Callable[..., Student]) -> None:
    """It is named with its size."""
    script = "for i in range(3): open(f'{i}', 'wb').write(bytes(3 * 2**20))\n"
    run = student_of("", main=script).run_script("main.py")
    assert "wrote `2`, which is more than is looked at (3.0 MB)" in refused(lambda: run.file("2")).message


def test_the_oracle_makes_objects_in_float64() -> None:
    """Parameters are double, draws depend on the case's seed alone, and containers of tensors are doubled, too."""
    single = Case("Model", {"by": BY.float()}, seed=4)
    torch.manual_seed(0)
    before = torch.random.get_rng_state()
    one, two = ORACLE.make(single), ORACLE.make(single)
    assert one.by.dtype == F64
    assert torch.equal(one.noise, two.noise)
    assert torch.equal(torch.random.get_rng_state(), before)
    ORACLE.method(one, "load_state_dict", {"state_dict": {"by": BY.float() * 2, "noise": torch.zeros(2)}})
    assert torch.equal(ORACLE.method(one, "forward", {"x": X.float()}), X * BY * 2)
