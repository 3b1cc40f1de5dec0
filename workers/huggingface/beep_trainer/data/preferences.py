"""Rows of a prompt with a preferred and a rejected answer, in the spellings that are in use."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .conversations import Message, Turn, check_turns, messages_of_turns, read_turn, read_turns, refuse_key
from .findings import RowError
from .rows import describe, is_blank


@dataclass(frozen=True)
class PreferenceRow:
    """The messages before the answers, and the two answers; `is_text` where prompt and answers were plain text."""

    prompt: list[Message]
    chosen: str
    rejected: str
    is_text: bool


def read_preference(row: Mapping[str, Any], values: Sequence[Any], names: Sequence[str], found: list[RowError]) -> PreferenceRow | None:
    """
    `prompt`, `chosen` and `rejected` as text or as messages; `chosen` and `rejected` as whole conversations that differ in the
    last message, with or without a prompt beside them; `conversations` with one message each for `chosen` and `rejected` as
    LLaMA-Factory has them; or `input`, `preferred_output` and `non_preferred_output` as the OpenAI API has them. None where `found` says why not.
    """
    chosen, rejected, prompt = values[:3]
    if type(chosen) is not type(rejected):
        found.append(RowError("wrong_type", f"'{names[0]}' is {describe(chosen)} and '{names[1]}' is {describe(rejected)}.", "Write both as text, or both as messages."))
        return None
    system = values[3] if len(values) > 3 and not is_blank(values[3] or "") else None
    before = _prompt(system, prompt, names[2], isinstance(chosen, dict), found)
    if before is None:
        return None
    own = 0 if prompt is None else len(before) - (system is not None)
    sides = []
    for answer, name in ((chosen, names[0]), (rejected, names[1])):
        if isinstance(answer, str) and prompt is None:
            found.append(RowError("missing_column", f"The row lacks '{names[2]}'.", f"Add '{names[2]}', or remove the row."))
            return None
        side = _conversation(before, own if prompt is not None else None, answer, name, found)
        if side is None:
            return None
        sides.append(side)
    if not _same(sides[0][:-1], sides[1][:-1]):
        found.append(RowError("wrong_type", f"'{names[0]}' and '{names[1]}' differ before their last messages.", f"Put what comes before the answers into '{names[2]}'."))
        return None
    check_turns(row, sides[0], found)
    if not found:
        # What is wrong with the prompt has been said by now; of the other side only its answer is left.
        check_turns(row, sides[1], found)
    for text, name in zip((chosen, rejected), names):
        if isinstance(text, str) and is_blank(text):
            found.append(RowError("empty_completion", f"'{name}' is empty: there is no answer to learn.", "Write the answer, or remove the row."))
    answers = [side[-1].content for side in sides]
    if not found and answers[0] == answers[1]:
        found.append(RowError("same_answers", f"'{names[0]}' and '{names[1]}' are the same: nothing is preferred.", "Write two answers, or remove the row."))
    return None if found else PreferenceRow(messages_of_turns(sides[0][:-1]), answers[0], answers[1], isinstance(chosen, str) and isinstance(prompt, str))


def _prompt(system: str | None, prompt: Any, name: str, is_sharegpt: bool, found: list[RowError]) -> list[Turn] | None:
    """What the columns put before both answers; None where it cannot be read."""
    turns = [Turn("system", system)] if system is not None else []
    if isinstance(prompt, str):
        return [*turns, Turn("user", prompt)]
    if isinstance(prompt, dict):
        refuse_key(prompt, "tools", found)
        prompt = prompt.get("messages")
        if not isinstance(prompt, list):
            found.append(RowError("wrong_type", f"'messages' of '{name}' is {describe(prompt)}; a list is expected.", "Write it as a list of messages."))
            return None
    return turns if prompt is None or read_turns(prompt, turns, found, is_sharegpt=is_sharegpt) else None


def _conversation(before: list[Turn], own: int | None, answer: Any, name: str, found: list[RowError]) -> list[Turn] | None:
    """
    One side as a conversation that the answer ends. A list is the answer, or the whole; one that repeats the prompt, of which `own` messages are
    (None where there is no prompt), is the whole too.
    """
    if isinstance(answer, str):
        return [*before, Turn("assistant", answer)]
    turns = list(before)
    if isinstance(answer, dict):
        return turns if read_turn(answer, turns, found, is_sharegpt=True) else None
    said: list[Turn] = []
    if not read_turns(answer, said, found, before=len(before) if len(answer) == 1 else 0):
        return None
    is_whole = own is None and bool(said) or own is not None and len(said) > max(1, own) and _same(said[len(said) - 1 - own : -1], before[len(before) - own :])
    if is_whole:
        # Of the columns, only a system message that the conversation lacks is left.
        return said if said[0].role == "system" else [*before[: len(before) - (own or 0)], *said]
    if len(said) != 1:
        found.append(RowError("wrong_type", f"'{name}' has {len(said)} messages after the prompt; one is expected.", "Write one answer of the assistant."))
        return None
    return [*before, *said]


def _same(left: list[Turn], right: list[Turn]) -> bool:
    return len(left) == len(right) and all(one.says(other) for one, other in zip(left, right))
