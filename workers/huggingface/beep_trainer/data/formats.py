"""What a row of each format must look like, and what it means."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .conversations import Message, Turn, check_turns, messages_of_turns, read_turns
from .findings import RowError
from .preferences import PreferenceRow, read_preference
from .rows import describe, is_blank, preview

MASKED = -100


@dataclass(frozen=True)
class ConversationRow:
    messages: list[Message]


@dataclass(frozen=True)
class CompletionRow:
    prompt: str
    completion: str


@dataclass(frozen=True)
class InstructionRow:
    instruction: str
    input: str
    output: str
    system: str | None
    history: list[tuple[str, str]]


@dataclass(frozen=True)
class TextRow:
    text: str


@dataclass(frozen=True)
class TokenRow:
    input_ids: list[int]
    labels: list[int] | None


DatasetRow = ConversationRow | CompletionRow | InstructionRow | TextRow | TokenRow | PreferenceRow


@dataclass(frozen=True)
class Field:
    """A column: its own name, the types of its value, and whether every row has it. One that is not required may be null."""

    name: str
    types: tuple[type, ...]
    is_required: bool = True


@dataclass(frozen=True)
class RowValues:
    """The values of a row's columns, the columns' names in the file, and the whole row."""

    row: Mapping[str, Any]
    values: Sequence[Any]
    names: Sequence[str]
    vocabulary_size: int | None


@dataclass(frozen=True)
class Format:
    name: str
    fields: tuple[Field, ...]
    read: Callable[[RowValues, list[RowError]], DatasetRow | None]

    def columns(self, mapping: Mapping[str, str] | None) -> list[str]:
        """The columns' names in the file at hand."""
        return [(mapping or {}).get(field.name, field.name) for field in self.fields]

    @property
    def required_names(self) -> list[str]:
        return [field.name for field in self.fields if field.is_required]


def accept(row: Mapping[str, Any], kind: Format, mapping: Mapping[str, str] | None, vocabulary_size: int | None, found: list[RowError]) -> DatasetRow | None:
    """The row as a value; where something is wrong with it, `found` has all of that."""
    names, before = kind.columns(mapping), len(found)
    values: list[Any] = []
    for field, name in zip(kind.fields, names):
        value = row.get(name)
        if (value is not None and not isinstance(value, field.types)) or (value is None and name in row and field.is_required):
            found.append(_wrong_type(field, name, value))
        values.append(value)
    missing = [name for field, name in zip(kind.fields, names) if field.is_required and name not in row]
    if missing:
        found += _missing(row, kind, mapping, missing)
    return kind.read(RowValues(row, values, names, vocabulary_size), found) if len(found) == before else None


def _wrong_type(field: Field, name: str, value: Any) -> RowError:
    expected = {str: "text", list: "a list", dict: "an object"}
    is_conversation = field.types == (str,) and isinstance(value, list)
    wanted = " or ".join(expected[kind] for kind in field.types)
    return RowError("wrong_type", f"'{name}' is {describe(value)}; {wanted} is expected.",
                    "Write it as text, or put the whole conversation into a column 'messages'." if is_conversation else f"Write it as {wanted}.")


def _missing(row: Mapping[str, Any], kind: Format, mapping: Mapping[str, str] | None, missing: list[str]) -> list[RowError]:
    keys = list(row)
    names = ", ".join(f"'{preview(key)}'" for key in keys[:8])
    found = "no keys" if not keys else f"the keys {names}{', …' if len(keys) > 8 else ''}"
    required = [name for field, name in zip(kind.fields, kind.columns(mapping)) if field.is_required]
    other = next((known for known in KNOWN if known.name != kind.name and all(name in row for name in known.required_names)), None)
    if other or (len(missing) == len(required) and keys):
        of_format = f" of the format '{other.name}'" if other else ""
        wanted = " and ".join(f"'{name}'" for name in required)
        return [RowError("mixed_schema", f"The row has {found}{of_format}; the file's format is '{kind.name}'.",
                         f"Keep one format a file: give every row {wanted}.")]
    return [RowError("missing_column", f"The row lacks '{name}'; it has {found}.", f"Add '{name}', or remove the row.") for name in missing]


def _read_messages(given: RowValues, found: list[RowError]) -> DatasetRow | None:
    turns: list[Turn] = []
    if read_turns(given.values[0], turns, found):
        check_turns(given.row, turns, found)
    return None if found else ConversationRow(messages_of_turns(turns))


