"""Several processes that train together over gloo: by torchrun, as on several machines, and by the worker itself."""

from __future__ import annotations

import random
import signal
import socket
import threading
import time

import pytest
import torch
from support import PATIENCE, TestJob
from test_dpo import spec_of as pairs_of


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


def free_port() -> int:
    """Below those that the system gives to whoever asks for any: none of them can take it before torchrun does."""
    while True:
        port = random.randrange(12_000, 20_000)
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) != 0:
                return port


def by_torchrun(job: TestJob, nodes: int, **more) -> int:
    """Two processes: on two machines with the options that the product gives, or on one as people start them."""
    port = free_port()
    meeting = ["--rdzv-backend=c10d", f"--rdzv-endpoint=127.0.0.1:{port}", "--rdzv-id=7"] if nodes > 1 else ["--master-addr=127.0.0.1", f"--master-port={port}"]
    options = [f"--nnodes={nodes}", f"--nproc-per-node={2 // nodes}", *meeting]
    machines = [job.start_by_torchrun(*options, **more) for _ in range(nodes)]
    output = "".join(one.communicate(timeout=PATIENCE)[0] for one in machines)
    code = max(one.returncode for one in machines)
    assert code == 0 or job.exit["status"] != "succeeded", output
    return code


@pytest.mark.parametrize(("sharding", "nodes"), [("replicate", 2), ("full", 1)])
def test_two_processes_of_torchrun_give_the_losses_of_one(job: TestJob, sharding: str, nodes: int, monkeypatch: pytest.MonkeyPatch) -> None:
    alone, together = job.at("alone"), job.at("together")
    samples = {"prompts": ["Hello", "1 2"], "every_steps": 3, "max_new_tokens": 8}
    assert alone.run(spec_of(job, 1) | {"samples": samples}) == 0
    monkeypatch.setenv("BEEP_SHARDING", sharding)
    together.prepare(spec_of(job, 2) | {"samples": samples})
    assert by_torchrun(together, nodes) == 0
    assert together.losses == pytest.approx(alone.losses, rel=1e-5)
    assert [event["loss"] for event in together.events("evaluation")] == pytest.approx([event["loss"] for event in alone.events("evaluation")], rel=1e-5)
    assert [(event["step"], event["text"]) for event in together.events("sample")] == [(event["step"], event["text"]) for event in alone.events("sample")]
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


def test_cancelled_torchrun_leaves_the_first_process_all_the_time_it_needs(job: TestJob) -> None:
    """torchrun ends the others as soon as one has ended with anything but 0, and that a run was cancelled is not 0."""
    slow = ("import atexit, os, sys\nrank = os.environ.get('RANK')\nif rank == '0':\n import time\n from beep_trainer.training import checkpoints\n write = checkpoints.write_folder\n"
            " def late(*arguments):\n  time.sleep(2)\n  write(*arguments)\n checkpoints.write_folder = late\n"
            "elif rank == '1':\n atexit.register(lambda: open(sys.argv[-1] + '/second', 'w').write(str(os.path.exists(sys.argv[-1] + '/exit.json'))))\n")
    job.prepare(spec_of(job, 2, max_steps=100_000, save_steps=None))
    (job.folder / "control").mkdir()
    watcher = threading.Thread(target=lambda: (wait_for(job, b'"metric"'), (job.folder / "control" / "cancel").touch()))
    watcher.start()
    assert by_torchrun(job, 1, env=job.patched(slow)) == 1
    watcher.join()
    assert (job.exit["status"], job.exit["exit_code"]) == ("cancelled", 10)
    assert job.checkpoints == [f"step-{job.exit['summary']['steps']:08d}"]
    assert (job.folder / "second").read_text() == "True"


