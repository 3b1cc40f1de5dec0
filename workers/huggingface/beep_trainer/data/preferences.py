"""Rows of a prompt with a preferred and a rejected answer, in the spellings that are in use."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from .conversations import Message, read_messages
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
    last message; or `input`, `preferred_output` and `non_preferred_output` as the OpenAI API has them.
    """
    chosen, rejected, prompt = values
    if isinstance(prompt, dict):
        prompt = prompt.get("messages")
        if not isinstance(prompt, list):
            raise RowError("wrong_type", f"'messages' of '{names[2]}' is {describe(prompt)}; a list is expected.", "Write it as a list of messages.")
    if type(chosen) is not type(rejected):
        raise RowError("wrong_type", f"'{names[0]}' is {describe(chosen)} and '{names[1]}' is {describe(rejected)}.", "Write both as text, or both as messages.")
    is_text = isinstance(chosen, str) and not isinstance(prompt, list)
    before = [Message(role="user", content=prompt)] if isinstance(prompt, str) else _messages_before(prompt)
    if isinstance(chosen, list):
        if prompt is None:
            before = _shared(chosen, rejected, names)
            chosen, rejected = chosen[len(before) :], rejected[len(before) :]
        chosen, rejected = _answer(before, chosen, names[0]), _answer(before, rejected, names[1])
    elif prompt is None:
        raise RowError("missing_column", f"The row lacks '{names[2]}'.", f"Add '{names[2]}', or remove the row.")
    for text, name in ((chosen, names[0]), (rejected, names[1])):
        if is_blank(text):
            raise RowError("empty_completion", f"'{name}' is empty: there is no answer to learn.", "Write the answer, or remove the row.")
    if chosen == rejected:
        raise RowError("same_answers", f"'{names[0]}' and '{names[1]}' are the same: nothing is preferred.", "Write two answers, or remove the row.")
    return PreferenceRow(before, chosen, rejected, is_text)


def _messages_before(prompt: list[Any] | None) -> list[Message]:
    return read_messages(prompt, needs_answer=False) if prompt else []


def _shared(chosen: list[Any], rejected: list[Any], names: Sequence[str]) -> list[Message]:
    if not chosen or chosen[:-1] != rejected[:-1]:
        raise RowError("wrong_type", f"'{names[0]}' and '{names[1]}' differ before their last messages.", f"Put what comes before the answers into '{names[2]}'.")
    return _messages_before(chosen[:-1])


def _answer(before: list[Message], answer: list[Any], name: str) -> str:
    if len(answer) != 1:
        raise RowError("wrong_type", f"'{name}' has {len(answer)} messages after the prompt; one is expected.", "Write one answer of the assistant.")
    return read_messages([*before, *answer])[-1]["content"]
