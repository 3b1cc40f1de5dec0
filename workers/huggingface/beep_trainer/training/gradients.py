"""The gradients of one optimizer step: forward and backward passes that add up, over all processes."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from ..data.batch import TokenBatch, assemble
from ..data.plan import BatchPlan, Sequences
from ..data.seeded_order import derive
from ..data.store import TokenStore
from ..job.spec import JobSpec
from .fitting import Fitting
from .objective import Objective
from .world import World

# The first number of a seed's purpose that names a pass of a step; those below it name others.
_DROPOUT = 2


@dataclass(frozen=True)
class StepResult:
    loss: float
    """Mean over all units of the effective batch."""

    units: int
    tokens: int


class GradientPass:
    def __init__(self, objective: Objective, store: TokenStore, plan: BatchPlan, spec: JobSpec, world: World, fitting: Fitting) -> None:
        self._objective, self._store, self._plan, self._spec = objective, store, plan, spec
        self._world, self._fitting = world, fitting

    def run(self, step: int) -> StepResult:
        """Leaves the gradients of a step, counted from 0, in the weights. Where the memory does not suffice, does so in smaller passes."""
        sequences = self._plan.step(step)
        rows = [row for one in sequences for row in one]
        units = len(rows) // 2 if self._spec.task == "dpo" else int(self._store.trainable_lengths[rows].sum())
        tokens = int(self._store.lengths[rows].sum())
        if units == 0:
            return StepResult(float("nan"), 0, tokens)
        loss = self._fitting.within(step + 1, lambda: self._add_up(step, self._plan.passes(sequences), units))
        self._world.sum_gradients([] if self._objective.model.is_sharded else self._objective.model.trained.values())
        return StepResult(self._world.sum([loss])[0] / units, units, tokens)

    def _add_up(self, step: int, passes: list[Sequences], units: int) -> float:
        """The sum of the losses of this process's passes."""
        world, total = self._world, 0.0
        is_sharded = self._objective.model.is_sharded
        # Weights that are spread are gathered by all processes together: each makes as many passes, the last perhaps for nothing.
        rounds = -(-len(passes) // world.size)
        for place in range(world.rank, rounds * world.size, world.size):
            is_idle = place >= len(passes)
            if is_idle and not is_sharded:
                break
            batch = assemble(self._store, passes[0 if is_idle else place], self._objective.model.flattens)
            if self._objective.units(batch) == 0 and not is_sharded:
                continue
            scale = 0.0 if is_idle else (world.size if is_sharded else 1) / units
            found = self._backward(batch, scale, derive(self._spec.train.seed, _DROPOUT + (step << 16) + place))
            total += 0.0 if is_idle else found
        return total

    def _backward(self, batch: TokenBatch, scale: float, seed: int) -> float:
        """Gradients add up in the weights; gives the sum of the units' losses."""
        model = self._objective.model
        torch.manual_seed(seed)
        with model.autocast():
            loss, reported = self._objective(batch.to(model.device), scale)
        loss.backward()
        return float(reported)
