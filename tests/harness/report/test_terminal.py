"""What a submission wrote reaches a terminal and the log of a CI service as words, never as a command to either."""

from __future__ import annotations

import io
import re
import subprocess
import sys
import zipfile
from decimal import Decimal
from pathlib import Path

import factories
import pytest
from rich.console import Console

from autograder.cli import main as cli
from autograder.cli import regrade as cli_regrade
from autograder.cli import shown
from autograder.errors import UsageError
from autograder.grading.regrading import CheckChange, Regrade, SubmissionChange, Summary, TaskChange
from autograder.records import GradeRecord, ManualPoints, Waiting

ROOT = Path(__file__).resolve().parents[3]

COMMANDS = {
    "GitHub": "::error::owned",
    "GitHub, on a line of its own": "\n::set-output name=score::20\n::stop-commands::x\n::add-mask::2",
    "GitHub, indented": "\r\n \t ::warning file=x::owned",
    "GitHub, more colons": ":::error:::::owned",
    "GitHub, old": "##[error]owned ##[set-output]",
    "more signs": "###[error]owned ####vso[task.complete]",
    "Azure": "##vso[task.setvariable variable=score]20",
    "TeamCity": "##teamcity[buildStatus status='SUCCESS']",
    "wrapped": "x " * 37 + "::error::owned " + "y" * 79 + " ::error::owned",
    "carriage return": "all is well\r::error::owned\r\n::error::owned\x0b::error::a\x0c::error::b\x85::error::c\u2028::error::d",
    "title of the window": "\x1b]0;owned\x07 \x1b]8;;http://evil.example\x1b\\here\x1b]8;;\x1b\\",
    "colours and cursor": "\x1b[2J\x1b[1;1H\x1b[31mowned\x1b[0m \x9b31m",
    "bells and backspaces": "\x07\x08\x08\x7f\x00",
    "direction": "\u202e::rorre::\u2066\u200b\u200e",
    "markup": "[red]owned[/red] [link=http://evil.example]here[/link] :warning:",
}
ALL = " ".join(COMMANDS.values())


def require_words(shown: str) -> None:
    """Require that neither a terminal nor a CI service is told anything."""
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f]", shown), shown
    for line in shown.splitlines():
        assert not line.lstrip().startswith("::"), line
        assert not re.search(r"##(\[|vso\[|teamcity\[)", line), line


