"""
Encoded rows in a file that is mapped into memory: any number of them, visited in any order, by several processes at once. The
layout is the embedded trainer's (all numbers little-endian): a header of 136 bytes, each row's ids and labels, an index.
"""

from __future__ import annotations

import hashlib
import os
import struct
from dataclasses import astuple, dataclass
from pathlib import Path

import numpy as np

from ..faults import failed
from ..job.durable import flush_folder
from .encoder import EncodedRow

_MAGIC, _VERSION = b"BEEPTOKN", 2
_HEADER = struct.Struct("<8si4x32s7q32s")
_ENTRY = np.dtype([("offset", "<i8"), ("line", "<i8"), ("length", "<i4"), ("trainable", "<i4")])


@dataclass
class Statistics:
    """What the rows of a file came to."""

    rows: int = 0
    tokens: int = 0
    trainable_tokens: int = 0
    truncated: int = 0
    dropped: int = 0
    untrainable: int = 0


class TokenStore:
    def __init__(self, path: Path, key: bytes, statistics: Statistics, index_at: int, content: bytes) -> None:
        self.path, self.key, self.statistics = path, key, statistics
        self.content = content.hex()
        """Names the rows as tokenised: the same ids and labels have the same, whatever program encoded them."""
        self._data = np.memmap(path, dtype="<i4", mode="r", offset=_HEADER.size, shape=((index_at - _HEADER.size) // 4,)) if statistics.tokens else np.empty(0, "<i4")
        self._index = np.memmap(path, dtype=_ENTRY, mode="r", offset=index_at, shape=(statistics.rows,))

    @classmethod
    def try_open(cls, path: Path) -> TokenStore | None:
        try:
            with open(path, "rb") as stream:
                header = stream.read(_HEADER.size)
                size = os.fstat(stream.fileno()).st_size
        except OSError:
            return None
        if len(header) < _HEADER.size:
            return None
        magic, version, key, *numbers, content = _HEADER.unpack(header)
        statistics, index_at = Statistics(*numbers[:6]), numbers[6]
        is_whole = (magic == _MAGIC and version == _VERSION and index_at == _HEADER.size + 8 * statistics.tokens
                    and size == index_at + _ENTRY.itemsize * statistics.rows)
        return cls(path, key, statistics, index_at, content) if is_whole else None

    @property
    def rows(self) -> int:
        return self.statistics.rows

    @property
    def lengths(self) -> np.ndarray:
        return self._index["length"]

    @property
    def trainable_lengths(self) -> np.ndarray:
        """On how many tokens of each row loss is taken."""
        return self._index["trainable"]

    def line(self, row: int) -> int:
        """The line of the dataset on which a row begins, from 1."""
        return int(self._index["line"][row])

    def read(self, row: int) -> tuple[np.ndarray, np.ndarray]:
        """A row's ids and labels."""
        entry = self._index[row]
        start, length = (int(entry["offset"]) - _HEADER.size) // 4, int(entry["length"])
        return self._data[start : start + length], self._data[start + length : start + 2 * length]


class StoreWriter:
    """Writes beside the file and renames it when it is complete: a crash leaves the old store or the new."""

    def __init__(self, path: Path, key: bytes) -> None:
        self._path, self._key = path, key
        self._temporary = path.with_name(f".{path.name}.{os.getpid()}.partial")
        self._stream = open(self._temporary, "wb")
        self._stream.write(bytes(_HEADER.size))
        self._offset = _HEADER.size
        self._content = hashlib.sha256()
        self._index: list[bytes] = []

    def append(self, line: int, row: EncodedRow) -> None:
        length, trainable = len(row.input_ids), row.trainable_tokens
        self._index.append(struct.pack("<qqii", self._offset, line, length, trainable))
        numbers = np.asarray([row.input_ids, row.labels], dtype="<i4").tobytes()
        self._content.update(struct.pack("<ii", length, trainable))
        self._content.update(numbers)
        self._stream.write(numbers)
        self._offset += len(numbers)

    def complete(self, statistics: Statistics) -> TokenStore:
        for start in range(0, len(self._index), 1 << 16):
            self._stream.write(b"".join(self._index[start : start + (1 << 16)]))
        self._stream.seek(0)
        self._stream.write(_HEADER.pack(_MAGIC, _VERSION, self._key, *astuple(statistics), self._offset, self._content.digest()))
        self._stream.flush()
        os.fsync(self._stream.fileno())
        self._stream.close()
        os.replace(self._temporary, self._path)
        flush_folder(self._path.parent)
        store = TokenStore.try_open(self._path)
        if store is None:
            raise failed("bad_token_store", f"'{self._path}' is no complete store of tokens.", "Delete it; it is made again from the dataset.", str(self._path))
        return store

    def discard(self) -> None:
        self._stream.close()
        self._temporary.unlink(missing_ok=True)
