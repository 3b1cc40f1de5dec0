"""Adapters by PEFT: the reference runs, what other workers make of them, and what is refused."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import torch
from conftest import FIXTURES
from safetensors.torch import load_file, save_file
from support import TestJob

pytestmark = pytest.mark.peft
RUNS = [f"{model}/lora-{run}" for model in ("llama-tied", "qwen2") for run in ("sgd", "adamw", "adamw-clip-warmup-accum")]


def adapter_to_start_from(job: TestJob, reference: Path) -> Path:
    folder = job.root / "start"
    folder.mkdir()
    shutil.copyfile(reference / "adapter_config.json", folder / "adapter_config.json")
    shutil.copyfile(reference / "adapter_init.safetensors", folder / "adapter_model.safetensors")
    return folder


@pytest.mark.parametrize("name", RUNS)
def test_reference_run_is_reproduced(job: TestJob, name: str) -> None:
    """Batches, rates, losses, norms and weights of a loop written with PEFT alone."""
    reference = FIXTURES / name
    run = json.loads((reference / "run.json").read_text())
    accumulation = run["grad_accumulation"]
    rows = [{"input_ids": ids, "labels": labels} for batch in run["batches"] for ids, labels in zip(batch["input_ids"], batch["labels"])]
    warmup = run["warmup_steps"]
    spec = job.spec(
        fixture=name.split("/")[0], method="lora", adapter=str(adapter_to_start_from(job, reference)),
        data={"train": str(job.write("rows.jsonl", rows)), "shuffle": False, "untrainable": "keep"},
        train={"max_steps": 20, "per_device_batch_size": 2, "gradient_accumulation_steps": accumulation, "learning_rate": run["lr"], "optimizer": run["optimizer"],
               "lr_scheduler": "linear" if warmup else "constant", "warmup_ratio": warmup / 20, "weight_decay": run["weight_decay"], "max_grad_norm": run["clip_grad_norm"] or 0})
    assert job.run(spec) == 0
    metrics = job.events("metric")
    assert [event["learning_rate"] for event in metrics] == pytest.approx(run["lrs"], rel=1e-9)
    assert [event["loss"] for event in metrics] == pytest.approx(run["losses"], abs=2e-5)
    assert [event["grad_norm"] for event in metrics] == pytest.approx(run["grad_norms_before_clip"], rel=1e-3)
    expected = load_file(reference / "adapter_model.safetensors")
    weights = job.weights()
    assert weights.keys() == expected.keys()
    for tensor, weight in weights.items():
        assert torch.allclose(weight, expected[tensor], atol=2e-4), tensor


@pytest.mark.parametrize("method", ["lora", "dora"])
def test_adapter_resumes_to_the_same_end(job: TestJob, monkeypatch: pytest.MonkeyPatch, method: str) -> None:
    from test_training import assert_same_weights, cancel_after

    spec, whole = job.spec(method=method, lora={"r": 4, "alpha": 8, "dropout": 0.2}, data={"packing": True}), job.at("whole")
    assert whole.run(spec) == 0
    with monkeypatch.context() as patch:
        cancel_after(patch, job, lambda kind, fields: kind == "metric" and fields["step"] == 2)
        assert job.run(spec) == 10
    (job.folder / "control" / "cancel").unlink()
    assert job.run() == 0
    assert job.losses == whole.losses
    assert_same_weights(job, whole)
    config = json.loads((job.folder / "artifacts" / "adapter" / "adapter_config.json").read_text())
    assert (config["use_dora"], config["peft_type"], config["r"], config["inference_mode"]) == (method == "dora", "LORA", 4, True)
    assert any("lora_magnitude_vector" in name for name in job.weights()) == (method == "dora")


def test_adapter_loads_with_peft_itself_and_scores_the_same(job: TestJob) -> None:
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    held_out = job.random_rows("held.jsonl", 5, 4)
    assert job.run(job.spec(method="dora", data={"validation": str(held_out)})) == 0
    model = AutoModelForCausalLM.from_pretrained(FIXTURES / "llama-tied", dtype=torch.float32)
    model = PeftModel.from_pretrained(model, job.folder / "artifacts" / "adapter").eval()
    total, count = 0.0, 0
    for line in held_out.read_text().splitlines():
        row = json.loads(line)
        with torch.no_grad():
            scores = model(input_ids=torch.tensor([row["input_ids"]])).logits[0, :-1]
        losses = torch.nn.functional.cross_entropy(scores, torch.tensor(row["labels"][1:]), reduction="none")
        total, count = total + losses.sum().item(), count + sum(label != -100 for label in row["labels"][1:])
    assert job.events("evaluation")[-1]["loss"] == pytest.approx(total / count, rel=1e-5)


def test_adapter_of_an_earlier_run_is_gone_on_from(job: TestJob) -> None:
    first = job.at("first")
    assert first.run(job.spec(method="lora", data={"shuffle": False})) == 0
    assert job.run(job.spec(method="lora", adapter=str(first.folder / "artifacts" / "adapter"), data={"shuffle": False})) == 0
    assert job.losses[0] < first.losses[0]


@pytest.mark.parametrize(("spoil", "code"), [
    (lambda folder: shutil.rmtree(folder), "adapter_not_found"),
    (lambda folder: (folder / "adapter_config.json").write_text("{"), "bad_adapter_config"),
    (lambda folder: (folder / "adapter_config.json").write_text('{"peft_type": "IA3"}'), "unsupported_adapter"),
    (lambda folder: (folder / "adapter_model.safetensors").rename(folder / "adapter_model.bin"), "pickled_weights"),
    (lambda folder: (folder / "adapter_model.safetensors").write_bytes(b"x"), "bad_safetensors"),
    (lambda folder: drop_tensor(folder), "missing_tensor"),
    (lambda folder: (folder / "adapter_config.json").write_text((folder / "adapter_config.json").read_text().replace('"r": 8', '"r": 3')), "wrong_shape"),
])
def test_spoilt_adapter_is_refused_by_code(job: TestJob, spoil, code: str) -> None:
    folder = adapter_to_start_from(job, FIXTURES / "llama-tied" / "lora-sgd")
    spoil(folder)
    assert job.run(job.spec(method="lora", adapter=str(folder))) == 20
    assert job.exit["code"] == code


def drop_tensor(folder: Path) -> None:
    tensors = load_file(folder / "adapter_model.safetensors")
    tensors.pop(next(iter(tensors)))
    save_file(tensors, folder / "adapter_model.safetensors")


def test_unknown_target_is_named_with_those_there_are(job: TestJob) -> None:
    assert job.run(job.spec(method="lora", lora={"target_modules": ["q_proj", "qkv"]})) == 20
    assert job.exit["message"] == "No linear layer is named 'qkv'."
    assert job.exit["remedy"] == "Known: q_proj, k_proj, v_proj, o_proj, gate_proj, up_proj, down_proj, or all-linear."


def test_chosen_targets_alone_are_trained(job: TestJob) -> None:
    assert job.run(job.spec(method="lora", lora={"target_modules": ["q_proj", "v_proj"], "use_rslora": True})) == 0
    assert {name.split(".")[-3] for name in job.weights()} == {"q_proj", "v_proj"}
    config = json.loads((job.folder / "artifacts" / "adapter" / "adapter_config.json").read_text())
    assert (config["target_modules"], config["use_rslora"]) == (["q_proj", "v_proj"], True)


def test_merge_and_generate_say_the_same(job: TestJob, capsys: pytest.CaptureFixture[str]) -> None:
    from beep_trainer.cli import main

    assert job.run(job.spec(method="lora", train={"max_steps": 12})) == 0
    adapter, model, merged = job.folder / "artifacts" / "adapter", FIXTURES / "llama-tied", job.root / "merged"
    assert main(["merge", "--model", str(model), "--adapter", str(adapter), "--out", str(merged)]) == 0
    assert capsys.readouterr().out == f"{merged}\n"
    arguments = ["--prompt", "Hello", "--max-new-tokens", "12", "--json"]
    assert main(["generate", "--model", str(model), "--adapter", str(adapter), *arguments]) == 0
    beside = json.loads(capsys.readouterr().out)
    assert main(["generate", "--model", str(merged), *arguments]) == 0
    assert json.loads(capsys.readouterr().out)["text"] == beside["text"]
    assert main(["merge", "--model", str(model), "--adapter", str(adapter), "--out", str(merged)]) == 20
    assert "[output_exists]" in capsys.readouterr().err
