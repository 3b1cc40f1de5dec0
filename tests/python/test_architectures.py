"""Kinds of models: the losses of those that Transformers computes are its own, and rows that would see each other are refused."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import torch
import transformers
from conftest import FIXTURES
from support import TestJob

SIZES = {"vocab_size": 512, "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2}
KINDS = {
    "GPT2": ({"vocab_size": 512, "n_embd": 32, "n_layer": 2, "n_head": 2, "n_positions": 256, "resid_pdrop": 0.0, "embd_pdrop": 0.0, "attn_pdrop": 0.0}, True),
    "Mistral": (SIZES | {"intermediate_size": 64, "num_key_value_heads": 1, "head_dim": 16, "sliding_window": 8}, True),
    "Gemma2": (SIZES | {"intermediate_size": 64, "num_key_value_heads": 1, "head_dim": 16, "sliding_window": 8}, True),
    "Granite": (SIZES | {"intermediate_size": 64, "num_key_value_heads": 1, "logits_scaling": 4.0, "embedding_multiplier": 2.0}, True),
    "GPTJ": ({"vocab_size": 512, "n_embd": 32, "n_layer": 2, "n_head": 2, "n_positions": 256, "rotary_dim": 8, "resid_pdrop": 0.0, "embd_pdrop": 0.0, "attn_pdrop": 0.0}, True),
    "Falcon": ({"vocab_size": 512, "hidden_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4, "alibi": True}, False),
    "Bloom": ({"vocab_size": 512, "hidden_size": 32, "n_layer": 2, "n_head": 2}, False),
    "Mpt": ({"vocab_size": 512, "d_model": 32, "n_heads": 2, "n_layers": 2, "max_seq_len": 256}, False),
    "Mamba": ({"vocab_size": 512, "hidden_size": 32, "num_hidden_layers": 2, "state_size": 4}, False),
}


def draw(kind: str, folder: Path) -> torch.nn.Module:
    torch.manual_seed(0)
    config = getattr(transformers, f"{kind}Config")(**KINDS[kind][0], bos_token_id=None, eos_token_id=2, pad_token_id=0)
    model = transformers.AutoModelForCausalLM.from_config(config).float().eval()
    model.save_pretrained(folder)
    for name in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copyfile(FIXTURES / "llama-tied" / name, folder / name)
    return model


@pytest.mark.parametrize("kind", KINDS)
def test_first_loss_is_that_of_transformers(kind: str, job: TestJob) -> None:
    model = draw(kind, job.root / "model")
    losses = []
    for line in job.random_rows().read_text("utf-8").splitlines():
        row = json.loads(line)
        with torch.no_grad():
            scores = model(input_ids=torch.tensor([row["input_ids"]])).logits[0, :-1].float()
        losses.append(torch.nn.functional.cross_entropy(scores, torch.tensor(row["labels"][1:]), reduction="none"))
    # The labels that are masked have a loss of 0.
    expected = torch.cat(losses).sum().item() / sum(int((one != 0).sum()) for one in losses)
    for packing in (False, True):
        run = job.at(f"packing-{packing}")
        code = run.run(job.spec(model={"path": str(job.root / "model")}, data={"packing": packing}, train={"max_steps": 1, "per_device_batch_size": 24, "gradient_accumulation_steps": 1}))
        if packing and not KINDS[kind][1]:
            assert (code, run.exit["code"]) == (20, "packing_unsupported")
        else:
            assert code == 0, run.exit
            assert run.losses[0] == pytest.approx(expected, rel=1e-6)


def test_rows_that_would_see_each_other_are_not_put_into_one_line(job: TestJob, monkeypatch: pytest.MonkeyPatch) -> None:
    """Kernels for rows of different lengths want them in one line, which is no packing that was asked for."""
    from beep_trainer.model.trainable import TrainableModel

    plain, joined = job.at("plain"), job.at("joined")
    spec = job.spec(train={"max_steps": 2})
    assert plain.run(spec) == 0
    states = TrainableModel._states
    monkeypatch.setattr(TrainableModel, "flattens", property(lambda self: self.joins_rows))
    monkeypatch.setattr(TrainableModel, "_states", lambda self, ids, positions: states(self, ids, None))
    assert joined.run(spec) == 0
    assert joined.losses == plain.losses
