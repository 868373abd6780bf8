"""Counting pages of hostile documents: whatever a PDF does, the answer is a number or a sentence, and our faults are ours."""

from __future__ import annotations

import io

import pytest
from make_submission import LIMITS
from PIL import Image
from pypdf import PdfWriter

from autograder.errors import HarnessFault
from autograder.sandbox import readers
from autograder.sandbox.bubblewrap import Bubblewrap
from autograder.sandbox.proxy import Sandbox
from autograder.sandbox.readers import Dots, count_pages, read_pictures
from autograder.sandbox.uid import Uid


def pdf(pages: int, password: str | None = None, **options: str) -> bytes:
    """A PDF of empty pages."""
    writer = PdfWriter()
    for _ in range(pages):
        writer.add_blank_page(100, 100)
    if password is not None:
        writer.encrypt(password, algorithm="RC4-128", **options)
    target = io.BytesIO()
    writer.write(target)
    return target.getvalue()


def program(monkeypatch: pytest.MonkeyPatch, body: str) -> None:
    """Put another program in place of the one that reads documents: as if a document made it do so."""
    monkeypatch.setattr(readers, "_SOURCE", f"def pages(data):\n    {body}\n")
    monkeypatch.setattr(readers, "_PICTURES", f"def picture(data):\n    {body}\n")


DOCUMENTS = {
    "one page": (pdf(1), 1),
    "twelve pages": (pdf(12), 12),
    "bytes before the header": (b"\r\n" * 20 + pdf(2), 2),
    "locked for changes only": (pdf(2, "", owner_password="o"), 2),
    "a password": (pdf(2, "x"), "it is encrypted, so its pages cannot be counted; save it without a password"),
    "nothing after the header": (b"%PDF-1.7 ...", "it cannot be read as a PDF; perhaps it is damaged or another kind of file"),
    "no page": (pdf(0), "it cannot be read as a PDF; perhaps it is damaged"),
    "a zip": (b"PK\x03\x04" + b"x" * 2000, "it is not a PDF document, whatever its name says"),
    "nothing": (b"", "it is not a PDF document"),
    "its own parent": (pdf(1).replace(b"/Type /Page\n", b"/Type /Pages /Kids [4 0 R]\n"), "it cannot be read as a PDF"),
}  # fmt: skip


@pytest.mark.parametrize(("data", "expected"), DOCUMENTS.values(), ids=DOCUMENTS)
def test_documents_are_counted_or_told(backend: Bubblewrap, data: bytes, expected: int | str) -> None:
    """Pages of real documents are counted; a damaged or encrypted one is a sentence."""
    counted = count_pages(backend, data, LIMITS)

    assert counted == expected or (isinstance(expected, str) and str(counted).startswith(expected)), counted


def test_documents_are_counted_on_the_other_backend(uid_backend: Uid) -> None:
    """Isolation by users finds the library, too."""
    assert count_pages(uid_backend, pdf(3), LIMITS) == 3


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("while True: pass", "its pages could not be counted within 1 seconds; save it again with another program"),
        (
            "import os; os._exit(0)",
            "the program that counts its pages crashed on it; save it again with another program",
        ),
        ("raise MemoryError", "counting its pages needs more than 1,024 MB of memory; save it again with"),
        ("return 'I am fine'", "it cannot be read as a PDF"),
        ("return True", "it cannot be read as a PDF"),
        ("return -1", "it cannot be read as a PDF"),
        ("return 10**9", "it cannot be read as a PDF"),
        ("return [1]", "it cannot be read as a PDF"),
        ("return 7", 7),
    ],
)
def test_what_a_document_makes_of_the_worker(
    backend: Bubblewrap, monkeypatch: pytest.MonkeyPatch, body: str, expected: int | str
) -> None:
    """A hang, a crash, memory without end and lies are sentences, never a fault of ours."""
    program(monkeypatch, body)
    monkeypatch.setattr(readers, "_SECONDS", 1.0)
    counted = count_pages(backend, b"%PDF-", LIMITS)

    assert counted == expected or (isinstance(expected, str) and str(counted).startswith(expected)), counted


