"""Rows of a prompt with a preferred and a rejected answer, in the spellings that are in use."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from .conversations import Message, read_messages, refuse_key
from .findings import RowError
from .rows import describe, is_blank


@dataclass(frozen=True)
class PreferenceRow:
    """The messages before the answers, and the two answers; `is_text` where prompt and answers were plain text."""

    prompt: list[Message]
    chosen: str
    rejected: str
    is_text: bool


def read_preference(values: Sequence[Any], names: Sequence[str]) -> PreferenceRow:
    """
    `prompt`, `chosen` and `rejected` as text or as messages; `chosen` and `rejected` as whole conversations that differ in the
    last message, with or without a prompt beside them; `conversations` with one message each for `chosen` and `rejected` as
    LLaMA-Factory has them; or `input`, `preferred_output` and `non_preferred_output` as the OpenAI API has them.
    """
    chosen, rejected, prompt = values[:3]
    if type(chosen) is not type(rejected):
        raise RowError("wrong_type", f"'{names[0]}' is {describe(chosen)} and '{names[1]}' is {describe(rejected)}.", "Write both as text, or both as messages.")
    system = values[3] if len(values) > 3 and not is_blank(values[3] or "") else None
    is_text = isinstance(chosen, str) and isinstance(prompt, str)
    if isinstance(prompt, dict):
        refuse_key(prompt, "tools")
        prompt = prompt.get("messages")
        if not isinstance(prompt, list):
            raise RowError("wrong_type", f"'messages' of '{names[2]}' is {describe(prompt)}; a list is expected.", "Write it as a list of messages.")
    if isinstance(chosen, str) and prompt is None:
        raise RowError("missing_column", f"The row lacks '{names[2]}'.", f"Add '{names[2]}', or remove the row.")
    own = [{"role": "user", "content": prompt}] if isinstance(prompt, str) else prompt
    sides = [_conversation(system, own, answer, name) for answer, name in ((chosen, names[0]), (rejected, names[1]))]
    if not _same(sides[0][:-1], sides[1][:-1]):
        raise RowError("wrong_type", f"'{names[0]}' and '{names[1]}' differ before their last messages.", f"Put what comes before the answers into '{names[2]}'.")
    # Empty texts of columns are told of as columns below.
    texts = (chosen, rejected) if isinstance(chosen, str) else ()
    conversations = [read_messages(side, takes_empty_answer=bool(texts), is_sharegpt=isinstance(chosen, dict)) for side in sides]
    for text, name in zip(texts, names):
        if is_blank(text):
            raise RowError("empty_completion", f"'{name}' is empty: there is no answer to learn.", "Write the answer, or remove the row.")
    before, answers = conversations[0][:-1], [conversation[-1]["content"] for conversation in conversations]
    if answers[0] == answers[1]:
        raise RowError("same_answers", f"'{names[0]}' and '{names[1]}' are the same: nothing is preferred.", "Write two answers, or remove the row.")
    return PreferenceRow(before, answers[0], answers[1], is_text)


def _conversation(system: str | None, prompt: list[Any] | None, answer: Any, name: str) -> list[Any]:
    """One side as a conversation that the answer ends. A list is the answer, or the whole; one that repeats the prompt is the whole too."""
    before = [{"role": "system", "content": system}] if system is not None else []
    if isinstance(answer, str):
        return [*before, *(prompt or []), {"role": "assistant", "content": answer}]
    if isinstance(answer, dict):
        return [*before, *(prompt or []), answer]
    is_whole = prompt is None and bool(answer) or prompt is not None and len(answer) > max(1, len(prompt)) and _same(answer[len(answer) - 1 - len(prompt) : -1], prompt)
    if is_whole:
        # Of the columns, only a system message that the conversation lacks is left.
        has_system = isinstance(answer[0], dict) and answer[0].get("role") == "system"
        return answer if has_system else [*before, *answer]
    if len(answer) != 1:
        raise RowError("wrong_type", f"'{name}' has {len(answer)} messages after the prompt; one is expected.", "Write one answer of the assistant.")
    return [*before, *(prompt or []), *answer]


def _same(left: list[Any], right: list[Any]) -> bool:
    return len(left) == len(right) and all(_said(one) == _said(other) for one, other in zip(left, right))


def _said(message: Any) -> Any:
    """A message without what else its object may hold."""
    return (message.get("role"), message.get("content")) if isinstance(message, dict) and "role" in message else message
