"""A batch as its own process, with real grading: as `grade` grades, killed, interrupted, on a cluster started by hand."""

from __future__ import annotations

import json
import random
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from batch_process import NOISE, BatchProcess, Kind, documented_cluster
from class_of import class_in, leftovers, records_in
from run_in_python import autograder
from tiny_assignment import RIGHT

SUBMISSIONS = {
    "anna": RIGHT,
    "ben": "def double(x):\n    return 3 * x\n",
    "cleo": "import random\nrandom.seed(0)\ndef double(x):\n    x *= 2\n    return x\n",
    "crash": "import os\ndef double(x):\n    os.kill(os.getpid(), 9)\n",
    "dora": "def double(x):\n    return x + x + 1e-9\n",
}
Records = dict[str, dict[str, Any]]


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Records]:
    """Grade the class undisturbed on one slot; return its folder and the records."""
    folder = class_in(tmp_path_factory.mktemp("alone"), SUBMISSIONS)
    batch = BatchProcess(folder, "--jobs", "1")
    code, said = batch.wait()
    assert code == 0, said
    assert "5 of 5 submissions have a grade" in said
    assert max(len(line) for line in said.splitlines() if "Class" not in line) <= 80
    assert batch.alive() == []
    assert not quiet(said)
    return folder, records_in(folder / "out")


@pytest.fixture
def again(alone: tuple[Path, Records], tmp_path: Path) -> Path:
    """The same class, not graded yet."""
    for part in ("class", "course"):
        shutil.copytree(alone[0] / part, tmp_path / part)
    return tmp_path


def quiet(said: str) -> list[str]:
    """Return what nobody should have to read."""
    return [line for line in said.splitlines() if any(word in line for word in NOISE)]


@pytest.mark.parametrize(
    "key", ["dora", *(pytest.param(key, marks=pytest.mark.long) for key in ["anna", "ben", "cleo"])]
)
def test_a_record_is_the_one_of_grade(alone: tuple[Path, Records], tmp_path: Path, key: str) -> None:
    """Whatever was graded before in the same process: what `grade` writes about the same file, timing apart."""
    folder, records = alone
    about, out, work = tmp_path / "about.json", tmp_path / "graded" / key, folder / "class" / f"{key}.py"
    about.write_text(json.dumps(records[key]["about"]), encoding="utf-8")
    options = ["--about", about, "--out", out, "--assignment", "course", "--device", "cpu"]
    done = autograder("grade", work, *options, folder=folder)

    assert done.returncode == 0, done.stderr
    assert records_in(out.parent)[key] == records[key]


@pytest.mark.long
@pytest.mark.parametrize("seed", [1, *(pytest.param(seed, marks=pytest.mark.matrix) for seed in range(2, 11))])
@pytest.mark.parametrize("kind", ["batch", "worker", "grader", "everything"])
def test_killed_at_any_moment(alone: tuple[Path, Records], again: Path, kind: Kind, seed: int) -> None:
    """Whatever is killed, and when: the same command ends with the records of an undisturbed run."""
    comes_through(again, alone[1], kind, random.Random(f"{kind} {seed}").uniform(2.0, 15.0), "--jobs", "2")


def comes_through(folder: Path, expected: Records, kind: Kind, after_seconds: float, *options: str) -> None:
    """Kill a part of a batch, run the same command again, and compare everything."""
    batch = BatchProcess(folder, *options)
    batch.kill(kind, after_seconds)
    said = batch.wait()[1]
    assert batch.alive() == []
    batch = BatchProcess(folder, *options)
    code, more = batch.wait()

    assert code == 0, more
    assert records_in(folder / "out") == expected
    assert quiet(said + more) == []
    assert leftovers(folder / "out") == []
    assert batch.alive() == []


def test_ctrl_c(alone: tuple[Path, Records], again: Path) -> None:
    """It ends with 130 and a sentence; nothing runs on; the same command goes on, on two slots, to the same records."""
    batch = BatchProcess(again, "--jobs", "2")
    assert batch.wait_for("grader")
    batch.interrupt()
    code, said = batch.wait()

    assert code == 130, said
    assert "Interrupted. What was graded is kept in out" in " ".join(said.split())
    assert quiet(said) == []
    assert batch.alive() == []
    assert BatchProcess(again, "--jobs", "2").wait()[0] == 0
    assert records_in(again / "out") == alone[1]


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[tuple[str, list[subprocess.Popen[bytes]]]]:
    """A scheduler and two workers, as docs/cluster.md starts them; the address, and the processes, the scheduler first."""
    yield from documented_cluster(tmp_path, workers=2)


def test_a_cluster_started_by_hand(
    alone: tuple[Path, Records], again: Path, cluster: tuple[str, list[subprocess.Popen[bytes]]]
) -> None:
    """One of two workers is killed half-way: all are graded, as on one machine."""
    address, processes = cluster
    batch = BatchProcess(again, "--scheduler", address)
    batch.wait_until(lambda: len(records_in(again / "out")) > 0)
    processes[1].kill()
    code, said = batch.wait()
    assert code == 0, said
    assert records_in(again / "out") == alone[1]
    assert quiet(said) == []
