"""Weights spread over the processes (PyTorch's fully_shard), for models that no single device holds with gradients and moments."""

from __future__ import annotations

import os

import torch

from ..faults import invalid
from ..job.spec import JobSpec
from .world import World


class Shards:
    """BEEP_SHARDING says `replicate` or `full`; unset, whole models are spread over GPUs and adapters are not."""

    def __init__(self, spec: JobSpec, world: World) -> None:
        chosen = os.environ.get("BEEP_SHARDING", "auto")
        if chosen not in ("auto", "replicate", "full"):
            raise invalid("wrong_setting", f"BEEP_SHARDING is '{chosen}'.", "Set it to auto, replicate or full.", "BEEP_SHARDING")
        wanted = chosen == "full" or (chosen == "auto" and spec.method == "full" and world.device.type == "cuda")
        self.is_on = wanted and world.size > 1
        if self.is_on and spec.method == "qlora":
            raise invalid("unsupported", "4-bit weights cannot be spread over processes.", "Set BEEP_SHARDING=replicate, or method=lora.", "method")

    def apply(self, unit: torch.nn.Module, layers: list[torch.nn.Module]) -> None:
        """Spreads each block, and what is left of `unit`; each is gathered while it computes."""
        if not self.is_on:
            return
        from torch.distributed.fsdp import fully_shard

        for layer in layers:
            fully_shard(layer)
        fully_shard(unit)

    def gather(self, tensors: dict[str, torch.Tensor], is_wanted: bool) -> dict[str, torch.Tensor]:
        """Whole tensors on the processor, of which one process has enough to do; all call it together."""
        if not self.is_on:
            return dict(tensors)
        found = {}
        for name, tensor in tensors.items():
            whole = tensor.full_tensor() if hasattr(tensor, "full_tensor") else tensor
            if is_wanted:
                found[name] = whole.detach().cpu()
        return found

    def spread(self, tensor: torch.Tensor, like: torch.Tensor) -> torch.Tensor:
        """A whole tensor as this process's part of `like`."""
        if not hasattr(like, "device_mesh"):
            return tensor.to(like.device)
        from torch.distributed.tensor import distribute_tensor

        return distribute_tensor(tensor.to(like.device, like.dtype), like.device_mesh, like.placements)
