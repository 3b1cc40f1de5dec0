"""The processes that train together: one alone, or those that torchrun started."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from typing import TypeVar

import torch
import torch.distributed as dist

_BUCKET = 1 << 24  # numbers that are summed at once
# Reading the data is the first process's work alone, and may take long.
_TIMEOUT = timedelta(hours=6)
# How long processes that begin anew look for each other: those that have not noticed yet are still there as they were.
_MEETING = timedelta(minutes=5)
ATTEMPT, STARTED = "BEEP_ATTEMPT", "BEEP_STARTED"
_T = TypeVar("_T")


class World:
    def __init__(self) -> None:
        self.size = int(os.environ.get("WORLD_SIZE", "1"))
        self.rank = int(os.environ.get("RANK", "0"))
        self.device = _device(int(os.environ.get("LOCAL_RANK", "0")))
        self.started = float(os.environ.get(STARTED) or time.monotonic())
        self.attempt = int(os.environ.get(ATTEMPT, "0"))
        """How often the processes began anew; see restart.py."""

        if self.size > 1:
            self._meet()

    @property
    def is_first(self) -> bool:
        return self.rank == 0

    @property
    def seconds(self) -> float:
        """For how long the run has gone on."""
        return time.monotonic() - self.started

    def close(self) -> None:
        if self.size > 1 and dist.is_initialized():
            dist.destroy_process_group()

    def _meet(self) -> None:
        backend, device = ("nccl", self.device) if self.device.type == "cuda" else ("gloo", None)
        if self.attempt == 0 and not _is_kept_without_libuv():
            dist.init_process_group(backend, timeout=_TIMEOUT, device_id=device)
            return
        deadline = time.monotonic() + (_MEETING.total_seconds() if self.attempt > 0 else 0)
        while True:
            try:
                # Under names of its own: a store that outlives the processes still knows those of before.
                store = dist.PrefixStore(f"attempt-{os.environ.get('TORCHELASTIC_RESTART_COUNT', 0)}-{self.attempt}", self._store())
                dist.init_process_group(backend, store=store, rank=self.rank, world_size=self.size, timeout=_TIMEOUT, device_id=device)
                return
            except RuntimeError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.5)

    def _store(self) -> dist.Store:
        if _is_kept_without_libuv():
            return dist.TCPStore(os.environ["MASTER_ADDR"], int(os.environ["MASTER_PORT"]), self.size, timeout=_MEETING, use_libuv=False)
        from torch.distributed.rendezvous import rendezvous

        return next(rendezvous("env://", timeout=_MEETING))[0]

    def meet(self) -> None:
        """Waits for all of them."""
        self.any(False)

    def sum(self, values: Sequence[float]) -> list[float]:
        """Each number summed over all processes."""
        if self.size == 1:
            return list(values)
        numbers = torch.tensor(values, dtype=torch.float64, device=self.device)
        dist.all_reduce(numbers)
        return numbers.tolist()

    def any(self, flag: bool) -> bool:
        """Whether it holds in any process: they then all do the same."""
        return self.sum([float(flag)])[0] > 0

    def rounds(self, items: Sequence[_T], together: bool) -> Iterator[_T | None]:
        """This process's item of each round, None where there is none left for it; `together` where all do each item with each other."""
        place, width = (0, 1) if together else (self.rank, self.size)
        for start in range(0, len(items), width):
            yield items[start + place] if start + place < len(items) else None

    def share(self, value: object) -> object:
        """The first process's value, in all of them."""
        if self.size == 1:
            return value
        box = [value]
        dist.broadcast_object_list(box, src=0, device=self.device)
        return box[0]

    def sum_gradients(self, weights: Iterable[torch.nn.Parameter]) -> None:
        """Gradients summed over all processes, some megabytes at a time. A process without a part in a step has none yet."""
        if self.size == 1:
            return
        bucket: list[torch.nn.Parameter] = []
        for weight in weights:
            if weight.grad is None:
                weight.grad = torch.zeros_like(weight)
            bucket.append(weight)
            if sum(one.numel() for one in bucket) >= _BUCKET:
                self._sum_bucket(bucket)
                bucket = []
        if bucket:
            self._sum_bucket(bucket)

    @staticmethod
    def _sum_bucket(bucket: Sequence[torch.nn.Parameter]) -> None:
        flat = torch.cat([weight.grad.reshape(-1).float() for weight in bucket if weight.grad is not None])
        dist.all_reduce(flat)
        at = 0
        for weight in bucket:
            if weight.grad is not None:
                weight.grad.copy_(flat[at : at + weight.numel()].view_as(weight))
                at += weight.numel()


def _is_kept_without_libuv() -> bool:
    """Whether torchrun keeps the store of addresses, without libuv: PyTorch's own way to it asks for libuv whatever USE_LIBUV says."""
    return os.environ.get("TORCHELASTIC_USE_AGENT_STORE") == "True" and os.environ.get("USE_LIBUV") == "0"


def _device(local_rank: int) -> torch.device:
    if torch.cuda.is_available():
        device = torch.device("cuda", local_rank)
        torch.cuda.set_device(device)
        return device
    if torch.backends.mps.is_available():
        return torch.device("mps")
    return torch.device("cpu")
