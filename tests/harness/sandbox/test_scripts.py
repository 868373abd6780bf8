"""Scripts: a file of the submission runs as a command line would, in a worker of its own, and what it leaves is bounded."""

# ruff: noqa: E501 -- submissions stand here as one string each

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from make_submission import LIMITS, submission

from autograder.errors import SandboxFault
from autograder.outcomes import FailureKind
from autograder.records import DataFile
from autograder.sandbox.bubblewrap import Bubblewrap
from autograder.sandbox.inprocess import InProcess
from autograder.sandbox.inside.scripts import MOST_BYTES, MOST_FILES, MOST_NAMED, is_plain_path
from autograder.sandbox.inside.values import Handle
from autograder.sandbox.proxy import Sandbox
from autograder.sandbox.questions import Answer, Question, Refusal
from autograder.sandbox.scripts import RunScript, ScriptAnswer, script_answer_of

SandboxOf = Callable[..., Sandbox]
TOOLS = "STATE = []\ndef save(name, text):\n    with open(name, 'w') as file: file.write(text)\n"
TRAIN = """
import sys, argparse
from pathlib import Path
import torch
import tools

if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--epochs", type=int)
    args = parser.parse_args()
    print("epochs", args.epochs, "config", Path("config.txt").read_text(), Path(__file__).name)
    print("to stderr", file=sys.stderr)
    tools.save("out.txt", f"{torch.rand(()).item():.6f} {len(tools.STATE)}")
    Path("deep/er").mkdir(parents=True)
    left = open("deep/er/model.bin", "wb")
    left.write(b"123")
    tools.STATE.append(1)
"""


def run(asked: Any, path: str, *argv: str, **options: Any) -> ScriptAnswer:
    """Return how a script ended that ended."""
    answer = asked.run_script(RunScript(path, argv, **options))
    assert isinstance(answer, ScriptAnswer), answer
    return answer


def test_a_script_runs_as_a_command(sandbox_of: SandboxOf) -> None:
    """Arguments, given files, imports of its neighbours, output of both streams, and files out, also those left open."""
    sandbox = sandbox_of(train=TRAIN, tools=TOOLS)
    answer = run(sandbox, "train.py", "--epochs", "3", files={"config.txt": b"tiny"}, seed=5)
    assert answer.exit_code == 0, answer
    assert "epochs 3 config tiny train.py" in answer.printed
    assert "to stderr" in answer.printed
    assert set(answer.files) == {"out.txt", "deep/er/model.bin"}
    assert answer.files["deep/er/model.bin"] == b"123"
    again = run(sandbox, "train.py", "--epochs", "3", files={"config.txt": b"tiny"}, seed=5)
    assert again.files == answer.files  # nothing of the first run is left, and the seed decides


def test_a_script_leaves_the_loaded_submission_alone(sandbox_of: SandboxOf) -> None:
    """Objects that were made before live on, and nothing that a script patches is seen by a question."""
    sandbox = sandbox_of(
        work="import torch\nclass A:\n    def f(self): return torch.exp(torch.zeros(()))\n",
        evil="import torch, work, threading, time\nif __name__ == '__main__':\n    torch.exp = None\n    work.A.f = None\n    threading.Thread(target=time.sleep, args=(99,), daemon=True).start()\n",
        names={"A": "work"},
    )
    made = sandbox.call(Question("A"))
    assert isinstance(made, Answer)
    assert isinstance(made.value, Handle)
    assert run(sandbox, "evil.py").exit_code == 0
    answer = sandbox.call(Question(made.value, method="f"))
    assert isinstance(answer, Answer)
    assert float(answer.value) == 1.0
    assert sandbox.restarts == 0


