"""Cuts a file into rows in bounded memory: each a JSON object in UTF-8, whatever the file's own layout is."""

from __future__ import annotations

import json
import mmap
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from ..faults import FaultError, invalid
from .csv_records import read_csv
from .findings import RowError

KNOWN_EXTENSIONS = ".jsonl, .json, .csv, .txt"
MAX_RECORD_BYTES = 16 << 20
_BOM = b"\xef\xbb\xbf"
_STRUCTURE = re.compile(rb'["{}\[\]]')
_STRING_END = re.compile(rb'(?:[^"\\]|\\.)*"', re.DOTALL)
_BLANKS = re.compile(rb"[ \t\r\n]*")
_SCALAR = re.compile(rb"[^,\] \t\r\n]*")
_SIGNATURES = (
    (b"\x7fELF", "a Linux program (ELF)", "Name the dataset itself."),
    (b"PK\x03\x04", "a zip archive", "Unpack it and name the file inside; a spreadsheet (.xlsx) is saved as .csv first."),
    (b"PK\x05\x06", "an empty zip archive", "Name the dataset itself."),
    (b"\x1f\x8b", "compressed with gzip", "Unpack it with gunzip and name the result."),
    (b"\x28\xb5\x2f\xfd", "compressed with zstd", "Unpack it with unzstd and name the result."),
    (b"\xfd7zXZ", "compressed with xz", "Unpack it with unxz and name the result."),
    (b"7z\xbc\xaf", "a 7z archive", "Unpack it and name the file inside."),
    (b"PAR1", "a Parquet file", 'Write it as JSON lines: pandas.read_parquet(FILE).to_json("data.jsonl", orient="records", lines=True).'),
    (b"ARROW1", "an Arrow file", 'Write it as JSON lines: datasets.Dataset.from_file(FILE).to_json("data.jsonl").'),
    (b"SQLite format 3", "an SQLite database", "Export the table as .csv."),
    (b"%PDF-", "a PDF document", "Save its text as .txt."),
    (b"\xd0\xcf\x11\xe0", "an Office document", "Save it as .csv or .txt."),
    (b"\xff\xfe", "UTF-16 text", "Save it as UTF-8."),
    (b"\xfe\xff", "UTF-16 text", "Save it as UTF-8."),
)


@dataclass(frozen=True)
class Record:
    """A row of a file: the line it begins on, from 1, and its bytes or why it could not be cut out."""

    line: int
    content: bytes | RowError


class DatasetFile:
    """A file of rows whose name and first bytes have been looked at."""

    def __init__(self, path: str) -> None:
        self.path = path
        try:
            with open(path, "rb") as stream:
                head = stream.read(16)
        except OSError as error:
            raise unreadable(path, error) from error
        for magic, name, remedy in _SIGNATURES:
            if head.startswith(magic):
                raise invalid("not_a_dataset", f"'{path}' holds no rows: its content is {name}.", remedy, path)
        extension = Path(path).suffix.lower()
        if extension not in (".jsonl", ".json", ".csv", ".txt"):
            raise invalid("unknown_extension", f"'{path}' has the extension '{extension}', which names no known layout of rows.",
                          f"Rename or convert the file; known: {KNOWN_EXTENSIONS}.", path)
        self.container = self._json_layout() if extension == ".json" else extension

    def records(self) -> Iterator[Record]:
        try:
            if os.path.getsize(self.path) == 0:
                return
            with open(self.path, "rb") as stream:
                if self.container in (".jsonl", ".txt"):
                    yield from _lines(stream, self.container == ".txt")
                    return
                with mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as view:
                    start = len(_BOM) if view[: len(_BOM)] == _BOM else 0
                    if self.container == "array":
                        yield from _array(view, start)
                    else:
                        for line, content in read_csv(view, start, self.path, MAX_RECORD_BYTES):
                            yield Record(line, content)
        except OSError as error:
            raise unreadable(self.path, error) from error

    def _json_layout(self) -> str:
        """A .json file is one array, or an object a line; one object over many lines is neither."""
        with open(self.path, "rb") as stream:
            while line := stream.readline(MAX_RECORD_BYTES):
                text = line.removeprefix(_BOM).strip(b" \t\r\n")
                if not text:
                    continue
                if text.startswith(b"["):
                    return "array"
                if text.startswith(b"{") and text.endswith((b"{", b"[", b",")):
                    raise invalid("not_a_dataset", f"'{self.path}' begins with one object over several lines.",
                                  "Write the rows as an array of objects, or as one object a line.", self.path)
                return ".jsonl"
        return ".jsonl"