def _require_answer(text: str, name: str, found: list[RowError]) -> None:
    if is_blank(text):
        found.append(RowError("empty_completion", f"'{name}' is empty: there is no answer to learn.", "Write the answer, or remove the row."))


def _read_completion(given: RowValues, found: list[RowError]) -> DatasetRow:
    _require_answer(given.values[1], given.names[1], found)
    return CompletionRow(given.values[0], given.values[1])


def _read_alpaca(given: RowValues, found: list[RowError]) -> DatasetRow | None:
    instruction, output, extra, system, history = given.values
    _require_answer(output, given.names[1], found)
    if not all(isinstance(turn, list) and len(turn) == 2 and all(isinstance(text, str) for text in turn) for turn in history or []):
        found.append(RowError("wrong_type", f"'{given.names[4]}' has an element that is no list of two texts.", 'Write each element as ["question", "answer"].'))
        return None
    return InstructionRow(instruction, extra or "", output, None if is_blank(system or "") else system, [(q, a) for q, a in history or []])


def _read_text(given: RowValues, found: list[RowError]) -> DatasetRow:
    if is_blank(given.values[0]):
        found.append(RowError("empty_text", f"'{given.names[0]}' is empty.", "Write the text, or remove the row."))
    return TextRow(given.values[0])


def _read_tokens(given: RowValues, found: list[RowError]) -> DatasetRow | None:
    (ids, labels), names, before = given.values, given.names, len(found)
    for numbers, name in ((ids, names[0]), (labels or [], names[1])):
        if not all(type(number) is int and -(1 << 31) <= number < 1 << 31 for number in numbers):
            found.append(RowError("wrong_type", f"'{name}' has an element that is no whole number.", "Write token ids as a list of whole numbers."))
    if len(found) > before:
        return None
    if not ids:
        found.append(RowError("empty_text", f"'{names[0]}' is empty.", "Write the token ids, or remove the row."))
    _check_range(ids, names[0], given.vocabulary_size, "", found)
    if labels is not None:
        _check_range(labels, names[1], given.vocabulary_size, f" or {MASKED}", found)
        if len(labels) != len(ids):
            found.append(RowError("label_length", f"'{names[1]}' has {len(labels):,} elements, '{names[0]}' has {len(ids):,}.",
                                  f"Give every token a label, {MASKED} where no loss is taken; labels are not shifted."))
    return TokenRow(ids, labels)


def _check_range(values: Sequence[int], name: str, vocabulary_size: int | None, or_else: str, found: list[RowError]) -> None:
    """The first that is none: the others are mostly of one mistake."""
    size = vocabulary_size if vocabulary_size is not None else (1 << 31) - 1
    for place, value in enumerate(values):
        if not 0 <= value < size and not (or_else and value == MASKED):
            allowed = f"from 0 to {size - 1}" if vocabulary_size is not None else "0 or more"
            found.append(RowError("token_out_of_range", f"'{name}' has {value} at place {place:,}; a token id is {allowed}{or_else}.",
                                  "Tokenise the rows with the tokenizer of the model that is trained."))
            return


def _read_preference(given: RowValues, found: list[RowError]) -> DatasetRow | None:
    return read_preference(given.row, given.values, given.names, found)


# Pairs of answers come first: they often stand beside columns that would do for another format.
KNOWN: tuple[Format, ...] = (
    Format("preference", (Field("preferred_output", (list,)), Field("non_preferred_output", (list,)), Field("input", (dict,))), _read_preference),
    Format("preference", (Field("chosen", (dict,)), Field("rejected", (dict,)), Field("conversations", (list,)), Field("system", (str,), False)), _read_preference),
    Format("preference", (Field("chosen", (str, list)), Field("rejected", (str, list)), Field("prompt", (str, list), False), Field("system", (str,), False)), _read_preference),
    Format("messages", (Field("messages", (list,)),), _read_messages),
    Format("tokens", (Field("input_ids", (list,)), Field("labels", (list,), False)), _read_tokens),
    Format("prompt_completion", (Field("prompt", (str,)), Field("completion", (str,))), _read_completion),
    Format("alpaca", (Field("instruction", (str,)), Field("output", (str,)), Field("input", (str,), False),
                      Field("system", (str,), False), Field("history", (list,), False)), _read_alpaca),
    Format("text", (Field("text", (str,)),), _read_text),
)

# The plain ones before the pairs, of which the plainest comes first: the order in which they are told.
TOLD: tuple[Format, ...] = (*(kind for kind in KNOWN if kind.name != "preference"), *(kind for kind in reversed(KNOWN) if kind.name == "preference"))
