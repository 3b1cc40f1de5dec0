"""What a run does about a machine that does not suffice, losses that are no numbers, and settings that mean nothing."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys

import pytest
import torch
from support import PATIENCE, TestJob

from beep_trainer.training import checkpoints, gradients, run


def test_memory_a_pass_that_does_not_fit_is_halved_and_learns_the_same(job: TestJob, monkeypatch: pytest.MonkeyPatch) -> None:
    spec = job.spec(train={"per_device_batch_size": 8, "gradient_accumulation_steps": 1, "max_steps": 4, "save_steps": 2})
    whole = job.at("whole")
    assert whole.run(spec) == 0
    backward = gradients.GradientPass._backward

    def scarce(self, batch, scale, seed):
        if batch.input_ids.shape[0] > 3:
            raise RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes.\nmore")
        return backward(self, batch, scale, seed)

    monkeypatch.setattr(gradients.GradientPass, "_backward", scarce)
    assert job.run(spec) == 0
    warnings = job.events("warning")
    assert [(event["code"], event["remedy"]) for event in warnings] == [
        ("out_of_memory_refit", "Set train.per_device_batch_size=4 and train.gradient_accumulation_steps=2 to begin so."),
        ("out_of_memory_refit", "Set train.per_device_batch_size=2 and train.gradient_accumulation_steps=4 to begin so.")]
    assert warnings[0]["message"] == (
        "The memory did not suffice for step 1 with 8 sequences in a forward pass ([enforce fail] DefaultCPUAllocator: can't allocate memory: you tried to "
        "allocate 9 bytes.). The run goes on with 4 of them and 2 passes in a step: it learns the same.")
    assert job.losses == pytest.approx(whole.losses, rel=1e-5)
    # Who goes on begins with what fitted.
    assert json.loads((job.folder / "checkpoints" / "step-00000004" / "trainer_state.json").read_text())["batch_size"] == 2


def test_memory_that_suffices_for_nothing_ends_with_30(job: TestJob, monkeypatch: pytest.MonkeyPatch) -> None:
    def none(self, batch, scale, seed):
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB.")

    monkeypatch.setattr(gradients.GradientPass, "_backward", none)
    assert job.run(job.spec()) == 30
    assert [event["code"] for event in job.events("warning")] == ["out_of_memory_refit", "out_of_memory_refit"]
    assert "activations computed twice" in job.events("warning")[1]["message"]
    assert (job.exit["code"], job.exit["exit_code"], job.exit["message"]) == ("out_of_memory", 30, "The memory did not suffice: CUDA out of memory. Tried to allocate 2 GiB.")


def test_memory_real_limit_is_met_with_smaller_passes(job: TestJob) -> None:
    """The scores of 64 long rows over the vocabulary do not fit beside the libraries; those of fewer do."""
    if not hasattr(os, "fork"):
        pytest.skip("Limits are those of Unix.")
    rows = [{"input_ids": [4 + (row * 7 + place) % 500 for place in range(120)]} for row in range(256)]
    spec = job.spec(data={"train": str(job.write("long.jsonl", rows)), "max_length": 120},
                    train={"max_steps": 1, "per_device_batch_size": 256, "gradient_accumulation_steps": 1, "gradient_checkpointing": "off"})
    probe = "import resource, runpy, sys\n" \
            "import torch, transformers, psutil\n" \
            "from transformers import LlamaForCausalLM\n" \
            "base = psutil.Process().memory_info().vms\n" \
            f"resource.setrlimit(resource.RLIMIT_AS, (base + {600 << 20}, base + {600 << 20}))\n" \
            f"sys.argv = ['beep_trainer', 'train', {str(job.prepare(spec).folder)!r}]\n" \
            "runpy.run_module('beep_trainer', run_name='__main__')\n"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MALLOC_")} | {"OMP_NUM_THREADS": "1"}
    done = subprocess.run([sys.executable, "-c", probe], env=environment, capture_output=True, text=True, timeout=PATIENCE)
    assert done.returncode == 0, done.stderr
    assert job.events("warning")[0]["code"] == "out_of_memory_refit"
    assert job.exit["status"] == "succeeded"


def test_nonfinite_rows_are_named_and_the_run_gives_up(job: TestJob, monkeypatch: pytest.MonkeyPatch) -> None:
    backward = gradients.GradientPass._backward

    def spoilt(self, batch, scale, seed):
        return backward(self, batch, scale, seed) * (math.nan if self._calls() > 2 else 1)

    calls = iter(range(1000))
    monkeypatch.setattr(gradients.GradientPass, "_calls", lambda self: next(calls), raising=False)
    monkeypatch.setattr(gradients.GradientPass, "_backward", spoilt)
    assert job.run(job.spec(data={"shuffle": False}, train={"save_steps": 1}, limits={"stop_after_nonfinite": 2})) == 40
    assert [event["loss"] is None for event in job.events("metric")] == [False, True, True]
    message = job.events("warning")[0]["message"]
    assert message.startswith(f"In {job.root / 'train.jsonl'}, the loss of step 2 is NaN and its gradient norm ")
    assert message.endswith("(lines 5, 6, 7, 8); the weights are unchanged.")
    assert job.exit["message"].startswith("Stopped after 2 steps in a row without a finite loss: the loss of step 3 is NaN")
    assert job.exit["code"] == "not_finite"


def test_nonfinite_one_step_is_passed_over(job: TestJob, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = iter(range(1000))
    original = run.gradient_norm
    monkeypatch.setattr(run, "gradient_norm", lambda trained: math.inf if next(calls) == 0 else original(trained))
    assert job.run(job.spec(train={"max_steps": 3})) == 0
    assert [event["grad_norm"] is None for event in job.events("metric")] == [True, False, False]
    assert "gradient norm ∞" in job.events("warning")[0]["message"]


def test_untrainable_kept_rows_teach_nothing(job: TestJob) -> None:
    rows = [{"input_ids": [5, 6, 7], "labels": [-100, -100, -100]}] * 4
    spec = job.spec(data={"train": str(job.write("rows.jsonl", rows)), "untrainable": "keep"}, train={"max_steps": 2})
    assert job.run(spec) == 0
    assert [event["code"] for event in job.events("warning")] == ["no_trainable_token", "no_trainable_token"]
    assert job.events("metric")[0]["loss"] is None


def test_disk_full_says_so(job: TestJob, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_args, **_kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(checkpoints, "write_folder", full)
    assert job.run(job.spec()) == 50
    assert (job.exit["code"], job.exit["message"]) == ("disk_full", "The disk is full.")


def test_gibberish_setting_is_refused(job: TestJob, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BEEP_SHARDING", "sometimes")
    assert job.run(job.spec()) == 20
    assert job.exit["code"] == "wrong_setting"


def test_rows_that_would_see_each_other_are_refused(job: TestJob, monkeypatch: pytest.MonkeyPatch) -> None:
    from beep_trainer.model.trainable import TrainableModel

    states = TrainableModel._states
    # A model that knows no positions, as one with a recurrent memory.
    monkeypatch.setattr(TrainableModel, "_states", lambda self, ids, positions: states(self, ids, None))
    assert job.run(job.spec(data={"packing": True})) == 20
    assert (job.exit["code"], job.exit["remedy"]) == ("packing_unsupported", "Set data.packing=false.")
    assert job.at("alone").run(job.spec(data={"packing": False})) == 0
