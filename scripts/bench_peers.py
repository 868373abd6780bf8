"""Hold what grading costs here against Otter-Grader and nbgrader, with the same checks and submissions in one run: `make bench-peers`.

Each of them gets an environment of its own below `.bench/`, which is kept, and is run as its documentation says. What cannot be
installed or run is said in the table, and the others go on.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

import psutil

ROOT = Path(__file__).resolve().parents[1]
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from autograder.quality.class_bench import LOOK_SECONDS, Watch  # noqa: E402
from autograder.report.text import count  # noqa: E402
from scripts import peer_checks as given  # noqa: E402

CACHE = ROOT / ".bench"
PINS = {"otter": "otter-grader[grading]==7.0.0", "nbgrader": "nbgrader==0.9.6"}
TORCH = "torch==2.13.0"
NAMES = {"ours": "this project", "otter": "Otter-Grader 7.0.0", "nbgrader": "nbgrader 0.9.6"}
LIMIT_SECONDS = 1800.0


class CannotRun(Exception):
    """A tool cannot be installed or run; the message says why, in a line."""


@dataclass(frozen=True)
class Ran:
    """What a tool took for all submissions.

    Attributes:
        tool: A key of `NAMES`.
        at_once: Submissions at once.
        wall, processor: Seconds of the clock, and of all processors together.
        points: What each submission got, of 12; None without a grade.
    """

    tool: str
    at_once: int
    wall: float
    processor: float
    points: Mapping[str, float | None]


@dataclass(frozen=True)
class Bench:
    """What every tool is given: a folder to work in, the checks, and submissions by name."""

    folder: Path
    checks: Sequence[given.Check]
    codes: Mapping[str, str]
    escape: Path


# ----------------------------------------------------------------------------------------------------------- the tools


def environment(tool: str) -> Path:
    """Return the folder with the programs of a peer, which is installed where it is not there yet.

    Raises:
        CannotRun: It cannot be installed.
    """
    place = CACHE / tool
    done = place / ".installed"
    wanted = f"{PINS[tool]} {TORCH}\n"
    if not done.exists() or done.read_text(encoding="utf-8") != wanted:
        print(f"Installing {PINS[tool]} and {TORCH} into {place} ...", flush=True)
        pip = [str(place / "bin" / "python"), "-m", "pip", "install", "-q"]
        index = os.environ.get("TORCH_INDEX")
        first = [[*pip, "--index-url", index, TORCH]] if index else []
        for command in ([sys.executable, "-m", "venv", str(place)], *first, [*pip, TORCH, PINS[tool]]):
            done_so_far = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 -- our own words
            if done_so_far.returncode:
                raise CannotRun(f"cannot be installed: {_last_line(done_so_far.stderr)}")
        done.write_text(wanted, encoding="utf-8")
    return place / "bin"


def watched(command: Sequence[str], folder: Path, bin_: Path | None = None) -> tuple[float, float, int, str]:
    """Run a command and return its wall time and processor time in seconds, its exit code and what it said."""
    paths = {"PATH": f"{bin_}{os.pathsep}{os.environ['PATH']}"} if bin_ else {"PYTHONPATH": str(ROOT)}
    with tempfile.TemporaryFile() as said:
        started = time.monotonic()
        process = subprocess.Popen(command, cwd=folder, stdout=said, stderr=said, env=os.environ | paths)  # noqa: S603
        watch = Watch(psutil.Process(process.pid))
        while process.poll() is None:
            watch.look()
            if time.monotonic() - started > LIMIT_SECONDS:
                process.kill()
            time.sleep(LOOK_SECONDS)
        wall = time.monotonic() - started
        said.seek(0)
        return wall, watch.around + watch.inside, process.returncode, said.read().decode(errors="replace")


def run_ours(bench: Bench, at_once: int) -> Ran:
    """Grade with `autograder batch`, isolated."""
    place = bench.folder / f"ours-{at_once}"
    assignment = given.write_ours(bench.checks, place / "assignment")
    (place / "class").mkdir()
    for name, code in bench.codes.items():
        (place / "class" / f"{name}.ipynb").write_text(given.notebook(code), encoding="utf-8")
    command = [
        sys.executable,
        "-m",
        "autograder.cli.main",
        "batch",
        "class",
        "--out",
        "out",
        "--assignment",
        str(assignment),
    ]
    wall, processor, code, said = watched([*command, "--jobs", str(at_once), "--device", "cpu"], place)
    if code:
        raise CannotRun(f"ended with exit code {code}: {_last_line(said)}")
    points = {}
    for name in bench.codes:
        record = json.loads((place / "out" / name / "result.json").read_text(encoding="utf-8"))
        points[name] = None if record["score"] is None else float(record["score"])
    return Ran("ours", at_once, wall, processor, points)


def run_otter(bench: Bench, at_once: int) -> Ran:
    """Grade with `otter run`, which is for machines without Docker: one command per submission."""
    bin_ = environment("otter")
    place = bench.folder / "otter"
    (place / "tests").mkdir(parents=True)
    for check in bench.checks:
        (place / "tests" / f"{check.name}.py").write_text(given.otter_test(check), encoding="utf-8")
    _, _, code, said = watched([str(bin_ / "otter"), "generate", "-t", "tests", "-o", "autograder.zip"], place, bin_)
    if code:
        raise CannotRun(f"`otter generate` ended with exit code {code}: {_last_line(said)}")
    walls = processors = 0.0
    points: dict[str, float | None] = {}
    for name, text in bench.codes.items():
        (place / name).mkdir()
        (place / name / "work.ipynb").write_text(given.notebook(text), encoding="utf-8")
        command = [str(bin_ / "otter"), "run", "-a", "autograder.zip", "-o", name, "--no-logo", f"{name}/work.ipynb"]
        wall, processor, _, said = watched(command, place, bin_)
        walls, processors = walls + wall, processors + processor
        points[name] = otter_points(place / name / "results.json")
    if points[next(iter(points))] is None:
        raise CannotRun(f"`otter run` gave the first submission no grade: {_last_line(said)}")
    return Ran("otter", at_once, walls, processors, points)


def otter_points(path: Path) -> float | None:
    """Return the points in Otter's `results.json`; None where it wrote none."""
    if not path.exists():
        return None
    tests = json.loads(path.read_text(encoding="utf-8")).get("tests", [])
    return sum(float(test.get("score") or 0) for test in tests)


