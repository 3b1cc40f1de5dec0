"""The messages of a row, and what is demanded of them."""

from __future__ import annotations

from collections.abc import Sequence
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


def read_messages(values: Sequence[Any], *, takes_empty_answer: bool = False, is_sharegpt: bool = False) -> list[Message]:
    """The messages of a conversation that the assistant ends."""
    messages = [_read_message(value, place + 1, is_sharegpt) for place, value in enumerate(values)]
    for value in values:
        _refuse_calls(value)
    _check_roles(messages)
    _check_order(messages)
    _check_answer(messages)
    for place, message in enumerate(messages[:-1] if takes_empty_answer else messages):
        if message["role"] == "assistant" and is_blank(message["content"]):
            raise RowError("empty_assistant_turn", f"Message {place + 1}, from the assistant, is empty.",
                           "Write the answer, or remove the message and its question.")
    return messages


def _read_message(value: Any, place: int, is_sharegpt: bool) -> Message:
    if not isinstance(value, dict):
        raise RowError("wrong_type", f"Message {place} is {describe(value)}, not an object.", (_SHAREGPT_REMEDY if is_sharegpt else _REMEDY) + ".")
    is_sharegpt = is_sharegpt and "role" not in value
    keys = ("from", "value") if is_sharegpt else ("role", "content")
    for key in keys:
        if key not in value:
            remedies = {"role": f"{_REMEDY}; rows with 'from' and 'value' are of the format sharegpt.", "from": _SHAREGPT_REMEDY + "."}
            raise RowError("missing_column", f"Message {place} lacks '{key}'.", remedies.get(key, "Add the text of the message, or remove it."))
        if not isinstance(value[key], str):
            raise RowError("wrong_type", f"'{key}' of message {place} is {describe(value[key])}; text is expected.", f"Write '{key}' as one text.")
    role, content = (value[key] for key in keys)
    return Message(role=_SHAREGPT_ROLES.get(role, role) if is_sharegpt else role, content=content)


def _refuse_calls(container: dict[str, Any]) -> None:
    """What would change the meaning of a message but is not read is refused rather than left out in silence."""
    for name in ("tools", "tool_calls", "function_call"):
        refuse_key(container, name)


def refuse_key(container: dict[str, Any], name: str) -> None:
    if container.get(name) not in (None, []):
        raise RowError("unsupported_field", f"'{name}' is not read by this version: the model would not see it.",
                       f"Remove '{name}', or write the call into 'content' as the model should say it.")


def _check_roles(messages: Sequence[Message]) -> None:
    for place, message in enumerate(messages):
        if message["role"] not in _ROLES:
            meant = _MEANT.get(message["role"].lower(), "'system', 'user', 'assistant' or 'tool'")
            raise RowError("role_unknown", f"Message {place + 1} has the role '{preview(message['role'])}'.", f"Write {meant}.")


def _check_order(messages: Sequence[Message]) -> None:
    before: str | None = None
    for place, message in enumerate(messages):
        role = message["role"]
        if role not in _MAY_FOLLOW[before]:
            what, remedy = _order_problem(before, role)
            raise RowError("role_order", f"Message {place + 1} is {what}.", remedy)
        before = role


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


def _check_answer(messages: Sequence[Message]) -> None:
    if all(message["role"] != "assistant" for message in messages):
        raise RowError("missing_assistant_turn", "The conversation has no assistant message: there is no answer to learn.",
                       "Add the assistant's answer, or remove the row.")
    if messages[-1]["role"] != "assistant":
        raise RowError("missing_assistant_turn", f"The last message ('{messages[-1]['role']}') has no answer.",
                       "Add the assistant's answer, or remove that message.")
