"""Whole runs: that they learn, stop, go on and give up as the contract says."""

from __future__ import annotations

import json
import math
import shutil
import signal
import time

import pytest
import torch
from conftest import FIXTURES
from support import PATIENCE, TestJob, events_of

from beep_trainer.data.batch import assemble
from beep_trainer.model.trainable import TrainableModel
from beep_trainer.training import loader, objective
from beep_trainer.training.schedule import LearningRateSchedule


def assert_same_weights(one: TestJob, other: TestJob) -> None:
    left, right = one.weights(), other.weights()
    assert left.keys() == right.keys()
    for name, weight in left.items():
        assert torch.equal(weight, right[name]), name


def cancel_after(monkeypatch: pytest.MonkeyPatch, job: TestJob, fits) -> None:
    """Asks the run to stop as soon as it has written an event that fits."""
    from beep_trainer.job.events import EventWriter

    write = EventWriter.write

    def written(self, kind: str, **fields) -> None:
        write(self, kind, **fields)
        if fits(kind, fields):
            (job.folder / "control" / "cancel").touch()

    monkeypatch.setattr(EventWriter, "write", written)


@pytest.mark.parametrize("step", [0, 1, 3, 5])
def test_cancel_any_step_saves_and_resumes_to_the_same_end(job: TestJob, monkeypatch: pytest.MonkeyPatch, step: int) -> None:
    held_out = str(job.random_rows("held.jsonl", 6, 9))
    spec = job.spec(data={"validation": held_out, "packing": True}, train={"eval_steps": 2, "save_steps": 4}, samples={"prompts": ["x"], "max_new_tokens": 2})
    whole = job.at("whole")
    assert whole.run(spec) == 0
    with monkeypatch.context() as patch:
        cancel_after(patch, job, lambda kind, fields: kind == ("evaluation" if step == 0 else "metric") and fields["step"] == step)
        assert job.run(spec) == 10
    exit = job.exit
    assert (exit["status"], exit["code"], exit["message"]) == ("cancelled", "cancelled", "The run was cancelled.")
    assert exit["summary"]["steps"] == step
    assert job.checkpoints[-1] == f"step-{step:08d}"
    (job.folder / "control" / "cancel").unlink()
    assert job.run() == 0
    assert [event["resumed_from"] for event in job.events("started")] == [None, step]
    assert job.losses == whole.losses
    for kind in ("evaluation", "sample"):
        # What came after the checkpoint is void, and given again.
        figures = [{event["step"]: {name: value for name, value in event.items() if name not in ("seq", "at")} for event in one.events(kind)} for one in (job, whole)]
        assert figures[0] == figures[1]
    assert_same_weights(job, whole)
    assert [event["seq"] for event in job.events()] == list(range(1, len(job.events()) + 1))


def test_kill_running_worker_resumes_to_the_same_end(job: TestJob) -> None:
    spec = job.spec(train={"max_steps": 400, "save_steps": 5})
    # Where nobody ends it for long, it waits for that near its end.
    waits = ("import time\nfrom beep_trainer.training import checkpoints\nwrite, calls = checkpoints.write_folder, [0]\n"
             "def late(*arguments):\n write(*arguments)\n calls[0] += 1\n while calls[0] > 60:\n  time.sleep(1)\ncheckpoints.write_folder = late\n")
    process = job.prepare(spec).start(env=job.patched(waits))
    deadline = time.monotonic() + PATIENCE
    while not job.checkpoints and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=PATIENCE)
    assert not (job.folder / "exit.json").exists()
    # What a kill may leave behind in the middle of a write.
    (job.folder / "checkpoints" / ".step-00009999.1.partial").mkdir()
    with open(job.folder / "events.jsonl", "ab") as stream:
        stream.write(b'{"type":"metric","v":1,"seq"')
    assert job.run() == 0
    whole = job.at("whole")
    assert whole.run(spec) == 0
    assert job.losses == whole.losses
    assert_same_weights(job, whole)
    assert not list(job.folder.rglob("*.partial"))


def test_signal_running_worker_saves_and_exits_with_10(job: TestJob) -> None:
    process = job.prepare(job.spec(train={"max_steps": 100_000})).start()
    deadline = time.monotonic() + PATIENCE
    while process.poll() is None and time.monotonic() < deadline:
        if (job.folder / "events.jsonl").exists() and b'"metric"' in (job.folder / "events.jsonl").read_bytes():
            break
        time.sleep(0.02)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=PATIENCE)
    assert process.returncode == 10
    assert job.exit["message"] == "The run was stopped by a signal."
    assert job.checkpoints == [f"step-{job.exit['summary']['steps']:08d}"]


