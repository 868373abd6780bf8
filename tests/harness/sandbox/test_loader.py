"""Loading a submission: one bad statement, or one bad module, costs as little as possible."""

from __future__ import annotations

import ast
import textwrap
from collections.abc import Callable

import pytest
from make_submission import BRIEF_LOAD
from run_in_python import lines_of

from autograder.outcomes import FailureKind
from autograder.sandbox.inside.loader import is_definition
from autograder.sandbox.proxy import Sandbox
from autograder.sandbox.questions import Answer, Question, Refusal

SandboxOf = Callable[..., Sandbox]


def value(sandbox: Sandbox, function: str, *arguments: object) -> object:
    """Return what a function of the submission answers, or the refusal."""
    answer = sandbox.call(Question(function, list(arguments)))
    return answer.value if isinstance(answer, Answer) else answer


# ------------------------------------------------------------------------------------------------------- definitions

DEFINITIONS = {
    "import": ("import torch", True),
    "from import": ("from torch import nn", True),
    "function": ("def f(): ...", True),
    "class": ("class A: ...", True),
    "constant": ("LATENT = 2", True),
    "annotated constant": ("LATENT: int = 2", True),
    "constant by a formula": ("LOG_2PI = math.log(2 * torch.pi)", True),
    "tensor constant": ("EYE = torch.eye(3)", True),
    "tuple": ("A, B = 1, 2", True),
    "bare annotation": ("x: int", False),
    "training": ("history = train(model)", False),
    "method": ("y = model.fit(x)", False),
    "print": ("print(1)", False),
    "loop": ("for i in range(3): pass", False),
    "guard": ("if __name__ == '__main__': main()", False),
    "call of a call": ("x = torch.load('a')()", False),
    "one import or the other": ("try:\n    import pyro\nexcept ImportError:\n    import torch as pyro", True),
    "attempted training": ("try:\n    fit()\nexcept Exception:\n    pass", False),
    "one definition or the other": ("if torch.cuda.is_available():\n    N = 9\nelse:\n    N = 3", True),
}


@pytest.mark.parametrize(("statement", "wanted"), DEFINITIONS.values(), ids=DEFINITIONS)
def test_is_definition(statement: str, wanted: bool) -> None:
    """Imports, functions, classes and constants are definitions; whatever does work is not."""
    assert wanted == is_definition(ast.parse(statement).body[0])


# -------------------------------------------------------------------------------------------------------- statements

LATER = "\nSCALE = 2\ndef f(x): return SCALE * x\nprint('not any more')\n"
FAILING = {
    "an exception": ("raise ValueError('no data')", "ValueError: no data"),
    "a missing module": ("import numpi", "ModuleNotFoundError: No module named 'numpi'"),
    "a missing file": ("open('data.csv')", "FileNotFoundError: [Errno 2] No such file or directory: 'data.csv'"),
    "sys.exit": ("import sys; sys.exit(3)", "SystemExit: 3"),
    "input": ("n = input('n? ')", "EOFError: EOF when reading a line"),
    "an interrupt": ("raise KeyboardInterrupt", "KeyboardInterrupt: "),
    "a generator's end": ("raise GeneratorExit", "GeneratorExit: "),
    "a hostile exception": (
        "class E(BaseException):\n    def __str__(self): raise SystemExit\nraise E",
        "E: (its message could not be read: SystemExit)",
    ),
    "a download": ("import urllib.request; urllib.request.urlopen('http://example.com')", "URLError"),
}


def test_checks_inside_a_notebook_do_nothing_when_it_is_graded(sandbox_of: SandboxOf) -> None:
    """What a student called to check the work is there and returns at once: the statements after it are run, none has failed."""
    text = """
        from autograder_student import check
        check("f")
        factors = []
        factors.append(3)
        def f(x): return factors[0] * x
    """
    sandbox = sandbox_of(textwrap.dedent(text), names={"f": "work"})

    assert value(sandbox, "f", 2) == 6
    assert sandbox.load().failures == {}


