"""What is minimised. A module, so that weights which are spread over processes are whole while its forward pass runs."""

from __future__ import annotations

import torch
from torch.nn import functional

from ..data.batch import TokenBatch
from ..model.loss import chunked_loss, token_losses
from ..model.trainable import TrainableModel


class Objective(torch.nn.Module):
    """`forward` gives a loss with its graph, scaled, and the sum that is reported, unscaled; `score` gives (sum, right, of how many)."""

    def __init__(self, model: TrainableModel) -> None:
        super().__init__()
        self.network = model.inner if model.adapted is None else model.adapted
        self.model = model

    def units(self, batch: TokenBatch) -> int:
        """How many of what the mean is taken over."""
        raise NotImplementedError

    def score(self, batch: TokenBatch) -> tuple[float, int, int]:
        raise NotImplementedError


class SupervisedObjective(Objective):
    """The mean loss of the labelled tokens."""

    def units(self, batch: TokenBatch) -> int:
        return batch.labelled_tokens

    def forward(self, batch: TokenBatch, scale: float) -> tuple[torch.Tensor, torch.Tensor]:
        model = self.model
        loss = chunked_loss(model.hidden(batch), batch.targets, model.score, model.chunk, model.head_parameters)
        return loss * scale, loss.detach()

    def score(self, batch: TokenBatch) -> tuple[float, int, int]:
        losses, correct = token_losses(self.model.hidden(batch), batch.targets, self.model.score, self.model.chunk)
        return float(losses.double().sum()), correct, batch.labelled_tokens


class PreferenceObjective(Objective):
    """
    Direct preference optimisation (Rafailov et al. 2023, arXiv 2305.18290). The rows of a batch are pairs, preferred answer first;
    `reference` has the log-likelihood of every row under the model that the run began with.
    """

    def __init__(self, model: TrainableModel, beta: float, reference: torch.Tensor) -> None:
        super().__init__(model)
        self._beta, self._reference = beta, reference

    def units(self, batch: TokenBatch) -> int:
        return len(batch.row_ids) // 2

    def forward(self, batch: TokenBatch, scale: float) -> tuple[torch.Tensor, torch.Tensor]:
        model = self.model
        hidden = model.hidden(batch)
        margins = self._margins(hidden.detach(), batch)
        # The loss -log s(m) falls with every preferred token's likelihood as b·s(-m): the same gradient as of a weighted sum of token losses.
        pull = self._beta * torch.sigmoid(-margins)
        of_row = torch.stack((pull, -pull), dim=1).reshape(-1)
        loss = chunked_loss(hidden, batch.targets, model.score, model.chunk, model.head_parameters, of_row[batch.rows].float())
        return loss * scale, -functional.logsigmoid(margins).sum()

    def score(self, batch: TokenBatch) -> tuple[float, int, int]:
        margins = self._margins(self.model.hidden(batch), batch)
        return float(-functional.logsigmoid(margins).sum()), int((margins > 0).sum()), margins.numel()

    def _margins(self, hidden: torch.Tensor, batch: TokenBatch) -> torch.Tensor:
        """How much more the model has come to prefer the preferred answer, times beta; [pairs]."""
        gained = (row_likelihoods(self.model, hidden, batch) - self._reference[batch.row_ids].to(hidden.device)).view(-1, 2)
        return self._beta * (gained[:, 0] - gained[:, 1])


def row_likelihoods(model: TrainableModel, hidden: torch.Tensor, batch: TokenBatch) -> torch.Tensor:
    """The log-likelihood of each row's answer, [rows], in 64 bits where the device has them."""
    losses, _ = token_losses(hidden, batch.targets, model.score, model.chunk)
    wide = torch.float32 if hidden.device.type == "mps" else torch.float64
    return -torch.zeros(len(batch.row_ids), dtype=wide, device=hidden.device).index_add_(0, batch.rows, losses.to(wide))
