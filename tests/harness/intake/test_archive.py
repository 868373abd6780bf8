"""Zips and tars that lie, and those that do not."""

from __future__ import annotations

import io
import os
import re
import stat
import struct
import subprocess
import sys
import tarfile
import time
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from autograder.errors import SubmissionRejected
from autograder.intake import DEFAULT, take_in
from autograder.intake.limits import MB


def zipped(path: Path, members: dict[str, bytes | str], method: int = zipfile.ZIP_DEFLATED) -> Path:
    """A zip at `path` with these members."""
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return path


def tarred(path: Path, members: list[tuple[tarfile.TarInfo, bytes]], mode: str = "w:gz") -> Path:
    """A tar at `path` with these members."""
    with tarfile.open(path, mode) as archive:  # type: ignore[call-overload]
        for info, data in members:
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return path


def member(name: str, kind: bytes = tarfile.REGTYPE, link: str = "") -> tarfile.TarInfo:
    """A header for a tar."""
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, link
    return info


def special(path: Path, mode: int) -> Path:
    """A zip whose second member has a Unix mode that no ordinary file has."""
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("vae.py", "x = 1")
        info = zipfile.ZipInfo("data")
        info.create_system, info.external_attr = 3, (mode | 0o644) << 16
        archive.writestr(info, "/etc/passwd")
    return path


def patched(
    path: Path, change: Callable[[bytearray, int], None], members: dict[str, bytes | str] | None = None
) -> Path:
    """A zip in which `change` was applied to the bytes of its first entry in the table of contents."""
    data = bytearray(zipped(path, members or {"vae.py": "x = 1\n" * 50}).read_bytes())
    change(data, data.index(b"PK\x01\x02"))
    path.write_bytes(data)
    return path


def put(offset: int, layout: str, value: int) -> Callable[[bytearray, int], None]:
    """A change for `patched`."""
    return lambda data, at: struct.pack_into(layout, data, at + offset, value)


def rejection(path: Path, limits: object = DEFAULT) -> str:
    """The message of a rejection, which costs less than 5 seconds of this process and can be printed."""
    begin = time.process_time()
    with pytest.raises(SubmissionRejected) as caught:
        take_in(path, limits)  # type: ignore[arg-type]
    message = str(caught.value)

    assert time.process_time() - begin < 5
    assert message.isprintable()
    return message


UNSAFE = {
    "a path that goes up": ("../vae.py", "contains `..` and leads outside"),
    "a path that goes up later": ("a/../../vae.py", "contains `..`"),
    "an absolute path": ("/etc/vae.py", "is an absolute path"),
    "a Windows drive": ("C:\\vae.py", "is an absolute path"),
    "a network path": ("\\\\server\\vae.py", "is an absolute path"),
    "backslashes that go up": ("..\\..\\vae.py", "contains `..`"),
    "an empty name": ("./", "is empty"),
    "a very long name": ("x" * 300 + ".py", "is too long (303 bytes); the limit is 255"),
    "a very long path": ("/".join(["x" * 200] * 6) + "/vae.py", "1,000 for a path"),
    "deep folders": ("a/" * 30 + "vae.py", "is 31 folders deep; the limit is 20"),
    "control characters": ("../\x1b[31m\u202egpj.py", "`..`"),
}


@pytest.mark.parametrize(("name", "words"), UNSAFE.values(), ids=UNSAFE)
def test_unsafe_names_are_rejected(tmp_path: Path, name: str, words: str) -> None:
    """A member that would land outside the submission, or nowhere, rejects zip and tar alike."""
    assert words in rejection(zipped(tmp_path / "a.zip", {"ok.py": "", name: "x"}))
    if name != "./":
        assert words in rejection(tarred(tmp_path / "a.tgz", [(member(name), b"x")]))


def test_a_zip_is_read_with_its_folders(tmp_path: Path) -> None:
    """Sources and data files of a zip are kept under their own names."""
    submission = take_in(zipped(tmp_path / "hw1.zip", {"vae.py": "x = 1\n", "src/deep.py": "", "notes.txt": "hi"}))

    assert submission.kind == "zip"
    assert [source.module for source in submission.sources] == ["src.deep", "vae"]
    assert [(file.path, file.data) for file in submission.files] == [("notes.txt", b"hi")]


