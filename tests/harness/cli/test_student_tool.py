"""`autograder_student.py`, which sets up, checks and packs on every system: what it decides, and that it works in a fresh folder."""

from __future__ import annotations

import ast
import json
import os
import re
import shutil
import subprocess
import sys
import venv
import zipfile
from pathlib import Path
from typing import Any

import pytest

from autograder.assignment.kit import build_kit
from autograder.assignment.loading import Assignment
from autograder.assignment.template import FOR_NOTEBOOKS
from autograder.checking.session import check_ids
from autograder.cli import autograder_student as tool
from tests.harness.student_kit import ROOT, write_solution


def test_it_can_be_read_by_old_pythons() -> None:
    """It has to run on a Python that is too old, to say so: syntax of 3.8, and nothing but the standard library on top."""
    tree = ast.parse(Path(tool.__file__).read_text(encoding="utf-8"), feature_version=(3, 8))
    imports = [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
    names = {alias.name for node in imports if isinstance(node, ast.Import) for alias in node.names}
    names |= {str(node.module) for node in imports if isinstance(node, ast.ImportFrom)}

    assert {name.partition(".")[0] for name in names} <= sys.stdlib_module_names


def test_where_an_environment_has_its_python() -> None:
    """Windows has another folder and another name."""
    assert tool.python_in(Path("x"), windows=True) == Path("x", "Scripts", "python.exe")
    assert tool.python_in(Path("x"), windows=False) == Path("x", "bin", "python")


@pytest.mark.parametrize(
    ("system", "variables", "index"),
    [
        ("Linux", {}, tool.CPU_INDEX),
        ("Darwin", {}, ""),
        ("Windows", {}, ""),
        ("Linux", {"TORCH_INDEX": ""}, ""),
        ("Windows", {"TORCH_INDEX": " https://mirror/cu "}, "https://mirror/cu"),
    ],
)
def test_where_torch_comes_from(system: str, variables: dict[str, str], index: str) -> None:
    """Only on Linux the usual build is the large one; whoever names an index, or none, is obeyed."""
    assert tool.torch_index(system, variables) == index


def test_what_cannot_be_set_up_is_said_with_what_to_do() -> None:
    """Too old a Python, and a Mac for which torch is no longer made."""
    assert "3.11 or newer is needed, and this is 3.9" in tool.unsupported("Darwin", "arm64", (3, 9))
    assert "Intel" in tool.unsupported("Darwin", "x86_64", (3, 12))
    assert [
        tool.unsupported(*one, (3, 11)) for one in (("Darwin", "arm64"), ("Windows", "AMD64"), ("Linux", "x86_64"))
    ] == [""] * 3


class TestWhichPython:
    """The environment of this folder, else the Python that runs, else that of the folder above."""

    @pytest.fixture(params=[False, True], ids=["bin", "Scripts"])
    def windows(self, request: pytest.FixtureRequest) -> bool:
        """Whether this is Windows."""
        return bool(request.param)

    @pytest.fixture
    def pythons(self, tmp_path: Path, windows: bool) -> dict[str, Path]:
        """Three files in place of three Pythons."""
        found = {
            "own": tool.python_in(tmp_path / "kit" / ".venv", windows),
            "running": tmp_path / "usr" / "python",
            "above": tool.python_in(tmp_path / ".venv", windows),
        }
        for path in found.values():
            path.parent.mkdir(parents=True)
            path.touch()
        return found

    @pytest.mark.parametrize(
        ("there", "useful", "chosen"),
        [
            ("own running above", "own running above", "own"),
            ("running above", "running above", "running"),
            ("running above", "above", "above"),
        ],
    )
    def test_the_choice(
        self, pythons: dict[str, Path], windows: bool, tmp_path: Path, there: str, useful: str, chosen: str
    ) -> None:
        """`there` are those that exist, `useful` those with the checks in them."""
        for name in set(pythons) - set(there.split()):
            pythons[name].unlink()
        have = {pythons[name] for name in useful.split()}

        found = tool.choose_python(tmp_path / "kit", windows, str(pythons["running"]), lambda path: path in have)
        assert found == pythons[chosen]

    def test_a_half_made_environment_is_no_reason_to_take_another(
        self, pythons: dict[str, Path], windows: bool, tmp_path: Path
    ) -> None:
        """What was set up here is completed, not passed over in silence."""
        with pytest.raises(
            tool.Stop, match=r"does not hold what the checks need\. Run `python3? autograder_student\.py setup`"
        ):
            tool.choose_python(tmp_path / "kit", windows, str(pythons["running"]), lambda path: path != pythons["own"])

    def test_nothing_is_there(self, pythons: dict[str, Path], windows: bool, tmp_path: Path) -> None:
        """An environment above that is for something else is not used."""
        pythons["own"].unlink()
        with pytest.raises(tool.Stop, match="Nothing is installed yet"):
            tool.choose_python(tmp_path / "kit", windows, str(pythons["running"]), lambda path: False)


# --------------------------------------------------------------------------------------------------------------- torch


def test_versions_are_those_of_the_grader() -> None:
    """Exact versions are read out of `constraints.txt`; a requirement may say more than a name."""
    text = "numpy==2.4.6\ntorch==2.13.0\ntorchvision==0.28.0\n"

    assert tool.pinned(text, ["torch", "Torchvision", "torchaudio"]) == ["torch==2.13.0", "torchvision==0.28.0"]
    assert [tool.package(one) for one in ("torch>=2", "torchvision", "my-lib[x]==1")] == [
        "torch",
        "torchvision",
        "my-lib",
    ]


class TestWithoutTheIndex:
    """When the index of CPU builds cannot be reached, the usual one is asked what it would bring."""

    @pytest.fixture
    def asked(self, monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
        """The commands that would have been run, on Linux."""
        ran: list[list[str]] = []
        monkeypatch.delenv("TORCH_INDEX", raising=False)
        monkeypatch.setattr(tool.platform, "system", lambda: "Linux")
        monkeypatch.setattr(tool, "run", lambda command, failed, variables=None: ran.append(command))
        return ran

    @staticmethod
    def answer(monkeypatch: pytest.MonkeyPatch, cpu: Any, usual: Any) -> None:
        """Let pip's dry run say this of the two indices; None is a failure."""
        monkeypatch.setattr(tool, "planned", lambda pip: cpu if tool.CPU_INDEX in pip else usual)

    @staticmethod
    def install() -> None:
        """Install torch and torchvision with versions of a grader."""
        tool.install_torch(["pip"], ["-c", "c"], "torch==2.0\ntorchvision==1.0", ["torchvision", "jupyterlab"], "no")

    def test_the_cpu_build_is_taken(self, monkeypatch: pytest.MonkeyPatch, asked: list[list[str]]) -> None:
        """With torchvision, which must be of the same build."""
        self.answer(monkeypatch, {"install": []}, None)
        self.install()

        assert len(asked) == 1
        assert asked[0][-4:] == ["--index-url", tool.CPU_INDEX, "torch==2.0", "torchvision==1.0"]

    def test_a_small_build_is_taken_instead(
        self, monkeypatch: pytest.MonkeyPatch, asked: list[list[str]], capsys: pytest.CaptureFixture[str]
    ) -> None:
        """A mirror may have the CPU build: a sentence, and it is installed."""
        self.answer(monkeypatch, None, {"install": [{"metadata": {"name": "torch"}}]})
        self.install()

        assert asked == [["pip", "-c", "c", "torch==2.0", "torchvision==1.0"]]
        assert "trying your usual package index" in capsys.readouterr().out

    def test_a_large_build_is_not(self, monkeypatch: pytest.MonkeyPatch, asked: list[list[str]]) -> None:
        """5.5 GB are installed only by whoever says so."""
        packages = ["torch", "nvidia-cublas", "triton", "cuda-bindings", "numpy"]
        self.answer(monkeypatch, None, {"install": [{"metadata": {"name": name}} for name in packages]})
        with pytest.raises(
            tool.Stop, match=r"NVIDIA's GPUs, with 3 more packages and about 5\.5 GB.*TORCH_INDEX= make setup"
        ):
            self.install()

        assert asked == []

    def test_no_network(self, monkeypatch: pytest.MonkeyPatch, asked: list[list[str]]) -> None:
        """Neither answers."""
        self.answer(monkeypatch, None, None)
        with pytest.raises(tool.Stop, match="are you online"):
            self.install()


# --------------------------------------------------------------------------------------------------------------- files


def test_what_is_packed(tmp_path: Path) -> None:
    """What the patterns name, in any case, and the student's own packages; not ours, nor what lies about."""
    names = ["a.py", "b.ipynb", "Report.PDF", "autograder_student.py", "submission.zip", "notes.txt", "contract.json"]
    names += ["pack/__init__.py", "pack/deep/x.py", "pack/data.bin", "tests/t.py", ".venv/v.py", "figures/one.png"]
    for name in names:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()

    found = tool.packed_files(tmp_path, ["*.py", "*.ipynb", "*.pdf", "figures/*.png"])
    assert sorted(found) == ["Report.PDF", "a.py", "b.ipynb", "figures/one.png", "pack/__init__.py", "pack/deep/x.py"]


def test_a_folder_called_data_above_hides_nothing(tmp_path: Path) -> None:
    """Only the names of folders inside the kit count."""
    (tmp_path / "data" / "kit" / "pack").mkdir(parents=True)
    (tmp_path / "data" / "kit" / "pack" / "x.py").touch()

    assert tool.packed_files(tmp_path / "data" / "kit", ["*.py"]) == ["pack/x.py"]


@pytest.mark.parametrize("text", ["", "{}", '{"kit": {"packages": 1, "hand_in": []}}'])
def test_a_damaged_kit_is_said(tmp_path: Path, text: str) -> None:
    """Not a traceback."""
    (tmp_path / "contract.json").write_text(text)

    with pytest.raises(tool.Stop, match="unpack the kit again"):
        tool.kit_of(tmp_path)


def test_setup_needs_the_kit(tmp_path: Path) -> None:
    """Started elsewhere, or in the template of the repository, it says what is missing and makes nothing."""
    with pytest.raises(tool.Stop, match=r"no autograder_student-\*\.whl"):
        tool.setup(tmp_path)

    assert list(tmp_path.iterdir()) == []


# ----------------------------------------------------------------------------------------------------- in a fresh folder


@pytest.fixture(scope="module")
def zipped() -> bytes:
    """The kit of this assignment."""
    own = Assignment(ROOT)
    return build_kit(own, check_ids(own.code, own.check_names, ["public"]))


@pytest.fixture
def kit(zipped: bytes, tmp_path: Path) -> Path:
    """The unpacked kit; the folder above holds an environment for something else."""
    (tmp_path / "kit.zip").write_bytes(zipped)
    with zipfile.ZipFile(tmp_path / "kit.zip") as archive:
        archive.extractall(tmp_path)
    venv.create(tmp_path / ".venv", symlinks=True)
    [folder] = [path for path in tmp_path.iterdir() if path.is_dir() and path.name != ".venv"]
    return folder


def start(folder: Path, *words: str, python: Path | str = sys.executable) -> subprocess.CompletedProcess[str]:
    """Run the tool of a kit as a student does, without what this repository adds to the environment."""
    variables = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}
    command = [str(python), "autograder_student.py", *words]
    return subprocess.run(command, cwd=folder, env=variables, capture_output=True, text=True, timeout=1200)


def test_the_kits_own_environment_comes_first(kit: Path, tmp_path: Path) -> None:
    """Neither the folder above nor the Python that runs is used where the kit has an environment with the checks in it."""
    assert "Nothing is installed yet" in start(kit, "check", python=tmp_path / ".venv" / "bin" / "python").stderr

    venv.create(kit / ".venv", symlinks=True)
    halfway = start(kit, "check")
    assert (halfway.returncode, halfway.stdout) == (2, "")
    assert "does not hold what the checks need" in halfway.stderr

    [packages] = (kit / ".venv" / "lib").glob("python*/site-packages")
    [wheel] = kit.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(packages)
    import torch

    (packages / "borrowed.pth").write_text(f"{Path(torch.__file__).parents[1]}\n")
    (kit / "random.py").write_text("raise ImportError('a student called a file like this')\n")
    (packages / "autograder" / "cli" / "check.py").open("a").write("\n")  # still the same module
    done = start(kit, "check", "--tasks", "kl_standard_normal")
    assert (done.returncode, done.stderr) == (1, "")
    assert "○ kl_standard_normal           not implemented yet" in done.stdout


def test_zip_and_make_say_the_same(kit: Path) -> None:
    """`make` only starts the tool: the same words, the same file; also where the time zone makes files older than a zip can say."""
    os.utime(kit / "vae.py", (0, 0))
    done = start(kit, "zip")
    made = subprocess.run(["make", "zip"], cwd=kit, capture_output=True, text=True)

    assert done.returncode == made.returncode == 0
    assert done.stdout == made.stdout
    with zipfile.ZipFile(kit / "submission.zip") as archive:
        modules = {path.name for path in (ROOT / "reference").glob("[a-z]*.py")} - {"types.py"}
        notebooks = {path.name for path in (ROOT / "student_template").glob("*.ipynb")}
        programs = {path.name for path in (ROOT / "reference" / "programs").glob("*.py")}
        assert set(archive.namelist()) == modules | programs | notebooks | {"answers.yaml", "data.py"}


def test_every_line_of_the_makefile_starts_the_tool(kit: Path) -> None:
    """No shell is needed, so that it works on Windows, too."""
    lines = [line for line in (kit / "Makefile").read_text().splitlines() if line.startswith("\t")]

    assert len(lines) == 5
    assert all(line.startswith("\t@$(PYTHON) autograder_student.py ") for line in lines)


def test_what_a_kit_installs_is_pinned(kit: Path) -> None:
    """Notebook and plots where a notebook is offered, in the versions of `constraints.txt`; the extra of pyproject.toml says the same."""
    import tomllib

    packages = json.loads((kit / "contract.json").read_text())["kit"]["packages"]
    pins = {line.partition("==")[0].lower() for line in (kit / "constraints.txt").read_text().splitlines()}
    extra = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]["student"]

    assert packages == ["torchvision", *FOR_NOTEBOOKS]
    assert {tool.package(one) for one in extra} == set(FOR_NOTEBOOKS)
    assert {*packages, "torch", "numpy", "pytest", "hypothesis"} <= pins


