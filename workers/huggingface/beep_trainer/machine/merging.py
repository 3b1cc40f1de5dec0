"""`merge`: adds an adapter to the weights of its base model."""

from __future__ import annotations

from pathlib import Path

import torch

from ..faults import ExitCode, invalid
from ..job.durable import write_folder
from ..model import adapters
from ..model.folder import copy_companions, read_config
from ..model.loading import load_model


def merge(model: Path, adapter: Path, output: Path) -> int:
    output = output.absolute()
    if output.is_dir() and any(output.iterdir()):
        raise invalid("output_exists", f"'{output}' exists and is not empty.", "Name a new folder.", "--out")
    # In 32 bits, so that the adapter's small changes are added before the sum is rounded once.
    adapted = adapters.load(load_model(model, torch.float32, torch.device("cpu")), adapter)
    try:
        merged = adapted.merge_and_unload(safe_merge=True)
    except ValueError as error:
        raise invalid("not_finite", f"The adapter's weights are not finite: {error}", "Train the adapter again.", str(adapter)) from error
    config = read_config(model)
    dtype = str(config.get("dtype") or config.get("torch_dtype") or "float32")
    dtype = dtype if dtype in ("bfloat16", "float16") else "float32"

    def fill(temporary: Path) -> None:
        merged.to(getattr(torch, dtype)).save_pretrained(temporary, max_shard_size="5GB")
        copy_companions(model, temporary, dtype)

    write_folder(output, fill)
    print(output)
    return int(ExitCode.SUCCEEDED)