@pytest.mark.parametrize("mode", ["w:gz", "w"])
def test_a_tar_is_read_with_its_folders(tmp_path: Path, mode: str) -> None:
    """A tar is recognised by its content, packed or not, whatever its name."""
    info = member("./src", tarfile.DIRTYPE)
    submission = take_in(tarred(tmp_path / "hw1.zip", [(info, b""), (member("./src/a.py"), b"x")], mode))

    assert submission.kind == "tar"
    assert [source.path for source in submission.sources] == ["a.py"]


def test_paths_with_backslashes_become_folders(tmp_path: Path) -> None:
    """Archives of old Windows programs are read as they were meant."""
    submission = take_in(zipped(tmp_path / "a.zip", {"src\\vae.py": "", "main.py": ""}))

    assert [source.path for source in submission.sources] == ["main.py", "src/vae.py"]


def test_names_without_the_utf8_flag_are_recovered(tmp_path: Path) -> None:
    """UTF-8 names written by macOS without the flag are read as UTF-8, others as code page 437."""
    path = zipped(tmp_path / "a.zip", {"QQQQQQQQ.py": "", "ZZZ.py": ""})
    data = path.read_bytes().replace(b"QQQQQQQQ", "лаба".encode()).replace(b"ZZZ", b"\x9abe")
    path.write_bytes(data)

    assert {"лаба.py", "Übe.py"} == {source.path for source in take_in(path).sources}


def test_control_characters_in_names_are_replaced(tmp_path: Path) -> None:
    """A name with control or bidi characters is kept with `_`, and the student is told."""
    submission = take_in(zipped(tmp_path / "a.zip", {"vae\u202e\n.py": "x = 1"}))

    assert submission.sources[0].path == "vae__.py"
    assert [(note.code, note.path) for note in submission.notes] == [("name-changed", "vae__.py")]


def test_surrogates_in_names_are_replaced(tmp_path: Path) -> None:
    """Bytes of a tar that are no UTF-8 do not reach a record."""
    path = tarred(tmp_path / "a.tar", [(member("vaeQ.py"), b"")], "w")
    header = bytearray(path.read_bytes())
    header[3] = 0xFF
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header[:512])
    path.write_bytes(header)

    assert take_in(path).sources[0].path == "vae_.py"


def test_nul_in_a_name_is_replaced(tmp_path: Path) -> None:
    """A NUL does not cut a name short."""
    path = zipped(tmp_path / "a.zip", {"vaeQ.py": ""})
    path.write_bytes(path.read_bytes().replace(b"vaeQ", b"vae\0"))

    assert take_in(path).sources[0].path == "vae_.py"
    path.write_bytes(path.read_bytes().replace(b"vae\0", b"\0ae\0"))
    assert take_in(path).sources[0].path == "_ae_.py"


def test_names_that_differ_in_case_are_both_kept(tmp_path: Path) -> None:
    """Graders run Linux, where they are two files; the note says which ones."""
    submission = take_in(zipped(tmp_path / "a.zip", {"VAE.py": "", "vae.py": ""}))

    assert [source.module for source in submission.sources] == ["VAE", "vae"]
    assert submission.notes[0].message == "VAE.py and vae.py differ only in upper and lower case. Both were kept."


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_duplicates_are_rejected(tmp_path: Path) -> None:
    """Two members with one name leave open which one counts."""
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("vae.py", "1")
        archive.writestr("./vae.py", "2")

    assert rejection(path) == "a.zip holds vae.py twice, so it is unclear which one counts. Pack it again."


def test_a_name_for_file_and_folder_is_rejected(tmp_path: Path) -> None:
    """`a` cannot be a file while `a/b.py` exists."""
    path = zipped(tmp_path / "a.zip", {"a": "", "a/b.py": ""})

    assert rejection(path) == "a.zip uses the name a for a file and for a folder. Rename one."


