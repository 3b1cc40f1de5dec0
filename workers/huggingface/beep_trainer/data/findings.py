"""What is wrong with the rows of a file, gathered in bounded memory: every error is counted, the first of each code are kept."""

from __future__ import annotations

from ..faults import ExitCode, Fault, FaultError, invalid

_KEPT = 20


class RowError(Exception):
    """A row that cannot take part; the codes are those of the embedded trainer."""

    def __init__(self, code: str, message: str, remedy: str) -> None:
        super().__init__(message)
        self.code, self.message, self.remedy = code, message, remedy


class FindingLog:
    def __init__(self, file: str) -> None:
        self._file = file
        self._first: dict[str, list[tuple[int, RowError]]] = {}
        self.errors = 0

    def add(self, line: int, error: RowError) -> None:
        self.errors += 1
        kept = self._first.setdefault(error.code, [])
        if len(kept) < _KEPT:
            kept.append((line, error))

    def raise_if_any(self) -> None:
        """Refuses the file when it has an error: the first of them in full, then how many more there are."""
        if self.errors == 0:
            return
        # Rows are read many at a time and encoded after that: what was found first need not stand first.
        first = sorted((one for kept in self._first.values() for one in kept), key=lambda one: one[0])[:_KEPT]
        faults = [Fault(error.code, error.message, error.remedy, f"{self._file}:{line}") for line, error in first]
        if self.errors > len(faults):
            faults.append(Fault("more_faults", f"'{self._file}' has {self.errors - len(faults):,} more faults.",
                                "See all of them by kind with: beep dataset check FILE", self._file))
        raise FaultError(ExitCode.INVALID, faults)


def empty_dataset(file: str, dropped: int) -> FaultError:
    if dropped == 0:
        return invalid("empty_dataset", f"'{file}' has no rows.", "Put at least one row into it.", file)
    return invalid("empty_dataset", f"'{file}' has no rows left: all {dropped:,} were left out by data.overlong and data.untrainable.",
                   "Raise data.max_length, or look at the rows with: beep dataset check FILE", file)