ENDS: dict[str, tuple[str, int, str, str]] = {
    "nothing": ("import sys; sys.exit()", 0, "", ""),
    "a number": ("import sys; sys.exit(3)", 3, "", ""),
    "a text": ("import sys; sys.exit('no data')", 1, "", "no data"),
    "an exception": ("def f():\n    raise ValueError('so')\nf()", 1, "ValueError", "so"),
    "a syntax error": ("x = = 1", 1, "SyntaxError", "invalid syntax"),
    "an import": ("import nothing_there", 1, "ModuleNotFoundError", "nothing_there"),
}


@pytest.mark.parametrize(("source", "code", "exception", "message"), ENDS.values(), ids=ENDS)
def test_how_a_script_ends(source: str, code: int, exception: str, message: str, sandbox_of: SandboxOf) -> None:
    """Exit codes are those of a shell; an exception comes with the student's lines."""
    answer = run(sandbox_of(main=source), "main.py")
    assert (answer.exit_code, answer.exception) == (code, exception)
    assert message in answer.message
    assert bool(answer.lines) == bool(exception)
    assert all("/tmp" not in line for line in answer.lines)


def test_the_file_is_found_in_a_folder(sandbox_of: SandboxOf) -> None:
    """A bare name is looked for in folders; modules beside the script and at the top are found; what is not there is missing."""
    sandbox = sandbox_of(src__main="import near, far\nprint(near.A + far.B)\n", src__near="A = 1\n", far="B = 2\n")
    assert run(sandbox, "main.py").printed.strip() == "3"
    assert run(sandbox, "src/main.py").printed.strip() == "3"
    refusal = sandbox.run_script(RunScript("other.py"))
    assert isinstance(refusal, Refusal)
    assert (refusal.kind, refusal.message) == (FailureKind.MISSING, "there is no file `other.py` in the submission")


def test_data_of_the_submission(backend: Bubblewrap) -> None:
    """Its other files are there; only those that changed come back."""
    submitted, _ = submission(main="open('data/b.txt', 'a').write('!')\nprint(open('data/a.txt').read())\n")
    files = (DataFile(path="data/a.txt", data=b"same"), DataFile(path="data/b.txt", data=b"old"))
    with Sandbox(backend, submitted.model_copy(update={"files": files}), {}, LIMITS) as sandbox:
        answer = run(sandbox, "main.py")
    assert answer.printed.strip() == "same"
    assert answer.files == {"data/b.txt": b"old!"}


ATTACKS: dict[str, tuple[str, FailureKind, str]] = {
    "hang": ("while True: pass", FailureKind.TIMEOUT, "it was stopped after"),
    "a thread that stays": (
        "import threading, time\nthreading.Thread(target=time.sleep, args=(99,)).start()",
        FailureKind.TIMEOUT,
        "it was stopped after",
    ),
    "exit": ("import os; os._exit(0)", FailureKind.CRASH, "the process ended"),
    "memory": ("x = []\nwhile True: x.append(bytearray(b'1' * 2**22))", FailureKind.MEMORY, ""),
    "output": ("while True: print('a' * 1000)", FailureKind.CRASH, "printed more than 1 MB"),
}


@pytest.mark.parametrize(("source", "kind", "message"), ATTACKS.values(), ids=ATTACKS)
def test_attacks_cost_their_own_run(source: str, kind: FailureKind, message: str, sandbox_of: SandboxOf) -> None:
    """A script is stopped like any question, and the submission goes on answering."""
    sandbox = sandbox_of(main=source + "\n", work="def good(x): return x + 1\n")
    answer = sandbox.run_script(RunScript("main.py", seconds=1.5 if kind is FailureKind.TIMEOUT else None))
    if kind is FailureKind.MEMORY and isinstance(answer, ScriptAnswer):
        assert answer.exception == "MemoryError"
        return
    assert isinstance(answer, Refusal), answer
    assert answer.kind is kind
    assert message in answer.message
    assert answer.flag == ""


