"""
Rows to token ids and labels. With a chat template, questions and answers become messages. Without one, the question and the answer
are tokenised apart and joined, with the end token after them: a model that is asked later sees the question tokenised alone, so
no token may span the boundary, and the first label is the answer's first token.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tokenizers import Encoding

from ..faults import FaultError, invalid
from ..job.spec import JobSpec
from .chat_template import ChatTemplate
from .conversations import Message
from .findings import RowError
from .formats import MASKED, CompletionRow, ConversationRow, DatasetRow, InstructionRow, TextRow, TokenRow
from .preferences import PreferenceRow
from .rows import is_blank
from .tokenizer import Tokenizer


@dataclass(frozen=True)
class EncodedRow:
    """Labels are as many as ids, not shifted, and MASKED where no loss is taken."""

    input_ids: list[int]
    labels: list[int]

    @property
    def trainable_tokens(self) -> int:
        """The first token of a row is predicted from nothing, so its label does not count."""
        return sum(label != MASKED for label in self.labels[1:])


# What a row comes to: one sequence, or the preferred and the rejected one.
EncodedRows = tuple[EncodedRow, ...]
# What is left to do for a sequence once its texts are tokenised.
Finish = Callable[[], EncodedRow]


class RowEncoder:
    def __init__(self, tokenizer: Tokenizer, template: ChatTemplate | None, spec: JobSpec) -> None:
        self._tokenizer, self._template = tokenizer, template
        self._completion_only = spec.task == "dpo" or (spec.data.completion_only_loss and spec.task != "pretrain")

    def encode(self, rows: Sequence[DatasetRow]) -> list[EncodedRows | RowError]:
        """Encodes rows together: the tokenizer works on all processors."""
        work = _Work(self._tokenizer)
        drafts = [self._draft(row, work) for row in rows]
        work.run()
        return [draft if isinstance(draft, RowError) else tuple(one() for one in draft) for draft in drafts]

    def _draft(self, row: DatasetRow, work: _Work) -> list[Finish] | RowError:
        try:
            match row:
                case TokenRow():
                    encoded = EncodedRow(row.input_ids, row.labels if row.labels is not None else row.input_ids)
                    return [lambda: encoded]
                case TextRow():
                    return [self._text(row.text, work)]
                case PreferenceRow():
                    return self._preference(row, work)
                case CompletionRow() if self._template is None:
                    return [self._pair(row.prompt, row.completion, work)]
                case InstructionRow() if self._template is None:
                    return [self._pair(plain_prompt(row), row.output, work)]
                case _:
                    return [self._messages(messages_of(row), work)]
        except FaultError as error:
            first = error.faults[0]
            return RowError(first.code, first.message, first.remedy)

    def _text(self, text: str, work: _Work) -> Finish:
        place = work.whole(text)

        def finish() -> EncodedRow:
            ids = self._with_end(work.ids(place))
            return EncodedRow(ids, ids)

        return finish

    def _pair(self, prompt: str, completion: str, work: _Work) -> Finish:
        before, after = work.whole(prompt), work.bare(completion)

        def finish() -> EncodedRow:
            start = work.ids(before)
            if start and start[-1] == self._tokenizer.end_id:
                # Some tokenizers end every text; a question goes on.
                start = start[:-1]
            ids = start + self._with_end(work.encoding(after).ids)
            labels = [MASKED] * len(start) + ids[len(start) :] if self._completion_only else ids
            return EncodedRow(ids, labels)

        return finish

    def _preference(self, row: PreferenceRow, work: _Work) -> list[Finish]:
        if self._template is not None:
            answers = [[*row.prompt, Message(role="assistant", content=text)] for text in (row.chosen, row.rejected)]
            return [self._messages(messages, work, last_only=True) for messages in answers]
        if not row.is_text:
            raise _no_template()
        prompt = "\n\n".join(message["content"] for message in row.prompt)
        return [self._pair(prompt, text, work) for text in (row.chosen, row.rejected)]

    def _messages(self, messages: Sequence[Message], work: _Work, last_only: bool = False) -> Finish:
        if self._template is None:
            raise _no_template()
        text = self._template.render(messages, add_generation_prompt=False)
        turns = []
        if self._completion_only:
            # Of a pair the answer alone is learnt: what both sides share before it is not.
            answers = [turn for turn, message in enumerate(messages) if message["role"] == "assistant"]
            turns = [self._find_turn(messages, turn, text) for turn in (answers[-1:] if last_only else answers)]
        place = work.bare(text)

        def finish() -> EncodedRow:
            encoding = work.encoding(place)
            ids = encoding.ids
            if not self._completion_only:
                return EncodedRow(ids, ids)
            labels = [MASKED] * len(ids)
            starts = [start for start, _ in encoding.offsets]
            for start, end in turns:
                self._label(ids, starts, start, end, labels)
            return EncodedRow(ids, labels)

        return finish

    def _find_turn(self, messages: Sequence[Message], turn: int, text: str) -> tuple[int, int]:
        """Where in the text the answer of a turn starts, and where what the template puts after it ends."""
        assert self._template is not None
        prompt = self._template.render(messages[:turn], add_generation_prompt=True)
        full = text if turn == len(messages) - 1 else self._template.render(messages[: turn + 1], add_generation_prompt=False)
        if not (full.startswith(prompt) and text.startswith(full)):
            raise invalid("template_not_prefix_stable",
                          f'The chat template changes earlier text when message {turn + 1} ("assistant") is added, so its tokens cannot be told apart.',
                          "Set data.completion_only_loss to false, or hand in a template that only appends with data.chat_template.")
        return len(prompt), len(full)

    def _label(self, ids: Sequence[int], starts: Sequence[int], start: int, end: int, labels: list[int]) -> None:
        """
        Labels a turn up to its last special token, which ends it; what follows, a newline mostly, belongs to the template. A
        template that ends turns without a special token has all of it labelled.
        """
        first, last = bisect_left(starts, start), bisect_left(starts, end) - 1
        final = last
        while final >= first and not self._tokenizer.is_special(ids[final]) and ids[final] not in self._tokenizer.end_ids:
            final -= 1
        stop = (final if final >= first else last) + 1
        labels[first:stop] = ids[first:stop]

    def _with_end(self, ids: list[int]) -> list[int]:
        end = self._tokenizer.end_id
        return [*ids, end] if end is not None and (not ids or ids[-1] != end) else ids


class _Work:
    """Texts to be tokenised in two batches; each is asked for by its place."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer = tokenizer
        self._whole: list[str] = []
        self._bare: list[str] = []
        self._ids: list[list[int]] = []
        self._encodings: list[Encoding] = []

    def whole(self, text: str) -> int:
        self._whole.append(text)
        return len(self._whole) - 1

    def bare(self, text: str) -> int:
        self._bare.append(text)
        return len(self._bare) - 1

    def run(self) -> None:
        self._ids = self._tokenizer.encode_whole(self._whole) if self._whole else []
        self._encodings = self._tokenizer.encode(self._bare) if self._bare else []

    def ids(self, place: int) -> list[int]:
        return self._ids[place]

    def encoding(self, place: int) -> Encoding:
        return self._encodings[place]


