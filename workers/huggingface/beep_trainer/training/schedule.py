"""The learning rate of each step: a linear rise over the warm-up, then the schedule's fall."""

from __future__ import annotations

import math

from ..job.spec import TrainSpec


class LearningRateSchedule:
    def __init__(self, train: TrainSpec, total_steps: int) -> None:
        self._train, self._total = train, total_steps
        self._warmup = math.ceil(train.warmup_ratio * total_steps)

    def at(self, step: int) -> float:
        """The rate of a step counted from 0. Neither the first step of a warm-up nor the last of a fall has a rate of zero."""
        peak = self._train.learning_rate
        if step < self._warmup:
            return peak * (step + 1) / self._warmup
        left = (self._total - step) / max(1, self._total - self._warmup)
        match self._train.lr_scheduler:
            case "constant":
                return peak
            case "linear":
                return peak * left
            case _:
                return peak * 0.5 * (1 - math.cos(math.pi * left))
