"""What this worker can do, and on what."""

from __future__ import annotations

import importlib.util

import torch

from ..faults import ExitCode, Fault, FaultError
from ..job.spec import JobSpec
from ..model.trainable import TrainableModel
from . import memory

# Half of what is free stays so: the estimate knows nothing of fragments and of other programs.
_SHARE_OF_MEMORY = 0.5
# Numbers that a block keeps for the way back, per token and hidden unit, beside those of its wide middle.
_KEPT_PER_HIDDEN = 12
_KEPT_PER_WIDE = 4


def check(spec: JobSpec, device: torch.device) -> None:
    """Refuses, by name and all at once, what a spec may ask for and is not done here."""
    faults = []
    if spec.backend != "transformers":
        faults.append(Fault("unsupported", f"'backend' is '{spec.backend}', which the transformers backend does not do.", "Known here: transformers.", "backend"))
    if spec.has_adapter and importlib.util.find_spec("peft") is None:
        faults.append(Fault("library_missing", f"'{spec.method}' needs PEFT, which is not installed in this environment.", "Install peft, or set method=full.", "method"))
    if spec.method == "qlora":
        why = qlora_hindrance(device)
        if why is not None:
            faults.append(Fault("unsupported", f"'method' is 'qlora', which cannot run here: {why}.", "Set method=lora, or run it on an NVIDIA GPU with bitsandbytes.", "method"))
    if faults:
        raise FaultError(ExitCode.INVALID, faults)


def qlora_hindrance(device: torch.device) -> str | None:
    if importlib.util.find_spec("bitsandbytes") is None:
        return "bitsandbytes is not installed"
    return None if device.type == "cuda" else "4-bit weights need a GPU"


def compute_type(precision: str, device: torch.device) -> torch.dtype:
    """bf16 on a GPU that computes it and 32 bits elsewhere, unless the spec says."""
    if precision == "auto":
        return torch.bfloat16 if device.type == "cuda" and torch.cuda.is_bf16_supported() else torch.float32
    return torch.bfloat16 if precision == "bf16" else torch.float32


def recomputes(spec: JobSpec, model: TrainableModel, tokens_in_a_pass: int) -> bool:
    """Whether blocks are computed again on the way back; `auto` keeps what they computed while that fits with room to spare."""
    if spec.train.gradient_checkpointing != "auto":
        return spec.train.gradient_checkpointing == "on"
    free = memory.available(model.device)
    config = model.inner.config.get_text_config()
    hidden, layers = int(getattr(config, "hidden_size", 0)), int(getattr(config, "num_hidden_layers", 0))
    wide = int(getattr(config, "intermediate_size", None) or 4 * hidden)
    size = 2 if model.compute == torch.bfloat16 else 4
    kept = layers * tokens_in_a_pass * (_KEPT_PER_HIDDEN * hidden + _KEPT_PER_WIDE * wide) * size
    if model.inner.config._attn_implementation == "eager":
        heads = int(getattr(config, "num_attention_heads", 0))
        kept += 2 * layers * heads * tokens_in_a_pass * min(tokens_in_a_pass, spec.data.max_length) * size
    # Gradients, the optimizer's two moments.
    kept += model.trained_count * 12
    return free > 0 and kept > free * _SHARE_OF_MEMORY


def blocks(model: TrainableModel) -> list[torch.nn.Module]:
    """The model's blocks, first to last: its longest list of modules."""
    lists = [module for module in model.inner.modules() if isinstance(module, torch.nn.ModuleList)]
    return list(max(lists, key=len)) if lists else []
