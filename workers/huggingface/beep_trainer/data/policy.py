"""What happens to rows that are too long, and to those in which nothing is learnt."""

from __future__ import annotations

from ..job.spec import DataSpec
from .encoder import EncodedRow, EncodedRows
from .findings import RowError
from .store import Statistics


class RowPolicy:
    """Applies data.overlong and then data.untrainable, and counts. A pair of answers is one row: both take part, or neither."""

    def __init__(self, data: DataSpec) -> None:
        self._data = data
        self.statistics = Statistics()

    def apply(self, rows: EncodedRows) -> EncodedRows | None:
        """The row as it takes part, None where it is left out; RowError where it is refused."""
        limit = self._data.max_length
        longest = max(len(row.input_ids) for row in rows)
        if longest > limit:
            if self._data.overlong == "drop":
                self.statistics.dropped += 1
                return None
            if self._data.overlong == "fail":
                raise RowError("overlong", f"The row has {longest:,} tokens; data.max_length is {limit:,}.",
                               "Shorten it, raise data.max_length, or set data.overlong to truncate or drop.")
            rows = tuple(EncodedRow(row.input_ids[:limit], row.labels[:limit]) for row in rows)
        trainable = [row.trainable_tokens for row in rows]
        if min(trainable) == 0:
            if self._data.untrainable == "drop":
                self.statistics.dropped += 1
                self.statistics.untrainable += 1
                return None
            if self._data.untrainable == "fail":
                raise self._untrainable(longest > limit)
            self.statistics.untrainable += 1
        self.statistics.rows += 1
        self.statistics.tokens += sum(len(row.input_ids) for row in rows)
        self.statistics.trainable_tokens += sum(trainable)
        self.statistics.truncated += longest > limit
        return rows

    def _untrainable(self, is_cut: bool) -> RowError:
        if is_cut:
            return RowError("no_trainable_token", f"Nothing is learnt from the row: cut to {self._data.max_length:,} tokens, it loses its answer.",
                            "Shorten its question, raise data.max_length, or set data.untrainable to drop.")
        return RowError("no_trainable_token", "Nothing is learnt from the row: no token of it has a label.",
                        "Give it an answer, or set data.untrainable to drop.")
