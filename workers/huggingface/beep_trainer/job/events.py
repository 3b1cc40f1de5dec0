"""Appends to events.jsonl: one object a line, numbered across restarts of the same job."""

from __future__ import annotations

import json
import math
import os
from datetime import datetime, timezone
from typing import Any

from .folder import JobFolder

_VERSION = 1
_MAX_LINE = 1 << 20


def now() -> str:
    return datetime.now(timezone.utc).isoformat()


def finite(value: float | None) -> float | None:
    """JSON has no NaN: a number that was not finite is null."""
    return value if value is not None and math.isfinite(value) else None


class EventWriter:
    """One writer a folder (see JobLock). A torn last line is removed, and the numbers go on from the last whole one."""

    def __init__(self, folder: JobFolder) -> None:
        self.last_seq, whole = _read_last_seq(folder)
        self._stream = open(folder.events, "r+b" if folder.events.exists() else "x+b", buffering=0)
        self._stream.truncate(whole)
        self._stream.seek(0, os.SEEK_END)

    def write(self, kind: str, **fields: Any) -> None:
        event = {"type": kind, "v": _VERSION, "seq": self.last_seq + 1, "at": now(), **fields}
        line = (json.dumps(event, ensure_ascii=False, allow_nan=False, separators=(",", ":")) + "\n").encode("utf-8", "replace")
        start = self._stream.tell()
        try:
            rest = memoryview(line)
            while rest:
                rest = rest[self._stream.write(rest) :]
        except OSError:
            # A full disk may take part of the line; readers would tolerate it, the next line would not.
            self._stream.truncate(start)
            self._stream.seek(start)
            raise
        self.last_seq += 1

    def flush(self) -> None:
        """What was written survives a power cut."""
        os.fsync(self._stream.fileno())

    def close(self) -> None:
        self._stream.close()


def _read_last_seq(folder: JobFolder) -> tuple[int, int]:
    last = whole = 0
    if folder.events.exists():
        with open(folder.events, "rb") as stream:
            while line := stream.readline(_MAX_LINE + 1):
                is_overlong = len(line) > _MAX_LINE
                tail = line
                while is_overlong and tail and not tail.endswith(b"\n"):
                    tail = stream.readline(_MAX_LINE)
                if not tail.endswith(b"\n"):
                    break
                whole = stream.tell()
                last = max(last, 0 if is_overlong else _seq(line))
    return last, whole


def _seq(line: bytes) -> int:
    try:
        event = json.loads(line)
    except (ValueError, RecursionError):
        return 0
    seq = event.get("seq") if isinstance(event, dict) else None
    return seq if isinstance(seq, int) and not isinstance(seq, bool) else 0
