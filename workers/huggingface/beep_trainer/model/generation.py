"""Lets the model answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from ..data.chat_template import ChatTemplate
from ..data.conversations import Message
from ..data.tokenizer import Tokenizer
from ..faults import invalid
from .trainable import TrainableModel


@dataclass(frozen=True)
class Sampling:
    """How the next token is chosen; a temperature of 0 takes the likeliest."""

    temperature: float = 0.0
    top_p: float = 1.0
    top_k: int = 0
    seed: int = 42
    max_new_tokens: int = 256


@dataclass(frozen=True)
class Answer:
    text: str
    finish_reason: str
    prompt_tokens: int
    completion_tokens: int


def prompt_ids(tokenizer: Tokenizer, template: ChatTemplate | None, prompt: str, system: str | None = None) -> list[int]:
    """A question in the model's chat template, or as plain text where it has none."""
    if template is None:
        return tokenizer.encode_whole([prompt])[0]
    messages = [*([Message(role="system", content=system)] if system is not None else []), Message(role="user", content=prompt)]
    return tokenizer.encode([template.render(messages, add_generation_prompt=True)])[0].ids


@torch.no_grad()
def generate(model: TrainableModel, tokenizer: Tokenizer, ids: Sequence[int], sampling: Sampling) -> Answer:
    if not ids:
        raise invalid("empty_prompt", "The prompt is empty.", "Write something to continue.", "prompt")
    if len(ids) >= model.context:
        raise invalid("prompt_too_long", f"The prompt has {len(ids):,} tokens; the model sees at most {model.context:,}.", "Shorten it.", "prompt")
    room = min(sampling.max_new_tokens, model.context - len(ids))
    draws = {"do_sample": False}
    if sampling.temperature > 0:
        torch.manual_seed(sampling.seed)
        draws = {"do_sample": True, "temperature": sampling.temperature, "top_p": sampling.top_p, "top_k": sampling.top_k}
    was_training = model.inner.training
    model.inner.eval()
    try:
        with model.autocast():
            given = torch.tensor([list(ids)], device=model.device)
            output = model.inner.generate(input_ids=given, attention_mask=torch.ones_like(given), max_new_tokens=room, min_new_tokens=None,
                                          eos_token_id=tokenizer.end_ids or None, synced_gpus=model.is_sharded, pad_token_id=tokenizer.pad_id or tokenizer.end_id or 0, **draws)
    finally:
        model.inner.train(was_training)
    new = output[0, len(ids) :].tolist()
    stopped = bool(new) and new[-1] in tokenizer.end_ids
    new = new[:-1] if stopped else new
    return Answer(tokenizer.decode(new), "stop" if stopped else "length", len(ids), len(new))
