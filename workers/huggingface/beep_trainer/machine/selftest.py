"""`selftest`: trains a tiny drawn model for two steps in a temporary folder, through everything that a real run goes through."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from ..job.folder import JobFolder

_STEPS = 2
_ROWS = [{"prompt": f"What comes after {number}?", "completion": f"After {number} comes {number + 1}."} for number in range(16)]


def selftest() -> int:
    """The worker's exit code; one JSON object on stdout says what was done."""
    with contextlib.redirect_stdout(sys.stderr), tempfile.TemporaryDirectory(prefix="beep-selftest-") as temporary:
        root = Path(temporary)
        method = "lora" if importlib.util.find_spec("peft") else "full"
        _write_model(root / "model")
        (root / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in _ROWS), "utf-8")
        folder = JobFolder(root / "job")
        folder.root.mkdir()
        folder.spec.write_text(json.dumps(_spec(root, method)), "utf-8")
        from ..training.runner import JobRunner

        code = JobRunner(folder).run()
        answer = _describe(folder, method)
    print(json.dumps(answer, ensure_ascii=False))
    return int(code)


def _describe(folder: JobFolder, method: str) -> dict[str, Any]:
    events = [json.loads(line) for line in folder.events.read_text("utf-8").splitlines()]
    end = json.loads(folder.exit.read_bytes())
    started = next((event for event in events if event["type"] == "started"), {})
    return {
        "status": end["status"],
        "method": method,
        "device": started.get("device"),
        "precision": started.get("precision"),
        "losses": [event["loss"] for event in events if event["type"] == "metric"],
        "seconds": (end["summary"] or {}).get("seconds"),
        "code": end["code"],
        "message": end["message"],
        "remedy": end["remedy"],
    }


def _spec(root: Path, method: str) -> dict[str, Any]:
    return {
        "version": 1, "job_id": "selftest", "backend": "transformers", "method": method,
        "model": {"path": str(root / "model")},
        "data": {"train": str(root / "rows.jsonl"), "max_length": 128},
        "lora": {"r": 4, "alpha": 8},
        "train": {"max_steps": _STEPS, "per_device_batch_size": 2, "gradient_accumulation_steps": 1, "learning_rate": 1e-3},
    }


def _write_model(folder: Path) -> None:
    """A Llama of some ten thousand weights that reads bytes."""
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import LlamaConfig, LlamaForCausalLM

    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokenizer = Tokenizer(models.BPE({token: place for place, token in enumerate([*alphabet, "<|end|>"])}, []))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens(["<|end|>"])
    torch.manual_seed(0)
    config = LlamaConfig(vocab_size=len(alphabet) + 1, hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=2, num_key_value_heads=1,
                         max_position_embeddings=256, bos_token_id=None, eos_token_id=len(alphabet), tie_word_embeddings=True)
    LlamaForCausalLM(config).save_pretrained(folder)
    tokenizer.save(str(folder / "tokenizer.json"))
    (folder / "tokenizer_config.json").write_text(json.dumps({"eos_token": "<|end|>"}), "utf-8")