@pytest.mark.parametrize(
    ("mode", "words"),
    [(stat.S_IFLNK, "data is a link"), (stat.S_IFIFO, "another special file"), (stat.S_IFCHR, "device")],
)
def test_links_and_devices_in_zips_are_rejected(tmp_path: Path, mode: int, words: str) -> None:
    """Only ordinary files are read from a zip."""
    assert words in rejection(special(tmp_path / "a.zip", mode))


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        (tarfile.SYMTYPE, "is a link, not a file"),
        (tarfile.LNKTYPE, "is a link"),
        (tarfile.CHRTYPE, "is a special file"),
        (tarfile.FIFOTYPE, "is a special file"),
    ],
)
def test_links_and_devices_in_tars_are_rejected(tmp_path: Path, kind: bytes, words: str) -> None:
    """Only ordinary files are read from a tar."""
    path = tarred(tmp_path / "a.tgz", [(member("a.py"), b""), (member("b", kind, "/etc/passwd"), b"")])

    assert words in rejection(path)


def test_links_in_a_virtual_environment_are_dropped_with_it(tmp_path: Path) -> None:
    """`.venv/bin/python` is always a link; it is no reason to reject."""
    path = tarred(
        tmp_path / "a.tgz", [(member("a.py"), b""), (member("venv/bin/python", tarfile.SYMTYPE, "/bin/x"), b"")]
    )

    assert [(note.code, note.path) for note in take_in(path).notes] == [("folder-ignored", "venv")]


LIES = {
    "encrypted": (put(8, "<H", 1), "a.zip is encrypted (vae.py). Pack it without a password."),
    "LZMA": (put(10, "<H", 14), "is compressed with method 14 (LZMA), which is not supported"),
    "unheard-of compression": (put(10, "<H", 77), "method 77 (unknown)"),
    "10 GB declared by zip64": (put(24, "<I", 0xFFFFFFFF), "a.zip"),
    "4 GB declared": (put(24, "<I", 0xF0000000), "unpacks to 4.03 GB or more; the limit for one file is 100 MB"),
    "ratio": (put(24, "<I", 90_000_000), "times its packed size (90 MB); the limit is 250. This looks like a zip bomb"),
    "less declared than there is": (put(24, "<I", 3), "damaged zip archive (Bad CRC-32"),
    "more declared than there is": (put(24, "<I", 999), "vae.py is shorter than declared"),
    "wrong checksum": (put(16, "<I", 1), "Bad CRC-32"),
    "offset beyond the end": (put(42, "<I", 0x7FFFFFFF), "runs into the table of contents"),
    "larger than the archive": (put(20, "<I", 0x7000000), "runs into the table of contents"),
    "future version": (put(6, "<H", 250), "a.zip is a damaged zip archive (zip file version 25.0)"),
}


@pytest.mark.parametrize(("change", "words"), LIES.values(), ids=LIES)
def test_zips_that_lie_are_rejected(tmp_path: Path, change: Callable[[bytearray, int], None], words: str) -> None:
    """What the table of contents says is checked before and while it is read."""
    assert words in rejection(patched(tmp_path / "a.zip", change))


def test_zip64_sizes_are_believed_enough_to_reject(tmp_path: Path) -> None:
    """10 GB declared in a zip64 field rejects before anything is read."""
    path = tmp_path / "a.zip"
    info = zipfile.ZipInfo("vae.py")
    with zipfile.ZipFile(path, "w") as archive, archive.open(info, "w", force_zip64=True) as file:
        file.write(b"x")
    data = bytearray(path.read_bytes())
    at = data.index(b"PK\x01\x02")
    struct.pack_into("<I", data, at + 24, 0xFFFFFFFF)
    struct.pack_into("<H", data, at + 30, 12)
    data[at + 46 + 6 : at + 46 + 6] = struct.pack("<HHQ", 1, 8, 10**10)
    end = data.index(b"PK\x05\x06")
    struct.pack_into("<I", data, end + 12, end - at)
    path.write_bytes(data)

    assert "vae.py unpacks to 10 GB or more" in rejection(path)