def test_time_limit_saves_and_stops(job: TestJob) -> None:
    assert job.run(job.spec(train={"max_steps": 100_000, "logging_steps": 100}, limits={"max_seconds": 1})) == 10
    assert (job.exit["code"], job.exit["message"]) == ("time_limit", "The run reached its limit of 1 seconds.")
    assert len(job.checkpoints) == 1


def test_cancel_before_the_data_is_read_exits_at_once(job: TestJob) -> None:
    job.prepare(job.spec())
    (job.folder / "control").mkdir()
    (job.folder / "control" / "cancel").touch()
    assert job.run() == 10
    assert [event["type"] for event in job.events()] == ["finished"]
    assert job.exit["summary"] is None


def test_save_total_limit_keeps_the_newest(job: TestJob) -> None:
    assert job.run(job.spec(train={"save_steps": 1, "save_total_limit": 2})) == 0
    assert job.checkpoints == ["step-00000005", "step-00000006"]


def test_resume_other_data_is_refused(job: TestJob) -> None:
    spec = job.spec()
    assert job.run(spec) == 0
    job.random_rows(seed=5)
    assert job.run() == 20
    assert job.exit["code"] == "data_changed"
    assert job.checkpoints == ["step-00000006"]


def test_resume_never_starts_anew(job: TestJob) -> None:
    assert job.run(job.spec(resume="never", train={"save_steps": 2})) == 0
    assert job.run() == 0
    assert [event["resumed_from"] for event in job.events("started")] == [None, None]
    assert job.checkpoints == ["step-00000004", "step-00000006"]


@pytest.mark.parametrize("spoil", [lambda path: (path / "trainer_state.json").write_text("{"), lambda path: (path / "optimizer.safetensors").write_bytes(b"x"),
                                   lambda path: (path / "model.safetensors").unlink()])
def test_resume_damaged_checkpoint_is_named(job: TestJob, spoil) -> None:
    assert job.run(job.spec()) == 0
    spoil(job.folder / "checkpoints" / "step-00000006")
    assert job.run() == 20
    assert job.exit["code"] == "bad_checkpoint"
    assert str(job.folder / "checkpoints" / "step-00000006") in job.exit["remedy"]


@pytest.mark.parametrize(("changes", "steps"), [({"num_epochs": 1.5}, 9), ({"num_epochs": 0.1}, 1), ({"num_epochs": 1.1, "gradient_accumulation_steps": 1}, 14)])
def test_epochs_a_fraction_counts_as_it_is(job: TestJob, changes: dict, steps: int) -> None:
    spec = job.spec(train={"max_steps": None, **changes})
    assert job.run(spec) == 0
    assert (job.exit["summary"]["steps"], len(job.events("metric"))) == (steps, steps)


def test_packing_gives_each_row_the_loss_it_has_alone(job: TestJob) -> None:
    from beep_trainer.job.spec_reader import bind_spec

    folder = job.prepare(job.spec(data={"packing": True}, train={"max_steps": 1})).folder
    assert job.run() == 0
    spec = bind_spec(json.loads((folder / "spec.json").read_text()))
    from beep_trainer.job.folder import JobFolder

    data = loader.load_data(loader.fit_spec(spec), JobFolder(folder), lambda: False)
    model = TrainableModel.create(spec, torch.float32, torch.device("cpu"))
    score = objective.SupervisedObjective(model)
    model.inner.eval()
    with torch.no_grad():
        alone = [score(assemble(data.train, [[row]]))[0] for row in range(6)]
        padded = score(assemble(data.train, [[row] for row in range(6)]))[0]
        packed = score(assemble(data.train, [[0, 1, 2], [3, 4], [5]]))[0]
        in_one_line = score(assemble(data.train, [[0, 1, 2], [3, 4], [5]], in_one_line=True))[0]
    for other in (padded, packed, in_one_line):
        assert other == pytest.approx(sum(alone), rel=1e-5)


def test_loss_chunks_give_the_gradient_of_the_whole(job: TestJob) -> None:
    from beep_trainer.model.loss import chunked_loss

    torch.manual_seed(3)
    head = torch.nn.Linear(8, 50)
    hidden, targets, weights = torch.randn(37, 8, requires_grad=True), torch.randint(0, 50, (37,)), torch.rand(37)
    whole = (torch.nn.functional.cross_entropy(head(hidden), targets, reduction="none") * weights).sum() * 0.25
    expected = torch.autograd.grad(whole, [hidden, *head.parameters()])
    loss = chunked_loss(hidden, targets, head, 10, list(head.parameters()), weights) * 0.25
    found = torch.autograd.grad(loss, [hidden, *head.parameters()])
    assert loss.item() == pytest.approx(whole.item(), rel=1e-5)
    for one, other in zip(found, expected):
        assert torch.allclose(one, other, atol=1e-5)


