"""
From the hidden states to the loss. Scores are computed only where loss is taken, and a few rows at a time: [tokens, vocabulary] in 32 bits
is often the largest tensor of a run. The gradient of a chunk is taken while its scores are there, so that none is kept or computed twice.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch.nn import functional

# A processor's caches want few at a time, a GPU's many cores want more.
_MAX_SCORES = {"cuda": 1 << 26}
_MAX_SCORES_ELSEWHERE = 1 << 24
Score = Callable[[torch.Tensor], torch.Tensor]


def rows_at_once(vocabulary_size: int, device: torch.device) -> int:
    return max(64, _MAX_SCORES.get(device.type, _MAX_SCORES_ELSEWHERE) // max(1, vocabulary_size))


class _ChunkedLoss(torch.autograd.Function):
    """The sum of weighted token losses; `parameters` are the trained weights that `score` reads."""

    @staticmethod
    def forward(ctx, hidden, targets, weights, score, chunk, *parameters):  # type: ignore[no-untyped-def, override]
        total = torch.zeros((), dtype=torch.float32, device=hidden.device)
        hidden_gradient = torch.empty_like(hidden) if hidden.requires_grad else None
        gradients = [torch.zeros_like(one, dtype=torch.float32) for one in parameters]
        for start in range(0, hidden.shape[0], chunk):
            part = slice(start, start + chunk)
            with torch.enable_grad():
                leaf = hidden[part].detach().requires_grad_(True)
                losses = functional.cross_entropy(score(leaf).float(), targets[part], reduction="none")
                loss = (losses if weights is None else losses * weights[part]).sum()
            found = torch.autograd.grad(loss, [leaf, *parameters], allow_unused=True)
            total += loss.detach()
            if hidden_gradient is not None:
                hidden_gradient[part] = found[0]
            for sum_, gradient in zip(gradients, found[1:]):
                if gradient is not None:
                    sum_ += gradient
        ctx.save_for_backward(*([hidden_gradient] if hidden_gradient is not None else []), *gradients)
        ctx.has_hidden = hidden_gradient is not None
        ctx.dtypes = [one.dtype for one in parameters]
        return total

    @staticmethod
    def backward(ctx, output_gradient):  # type: ignore[no-untyped-def, override]
        saved = list(ctx.saved_tensors)
        hidden_gradient = saved.pop(0) * output_gradient if ctx.has_hidden else None
        scaled = [(one * output_gradient).to(dtype) for one, dtype in zip(saved, ctx.dtypes)]
        return hidden_gradient, None, None, None, None, *scaled


def chunked_loss(hidden: torch.Tensor, targets: torch.Tensor, score: Score, chunk: int, parameters: Sequence[torch.Tensor],
                 weights: torch.Tensor | None = None) -> torch.Tensor:
    """The sum of the tokens' losses, in nats, each times its weight; with the graph of `hidden`, [N, …], and `parameters`."""
    return _ChunkedLoss.apply(hidden, targets, weights, score, chunk, *parameters)


@torch.no_grad()
def token_losses(hidden: torch.Tensor, targets: torch.Tensor, score: Score, chunk: int) -> tuple[torch.Tensor, int]:
    """The loss of each token, in nats, and how many of them the model ranks first."""
    losses, correct = [], 0
    for start in range(0, hidden.shape[0], chunk):
        expected = targets[start : start + chunk]
        scores = score(hidden[start : start + chunk]).float()
        losses.append(functional.cross_entropy(scores, expected, reduction="none"))
        correct += int((scores.argmax(-1) == expected).sum())
    return torch.cat(losses) if losses else torch.zeros(0, device=hidden.device), correct