def test_overlapping_members_are_rejected(tmp_path: Path) -> None:
    """Two entries for the same bytes are how a small zip becomes a large one."""
    path = zipped(tmp_path / "a.zip", {"a.py": "x = 1", "b.py": "x = 1"})
    data = bytearray(path.read_bytes())
    second = data.index(b"PK\x01\x02", data.index(b"PK\x01\x02") + 4)
    struct.pack_into("<I", data, second + 42, 0)
    path.write_bytes(data)

    assert "overlaps" in rejection(path)


def test_a_huge_table_of_contents_is_not_read(tmp_path: Path) -> None:
    """A table of contents beyond the limit is refused by its declared size."""
    path = zipped(tmp_path / "a.zip", {"a.py": ""})
    limits = replace(DEFAULT, directory_bytes=66_000)
    data = path.read_bytes()
    end = data.index(b"PK\x05\x06")
    filler = bytes(100_000)
    path.write_bytes(filler + data[:end] + data[end : end + 12] + struct.pack("<I", 90_000) + data[end + 16 :])

    assert "claims 90 kB; the limit is 66 kB" in rejection(_with_zip_head(path), limits)


def _with_zip_head(path: Path) -> Path:
    path.write_bytes(b"PK\x03\x04" + path.read_bytes()[4:])
    return path


def test_a_million_empty_files_are_counted_quickly(tmp_path: Path) -> None:
    """The table of contents is counted before it becomes objects."""
    count = 250_000
    local = struct.pack("<4s5H3L2H", b"PK\x03\x04", 20, 0, 0, 0, 0, 0, 0, 0, 1, 0) + b"a"
    entry = struct.pack("<4s4B4HL2L5H2L", b"PK\x01\x02", 20, 3, 20, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0) + b"a"
    tail = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 1, 1, len(entry) * count, len(local), 0)
    path = tmp_path / "a.zip"
    path.write_bytes(local + entry * count + tail)

    assert rejection(path) == "a.zip holds more than 50,000 files. Hand in only the files of the assignment."
    path.write_bytes(local + entry * count * 4 + tail[:12] + struct.pack("<2LH", len(entry) * count * 4, len(local), 0))
    assert "its table of contents claims 47 MB" in rejection(path)


def test_too_many_files_are_rejected(tmp_path: Path) -> None:
    """2,001 files are more than anyone writes; junk is not among them, but it is counted too."""
    limits = replace(DEFAULT, files=3, members=5)

    assert "more than 3 files" in rejection(zipped(tmp_path / "a.zip", {f"{n}.py": "" for n in range(4)}), limits)
    junk: dict[str, bytes | str] = {f"venv/{n}.py": "" for n in range(4)}
    assert len(take_in(zipped(tmp_path / "b.zip", junk | {"a.py": ""}), limits).sources) == 1
    assert "more than 5 files" in rejection(
        tarred(tmp_path / "c.tar", [(member(f"venv/{n}"), b"") for n in range(6)]), limits
    )


def test_too_large_files_are_rejected(tmp_path: Path) -> None:
    """One file, and all files together, have a limit that the message names."""
    limits = replace(DEFAULT, file_bytes=100, total_bytes=150)
    one: dict[str, bytes | str] = {"a.py": "", "b.bin": os.urandom(101)}
    many: dict[str, bytes | str] = {f"{n}.bin": os.urandom(90) for n in range(3)}

    assert "b.bin unpacks to 101 bytes or more; the limit for one file is 100 bytes" in rejection(
        zipped(tmp_path / "a.zip", one), limits
    )
    assert "a.zip unpacks to 180 bytes or more; the limit is 150 bytes" in rejection(
        zipped(tmp_path / "a.zip", many), limits
    )


