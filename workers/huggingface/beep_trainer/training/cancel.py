"""Whether the run shall finish its step, save and stop: SIGTERM, Ctrl+C, control/cancel or the time limit."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from typing import Any

from ..job.folder import JobFolder


SIGNALS = (signal.SIGTERM, signal.SIGINT)


class CancelSignal:
    def __init__(self, folder: JobFolder, seconds: Callable[[], float]) -> None:
        """`seconds` says for how long the run has gone on."""
        self._folder, self._seconds = folder, seconds
        self.max_seconds: int | None = None
        self.is_signalled = False
        self._before = {number: signal.signal(number, self._receive) for number in SIGNALS}
        if os.name != "nt":
            # A process that began anew has them wait until here.
            signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)

    @property
    def reason(self) -> tuple[str, str] | None:
        """The code and message; None while the run shall go on."""
        if self.is_signalled:
            return "cancelled", "The run was stopped by a signal."
        if self._folder.cancel_request.exists():
            return "cancelled", "The run was cancelled."
        if self.max_seconds is not None and self._seconds() >= self.max_seconds:
            return "time_limit", f"The run reached its limit of {self.max_seconds:,} seconds."
        return None

    def close(self) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _receive(self, number: int, _: Any) -> None:
        # The first asks, the second is not held back and ends the process.
        self.is_signalled = True
        signal.signal(number, signal.SIG_DFL)
