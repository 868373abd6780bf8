"""The engine knows no subject: what an assignment is about stands in the assignment.

Data sets and measures of trained models are named for what they are; they stand in modules of their own under
`autograder/training/data/` and `autograder/training/measures/`. Everything else works for any assignment.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from autograder.assignment.rubric_file import load_rubric

ROOT = Path(__file__).resolve().parents[2]
ENGINE = ROOT / "autograder"
KINDS_OF_FILES = (".py", ".j2", ".css", ".html", ".md", ".yaml", ".txt", ".ipynb")
NAMED = ("training/data", "training/measures")
"""Folders whose modules are named for a data set or for what is measured; their `__init__.py` are as general as all else."""

WORDS = (
    *(
        "vaes?",
        "ppca",
        "pca",
        "latents?",
        "encoders?",
        "decoders?",
        "auto-?encod\\w*",
        "elbos?",
        "kl",
        "likelihood_by\\w*",
    ),
    *(
        "evidence[ -]lower",
        "lower[ -]bound",
        "posteriors?",
        "bernoulli",
        "variational",
        "reparameteris\\w*",
        "importance[ -]weights?",
    ),
    *(
        "digits?",
        "mnist",
        "reconstruct\\w*",
        "logits?",
        "classifiers?",
        "generative",
        "probabilistic",
        "pixels?",
        "kalman",
    ),
    *("huji", "hebrew", "toronto", "uppsala", "dtu", "handouts?"),
)
"""Regular expressions of whole words, where `_` and digits end a word. Our own words are fine: evidence is a failing input, probes
and handles are what crosses into the sandbox, and to encode or decode is what happens to texts and messages."""
FORBIDDEN = re.compile(rf"(?<![a-z])({'|'.join(WORDS)})(?![a-z])", re.IGNORECASE)

ALLOWED = {
    ("cli/options.py", "mnist"): "`--data auto|mnist|digits` and `--data-root` are part of the interface",
    ("cli/options.py", "digits"): "`--data auto|mnist|digits` is part of the interface",
    ("sandbox/readers.py", "pixels"): "Pillow's name of a limit",
    ("authoring/mutants/arithmetic.py", "logit"): "a function of torch and scipy that a mutant leaves out",
}
"""(file, word) and why it may stand there."""


def files() -> list[Path]:
    """Every text file of the engine that has to be general."""
    found = [path for path in sorted(ENGINE.rglob("*")) if path.suffix in KINDS_OF_FILES]
    return [path for path in found if not named(path.relative_to(ENGINE).as_posix())]


def named(path: str) -> bool:
    """Whether a file belongs to a module, or package, that is named for a data set or a measure."""
    return any(path.startswith(f"{folder}/") and path != f"{folder}/__init__.py" for folder in NAMED)


def hits(pattern: re.Pattern[str]) -> list[tuple[str, int, str]]:
    """Return (file, line, word in small letters) for every match."""
    return [
        (path.relative_to(ENGINE).as_posix(), number, match[0].lower())
        for path in files()
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        for match in pattern.finditer(line)
    ]


def test_no_word_of_one_subject_stands_in_the_engine() -> None:
    """No word of probabilistic PCA, VAEs, digits or a university, but for few that are listed with a reason."""
    found = [f"autograder/{path}:{line}: {word}" for path, line, word in hits(FORBIDDEN) if (path, word) not in ALLOWED]

    assert found == []


def test_every_exception_is_still_needed() -> None:
    """An exception for a word that has gone is taken off the list."""
    assert set(ALLOWED) - {(path, word) for path, _, word in hits(FORBIDDEN)} == set()


def test_no_task_of_this_assignment_is_named() -> None:
    """No module of the engine names a task: what it does follows from kinds, contracts and checks."""
    names = [name for task in load_rubric(ROOT / "rubric.yaml").tasks for name in (task.id, task.object)]
    pattern = re.compile(rf"\b({'|'.join(sorted(set(map(re.escape, names))))})\b")

    assert [f"autograder/{path}:{line}: {word}" for path, line, word in hits(pattern)] == []


@pytest.mark.parametrize(
    "line", ["the ELBO", "kl_standard_normal", "n_latents=2", "train_vae", '"mnist"', "PCA.", "10 digits"]
)
def test_the_search_finds(line: str) -> None:
    """Words are found in names, in capitals and in the plural."""
    assert FORBIDDEN.search(line)


@pytest.mark.parametrize(
    "line", ["CAP_SETPCAP", "isdigit()", "wire.encode(x)", "decoded data", "evidence", "UnicodeDecodeError"]
)
def test_the_search_leaves(line: str) -> None:
    """Words of our own and parts of other words are left alone."""
    assert FORBIDDEN.search(line) is None


def test_data_sets_and_measures_stand_in_modules_of_their_own() -> None:
    """Whoever looks for what is special finds it by its name."""
    assert [folder for folder in NAMED if not list((ENGINE / folder).glob("[a-z]*.py"))] == []
