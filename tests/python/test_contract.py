"""The job folder: what is read and refused, and what is written, held to the contract's schemas and samples."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest
from conftest import CONTRACTS
from support import PATIENCE, TestJob

from beep_trainer.faults import FaultError
from beep_trainer.job import durable
from beep_trainer.job.events import EventWriter
from beep_trainer.job.folder import JobFolder
from beep_trainer.job.lock import JobLock
from beep_trainer.job.spec import JobSpec
from beep_trainer.job.spec_reader import bind_spec, read_spec


def validate(schema: str, value: object) -> None:
    jsonschema.validate(value, json.loads((CONTRACTS / f"{schema}.schema.json").read_text("utf-8")))


def faults_of(tree: dict) -> list[tuple[str, str, str | None]]:
    with pytest.raises(FaultError) as error:
        bind_spec({"version": 1, "job_id": "x", "model": {"path": "m"}, "data": {"train": "t"}} | tree)
    assert error.value.exit_code == 20
    return [(fault.code, fault.message, fault.where) for fault in error.value.faults]


def test_spec_full_sample_every_field_is_read() -> None:
    path = CONTRACTS / "samples" / "spec.full.json"
    spec, sample = read_spec(path), json.loads(path.read_text("utf-8"))

    def compare(bound: object, value: dict) -> None:
        for name, expected in value.items():
            found = getattr(bound, name)
            if isinstance(expected, dict) and not isinstance(found, dict):
                compare(found, expected)
            else:
                assert (list(found) if isinstance(found, tuple) else found) == expected, name

    compare(spec, sample)


def test_spec_minimal_sample_has_the_schemas_defaults() -> None:
    spec = read_spec(CONTRACTS / "samples" / "spec.minimal.json")
    schema = json.loads((CONTRACTS / "spec.schema.json").read_text("utf-8"))

    def compare(bound: object, properties: dict) -> None:
        for name, one in properties.items():
            found = getattr(bound, name)
            if one.get("type") == "object" and "properties" in one:
                compare(found, one["properties"])
            elif "default" in one:
                assert (list(found) if isinstance(found, tuple) else found) == one["default"], name

    compare(spec, schema["properties"])


def test_spec_later_versions_minor_is_read_and_major_refused() -> None:
    assert read_spec(CONTRACTS / "samples" / "spec.later-minor.json").job_id == "later-minor"
    with pytest.raises(FaultError, match="The spec is of version 2; this program reads up to 1."):
        read_spec(CONTRACTS / "samples" / "spec.later-major.json")


@pytest.mark.parametrize(("tree", "expected"), [
    ({"train": {"seed": 1.5}}, ("wrong_type", "'train.seed' is 1.5, which is not a whole number.", "train.seed")),
    ({"train": {"max_steps": True}}, ("wrong_type", "'train.max_steps' is true, which is not a whole number.", "train.max_steps")),
    ({"train": {"learning_rate": "fast"}}, ("wrong_type", "'train.learning_rate' is \"fast\", which is not a number.", "train.learning_rate")),
    ({"train": {"learning_rate": 0}}, ("out_of_range", "'train.learning_rate' is 0; it must be above 0 and at most 10.", "train.learning_rate")),
    ({"train": {"per_device_batch_size": 0}}, ("out_of_range", "'train.per_device_batch_size' is 0; it must be from 1 to 4096.", "train.per_device_batch_size")),
    ({"train": None}, ("wrong_type", "'train' is null, which is not an object.", "train")),
    ({"method": "magic"}, ("wrong_type", "'method' is \"magic\", which is not one of lora, qlora, dora, full.", "method")),
    ({"data": {"train": "t", "packing": "yes"}}, ("wrong_type", "'data.packing' is \"yes\", which is not true or false.", "data.packing")),
    ({"data": {"train": " "}}, ("missing", "'data.train' is missing.", "data.train")),
    ({"data": {"train": "a\0b"}}, ("bad_path", "'data.train' holds a NUL character, which no path can.", "data.train")),
    ({"lora": {"target_modules": []}}, ("wrong_type", "'lora.target_modules' is [], which is not \"all-linear\" or a list of layer names.", "lora.target_modules")),
    ({"samples": {"prompts": ["x"] * 65}}, ("out_of_range", "'samples.prompts (how many)' is 65; it must be from 0 to 64.", "samples.prompts (how many)")),
    ({"job_id": "-x"}, ("bad_name", "'-x' is no job id.", "job_id")),
    ({"task": "pretrain"}, ("wrong_method", "'pretrain' trains every weight, so 'method' must be 'full'.", "method")),
    ({"method": "full", "adapter": "a"}, ("wrong_method", "'full' trains no adapter, yet 'adapter' names one to start from.", "adapter")),
])
def test_spec_bad_field_is_named_with_its_value(tree: dict, expected: tuple) -> None:
    assert faults_of(tree) == [expected]


def test_spec_many_faults_are_told_at_once() -> None:
    assert len(faults_of({"job_id": "", "method": 7, "train": {"seed": "x", "save_steps": 0}, "limits": {"max_seconds": 1e9}})) == 5


@pytest.mark.parametrize(("text", "code"), [("{", "bad_json"), ("[]", "not_an_object"), ('{"a": 1, "a": 2}', "bad_json"), ('{"a": NaN}', "bad_json"), ("\udcff", "bad_json")])
def test_spec_no_json_is_refused(text: str, code: str, tmp_path: Path) -> None:
    (tmp_path / "spec.json").write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(FaultError) as error:
        read_spec(tmp_path / "spec.json")
    assert error.value.faults[0].code == code


def test_events_of_a_run_fit_the_schema(job: TestJob) -> None:
    spec = job.spec(data={"validation": str(job.random_rows("held.jsonl", 5, 2))}, train={"save_steps": 3}, samples={"prompts": ["Käfer? 🐞"], "max_new_tokens": 4})
    validate("spec", spec)
    assert job.run(spec) == 0
    events = job.events()
    for event in events:
        validate("event", event)
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
    kinds = [event["type"] for event in events]
    assert kinds[:4] == ["started", "data", "evaluation", "sample"]
    assert kinds[-6:] == ["progress", "evaluation", "sample", "checkpoint", "artifact", "finished"]
    assert (events[0]["backend"], events[0]["resumed_from"], events[0]["total_steps"]) == ("transformers", None, 6)
    assert events[0]["versions"].keys() >= {"beep", "torch", "transformers", "python", "threads"}
    validate("exit", job.exit)
    assert (job.exit["status"], job.exit["exit_code"], job.exit["summary"]["steps"]) == ("succeeded", 0, 6)
    assert job.exit["summary"]["last_checkpoint"] == "checkpoints/step-00000006"
    assert job.exit["summary"]["last_evaluation_loss"] < job.exit["summary"]["first_evaluation_loss"]
    artifact = job.events("artifact")[0]
    assert (artifact["name"], artifact["path"]) == ("merged", "artifacts/merged")
    files = {path.name for path in (job.folder / "artifacts" / "merged").iterdir()}
    assert files >= {"config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json", "README.md"}
    assert not list(job.folder.rglob("*.partial"))


def test_events_damaged_file_goes_on_counting(tmp_path: Path) -> None:
    folder = JobFolder(tmp_path)
    shutil.copy(CONTRACTS / "samples" / "events.damaged.jsonl", folder.events)
    with open(folder.events, "ab") as stream:
        stream.write(b"x" * (2 << 20))
    writer = EventWriter(folder)
    assert writer.last_seq == 3
    writer.write("progress", step=1, total_steps=2, epoch=0.5, eta_seconds=None)
    writer.close()
    lines = folder.events.read_bytes().splitlines()
    assert len(lines) == 5
    assert json.loads(lines[-1])["seq"] == 4


def test_lock_held_elsewhere_ends_a_second_worker_at_once(job: TestJob) -> None:
    job.prepare(job.spec())
    lock = JobLock.try_take(JobFolder(job.folder))
    assert lock is not None
    second = job.start()
    _, error = second.communicate(timeout=PATIENCE)
    lock.release()
    assert second.returncode == 50
    assert error.endswith(f"{job.folder}: Another worker is running this job. Wait for it, or stop it first. [job_running]\n")
    assert not (job.folder / "exit.json").exists()


@pytest.mark.parametrize(("change", "code", "field"), [
    ({"backend": "torchsharp"}, "unsupported", "backend"),
    ({"method": "qlora"}, "unsupported", "method"),
])
def test_run_what_cannot_be_done_here_is_refused_by_name(job: TestJob, change: dict, code: str, field: str) -> None:
    assert job.run(job.spec(**change)) == 20
    assert (code, 20, None) in [(fault["code"], job.exit["exit_code"], job.exit["summary"]) for fault in job.events("failed")]
    assert any(fault["message"].startswith(f"{field}: ") for fault in job.events("failed"))
    assert job.events()[-1]["type"] == "finished"
    for event in job.events():
        validate("event", event)
    validate("exit", job.exit)


@pytest.mark.parametrize(("spoil", "code"), [
    (lambda folder: (folder / "model.safetensors").rename(folder / "pytorch_model.bin"), "pickled_weights"),
    (lambda folder: (folder / "model.safetensors").unlink(), "weights_not_found"),
    (lambda folder: (folder / "model.safetensors").write_bytes(b"x" * 100), "bad_safetensors"),
    (lambda folder: (folder / "config.json").unlink(), "config_not_found"),
    (lambda folder: (folder / "config.json").write_text("{"), "bad_config"),
    (lambda folder: change_json(folder / "config.json", model_type="unheard_of"), "unknown_model_type"),
    (lambda folder: change_json(folder / "config.json", model_type="unheard_of", auto_map={"AutoModelForCausalLM": "m.X"}), "remote_code"),
    (lambda folder: change_json(folder / "config.json", num_hidden_layers=3), "missing_tensor"),
    (lambda folder: change_json(folder / "config.json", vocab_size=400), "tokenizer_mismatch"),
    (lambda folder: (folder / "tokenizer.json").write_text("{}"), "tokenizer_invalid"),
    (lambda folder: (folder / "tokenizer_config.json").write_text("[]"), "model_file_invalid"),
])
def test_run_spoilt_model_is_refused_by_code(job: TestJob, spoil, code: str) -> None:
    spec = job.spec()
    model = job.root / "model"
    shutil.copytree(spec["model"]["path"], model, copy_function=shutil.copyfile)
    spoil(model)
    assert job.run(spec | {"model": {"path": str(model)}}) == 20
    assert job.exit["code"] == code


def change_json(path: Path, **changes: object) -> None:
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def test_run_program_in_the_model_folder_is_never_run(job: TestJob) -> None:
    spec = job.spec()
    model = job.root / "model"
    shutil.copytree(spec["model"]["path"], model, copy_function=shutil.copyfile)
    (model / "evil.py").write_text(f"open({str(job.root / 'ran')!r}, 'w')\n")
    change_json(model / "config.json", auto_map={"AutoConfig": "evil.X", "AutoModelForCausalLM": "evil.X"})
    assert job.run(spec | {"model": {"path": str(model)}}) == 0
    assert not (job.root / "ran").exists()


def test_run_other_hash_of_the_model_is_refused(job: TestJob) -> None:
    spec = job.spec(model={"sha256": "0" * 64})
    assert job.run(spec) == 20
    assert job.exit["code"] == "model_changed"


def test_durable_failing_write_leaves_the_old_content(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "old").write_text("old")

    def fill(temporary: Path) -> None:
        (temporary / "new").write_text("new")
        raise OSError("no more")

    with pytest.raises(OSError, match="no more"):
        durable.write_folder(tmp_path / "folder", fill)
    assert [path.name for path in tmp_path.rglob("*")] == ["folder", "old"]


def test_worker_stays_offline_and_knows_no_other_network(job: TestJob) -> None:
    program = ("import os, sys; sys.argv = ['x', 'check']\nfrom beep_trainer import cli\ncli._stay_home()\n"
               "print(os.environ['HF_HUB_OFFLINE'], os.environ['TRANSFORMERS_OFFLINE'], os.environ['HF_HUB_DISABLE_TELEMETRY'])")
    environment = {name: value for name, value in os.environ.items() if name not in ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE")}
    output = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, timeout=PATIENCE, check=True).stdout
    assert output == "1 1 1\n"
    assert JobSpec().resume == "auto"
