"""Whether the run shall finish its step, save and stop: SIGTERM, Ctrl+C, control/cancel or the time limit."""

from __future__ import annotations

import signal
import time
from typing import Any

from ..job.folder import JobFolder


class CancelSignal:
    def __init__(self, folder: JobFolder, max_seconds: int | None) -> None:
        self._folder, self._max_seconds = folder, max_seconds
        self._started = time.monotonic()
        self._is_signalled = False
        self._before = {number: signal.signal(number, self._receive) for number in (signal.SIGTERM, signal.SIGINT)}

    @property
    def reason(self) -> tuple[str, str] | None:
        """The code and message; None while the run shall go on."""
        if self._is_signalled:
            return "cancelled", "The run was stopped by a signal."
        if self._folder.cancel_request.exists():
            return "cancelled", "The run was cancelled."
        if self._max_seconds is not None and time.monotonic() - self._started >= self._max_seconds:
            return "time_limit", f"The run reached its limit of {self._max_seconds:,} seconds."
        return None

    def close(self) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _receive(self, number: int, _: Any) -> None:
        # The first asks, the second is not held back and ends the process.
        self._is_signalled = True
        signal.signal(number, signal.SIG_DFL)
