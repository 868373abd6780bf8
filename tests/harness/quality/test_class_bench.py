"""What a class costs: the table, who uses processor time, and a small class for real. No figure is looked at closely."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from command_line import run_here
from tiny_assignment import RIGHT, make_assignment

from autograder.errors import UsageError
from autograder.quality import class_bench
from autograder.quality.class_bench import ClassRun, Watch, lines, measure_class


def ran(slots: int, wall: float) -> ClassRun:
    """A run of four submissions."""
    return ClassRun(slots, wall, first=5.0, inside=8.0, around=20.0, peak_mb=700.0, each=(4.0, 6.0, 5.0, 9.0), graded=4)


def test_the_table_holds_runs_side_by_side() -> None:
    """Ratios are to the first run; single submissions are given by median, least and most."""
    table = {line.what: line for line in lines([ran(1, 24.0), ran(2, 12.0)])}

    each = table["a class of 4, 2 slots: each submission"]
    assert (each.median, each.least, each.most) == (5.5, 4.0, 9.0)
    assert (table["submissions per minute, 1 slot"].median, table["submissions per minute, 1 slot"].ratio) == (
        10.0,
        "1.00",
    )
    assert (table["submissions per minute, 2 slots"].median, table["submissions per minute, 2 slots"].ratio) == (
        20.0,
        "2.00",
    )
    assert table["processor time inside sandboxes, per submission, 1 slot"].median == 2.0
    assert table["processor time around them, per submission, 1 slot"].median == 5.0
    assert table["command to the first report, 2 slots"].unit == "s"


def seen(
    parent: int, name: str, born: float, own: float, waited: float = 0.0, *, box: bool = True
) -> class_bench._Seen:
    """A process as it was seen."""
    return class_bench._Seen(parent, name, born, own, waited, box)


def test_whose_processor_time_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """Zygotes and our own processes are around; workers count while they live, and then with whoever waited for them."""
    us = {1: seen(0, "python", 0, 3.0, box=False), 10: seen(1, "bwrap", 1, 0.0), 11: seen(10, "bwrap", 1, 0.0)}
    looks = [
        us | {12: seen(11, "python", 2, 2.0), 13: seen(11, "python", 3, 0.5), 14: seen(11, "python", 4, 0.25)},
        us | {11: seen(10, "bwrap", 1, 0.0, 0.75), 12: seen(11, "python", 2, 2.1), 14: seen(11, "python", 4, 1.0)},
    ]
    monkeypatch.setattr(class_bench, "_seen", lambda root: looks.pop(0))
    watch = Watch(psutil.Process())
    watch.look()
    assert (watch.inside, watch.around) == (0.75, 5.0)
    watch.look()
    assert (watch.inside, watch.around) == (1.75, 5.1)


def test_without_bubblewrap_workers_count_as_last_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits for them there: each is the child of its zygote."""
    zygote = {1: seen(0, "python", 0, 3.0, box=False), 12: seen(1, "python", 2, 2.0)}
    looks = [zygote | {13: seen(12, "python", 3, 0.5)}, zygote | {14: seen(12, "python", 4, 0.25)}]
    monkeypatch.setattr(class_bench, "_seen", lambda root: looks.pop(0))
    watch = Watch(psutil.Process())
    watch.look()
    watch.look()

    assert (watch.inside, watch.around) == (0.75, 5.0)


def test_a_process_that_computes_is_seen() -> None:
    """The times are those of the system."""
    code = "import time\nwhile time.process_time() < 0.3: pass\nprint(flush=True)\ntime.sleep(60)"
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None
        process.stdout.readline()
        watch = Watch(psutil.Process(process.pid))
        watch.look()
        assert watch.around >= 0.25
        assert watch.inside == 0
    finally:
        process.kill()
        process.wait()


def test_a_small_class_for_real(tmp_path: Path) -> None:
    """Two submissions of a tiny assignment, isolated, through the command that a teacher types."""
    course = make_assignment(tmp_path / "course")
    (tmp_path / "work.py").write_text(RIGHT)
    table = {line.what: line for line in measure_class(tmp_path / "work.py", course, ["double"], 2, [1])}

    assert len(table["a class of 2, 1 slot: each submission"].values) == 2
    for line in table.values():
        assert line.median > 0
    assert table["command to the first report, 1 slot"].median <= table["command to class page, 1 slot"].median


def test_a_batch_that_fails_is_no_figure(tmp_path: Path) -> None:
    """It says what the batch said."""
    course = make_assignment(tmp_path / "course")
    (tmp_path / "work.py").write_text(RIGHT)
    with pytest.raises(RuntimeError, match=r"exit code 2:\n(.|\n)*does not exist"):
        class_bench.run_class(tmp_path / "nothing", tmp_path / "out", course, ["double"], 1)
    with pytest.raises(UsageError, match="defines none of the tasks nothing"):
        list(measure_class(tmp_path / "work.py", course, ["nothing"], 2, [1]))


@pytest.mark.parametrize("slots", ["0", "one", "1,0", ""])
def test_slots_that_are_none_are_refused(
    slots: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """Before anything is measured."""
    course = make_assignment(tmp_path / "course")
    (tmp_path / "work.py").write_text(RIGHT)
    arguments = ("--assignment", course, "--submission", tmp_path / "work.py", "--repeats", "0", "--slots", slots)
    code, _, said = run_here(monkeypatch, capsys, tmp_path, "bench", *arguments)

    assert code == 2
    assert "--slots" in said
