"""
Processes over which weights are spread wait for each other within every pass: where the memory of one does not suffice, none of them can go on.
They all begin anew then, as the same processes, from the last checkpoint and with smaller passes.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import signal
import sys
import threading
import time
import uuid
from dataclasses import dataclass

from ..faults import failed
from ..job.durable import write_file
from ..job.folder import JobFolder
from .cancel import SIGNALS, CancelSignal
from .world import ATTEMPT, STARTED, World

_RUN = "BEEP_RUN"
_POLL_SECONDS = 0.5
_PATIENCE_SECONDS = 60.0
_MAX_DESCRIPTORS = 1 << 16


@dataclass(frozen=True)
class Beginning:
    """With what the processes begin anew."""

    run: str
    attempt: int
    batch_size: int
    recomputes: bool
    resumes: int | None
    """The step of the checkpoint that they go on from."""

    message: str
    remedy: str


class Restart:
    IS_KNOWN = os.name != "nt"
    """Whether a process can begin anew here."""

    def __init__(self, folder: JobFolder, world: World, cancel: CancelSignal) -> None:
        self._file, self._world, self._cancel = folder.cache / "beginning.json", world, cancel
        # Tells what this run wrote from what an earlier one left.
        self._run = str(world.share(os.environ.get(_RUN) or uuid.uuid4().hex))
        self._is_over = threading.Event()
        self.writing = threading.Lock()
        """Held while what must not be lost is written."""

        self.beginning: Beginning | None = None
        """What was found out when the processes began anew; None in those that did not."""
        if world.attempt > 0:
            found = world.share(self._wait(world.attempt) if world.is_first else None)
            self.beginning = Beginning(**found)  # type: ignore[arg-type]

    def watch(self) -> None:
        """Begins anew when another process does, whatever this one waits for then."""
        threading.Thread(target=self._watch, daemon=True).start()

    def end(self) -> None:
        self._is_over.set()

    def begin(self, batch_size: int, recomputes: bool, resumes: int | None, message: str, remedy: str) -> None:
        """Does not come back."""
        beginning = Beginning(self._run, self._world.attempt + 1, batch_size, recomputes, resumes, message, remedy)
        write_file(self._file, json.dumps(dataclasses.asdict(beginning)).encode())
        self._begin()

    def give_way(self) -> None:
        """After an error that may be another process's beginning anew: waits long enough to take part in it."""
        if not self._is_over.is_set():
            time.sleep(4 * _POLL_SECONDS)

    def _watch(self) -> None:
        while not self._is_over.wait(_POLL_SECONDS):
            if self._read(self._world.attempt + 1) is not None:
                with self.writing:
                    self._begin()

    def _wait(self, attempt: int) -> dict[str, object]:
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while (found := self._read(attempt)) is None:
            if time.monotonic() > deadline:
                raise failed("not_readable", f"'{self._file}' does not say with what to begin anew.", "Run the job again: it goes on from its last checkpoint.", str(self._file))
            time.sleep(_POLL_SECONDS)
        return found

    def _read(self, attempt: int) -> dict[str, object] | None:
        try:
            found = json.loads(self._file.read_bytes())
        except (OSError, ValueError):
            return None
        return found if (found.get("run"), found.get("attempt")) == (self._run, attempt) else None

    def _begin(self) -> None:
        os.environ |= {ATTEMPT: str(self._world.attempt + 1), _RUN: self._run, STARTED: str(self._world.started)}
        # A signal that comes before the new program can take it waits for it; one that has come is sent again.
        signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
        if self._cancel.is_signalled:
            os.kill(os.getpid(), SIGNALS[0])
        sys.stdout.flush()
        sys.stderr.flush()
        # Others see that this one is gone, and its ports are free, once nothing of it is open.
        for descriptor in range(3, _MAX_DESCRIPTORS):
            with contextlib.suppress(OSError):
                os.set_inheritable(descriptor, False)
        os.execv(sys.executable, sys.orig_argv)