def test_a_gigabyte(sandbox_of: SandboxOf) -> None:
    """Writing more than the limit is an error of the script's; what is there is listed with its size, within bounds."""
    source = "with open('big', 'wb') as f:\n    for _ in range(1024): f.write(bytes(2**20))\n"
    answer = run(sandbox_of(main=source), "main.py")
    assert (answer.exit_code, answer.exception) == (1, "OSError")
    assert sum(map(len, answer.files.values())) <= LIMITS.file_mb * 2**20


def test_many_and_large_files(sandbox_of: SandboxOf) -> None:
    """At most 32 files and a bounded number of bytes come back; others are named with their size, 500 altogether."""
    source = "for i in range(700): open(f'{i:03}.txt', 'w').write('ab')\n"
    answer = run(sandbox_of(main=source), "main.py")
    assert len(answer.files) == MOST_FILES
    assert len(answer.left_out) == MOST_NAMED - MOST_FILES
    assert set(answer.left_out.values()) == {2}
    large = run(sandbox_of(main="for i in range(3): open(f'{i}', 'wb').write(bytes(3 * 2**20))\n"), "main.py")
    assert (set(large.files), large.left_out) == ({"0", "1"}, {"2": 3 * 2**20})


LINKS = """
import os
os.symlink("/etc/ld.so.cache", "link")
os.symlink("/usr", "folder")
try: os.mkfifo("pipe")
except OSError: pass
open("../outside.txt", "w").write("x")
open("two\\nlines", "w").write("x")
open("back\\\\slash", "w").write("x")
open("\\u202etxt", "w").write("x")
open(b"no\\xffutf8", "w").write("x")
place = "d"
for _ in range(60): place += "/d"
os.makedirs(place)
open(place + "/" + "x" * 150, "w").write("x")
open("fine", "w").write("x")
"""


def test_links_and_odd_names(sandbox_of: SandboxOf) -> None:
    """Links, pipes, files outside the folder and names that do not print are not among what comes back, and flag nobody."""
    answer = run(sandbox_of(main=LINKS), "main.py")
    assert (answer.exit_code, answer.exception, answer.message) == (0, "", "")
    assert (set(answer.files), answer.left_out) == ({"fine"}, {})


FORGED = """
import sys
class Forged:
    wire = sys.modules["inside.worker"].wire
    def encode(m, before=wire.encode):
        return before({{**m, {field}}} if m.get("type") == "ended" else m)
    wire.encode = encode
"""


@pytest.mark.parametrize(
    "field",
    [
        '"files": {"../up": b"x"}',
        '"files": {"/etc/passwd": b"x"}',
        '"files": {"a": "text"}',
        '"files": {str(i): b"" for i in range(33)}',
        '"files": {"a": bytes(7 * 2**20)}, "left_out": {"a\\n": 1}',
        '"left_out": {"a": -1}',
        '"exit_code": True',
        '"exit_code": 256',
        '"lines": "text"',
        '"message": 3',
        '"type": "answer"',
    ],
)
def test_forged_endings_are_flagged(field: str, sandbox_of: SandboxOf) -> None:
    """A worker that was taken over is found out by the fields of its message; the submission goes on answering."""
    sandbox = sandbox_of(main=FORGED.format(field=field), work="def good(x): return x + 1\n")
    refusal = sandbox.run_script(RunScript("main.py"))
    assert isinstance(refusal, Refusal), refusal
    assert refusal.kind is FailureKind.POLICY
    assert refusal.flag.startswith("answer channel: ")
    assert isinstance(sandbox.call(Question("good", [1])), Answer)


def test_too_many_bytes_are_no_ending() -> None:
    """More bytes than an honest worker sends are refused."""
    message = {
        "exit_code": 0,
        "message": "",
        "exception": "",
        "lines": [],
        "left_out": {},
        "files": {"a": bytes(MOST_BYTES)},
    }
    assert script_answer_of(message, 0.0, "").exit_code == 0
    with pytest.raises(ValueError, match="files have bounded sizes"):
        script_answer_of({**message, "files": {"a": bytes(MOST_BYTES + 1)}}, 0.0, "")


