"""What is minimised. A module, so that weights that are spread over processes are whole while it is called."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import torch
from torch.nn import functional

from ..data.batch import TokenBatch
from ..model.loss import chunked_loss, token_losses
from ..model.trainable import TrainableModel

_T = TypeVar("_T")


class Objective(torch.nn.Module):
    """
    Called with a scale it gives a loss with its graph, scaled, and the sum that is reported, unscaled; called without one (sum, right,
    of how many).
    """

    def __init__(self, model: TrainableModel) -> None:
        super().__init__()
        self.network = model.inner if model.adapted is None else model.adapted
        self.model = model

    def forward(self, batch: TokenBatch | Callable[[], _T], scale: float | None = None) -> tuple | _T:
        if not isinstance(batch, TokenBatch):
            return batch()
        hidden = self.model.hidden(batch)
        return self._score(hidden, batch) if scale is None else self._loss(hidden, batch, scale)

    def whole(self, action: Callable[[], _T]) -> _T:
        """What the action gives, done with whole weights; all processes do it together."""
        return self(action)

    def units(self, batch: TokenBatch) -> int:
        """How many of what the mean is taken over."""
        raise NotImplementedError

    def _loss(self, hidden: torch.Tensor, batch: TokenBatch, scale: float) -> tuple[torch.Tensor, torch.Tensor]:
        raise NotImplementedError

    def _score(self, hidden: torch.Tensor, batch: TokenBatch) -> tuple[float, int, int]:
        raise NotImplementedError


class SupervisedObjective(Objective):
    """The mean loss of the labelled tokens."""

    def units(self, batch: TokenBatch) -> int:
        return batch.labelled_tokens

    def _loss(self, hidden: torch.Tensor, batch: TokenBatch, scale: float) -> tuple[torch.Tensor, torch.Tensor]:
        model = self.model
        loss = chunked_loss(hidden, batch.targets, model.score, model.chunk, model.head_parameters)
        return loss * scale, loss.detach()

    def _score(self, hidden: torch.Tensor, batch: TokenBatch) -> tuple[float, int, int]:
        losses, correct = token_losses(hidden, batch.targets, self.model.score, self.model.chunk)
        return float(losses.double().sum()), correct, batch.labelled_tokens


class PreferenceObjective(Objective):
    """
    Direct preference optimisation (Rafailov et al. 2023, arXiv 2305.18290). The rows of a batch are pairs, preferred answer first;
    `references` has, by the name of their store, the log-likelihood of every row under the model that the run began with.
    """

    def __init__(self, model: TrainableModel, beta: float) -> None:
        super().__init__(model)
        self._beta = beta
        self.references: dict[str, torch.Tensor] = {}

    def units(self, batch: TokenBatch) -> int:
        return len(batch.row_ids) // 2

    def forward(self, batch: TokenBatch | Callable[[], _T], scale: float | None = None) -> tuple | _T:
        if isinstance(batch, TokenBatch) and batch.source not in self.references:
            return (self._likelihoods(self.model.hidden(batch), batch),)
        return super().forward(batch, scale)

    def _loss(self, hidden: torch.Tensor, batch: TokenBatch, scale: float) -> tuple[torch.Tensor, torch.Tensor]:
        model = self.model
        margins = self._margins(hidden.detach(), batch)
        # The loss -log s(m) falls with every preferred token's likelihood as b·s(-m): the same gradient as of a weighted sum of token losses.
        pull = self._beta * torch.sigmoid(-margins)
        of_row = torch.stack((pull, -pull), dim=1).reshape(-1)
        loss = chunked_loss(hidden, batch.targets, model.score, model.chunk, model.head_parameters, of_row[batch.rows].float())
        return loss * scale, -functional.logsigmoid(margins).sum()

    def _score(self, hidden: torch.Tensor, batch: TokenBatch) -> tuple[float, int, int]:
        margins = self._margins(hidden, batch)
        return float(-functional.logsigmoid(margins).sum()), int((margins > 0).sum()), margins.numel()

    def _margins(self, hidden: torch.Tensor, batch: TokenBatch) -> torch.Tensor:
        """How much more the model has come to prefer the preferred answer, times beta; [pairs]."""
        before = self.references[batch.source][batch.row_ids].to(hidden.device)
        gained = (self._likelihoods(hidden, batch) - before).view(-1, 2)
        return self._beta * (gained[:, 0] - gained[:, 1])

    def _likelihoods(self, hidden: torch.Tensor, batch: TokenBatch) -> torch.Tensor:
        """The log-likelihood of each row's answer, [rows], in 64 bits where the device has them."""
        losses, _ = token_losses(hidden, batch.targets, self.model.score, self.model.chunk)
        wide = torch.float32 if hidden.device.type == "mps" else torch.float64
        return -torch.zeros(len(batch.row_ids), dtype=wide, device=hidden.device).index_add_(0, batch.rows, losses.to(wide))
