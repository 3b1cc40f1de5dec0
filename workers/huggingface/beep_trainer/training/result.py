"""What a run leaves behind: the weights of a checkpoint, and the artifact with a card that says how it was made."""

from __future__ import annotations

from pathlib import Path

import torch
from safetensors.torch import save_file

from ..job.durable import write_folder
from ..job.folder import JobFolder
from ..model.folder import SINGLE_FILE, copy_companions, hash_files, read_config, weight_files
from ..model.trainable import TrainableModel
from .card import model_card
from .state import TrainerState

Tensors = dict[str, torch.Tensor]


def checkpoint_weights_file(model: TrainableModel) -> str:
    if model.adapted is None:
        return SINGLE_FILE
    from ..model.adapters import WEIGHTS_FILE

    return WEIGHTS_FILE


def write_checkpoint_weights(model: TrainableModel, weights: Tensors, folder: Path) -> None:
    """The trained weights in 32 bits, so that nothing is lost between two parts of a run."""
    if model.adapted is not None:
        from ..model import adapters

        adapters.save(model.adapted, weights, folder, model.spec.model.path)
        return
    save_file({name: tensor.detach().to("cpu", torch.float32).contiguous() for name, tensor in weights.items()}, folder / SINGLE_FILE, metadata={"format": "pt"})


def write_artifact(model: TrainableModel, weights: Tensors, folder: JobFolder, state: TrainerState) -> tuple[str, Path, int, str]:
    """The adapter in PEFT's layout, or the whole model in Hugging Face layout. Gives its name, path, size and the hash of its weights."""
    is_adapter = model.adapted is not None
    path = folder.adapter if is_adapter else folder.merged

    def fill(temporary: Path) -> None:
        if is_adapter:
            write_checkpoint_weights(model, weights, temporary)
        else:
            _write_model(model, weights, temporary)
        (temporary / "README.md").write_text(model_card(model.spec, state), "utf-8", newline="\n")

    write_folder(path, fill)
    files = [path / checkpoint_weights_file(model)] if is_adapter else weight_files(path)
    return "adapter" if is_adapter else "merged", path, sum(one.stat().st_size for one in path.iterdir()), hash_files(files)


def _write_model(model: TrainableModel, weights: Tensors, folder: Path) -> None:
    """In the number format that the base model has, under the names of its own files."""
    source = Path(model.spec.model.path)
    config = read_config(source)
    dtype = str(config.get("dtype") or config.get("torch_dtype") or "float32")
    wanted = {"bfloat16": torch.bfloat16, "float16": torch.float16}.get(dtype, torch.float32)
    state = {name: tensor.detach().to("cpu", wanted).contiguous() for name, tensor in weights.items()}
    model.inner.save_pretrained(folder, state_dict=_with_tied(model, state), max_shard_size="5GB")
    copy_companions(source, folder, str(wanted).removeprefix("torch."))


def _with_tied(model: TrainableModel, state: Tensors) -> Tensors:
    """Weights that the model has under a second name too, which Transformers leaves out again when it saves; and its buffers."""
    names: dict[int, str] = {id(weight): name for name, weight in model.inner.named_parameters()}
    twice = {name: state[names[id(weight)]] for name, weight in model.inner.named_parameters(remove_duplicate=False) if id(weight) in names}
    kept = model.inner.state_dict().keys()
    buffers = {name: buffer.detach().cpu() for name, buffer in model.inner.named_buffers() if name in kept}
    return twice | buffers
