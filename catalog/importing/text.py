"""Bytes -> lines -> rows, for files whose encoding, separator and quoting nobody states. Never fails on bad text."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

from catalog.importing.records import Refusal, UnreadableFile

MAX_LINE = 2**20
OVERLONG = "\x00"
"""Stands for a line of more than `MAX_LINE` characters; no other line holds a NUL."""
MAX_CELL = 2**18
MAX_LINES_OF_A_ROW = 500
SEPARATORS = ",;\t|"
_BOMS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_EXCEL_SEPARATOR = re.compile(r"sep=(.)\s*", re.IGNORECASE)

# The default of 128 KB is less than some shops' descriptions in HTML.
csv.field_size_limit(MAX_CELL)


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a table: its cells by the header's names. A cell that the row lacks is absent."""

    line: int
    cells: dict[str, str]


def read_lines(file: io.BufferedReader) -> Iterator[str]:
    """The lines of a text file with their ends, NUL characters dropped.

    UTF-8 and UTF-16 (with or without a mark) are recognised. A line that is not UTF-8 is read as Windows-1252, so one
    bad line in a good file and a whole old file both come out; a byte that means nothing becomes U+FFFD.
    """
    encoding = _encoding_of(file.peek(4096)[:4096])
    # Latin-1 gives each byte a character, so lines can be cut at every kind of line end before they are decoded.
    text = io.TextIOWrapper(file, encoding=encoding or "latin-1", errors="replace", newline="")
    while line := text.readline(MAX_LINE):
        if len(line) == MAX_LINE and line[-1] not in "\r\n":
            while (rest := text.readline(MAX_LINE)) and rest[-1] not in "\r\n":
                pass
            yield OVERLONG
        else:
            whole = line if encoding else _decode(line.encode("latin-1"))
            yield whole.replace("\x00", "")


def _encoding_of(head: bytes) -> str:
    """The encoding that the first bytes give away, or an empty string for UTF-8 or something older."""
    for mark, encoding in _BOMS:
        if head.startswith(mark):
            return encoding
    if len(head) >= 16:
        even, odd = head[::2].count(0) / len(head[::2]), head[1::2].count(0) / len(head[1::2])
        if odd > 0.4 and even < 0.1:
            return "utf-16-le"
        if even > 0.4 and odd < 0.1:
            return "utf-16-be"
    return ""


def _decode(line: bytes) -> str:
    try:
        return line.decode()
    except UnicodeDecodeError:
        return line.decode("cp1252", errors="replace")


class Table:
    """A table with a header, read once: `header`, then rows and refusals by iterating.

    A row whose quotes never close would swallow the file: it is refused alone, and reading goes on after its first
    line.
    """

    def __init__(self, lines: Iterator[str]) -> None:
        self._lines = _Lines(lines)
        separator = _separator(self._lines)
        self._reader = csv.reader(self._lines, delimiter=separator)
        self.header = [name.strip() for name in self._read_header()]
        if not any(self.header):
            raise UnreadableFile("the file has no header row: give the columns' names in the first line")

    def __iter__(self) -> Iterator[Row | Refusal]:
        while True:
            self._lines.begin_row()
            line = self._lines.number + 1
            try:
                cells = next(self._reader, None)
            except (csv.Error, _RowTooLong) as error:
                yield self._refuse_first_line(line, str(error))
                continue
            if self._lines.ended_inside and cells is not None:
                yield self._refuse_first_line(line, "a quote is opened and never closed")
            elif cells is None:
                return
            elif any(OVERLONG in cell for cell in cells):
                yield Refusal(line, "", f"the row cannot be read: a line has more than {MAX_LINE:,} characters")
            elif any(cell.strip() for cell in cells):
                yield self._row(line, cells)

    def _read_header(self) -> list[str]:
        while True:
            self._lines.begin_row()
            try:
                cells = next(self._reader, None)
            except (csv.Error, _RowTooLong) as error:
                raise UnreadableFile(f"the header row cannot be read: {error}") from error
            if cells is None:
                raise UnreadableFile("the file is empty")
            if any(cell.strip() for cell in cells):
                return cells

    def _row(self, line: int, cells: list[str]) -> Row | Refusal:
        if len(cells) > len(self.header) and any(cell.strip() for cell in cells[len(self.header) :]):
            reason = f"the row has {len(cells)} cells and the header {len(self.header)}: is a quote or separator wrong?"
            return Refusal(line, "", reason)
        row: dict[str, str] = {}
        for name, cell in zip(self.header, cells, strict=False):
            if name and name not in row:
                row[name] = cell
        return Row(line, row)

    def _refuse_first_line(self, line: int, reason: str) -> Refusal:
        self._lines.return_all_but_first()
        return Refusal(line, "", f"the row cannot be read: {reason}")


class _RowTooLong(Exception):
    pass


class _Lines:
    """Lines for `csv.reader` that can be given back: those of the row being read are remembered."""

    def __init__(self, lines: Iterator[str]) -> None:
        self._source = lines
        self._waiting: deque[str] = deque()
        self._taken: list[str] = []
        self.number = 0
        self.ended_inside = False

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        if len(self._taken) >= MAX_LINES_OF_A_ROW:
            raise _RowTooLong(f"it has more than {MAX_LINES_OF_A_ROW} lines; a quote is probably never closed")
        if self._waiting:
            line = self._waiting.popleft()
        else:
            try:
                line = next(self._source)
            except StopIteration:
                self.ended_inside = bool(self._taken)
                raise
        self._taken.append(line)
        self.number += 1
        return line

    def begin_row(self) -> None:
        self._taken.clear()
        self.ended_inside = False

    def return_all_but_first(self) -> None:
        self._waiting.extendleft(reversed(self._taken[1:]))
        self.number -= len(self._taken) - 1
        self._taken.clear()

    def peek(self) -> str:
        """The next line that is not blank, without taking it."""
        for line in self:
            if line.strip():
                self._waiting.appendleft(line)
                self.number -= 1
                return line
            self.begin_row()
        return ""

    def drop(self) -> None:
        """Take the next line away."""
        next(self)


def _separator(lines: _Lines) -> str:
    """The separator that cuts the header into the most cells."""
    header = lines.peek()
    stated = _EXCEL_SEPARATOR.fullmatch(header)
    if stated:
        lines.drop()
        return stated.group(1)
    outside = re.sub(r'"[^"]*"', "", header)
    return max(SEPARATORS, key=outside.count)
