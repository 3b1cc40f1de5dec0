"""How much a forward pass takes on: less where the memory does not suffice, so that the same is learnt with less."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import TypeVar

from ..data.plan import BatchPlan
from ..faults import ExitCode, Fault, FaultError
from ..job.spec import JobSpec
from ..model.trainable import TrainableModel
from . import memory
from .report import RunReport
from .restart import Restart
from .world import World

REMEDY = ("Lower train.per_device_batch_size (raise train.gradient_accumulation_steps by as much to learn the same), lower data.max_length, "
          "or set train.gradient_checkpointing=on; then run the job again.")
CODE = "out_of_memory_refit"
_ELSEWHERE = "in another process"
_T = TypeVar("_T")


class Fitting:
    def __init__(self, spec: JobSpec, model: TrainableModel, plan: BatchPlan, world: World, report: RunReport, recomputes: bool,
                 restart: Restart | None, last_step: Callable[[], int | None]) -> None:
        """`restart` for weights that are spread over processes, which go on from the checkpoint of `last_step`."""
        self._spec, self._model, self._plan, self._world, self._report = spec, model, plan, world, report
        self._restart, self._last_step = restart, last_step
        self._recomputes = recomputes
        model.recompute(recomputes)

    def within(self, step: int, action: Callable[[], _T]) -> _T:
        """What the action of this process gives; where the memory of any process did not suffice, all take the way out and do it again."""
        while True:
            found, shortage = self._try(step, action)
            if not self._world.any(shortage is not None):
                return found  # type: ignore[return-value]
            self._refit(step, shortage or _ELSEWHERE)

    def rounds(self, step: int, begin: Callable[[], Generator[None, None, _T]], stop: Callable[[], bool]) -> _T | None:
        """
        The same for what takes long and is done in rounds, of which all processes have equally many: after each they agree on whether
        to go on. None where one of them had to `stop`.
        """
        running: Generator[None, None, _T] | None = None
        ended: list[_T] = []

        def advance() -> None:
            nonlocal running
            running = running or begin()
            try:
                next(running)
            except StopIteration as end:
                ended.append(end.value)

        while True:
            _, shortage = self._try(step, advance)
            is_short, is_stopped = (count > 0 for count in self._world.sum([float(shortage is not None), float(not ended and stop())]))
            if is_short:
                running = None
                ended.clear()
                self._refit(step, shortage or _ELSEWHERE)
            elif is_stopped:
                if running is not None:
                    running.close()
                return None
            elif ended:
                return ended[0]

    def _try(self, step: int, action: Callable[[], _T]) -> tuple[_T | None, str | None]:
        """What the action gives, or why the memory of this process did not suffice for it."""
        try:
            return action(), None
        except (RuntimeError, MemoryError) as error:
            if not memory.is_out_of_memory(error):
                raise
            shortage = (str(error).strip() or type(error).__name__).split("\n", 1)[0]
        if self._model.is_sharded:
            # The others wait within the pass for this process.
            self._refit(step, shortage)
        return None, shortage

    def _refit(self, step: int, shortage: str) -> None:
        """Half as many sequences in a pass and twice the passes, or blocks computed twice. Where weights are spread, does not come back."""
        for weight in self._model.trained.values():
            weight.grad = None
        memory.give_back(self._model.device)
        before = self._plan.batch_size
        if self._model.is_sharded and self._restart is None:
            raise _exhausted(shortage)
        if before > 1:
            size = (before + 1) // 2
            passes = -(-self._plan.sequences_per_step // (size * self._world.size))
            self._go_on(
                size, self._recomputes,
                f"The memory did not suffice for step {step} with {before} sequences in a forward pass ({shortage}). The run goes on with {size} of them and {passes} passes in a step: it learns the same.",
                f"Set train.per_device_batch_size={size} and train.gradient_accumulation_steps={passes} to begin so.")
        elif self._spec.train.gradient_checkpointing == "auto" and not self._recomputes:
            self._go_on(
                before, True,
                f"The memory did not suffice for step {step} ({shortage}). The run goes on with activations computed twice instead of kept.",
                "Set train.gradient_checkpointing=on to begin so.")
        else:
            raise _exhausted(shortage)

    def _go_on(self, batch_size: int, recomputes: bool, message: str, remedy: str) -> None:
        if self._restart is not None:
            resumes = self._last_step()
            where = "from the beginning" if resumes is None else f"from the checkpoint of step {resumes}"
            self._restart.begin(batch_size, recomputes, resumes, f"{message} The processes share the weights, and began anew {where}.", remedy)
        self._plan.batch_size = batch_size
        if recomputes != self._recomputes:
            self._recomputes = recomputes
            self._model.recompute(recomputes)
        self._report.warn(CODE, message, remedy)


def _exhausted(shortage: str) -> FaultError:
    return FaultError(ExitCode.OUT_OF_MEMORY, [Fault("out_of_memory", f"The memory did not suffice: {shortage}", REMEDY)])