def test_assignments_after_a_failure(sandbox_of: SandboxOf) -> None:
    """What is made by a call after missing data is made all the same: a partial object, a loss, an instance; no other statement is."""
    made = """
        images = open("mnist.pt")
        import functools
        from torch import nn
        class Scale:
            def __call__(self, x): return loss and 2 * x
        loss = nn.BCELoss()
        scale = Scale()
        f = functools.partial(lambda factor, x: factor * scale(x), 3)
        for _ in range(1): loss = None
    """
    sandbox = sandbox_of(textwrap.dedent(made), names={"f": "work"})

    assert value(sandbox, "f", 1) == 6
    assert len(sandbox.load().failures) == 1


def test_arguments_at_the_top(sandbox_of: SandboxOf) -> None:
    """`parse_args()` in a module finds no arguments, so that it takes its defaults."""
    sandbox = sandbox_of("import argparse\nargs = argparse.ArgumentParser().parse_args()\ndef f(): return vars(args)\n")

    assert value(sandbox, "f") == {}
    assert dict(sandbox.load().failures) == {}


@pytest.mark.parametrize(("statement", "why"), FAILING.values(), ids=FAILING)
def test_failing_statement(statement: str, why: str, sandbox_of: SandboxOf) -> None:
    """After a statement that fails, definitions are still run, and the student learns what failed where."""
    sandbox = sandbox_of(textwrap.dedent(statement) + LATER)

    report = sandbox.load()

    message, lines = report.failures["work.py"]
    assert message.startswith(why) or why in message
    assert "line" in lines[0]
    assert value(sandbox, "f", 3) == 6
    assert report.cut_short == ()
    assert sandbox.restarts == 0


def test_syntax_error(sandbox_of: SandboxOf) -> None:
    """A module that is no Python is reported with its line; other modules are loaded."""
    sandbox = sandbox_of(a="def f(x):\nreturn x", b="def g(x): return x", names={"f": "a", "g": "b"})
    report = sandbox.load()

    message, lines = report.failures["a.py"]
    assert "IndentationError: expected an indented block" in message
    assert lines == ('File "a.py", line 2, in <module>', "    return x", "    ^^^^^^")
    assert list(report.found) == ["g"]


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("def f(x):\n    return (x + 1\n", ("    return (x + 1", "           ^")),
        ("def f(x):\n    y = 3x + 1\n", ("    y = 3x + 1", "        ^")),
        ("x = 1\n\tdef f(x): pass\n", ("    def f(x): pass",)),
    ],
)
def test_a_caret_shows_where_python_stopped(sandbox_of: SandboxOf, text: str, lines: tuple[str, ...]) -> None:
    """It stands below the place in the line, which is shown without its indentation."""
    report = sandbox_of(a=text, names={"f": "a"}).load()

    assert report.failures["a.py"][1][1 : 1 + len(lines)] == lines


def test_main_guard_is_not_run(sandbox_of: SandboxOf) -> None:
    """`if __name__ == "__main__":` is not run."""
    sandbox = sandbox_of("MARK = 1\nif __name__ == '__main__':\n    MARK = 2\ndef f(): return [MARK, __name__]")
    assert value(sandbox, "f") == [1, "work"]


def test_future_annotations(sandbox_of: SandboxOf) -> None:
    """`from __future__ import annotations` holds for the whole module and for no other."""
    sandbox = sandbox_of(
        a="from __future__ import annotations\ndef f(x: Undefined) -> Undefined: return x",
        b="def g(x: Undefined): return x",
        names={"f": "a", "g": "b"},
    )
    report = sandbox.load()

    assert list(report.found) == ["f"]
    assert "NameError: name 'Undefined' is not defined" in report.failures["b.py"][0]


def test_tracebacks_show_the_students_lines(sandbox_of: SandboxOf) -> None:
    """An exception comes with the student's own lines and none of ours."""
    sandbox = sandbox_of("def f(x):\n    return g(x)\ndef g(x):\n    return x / 0  # here\n")
    refusal = value(sandbox, "f", 1)

    assert isinstance(refusal, Refusal)
    assert (refusal.kind, refusal.message) == (FailureKind.EXCEPTION, "it raised ZeroDivisionError: division by zero")
    places = ('File "work.py", line 2, in f', 'File "work.py", line 4, in g')
    assert places == refusal.lines[::2]
    assert refusal.lines[-1] == "    return x / 0  # here"


