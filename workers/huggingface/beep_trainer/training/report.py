"""Says what happens, as events of the job folder. Only the first of several processes has anything to say."""

from __future__ import annotations

import platform
import sys
import time
from importlib.metadata import PackageNotFoundError, version

import torch

from .. import __version__
from ..data.plan import BatchPlan
from ..data.store import TokenStore
from ..faults import Fault
from ..job.events import EventWriter, finite
from ..job.spec import JobSpec
from ..model.trainable import TrainableModel
from . import memory
from .state import TrainerState

_LIBRARIES = ("transformers", "peft", "accelerate", "bitsandbytes")


class RunReport:
    def __init__(self, events: EventWriter | None, spec: JobSpec, device: torch.device) -> None:
        self._events, self._spec, self._device = events, spec, device
        self._started = time.monotonic()
        self._first_step = self._total_steps = 0
        self._loop_started: float | None = None
        self._last_metric = (0, 0.0)
        # What there is to warn of before the run has said what it is.
        self._held: list[tuple[str, str, str]] | None = []

    @property
    def seconds(self) -> float:
        """Since this worker began."""
        return time.monotonic() - self._started

    def started(self, model: TrainableModel, plan: BatchPlan, resumed_from: int | None) -> None:
        self._first_step, self._total_steps = resumed_from or 0, plan.total_steps
        versions = {"beep": __version__, "torch": torch.__version__, "python": platform.python_version(), "threads": str(torch.get_num_threads())}
        versions |= {name: found for name in _LIBRARIES if (found := library_version(name)) is not None}
        self._write("started", backend="transformers", versions=versions, device=str(model.device), precision="bf16" if model.compute == torch.bfloat16 else "fp32",
                    trainable_parameters=model.trained_count, total_parameters=model.total_count, total_steps=plan.total_steps, resumed_from=resumed_from)
        self._flush()

    def data(self, train: TokenStore, validation: TokenStore | None, plan: BatchPlan) -> None:
        found, pair = train.statistics, 2 if self._spec.task == "dpo" else 1
        self._write("data", rows=found.rows // pair, tokens=found.tokens, trainable_tokens=found.trainable_tokens, truncated=found.truncated,
                    dropped=found.dropped, sequences=plan.sequence_count, validation_rows=validation.rows // pair if validation else 0)
        held, self._held = self._held or [], None
        for one in held:
            self.warn(*one)

    def step(self, state: TrainerState, epoch: float, loss: float, learning_rate: float, gradient_norm: float) -> None:
        now = time.monotonic()
        if self._loop_started is None:
            # The first step of a worker also warms it up: rates are counted from its end.
            self._loop_started, self._last_metric = now, (state.tokens, now)
        if state.step % self._spec.train.logging_steps != 0 and state.step != self._total_steps:
            return
        tokens, at = self._last_metric
        rate = (state.tokens - tokens) / (now - at) if now > at else None
        self._write("metric", step=state.step, epoch=epoch, loss=finite(loss), learning_rate=learning_rate, grad_norm=finite(gradient_norm),
                    tokens=state.tokens, tokens_per_second=rate, memory_bytes=memory.in_use(self._device))
        self._write("progress", step=state.step, total_steps=self._total_steps, epoch=epoch, eta_seconds=self._remaining(state.step, now))
        self._last_metric = (state.tokens, now)

    def evaluation(self, step: int, loss: float | None, accuracy: float) -> None:
        self._write("evaluation", step=step, loss=loss, token_accuracy=accuracy)

    def sample(self, step: int, prompt: str, text: str) -> None:
        self._write("sample", step=step, prompt=prompt, text=text)

    def checkpoint(self, step: int, path: str) -> None:
        self._write("checkpoint", step=step, path=path)
        self._flush()

    def artifact(self, name: str, path: str, size: int, sha256: str) -> None:
        self._write("artifact", name=name, path=path, bytes=size, sha256=sha256)
        self._flush()

    def warn(self, code: str, message: str, remedy: str) -> None:
        if self._held is not None:
            self._held.append((code, message, remedy))
        else:
            self._write("warning", code=code, message=message, remedy=remedy)

    def _remaining(self, step: int, now: float) -> float | None:
        done = step - self._first_step - 1
        return (now - (self._loop_started or now)) / done * (self._total_steps - step) if done > 0 else None

    def _write(self, kind: str, **fields: object) -> None:
        if self._events is not None:
            self._events.write(kind, **fields)

    def _flush(self) -> None:
        if self._events is not None:
            self._events.flush()


def write_faults(events: EventWriter, faults: list[Fault]) -> None:
    for fault in faults:
        events.write("failed", code=fault.code, message=f"{fault.where}: {fault.message}" if fault.where else fault.message, remedy=fault.remedy)


def library_version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        pass
    # Sources on PYTHONPATH have no metadata.
    module = sys.modules.get(name)
    return getattr(module, "__version__", None)
