"""Text to token ids and back, by the model's tokenizer.json, and the tokens that have a role."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from tokenizers import Encoding
from tokenizers import Tokenizer as Library

from ..faults import invalid


class Tokenizer:
    def __init__(self, folder: Path) -> None:
        text = _read(folder)
        try:
            # Offsets as they are, without the spaces that a post-processor may cut off them: labels begin where a token does.
            self._bare = Library.from_str(json.dumps({**json.loads(text), "post_processor": None}))
            self._library = Library.from_str(text)
        except Exception as error:  # the library raises plain Exception
            raise invalid("tokenizer_invalid", f"The tokenizer cannot be read: {error}", "Download the model again.", str(folder / "tokenizer.json")) from error
        for one in (self._bare, self._library):
            one.no_padding()
            one.no_truncation()
        self._special = {id for id, token in self._library.get_added_tokens_decoder().items() if token.special}
        self.vocabulary_size = max(self._library.get_vocab(with_added_tokens=True).values()) + 1
        self._find_roles(folder)

    @property
    def end_id(self) -> int | None:
        """The token that ends a text or a turn."""
        return self.end_ids[0] if self.end_ids else None

    def is_special(self, token: int) -> bool:
        """Whether a token stands for something other than text."""
        return token in self._special

    def encode(self, texts: Sequence[str]) -> list[Encoding]:
        """Without special tokens around the texts; with offsets."""
        return self._bare.encode_batch(list(texts), add_special_tokens=False)

    def encode_whole(self, texts: Sequence[str]) -> list[list[int]]:
        """With the special tokens that the file puts around every text."""
        return [encoding.ids for encoding in self._library.encode_batch(list(texts), add_special_tokens=True)]

    def decode(self, ids: Sequence[int]) -> str:
        return self._library.decode(list(ids), skip_special_tokens=True)

    def _find_roles(self, folder: Path) -> None:
        """By name in tokenizer_config.json or the older map, by id in the model's configuration; unknown names are passed over."""
        tokenizer, older = read_json(folder, "tokenizer_config.json"), read_json(folder, "special_tokens_map.json")
        others = [read_json(folder, "generation_config.json"), read_json(folder, "config.json")]

        def named(role: str) -> int | None:
            text = token_text(tokenizer, role) or token_text(older, role)
            return None if text is None else self._library.token_to_id(text)

        end = named("eos_token")
        ends = [*([end] if end is not None else []), *(id for one in others for id in _ids(one, "eos_token_id"))]
        pads = [named("pad_token"), *(id for one in others for id in _ids(one, "pad_token_id"))]
        self.end_ids: list[int] = list(dict.fromkeys(ends))
        self.pad_id = next((id for id in pads if id is not None), None)


def read_json(folder: Path, name: str) -> dict[str, Any]:
    """A small JSON file of a model folder; empty where there is none."""
    path = folder / name
    try:
        content = json.loads(path.read_bytes())
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, RecursionError) as error:
        raise invalid("model_file_invalid", f"The file cannot be read: {error}", "Check its permissions, or download the model again.", str(path)) from error
    if not isinstance(content, dict):
        raise invalid("model_file_invalid", "The file cannot be read: The file does not hold an object.", "Check its permissions, or download the model again.", str(path))
    return content


def token_text(document: dict[str, Any], name: str) -> str | None:
    """A token member, which is a text or an object with `content`."""
    value = document.get(name)
    value = value.get("content") if isinstance(value, dict) else value
    return value if isinstance(value, str) else None


def _ids(document: dict[str, Any], name: str) -> Iterable[int]:
    value = document.get(name)
    values = value if isinstance(value, list) else [value]
    return [id for id in values if type(id) is int and id >= 0]


def _read(folder: Path) -> str:
    path = folder / "tokenizer.json"
    try:
        return path.read_text("utf-8")
    except FileNotFoundError:
        return _convert(folder)
    except (OSError, UnicodeDecodeError) as error:
        raise invalid("tokenizer_invalid", f"'{path}' cannot be read: {error}", "Download the model again.", str(path)) from error


def _convert(folder: Path) -> str:
    """Older models have their tokenizer in files that Transformers converts."""
    from transformers import AutoTokenizer

    try:
        tokenizer = AutoTokenizer.from_pretrained(folder, use_fast=True, trust_remote_code=False, local_files_only=True)
        return tokenizer.backend_tokenizer.to_str()
    except Exception as error:
        raise invalid("tokenizer_missing", f"'{folder}' has no tokenizer.json, and Transformers makes none of its other files: {error}",
                      "Use a model folder with a tokenizer.json.", str(folder)) from error