def run_nbgrader(bench: Bench, at_once: int) -> Ran:
    """Grade with `nbgrader autograde`: one command for all submissions."""
    bin_ = environment("nbgrader")
    place = bench.folder / "nbgrader"
    source = place / "source" / given.TITLE
    source.mkdir(parents=True)
    (source / "work.ipynb").write_text(given.nbgrader_notebook("# your work", bench.checks), encoding="utf-8")
    (place / "nbgrader_config.py").write_text(
        "c = get_config()\nc.CourseDirectory.course_id = 'bench'\n", encoding="utf-8"
    )
    _, _, code, said = watched([str(bin_ / "nbgrader"), "generate_assignment", given.TITLE], place, bin_)
    if code:
        raise CannotRun(f"`nbgrader generate_assignment` ended with exit code {code}: {_last_line(said)}")
    for name, text in bench.codes.items():
        folder = place / "submitted" / name / given.TITLE
        folder.mkdir(parents=True)
        (folder / "work.ipynb").write_text(given.nbgrader_notebook(text, bench.checks), encoding="utf-8")
    # its exit code says whether all went well, and a submission may see to it that it did not
    wall, processor, _, said = watched([str(bin_ / "nbgrader"), "autograde", given.TITLE], place, bin_)
    _, _, code, more = watched([str(bin_ / "nbgrader"), "export", "--to", "grades.csv"], place, bin_)
    if code or not (place / "grades.csv").exists():
        raise CannotRun(f"`nbgrader export` gave no grades: {_last_line(more or said)}")
    graded = nbgrader_points((place / "grades.csv").read_text(encoding="utf-8"), (place / "autograded"))
    return Ran("nbgrader", at_once, wall, processor, {name: graded.get(name) for name in bench.codes})


def nbgrader_points(table: str, autograded: Path) -> dict[str, float | None]:
    """Return points by student from nbgrader's table; None for whoever has nothing in the folder of what was graded."""
    rows = csv.DictReader(table.splitlines())
    return {
        row["student_id"]: float(row["score"] or 0) if (autograded / row["student_id"]).is_dir() else None
        for row in rows
    }


RUNS: tuple[tuple[str, int, Callable[[Bench, int], Ran]], ...] = (
    ("ours", 1, run_ours),
    ("ours", 2, run_ours),
    ("otter", 1, run_otter),
    ("nbgrader", 1, run_nbgrader),
)
"""Neither peer grades several submissions at once without containers."""


# ----------------------------------------------------------------------------------------------------------- the table


