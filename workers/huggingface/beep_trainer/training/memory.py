"""What memory is taken, what is there, and how a failed allocation is told from other errors."""

from __future__ import annotations

import sys

import torch


def in_use(device: torch.device) -> int:
    """Memory of the device, or resident memory of this process on a processor."""
    if device.type == "cuda":
        return torch.cuda.memory_reserved(device)
    try:
        import psutil

        return int(psutil.Process().memory_info().rss)
    except ImportError:
        return peak(device)


def peak(device: torch.device) -> int:
    if device.type == "cuda":
        return torch.cuda.max_memory_reserved(device)
    if sys.platform == "win32":
        import psutil

        return int(psutil.Process().memory_info().peak_wset)  # type: ignore[attr-defined]
    import resource

    largest = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return largest if sys.platform == "darwin" else largest * 1024


def available(device: torch.device) -> int:
    """What may still be taken; 0 where that cannot be told."""
    if device.type == "cuda":
        return torch.cuda.mem_get_info(device)[0]
    try:
        import psutil

        return int(psutil.virtual_memory().available)
    except ImportError:
        return 0


def is_out_of_memory(error: BaseException) -> bool:
    if isinstance(error, (MemoryError, torch.OutOfMemoryError)):
        return True
    text = str(error).lower()
    return isinstance(error, (RuntimeError, OSError)) and any(
        phrase in text for phrase in ("can't allocate memory", "cannot allocate memory", "out of memory", "bad_alloc", "not enough memory"))


def give_back(device: torch.device) -> None:
    """Lets go of what a failed pass has left in the allocator."""
    if device.type == "cuda":
        torch.cuda.empty_cache()
    elif device.type == "mps":
        torch.mps.empty_cache()
