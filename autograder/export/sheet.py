"""CSV files: those of platforms, of which every cell that is not filled in stays as it was, byte for byte; and cells that no
spreadsheet takes for formulas."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from autograder.errors import UsageError
from autograder.export.formats import Given
from autograder.report.text import visible

_COMMA_NUMBER = re.compile(r"-?\d+,\d+")
# also behind a separator: a spreadsheet that splits at another character than ours takes what follows for a cell of its own
_FORMULA = re.compile(r"(^|[,;|\t])(\s*[=+\-@\uff1d\uff0b\uff0d\uff20])")


@dataclass(frozen=True)
class Sheet:
    """A CSV file as it was written.

    Attributes:
        name: Of the file, for messages.
        delimiter: `","`, `";"` or a tab.
        rows: Its cells as they stand in the file, quotes included.
        ends: The line end of each row; the last one may be "".
        mark: The byte order mark, or "".
    """

    name: str
    delimiter: str
    rows: tuple[tuple[str, ...], ...]
    ends: tuple[str, ...]
    mark: str

    def value(self, row: int, column: int) -> str:
        """Return what a cell says, without quotes and spaces around it; "" where the row is too short to have it."""
        cells = self.rows[row]
        return unquoted(cells[column]).strip() if column < len(cells) else ""

    def header(self) -> list[str]:
        """Return what the cells of the first row say."""
        return [self.value(0, column) for column in range(len(self.rows[0]))]

    def has_comma_numbers(self, column: int) -> bool:
        """Whether decimal numbers of a column are written with a comma."""
        return any(_COMMA_NUMBER.fullmatch(self.value(row, column)) for row in range(1, len(self.rows)))

    def filled(self, cells: Mapping[tuple[int, int], str]) -> bytes:
        """Return the file with other texts in some cells, by (row, column); a row that is too short is made longer."""
        new_in: dict[int, dict[int, str]] = {}
        for (row, column), text in cells.items():
            new_in.setdefault(row, {})[column] = text
        lines = []
        for number, row_cells in enumerate(self.rows):
            own = new_in.get(number, {})
            width = max([len(row_cells), *(column + 1 for column in own)])
            padded = (*row_cells, *[""] * (width - len(row_cells)))
            written = (self._quoted(own[place]) if place in own else cell for place, cell in enumerate(padded))
            lines.append(self.delimiter.join(written) + self.ends[number])
        return (self.mark + "".join(lines)).encode()

    def _quoted(self, text: str) -> str:
        return quoted(text) if re.search(rf'[{self.delimiter}"\r\n]', text) else text


def read_sheet(file: Given) -> Sheet:
    """Return a CSV file of a platform, behind commas, semicolons or tabs.

    Raises:
        UsageError: It is not UTF-8, empty, or a quote is not closed; says where and what to do.
    """
    try:
        text = file.data.decode("utf-8")
    except UnicodeDecodeError:
        raise UsageError(
            f"{file.name}: this is no CSV in UTF-8. Download it again, or save it as `CSV UTF-8` in the spreadsheet"
        ) from None
    mark = "\ufeff" if text.startswith("\ufeff") else ""
    text = text.removeprefix(mark)
    delimiter = _delimiter(text)
    rows: list[tuple[str, ...]] = []
    ends: list[str] = []
    cells: list[str] = []
    token = re.compile(rf'((?:"(?:[^"]++|"")*+")?(?!")[^{delimiter}\r\n]*+)({delimiter}|\r\n|\n|\r|\Z)')
    position = 0
    while position < len(text) or cells:
        found = token.match(text, position)
        if found is None:
            line = text.count("\n", 0, position) + 1
            raise UsageError(f"{file.name}:{line}: a quotation mark is not closed. Download the file again")
        position = found.end()
        cells.append(found[1])
        if found[2] != delimiter:
            rows.append(tuple(cells))
            ends.append(found[2])
            cells = []
    if not rows:
        raise UsageError(f"{file.name}: the file is empty. Download it again")
    return Sheet(file.name, delimiter, tuple(rows), tuple(ends), mark)


def _delimiter(text: str) -> str:
    """Return what separates cells: the most frequent candidate outside of quotes in the first three lines."""
    start = re.sub(r'"[^"]*"', "", text[:100_000])
    first = "\n".join(start.splitlines()[:3])
    return max((",", ";", "\t"), key=first.count)


def unquoted(cell: str) -> str:
    """Return what a cell of a file says."""
    quoted_part = re.fullmatch(r'"((?:[^"]++|"")*+)"(.*)', cell, re.DOTALL)
    return quoted_part[1].replace('""', '"') + quoted_part[2] if quoted_part else cell


def quoted(text: str) -> str:
    """Return text as a quoted cell."""
    return '"' + text.replace('"', '""') + '"'


def number(points: Decimal, *, comma: bool = False) -> str:
    """Return points with two places, `12.50`, or `12,50`."""
    return f"{points:.2f}".replace(".", "," if comma else ".")


def safe(text: str) -> str:
    """Return hostile text as one line in which no spreadsheet finds a formula, whatever it takes for a separator."""
    return _FORMULA.sub(r"\1'\2", " ".join(visible(text).split()))


def table(rows: Iterable[Sequence[str]]) -> bytes:
    """Return a CSV file in UTF-8 with every cell quoted, lines ending as RFC 4180 says."""
    return "".join(",".join(quoted(cell) for cell in row) + "\r\n" for row in rows).encode()
