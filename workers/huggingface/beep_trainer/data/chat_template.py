"""A conversation as the text that a model was trained to read, by the Jinja template that comes with the model."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from jinja2 import TemplateError, TemplateSyntaxError, nodes
from jinja2.ext import Extension, loopcontrols
from jinja2.sandbox import ImmutableSandboxedEnvironment

from ..faults import FaultError, invalid
from .conversations import Message
from .tokenizer import read_json, token_text

_TOKENS = ("bos_token", "eos_token", "pad_token", "unk_token")
_LONGEST = 1 << 20


class _Refusal(TemplateError):
    """What the template itself objects to."""


class _Generation(Extension):
    """`{% generation %}` marks the assistant's words in some templates; labels are found otherwise here, so it changes nothing."""

    tags = {"generation"}

    def parse(self, parser: Any) -> Any:
        line = next(parser.stream).lineno
        return nodes.Scope(parser.parse_statements(("name:endgeneration",), drop_needle=True), lineno=line)


class ChatTemplate:
    def __init__(self, template: str, origin: str, tokens: dict[str, str]) -> None:
        self._origin, self._tokens = origin, tokens
        if len(template) > _LONGEST:
            raise self._unsupported(1, f"The template has {len(template)} characters; at most {_LONGEST} are read.")
        environment = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True, extensions=[loopcontrols, _Generation])
        environment.filters["tojson"] = _tojson
        environment.globals["raise_exception"] = _refuse
        environment.globals["strftime_now"] = lambda format: datetime.now().strftime(format)
        try:
            self._template = environment.from_string(template)
        except TemplateSyntaxError as error:
            raise self._unsupported(error.lineno, f"The template cannot be read: {error.message}.") from error

    @classmethod
    def load(cls, folder: Path, replacement: str | None) -> ChatTemplate | None:
        """The template of a model, or what takes its place; None where there is neither."""
        config = read_json(folder, "tokenizer_config.json")
        tokens = {name: text for name in _TOKENS if (text := token_text(config, name)) is not None}
        file = folder / "chat_template.jinja"
        if replacement is not None:
            return cls(replacement, "data.chat_template", tokens)
        if file.is_file():
            return cls(file.read_text("utf-8"), str(file), tokens)
        place = f"{folder / 'tokenizer_config.json'}: chat_template"
        chosen = _choose(config.get("chat_template"), place)
        return None if chosen is None else cls(chosen, place, tokens)

    def render(self, messages: Sequence[Message], add_generation_prompt: bool) -> str:
        try:
            return self._template.render(messages=list(messages), add_generation_prompt=add_generation_prompt, tools=None, documents=None, **self._tokens)
        except _Refusal as error:
            raise invalid("chat_template_refused", f"The chat template refuses the conversation: {error}",
                          "Change the order or the roles of the messages, or hand in another template with data.chat_template.", self._origin) from error
        except Exception as error:  # a template may do anything that its sandbox lets it
            raise invalid("chat_template_failed", f"{type(error).__name__}: {error}",
                          "Check that the messages are what the template expects, or hand in another with data.chat_template.", self._origin) from error

    def _unsupported(self, line: int, message: str) -> FaultError:
        return invalid("chat_template_unsupported", message, "Hand in a simpler template with data.chat_template; ChatML-like ones work.", f"{self._origin}:{line}")


def _refuse(message: str) -> None:
    raise _Refusal(message)


def _tojson(value: Any, ensure_ascii: bool = False, indent: int | None = None, separators: tuple[str, str] | None = None, sort_keys: bool = False) -> str:
    return json.dumps(value, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)


def _choose(template: Any, place: str) -> str | None:
    if template is None or isinstance(template, str):
        return template
    if isinstance(template, list):
        named = {one["name"]: one["template"] for one in template if isinstance(one, dict) and {"name", "template"} <= one.keys()}
        if "default" in named:
            return str(named["default"])
        names = ", ".join(f'"{name}"' for name in named)
        raise invalid("chat_template_ambiguous", f'There are templates named {names}, but none named "default".',
                      "Hand in the one to use with data.chat_template.", place)
    raise invalid("model_file_invalid", f"The chat template is {type(template).__name__}, not a text or a list of named texts.",
                  "Download the model again, or hand in a template with data.chat_template.", place)