def messages_of(row: DatasetRow) -> list[Message]:
    """What a row is as a conversation."""
    match row:
        case ConversationRow():
            return row.messages
        case CompletionRow():
            return [Message(role="user", content=row.prompt), Message(role="assistant", content=row.completion)]
        case InstructionRow():
            system = [Message(role="system", content=row.system)] if row.system is not None else []
            earlier = [Message(role=role, content=text) for turn in row.history for role, text in zip(("user", "assistant"), turn)]
            return [*system, *earlier, Message(role="user", content=question(row)), Message(role="assistant", content=row.output)]
        case _:
            raise TypeError(f"{type(row).__name__} is no conversation")


def question(row: InstructionRow) -> str:
    """The instruction, a blank line and the input, where there is one."""
    return row.instruction if is_blank(row.input) else f"{row.instruction}\n\n{row.input}"


def plain_prompt(row: InstructionRow) -> str:
    """Everything before the answer for a model without a chat template, each part followed by a blank line."""
    parts = [*([row.system] if row.system is not None else []), *(text for turn in row.history for text in turn), question(row)]
    return "".join(part + "\n\n" for part in parts)


def _no_template() -> FaultError:
    return invalid("missing_chat_template", "The rows are conversations, but the model has no chat template that says how to write one.",
                   "Set data.chat_template, or use a model with a chat template.")
