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
from pathlib import Path

import pytest

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


@pytest.mark.parametrize("name", CASES)
def test_unusable_submission_is_refused(name: str, tmp_path: Path):
    """The command line says why in one sentence and in result.json, in seconds, and writes nowhere else."""
    make, word = CASES[name]
    (tmp_path / "in").mkdir()
    path = tmp_path / "in" / name
    path.write_bytes(make())
    command = [
        sys.executable,
        "-m",
        "autograder.cli.main",
        "grade",
        str(path),
        "--out",
        str(tmp_path / "out"),
        "--assignment",
    ]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    ended = subprocess.run(
        [*command, str(ROOT)], capture_output=True, text=True, timeout=600, cwd=tmp_path, env=environment
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
    said = " ".join(ended.stderr.split())
    assert ended.returncode == 2, ended.stdout + ended.stderr
    assert "Not graded" in said
    assert word.lower() in said.lower(), said
    assert "Traceback" not in said
    result = json.loads((tmp_path / "out" / "result.json").read_text())
    assert (result["status"], result["score"], result["tasks"]) == ("rejected", None, [])
    assert word.lower() in result["message"].lower()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["in", "out"]
    assert seconds < 20, "of the processor, which no other load of this machine adds to; it is less than 5"