def table(rows: Sequence[tuple[str, int, Ran | str, bool]], codes: Mapping[str, str]) -> str:
    """Return the table: a row for each run, (tool, at once, what came or why not, whether a file was written outside)."""
    first = next((ran.wall for _, _, ran, _ in rows if isinstance(ran, Ran)), 1.0)
    lines = [
        "| tool | at once | s per submission | processor s per submission | per minute | ratio | isolated | right ones full | "
        "patched `allclose` gets | `os._exit` gets |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    right = [name for name, code in codes.items() if given.is_right(code)]
    for tool, at_once, ran, escaped in rows:
        if isinstance(ran, str):
            lines.append(f"| {NAMES[tool]} | {at_once} | {' '.join(ran.split()).replace('|', '/')} | | | | | | | |")
            continue
        full = sum(ran.points.get(name) == float(len(given.FUNCTIONS) * given.EACH) for name in right)
        each = ran.wall / len(codes)
        cells = [
            f"{each:.2f}",
            f"{ran.processor / len(codes):.2f}",
            f"{60 / each:.1f}",
            f"{ran.wall / first:.2f}",
            "no: wrote a file outside" if escaped else "yes",
            f"{full} of {len(right)}",
            _of_twelve(ran.points.get(given.PATCHED)),
            _of_twelve(ran.points.get(given.EXITS)),
        ]
        lines.append(f"| {NAMES[tool]} | {at_once} | {' | '.join(cells)} |")
    return "\n".join(lines)


def together(found: Sequence[tuple[Ran | str, bool]]) -> tuple[Ran | str, bool]:
    """Return several rounds of one tool as one, with the medians of its times; what failed in any round is what failed."""
    failed = [ran for ran, _ in found if isinstance(ran, str)]
    rans = [ran for ran, _ in found if isinstance(ran, Ran)]
    escaped = any(wrote for _, wrote in found)
    if failed:
        return failed[0], escaped
    wall, processor = (median(times) for times in ([ran.wall for ran in rans], [ran.processor for ran in rans]))
    return replace(rans[0], wall=wall, processor=processor), escaped


def scores(rows: Sequence[tuple[str, int, Ran | str, bool]], codes: Mapping[str, str]) -> str:
    """Return a table of what each submission got where it was graded one at a time."""
    alone = [ran for _, at_once, ran, _ in rows if isinstance(ran, Ran) and at_once == 1]
    lines = [f"| submission | {' | '.join(NAMES[ran.tool] for ran in alone)} |", "| --- |" + " --- |" * len(alone)]
    lines += [f"| {name} | {' | '.join(_of_twelve(ran.points.get(name)) for ran in alone)} |" for name in codes]
    return "\n".join(lines)


def _of_twelve(points: float | None) -> str:
    return "no grade" if points is None else f"{points:g} of {len(given.FUNCTIONS) * given.EACH}"


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1][:300] if lines else "it said nothing"


def main() -> None:
    """Run all, one after the other, and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--honest", type=int, default=7, help="how many honest submissions; three that cheat are added")
    parser.add_argument("--tools", default=",".join(NAMES), help="which of them, separated by commas")
    parser.add_argument("--rounds", type=int, default=3, help="how often all of them run, one after the other")
    chosen = parser.parse_args()
    tools = chosen.tools.split(",")
    if min(chosen.honest, chosen.rounds) < 1:
        parser.error("--honest and --rounds are at least 1")
    if unknown := set(tools) - set(NAMES):
        parser.error(f"--tools: {', '.join(sorted(unknown))} is none of {', '.join(NAMES)}")
    for tool in [one for one in PINS if one in tools]:
        try:
            environment(tool)  # before anything is measured
        except CannotRun as error:
            print(f"{NAMES[tool]} {error}", flush=True)
    with tempfile.TemporaryDirectory(prefix="bench-peers-") as place:
        folder = Path(place)
        escape = folder / "open" / "escaped"
        folder.chmod(0o755)
        escape.parent.mkdir()
        escape.parent.chmod(0o777)
        codes = given.submissions(chosen.honest, escape, folder / "made")
        checks, loads = given.twelve(), [os.getloadavg()[0]]
        came: dict[tuple[str, int], list[tuple[Ran | str, bool]]] = {}
        for number in range(1, chosen.rounds + 1):
            bench = Bench(folder / f"round-{number}", checks, codes, escape)
            for tool, at_once, run in RUNS:
                if tool in tools:
                    escape.unlink(missing_ok=True)
                    ran = _tried(run, bench, at_once)
                    came.setdefault((tool, at_once), []).append((ran, escape.exists()))
                    said = ran if isinstance(ran, str) else f"{ran.wall:.1f} s"
                    loads.append(os.getloadavg()[0])
                    print(
                        f"{NAMES[tool]}, {at_once} at once, round {number}: {said} (load {loads[-1]:.1f})", flush=True
                    )
    rows = [(tool, at_once, *together(found)) for (tool, at_once), found in came.items()]
    machine = (
        f"{os.cpu_count()} processors, Python {platform.python_version()}, load {min(loads):.1f} to {max(loads):.1f}"
    )
    when = f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC"
    print(f"\n{len(codes)} submissions, medians of {count(chosen.rounds, 'round')}, {when}, {machine}\n")
    print(table(rows, codes))
    print(f"\n{scores(rows, codes)}")


def _tried(run: Callable[[Bench, int], Ran], bench: Bench, at_once: int) -> Ran | str:
    try:
        return run(bench, at_once)
    except CannotRun as error:
        return str(error)


if __name__ == "__main__":
    main()
