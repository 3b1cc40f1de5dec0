"""Scores the held-out rows."""

from __future__ import annotations

import math
from collections.abc import Generator

import torch

from ..data.batch import assemble
from ..data.plan import one_pass
from ..data.store import TokenStore
from .objective import Objective
from .world import World


class Evaluator:
    def __init__(self, objective: Objective, store: TokenStore, world: World) -> None:
        self._objective, self._store, self._world = objective, store, world

    def measure(self, batch_size: int) -> Generator[None, None, list[float]]:
        """This process's part of the sums, a batch a round."""
        model, world = self._objective.model, self._world
        share = world.size if model.is_sharded else 1
        totals = [0.0, 0.0, 0.0]
        model.inner.eval()
        try:
            for sequences in world.rounds(list(one_pass(self._store, model.spec, batch_size)), model.is_sharded):
                if sequences is not None:
                    with torch.no_grad(), model.autocast():
                        found = self._objective(assemble(self._store, sequences, model.flattens).to(model.device))
                    totals = [total + value / share for total, value in zip(totals, found)]
                yield
        finally:
            model.inner.train()
        return totals

    def mean(self, totals: list[float]) -> tuple[float, float]:
        """The mean loss, and the share that the model gets right, of all processes' parts."""
        loss, correct, units = self._world.sum(totals)
        # Rows without a label have no loss, which is not a loss of zero.
        return (loss / units if units > 0 else math.nan), correct / max(1.0, units)
