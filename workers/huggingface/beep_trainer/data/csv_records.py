"""Records of RFC 4180 as JSON objects of text; the first names the columns. LF is accepted for CRLF, blank lines are passed over."""

from __future__ import annotations

import json
import mmap
import re
from collections.abc import Iterator

from ..faults import invalid
from .findings import RowError

_MAX_COLUMNS = 4096
_QUOTED = re.compile(rb'"([^"]*(?:""[^"]*)*)"\r*')
_PLAIN = re.compile(rb"[^,\"\n]*")
_Row = tuple[int, list[bytes], str | None]


def read_csv(view: mmap.mmap, start: int, file: str, max_bytes: int) -> Iterator[tuple[int, bytes | RowError]]:
    names: list[str] | None = None
    for line, cells, fault in _rows(view, start):
        if names is None:
            names = _header(cells, fault, f"{file}:{line}")
            continue
        if sum(map(len, cells)) > max_bytes:
            yield line, RowError("line_too_long", f"The row is longer than {max_bytes >> 20} MiB.",
                                 "Split it into several rows, or look for a missing line end or quotation mark.")
        elif fault:
            yield line, RowError("bad_csv", fault, "Put the whole cell into quotation marks and double those inside it.")
        elif len(cells) != len(names):
            yield line, RowError("cell_count", f"The row has {len(cells)} cells; the header names {len(names)} columns.",
                                 "Put cells that contain a comma or a line end into quotation marks.")
        else:
            texts = (cell.decode("utf-8", "surrogateescape") for cell in cells)
            yield line, json.dumps(dict(zip(names, texts)), ensure_ascii=False).encode("utf-8", "surrogateescape")


def _header(cells: list[bytes], fault: str | None, where: str) -> list[str]:
    if fault or len(cells) > _MAX_COLUMNS:
        problem = fault or f"It has more than {_MAX_COLUMNS:,} columns."
        raise invalid("bad_csv", f"The header row cannot be read. {problem}",
                      "Begin the file with the names of the columns, separated by commas.", where)
    names = [cell.decode("utf-8", "replace") for cell in cells]
    for name in names:
        if names.count(name) > 1:
            raise invalid("duplicate_key", f"The header row names the column '{name}' twice.", "Rename or remove one of the two columns.", where)
    return names


def _rows(view: mmap.mmap, position: int) -> Iterator[_Row]:
    line = 1
    while position < len(view):
        first, (cells, fault, end) = line, _row(view, position)
        line += view[position:end].count(b"\n")
        position = end
        if len(cells) > 1 or cells[0] or fault:
            yield first, cells, fault


def _row(view: mmap.mmap, position: int) -> tuple[list[bytes], str | None, int]:
    cells: list[bytes] = []
    fault: str | None = None
    while True:
        cell, position, cell_fault = _cell(view, position)
        fault = fault or cell_fault
        ending = view[position : position + 1]
        cells.append(cell)
        if ending != b",":
            return cells, fault, position + 1
        position += 1


def _cell(view: mmap.mmap, position: int) -> tuple[bytes, int, str | None]:
    fault = None
    cell = b""
    if view[position : position + 1] == b'"':
        quoted = _QUOTED.match(view, position)
        if not quoted:
            return bytes(view[position + 1 :]), len(view), "The file ends inside a quoted cell."
        cell, position = quoted[1].replace(b'""', b'"'), quoted.end()
        if view[position : position + 1] in (b",", b"\n", b""):
            return cell, position, None
        fault = "Text follows the closing quotation mark of a cell."
    while True:
        plain = _PLAIN.match(view, position)
        assert plain is not None
        cell, position = cell + plain[0], plain.end()
        if view[position : position + 1] != b'"':
            break
        fault = fault or "A quotation mark stands inside a cell that does not begin with one."
        position += 1
    return (cell.removesuffix(b"\r") if view[position : position + 1] != b"," else cell), position, fault
