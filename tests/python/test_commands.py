"""The commands beside training, as the host calls them."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from conftest import FIXTURES
from support import PATIENCE, TestJob

from beep_trainer.machine import checking


def call(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "beep_trainer", *arguments], capture_output=True, text=True, timeout=PATIENCE)


def test_check_tells_libraries_devices_and_methods() -> None:
    done = call("check")
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert answer["libraries"]["torch"] and answer["libraries"]["transformers"]
    assert answer["libraries"].keys() >= {"peft", "accelerate", "safetensors", "bitsandbytes"}
    assert set(answer["methods"]) == {"full", "lora", "dora", "qlora", "dpo"}
    assert answer["methods"]["full"] is None
    assert (answer["methods"]["lora"] is None) == (answer["libraries"]["peft"] is not None)
    assert answer["devices"][0]["kind"] == "cpu"
    assert answer["devices"][0]["memory_bytes"] > 1 << 28
    assert answer["problems"].keys() == {name for name, version in answer["libraries"].items() if version is None}


def test_check_broken_library_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    original = checking.importlib.import_module

    def broken(name: str):
        if name == "transformers":
            raise OSError("libcudart.so.12: cannot open shared object file\nmore")
        return original(name)

    monkeypatch.setattr(checking.importlib, "import_module", broken)
    answer = checking.describe()
    assert answer["libraries"]["transformers"] is None
    assert answer["problems"]["transformers"] == "OSError: libcudart.so.12: cannot open shared object file"
    assert answer["methods"]["full"] == "OSError: libcudart.so.12: cannot open shared object file"


def test_selftest_trains_two_steps_and_leaves_nothing() -> None:
    done = call("selftest")
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert (answer["status"], len(answer["losses"])) == ("succeeded", 2)
    assert answer["code"] is None


def test_generate_answers_as_text_and_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    from beep_trainer.cli import main

    arguments = ["generate", "--model", str(FIXTURES / "qwen2"), "--prompt", "Hello", "--max-new-tokens", "6"]
    assert main(arguments) == 0
    text = capsys.readouterr().out
    assert main([*arguments, "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert text == answer["text"] + "\n"
    assert answer["completion_tokens"] <= 6
    assert main([*arguments, "--temperature", "1", "--seed", "3"]) == 0
    drawn = capsys.readouterr().out
    assert main([*arguments, "--temperature", "1", "--seed", "3"]) == 0
    assert capsys.readouterr().out == drawn


@pytest.mark.parametrize(("arguments", "code"), [
    (["train", "/nowhere"], "job_not_found"),
    (["generate", "--model", "/nowhere", "--prompt", "x"], "tokenizer"),
    (["generate", "--model", str(FIXTURES / "qwen2"), "--prompt", "x", "--top-p", "0"], "out_of_range"),
    (["generate", "--model", str(FIXTURES / "qwen2"), "--prompt", ""], "empty_prompt"),
    (["generate", "--model", str(FIXTURES / "qwen2"), "--prompt", "x " * 400], "prompt_too_long"),
])
def test_bad_arguments_are_told_with_a_code(arguments: list[str], code: str, capsys: pytest.CaptureFixture[str]) -> None:
    from beep_trainer.cli import main

    assert main([*arguments, *(["--raw"] if "empty_prompt" in code else [])]) == 20
    assert f"[{code}" in capsys.readouterr().err


def test_unknown_command_ends_with_20() -> None:
    done = call("fly")
    assert done.returncode == 20
    assert "[bad_arguments]" in done.stderr


def test_output_of_a_run_is_empty_where_nothing_went_wrong(job: TestJob) -> None:
    process = job.prepare(job.spec(train={"max_steps": 1})).start()
    assert process.communicate(timeout=PATIENCE) == ("", "")
