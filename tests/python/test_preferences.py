"""Pairs of answers come to the tokens, labels and faults of tests/Fixtures/preferences/expected.json, as in the embedded trainer's code."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from conftest import FIXTURES

from beep_trainer.data.chat_template import ChatTemplate
from beep_trainer.data.preparation import DataSource, prepare
from beep_trainer.data.store import TokenStore
from beep_trainer.data.tokenizer import Tokenizer
from beep_trainer.faults import FaultError
from beep_trainer.job.spec_reader import bind_spec

FOLDER = FIXTURES / "preferences"
CASES = {case["name"]: case for case in json.loads((FOLDER / "cases.json").read_text("utf-8"))}
EXPECTED = json.loads((FOLDER / "expected.json").read_text("utf-8"))


def encode(case: dict, store: Path) -> TokenStore:
    data = case["data"] | {"train": str(FOLDER / case["data"]["train"])}
    model = FIXTURES / case["model"]
    spec = bind_spec({"version": 1, "job_id": "parity", "task": "dpo", "backend": "transformers", "model": {"path": str(model)}, "data": data})
    template = ChatTemplate.load(model, spec.data.chat_template) if case.get("template", True) else None
    return prepare(DataSource(spec, Tokenizer(model), template, lambda: False), spec.data.train, store)


@pytest.mark.parametrize("name", [name for name in CASES if "faults" not in EXPECTED[name]])
def test_encoding_sound_pairs_gives_the_same_ids_and_labels(name: str, tmp_path: Path) -> None:
    store, expected = encode(CASES[name], tmp_path / "train.tokens"), EXPECTED[name]
    rows = [{"line": store.line(row), "input_ids": store.read(row)[0].tolist(), "labels": store.read(row)[1].tolist()} for row in range(store.rows)]
    assert rows == expected["rows"]
    assert (store.content, store.statistics.truncated, store.statistics.dropped) == (expected["content"], expected["truncated"], expected["dropped"])


@pytest.mark.parametrize("name", [name for name in CASES if "faults" in EXPECTED[name]])
def test_encoding_faulty_pairs_names_the_same_faults(name: str, tmp_path: Path) -> None:
    with pytest.raises(FaultError) as error:
        encode(CASES[name], tmp_path / "train.tokens")
    found = [[fault.code, fault.message, fault.remedy, fault.where] for fault in error.value.faults]
    found = json.loads(json.dumps(found, ensure_ascii=False).replace(str(FOLDER) + "/", ""))
    assert found == [[fault["code"], fault["message"], fault["remedy"], fault["where"]] for fault in EXPECTED[name]["faults"]]
