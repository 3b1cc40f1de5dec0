"""Loads a model with Transformers: from its own folder, as safetensors, by Transformers' own code."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from transformers import MODEL_FOR_CAUSAL_LM_MAPPING, AutoConfig, AutoModelForCausalLM, PreTrainedModel
from transformers.utils import is_flash_attn_2_available
from transformers.utils import logging as library_logging

from ..faults import ExitCode, Fault, FaultError, invalid
from .folder import read_config, text_config, weight_files

library_logging.disable_progress_bar()
_MAX_FAULTS = 5
# trust_remote_code lets a model folder bring programs along; it is nobody's choice here.
_LOCAL: dict[str, Any] = {"trust_remote_code": False, "local_files_only": True}


def load_model(folder: Path, dtype: torch.dtype, device: torch.device, *, attention: str | None = None, is_quantised: bool = False) -> PreTrainedModel:
    """Loads the weights of a folder; what Transformers would draw because the folder lacks it is a fault."""
    _require_sound(weight_files(folder))
    config = load_config(folder)
    options: dict[str, Any] = {"dtype": dtype, "config": config, "attn_implementation": attention or choose_attention(folder, config, dtype, device)}
    if is_quantised:
        options |= {"quantization_config": four_bit(dtype), "device_map": {"": device}}
    try:
        model, info = AutoModelForCausalLM.from_pretrained(folder, use_safetensors=True, output_loading_info=True, **options, **_LOCAL)
    except (ImportError, torch.OutOfMemoryError):
        raise
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        if "memory" in str(error).lower():
            raise
        raise invalid("model_not_loaded", f"'{folder}' cannot be loaded: {_first_line(error)}", "Download the model again, or use one that Transformers computes.", str(folder)) from error
    _require_whole(folder, info)
    return model if is_quantised else model.to(device)


def draw_model(folder: Path, seed: int, device: torch.device) -> PreTrainedModel:
    """A model of the folder's configuration with freshly drawn weights, to be trained in full."""
    config = load_config(folder)
    torch.manual_seed(seed)
    model = AutoModelForCausalLM.from_config(config, dtype=torch.float32, attn_implementation=choose_attention(folder, config, torch.float32, device), trust_remote_code=False)
    return model.to(device)


def load_config(folder: Path) -> Any:
    kind = read_config(folder).get("model_type")
    try:
        return AutoConfig.from_pretrained(folder, **_LOCAL)
    except (ValueError, KeyError) as error:
        if "auto_map" in read_config(folder):
            raise invalid("remote_code", f"The model is of type '{kind}', which only the program in its own folder computes.",
                          "Programs of a model folder are not run: use a model that Transformers itself knows.", str(folder / "config.json")) from error
        raise invalid("unknown_model_type", f"The model is of type '{kind}', which is not known here.",
                      "Use a model that the installed Transformers knows, or install a newer one.", str(folder / "config.json")) from error


def choose_attention(folder: Path, config: Any, dtype: torch.dtype, device: torch.device) -> str | None:
    """The fastest that computes what the model means; None for PyTorch's own, or what the kind of model has in its place."""
    caps_scores = text_config(read_config(folder)).get("attn_logit_softcapping") is not None
    if device.type == "cuda" and dtype != torch.float32 and is_flash_attn_2_available() and _knows_flash(config):
        return "flash_attention_2"
    # SDPA knows no cap, and in bf16 on a processor it is several times slower than plain products.
    return "eager" if caps_scores or (device.type == "cpu" and dtype == torch.bfloat16) else None


def _knows_flash(config: Any) -> bool:
    kind = MODEL_FOR_CAUSAL_LM_MAPPING.get(type(config), None)
    return any(getattr(kind, name, False) for name in ("_supports_flash_attn", "_supports_flash_attn_2"))


def four_bit(compute: torch.dtype) -> Any:
    """NF4 with double quantisation (Dettmers et al. 2023, arXiv 2305.14314)."""
    from transformers import BitsAndBytesConfig

    return BitsAndBytesConfig(load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_use_double_quant=True, bnb_4bit_compute_dtype=compute)


def _require_sound(files: list[Path]) -> None:
    for file in files:
        try:
            with safe_open(file, "pt"):
                pass
        except (OSError, SafetensorError) as error:
            raise invalid("bad_safetensors", f"'{file}' cannot be read: {error}", "Download the model again.", str(file)) from error


def _require_whole(folder: Path, info: dict[str, Any]) -> None:
    faults = [Fault("missing_tensor", f"The model has no tensor '{name}', which its config.json asks for.", "Download the model again.", str(folder))
              for name in sorted(info.get("missing_keys", ()))]
    faults += [Fault("wrong_shape", f"Tensor '{one[0]}' has the shape {list(one[1])}; config.json asks for {list(one[2])}.", "Download the model again.", str(folder))
               for one in sorted(info.get("mismatched_keys", ()), key=str)]
    if faults:
        raise FaultError(ExitCode.INVALID, faults[:_MAX_FAULTS])


def _first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
