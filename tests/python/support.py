"""A job folder over a fixture, run in this process or as one of its own."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from pathlib import Path

from conftest import FIXTURES

# Seconds that a program may take on a machine that does much else.
PATIENCE = 300


def events_of(folder: Path, kind: str | None = None) -> list[dict]:
    events = [json.loads(line) for line in (folder / "events.jsonl").read_bytes().splitlines()]
    return [event for event in events if kind is None or event["type"] == kind]


def merge(under: dict, over: dict) -> dict:
    return under | {key: merge(under[key], value) if isinstance(value, dict) and isinstance(under.get(key), dict) else value for key, value in over.items()}


class TestJob:
    __test__ = False

    def __init__(self, root: Path) -> None:
        self.root, self.folder = root, root / "job"

    def at(self, name: str) -> TestJob:
        """Another job folder over the same files."""
        other = TestJob(self.root)
        other.folder = self.root / name
        return other

    def spec(self, **changes) -> dict:
        """A short full run over rows of random tokens."""
        model = changes.pop("fixture", "llama-tied")
        if "train" not in changes.get("data", {}):
            self.random_rows()
        base = {
            "version": 1, "job_id": "test", "backend": "transformers", "method": "full",
            "model": {"path": str(FIXTURES / model)},
            "data": {"train": str(self.root / "train.jsonl"), "format": "auto", "max_length": 64, "packing": False},
            "lora": {"r": 4, "alpha": 8},
            "train": {"max_steps": 6, "per_device_batch_size": 2, "gradient_accumulation_steps": 2, "learning_rate": 5e-3, "precision": "fp32", "save_steps": None},
        }
        return merge(base, changes)

    def random_rows(self, name: str = "train.jsonl", rows: int = 24, seed: int = 1) -> Path:
        """Rows of tokens; the first third of each is masked."""
        drawn = random.Random(seed)
        lines = []
        for _ in range(rows):
            ids = [drawn.randrange(4, 512) for _ in range(drawn.randint(6, 30))]
            lines.append({"input_ids": ids, "labels": [-100 if place < len(ids) // 3 else token for place, token in enumerate(ids)]})
        return self.write(name, lines)

    def write(self, name: str, rows: list) -> Path:
        path = self.root / name
        path.write_text("".join((row if isinstance(row, str) else json.dumps(row)) + "\n" for row in rows), "utf-8")
        return path

    def prepare(self, spec: dict) -> TestJob:
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "spec.json").write_text(json.dumps(spec), "utf-8")
        return self

    def run(self, spec: dict | None = None) -> int:
        from beep_trainer.job.folder import JobFolder
        from beep_trainer.training.runner import JobRunner

        if spec is not None:
            self.prepare(spec)
        return int(JobRunner(JobFolder(self.folder)).run())

    def start(self, *arguments: str, **options) -> subprocess.Popen:
        command = [sys.executable, "-m", "beep_trainer", "train", str(self.folder), *arguments]
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options)

    def start_by_torchrun(self, *options: str, **more) -> subprocess.Popen:
        """As the product starts several machines; each of them is this one, whose name need not be known."""
        command = [sys.executable, "-m", "beep_trainer.machine.torchrun", *options, "--local-addr=127.0.0.1", "-m", "beep_trainer", "train", str(self.folder)]
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **more)

    def patched(self, program: str) -> dict[str, str]:
        """The environment of processes that run a program of Python before everything else."""
        folder = self.root / "patch"
        folder.mkdir(exist_ok=True)
        (folder / "sitecustomize.py").write_text(program, "utf-8")
        return os.environ | {"PYTHONPATH": os.pathsep.join([str(folder), os.environ["PYTHONPATH"]])}

    def events(self, kind: str | None = None) -> list[dict]:
        return events_of(self.folder, kind)

    @property
    def exit(self) -> dict:
        return json.loads((self.folder / "exit.json").read_bytes())

    @property
    def losses(self) -> list[float]:
        """By step, what a resumed worker did anew in the place of what is void."""
        return [loss for _, loss in sorted({event["step"]: event["loss"] for event in self.events("metric")}.items())]

    @property
    def checkpoints(self) -> list[str]:
        folder = self.folder / "checkpoints"
        return sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []

    def weights(self) -> dict:
        from safetensors.torch import load_file

        found = self.folder / "artifacts" / "merged" / "model.safetensors"
        return load_file(found if found.exists() else self.folder / "artifacts" / "adapter" / "adapter_model.safetensors")
