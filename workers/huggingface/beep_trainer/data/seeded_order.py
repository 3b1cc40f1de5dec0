"""
Permutations that depend on the seed and the epoch alone, so that a resumed run visits what an uninterrupted one would, and
the embedded trainer what this one does (contracts/job-folder.md, "Order").
"""

from __future__ import annotations

_MASK = (1 << 64) - 1


def permutation(count: int, seed: int, epoch: int) -> list[int]:
    """A permutation of 0 to count - 1 (Fisher and Yates, drawn by SplitMix64)."""
    order = list(range(count))
    state = _mix(seed, epoch)
    for i in range(count - 1, 0, -1):
        state, drawn = _next(state)
        j = (drawn * (i + 1)) >> 64
        order[i], order[j] = order[j], order[i]
    return order


def derive(seed: int, number: int) -> int:
    """A seed for one purpose out of the run's seed: `number` tells the purposes apart."""
    return _next(_mix(seed, number))[1] >> 1


def _mix(seed: int, number: int) -> int:
    return (seed * 0x9E3779B97F4A7C15 + (number & _MASK) * 0xD1B54A32D192ED03 + 0x8CB92BA72F3D8DD7) & _MASK


def _next(state: int) -> tuple[int, int]:
    """SplitMix64 (Steele, Lea and Flood 2014)."""
    state = (state + 0x9E3779B97F4A7C15) & _MASK
    z = state
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & _MASK
    return state, z ^ (z >> 31)
