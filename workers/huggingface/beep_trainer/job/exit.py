"""exit.json: written last and atomically, so that its presence means that the run is over."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

from ..faults import ExitCode
from .durable import write_file
from .events import now
from .folder import JobFolder


@dataclass(frozen=True)
class Summary:
    """The figures of a run; see JobSummary in the contract."""

    steps: int
    epochs: float
    tokens: int
    seconds: float
    train_loss: float | None
    first_evaluation_loss: float | None
    last_evaluation_loss: float | None
    peak_memory_bytes: int | None
    last_checkpoint: str | None


@dataclass(frozen=True)
class JobExit:
    status: str
    exit_code: ExitCode
    started_at: str
    code: str | None = None
    message: str | None = None
    remedy: str | None = None
    summary: Summary | None = None

    def write(self, folder: JobFolder) -> None:
        content = {
            "version": 1,
            "status": self.status,
            "exit_code": int(self.exit_code),
            "code": self.code,
            "message": self.message,
            "remedy": self.remedy,
            "started_at": self.started_at,
            "finished_at": now(),
            "summary": asdict(self.summary) if self.summary else None,
        }
        write_file(folder.exit, json.dumps(content, ensure_ascii=False, indent=2, allow_nan=False).encode("utf-8", "replace"))