# ------------------------------------------------------------------------------------------------------------ budget

CUT = {
    "a loop": "while True: pass",
    "sleep": "import time\ntime.sleep(60)",
    "a loop that catches everything": "import time\nfor i in range(3):\n  try: time.sleep(60)\n  except: pass\n",
}


ENDLESS = "while True:\n    try: time.sleep(60)\n    except BaseException: pass\n"


@pytest.mark.parametrize("statements", CUT.values(), ids=CUT)
def test_budget_cut(statements: str, sandbox_of: SandboxOf) -> None:
    """Statements that take too long are stopped; functions after them are defined, also in modules after this one."""
    sandbox = sandbox_of(limits=BRIEF_LOAD, a=statements + LATER, b="print('not run')\ndef g(): return 7\n")
    report = sandbox.load()

    assert value(sandbox, "f", 3) == 6
    assert value(sandbox, "g") == 7
    assert report.cut_short == ("a.py", "b.py")
    assert sandbox.restarts == 0


def test_budget_over_during_an_import(sandbox_of: SandboxOf) -> None:
    """When the time ends inside an imported module, the importing one has no more time either, and still gets its import."""
    sandbox = sandbox_of(
        limits=BRIEF_LOAD,
        a="from b import g\nwhile True: pass\ndef f(): return g()\n",
        b="while True: pass\ndef g(): return 7\n",
    )

    assert value(sandbox, "f") == 7
    assert {"a.py", "b.py"} == set(sandbox.load().cut_short)
    assert sandbox.restarts == 0


def test_native_loop_that_swallows_everything(sandbox_of: SandboxOf) -> None:
    """A module that cannot be interrupted from inside is stopped from outside and run again with its definitions only."""
    sandbox = sandbox_of(limits=BRIEF_LOAD, a="import time\n" + ENDLESS + LATER, b="def g(): return 7\n")

    assert value(sandbox, "f", 3) == 6
    assert value(sandbox, "g") == 7
    assert sandbox.load().cut_short == ("a.py",)
    assert sandbox.restarts == 1


def test_definition_that_never_ends(sandbox_of: SandboxOf) -> None:
    """A module whose definitions alone hang is left out, with the reason, and the others are loaded."""
    sandbox = sandbox_of(
        limits=BRIEF_LOAD, a="import time\nclass A:\n" + textwrap.indent(ENDLESS, "  "), b="def g(): return 7\n"
    )

    assert value(sandbox, "g") == 7
    assert "without a result" in sandbox.load().excluded["a.py"]


# ----------------------------------------------------------------------------------------------------------- modules


def test_exit_at_import_costs_its_own_module(sandbox_of: SandboxOf) -> None:
    """A module that ends the process while it is imported loses its statements; it and the others are still defined."""
    sandbox = sandbox_of(a="import os\nos._exit(0)\ndef f(): return 1\n", b="import a\ndef g(): return a.f() + 6\n")

    assert value(sandbox, "g") == 7
    assert sandbox.load().cut_short == ("a.py",)
    assert sandbox.restarts == 1


def test_the_right_module_is_blamed(sandbox_of: SandboxOf) -> None:
    """A module that ends the process after an import is blamed itself, not the module that it imported."""
    sandbox = sandbox_of(
        a="import b\nimport os\nos._exit(0)\ndef f(): return 1\n", b="SEEN = []\nSEEN.append(1)\ndef g(): return SEEN\n"
    )

    assert value(sandbox, "g") == [1]
    assert sandbox.load().cut_short == ("a.py",)
    assert dict(sandbox.load().excluded) == {}


def test_definition_that_kills(sandbox_of: SandboxOf) -> None:
    """A module that ends the process even in a definition is left out with the reason; the others are loaded."""
    sandbox = sandbox_of(a="class A:\n    import os; os._exit(0)\n", b="def g(): return 7\n")

    assert value(sandbox, "g") == 7
    assert "the process ended" in sandbox.load().excluded["a.py"]
    assert sandbox.restarts == 2


