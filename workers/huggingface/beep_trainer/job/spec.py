"""spec.json, version 1: every field with its default and its bounds. Read it with `spec_reader.read_spec`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

VERSION = 1


def _of(kind: str, default: Any, *, null: bool = False, low: float | None = None, high: float | None = None,
        above: bool = False, choices: tuple[str, ...] = ()) -> Any:
    """A field: its JSON kind, whether null is allowed, its bounds (`above`: `low` itself is not allowed), its names."""
    metadata = {"kind": kind, "null": null, "low": low, "high": high, "above": above, "choices": choices}
    return field(default=default, metadata=metadata)


def _text(default: str | None, *, null: bool = False) -> Any:
    return _of("text", default, null=null)


def _whole(default: int | None, low: int | None = None, high: int | None = None, *, null: bool = False) -> Any:
    return _of("whole", default, null=null, low=low, high=high)


def _number(default: float, low: float, high: float, *, above: bool = False) -> Any:
    return _of("number", default, low=low, high=high, above=above)


def _flag(default: bool) -> Any:
    return _of("flag", default)


def _one_of(default: str, *others: str) -> Any:
    return _of("choice", default, choices=(default, *others))


@dataclass(frozen=True)
class ModelSpec:
    path: str = _text("")
    sha256: str | None = _text(None, null=True)


@dataclass(frozen=True)
class DataSpec:
    train: str = _text("")
    validation: str | None = _text(None, null=True)
    format: str = _one_of("auto", "messages", "prompt_completion", "alpaca", "sharegpt", "text", "preference", "tokens")
    columns: dict[str, str] | None = _of("columns", None, null=True)
    max_length: int = _whole(2048, 2, 1 << 20)
    overlong: str = _one_of("fail", "truncate", "drop")
    untrainable: str = _one_of("fail", "drop", "keep")
    packing: bool = _flag(True)
    completion_only_loss: bool = _flag(True)
    shuffle: bool = _flag(True)
    chat_template: str | None = _text(None, null=True)


@dataclass(frozen=True)
class LoraSpec:
    r: int = _whole(16, 1, 1024)
    alpha: float = _number(32, 0, 65536, above=True)
    dropout: float = _number(0, 0, 0.95)
    target_modules: str | tuple[str, ...] = _of("targets", "all-linear")
    use_rslora: bool = _flag(False)


@dataclass(frozen=True)
class TrainSpec:
    num_epochs: float = _number(3, 0, 10_000, above=True)
    max_steps: int | None = _whole(None, 1, 100_000_000, null=True)
    per_device_batch_size: int = _whole(4, 1, 4096)
    gradient_accumulation_steps: int = _whole(4, 1, 65536)
    learning_rate: float = _number(2e-4, 0, 10, above=True)
    lr_scheduler: str = _one_of("cosine", "linear", "constant")
    warmup_ratio: float = _number(0.03, 0, 1)
    optimizer: str = _one_of("adamw", "sgd")
    weight_decay: float = _number(0, 0, 10)
    max_grad_norm: float = _number(1, 0, 1e9)
    precision: str = _one_of("auto", "fp32", "bf16")
    gradient_checkpointing: str = _one_of("auto", "on", "off")
    seed: int = _whole(42)
    logging_steps: int = _whole(1, 1, 1_000_000)
    eval_steps: int | None = _whole(None, 1, 100_000_000, null=True)
    save_steps: int | None = _whole(100, 1, 100_000_000, null=True)
    save_total_limit: int | None = _whole(2, 1, 10_000, null=True)


@dataclass(frozen=True)
class DpoSpec:
    beta: float = _number(0.1, 0, 2, above=True)


@dataclass(frozen=True)
class SamplesSpec:
    prompts: tuple[str, ...] = _of("texts", ())
    every_steps: int | None = _whole(None, 1, 100_000_000, null=True)
    max_new_tokens: int = _whole(64, 1, 65536)


@dataclass(frozen=True)
class LimitsSpec:
    stop_after_nonfinite: int = _whole(3, 1, 1000)
    max_seconds: int | None = _whole(None, 1, 31_536_000, null=True)


@dataclass(frozen=True)
class JobSpec:
    version: int = _whole(VERSION)
    job_id: str = _text("")
    backend: str = _one_of("torchsharp", "transformers", "custom")
    task: str = _one_of("sft", "dpo", "pretrain")
    model: ModelSpec = field(default_factory=ModelSpec)
    adapter: str | None = _text(None, null=True)
    data: DataSpec = field(default_factory=DataSpec)
    method: str = _one_of("lora", "qlora", "dora", "full")
    lora: LoraSpec = field(default_factory=LoraSpec)
    train: TrainSpec = field(default_factory=TrainSpec)
    dpo: DpoSpec = field(default_factory=DpoSpec)
    samples: SamplesSpec = field(default_factory=SamplesSpec)
    limits: LimitsSpec = field(default_factory=LimitsSpec)
    resume: str = _one_of("auto", "never")

    @property
    def has_adapter(self) -> bool:
        """Whether an adapter is trained beside frozen weights."""
        return self.method != "full"
