"""What only an NVIDIA GPU can show: python3 -m pytest tests/python -m gpu."""

from __future__ import annotations

import importlib.util
import json

import pytest
import torch
from conftest import FIXTURES
from support import TestJob

pytestmark = pytest.mark.gpu
needs_bitsandbytes = pytest.mark.skipif(importlib.util.find_spec("bitsandbytes") is None, reason="bitsandbytes is not installed")


def test_full_run_in_bf16_is_the_processors_nearly(job: TestJob, monkeypatch: pytest.MonkeyPatch) -> None:
    spec = job.spec(data={"packing": True, "validation": str(job.random_rows("held.jsonl", 6, 3))})
    device, processor = job.at("device"), job.at("processor")
    assert device.run(spec | {"train": spec["train"] | {"precision": "bf16"}}) == 0
    assert device.events("started")[0]["device"] == "cuda:0"
    with monkeypatch.context() as patch:
        patch.setattr(torch.cuda, "is_available", lambda: False)
        assert processor.run(spec) == 0
    assert device.losses == pytest.approx(processor.losses, rel=0.05)
    assert device.events("metric")[-1]["memory_bytes"] < 1 << 33


@pytest.mark.peft
@pytest.mark.parametrize("method", ["lora", "dora", pytest.param("qlora", marks=needs_bitsandbytes)])
def test_adapter_learns_resumes_and_loads(job: TestJob, monkeypatch: pytest.MonkeyPatch, method: str) -> None:
    from test_training import cancel_after

    held_out = str(job.random_rows("held.jsonl", 6, 3))
    spec = job.spec(method=method, data={"packing": True, "validation": held_out}, train={"max_steps": 12, "precision": "bf16", "learning_rate": 2e-2, "save_steps": 4})
    whole = job.at("whole")
    assert whole.run(spec) == 0
    with monkeypatch.context() as patch:
        cancel_after(patch, job, lambda kind, fields: kind == "metric" and fields["step"] == 5)
        assert job.run(spec) == 10
    (job.folder / "control" / "cancel").unlink()
    assert job.run() == 0
    assert job.losses == pytest.approx(whole.losses, rel=2e-2)
    assert whole.exit["summary"]["last_evaluation_loss"] < whole.exit["summary"]["first_evaluation_loss"]
    assert {weight.dtype for weight in whole.weights().values()} == {torch.float32}


@pytest.mark.peft
@needs_bitsandbytes
def test_qlora_keeps_the_base_in_four_bits_and_its_moments_paged(job: TestJob) -> None:
    from bitsandbytes.nn import Params4bit

    from beep_trainer.job.spec_reader import bind_spec
    from beep_trainer.model.trainable import TrainableModel
    from beep_trainer.training.optimizer import Optimizer

    spec = bind_spec(job.spec(method="qlora"))
    model = TrainableModel.create(spec, torch.bfloat16, torch.device("cuda", 0))
    packed = [weight for weight in model.inner.parameters() if isinstance(weight, Params4bit)]
    assert packed and all(weight.quant_state.nested and weight.quant_state.quant_type == "nf4" for weight in packed)
    assert type(Optimizer(model.trained, spec)._inner).__name__ == "PagedAdamW32bit"


def test_memory_real_limit_is_met_with_smaller_passes(job: TestJob) -> None:
    rows = [{"input_ids": [4 + (row * 7 + place) % 500 for place in range(120)]} for row in range(2048)]
    spec = job.spec(data={"train": str(job.write("long.jsonl", rows)), "max_length": 120},
                    train={"max_steps": 1, "per_device_batch_size": 2048, "gradient_accumulation_steps": 1, "gradient_checkpointing": "off"})
    total = torch.cuda.get_device_properties(0).total_memory
    torch.cuda.set_per_process_memory_fraction(min(1.0, (1 << 30) / total))
    try:
        assert job.run(spec) == 0
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0)
    assert job.events("warning")[0]["code"] == "out_of_memory_refit"


def test_check_names_the_device(capsys: pytest.CaptureFixture[str]) -> None:
    from beep_trainer.cli import main

    assert main(["check"]) == 0
    devices = json.loads(capsys.readouterr().out)["devices"]
    assert [device["name"] for device in devices if device["kind"] == "cuda"][0] == torch.cuda.get_device_name(0)
    assert (FIXTURES / "llama-tied").is_dir()
