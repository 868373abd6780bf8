"""Whatever bytes come, intake answers with a submission or with a rejection."""

from __future__ import annotations

import io
import json
import tarfile
import tempfile
import zipfile
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from autograder.errors import SubmissionRejected
from autograder.intake import take_in
from autograder.records import Submission

FUZZ = settings(max_examples=150, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
MUTATIONS = st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), min_size=1, max_size=6)
# zipfile itself cannot write names that begin with NUL
NAMES = st.text(st.characters(exclude_characters="\0"), min_size=1, max_size=12).map(
    lambda name: name.encode("utf-8", "replace").decode()
)
NOTEBOOK = json.dumps(
    {
        "nbformat": 4,
        "nbformat_minor": 5,
        "metadata": {"kernelspec": {"language": "python"}},
        "cells": [
            {"cell_type": "code", "id": "a", "source": ["!ls\n", "x = %time 3\n"], "metadata": {}, "outputs": []},
            {"cell_type": "markdown", "id": "b", "source": "text", "metadata": {}},
        ],
    }
).encode()


def sample_zip() -> bytes:
    """A small zip with a source, a notebook and data."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("hw/vae.py", "import torch\n" * 5)
        archive.writestr("hw/ü.ipynb", NOTEBOOK)
        archive.writestr("hw/data.csv", "1,2")
    return stream.getvalue()


def sample_tar(mode: str) -> bytes:
    """The same as a tar."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode=mode) as archive:  # type: ignore[call-overload]
        for name, data in (("hw/vae.py", b"import torch\n"), ("hw/" + "ü" * 120 + ".ipynb", NOTEBOOK)):
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return stream.getvalue()


def mutated(data: bytes, mutations: list[tuple[float, int]]) -> bytes:
    """`data` with some bytes overwritten."""
    result = bytearray(data)
    for place, value in mutations:
        result[int(place * len(result))] = value
    return bytes(result)


def check(data: bytes, name: str) -> Submission | None:
    """Takes `data` in; any exception but a printable rejection fails the test."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(data)
        try:
            submission = take_in(path)
        except SubmissionRejected as error:
            rejection = error
            submission = None
    if submission is None:
        assert str(rejection).isprintable()
        return None
    assert submission.sources
    assert all(note.message.isprintable() for note in submission.notes)
    submission.model_dump_json(exclude={"files"})
    return submission


@FUZZ
@given(
    st.binary(max_size=2000),
    st.sampled_from(["a.zip", "a.py", "a.ipynb", "a.tgz"]),
    st.sampled_from([b"", b"PK\x03\x04"]),
)
def test_random_bytes(data: bytes, name: str, head: bytes) -> None:
    """Random bytes under any name are taken or rejected."""
    check(head + data, name)


@FUZZ
@given(MUTATIONS)
def test_mutated_zips(mutations: list[tuple[float, int]]) -> None:
    """A damaged zip is taken or rejected."""
    check(mutated(sample_zip(), mutations), "a.zip")


@FUZZ
@given(MUTATIONS, st.sampled_from(["w", "w:gz"]))
def test_mutated_tars(mutations: list[tuple[float, int]], mode: str) -> None:
    """A damaged tar is taken or rejected."""
    check(mutated(sample_tar(mode), mutations), "a.tgz")


@FUZZ
@given(MUTATIONS)
def test_mutated_notebooks(mutations: list[tuple[float, int]]) -> None:
    """A damaged notebook is taken or rejected."""
    check(mutated(NOTEBOOK, mutations), "a.ipynb")


LINES = st.sampled_from(
    [
        "!ls",
        "x = !ls \\",
        "  y?",
        "%time z = 1",
        "%%time",
        "'''",
        "(",
        ")",
        "if 1:",
        "    pass",
        "get_ipython().a(",
        "é",
        "\\",
        "",
    ]
)


@FUZZ
@given(st.lists(st.lists(LINES | st.text(max_size=9), max_size=8).map("\n".join), max_size=4))
def test_notebooks_of_odd_cells(sources: list[str]) -> None:
    """Cells that come through are Python, whatever lines they were made of."""
    cells = [{"cell_type": "code", "source": source} for source in sources]
    submission = check(json.dumps({"nbformat": 4, "cells": cells}).encode(), "a.ipynb")

    assert submission is not None
    for cell in submission.sources[0].cells:
        compile(cell.source, "cell", "exec", 0x400)  # PyCF_ONLY_AST


@FUZZ
@given(st.dictionaries(NAMES, st.binary(max_size=50), max_size=4))
def test_zips_with_odd_names(members: dict[str, bytes]) -> None:
    """Names in any script, and names that are none, are taken or rejected."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, data in members.items():
            archive.writestr(f"{name}.py", data)
    check(stream.getvalue(), "a.zip")