def unreadable(path: str, error: OSError) -> FaultError:
    return invalid("unreadable", f"The dataset '{path}' cannot be read: {error}", "Check the path and its permissions.", path)


def too_long() -> RowError:
    return RowError("line_too_long", f"The row is longer than {MAX_RECORD_BYTES >> 20} MiB.",
                    "Split it into several rows, or look for a missing line end or quotation mark.")


def _lines(stream: IO[bytes], is_plain_text: bool) -> Iterator[Record]:
    number = 0
    while line := stream.readline(MAX_RECORD_BYTES + 2):
        number += 1
        is_overlong = len(line.rstrip(b"\r\n")) > MAX_RECORD_BYTES
        while is_overlong and line and not line.endswith(b"\n"):
            line = stream.readline(MAX_RECORD_BYTES)
        text = line.removesuffix(b"\n").removesuffix(b"\r")
        text = text.removeprefix(_BOM) if number == 1 else text
        if is_overlong:
            yield Record(number, too_long())
        elif not text.strip(b" \t\r"):
            continue
        elif is_plain_text:
            yield Record(number, b'{"text":' + json_text(text) + b"}")
        else:
            yield Record(number, text)


def json_text(text: bytes) -> bytes:
    """Text as a JSON string. Bytes that are not UTF-8 pass unchanged, so that a later check sees them."""
    return json.dumps(text.decode("utf-8", "surrogateescape"), ensure_ascii=False).encode("utf-8", "surrogateescape")


def _array(view: mmap.mmap, start: int) -> Iterator[Record]:
    """The elements of one JSON array, cut out by strings and brackets alone; whether each is JSON is found later."""
    counter = _LineCounter(view)
    remedy = "Write the file as '[', objects with a comma between two of them, and ']'. What follows that place was not read."
    position = _skip(view, start) + 1
    expects = "element or end"
    while True:
        position = _skip(view, position)
        line = counter.at(position)
        following = view[position : position + 1]
        if not following:
            yield Record(line, RowError("bad_json", "The file ends inside the array: it is cut off or lacks a ']'.", remedy))
            return
        if following == b"]" and expects != "element":
            rest = _skip(view, position + 1)
            if rest < len(view):
                yield Record(counter.at(rest), RowError("bad_json", f"'{_show(view[rest])}' follows the end of the array.", remedy))
            return
        if expects == "comma or end":
            if following != b",":
                yield Record(line, RowError("bad_json", f"'{_show(view[position])}' stands where a comma or ']' is expected.", remedy))
                return
            position, expects = position + 1, "element"
            continue
        if following in (b",", b"]"):
            yield Record(line, RowError("bad_json", f"'{_show(view[position])}' stands where an element is expected.", remedy))
            return
        end = _element_end(view, position)
        if end is None:
            yield Record(line, RowError("bad_json", "The file ends inside this element: it is cut off, or a quotation mark or bracket is not closed.", remedy))
            return
        yield Record(line, too_long() if end - position > MAX_RECORD_BYTES else bytes(view[position:end]))
        position, expects = end, "comma or end"


def _element_end(view: mmap.mmap, position: int) -> int | None:
    depth = 0
    while True:
        if depth == 0 and view[position : position + 1] not in (b'"', b"{", b"["):
            match = _SCALAR.match(view, position)
            return match.end() if match and match.end() < len(view) else None
        found = _STRUCTURE.search(view, position)
        if not found:
            return None
        position = found.end()
        if found[0] == b'"':
            ended = _STRING_END.match(view, position)
            if not ended:
                return None
            position = ended.end()
        else:
            depth += 1 if found[0] in b"{[" else -1
        if depth == 0:
            return position


class _LineCounter:
    """The line of a place in a file; places are asked for in order."""

    def __init__(self, view: mmap.mmap) -> None:
        self._view, self._line, self._position = view, 1, 0

    def at(self, position: int) -> int:
        while (newline := self._view.find(b"\n", self._position, position)) >= 0:
            self._line, self._position = self._line + 1, newline + 1
        return self._line


def _skip(view: mmap.mmap, position: int) -> int:
    match = _BLANKS.match(view, position)
    return match.end() if match else position


def _show(byte: int) -> str:
    return chr(byte) if 0x20 < byte < 0x7F else f"byte 0x{byte:02X}"
