"""Preference optimisation: the loss is the published one, and the run learns to prefer."""

from __future__ import annotations

import math

import pytest
import torch
from conftest import FIXTURES
from support import TestJob

PAIRS = [{"prompt": f"Is {row} a number?", "chosen": "Yes, it is one.", "rejected": f"No {row}."} for row in range(16)]


def spec_of(job: TestJob, **changes) -> dict:
    rows = job.write("pairs.jsonl", PAIRS)
    base = {"task": "dpo", "data": {"train": str(rows)}, "train": {"learning_rate": 1e-3, "max_steps": 8}}
    return job.spec(**{key: base.get(key, {}) | value if isinstance(value, dict) else value for key, value in {**base, **changes}.items()})


def test_dpo_first_loss_is_the_logarithm_of_two(job: TestJob) -> None:
    assert job.run(spec_of(job)) == 0
    assert job.losses[0] == pytest.approx(math.log(2), rel=1e-6)
    assert job.losses[-1] < 0.6
    assert job.events("data")[0]["rows"] == 16
    assert job.events("data")[0]["sequences"] == 16


def test_dpo_losses_are_those_of_the_formula(job: TestJob) -> None:
    """Two steps by hand with Transformers alone, over whole scores and one pair at a time."""
    from transformers import AutoModelForCausalLM

    spec = spec_of(job, train={"max_steps": 3, "max_grad_norm": 0, "optimizer": "sgd", "learning_rate": 0.05, "lr_scheduler": "constant", "warmup_ratio": 0,
                               "per_device_batch_size": 4, "gradient_accumulation_steps": 1}, data={"shuffle": False, "train": str(job.write("pairs.jsonl", PAIRS))}, dpo={"beta": 0.3})
    assert job.run(spec) == 0

    from beep_trainer.data.store import TokenStore

    store = TokenStore.try_open(job.folder / "cache" / "train.tokens")
    policy = AutoModelForCausalLM.from_pretrained(FIXTURES / "llama-tied", attn_implementation="eager", dtype=torch.float32)
    reference = AutoModelForCausalLM.from_pretrained(FIXTURES / "llama-tied", attn_implementation="eager", dtype=torch.float32)

    def likelihood(model: torch.nn.Module, row: int) -> torch.Tensor:
        ids, labels = (torch.tensor(part.copy()).long() for part in store.read(row))
        scores = model(input_ids=ids[None]).logits[0, :-1].log_softmax(-1)
        return torch.stack([scores[place, label] for place, label in enumerate(labels[1:]) if label != -100]).sum()

    for step, found in enumerate(job.losses):
        losses = []
        for pair in range(step * 4, step * 4 + 4):
            gains = [likelihood(policy, row) - likelihood(reference, row).detach() for row in (2 * pair, 2 * pair + 1)]
            losses.append(-torch.nn.functional.logsigmoid(0.3 * (gains[0] - gains[1])))
        loss = torch.stack(losses).mean()
        assert found == pytest.approx(loss.item(), abs=1e-5)
        loss.backward()
        with torch.no_grad():
            for weight in policy.parameters():
                weight -= 0.05 * weight.grad
                weight.grad = None


def test_dpo_evaluation_is_over_pairs(job: TestJob) -> None:
    assert job.run(spec_of(job, data={"train": str(job.write("pairs.jsonl", PAIRS)), "validation": str(job.write("held.jsonl", PAIRS[:6]))})) == 0
    first, last = job.events("evaluation")
    assert (first["loss"], first["token_accuracy"]) == (pytest.approx(math.log(2), rel=1e-6), 0.0)
    assert last["loss"] < first["loss"]
    assert last["token_accuracy"] * 6 == pytest.approx(round(last["token_accuracy"] * 6))
    assert job.events("data")[0]["validation_rows"] == 6


def test_dpo_resumed_run_keeps_its_reference(job: TestJob, monkeypatch: pytest.MonkeyPatch) -> None:
    from test_training import assert_same_weights, cancel_after

    spec, whole = spec_of(job), job.at("whole")
    assert whole.run(spec) == 0
    with monkeypatch.context() as patch:
        cancel_after(patch, job, lambda kind, fields: kind == "metric" and fields["step"] == 3)
        assert job.run(spec) == 10
    (job.folder / "control" / "cancel").unlink()
    # The cache may be deleted whenever no worker runs.
    for file in (job.folder / "cache").iterdir():
        file.unlink()
    assert job.run() == 0
    assert job.losses == whole.losses
    assert_same_weights(job, whole)


@pytest.mark.peft
def test_dpo_adapter_learns(job: TestJob) -> None:
    assert job.run(spec_of(job, method="lora", train={"learning_rate": 1e-2, "max_steps": 10})) == 0
    assert job.losses[0] == pytest.approx(math.log(2), rel=1e-6)
    assert job.losses[-1] < 0.6
