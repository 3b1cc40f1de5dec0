"""The gradients of one optimizer step: forward and backward passes that add up, over all processes."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from ..data.batch import TokenBatch, assemble
from ..data.plan import BatchPlan, Sequences
from ..data.seeded_order import derive
from ..data.store import TokenStore
from ..faults import ExitCode, Fault, FaultError
from ..job.spec import JobSpec
from . import memory
from .objective import Objective
from .report import RunReport
from .world import World

# The first number of a seed's purpose that names a pass of a step; those below it name others.
_DROPOUT = 2
REMEDY = ("Lower train.per_device_batch_size (raise train.gradient_accumulation_steps by as much to learn the same), lower data.max_length, "
           "or set train.gradient_checkpointing=on; then run the job again.")


@dataclass(frozen=True)
class StepResult:
    loss: float
    """Mean over all units of the effective batch."""

    units: int
    tokens: int


class GradientPass:
    def __init__(self, objective: Objective, store: TokenStore, plan: BatchPlan, spec: JobSpec, world: World, report: RunReport, recomputes: bool) -> None:
        self._objective, self._store, self._plan, self._spec = objective, store, plan, spec
        self._world, self._report, self._recomputes = world, report, recomputes
        objective.model.recompute(recomputes)

    def run(self, step: int) -> StepResult:
        """Leaves the gradients of a step, counted from 0, in the weights. Where the memory does not suffice, does so in smaller passes."""
        sequences = self._plan.step(step)
        rows = [row for one in sequences for row in one]
        units = len(rows) // 2 if self._spec.task == "dpo" else int(self._store.trainable_lengths[rows].sum())
        tokens = int(self._store.lengths[rows].sum())
        if units == 0:
            return StepResult(float("nan"), 0, tokens)
        while True:
            loss, shortage = self._try(step, self._plan.passes(sequences), units)
            if shortage is None:
                self._world.sum_gradients([] if self._objective.model.is_sharded else self._objective.model.trained.values())
                return StepResult(self._world.sum([loss])[0] / units, units, tokens)
            self.refit(step + 1, shortage)

    def refit(self, step: int, shortage: str) -> None:
        """Half as many sequences in a pass and twice the passes, or blocks computed twice: the same is learnt with less memory."""
        for weight in self._objective.model.trained.values():
            weight.grad = None
        memory.give_back(self._objective.model.device)
        before, spec = self._plan.batch_size, self._spec.train
        if before > 1:
            self._plan.batch_size = (before + 1) // 2
            passes = -(-self._plan.sequences_per_step // (self._plan.batch_size * self._world.size))
            self._report.warn(
                "out_of_memory_refit",
                f"The memory did not suffice for step {step} with {before} sequences in a forward pass ({shortage}). The run goes on with "
                f"{self._plan.batch_size} of them and {passes} passes in a step: it learns the same.",
                f"Set train.per_device_batch_size={self._plan.batch_size} and train.gradient_accumulation_steps={passes} to begin so.")
        elif spec.gradient_checkpointing == "auto" and not self._recomputes:
            self._recomputes = True
            self._objective.model.recompute(True)
            self._report.warn(
                "out_of_memory_refit",
                f"The memory did not suffice for step {step} ({shortage}). The run goes on with activations computed twice instead of kept.",
                "Set train.gradient_checkpointing=on to begin so.")
        else:
            raise FaultError(ExitCode.OUT_OF_MEMORY, [Fault("out_of_memory", f"The memory did not suffice: {shortage}", REMEDY)])

    def _try(self, step: int, passes: list[Sequences], units: int) -> tuple[float, str | None]:
        """The sum of the losses of this process's passes; or why some process's memory did not suffice."""
        world, total, shortage = self._world, 0.0, None
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
            try:
                found = self._backward(batch, scale, derive(self._spec.train.seed, _DROPOUT + (step << 16) + place))
                total += 0.0 if is_idle else found
            except (RuntimeError, MemoryError) as error:
                if is_sharded or not memory.is_out_of_memory(error):
                    raise
                shortage = str(error).strip().split("\n", 1)[0]
                break
        if world.any(shortage is not None):
            return 0.0, shortage or "in another process"
        return total, None

    def _backward(self, batch: TokenBatch, scale: float, seed: int) -> float:
        """Gradients add up in the weights; gives the sum of the units' losses."""
        model = self._objective.model
        torch.manual_seed(seed)
        with model.autocast():
            loss, reported = self._objective(batch.to(model.device), scale)
        loss.backward()
        return float(reported)
