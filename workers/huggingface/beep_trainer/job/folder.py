"""The paths of a job folder; see contracts/job-folder.md."""

from __future__ import annotations

import os
import re
from pathlib import Path

_CHECKPOINT = re.compile(r"step-(\d+)")


class JobFolder:
    def __init__(self, root: str | Path) -> None:
        self.root = Path(os.path.abspath(root))
        self.spec = self.root / "spec.json"
        self.events = self.root / "events.jsonl"
        self.exit = self.root / "exit.json"
        self.control = self.root / "control"
        self.lock = self.control / "lock"
        self.cancel_request = self.control / "cancel"
        self.checkpoints = self.root / "checkpoints"
        self.artifacts = self.root / "artifacts"
        self.adapter = self.artifacts / "adapter"
        self.merged = self.artifacts / "merged"
        self.cache = self.root / "cache"

    def checkpoint(self, step: int) -> Path:
        return self.checkpoints / f"step-{step:08d}"

    def list_checkpoints(self) -> list[tuple[int, Path]]:
        """The complete ones, oldest first: one that is being written has another name."""
        if not self.checkpoints.is_dir():
            return []
        found = ((_CHECKPOINT.fullmatch(path.name), path) for path in self.checkpoints.iterdir() if path.is_dir())
        return sorted((int(match[1]), path) for match, path in found if match)

    def relative(self, path: Path) -> str:
        return path.relative_to(self.root).as_posix()
