"""Several processes that train together, by torchrun over gloo."""

from __future__ import annotations

import signal
import time

import pytest
import torch
from support import PATIENCE, TestJob


def run(job: TestJob, *arguments: str, **options) -> None:
    process = job.start(*arguments, **options)
    _, error = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, error


def spec_of(job: TestJob, size: int, **changes) -> dict:
    """The same effective batch for so many processes, with a last step that is not full."""
    held_out = str(job.random_rows("held.jsonl", 5, 2))
    base = job.spec(data={"packing": True, "validation": held_out}, train={"per_device_batch_size": 4 // size, "gradient_accumulation_steps": 1, "max_steps": 5, "save_steps": 3})
    base["train"] |= changes
    return base


@pytest.mark.parametrize("sharding", ["replicate", "full"])
def test_two_processes_give_the_losses_of_one(job: TestJob, sharding: str, monkeypatch: pytest.MonkeyPatch) -> None:
    alone, together = job.at("alone"), job.at("together")
    assert alone.run(spec_of(job, 1)) == 0
    monkeypatch.setenv("BEEP_SHARDING", sharding)
    together.prepare(spec_of(job, 2))
    run(together, "--processes", "2")
    assert together.losses == pytest.approx(alone.losses, rel=1e-5)
    assert [event["loss"] for event in together.events("evaluation")] == pytest.approx([event["loss"] for event in alone.events("evaluation")], rel=1e-5)
    assert [event["seq"] for event in together.events()] == list(range(1, len(together.events()) + 1))
    assert [event["tokens"] for event in together.events("metric")] == [event["tokens"] for event in alone.events("metric")]
    left, right = alone.weights(), together.weights()
    assert left.keys() == right.keys()
    assert all(torch.allclose(left[name], right[name], atol=1e-4) for name in left)
    # Goes on from the checkpoint of step 3, in two processes, to the same end.
    (together.folder / "exit.json").unlink()
    newest = together.folder / "checkpoints" / "step-00000005"
    newest.rename(together.folder / "gone")
    run(together, "--processes", "2")
    assert together.events("started")[-1]["resumed_from"] == 3
    again = together.weights()
    assert all(torch.equal(right[name], again[name]) for name in right)


def test_signal_to_two_processes_saves_and_exits_with_10(job: TestJob) -> None:
    process = job.prepare(spec_of(job, 2, max_steps=100_000)).start("--processes", "2")
    deadline = time.monotonic() + PATIENCE
    while process.poll() is None and time.monotonic() < deadline:
        if (job.folder / "events.jsonl").exists() and b'"metric"' in (job.folder / "events.jsonl").read_bytes():
            break
        time.sleep(0.05)
    process.send_signal(signal.SIGTERM)
    _, error = process.communicate(timeout=PATIENCE)
    assert process.returncode == 10, error
    assert job.exit["status"] == "cancelled"
    assert job.checkpoints[-1] == f"step-{job.exit['summary']['steps']:08d}"


def test_bad_data_ends_all_processes_with_20(job: TestJob) -> None:
    spec = spec_of(job, 2)
    spec["data"]["train"] = str(job.write("rows.jsonl", ["{"]))
    process = job.prepare(spec).start("--processes", "2")
    process.communicate(timeout=PATIENCE)
    assert process.returncode == 20
    assert [event["code"] for event in job.events("failed")] == ["bad_json"]


def test_count_of_processes_is_checked(job: TestJob) -> None:
    process = job.prepare(job.spec()).start("--processes", "none")
    _, error = process.communicate(timeout=PATIENCE)
    assert process.returncode == 20
    assert "[out_of_range]" in error
