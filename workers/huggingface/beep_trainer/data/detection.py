"""Decides of which format a file is, from the spec and the keys of its first row."""

from __future__ import annotations

from collections.abc import Sequence

from ..faults import FaultError, invalid
from ..job.spec import DataSpec
from .findings import RowError
from .formats import KNOWN, TOLD, Format
from .records import DatasetFile
from .rows import parse_row, preview

_ROWS_SEARCHED = 1 << 16
_PAIRS = (
    ("question", "answer"), ("query", "response"), ("query", "answer"), ("prompt", "response"), ("prompt", "answer"),
    ("prompt", "output"), ("instruction", "response"), ("instruction", "completion"), ("question", "response"),
    ("question", "output"), ("input", "output"), ("input", "target"), ("source", "target"), ("user", "assistant"),
    ("context", "response"),
)
_COLUMNS = (
    ("messages", "conversation"), ("messages", "dialog"), ("messages", "dialogue"), ("messages", "chat"), ("messages", "turns"),
    ("text", "content"), ("text", "body"), ("text", "document"), ("text", "sentence"), ("text", "story"),
)


def detect(file: DatasetFile, data: DataSpec) -> Format:
    """The format of the file; FaultError where none fits or the spec names one that the file cannot have."""
    _refuse_sharegpt(data.format, file)
    keys = _first_keys(file)
    named = [kind for kind in TOLD if kind.name == data.format]
    _check_mapping(file, data, named)
    if named:
        # One format may be spelt in more than one way: the first row says which.
        kind = next((one for one in named if keys is not None and set(_required(one, data)) <= set(keys)), named[0])
    else:
        kind = _from_keys(file, data, keys)
    _check_container(file, kind)
    return kind


def _from_keys(file: DatasetFile, data: DataSpec, keys: Sequence[str] | None) -> Format:
    if keys is None:
        return next(kind for kind in KNOWN if kind.name == "text")
    mapped = data.columns or {}
    for kind in KNOWN:
        knows_mapping = all(any(field.name == name for field in kind.fields) for name in mapped)
        if knows_mapping and set(_required(kind, data)) <= set(keys):
            return kind
    if "conversations" in keys:
        _refuse_sharegpt("sharegpt", file)
    raise invalid("unknown_columns", f"The rows of '{file.path}' have the keys {_quote(keys)}, which fit no known format.", _suggest(file, keys), file.path)


def _required(kind: Format, data: DataSpec) -> list[str]:
    return [name for field, name in zip(kind.fields, kind.columns(data.columns)) if field.is_required]


def _first_keys(file: DatasetFile) -> list[str] | None:
    for place, record in enumerate(file.records()):
        if place == _ROWS_SEARCHED:
            break
        if isinstance(record.content, bytes):
            try:
                return list(parse_row(record.content, []))
            except RowError:
                continue
    return None


def _refuse_sharegpt(name: str, file: DatasetFile) -> None:
    if name == "sharegpt":
        raise invalid("unsupported_format", f"'{file.path}' has the format 'sharegpt', which this version does not read.",
                      "Write the rows as 'messages': rename 'conversations' to 'messages', "
                      "'from' to 'role' (human: user, gpt: assistant) and 'value' to 'content'.", "data.format")


def _check_mapping(file: DatasetFile, data: DataSpec, named: Sequence[Format]) -> None:
    if data.columns and file.container == ".txt":
        raise invalid("unknown_column", f"data.columns is set, but '{file.path}' has no columns.", "Leave data.columns out.", "data.columns")
    known = list(dict.fromkeys(field.name for kind in (named or TOLD) for field in kind.fields))
    for name in data.columns or {}:
        if name not in known:
            who = f"the format '{named[0].name}' does not know" if named else "no format knows"
            raise invalid("unknown_column", f"data.columns maps '{name}', which {who}.",
                          f"The name before the colon is the format's, the one after it the file's; known: {', '.join(known)}.", f"data.columns.{name}")


def _check_container(file: DatasetFile, kind: Format) -> None:
    holds, possible = {
        ".txt": ("holds a text a line", ("text",)),
        ".csv": ("holds text only", ("prompt_completion", "alpaca", "text", "preference")),
    }.get(file.container, ("", (kind.name,)))
    if kind.name not in possible:
        raise invalid("wrong_format", f"'{file.path}' {holds}, so it cannot have the format '{kind.name}'.",
                      f"Set data.format to {' or '.join(possible)}, or write the rows as .jsonl.", "data.format")


def require_trainable(file: DatasetFile, kind: Format, task: str, has_template: bool) -> None:
    """Refuses a format that the task or the model cannot use."""
    if task == "pretrain" and kind.name not in ("text", "tokens", "preference"):
        raise _wrong(file, f"'pretrain' learns from plain text, but '{file.path}' has the format '{kind.name}'.", "Set task=sft, or write the rows as 'text'.")
    if task == "dpo" and kind.name != "preference":
        raise _wrong(file, f"'dpo' learns from pairs of answers, but '{file.path}' has the format '{kind.name}'.",
                     "Set task=sft, or write the rows as 'prompt', 'chosen' and 'rejected'.")
    if task != "dpo" and kind.name == "preference":
        raise _wrong(file, f"'{file.path}' holds pairs of answers (format 'preference'), from which '{task}' cannot learn.",
                     "Set task=dpo, or write the preferred answers as 'prompt' and 'completion'.")
    if kind.name == "messages" and not has_template:
        raise invalid("missing_chat_template",
                      f"The rows of '{file.path}' are conversations, but the model has no chat template that says how to write one.",
                      "Set data.chat_template, or use a model with a chat template.", "data.chat_template")


def _wrong(file: DatasetFile, message: str, remedy: str) -> FaultError:
    return invalid("wrong_format", message, remedy, "task")


def _suggest(file: DatasetFile, keys: Sequence[str]) -> str:
    by_lower = {key.lower(): key for key in reversed(keys)}
    for prompt, completion in _PAIRS:
        if prompt in by_lower and completion in by_lower:
            return f"Say which column is which: --set data.columns.prompt={by_lower[prompt]} --set data.columns.completion={by_lower[completion]}"
    for field, column in _COLUMNS:
        if column in by_lower:
            return f"Say which column it is: --set data.columns.{field}={by_lower[column]}"
    if file.container == ".csv" and len(keys) == 1 and any(c in keys[0] for c in ";\t"):
        return "Separate the cells by commas; this file seems to use another separator."
    kinds = {kind.name: kind for kind in reversed(TOLD)}
    names = ", ".join(f"{kind.name} ({', '.join(kind.required_names)})" for kind in reversed(kinds.values()))
    return f"Known formats and their columns: {names}. Map other names with --set data.columns.prompt=NAME --set data.columns.completion=NAME"


def _quote(keys: Sequence[str]) -> str:
    shown = 12
    names = ", ".join(f"'{preview(key)}'" for key in keys[:shown])
    return "(none)" if not keys else f"{names} and {len(keys) - shown} more" if len(keys) > shown else names
