"""Scores the held-out rows."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch

from ..data.batch import assemble
from ..data.plan import one_pass
from ..data.store import TokenStore
from .objective import Objective
from .world import World


class Evaluator:
    def __init__(self, objective: Objective, store: TokenStore, world: World) -> None:
        self._objective, self._store, self._world = objective, store, world

    def measure(self, batch_size: int, stop: Callable[[], bool]) -> list[float] | None:
        """This process's part of the sums; None when `stop`, asked between batches, gave it up."""
        model, world = self._objective.model, self._world
        totals = [0.0, 0.0, 0.0]
        model.inner.eval()
        try:
            with torch.no_grad(), model.autocast():
                for place, sequences in enumerate(one_pass(self._store, model.spec, batch_size)):
                    if world.size == 1 and stop():
                        return None
                    if model.is_sharded or place % world.size == world.rank:
                        found = self._objective(assemble(self._store, sequences, model.flattens).to(model.device))
                        share = world.size if model.is_sharded else 1
                        totals = [total + value / share for total, value in zip(totals, found)]
        finally:
            model.inner.train()
        return totals

    def mean(self, totals: list[float]) -> tuple[float, float]:
        """The mean loss, and the share that the model gets right, of all processes' parts."""
        loss, correct, units = self._world.sum(totals)
        # Rows without a label have no loss, which is not a loss of zero.
        return (loss / units if units > 0 else math.nan), correct / max(1.0, units)
