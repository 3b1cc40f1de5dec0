"""The lock that the one worker of a job folder holds while it runs."""

from __future__ import annotations

import os
from typing import IO

from .folder import JobFolder


class JobLock:
    """
    Taken the way .NET's FileShare.None is on each system, so that workers in either language keep each other out. The system
    lets go of it when the process ends, however it ends; the file stays, else two workers could hold two files of one name.
    """

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream

    @classmethod
    def try_take(cls, folder: JobFolder) -> JobLock | None:
        """None while another process holds it."""
        folder.control.mkdir(parents=True, exist_ok=True)
        try:
            stream = open(folder.lock, "a+b")
        except PermissionError:
            # Windows refuses to open what another process holds for itself alone.
            if os.name == "nt" and folder.lock.exists():
                return None
            raise
        try:
            if os.name == "nt":
                import msvcrt

                stream.seek(0)
                msvcrt.locking(stream.fileno(), msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]
            else:
                import fcntl

                fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except (BlockingIOError, PermissionError):
            stream.close()
            return None
        return cls(stream)

    def release(self) -> None:
        self._stream.close()
