"""Which rows share a sequence."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Sequence

# How many sequences may wait for a fitting row; more fill better and cost more to search.
_OPEN_SEQUENCES = 128


def one_by_one(rows: int) -> list[list[int]]:
    return [[row] for row in range(rows)]


def pack(lengths: Sequence[int], max_length: int, order: Sequence[int]) -> list[list[int]]:
    """
    Each row, in `order`, goes into the fullest open sequence that still has room for it, of two equally full ones into the
    older (bounded best fit); no row is longer than `max_length`.
    """
    open_sequences: list[tuple[int, int]] = []  # free tokens and age, sorted
    sequences: list[list[int]] = []
    closed: list[int] = []
    for row in order:
        fit = bisect_left(open_sequences, (int(lengths[row]), -1))
        if fit == len(open_sequences):
            if len(open_sequences) == _OPEN_SEQUENCES:
                closed.append(open_sequences.pop(0)[1])
            free, age = max_length, len(sequences)
            sequences.append([])
        else:
            free, age = open_sequences.pop(fit)
        sequences[age].append(row)
        insort(open_sequences, (free - int(lengths[row]), age))
    closed += sorted(age for _, age in open_sequences)
    return [sequences[age] for age in closed]
