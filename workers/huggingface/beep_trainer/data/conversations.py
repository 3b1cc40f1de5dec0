"""The messages of a row, and what is demanded of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypedDict

from .findings import RowError
from .rows import describe, is_blank, preview

_ROLES = ("system", "user", "assistant", "tool")
_REMEDY = 'Write each message as {"role": "...", "content": "..."}'
_SHAREGPT_REMEDY = 'Write each message as {"from": "...", "value": "..."}'
_SHAREGPT_ROLES = {"human": "user", "gpt": "assistant", "observation": "tool"}
_MEANT = {
    "human": "'user'", "user": "'user'", "gpt": "'assistant'", "bot": "'assistant'", "model": "'assistant'", "ai": "'assistant'",
    "assistant": "'assistant'", "developer": "'system'", "system": "'system'", "function": "'tool'", "tool": "'tool'", "observation": "'tool'",
}
_MAY_FOLLOW = {None: ("system", "user"), "system": ("user",), "user": ("assistant",), "assistant": ("user", "tool"), "tool": ("assistant", "tool")}


class Message(TypedDict):
    role: str
    content: str


@dataclass(frozen=True)
class Turn:
    """A message of a row while it is looked at."""

    role: str | None
    """None where it is unknown."""

    content: str
    written_role: str = ""
    entry: dict[str, Any] | None = None
    """The object that it was read from; None where a column's text is the message."""

    def says(self, other: Turn) -> bool:
        return self.role == other.role and self.content == other.content


def read_turns(values: Sequence[Any], turns: list[Turn], found: list[RowError], *, before: int = 0, is_sharegpt: bool = False) -> bool:
    """Adds every message of a list to `turns`; False where one of them is none."""
    # All are read, so that each that is at fault is told.
    return all([read_turn(value, turns, found, before=before, is_sharegpt=is_sharegpt) for value in values])


def read_turn(value: Any, turns: list[Turn], found: list[RowError], *, before: int = 0, is_sharegpt: bool = False) -> bool:
    place, faults = before + len(turns) + 1, len(found)
    if not isinstance(value, dict):
        found.append(RowError("wrong_type", f"Message {place} is {describe(value)}, not an object.", (_SHAREGPT_REMEDY if is_sharegpt else _REMEDY) + "."))
        turns.append(Turn(None, ""))
        return False
    is_sharegpt = is_sharegpt and "role" not in value
    keys = ("from", "value") if is_sharegpt else ("role", "content")
    for key in keys:
        if key not in value:
            remedies = {"role": f"{_REMEDY}; rows with 'from' and 'value' are of the format sharegpt.", "from": _SHAREGPT_REMEDY + "."}
            found.append(RowError("missing_column", f"Message {place} lacks '{key}'.", remedies.get(key, "Add the text of the message, or remove it.")))
        elif not isinstance(value[key], str):
            found.append(RowError("wrong_type", f"'{key}' of message {place} is {describe(value[key])}; text is expected.", f"Write '{key}' as one text."))
    if len(found) > faults:
        turns.append(Turn(None, "", entry=value))
        return False
    written, content = (value[key] for key in keys)
    role = _SHAREGPT_ROLES.get(written, written) if is_sharegpt else written
    turns.append(Turn(role if role in _ROLES else None, content, written, value))
    return True


def check_turns(row: Mapping[str, Any], turns: Sequence[Turn], found: list[RowError]) -> None:
    """What is demanded of a conversation: every rule is asked, whatever those before it found."""
    refuse_key(row, "tools", found)
    for turn in turns:
        for name in ("tool_calls", "function_call") if turn.entry is not None else ():
            refuse_key(turn.entry, name, found)
    for place, turn in enumerate(turns):
        if turn.role is None:
            meant = _MEANT.get(turn.written_role.lower(), "'system', 'user', 'assistant' or 'tool'")
            found.append(RowError("role_unknown", f"Message {place + 1} has the role '{preview(turn.written_role)}'.", f"Write {meant}."))
    _check_order(turns, found)
    _check_answer(turns, found)
    for place, turn in enumerate(turns):
        if turn.role == "assistant" and turn.entry is not None and is_blank(turn.content):
            found.append(RowError("empty_assistant_turn", f"Message {place + 1}, from the assistant, is empty.", "Write the answer, or remove the message and its question."))


def messages_of_turns(turns: Sequence[Turn]) -> list[Message]:
    return [Message(role=turn.role or "", content=turn.content) for turn in turns]


def refuse_key(container: Mapping[str, Any], name: str, found: list[RowError]) -> None:
    """What would change the meaning of a message but is not read is refused rather than left out in silence."""
    if container.get(name) not in (None, []):
        found.append(RowError("unsupported_field", f"'{name}' is not read by this version: the model would not see it.",
                              f"Remove '{name}', or write the call into 'content' as the model should say it."))


def _check_order(turns: Sequence[Turn], found: list[RowError]) -> None:
    before: str | None = None
    for place, turn in enumerate(turns):
        if turn.role is None:
            return
        if turn.role not in _MAY_FOLLOW[before]:
            what, remedy = _order_problem(before, turn.role)
            found.append(RowError("role_order", f"Message {place + 1} is {what}.", remedy))
            return
        before = turn.role


def _order_problem(before: str | None, role: str) -> tuple[str, str]:
    if before is None:
        return f"from the {role}, with no user message before it", "Begin with the user's message, or a system message and then the user's."
    if before == "system" and role in ("assistant", "tool"):
        return f"from the {role}, with no user message before it", "Add the user's message after the system message."
    if role == "system":
        return "a system message, but not the first", "Move the system message to the beginning, or join it with the first."
    if before == role:
        return f"from the {role}, as the one before it", "Join the two messages into one, or add the one that is missing between them."
    return f"from the {role} after one from the {before}", "Let the assistant's message come between them."


def _check_answer(turns: Sequence[Turn], found: list[RowError]) -> None:
    if all(turn.role not in ("assistant", None) for turn in turns):
        found.append(RowError("missing_assistant_turn", "The conversation has no assistant message: there is no answer to learn.",
                              "Add the assistant's answer, or remove the row."))
    elif turns[-1].role not in ("assistant", None):
        found.append(RowError("missing_assistant_turn", f"The last message ('{turns[-1].role}') has no answer.", "Add the assistant's answer, or remove that message."))
