"""LoRA and DoRA adapters by PEFT: made, read and written in its layout."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save_file
from transformers import PreTrainedModel
from transformers.pytorch_utils import Conv1D

from ..faults import ExitCode, Fault, FaultError, invalid
from ..job.durable import write_file
from ..job.spec import JobSpec, LoraSpec

CONFIG_FILE, WEIGHTS_FILE = "adapter_config.json", "adapter_model.safetensors"
_ADAPTER = "default"
_MAX_FAULTS = 5


def attach(model: PreTrainedModel, spec: JobSpec, seed: int) -> PeftModel:
    """
    Puts a fresh adapter on the layers that the spec names: A drawn as nn.Linear draws its weights (uniform within 1/sqrt(in)), layer
    after layer from one generator as the embedded trainer does; B zero, so that the model starts unchanged.
    """
    lora = spec.lora
    alpha = int(lora.alpha) if float(lora.alpha).is_integer() else lora.alpha
    config = LoraConfig(r=lora.r, lora_alpha=alpha, lora_dropout=lora.dropout, bias="none", task_type="CAUSAL_LM", use_rslora=lora.use_rslora,
                        use_dora=spec.method == "dora", target_modules=_targets(model, lora))
    adapted = get_peft_model(model, config)
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, weight in adapted.named_parameters():
            if ".lora_A." in name:
                bound = weight.shape[1] ** -0.5
                weight.copy_(torch.empty(weight.shape, dtype=torch.float32).uniform_(-bound, bound, generator=generator))
    return adapted


def load(model: PreTrainedModel, folder: Path, *, dropout: float | None = None, is_trained: bool = False) -> PeftModel:
    """Reads an adapter folder onto the model; all that does not fit is a fault."""
    config = _read_config(folder)
    config.inference_mode, config.base_model_name_or_path = not is_trained, model.name_or_path
    if dropout is not None:
        config.lora_dropout = dropout
    tensors = _read_tensors(folder)
    try:
        adapted = get_peft_model(model, config)
    except ValueError as error:
        raise invalid("unknown_target_module", f"The adapter does not fit the model: {error}", "Check that the adapter belongs to this base model.", str(folder)) from error
    parameters = trained_parameters(adapted)
    _require_fit(parameters, tensors, str(folder))
    with torch.no_grad():
        for name, weight in parameters.items():
            weight.copy_(tensors[name])
    return adapted


def _require_fit(parameters: dict[str, torch.nn.Parameter], tensors: dict[str, torch.Tensor], folder: str) -> None:
    found = [("missing_tensor", f"The adapter has no tensor '{name}'.") for name in parameters if name not in tensors]
    found += [("unexpected_tensor", f"The adapter holds '{name}', which fits no layer that it names.") for name in tensors if name not in parameters]
    found += [("wrong_shape", f"Tensor '{name}' has the shape {list(tensors[name].shape)}; the base model asks for {list(weight.shape)}.")
              for name, weight in parameters.items() if name in tensors and tensors[name].shape != weight.shape]
    if found:
        raise FaultError(ExitCode.INVALID, [Fault(code, message, "Check that the adapter belongs to this base model.", folder) for code, message in found[:_MAX_FAULTS]])


def save(model: PeftModel, tensors: dict[str, torch.Tensor], folder: Path, base_model: str) -> None:
    """Writes an adapter in 32 bits."""
    save_file({name: tensor.detach().to("cpu", torch.float32).contiguous() for name, tensor in tensors.items()}, folder / WEIGHTS_FILE, metadata={"format": "pt"})
    config = model.peft_config[_ADAPTER].to_dict() | {"base_model_name_or_path": base_model, "inference_mode": True}
    write_file(folder / CONFIG_FILE, json.dumps(config, default=_plain, indent=2, sort_keys=True).encode())


def trained_parameters(model: PeftModel) -> dict[str, torch.nn.Parameter]:
    """The adapter's weights by their names in its file, sorted."""
    found = {_file_name(name): weight for name, weight in model.named_parameters() if ".lora_" in name}
    return dict(sorted(found.items()))


def _file_name(name: str) -> str:
    name = name.replace(f".{_ADAPTER}", "")
    return name.removesuffix(".weight") if name.endswith("lora_magnitude_vector.weight") else name


def _targets(model: PreTrainedModel, lora: LoraSpec) -> list[str]:
    head = model.get_output_embeddings()
    linear = {name: name.rpartition(".")[2] for name, module in model.named_modules() if module is not head and isinstance(module, (torch.nn.Linear, Conv1D))}
    known = list(dict.fromkeys(linear.values()))
    if lora.target_modules == "all-linear":
        return sorted(known)
    names = [lora.target_modules] if isinstance(lora.target_modules, str) else list(lora.target_modules)
    unknown = [name for name in names if not any(one == name or one.endswith("." + name) for one in linear)]
    if unknown:
        raise FaultError(ExitCode.INVALID, [Fault("unknown_target_module", f"No linear layer is named '{name}'.",
                                                  f"Known: {', '.join(known)}, or all-linear.", "lora.target_modules") for name in unknown])
    return sorted(set(names))


def _read_config(folder: Path) -> LoraConfig:
    path = folder / CONFIG_FILE
    try:
        values = json.loads(path.read_bytes())
        kind = values.get("peft_type")
        if kind != "LORA":
            raise invalid("unsupported_adapter", f"The adapter is of type '{kind}'.", "Only LORA adapters are computed here.", str(path))
        known = {name: value for name, value in values.items() if name in LoraConfig.__dataclass_fields__ and name != "runtime_config"}
        config = LoraConfig(**known)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise invalid("adapter_not_found", f"There is no '{path}'.", "Name an adapter folder in PEFT layout.", str(path)) from error
    except (OSError, ValueError, TypeError, AttributeError, RecursionError) as error:
        raise invalid("bad_adapter_config", f"'{path}' cannot be read: {error}", "Export the adapter again.", str(path)) from error
    if config.modules_to_save or config.bias != "none" or config.lora_bias:
        raise invalid("unsupported_adapter", "The adapter holds whole layers or biases, which is not computed here.", "Train or export the adapter without them.", str(path))
    return config


def _read_tensors(folder: Path) -> dict[str, torch.Tensor]:
    path = folder / WEIGHTS_FILE
    if not path.is_file() and (folder / "adapter_model.bin").is_file():
        raise invalid("pickled_weights", f"'{folder}' holds pickled weights and no {WEIGHTS_FILE}.", "Loading pickles runs code: export the adapter as safetensors.", str(folder))
    try:
        with safe_open(path, "pt"):
            pass
        return load_file(path)
    except (OSError, SafetensorError) as error:
        raise invalid("bad_safetensors", f"'{path}' cannot be read: {error}", "Export the adapter again.", str(path)) from error


def _plain(value: Any) -> Any:
    if isinstance(value, (set, frozenset)):
        return sorted(value)
    return getattr(value, "value", str(value))
