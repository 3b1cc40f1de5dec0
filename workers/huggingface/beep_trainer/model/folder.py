"""A model folder in Hugging Face layout, looked at before anything of it is loaded."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from ..faults import ExitCode, Fault, FaultError, invalid
from ..job.spec import ModelSpec

SINGLE_FILE, INDEX_FILE = "model.safetensors", "model.safetensors.index.json"
_PICKLED = (".bin", ".pt", ".pth", ".pkl", ".ckpt")
_COMPANIONS = ("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json", "vocab.json", "merges.txt",
               "tokenizer.model", "chat_template.jinja", "generation_config.json", "LICENSE", "LICENSE.txt", "NOTICE")


def read_config(folder: Path) -> dict[str, Any]:
    path = folder / "config.json"
    try:
        config = json.loads(path.read_bytes())
    except (FileNotFoundError, NotADirectoryError) as error:
        raise invalid("config_not_found", f"There is no '{path}'.", "Name a model folder in Hugging Face layout.", str(path)) from error
    except (OSError, ValueError, RecursionError) as error:
        raise invalid("bad_config", f"'{path}' cannot be read: {error}", "Download the model again.", str(path)) from error
    if not isinstance(config, dict):
        raise invalid("bad_config", f"'{path}' cannot be read: it holds no object.", "Download the model again.", str(path))
    return config


def text_config(config: dict[str, Any]) -> dict[str, Any]:
    """The part about text, where a model also sees or hears."""
    inner = config.get("text_config")
    return inner if isinstance(inner, dict) else config


def weight_files(folder: Path) -> list[Path]:
    """Sorted by name. Pickles run code when they are loaded, so they are never read."""
    if (folder / SINGLE_FILE).is_file():
        return [folder / SINGLE_FILE]
    index = folder / INDEX_FILE
    if not index.is_file():
        raise _missing(folder)
    try:
        names = sorted(set(json.loads(index.read_bytes())["weight_map"].values()))
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise invalid("bad_index", f"The index cannot be read: {error}", "Download the model again.", str(index)) from error
    for name in names:
        # An index names files beside it: a path would reach into other folders.
        if not isinstance(name, str) or not name.endswith(".safetensors") or Path(name).name != name:
            raise invalid("bad_index", f"The index names the shard '{name}'.", "A shard is a .safetensors file beside the index; download the model again.", str(index))
    faults = [Fault("missing_shard", f"The shard '{name}' is not there.", "Download the rest of the model.", str(index)) for name in names if not (folder / name).is_file()]
    if faults:
        raise FaultError(ExitCode.INVALID, faults)
    return [folder / name for name in names]


def check_hash(model: ModelSpec) -> None:
    if model.sha256 is None:
        return
    actual = hash_files(weight_files(Path(model.path)))
    if actual != model.sha256.lower():
        raise invalid("model_changed", f"The weights in '{model.path}' have the SHA-256 {actual}; the spec was made for {model.sha256}.",
                      "Restore the model, or leave model.sha256 out.", "model.sha256")


def hash_files(paths: list[Path]) -> str:
    total = hashlib.sha256()
    for path in paths:
        with open(path, "rb") as stream:
            while block := stream.read(1 << 20):
                total.update(block)
    return total.hexdigest()


def copy_companions(source: Path, target: Path, dtype: str) -> None:
    """The tokenizer and its kind, and the configuration with the number format of the new weights."""
    for name in _COMPANIONS:
        if (source / name).is_file():
            # Not a copy of the file's mode: a read-only one could be neither flushed nor replaced.
            (target / name).write_bytes((source / name).read_bytes())
    config = read_config(source)
    config["torch_dtype" if "torch_dtype" in config else "dtype"] = dtype
    (target / "config.json").write_text(json.dumps(config, ensure_ascii=False, indent=2), "utf-8")


def _missing(folder: Path) -> FaultError:
    if not folder.is_dir():
        return invalid("model_not_found", f"There is no model folder '{folder}'.", "Check the path.", str(folder))
    pickled = next((path.name for path in sorted(folder.iterdir()) if path.suffix.lower() in _PICKLED), None)
    if pickled is None:
        return invalid("weights_not_found", f"'{folder}' holds neither {SINGLE_FILE} nor {INDEX_FILE}.", "Name a model folder in Hugging Face layout.", str(folder))
    return invalid("pickled_weights", f"'{folder}' holds pickled weights ('{pickled}') and no safetensors.",
                   "Loading pickles runs code: download the safetensors version of the model or convert it.", str(folder))