@pytest.fixture
def screen(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    """Both consoles of the command line, as narrow as a log's, writing to a string."""
    text = io.StringIO()
    for name in ("out", "err"):
        console = Console(file=text, width=80, highlight=False)
        monkeypatch.setattr(cli, name, console)
        monkeypatch.setattr(shown, name, console)
    monkeypatch.setattr(cli_regrade, "out", cli.out)
    return text


RECORDS = {
    "graded": factories.hostile,
    "rejected": lambda text: factories.rejected().model_copy(update={"message": text, "submission": text}),
    "error": lambda text: factories.error().model_copy(update={"message": text, "submission": text}),
}


@pytest.mark.parametrize("status", RECORDS)
@pytest.mark.parametrize("command", [*COMMANDS.values(), ALL], ids=[*COMMANDS, "all"])
def test_a_result_is_shown_in_words(status: str, command: str, screen: io.StringIO) -> None:
    """The table, messages, flags and places of a record with the command in every string."""
    record: GradeRecord = RECORDS[status](command)
    cli.show_result(record, Path(f"reports/{command}"))
    assert screen.getvalue()
    require_words(screen.getvalue())


def test_much_work_for_people_is_one_line(screen: io.StringIO) -> None:
    """A course's whole list of figures and derivations would push the score out of sight: the report has it."""
    works = [
        Waiting(id=f"w{n}", title=f"Figure {n}", max_points="1.50", what="", file="*.pdf" if n else "")
        for n in range(shown.FEW + 1)
    ]
    cli.show_result(factories.every_kind(waiting=tuple(works)), Path("reports/a"))
    text = " ".join(screen.getvalue().split())

    assert (
        "7.50 points wait for a person, in 5 tasks that the report lists; nothing was handed in for 4 of them" in text
    )
    assert "Figure 1" not in text


def test_every_kind_of_work_is_shown(screen: io.StringIO) -> None:
    """What waits for a person, broken rules and the pass mark stand below the table."""
    assert cli.show_result(factories.every_kind(), Path("reports/a")) == 0
    shown = " ".join(screen.getvalue().split())

    assert "2.00 points wait for a person: Derivation of the update (report.pdf, notes/p1.png)" in shown
    assert (
        "Rules of the assignment: vae.py, line 12: `from torch import distributions` uses torch.distributions" in shown
    )
    assert "Not passed yet: 4.50 points, 6.00 are needed; 3.50 points wait for a person" in shown
    assert "Score 4.50 of 12.00" in shown
    assert "line 4: the answer `larger` is not right" in shown


@pytest.mark.parametrize("command", [*COMMANDS.values(), ALL, ":"], ids=[*COMMANDS, "all", "colon"])
def test_a_comparison_is_shown_in_words(command: str, screen: io.StringIO) -> None:
    """What `regrade` prints, with the command in every name, reason and outcome: no `::` and no `##` anywhere."""
    check = CheckChange(id=command, old=command, new=command, old_points="1", new_points="0")
    by_hand = ManualPoints(task=command[:200], points=Decimal(1), reason=command, author="mk")
    change = SubmissionChange(
        name=command, old="2.00", new="1.00", stands="old", total="2.00", change="+0.00", why=command,
        tasks=(TaskChange(id=command, old="1", new="0", checks=(check,)),), manual=(by_hand,),
    )  # fmt: skip
    summary = Summary(submissions=1, up=0, down=0, unchanged=1, kept=1, no_grade=0)
    cli_regrade.show(Regrade(old="old", new="new", summary=summary, submissions=(change,)))
    assert "by hand, kept" in screen.getvalue()
    require_words(screen.getvalue())
    assert not re.search("::|##", screen.getvalue()), screen.getvalue()


def test_an_error_is_shown_in_words(screen: io.StringIO, monkeypatch: pytest.MonkeyPatch) -> None:
    """Our own complaints may quote a student's words, too."""

    def refuse() -> None:
        raise UsageError(ALL)

    monkeypatch.setattr(cli, "app", refuse)
    with pytest.raises(SystemExit):
        cli.main()
    require_words(screen.getvalue())


def test_a_fault_of_ours_is_shown_in_words(
    screen: io.StringIO, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The traceback of a fault may quote a student's words."""
    from typer.testing import CliRunner

    def fail(*arguments: object) -> None:
        raise RuntimeError(ALL)

    monkeypatch.setattr("autograder.grading.run.grade", fail)
    work = tmp_path / "x.zip"
    work.touch()
    result = CliRunner().invoke(cli.app, ["grade", str(work), "--out", str(tmp_path / "out")])
    assert result.exit_code == 3
    assert "RuntimeError" in screen.getvalue()
    require_words(screen.getvalue() + result.output)


@pytest.mark.parametrize(
    "name", ["::error::x.zip", "##vso[task.complete]x.zip", "a\x1b[31m\n::error::b.zip", "..::.zip", "-rf.zip"]
)
def test_the_command_itself(name: str, tmp_path: Path) -> None:
    """A rejected archive with hostile names, graded by the command: on the screen, and in the names of its reports."""
    hostile = tmp_path / name
    with zipfile.ZipFile(hostile, "w") as archive:
        for entry in ("../::error::owned.py", "##[error]\n::error::\x1b[31m.py", "\u202eyp.x::error::"):
            archive.writestr(entry, "x")
    program = [sys.executable, "-c", "from autograder.cli.main import main; main()", "grade", str(hostile)]
    out = tmp_path / "out"
    done = subprocess.run(
        [*program, "--assignment", str(ROOT), "--out", str(out)], capture_output=True, text=True, timeout=600, cwd=ROOT
    )
    assert done.returncode in (0, 2), done.stderr
    require_words(done.stdout + done.stderr)
    made = cli.report_name(hostile)
    assert re.fullmatch(r"[^\x00-\x1f\x7f/\\:.-][^\x00-\x1f\x7f/\\:]*", made), made
