"""Nothing is graded by mistake: several students' work and the assignment itself are refused; one student's odd packing is not."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest

from autograder.errors import SubmissionRejected
from autograder.intake import take_in

ROOT = Path(__file__).resolve().parents[3]
WORK = "def elbo(x):\n    return x\n\n\ndef vae_loss(x):\n    return -x\n"
OTHER = "import torch\n\n\ndef vae_loss(x):\n    return -elbo(x)\n\n\ndef elbo(x):\n    return x.mean()\n"
NOTEBOOK = json.dumps(
    {"nbformat": 4, "nbformat_minor": 5, "metadata": {}}
    | {"cells": [{"cell_type": "code", "id": "a", "metadata": {}, "outputs": [], "source": WORK.splitlines(True)}]},
    indent=1,
)

COMPACT = json.dumps(json.loads(NOTEBOOK))

SEVERAL = {
    "a folder for each": {"alice/vae.py": WORK, "bob/vae.py": OTHER},
    "deep folders": {"alice/hw1/src/vae.py": WORK, "bob/vae.py": OTHER, "carol/final/all.py": WORK},
    "a notebook in each": {"alice/vae.ipynb": NOTEBOOK, "bob/work.ipynb": NOTEBOOK},
    "a notebook in each, on one line": {"alice/vae.ipynb": COMPACT, "bob/work.ipynb": COMPACT},
    "one who did only a little": {f"{who}/vae.py": WORK + OTHER.replace("elbo", "kl") for who in ("alice", "bob")}
    | {"carol/vae.py": "def elbo(x):\n    return 0\n"},
    "one who did much more": {"alice/vae.py": WORK, "bob/vae.py": OTHER}
    | {"carol/vae.py": WORK + "".join(f"def helper{n}(): ...\n" for n in range(9))},
    "as Moodle packs them": {
        "Anna Ek_12_assignsubmission_file_/a.py": "x = 1\n",
        "Bo Li_13_assignsubmission_file/b.zip": "PK",
    },
    "as Gradescope packs them": {"submission_1/a.py": "x = 1\n", "submission_2/b.py": "y = 1\n"},
    "an archive in each": {"alice/work.zip": "PK", "bob/mine.zip": "PK"},
    "an archive for each": {"alice.zip": "PK", "bob.tar.gz": "x"},
    "archives and folders": {"alice.zip": "PK", "bob.zip": "PK", "carol.zip": "PK", "dave/vae.py": WORK},
    "a file for each": {f"{who}.py": WORK for who in ("alice", "bob", "carol", "dave", "eve")},
    "as Canvas names them": {"alicea_12_345_vae.py": WORK, "bobb_LATE_13_346_vae.py": OTHER},
    "as Canvas names them, in other scripts": {"åsa_12_345_a.py": "x = 1\n", "anon_Zx_346_b.py": "y = 1\n"},
    "other files beside them": {"alice/vae.py": WORK, "bob/vae.py": OTHER, "grades.csv": "a,b", "notes.txt": ""},
}
ONE = {
    "an old copy beside the files": {"vae.py": WORK, "old/vae.py": WORK, "backup/vae.py": OTHER},
    "a notebook and its export": {"vae.ipynb": NOTEBOOK, "vae.py": WORK},
    "a few versions": {"vae.py": WORK, "vae_v2.py": OTHER, "vae_final.py": WORK},
    "parts in folders": {"ppca/fit.py": "def ppca_fit(X):\n    return X\n", "vae/elbo.py": WORK},
    "parts with helpers alike": {
        "a/main.py": "def main(): ...\n\n\ndef f(): ...\n\n\ndef g(): ...\n",
        "b/main.py": "def main(): ...\n\n\ndef h(): ...\n\n\ndef k(): ...\n",
    },
    "numbered parts": {"hw_1_2_a.py": WORK, "hw_2_1_b.py": "def fit(): ...\n"},
    "packages": {"a/__init__.py": "", "a/vae.py": WORK, "b/__init__.py": "", "b/plots.py": "def plot(): ...\n"},
    "an archive beside the files": {"vae.py": WORK, "data.zip": "PK"},
    "a rubric of one's own": {"vae.py": WORK, "rubric.yaml": "title: mine"},
}


def folder(path: Path, files: dict[str, str]) -> Path:
    """Write files into a folder and return it."""
    for name, text in files.items():
        place = path / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)
    return path


def packed(path: Path, files: dict[str, str]) -> Path:
    """Write files into a zip and return it."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return path


@pytest.mark.parametrize("files", SEVERAL.values(), ids=SEVERAL)
def test_several_submissions_are_not_one(tmp_path: Path, files: dict[str, str]) -> None:
    """They are refused by the sentence that says how many there seem to be."""
    with pytest.raises(SubmissionRejected, match=r"looks like \d+ submissions .*: make batch SUBMISSIONS=\.\.\.$"):
        take_in(folder(tmp_path / "all", files))


@pytest.mark.parametrize("files", ONE.values(), ids=ONE)
def test_one_submission_is_one(tmp_path: Path, files: dict[str, str]) -> None:
    """Copies, versions, parts: of one person, in a folder and in an archive."""
    assert take_in(folder(tmp_path / "work", files)).sources
    assert take_in(packed(tmp_path / "work.zip", files)).sources


def test_a_class_in_an_archive_is_refused(tmp_path: Path) -> None:
    """Two folders in what a student uploaded are two versions; three are a class."""
    two = {"first/vae.py": WORK, "second/vae.py": OTHER}

    assert take_in(packed(tmp_path / "two.zip", two)).sources
    with pytest.raises(SubmissionRejected, match="looks like 3 submissions"):
        take_in(packed(tmp_path / "all.zip", two | {"third/vae.py": WORK}))


def test_documents_of_a_class_are_refused(tmp_path: Path) -> None:
    """Answers alone, without any code, tell as much; one student's in a folder do not."""
    one = {"hw1/answers.yaml": "a: 1", "report.pdf": "%PDF"}

    assert take_in(folder(tmp_path / "one", one), wanted=["answers.yaml", "*.pdf"]).files
    with pytest.raises(SubmissionRejected, match="looks like 2 submissions"):
        take_in(folder(tmp_path / "all", one | {"hw2/answers.yaml": "a: 2"}), wanted=["answers.yaml"])
    with pytest.raises(SubmissionRejected, match="looks like 2 submissions"):
        take_in(folder(tmp_path / "canvas", {"a_12_345_x.pdf": "%PDF", "b_13_346_y.pdf": "%PDF"}), wanted=["*.pdf"])


def test_a_folder_around_an_assignment_is_no_submission(tmp_path: Path) -> None:
    """A course's folder, with somebody's work beside the assignment."""
    files = {
        "course/rubric.yaml": "",
        "course/reference/a.py": WORK,
        "course/tests/public/test_a.py": "",
        "vae.py": WORK,
    }
    with pytest.raises(SubmissionRejected, match="is or holds an assignment"):
        take_in(folder(tmp_path / "all", files))


@pytest.mark.parametrize("path", [ROOT, ROOT / "examples" / "kalman_filter"], ids=["the project", "an example"])
def test_an_assignment_is_no_submission(path: Path) -> None:
    """The reference would be graded."""
    with pytest.raises(
        SubmissionRejected, match=r"is or holds an assignment .* no submission\. .*make grade SUBMISSION="
    ):
        take_in(path)


def test_the_folder_of_the_tests_own_submissions_is_refused() -> None:
    """It is the kind of folder that was graded as one student."""
    with pytest.raises(SubmissionRejected, match=r"looks like \d+ submissions"):
        take_in(ROOT / "tests" / "submissions")