@pytest.mark.parametrize(("sharding", "at"), [("full", "_backward"), ("replicate", "measure")])
def test_memory_of_one_process_makes_smaller_passes_of_all(job: TestJob, sharding: str, at: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the third step of the second process, where those that share the weights all begin anew; or in its evaluation before the first."""
    alone = job.at("alone")
    assert alone.run(spec_of(job, 1, max_steps=4, save_steps=2)) == 0
    monkeypatch.setenv("BEEP_SHARDING", sharding)
    scarce = ("import os\nif os.environ.get('RANK') == '1':\n from beep_trainer.training import evaluator, gradients\n"
              " place = {'_backward': gradients.GradientPass, 'measure': evaluator.Evaluator}[AT]\n act, calls = getattr(place, AT), [0]\n"
              " def scarcely(self, *arguments):\n  calls[0] += 1\n  size = arguments[0].input_ids.shape[0] if AT == '_backward' else arguments[0]\n"
              "  if size > 1 and calls[0] > AFTER:\n   raise MemoryError('out of memory')\n  return act(self, *arguments)\n setattr(place, AT, scarcely)\n")
    begins_anew = sharding == "full"
    environment = job.patched(f"AT, AFTER = {at!r}, {2 if begins_anew else 0}\n{scarce}")
    job.prepare(spec_of(job, 2, max_steps=4, save_steps=2))
    run(job, "--processes", "2", env=environment)
    assert [event["resumed_from"] for event in job.events("started")] == ([None, 2] if begins_anew else [None])
    assert [event["code"] for event in job.events("warning")] == ["out_of_memory_refit"]
    message = job.events("warning")[0]["message"]
    assert message.startswith(f"The memory did not suffice for step {3 if begins_anew else 0} with 2 sequences in a forward pass ({'out of memory' if begins_anew else 'in another process'}). ")
    assert message.endswith("it learns the same." + (" The processes share the weights, and began anew from the checkpoint of step 2." if begins_anew else ""))
    assert job.events("warning")[0]["remedy"] == "Set train.per_device_batch_size=1 and train.gradient_accumulation_steps=2 to begin so."
    assert job.losses == pytest.approx(alone.losses, rel=1e-5)
    assert [event["loss"] for event in job.events("evaluation")] == pytest.approx([event["loss"] for event in alone.events("evaluation")], rel=1e-5)
    assert job.exit["status"] == "succeeded"


@pytest.mark.parametrize(("sharding", "at"), [("replicate", "evaluation"), ("full", "evaluation"), ("replicate", "references")])
def test_signal_to_one_process_ends_the_rounds_of_all(job: TestJob, sharding: str, at: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Midway in an evaluation, or where a preference run asks the model that it begins with: nobody waits for the end of either."""
    monkeypatch.setenv("BEEP_SHARDING", sharding)
    stopped = ("import os\nrank = os.environ.get('RANK')\nif rank:\n import signal\n from beep_trainer.training import evaluator, reference\n"
               " place, name = {'evaluation': (evaluator.Evaluator, 'measure'), 'references': (reference, '_measure')}[AT]\n act = getattr(place, name)\n"
               " def watched(*arguments):\n  running, rounds = act(*arguments), 0\n  while True:\n   try:\n    next(running)\n   except StopIteration as end:\n    return end.value\n"
               "   rounds += 1\n   with open(os.path.join(FOLDER, rank), 'a') as seen:\n    seen.write('.')\n"
               "   if rounds == 2 and rank == '1':\n    os.kill(os.getpid(), signal.SIGTERM)\n   yield\n setattr(place, name, watched)\n")
    spec = pairs_of(job, train={"max_steps": 2, "per_device_batch_size": 2}) if at == "references" else spec_of(job, 2, max_steps=2)
    if at == "evaluation":
        spec["data"] |= {"packing": False, "validation": str(job.random_rows("many.jsonl", 12, 3))}
    process = job.prepare(spec).start("--processes", "2", env=job.patched(f"AT, FOLDER = {at!r}, {str(job.root)!r}\n{stopped}"))
    _, error = process.communicate(timeout=PATIENCE)
    assert process.returncode == 10, error
    assert job.exit["status"] == "cancelled"
    assert [(job.root / rank).read_text() for rank in ("0", "1")] == ["..", ".."]
    assert job.events("evaluation") == []
    # What was given up is made up for.
    run(job, "--processes", "2")
    assert [event["step"] for event in job.events("evaluation")] == ([0, 2] if at == "evaluation" else [])
    assert len(job.losses) == 2


def test_fault_of_another_process_is_the_runs(job: TestJob) -> None:
    """One machine that lacks the model, say: the first would know no more than that the other is gone."""
    spoilt = ("import os\nif os.environ.get('RANK') == '1':\n from beep_trainer.faults import invalid\n from beep_trainer.model import trainable\n"
              " def missing(*_, **more):\n  raise invalid('model_not_found', 'There is no model folder.', 'Check the path.')\n trainable.load_model = missing\n")
    process = job.prepare(spec_of(job, 2)).start("--processes", "2", env=job.patched(spoilt))
    _, error = process.communicate(timeout=PATIENCE)
    assert process.returncode == 20, error
    assert (job.exit["code"], job.exit["message"]) == ("model_not_found", "In process 1: There is no model folder.")


def wait_for(job: TestJob, text: bytes) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if (job.folder / "events.jsonl").exists() and text in (job.folder / "events.jsonl").read_bytes():
            return
        time.sleep(0.05)


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
