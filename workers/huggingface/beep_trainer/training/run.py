"""The training loop: read it downward."""

from __future__ import annotations

import contextlib
import math
from dataclasses import replace

import torch

from ..data.plan import BatchPlan
from ..faults import ExitCode, Fault, FaultError, invalid
from ..job.folder import JobFolder
from ..job.spec import JobSpec
from ..model.generation import Sampling, generate, prompt_ids
from ..model.trainable import TrainableModel
from . import support
from .cancel import CancelSignal
from .checkpoints import CheckpointStore
from .evaluator import Evaluator
from .fitting import CODE, Fitting
from .gradients import GradientPass, StepResult
from .loader import TrainingData
from .objective import Objective, PreferenceObjective, SupervisedObjective
from .optimizer import Optimizer, clip, gradient_norm
from .reference import reference_likelihoods
from .report import RunReport
from .restart import Restart
from .schedule import LearningRateSchedule
from .sharding import Shards
from .state import TrainerState
from .world import World

_SHOWN_LINES = 8


class TrainingRun:
    def __init__(self, spec: JobSpec, folder: JobFolder, model: TrainableModel, data: TrainingData, report: RunReport, cancel: CancelSignal, world: World,
                 restart: Restart | None) -> None:
        self._spec, self._model, self._data, self._report, self._cancel, self._world = spec, model, data, report, cancel, world
        self._restart = restart
        self._beginning = restart.beginning if restart else None
        self._plan = BatchPlan(data.train, spec, world.size)
        if self._beginning:
            self._plan.batch_size = self._beginning.batch_size
            report.warn(CODE, self._beginning.message, self._beginning.remedy)
        self._reason: tuple[str, str] | None = None
        model.joins_rows = not (self._plan.is_packed or model.flattens) or model.keeps_rows_apart()
        if self._plan.is_packed and not model.joins_rows:
            raise invalid("packing_unsupported", f"Rows that share a sequence would see each other in a model of type '{model.inner.config.model_type}'.",
                          "Set data.packing=false." if spec.task != "dpo" else "Use another model for preference optimisation.", "data.packing")
        objective: Objective = PreferenceObjective(model, spec.dpo.beta) if spec.task == "dpo" else SupervisedObjective(model)
        self._objective, self._shards = objective, Shards(spec, world)
        if self._shards.is_on:
            self._shards.apply(objective, support.blocks(model))
            model.shard(world.device)
        self._checkpoints = CheckpointStore(folder, spec.train.save_total_limit, self._shards)
        recomputes = support.recomputes(spec, model, self._plan.longest_sequence * self._plan.batch_size) or (self._beginning is not None and self._beginning.recomputes)
        # Processes that share the weights gather them as often as each other.
        self._fitting = Fitting(spec, model, self._plan, world, report, world.any(recomputes), restart, lambda: self._checkpoints.last_step)
        if isinstance(objective, PreferenceObjective):
            self._refer(objective, folder)
        self._optimizer = Optimizer(model.trained, spec)
        self._schedule = LearningRateSchedule(spec.train, self._plan.total_steps)
        self._gradients = GradientPass(objective, data.train, self._plan, spec, world, self._fitting)
        self._evaluator = Evaluator(objective, data.validation, world) if data.validation is not None else None
        self._saved: TrainerState | None = None
        self.state = TrainerState(0, 0, 0, data.train.content)

    @property
    def last_checkpoint(self) -> str | None:
        return self._checkpoints.last

    @property
    def epochs(self) -> float:
        """How often every row was visited."""
        return self.state.step / self._plan.steps_per_epoch

    def execute(self) -> tuple[str, str] | None:
        """Trains to the last step, or until asked to stop, with a checkpoint of where it stopped; gives the reason for that."""
        # The first process says which one: others may not see it yet, or see one that is gone.
        newest = self._beginning.resumes if self._beginning else self._world.share(self._checkpoints.newest() if self._spec.resume == "auto" else None)
        if newest is not None:
            self._saved = self._checkpoints.restore(newest, self._model, self._optimizer, self.state.data_key)  # type: ignore[arg-type]
        self.state = self._saved or self.state
        self._plan.batch_size = min(self._plan.batch_size, self.state.batch_size or self._plan.batch_size)
        self._model.inner.train()
        self._report.started(self._model, self._plan, self._saved.step if self._saved else None)
        self._report.data(self._data.train, self._data.validation, self._plan)
        self._observe()
        while self.state.step < self._plan.total_steps:
            if self._is_cancelled():
                self._save()
                return self._reason
            self._step()
            self._observe()
            if self.state.step == self._plan.total_steps or self._is_due(self._spec.train.save_steps):
                self._save()
        return None if self.state.observed_at == self.state.step else self._reason

    def gather(self) -> dict[str, torch.Tensor]:
        """The trained weights, whole, in the first process; all take part."""
        return self._shards.gather(self._model.trained, self._world.is_first)

    def _step(self) -> None:
        """One optimizer step over one effective batch."""
        step, trained = self.state.step, self._model.trained
        learning_rate = self._schedule.at(step)
        result = self._gradients.run(step)
        norm = gradient_norm(trained) if result.units else 0.0
        is_finite = math.isfinite(result.loss) and math.isfinite(norm)
        if is_finite:
            clip(trained, norm, self._spec.train.max_grad_norm)
            self._optimizer.step(step + 1, learning_rate)
        self._optimizer.clear()
        self.state = replace(
            self.state,
            step=step + 1,
            tokens=self.state.tokens + result.tokens,
            nonfinite_in_a_row=0 if is_finite or result.units == 0 else self.state.nonfinite_in_a_row + 1,
            train_loss=result.loss if is_finite else None,
            batch_size=self._plan.batch_size if self._plan.batch_size < self._spec.train.per_device_batch_size else None,
        )
        self._report.step(self.state, self.epochs, result.loss, learning_rate, norm)
        if not is_finite:
            self._refuse(result, norm)

    def _refuse(self, result: StepResult, norm: float) -> None:
        """A step without a usable gradient changes nothing; too many of them end the run."""
        step = self.state.step
        found = {self._data.train.line(row) for rows in self._plan.step(step - 1) for row in rows}
        lines = ", ".join(map(str, sorted(found)[:_SHOWN_LINES]))
        if result.units == 0:
            self._report.warn("no_trainable_token", f"Step {step} has no token to learn from (lines {lines}); the weights are unchanged.", "Set data.untrainable=drop.")
            return
        what = f"the loss of step {step} is {_show(result.loss)} and its gradient norm {_show(norm)} (lines {lines})"
        self._report.warn("not_finite", f"In {self._spec.data.train}, {what}; the weights are unchanged.", "Look at those rows; lower train.learning_rate.")
        if self.state.nonfinite_in_a_row >= self._spec.limits.stop_after_nonfinite:
            raise FaultError(ExitCode.NOT_FINITE, [Fault(
                "not_finite",
                f"Stopped after {self.state.nonfinite_in_a_row} steps in a row without a finite loss: {what}.",
                "Lower train.learning_rate, use train.precision=fp32, or look at those rows; then resume from the last checkpoint.")])

    def _observe(self) -> None:
        """
        Evaluates and writes samples where that is due and not yet done. A cancellation gives it up, and the worker that resumes
        makes up for it, so that no figure of the uninterrupted run is missing.
        """
        state = self.state
        is_end = state.step in (0, self._plan.total_steps)
        if state.observed_at == state.step:
            return
        if (is_end or self._is_due(self._spec.train.eval_steps)) and not self._evaluate():
            return
        if (is_end or self._is_due(self._spec.samples.every_steps)) and not self._sample():
            return
        self.state = replace(self.state, observed_at=self.state.step)

    def _evaluate(self) -> bool:
        """False when a cancellation gave it up."""
        if self._evaluator is None:
            return True
        evaluator = self._evaluator
        totals = self._fitting.rounds(self.state.step, lambda: evaluator.measure(self._plan.batch_size), self._is_asked_to_stop)
        if totals is None:
            self._stop()
            return False
        found = evaluator.mean(totals)
        loss = found[0] if math.isfinite(found[0]) else None
        self._report.evaluation(self.state.step, loss, found[1])
        first = loss if self.state.step == 0 else self.state.first_evaluation_loss
        self.state = replace(self.state, last_evaluation_loss=loss, first_evaluation_loss=first)
        return True

    def _sample(self) -> bool:
        """Always the likeliest words, so that rounds compare."""
        for prompt in self._spec.samples.prompts:
            if self._is_cancelled():
                return False
            if not self._world.is_first and not self._model.is_sharded:
                continue
            ids = prompt_ids(self._data.tokenizer, self._data.template, prompt)
            sampling = Sampling(max_new_tokens=self._spec.samples.max_new_tokens)
            answer = self._objective.whole(lambda: generate(self._model, self._data.tokenizer, ids, sampling))  # noqa: B023
            self._report.sample(self.state.step, prompt, answer.text)
        return True

    def _save(self) -> None:
        """Saves what is not in the newest checkpoint yet: writing that again would put it at risk."""
        if self.state != self._saved:
            with self._restart.writing if self._restart else contextlib.nullcontext():
                self._checkpoints.save(self.state, self._model, self._optimizer, self._world.is_first)
            self._saved = self.state
            self._report.checkpoint(self.state.step, self._checkpoints.last or "")

    def _refer(self, objective: PreferenceObjective, folder: JobFolder) -> None:
        """Asks the model what it thinks of each answer while it is still what the run begins with."""
        stores = [(self._data.train, {row for row in self._plan.rows_until(self._plan.total_steps) if row % 2 == 0}, "train")]
        if self._data.validation is not None:
            stores.append((self._data.validation, set(range(0, self._data.validation.rows, 2)), "validation"))
        for store, pairs, name in stores:
            objective.references[store.content] = reference_likelihoods(objective, store, pairs, self._plan, folder.cache / f"{name}.reference", self._world, self._fitting, self._is_asked_to_stop)

    def _is_asked_to_stop(self) -> bool:
        """This process alone; the others may not know of it yet."""
        return self._cancel.reason is not None

    def _is_cancelled(self) -> bool:
        """All processes stop at the same step."""
        if self._reason is None and self._world.any(self._is_asked_to_stop()):
            self._stop()
        return self._reason is not None

    def _stop(self) -> None:
        """All have agreed on it, for the reason that the first of them has."""
        self._reason = self._world.share(self._cancel.reason or ("cancelled", "The run was stopped by a signal."))  # type: ignore[assignment]

    def _is_due(self, every: int | None) -> bool:
        return every is not None and self.state.step % every == 0


def _show(number: float) -> str:
    return "NaN" if math.isnan(number) else ("∞" if number > 0 else "-∞") if math.isinf(number) else repr(number)