def test_circular_imports(sandbox_of: SandboxOf) -> None:
    """Two modules that import each other are loaded, whichever comes first."""
    sandbox = sandbox_of(
        a="import b\ndef f(n): return n if n <= 0 else b.g(n - 1)\n",
        b="import a\ndef g(n): return n if n <= 0 else a.f(n - 1)\n",
    )

    assert value(sandbox, "f", 5) == 0
    assert dict(sandbox.load().failures) == {}


def test_packages(sandbox_of: SandboxOf) -> None:
    """Folders are packages, with and without `__init__.py`, and relative imports work."""
    sandbox = sandbox_of(
        src__init="from .part import g\nNAME = __name__\n",
        src__part="from . import other\ndef g(): return other.VALUE\n",
        src__other="VALUE = 7\n",
        lib__deep__thing="def h(): return __name__\n",
        main="import src, lib.deep.thing\ndef f(): return [src.NAME, src.g(), lib.deep.thing.h()]\n",
    )

    assert dict(sandbox.load().failures) == {}
    assert value(sandbox, "f") == ["src", 7, "lib.deep.thing"]
    assert sandbox.load().found["g"].path == "src/part.py"


def test_statements_run_once(sandbox_of: SandboxOf) -> None:
    """A module that others import is run once."""
    sandbox = sandbox_of(
        a="COUNT = []\nCOUNT.append(1)\n", b="import a\na.COUNT.append(2)\n", c="import a\ndef f(): return a.COUNT\n"
    )
    assert value(sandbox, "f") == [1, 2]


def test_students_files_are_there(sandbox_of: SandboxOf) -> None:
    """A submission's module shadows no library, and a library is not shadowed by a hidden one of ours."""
    sandbox = sandbox_of("import json\ndef f():\n    import autograder\n")
    refusal = value(sandbox, "f")
    assert isinstance(refusal, Refusal)
    assert "No module named 'autograder'" in refusal.message


# ---------------------------------------------------------------------------------------------------------- locating


def test_catalogue_file_is_preferred(sandbox_of: SandboxOf) -> None:
    """Of two definitions the one in the catalogue's file is taken, and the other is named."""
    sandbox = sandbox_of(a="def f(): return 1", b="def f(): return 2", names={"f": "b"})
    found = sandbox.load().found["f"]

    assert (found.path, found.also_in) == ("b.py", ("a.py",))
    assert value(sandbox, "f") == 2


def test_any_file_will_do(sandbox_of: SandboxOf) -> None:
    """A function that stands in another file than the catalogue's is found there."""
    found = sandbox_of(a="def f(): return 1", names={"f": "elsewhere"}).load().found["f"]
    assert (found.path, found.also_in) == ("a.py", ())


def test_imported_names_are_no_duplicates(sandbox_of: SandboxOf) -> None:
    """A name that other modules import is defined once: where it is defined."""
    sandbox = sandbox_of(a="from b import f", b="def f(): return 2", c="from b import *", names={"f": "a"})
    found = sandbox.load().found["f"]
    assert (found.path, found.also_in) == ("b.py", ())


def test_a_partial_in_the_catalogues_file_is_preferred(sandbox_of: SandboxOf) -> None:
    """It has the module of a library, and stands where it was made; whoever imports it makes no second one."""
    made = "from functools import partial\nfrom other import g\nf = partial(g, 2)"
    sandbox = sandbox_of(
        other="def g(x): return x\ndef f(): return 1", vae=made, user="from vae import f", names={"f": "vae"}
    )
    found = sandbox.load().found["f"]
    assert (found.path, found.also_in) == ("vae.py", ("other.py",))


def test_untouched_stub_gives_way(sandbox_of: SandboxOf) -> None:
    """A stub that was left in the catalogue's file does not hide the function that was written elsewhere."""
    sandbox = sandbox_of(a="def f(): raise NotImplementedError", b="def f(): return 2", names={"f": "a"})
    assert value(sandbox, "f") == 2