def test_large_documents_are_not_looked_into(backend: Bubblewrap, monkeypatch: pytest.MonkeyPatch) -> None:
    """The limit stands in the sentence."""
    monkeypatch.setattr(readers, "MOST_BYTES", 2**20)

    assert count_pages(backend, b"%PDF-" + bytes(2**21), LIMITS) == "it has 2 MB; the limit is 1 MB"


def test_a_missing_library_is_our_fault(backend: Bubblewrap, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without pypdf in the sandbox nobody's document is called damaged."""
    monkeypatch.setattr(readers, "_SOURCE", "import pypdf_that_is_not_there\ndef pages(data): pass\n")

    with pytest.raises(HarnessFault, match="did not start in the sandbox: ModuleNotFoundError"):
        count_pages(backend, b"%PDF-", LIMITS)


def test_a_submission_without_python_loads(backend: Bubblewrap) -> None:
    """Only answers or a PDF: nothing is found, and nothing fails."""
    from autograder.records import DataFile, Submission

    files = (DataFile(path="answers.yaml", data=b"q: {a: 1}"),)
    submission = Submission(name="a", kind="file", sha256="0" * 64, sources=(), files=files)
    with Sandbox(backend, submission, {"double": "work"}, LIMITS) as sandbox:
        report = sandbox.load()

    assert (report.found, report.failures, report.cut_short, report.excluded) == ({}, {}, (), {})
    assert (sandbox.flags, sandbox.restarts) == ([], 0)


# ------------------------------------------------------------------------------------------------------------ pictures


def picture(width: int, height: int, kind: str = "PNG", mode: str = "RGB", colour: str = "#102030") -> bytes:
    """A picture of one colour."""
    target = io.BytesIO()
    Image.new(mode, (width, height), colour).save(target, kind)
    return target.getvalue()


DAMAGED = "it cannot be read as a picture"
PICTURES = {
    "as it is": (picture(30, 20), (30, 20, b"\x10\x20\x30")),
    "JPEG": (picture(16, 16, "JPEG", colour="white"), (16, 16, b"\xff\xff\xff")),
    "palette": (picture(5, 7, "GIF", "P", "white"), (5, 7, None)),
    "transparent is white": (picture(4, 4, mode="RGBA", colour="#00000000"), (4, 4, b"\xff\xff\xff")),
    "made smaller": (picture(3000, 1500), (900, 450, b"\x10\x20\x30")),
    "too many dots": (picture(9000, 9000, mode="1", colour="white"), "it has more than 40 million dots"),
    "text": (b"no picture", DAMAGED),
    "a stump": (picture(300, 300)[:60], DAMAGED),
    "nothing": (b"", DAMAGED),
    "a format that nobody needs": (picture(4, 4, "PPM"), DAMAGED),
}


def test_pictures_become_dots(backend: Bubblewrap) -> None:
    """Every picture in one worker; a damaged one does not stop the next."""
    answers = list(read_pictures(backend, [data for data, _ in PICTURES.values()], LIMITS))

    for name, answer, (_, expected) in zip(PICTURES, answers, PICTURES.values(), strict=True):
        if isinstance(expected, str):
            assert isinstance(answer, str), name
            assert answer.startswith(expected), name
        else:
            assert isinstance(answer, Dots), name
            assert (answer.width, answer.height) == expected[:2], name
            assert expected[2] is None or answer.data[:3] == expected[2], name


@pytest.mark.parametrize(
    "body",
    [
        "while True: pass",
        "import os; os._exit(0)",
        "raise MemoryError",
        "return 'I am fine'",
        "return 2, 2, bytes(11)",
        "return True, True, bytes(3)",
        "return 100_000, 1, bytes(300_000)",
        "return -1, -1, bytes(3)",
        "return [2, 2]",
    ],
)
def test_what_a_picture_makes_of_the_worker(backend: Bubblewrap, monkeypatch: pytest.MonkeyPatch, body: str) -> None:
    """A hang, a crash, memory without end and lies are sentences, never a fault of ours; the next one is read all the same."""
    program(monkeypatch, f"if data == b'bad':\n        {body}\n    return 1, 1, b'abc'")
    monkeypatch.setattr(readers, "_SECONDS", 1.0)
    bad, good = read_pictures(backend, [b"bad", b"good"], LIMITS)

    assert isinstance(bad, str), bad
    assert bad.startswith("it cannot be read")
    assert good == Dots(1, 1, b"abc")
