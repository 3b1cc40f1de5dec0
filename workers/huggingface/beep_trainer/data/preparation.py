"""What a training run does with a file of rows before the first step."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from .. import __version__
from ..faults import failed
from ..job.spec import JobSpec
from .chat_template import ChatTemplate
from .detection import detect, require_trainable
from .encoder import EncodedRows, RowEncoder
from .findings import FindingLog, RowError, empty_dataset
from .formats import DatasetRow, Format, accept
from .policy import RowPolicy
from .records import DatasetFile
from .rows import parse_row
from .store import StoreWriter, TokenStore
from .tokenizer import Tokenizer

_ROWS_AT_ONCE = 512
_TOKENIZER_FILES = ("tokenizer.json", "tokenizer_config.json", "chat_template.jinja", "special_tokens_map.json",
                    "added_tokens.json", "config.json", "generation_config.json")


class Cancelled(Exception):
    """The run was cancelled while its data was read."""


@dataclass(frozen=True)
class DataSource:
    """What rows are encoded with."""

    spec: JobSpec
    tokenizer: Tokenizer
    template: ChatTemplate | None
    is_cancelled: Callable[[], bool]


def prepare(source: DataSource, file: str, store_path: Path) -> TokenStore:
    """Encodes every row into a store, or opens the one that was made of the same file, model and settings."""
    dataset = DatasetFile(file)
    kind = detect(dataset, source.spec.data)
    require_trainable(dataset, kind, source.spec.task, source.template is not None)
    key = _fingerprint(source, file)
    existing = TokenStore.try_open(store_path)
    if existing is not None and existing.key == key:
        return existing
    log = FindingLog(file)
    policy = RowPolicy(source.spec.data)
    try:
        writer = StoreWriter(store_path, key)
    except OSError as error:
        raise _cannot_write(file, store_path, error) from error
    is_complete = False
    try:
        for line, rows in _encode(source, dataset, kind, log):
            try:
                kept = policy.apply(rows)
            except RowError as error:
                log.add(line, error)
                continue
            if kept and log.errors == 0:
                for row in kept:
                    writer.append(line, row)
        log.raise_if_any()
        if policy.statistics.rows == 0:
            raise empty_dataset(file, policy.statistics.dropped)
        # A store counts sequences, of which a pair of answers has two.
        pairs = 2 if kind.name == "preference" else 1
        policy.statistics.rows *= pairs
        store = writer.complete(policy.statistics)
        is_complete = True
        return store
    except OSError as error:
        raise _cannot_write(file, store_path, error) from error
    finally:
        if not is_complete:
            writer.discard()


def _encode(source: DataSource, dataset: DatasetFile, kind: Format, log: FindingLog) -> Iterator[tuple[int, EncodedRows]]:
    encoder = RowEncoder(source.tokenizer, source.template, source.spec)
    rows = _read(source, dataset, kind, log)
    while batch := list(islice(rows, _ROWS_AT_ONCE)):
        if source.is_cancelled():
            raise Cancelled
        for (line, _), encoded in zip(batch, encoder.encode([row for _, row in batch])):
            if isinstance(encoded, RowError):
                log.add(line, encoded)
            else:
                yield line, encoded


def _read(source: DataSource, dataset: DatasetFile, kind: Format, log: FindingLog) -> Iterator[tuple[int, DatasetRow]]:
    for record in dataset.records():
        found: list[RowError] = []
        row = None
        try:
            if isinstance(record.content, RowError):
                raise record.content
            row = accept(parse_row(record.content, found), kind, source.spec.data.columns, source.tokenizer.vocabulary_size, found)
        except RowError as error:
            found.append(error)
        for one in found:
            log.add(record.line, one)
        if row is not None and not found:
            yield record.line, row


def _fingerprint(source: DataSource, file: str) -> bytes:
    """Everything that token ids depend on, this program included: two stores of equal key hold the same tokens."""
    spec, data = source.spec, source.spec.data
    settings = [__version__, spec.task, data.format, data.max_length, data.overlong, data.untrainable, data.completion_only_loss,
                Path(file).suffix, data.chat_template, sorted((data.columns or {}).items())]
    key = hashlib.sha256(json.dumps(settings).encode())
    for name in _TOKENIZER_FILES:
        path = Path(spec.model.path) / name
        key.update(hashlib.sha256(path.read_bytes()).digest() if path.is_file() else b"none")
    with open(file, "rb") as stream:
        while block := stream.read(1 << 20):
            if source.is_cancelled():
                raise Cancelled
            key.update(block)
    return key.digest()


def _cannot_write(file: str, path: Path, error: OSError) -> Exception:
    return failed("cannot_write", f"The tokens of '{file}' cannot be written to '{path}': {error}",
                  "Free space on that disk (about 8 bytes a token), or choose a folder that can be written to.", str(path))
