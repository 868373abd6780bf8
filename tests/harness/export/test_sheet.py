"""CSV files of platforms are read without losing a byte; cells of ours are no formulas."""

from __future__ import annotations

import csv
import io

from hypothesis import given, settings
from hypothesis import strategies as st

from autograder.export.formats import Given
from autograder.export.sheet import read_sheet, safe, table

CELLS = st.text(st.sampled_from('ab"\n\r, ;=é\u202e'), max_size=6)


@settings(max_examples=200, deadline=None)
@given(
    rows=st.lists(st.lists(CELLS, min_size=2, max_size=4), min_size=1, max_size=5),
    delimiter=st.sampled_from(",;\t"),
    end=st.sampled_from(["\n", "\r\n", "\r"]),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    mark=st.sampled_from(["", "\ufeff"]),
)
def test_a_file_comes_back_byte_for_byte(
    rows: list[list[str]], delimiter: str, end: str, quoting: int, mark: str
) -> None:
    """Cells are those that Python's own reader finds, and a file in which nothing is filled is the same file."""
    text = io.StringIO(newline="")
    heading = ["Student", "ID", "Section", "x"]  # three lines without other separators tell which one it is
    csv.writer(text, delimiter=delimiter, lineterminator=end, quoting=quoting).writerows([heading] * 3 + rows)  # type: ignore[arg-type]
    data = (mark + text.getvalue()).encode()
    sheet = read_sheet(Given("x.csv", data))

    assert sheet.delimiter == delimiter
    assert sheet.filled({}) == data
    expected = csv.reader(io.StringIO(text.getvalue(), newline=""), delimiter=delimiter)
    found = [[sheet.value(row, column) for column in range(len(cells))] for row, cells in enumerate(sheet.rows)]
    assert found == [[cell.strip() for cell in row] or [""] for row in expected]


@settings(max_examples=100, deadline=None)
@given(text=CELLS)
def test_what_is_filled_in_is_read_again(text: str) -> None:
    """Whatever it holds, also in a row that was too short."""
    sheet = read_sheet(Given("x.csv", b"a,b,c\n1,2,3\n4\n"))
    rows = list(csv.reader(io.StringIO(sheet.filled({(1, 1): text, (2, 2): text}).decode(), newline="")))

    assert rows == [["a", "b", "c"], ["1", text, "3"], ["4", "", text]]


def test_no_last_line_end_is_added() -> None:
    """Nor is an empty line taken away."""
    for data in (b"a,b\n1,2", b"a,b\n\n1,2\n\n", b"a,b\n1,"):
        assert read_sheet(Given("x.csv", data)).filled({}) == data


def test_a_table_is_quoted() -> None:
    """Every cell of ours."""
    assert table([['a"b', "c,d"]]) == b'"a""b","c,d"\r\n'
    assert [safe(text) for text in ("=1", " \t+1", "a;@x", "5-3", "－1")] == ["'=1", "'+1", "a;'@x", "5-3", "'－1"]
