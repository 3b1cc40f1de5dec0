"""Rows, tokens, labels and order are those of the embedded trainer: tests/Fixtures/encoding/expected.json is its own answer."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from conftest import FIXTURES

from beep_trainer.data.chat_template import ChatTemplate
from beep_trainer.data.packing import pack
from beep_trainer.data.preparation import DataSource, prepare
from beep_trainer.data.seeded_order import derive, permutation
from beep_trainer.data.store import TokenStore
from beep_trainer.data.tokenizer import Tokenizer
from beep_trainer.faults import FaultError
from beep_trainer.job.spec_reader import bind_spec

ENCODING = FIXTURES / "encoding"
CASES = {case["name"]: case for case in json.loads((ENCODING / "cases.json").read_text("utf-8"))}
EXPECTED = json.loads((ENCODING / "expected.json").read_text("utf-8"))


def encode(case: dict, store: Path, **changes) -> TokenStore:
    data = case["data"] | {"train": str(ENCODING / case["data"]["train"])} | changes.pop("data", {})
    model = FIXTURES / case["model"]
    spec = bind_spec({"version": 1, "job_id": "parity", "backend": "transformers", "model": {"path": str(model)}, "data": data} | changes)
    return prepare(DataSource(spec, Tokenizer(model), ChatTemplate.load(model, spec.data.chat_template), lambda: False), spec.data.train, store)


@pytest.mark.parametrize("name", [name for name in CASES if "faults" not in EXPECTED["cases"][name]])
def test_encoding_sound_rows_gives_the_same_ids_and_labels(name: str, tmp_path: Path) -> None:
    store, expected = encode(CASES[name], tmp_path / "train.tokens"), EXPECTED["cases"][name]
    rows = [{"line": store.line(row), "input_ids": store.read(row)[0].tolist(), "labels": store.read(row)[1].tolist()} for row in range(store.rows)]
    assert rows == expected["rows"]
    assert (store.content, store.statistics.truncated, store.statistics.dropped) == (expected["content"], expected["truncated"], expected["dropped"])


def _comparable(code: str, message: str, remedy: str, where: str) -> list:
    """What a JSON library says of a text that is none is its own, and one format more is known here."""
    parts = {"bad_json": [], "nan_literal": [], "unknown_column": [message], "unknown_columns": [message], "wrong_format": [message]}
    return [code, *parts.get(code, [message, remedy]), where]


@pytest.mark.parametrize("name", [name for name in CASES if "faults" in EXPECTED["cases"][name]])
def test_encoding_faulty_rows_names_the_same_faults(name: str, tmp_path: Path) -> None:
    with pytest.raises(FaultError) as error:
        encode(CASES[name], tmp_path / "train.tokens")
    found = [_comparable(fault.code, fault.message, fault.remedy, fault.where) for fault in error.value.faults]
    found = json.loads(json.dumps(found, ensure_ascii=False).replace(str(ENCODING) + "/", ""))
    assert found == [_comparable(**fault) for fault in EXPECTED["cases"][name]["faults"]]
    assert not (tmp_path / "train.tokens").exists()


def test_encoding_many_faulty_rows_names_the_first_twenty_by_line(tmp_path: Path) -> None:
    """Rows are read many at a time and encoded after that: what is found later may stand earlier."""
    rows = tmp_path / "rows.jsonl"
    rows.write_text("".join('{"text": "' + "a" * 40 + '"}\n' for _ in range(25)) + '{\n{"text": 5}\n', "utf-8")
    with pytest.raises(FaultError) as error:
        encode({"model": "llama-tied", "data": {"train": str(rows), "format": "text", "max_length": 8}}, tmp_path / "train.tokens")
    assert [(fault.code, fault.where) for fault in error.value.faults[:-1]] == [("overlong", f"{rows}:{line}") for line in range(1, 21)]
    assert (error.value.faults[-1].code, error.value.faults[-1].message) == ("more_faults", f"'{rows}' has 7 more faults.")


def test_order_any_seed_is_the_same() -> None:
    for order in EXPECTED["orders"]:
        assert permutation(order["count"], order["seed"], order["epoch"]) == order["order"]
        assert derive(order["seed"], order["epoch"] + 2) == order["derived"]


def test_packing_any_lengths_is_the_same() -> None:
    for packing in EXPECTED["packings"]:
        lengths = packing["lengths"]
        assert pack(lengths, packing["max_length"], permutation(len(lengths), 42, -1)) == packing["sequences"]


def test_prepare_unchanged_file_opens_the_store_again(tmp_path: Path) -> None:
    store = tmp_path / "train.tokens"
    encode(CASES["text llama-tied"], store)
    written = store.stat().st_mtime_ns
    encode(CASES["text llama-tied"], store)
    assert store.stat().st_mtime_ns == written
    encode(CASES["text llama-tied"], store, data={"max_length": 77})
    assert store.stat().st_mtime_ns != written


def test_prepare_torn_store_is_made_again(tmp_path: Path) -> None:
    store = tmp_path / "train.tokens"
    encode(CASES["text llama-tied"], store)
    store.write_bytes(store.read_bytes()[:-3])
    assert encode(CASES["text llama-tied"], store).rows == 3


@pytest.mark.parametrize(("head", "kind"), [(b"PK\x03\x04", "a zip archive"), (b"PAR1", "a Parquet file"), (b"\xff\xfea\0", "UTF-16 text")])
def test_prepare_other_file_says_what_it_is(head: bytes, kind: str, tmp_path: Path) -> None:
    (tmp_path / "rows.jsonl").write_bytes(head + b"x" * 32)
    with pytest.raises(FaultError, match=f"its content is {kind}"):
        encode({"model": "llama-tied", "data": {"train": str(tmp_path / "rows.jsonl")}}, tmp_path / "train.tokens")


PREFERENCES = [
    {"prompt": "Hi", "chosen": "Hello!", "rejected": "No."},
    {"prompt": [{"role": "user", "content": "Hi"}], "chosen": [{"role": "assistant", "content": "Hello!"}], "rejected": [{"role": "assistant", "content": "No."}]},
    {"chosen": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello!"}], "rejected": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "No."}]},
    {"input": {"messages": [{"role": "user", "content": "Hi"}]}, "preferred_output": [{"role": "assistant", "content": "Hello!"}],
     "non_preferred_output": [{"role": "assistant", "content": "No."}]},
]


@pytest.mark.parametrize("row", PREFERENCES)
def test_preference_any_spelling_means_the_same_pair(row: dict, tmp_path: Path) -> None:
    (tmp_path / "rows.jsonl").write_text(json.dumps(row) + "\n", "utf-8")
    store = encode({"model": "llama-tied", "data": {"train": str(tmp_path / "rows.jsonl")}}, tmp_path / "train.tokens", task="dpo")
    tokenizer = Tokenizer(FIXTURES / "llama-tied")
    texts = [tokenizer.encode([f"<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n{answer}<|im_end|>\n"])[0].ids for answer in ("Hello!", "No.")]
    assert [store.read(row)[0].tolist() for row in range(store.rows)] == texts
    learnt = [[token for token in store.read(row)[1].tolist() if token != -100] for row in range(store.rows)]
    assert [tokenizer.decode(ids) for ids in learnt] == ["Hello!", "No."]


@pytest.mark.parametrize(("row", "code"), [
    ({"prompt": "Hi", "chosen": "x", "rejected": "x"}, "same_answers"),
    ({"prompt": "Hi", "chosen": "x", "rejected": " "}, "empty_completion"),
    ({"prompt": "Hi", "chosen": "x", "rejected": [{"role": "assistant", "content": "No."}]}, "wrong_type"),
    ({"chosen": "x", "rejected": "y"}, "missing_column"),
    ({"chosen": [{"role": "user", "content": "a"}], "rejected": [{"role": "user", "content": "b"}]}, "missing_assistant_turn"),
])
def test_preference_useless_pair_is_refused(row: dict, code: str, tmp_path: Path) -> None:
    (tmp_path / "rows.jsonl").write_text(json.dumps(row) + "\n", "utf-8")
    with pytest.raises(FaultError) as error:
        encode({"model": "llama-tied", "data": {"train": str(tmp_path / "rows.jsonl")}}, tmp_path / "train.tokens", task="dpo")
    assert [(fault.code, fault.where) for fault in error.value.faults] == [(code, f"{tmp_path / 'rows.jsonl'}:1")]


def test_preference_for_another_task_is_refused(tmp_path: Path) -> None:
    (tmp_path / "rows.jsonl").write_text(json.dumps(PREFERENCES[0]) + "\n", "utf-8")
    case = {"model": "llama-tied", "data": {"train": str(tmp_path / "rows.jsonl")}}
    with pytest.raises(FaultError, match="Set task=dpo"):
        encode(case, tmp_path / "train.tokens")
    with pytest.raises(FaultError, match="'dpo' learns from pairs of answers"):
        encode(CASES["text llama-tied"], tmp_path / "train.tokens", task="dpo")