def test_accumulation_many_small_passes_are_one_large(job: TestJob) -> None:
    large, small = job.at("large"), job.at("small")
    assert large.run(job.spec(train={"per_device_batch_size": 4, "gradient_accumulation_steps": 1})) == 0
    assert small.run(job.spec(train={"per_device_batch_size": 1, "gradient_accumulation_steps": 4})) == 0
    assert small.losses == pytest.approx(large.losses, rel=1e-5)


@pytest.mark.parametrize("checkpointing", ["on", "auto"])
def test_checkpointing_gives_the_same_losses(job: TestJob, checkpointing: str) -> None:
    kept, recomputed = job.at("kept"), job.at("recomputed")
    assert kept.run(job.spec(train={"gradient_checkpointing": "off"})) == 0
    assert recomputed.run(job.spec(train={"gradient_checkpointing": checkpointing})) == 0
    assert recomputed.losses == pytest.approx(kept.losses, rel=1e-6)


def test_compile_gives_the_same_losses(job: TestJob, monkeypatch: pytest.MonkeyPatch) -> None:
    plain, compiled = job.at("plain"), job.at("compiled")
    spec = job.spec(data={"packing": True}, train={"max_steps": 3})
    assert plain.run(spec) == 0
    monkeypatch.setenv("BEEP_TORCH_COMPILE", "1")
    monkeypatch.setenv("BEEP_TORCH_COMPILE_BACKEND", "aot_eager")
    assert compiled.run(spec) == 0
    assert compiled.losses == pytest.approx(plain.losses, rel=1e-5)


def test_evaluation_is_taken_at_the_start_at_the_steps_and_at_the_end(job: TestJob) -> None:
    spec = job.spec(data={"validation": str(job.random_rows("held.jsonl", 7, 3))}, train={"eval_steps": 4})
    assert job.run(spec) == 0
    assert [event["step"] for event in job.events("evaluation")] == [0, 4, 6]
    # Larger batches score the same.
    other = job.at("other")
    assert other.run(spec | {"train": spec["train"] | {"per_device_batch_size": 4, "gradient_accumulation_steps": 1}}) == 0
    assert [event["loss"] for event in other.events("evaluation")] == pytest.approx([event["loss"] for event in job.events("evaluation")], rel=1e-5)


@pytest.mark.parametrize("scheduler", ["cosine", "linear", "constant"])
def test_schedule_is_the_contracts(scheduler: str) -> None:
    from beep_trainer.job.spec import TrainSpec

    schedule = LearningRateSchedule(TrainSpec(learning_rate=1.0, lr_scheduler=scheduler, warmup_ratio=0.25), 10)
    warmup = math.ceil(0.25 * 10)
    for step in range(10):
        f = (10 - step) / (10 - warmup)
        after = {"constant": 1.0, "linear": f, "cosine": (1 - math.cos(math.pi * f)) / 2}[scheduler]
        assert schedule.at(step) == pytest.approx((step + 1) / warmup if step < warmup else after)


def test_pretrain_draws_and_learns(job: TestJob) -> None:
    spec = job.spec(task="pretrain", data={"train": str(job.write("rows.jsonl", [{"text": f"line {row} of some text"} for row in range(30)]))}, train={"max_steps": 12})
    assert job.run(spec) == 0
    assert 5.5 < job.losses[0] < 7.0
    assert job.losses[-1] < job.losses[0]


def test_bf16_on_a_processor_learns_nearly_the_same(job: TestJob) -> None:
    exact, rounded = job.at("exact"), job.at("rounded")
    assert exact.run(job.spec(data={"packing": True})) == 0
    assert rounded.run(job.spec(data={"packing": True}, train={"precision": "bf16"})) == 0
    assert rounded.events("started")[0]["precision"] == "bf16"
    assert rounded.losses == pytest.approx(exact.losses, rel=0.05)


def test_sgd_and_decay_learn(job: TestJob) -> None:
    assert job.run(job.spec(train={"optimizer": "sgd", "weight_decay": 0.01, "max_grad_norm": 0})) == 0
    assert job.losses[-1] < job.losses[0]


def test_sharded_and_bf16_models_come_out_in_their_own_format(job: TestJob) -> None:
    for fixture, dtype in (("llama-tied-bf16", torch.bfloat16), ("llama-tied-sharded", torch.float32)):
        one, model = job.at(fixture), job.root / f"model-{fixture}"
        for source in (FIXTURES / "llama-tied", FIXTURES / fixture):
            shutil.copytree(source, model, copy_function=shutil.copyfile, dirs_exist_ok=True, ignore=shutil.ignore_patterns("lora-*", "*.safetensors" if source.name == "llama-tied" else "-"))
        assert one.run(job.spec(model={"path": str(model)}, train={"max_steps": 1})) == 0
        assert {weight.dtype for weight in one.weights().values()} == {dtype}
        assert "lm_head.weight" not in one.weights()
        assert events_of(one.folder, "artifact")[0]["name"] == "merged"