@pytest.mark.parametrize("name", ["", "/a", "../a", "a/../b", "a//b", "./a", "a\nb", "a\\b", "x" * 201, 3, b"a"])
def test_names_that_are_not_plain(name: Any) -> None:
    """A question names files inside the folder only."""
    assert not is_plain_path(name)
    if isinstance(name, str):
        with pytest.raises(ValueError, match="is not a name inside a folder: use a relative path"):
            RunScript("main.py", files={name: b""})


def test_too_much_is_given() -> None:
    """What a script is given is bounded."""
    with pytest.raises(ValueError, match="a script is given at most 100 files, 64 MiB and 100 arguments"):
        RunScript("main.py", ["x"] * 101)


def test_files_that_cannot_be_written_are_our_fault(sandbox_of: SandboxOf) -> None:
    """No line of the student's has run: the check gave it more than the limits allow."""
    sandbox = sandbox_of(main="print(1)\n")
    with pytest.raises(SandboxFault, match="the files of a script cannot be written"):
        sandbox.run_script(RunScript("main.py", files={"big": bytes(5 * 2**20)}))


def test_all_runs_together_have_a_limit(sandbox_of: SandboxOf) -> None:
    """Scripts count towards the time of all questions together."""
    sandbox = sandbox_of(main="import time; time.sleep(0.4)\n", limits=LIMITS.model_copy(update={"total_seconds": 1.0}))
    kinds = [getattr(sandbox.run_script(RunScript("main.py")), "kind", None) for _ in range(4)]
    ended = kinds.index(FailureKind.TIMEOUT)
    assert ended < 3
    assert kinds == [None] * ended + [FailureKind.TIMEOUT] * (4 - ended)


def test_on_a_students_machine(tmp_path: Path) -> None:
    """The same script runs as an ordinary command in a copy of the folder, under a limit; the folder stays as it is."""
    (tmp_path / "train.py").write_text(TRAIN)
    (tmp_path / "tools.py").write_text(TOOLS)
    (tmp_path / "bad.py").write_text("import time\ndef f(): raise ValueError('so')\nif __name__ == '__main__': f()\n")
    (tmp_path / "slow.py").write_text(
        "import time\nif __name__ == '__main__':\n    print('x', flush=True)\n    time.sleep(60)\n"
    )
    before = sorted(path.name for path in tmp_path.iterdir())
    asked = InProcess([tmp_path / "bad.py", tmp_path / "slow.py"], {}, tmp_path)
    asked._scripts.append("train.py")
    answer = run(asked, "train.py", "--epochs", "2", files={"config.txt": b"c"})
    assert (answer.exit_code, set(answer.files)) == (0, {"out.txt", "deep/er/model.bin"})
    assert "epochs 2 config c train.py" in answer.printed
    bad = run(asked, "bad.py")
    assert (bad.exit_code, bad.exception, bad.message) == (1, "ValueError", "so")
    started = time.monotonic()
    slow = asked.run_script(RunScript("slow.py", seconds=1.0))
    assert isinstance(slow, Refusal)
    assert slow.kind is FailureKind.TIMEOUT
    assert time.monotonic() - started < 10
    missing = asked.run_script(RunScript("none.py"))
    assert isinstance(missing, Refusal)
    assert sorted(path.name for path in tmp_path.iterdir() if path.name != "__pycache__") == before


def test_the_other_backend_runs_scripts(uid_sandbox_of: SandboxOf) -> None:
    """A script runs beside a living worker under the uid backend, too, and its files come back."""
    sandbox = uid_sandbox_of(train=TRAIN, tools=TOOLS, names={"save": "tools"})
    sandbox.load()
    answer = run(sandbox, "train.py", "--epochs", "3", files={"config.txt": b"tiny"})
    assert (answer.exit_code, set(answer.files)) == (0, {"out.txt", "deep/er/model.bin"})
