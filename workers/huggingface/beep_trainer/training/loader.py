"""Tokenises the rows of a job into its cache, or takes them from there."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ..data.chat_template import ChatTemplate
from ..data.preparation import DataSource, prepare
from ..data.store import TokenStore
from ..data.tokenizer import Tokenizer
from ..faults import invalid
from ..job.folder import JobFolder
from ..job.spec import JobSpec
from ..model.folder import check_hash, read_config, text_config


@dataclass(frozen=True)
class TrainingData:
    tokenizer: Tokenizer
    template: ChatTemplate | None
    train: TokenStore
    validation: TokenStore | None


def fit_spec(spec: JobSpec) -> JobSpec:
    """A row past the model's context has positions that the model never learnt."""
    config = text_config(read_config(Path(spec.model.path)))
    context = config.get("max_position_embeddings") or config.get("n_positions") or spec.data.max_length
    return dataclasses.replace(spec, data=dataclasses.replace(spec.data, max_length=min(spec.data.max_length, int(context))))


def load_data(spec: JobSpec, folder: JobFolder, is_cancelled: Callable[[], bool]) -> TrainingData:
    """`spec` is one that `fit_spec` gave."""
    model = Path(spec.model.path)
    config = text_config(read_config(model))
    check_hash(spec.model)
    tokenizer = Tokenizer(model)
    vocabulary = config.get("vocab_size")
    if isinstance(vocabulary, int) and tokenizer.vocabulary_size > vocabulary:
        raise invalid("tokenizer_mismatch", f"The tokenizer knows {tokenizer.vocabulary_size:,} tokens and the model {vocabulary:,}.",
                      "Use the tokenizer that belongs to the model; a model whose tokenizer was extended has an extended embedding.", str(model))
    template = ChatTemplate.load(model, spec.data.chat_template)
    folder.cache.mkdir(parents=True, exist_ok=True)
    source = DataSource(spec, tokenizer, template, is_cancelled)
    train = prepare(source, spec.data.train, folder.cache / "train.tokens")
    validation = prepare(source, spec.data.validation, folder.cache / "validation.tokens") if spec.data.validation is not None else None
    return TrainingData(tokenizer, template, train, validation)
