"""What went wrong, said so that a person can repair it: a stable code, the offending value quoted, the place and a remedy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum


class ExitCode(IntEnum):
    """The exit code of a worker; see contracts/job-folder.md."""

    SUCCEEDED = 0
    CANCELLED = 10
    INVALID = 20
    OUT_OF_MEMORY = 30
    NOT_FINITE = 40
    FAILED = 50


@dataclass(frozen=True)
class Fault:
    code: str
    message: str
    remedy: str
    where: str | None = None

    def __str__(self) -> str:
        return f"{self.where + ': ' if self.where else ''}{self.message} {self.remedy} [{self.code}]"


class FaultError(Exception):
    """Work that cannot go on, with every fault found."""

    def __init__(self, exit_code: ExitCode, faults: Sequence[Fault]) -> None:
        super().__init__("\n".join(map(str, faults)))
        self.exit_code = exit_code
        self.faults = list(faults)


def invalid(code: str, message: str, remedy: str, where: str | None = None) -> FaultError:
    """A fault in what the user handed in: exit code 20."""
    return FaultError(ExitCode.INVALID, [Fault(code, message, remedy, where)])


def failed(code: str, message: str, remedy: str, where: str | None = None) -> FaultError:
    """A fault of the machine or of the program: exit code 50."""
    return FaultError(ExitCode.FAILED, [Fault(code, message, remedy, where)])
