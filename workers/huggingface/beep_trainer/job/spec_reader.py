"""Reads spec.json and reports every fault at once. Unknown fields are ignored: a later minor version may have written them."""

from __future__ import annotations

import dataclasses
import json
import re
from pathlib import Path
from typing import Any, TypeVar

from ..faults import ExitCode, Fault, FaultError, invalid
from .spec import VERSION, JobSpec

_MAX_BYTES = 1 << 20
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,63}")
_CORRECT = "Correct the value or leave the field out."
_KINDS = {
    "text": "text",
    "whole": "a whole number",
    "number": "a number",
    "flag": "true or false",
    "targets": '"all-linear" or a list of layer names',
    "texts": "a list of texts",
    "columns": "an object",
}
_T = TypeVar("_T")


def read_spec(path: Path) -> JobSpec:
    """Reads a spec file; FaultError with exit code 20 lists all that is wrong."""
    try:
        size = path.stat().st_size
        if size > _MAX_BYTES:
            raise invalid("too_large", f"The spec has {size:,} bytes; at most {_MAX_BYTES:,} are read.",
                          "Put data into files and name them in the spec.", str(path))
        content = path.read_bytes()
    except OSError as error:
        raise invalid("unreadable", f"The spec '{path}' cannot be read: {error}", "Check the path and its permissions.", str(path)) from error
    return bind_spec(_parse(content, str(path)))


def bind_spec(tree: dict[str, Any]) -> JobSpec:
    version = tree.get("version")
    if isinstance(version, int) and version > VERSION:
        raise invalid("unknown_version", f"The spec is of version {version}; this program reads up to {VERSION}.",
                      "Update the program or write the spec anew.", "version")
    faults: list[Fault] = []
    spec = _bind(JobSpec, tree, "", faults)
    faults += _check(spec)
    if faults:
        raise FaultError(ExitCode.INVALID, faults)
    return spec


def _parse(content: bytes, source: str) -> dict[str, Any]:
    def refuse_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        keys = [key for key, _ in pairs]
        twins = {key for key in keys if keys.count(key) > 1}
        if twins:
            raise ValueError(f"the key '{min(twins)}' appears twice in one object")
        return dict(pairs)

    def refuse_constant(text: str) -> None:
        raise ValueError(f"{text} is no number in JSON")

    try:
        tree = json.loads(content, object_pairs_hook=refuse_twins, parse_constant=refuse_constant)
    except json.JSONDecodeError as error:
        raise invalid("bad_json", f"The spec is not valid JSON: {error.msg}", "Correct the text at that line and column.",
                      f"{source}:{error.lineno}:{error.colno}") from error
    except (ValueError, RecursionError) as error:
        raise invalid("bad_json", f"The spec is not valid JSON: {error}", "Correct the text.", source) from error
    if not isinstance(tree, dict):
        raise invalid("not_an_object", "A spec is one JSON object.", "Begin the file with '{'.", source)
    return tree


def _bind(kind: type[_T], tree: dict[str, Any], prefix: str, faults: list[Fault]) -> _T:
    """Fields at fault keep their default, so that one bad field does not hide the next."""
    values: dict[str, Any] = {}
    for one in dataclasses.fields(kind):  # type: ignore[arg-type]
        if one.name not in tree:
            continue
        value, path = tree[one.name], prefix + one.name
        if one.default_factory is not dataclasses.MISSING:
            if isinstance(value, dict):
                values[one.name] = _bind(type(one.default_factory()), value, path + ".", faults)
            else:
                faults.append(_wrong_type(path, value, "an object"))
            continue
        expected = "one of " + ", ".join(one.metadata["choices"]) if one.metadata["kind"] == "choice" else _KINDS[one.metadata["kind"]]
        if not _fits(value, one.metadata):
            faults.append(_wrong_type(path, value, expected))
            continue
        values[one.name] = tuple(value) if isinstance(value, list) else value
        faults += _check_bounds(value, path, one.metadata)
    return kind(**values)


def _fits(value: Any, metadata: Any) -> bool:
    if value is None:
        return bool(metadata["null"])
    is_text_list = isinstance(value, list) and all(isinstance(item, str) for item in value)
    match metadata["kind"]:
        case "text":
            return isinstance(value, str)
        case "choice":
            return isinstance(value, str) and value in metadata["choices"]
        case "whole":
            return isinstance(value, int) and not isinstance(value, bool) and -(1 << 63) <= value < 1 << 63
        case "number":
            return isinstance(value, (int, float)) and not isinstance(value, bool)
        case "flag":
            return isinstance(value, bool)
        case "targets":
            return isinstance(value, str) or (is_text_list and len(value) > 0)
        case "texts":
            return is_text_list
        case _:
            return isinstance(value, dict) and all(isinstance(item, str) for item in value.values())


def _check_bounds(value: Any, path: str, metadata: Any) -> list[Fault]:
    low, high, above = metadata["low"], metadata["high"], metadata["above"]
    if value is None or (low is None and high is None) or ((low < value if above else low <= value) and value <= high):
        return []
    bounds = f"above 0 and at most {_show(high)}" if above else f"from {_show(low)} to {_show(high)}"
    return [Fault("out_of_range", f"'{path}' is {_show(value)}; it must be {bounds}.", _CORRECT, path)]


def _check(spec: JobSpec) -> list[Fault]:
    faults: list[Fault] = []
    if not _NAME.fullmatch(spec.job_id):
        faults.append(Fault("bad_name", f"'{spec.job_id}' is no job id.",
                            "Use 1 to 64 letters, digits, '.', '_' or '-', beginning with a letter, digit or '_'.", "job_id"))
    required = [(spec.model.path, "model.path", "Name a folder in Hugging Face layout."),
                (spec.data.train, "data.train", "Name a .jsonl, .json, .csv or .txt file.")]
    faults += [Fault("missing", f"'{path}' is missing.", remedy, path) for value, path, remedy in required if not value.strip()]
    paths = [(spec.model.path, "model.path"), (spec.data.train, "data.train"), (spec.data.validation, "data.validation"), (spec.adapter, "adapter")]
    faults += [Fault("bad_path", f"'{path}' holds a NUL character, which no path can.", "Correct the path.", path)
               for value, path in paths if value and "\0" in value]
    faults += _check_bounds(len(spec.samples.prompts), "samples.prompts (how many)", {"low": 0, "high": 64, "above": False})
    if spec.task == "pretrain" and spec.method != "full":
        faults.append(Fault("wrong_method", "'pretrain' trains every weight, so 'method' must be 'full'.", "Set method=full.", "method"))
    if spec.adapter is not None and spec.method == "full":
        faults.append(Fault("wrong_method", "'full' trains no adapter, yet 'adapter' names one to start from.",
                            "Merge the adapter first (beep merge), or set method=lora.", "adapter"))
    return faults


def _wrong_type(path: str, value: Any, expected: str) -> Fault:
    shown = json.dumps(value, ensure_ascii=False)
    return Fault("wrong_type", f"'{path}' is {shown}, which is not {expected}.", "Correct the value or leave the field out.", path)


def _show(value: float) -> str:
    return f"{value:.8f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)
