"""What cannot be graded ends at once: exit code 2, one clear sentence, result.json with status `rejected`."""

import io
import json
import os
import resource
import struct
import subprocess
import sys
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from command_line import run_here

from tests.submissions.build import zipped

from .tools import ROOT

WORK = {"work.py": b"def kl_standard_normal(mean, log_var):\n    return mean.sum(-1)\n"}


def corrupt() -> bytes:
    """A zip whose middle was lost on the way."""
    whole = zipped({**WORK, "data.bin": bytes(range(256)) * 40})
    return whole[:60] + whole[-40:]


def encrypted() -> bytes:
    """A zip whose entries say that they are encrypted."""
    data = bytearray(zipped(WORK))
    local, central = data.find(b"PK\3\4"), data.find(b"PK\1\2")
    data[local + 6] |= 1
    data[central + 8] |= 1
    return bytes(data)


def symlink() -> bytes:
    """A zip whose only Python file is a link to a file of ours."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        entry = zipfile.ZipInfo("work.py")
        entry.create_system, entry.external_attr = 3, 0o120777 << 16
        archive.writestr(entry, str(ROOT / "reference" / "vae.py"))
    return buffer.getvalue()


def bomb() -> bytes:
    """A small zip that unpacks to 10 GB: one member, deflated in blocks that repeat."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    block = packer.compress(bytes(2**20)) + packer.flush(zlib.Z_FULL_FLUSH)
    parts, size = [block] * 10_240, 10_240 * 2**20
    end = zlib.compressobj(9, zlib.DEFLATED, -15)
    data = b"".join(parts) + end.flush()
    shown = min(size, 0xFFFFFFFE)
    fields = struct.pack("<HHHHHIIIHH", 20, 0, 8, 0, 33, 0, len(data), shown, len(b"work.py"), 0)
    local = b"PK\3\4" + fields + b"work.py"
    central = b"PK\1\2" + struct.pack("<H", 20) + fields + struct.pack("<HHHII", 0, 0, 0, 0, 0) + b"work.py"
    place = len(local) + len(data)
    return local + data + central + b"PK\5\6" + struct.pack("<HHHHIIH", 0, 0, 1, 1, len(central), place, 0)


CASES = {
    "corrupt.zip": (corrupt, "zip"),
    "empty.zip": (lambda: zipped({}), "empty"),
    "encrypted.zip": (encrypted, "password"),
    "report.zip": (lambda: b"%PDF-1.7\n" + bytes(2000) + b"\n%%EOF\n", "PDF"),
    "climbing.zip": (lambda: zipped({"../../work.py": WORK["work.py"]}), "../"),
    "symlink.zip": (symlink, "link"),
    "bomb.zip": (bomb, "limit"),
}


def refused(word: str, code: int, said: str, tmp_path: Path) -> None:
    """Require that a refusal says why in one sentence and in result.json, and writes nowhere else."""
    said = " ".join(said.split())
    assert code == 2, said
    assert "Not graded" in said
    assert word.lower() in said.lower(), said
    assert "Traceback" not in said
    result = json.loads((tmp_path / "out" / "result.json").read_text())
    assert (result["status"], result["score"], result["tasks"]) == ("rejected", None, [])
    assert word.lower() in result["message"].lower()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["in", "out"]


@pytest.fixture
def command(tmp_path: Path) -> Callable[[str], list[str]]:
    """Return `command(name)`: writes an unusable submission and returns the arguments that grade it."""

    def arguments(name: str) -> list[str]:
        path = tmp_path / "in" / name
        path.parent.mkdir()
        path.write_bytes(CASES[name][0]())
        return ["grade", str(path), "--out", str(tmp_path / "out"), "--assignment", str(ROOT)]

    return arguments


@pytest.mark.parametrize("name", [name for name in CASES if name != "bomb.zip"])
def test_unusable_submission_is_refused(name, command, tmp_path, monkeypatch, capsys) -> None:
    """The command line says why in one sentence and in result.json, and writes nowhere else."""
    arguments = command(name)
    code, _, said = run_here(monkeypatch, capsys, tmp_path, *arguments)
    refused(CASES[name][1], code, said, tmp_path)


def test_a_bomb_is_refused_in_seconds(command, tmp_path) -> None:
    """The same, in a process of its own whose time can be told from that of everybody else."""
    whole = [sys.executable, "-m", "autograder.cli.main", *command("bomb.zip")]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    ended = subprocess.run(whole, capture_output=True, text=True, timeout=600, cwd=tmp_path, env=environment)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    refused("limit", ended.returncode, ended.stderr, tmp_path)
    seconds = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
    assert seconds < 20, "of the processor, to which no other load of this machine adds; it is less than 5"