@pytest.mark.long
@pytest.mark.skipif(sys.platform != "linux", reason="the size is that of Linux")
def test_from_the_zip_alone(kit: Path) -> None:
    """Set up from the network, check, solve, check in the terminal and in a notebook; at most 1.25 GB."""
    usual = [sys.executable, "-m", "pip", "install", "--retries", "1"]
    if tool.planned([*usual, "--no-deps", "torch"]) is None:
        pytest.skip("no package index can be reached")
    done = start(kit, "setup")
    assert done.returncode == 0, done.stdout + done.stderr
    assert [int(step) for step in re.findall(r"^\[(\d)/4\]", done.stdout, re.MULTILINE)] == [1, 2, 3, 4]
    write_solution(kit)
    done = start(kit, "check", "--tasks", "kl_standard_normal,elbo")
    assert done.returncode == 0, done.stdout + done.stderr
    cell = "from divergences import kl_standard_normal\n%load_ext autograder_student\n%check kl_standard_normal"
    notebook = {
        "cells": [{"cell_type": "code", "source": cell, "metadata": {}, "outputs": [], "execution_count": None}]
    }
    text = json.dumps(notebook | {"metadata": {}, "nbformat": 4, "nbformat_minor": 4})
    (kit / "work.ipynb").write_text(text)
    command = [".venv/bin/python", "-m", "nbconvert", "--to", "markdown", "--execute", "--stdout", "work.ipynb"]
    variables = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}
    done = subprocess.run(command, cwd=kit, env=variables, capture_output=True, text=True)
    assert "✓ kl_standard_normal           3 of 3 public checks" in done.stdout, done.stdout + done.stderr
    used = int(
        subprocess.run(
            ["du", "-s", "--block-size=1000000", ".venv"], cwd=kit, capture_output=True, text=True
        ).stdout.split()[0]
    )
    assert used <= 1250
    shutil.rmtree(kit / ".venv")
