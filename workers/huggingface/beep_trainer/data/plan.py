"""Which rows each optimizer step sees: a function of the data and the spec alone, so that a resumed run needs just the step."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from ..job.spec import JobSpec
from .packing import one_by_one, pack
from .seeded_order import permutation
from .store import TokenStore

# The packing's own draw: the epochs shuffle whole sequences afterwards.
_PACKING = -1
Sequences = list[list[int]]


class BatchPlan:
    """
    Deals sequences out to forward passes. Where several processes train, they share the effective batch: the passes of a step go
    round them in turn, so that two processes with half the batch see what one with all of it does.
    """

    def __init__(self, store: TokenStore, spec: JobSpec, processes: int = 1) -> None:
        self._shuffle, self._seed = spec.data.shuffle, spec.train.seed
        self._sequences = _sequences(store, spec, spec.data.shuffle)
        self.sequences_per_step = spec.train.per_device_batch_size * spec.train.gradient_accumulation_steps * processes
        self.batch_size = spec.train.per_device_batch_size
        """Sequences in a forward pass; less than the spec's once the memory did not suffice."""
        self.steps_per_epoch = math.ceil(len(self._sequences) / self.sequences_per_step)
        self.total_steps = _total_steps(spec, self.steps_per_epoch)
        self.longest_sequence = max(sum(int(store.lengths[row]) for row in rows) for rows in self._sequences)
        self._epoch, self._order = -1, []

    @property
    def sequence_count(self) -> int:
        return len(self._sequences)

    @property
    def is_packed(self) -> bool:
        """Whether rows share sequences."""
        return any(len(rows) > 1 for rows in self._sequences)

    def step(self, step: int) -> Sequences:
        """The sequences of an optimizer step, counted from 0."""
        order = self._order_of(step // self.steps_per_epoch)
        first = step % self.steps_per_epoch * self.sequences_per_step
        return [self._sequences[place] for place in order[first : first + self.sequences_per_step]]

    def passes(self, sequences: Sequences) -> list[Sequences]:
        return [sequences[start : start + self.batch_size] for start in range(0, len(sequences), self.batch_size)]

    def rows_until(self, steps: int) -> set[int]:
        """Every row that the first `steps` steps see."""
        if steps >= self.steps_per_epoch:
            return {row for rows in self._sequences for row in rows}
        return {row for step in range(steps) for rows in self.step(step) for row in rows}

    def _order_of(self, epoch: int) -> list[int]:
        if self._epoch != epoch:
            count = len(self._sequences)
            self._order = permutation(count, self._seed, epoch) if self._shuffle else list(range(count))
            self._epoch = epoch
        return self._order


def one_pass(store: TokenStore, spec: JobSpec, batch_size: int) -> Iterator[Sequences]:
    """Every row once, in the order of the file: for held-out rows."""
    sequences = _sequences(store, spec, shuffle=False)
    for start in range(0, len(sequences), batch_size):
        yield sequences[start : start + batch_size]


def _sequences(store: TokenStore, spec: JobSpec, shuffle: bool) -> Sequences:
    if spec.task == "dpo":
        # The two answers of a pair stand beside each other in the store, and stay together.
        return [[row, row + 1] for row in range(0, store.rows, 2)]
    if not spec.data.packing:
        return one_by_one(store.rows)
    order = permutation(store.rows, spec.train.seed, _PACKING) if shuffle else list(range(store.rows))
    return pack(np.asarray(store.lengths).tolist(), spec.data.max_length, order)


def _total_steps(spec: JobSpec, steps_per_epoch: int) -> int:
    # 1.1 epochs of 10 steps are 11 steps, though the product of the two is 11.000000000000002.
    noise = 1e-9
    return spec.train.max_steps or max(1, math.ceil(spec.train.num_epochs * steps_per_epoch - noise))
