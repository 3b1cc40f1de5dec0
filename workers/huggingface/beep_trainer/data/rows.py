"""Reads a row: whether it is sound JSON in UTF-8."""

from __future__ import annotations

import json
import math
import re
from typing import Any

from .findings import RowError

_MAX_DEPTH = 64
_LINE_REMEDY = "Write each row with a JSON library, one object on one line."
# What Unicode calls white space: Python's own notion has the four separators of ASCII too.
_WHITE_SPACE = "\t\n\v\f\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000"
_PREVIEW = 40


def is_blank(text: str) -> bool:
    return not text.strip(_WHITE_SPACE)


def preview(text: str) -> str:
    """The beginning of a value for a message, on one line and without control characters."""
    shown = "".join(c if c.isprintable() else " " for c in text[:_PREVIEW])
    return shown + "…" if len(text) > _PREVIEW else shown


def describe(value: Any) -> str:
    """A value's type in words."""
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case str():
            return "text"
        case int() | float():
            return "a number"
        case list():
            return "a list"
        case _:
            return "an object"


def parse_row(content: bytes, found: list[RowError]) -> dict[str, Any]:
    """The object of a row; RowError says what is wrong with its notation, `found` what can be passed over to look at the rest."""
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise RowError("not_utf8", f"The row is not UTF-8: byte {error.start + 1:,} of it begins no character.", "Save the file as UTF-8.") from error
    if text.count("{") + text.count("[") > _MAX_DEPTH:
        _check_depth(text)
    try:
        row = json.loads(text, object_pairs_hook=lambda pairs: _object(pairs, found), parse_constant=_constant, parse_float=lambda number: _float(number, found))
    except json.JSONDecodeError as error:
        raise _bad_json(text, error) from error
    except RecursionError as error:
        raise _too_deep() from error
    if "\\u" in text and re.search(r"\\u[dD][89a-fA-F]", text):
        _check_surrogates(row, found)
    if not isinstance(row, dict):
        raise RowError("wrong_type", f"The row is {describe(row)}, not an object.", 'Write each row as an object: {"prompt": "...", "completion": "..."}.')
    return row


def _object(pairs: list[tuple[str, Any]], found: list[RowError]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        result = {}
        for key, value in pairs:
            if key in result:
                found.append(RowError("duplicate_key", f"The key '{preview(key)}' appears twice in one object.", "Keep one of the two values."))
            result.setdefault(key, value)
    return result


def _constant(literal: str) -> None:
    raise RowError("nan_literal", f"{literal} stands in the row; JSON has no such number.", "Write a finite number or null.")


def _float(text: str, found: list[RowError]) -> float:
    value = float(text)
    if not math.isfinite(value):
        found.append(RowError("nan_literal", f"The number {preview(text)} is too large: it would be read as Infinity.", "Write a finite number or null."))
    return value


def _check_depth(text: str) -> None:
    depth = 0
    for token in re.finditer(r'"(?:[^"\\]|\\.)*"?|[{}\[\]]', text, re.DOTALL):
        depth += 1 if token[0] in "{[" else -1 if token[0] in "}]" else 0
        if depth > _MAX_DEPTH:
            raise _too_deep()


def _too_deep() -> RowError:
    return RowError("too_deep", f"Objects and lists are nested more than {_MAX_DEPTH} deep.", "Flatten the row.")


def _check_surrogates(value: Any, found: list[RowError]) -> None:
    if isinstance(value, str):
        try:
            value.encode("utf-8")
        except UnicodeEncodeError:
            found.append(RowError("not_utf8", "An escape such as \\ud83d names half a character: its other half is missing.",
                                  "Write the text anew from its source; it was cut in the middle of a character."))
    elif isinstance(value, (list, dict)):
        for item in value.items() if isinstance(value, dict) else value:
            _check_surrogates(list(item) if isinstance(item, tuple) else item, found)


def _bad_json(text: str, error: json.JSONDecodeError) -> RowError:
    if error.pos >= len(text.rstrip()):
        return RowError("bad_json", "The row is not valid JSON: it ends before its object is closed.", _LINE_REMEDY)
    at = len(text[: error.pos].encode("utf-8")) + 1
    remedy = "Write it with a JSON library (json.dumps); JSON has double quotation marks only." if text[error.pos] == "'" else _LINE_REMEDY
    return RowError("bad_json", f"The row is not valid JSON at byte {at:,}: {error.msg}.", remedy)