WRITTEN = {
    "partial": "import functools\nf = functools.partial(lambda x: x, 2)",
    "instance": "from tools import Two\nf = Two()",
    "decorated": "from tools import hidden\n@hidden\ndef f(): return 2",
}
TOOLS = "class Two:\n    def __call__(self): return 2\ndef hidden(g):\n    def inner(): return g()\n    return inner\n"


@pytest.mark.parametrize("written", WRITTEN.values(), ids=WRITTEN)
def test_untouched_stub_gives_way_to_what_comes_from_elsewhere(written: str, sandbox_of: SandboxOf) -> None:
    """Neither does it where what was written says of itself that it is another module's: a partial object, a wrapper."""
    sandbox = sandbox_of(a="def f(): raise NotImplementedError", b=written, tools=TOOLS, names={"f": "a"})
    assert value(sandbox, "f") == 2


def test_untouched_stub_of_a_class_gives_way(sandbox_of: SandboxOf) -> None:
    """A class whose own methods only raise does not hide the class that was written elsewhere."""
    stub = (
        "class A:\n    def __init__(self, x): raise NotImplementedError\n    def f(self): raise NotImplementedError\n"
    )
    sandbox = sandbox_of(a=stub, b="class A:\n    def __init__(self, x): self.x = x\n", names={"A": "a"})
    found = sandbox.load().found["A"]
    assert (found.path, found.kind, found.also_in) == ("b.py", "class", ())


def test_signature_is_reported(sandbox_of: SandboxOf) -> None:
    """How a function wants to be called crosses as data."""
    found = sandbox_of("def f(x, /, y, *, z=1, **more): ...\nK = 3", names={"f": "work", "K": "work"}).load().found

    kinds = [("x", "POSITIONAL_ONLY", False), ("y", "POSITIONAL_OR_KEYWORD", False), ("z", "KEYWORD_ONLY", True)]
    assert (*kinds, ("more", "VAR_KEYWORD", False)) == found["f"].parameters
    assert (found["f"].kind, found["K"].kind) == ("function", "value")


def test_signature_of_a_class_method_that_is_called(sandbox_of: SandboxOf) -> None:
    """An object whose `__call__` is a class or static method has all of its parameters."""
    work = "class A:\n    @{kind}\n    def __call__({first}x, y): return x + y\nf = A()\n"
    for kind, first in (("classmethod", "cls, "), ("staticmethod", "")):
        found = sandbox_of(work.format(kind=kind, first=first), names={"f": "work"}).load().found["f"]
        assert found.parameters is not None
        assert [name for name, _, _ in found.parameters] == ["x", "y"]


def test_compiling_is_left_out(sandbox_of: SandboxOf) -> None:
    """torch.compile gives a function back as it is: there is neither the time nor the room for g++ in a worker."""
    sandbox = sandbox_of(
        "import torch\ndef g(x): return x + 1\nf = torch.compile(g)\ndef h(): return f is g\n", names={"h": "work"}
    )
    assert value(sandbox, "h") is True


def test_execute_without_a_sandbox(tmp_path: object) -> None:
    """The same session answers questions in an ordinary process: what a student's kit does."""
    from pathlib import Path

    lines = lines_of(
        """
        import torch
        from autograder.sandbox.inside.execute import Session
        session = Session()
        source = {"path": "a.py", "module": "a", "cells": [["cell 1", "def f(x): return x * 2"], ["cell 2", "1 / 0"]], "mode": "full"}
        loaded = session.load({"sources": [source], "names": {"f": "a", "g": "a"}, "budget": 5.0}, print)
        print(list(loaded["found"]), loaded["modules"][0]["failures"][0]["cell"])
        question = {"function": "f", "args": [torch.ones(2)], "seed": 0}
        print(session.call(question)["value"].tolist(), session.call({**question, "function": "g"})["message"])
        """,
        Path(__file__).resolve().parents[3],
    )
    assert lines == ["a", "['f'] cell 2", "[2.0, 2.0] 'g' is not defined"]