def test_a_ten_gigabyte_bomb_costs_neither_time_nor_memory(tmp_path: Path) -> None:
    """A deflate stream of 10 GB of zeros that declares 90 MB is stopped while it is read, below 300 MB of memory."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    block = packer.compress(bytes(10 * MB)) + packer.flush(zlib.Z_FULL_FLUSH)
    stream = block * 1000 + zlib.compressobj(9, zlib.DEFLATED, -15).flush()
    for declared, words in ((4 * 10**9, "4 GB or more"), (95 * MB, "Bad CRC-32"), (19 * MB, "Bad CRC-32")):
        names = b"a.py"
        head = (20, 0, 8, 0, 0, 0, len(stream), declared)
        local = struct.pack("<4s5H3LHH", b"PK\x03\x04", *head, 4, 0) + names
        entry = struct.pack("<4s6H3L5H2L", b"PK\x01\x02", 20, *head, 4, 0, 0, 0, 0, 0, 0) + names
        tail = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 1, 1, len(entry), len(local) + len(stream), 0)
        path = tmp_path / "bomb.zip"
        path.write_bytes(local + stream + entry + tail)
        script = (
            "import sys, time\nfrom pathlib import Path\n"
            "from autograder.intake import take_in\nt = time.process_time()\n"
            "try: take_in(Path(sys.argv[1]))\nexcept Exception as e: print(type(e).__name__, e)\n"
            "peak = next(line for line in open('/proc/self/status') if line.startswith('VmHWM'))\n"
            "print(time.process_time() - t, int(peak.split()[1]) // 1000)"
        )
        done = subprocess.run([sys.executable, "-c", script, str(path)], capture_output=True, text=True, check=True)
        first, figures = done.stdout.strip().split("\n")
        seconds, megabytes = map(float, figures.split())

        assert first.startswith("SubmissionRejected")
        assert words in first
        assert seconds < 5
        assert megabytes < 300


def test_a_tar_bomb_is_stopped_while_it_is_read(tmp_path: Path) -> None:
    """Size limits hold for tars, also for the junk that is only skipped."""
    limits = replace(DEFAULT, file_bytes=MB, total_bytes=MB)

    assert "big.bin unpacks to 2 MB or more" in rejection(
        tarred(tmp_path / "a.tgz", [(member("big.bin"), bytes(2 * MB))]), limits
    )
    junk = tarred(tmp_path / "b.tgz", [(member("venv/big.bin"), bytes(5 * MB))])
    assert "b.tgz unpacks to more than 2 MB, installed packages included" in rejection(junk, limits)


def test_long_extended_headers_of_a_tar_are_rejected(tmp_path: Path) -> None:
    """A header that claims 100 MB is not read."""
    path = tarred(tmp_path / "a.tgz", [(member("x", tarfile.XHDTYPE), bytes(100_000))])

    assert "A header of the archive claims 100 kB; the limit is 65.5 kB" in rejection(path)


def test_damaged_archives_are_rejected(tmp_path: Path) -> None:
    """Archives that were cut short say so, and what to do."""
    path = zipped(tmp_path / "a.zip", {"vae.py": os.urandom(9000)})
    path.write_bytes(path.read_bytes()[:5000])
    message = rejection(path)
    assert re.match(r"a\.zip is a damaged zip archive .*pack and upload it again", message)

    path = tarred(tmp_path / "a.tar", [(member("vae.py"), os.urandom(9000))], "w")
    path.write_bytes(path.read_bytes()[:5000])
    assert "a.tar is a damaged tar archive (unexpected end of data)" in rejection(path)

    path = tarred(tmp_path / "a.tgz", [(member("vae.py"), os.urandom(9000))])
    path.write_bytes(path.read_bytes()[:5000])
    assert "a.tgz is a damaged tar archive" in rejection(path)


def test_nested_archives_stay_data(tmp_path: Path) -> None:
    """An archive in an archive is kept as a file, with a note; alone it is rejected with a hint."""
    submission = take_in(zipped(tmp_path / "a.zip", {"vae.py": "", "old.zip": b"PK"}))

    assert [note.code for note in submission.notes] == ["nested-archive"]
    assert [file.path for file in submission.files] == ["old.zip"]
    assert "Do not pack an archive into an archive." in rejection(zipped(tmp_path / "b.zip", {"old.zip": b"PK"}))
