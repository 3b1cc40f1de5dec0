"""Sequences side by side, padded on the right: what one forward pass reads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from .formats import MASKED
from .store import TokenStore


@dataclass
class TokenBatch:
    input_ids: torch.Tensor
    """[B, T]."""

    positions: torch.Tensor | None
    """[B, T], the place of each token in its row; None where each sequence is one row. Attention is block-diagonal by it."""

    labelled_at: torch.Tensor
    """[N], where loss is taken, as indexes into [B·T]."""

    targets: torch.Tensor
    """[N], what is to be predicted there."""

    rows: torch.Tensor
    """[N], which row of the batch each of those places belongs to."""

    row_ids: list[int]
    """The rows of the store, in order."""

    source: str
    """The store that they are of."""

    tokens: int
    """Padding left out."""

    lines: list[int]

    @property
    def labelled_tokens(self) -> int:
        return self.targets.numel()

    def to(self, device: torch.device) -> TokenBatch:
        positions = None if self.positions is None else self.positions.to(device, non_blocking=True)
        return TokenBatch(self.input_ids.to(device, non_blocking=True), positions, self.labelled_at.to(device), self.targets.to(device),
                          self.rows.to(device), self.row_ids, self.source, self.tokens, self.lines)


def assemble(store: TokenStore, sequences: Sequence[Sequence[int]], in_one_line: bool = False) -> TokenBatch:
    """
    Puts sequences side by side, or all their rows into one line, which needs no padding. The label of a position is the token
    after it in the same row.
    """
    if in_one_line:
        sequences = [[row for rows in sequences for row in rows]]
    lengths = [sum(int(store.lengths[row]) for row in rows) for rows in sequences]
    width = max(lengths)
    ids = np.zeros((len(sequences), width), dtype=np.int64)
    # Padding goes on counting, so that it is no row of its own.
    positions = np.tile(np.arange(width, dtype=np.int64), (len(sequences), 1))
    labelled_at, targets, of_row = [], [], []
    row_ids = [row for rows in sequences for row in rows]
    number = 0
    for place, rows in enumerate(sequences):
        at = 0
        for row in rows:
            row_tokens, labels = store.read(row)
            end = at + len(row_tokens)
            ids[place, at:end] = row_tokens
            positions[place, at:] = np.arange(width - at)
            where = np.flatnonzero(labels[1:] != MASKED)
            labelled_at.append(place * width + at + where)
            targets.append(labels[1:][where])
            of_row.append(np.full(len(where), number))
            at, number = end, number + 1
    is_packed = any(len(rows) > 1 for rows in sequences)
    return TokenBatch(
        torch.from_numpy(ids),
        torch.from_numpy(positions) if is_packed else None,
        torch.from_numpy(np.concatenate(labelled_at).astype(np.int64)),
        torch.from_numpy(np.concatenate(targets).astype(np.int64)),
        torch.from_numpy(np.concatenate(of_row).astype(np.int64)),
        row_ids,
        store.content,
        sum(lengths),
        [store.line(row) for row in row_ids],
    )
