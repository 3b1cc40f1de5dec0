"""Makes a fault with a code and a remedy of whatever went wrong."""

from __future__ import annotations

import dataclasses
import errno
import json
from pathlib import Path

from ..faults import ExitCode, Fault, FaultError, failed
from ..job.durable import write_file
from ..job.folder import JobFolder
from .memory import is_out_of_memory

_UNKNOWN = "internal_error"
_FULL = (errno.ENOSPC, errno.EDQUOT) if hasattr(errno, "EDQUOT") else (errno.ENOSPC,)


def translate(error: BaseException) -> FaultError:
    if isinstance(error, FaultError):
        return error
    if is_out_of_memory(error):
        from .fitting import REMEDY

        return FaultError(ExitCode.OUT_OF_MEMORY, [Fault("out_of_memory", f"The memory did not suffice: {_first_line(error)}", REMEDY)])
    if isinstance(error, OSError) and error.errno in _FULL or "No space left" in str(error):
        return failed("disk_full", "The disk is full.", "Free some space, then run the job again: it goes on from its last checkpoint.")
    if isinstance(error, ImportError):
        return failed("library_missing", f"A library cannot be imported: {_first_line(error)}", "Repair the environment; 'python3 -m beep_trainer check' says what is missing.")
    if isinstance(error, OSError):
        return failed("not_writable", f"A file could not be read or written: {error}", "Check the permissions of the job folder and its disk.")
    return failed(_UNKNOWN, f"{type(error).__name__}: {_first_line(error)}", "This is a fault of the program: please report it with the job's output.log.")


def hand_over(error: FaultError, rank: int, folder: JobFolder) -> None:
    """Leaves word for the first process of several, which would know no more than that this one is gone."""
    if error.faults[0].code != _UNKNOWN:
        faults = [dataclasses.asdict(dataclasses.replace(fault, message=f"In process {rank}: {fault.message}")) for fault in error.faults]
        write_file(_word(folder), json.dumps({"exit_code": int(error.exit_code), "faults": faults}).encode())


def taken_over(folder: JobFolder) -> FaultError | None:
    """Why another process gave up, where one did."""
    try:
        found = json.loads(_word(folder).read_bytes())
        return FaultError(ExitCode(found["exit_code"]), [Fault(**fault) for fault in found["faults"]])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def forget(folder: JobFolder) -> None:
    _word(folder).unlink(missing_ok=True)


def _word(folder: JobFolder) -> Path:
    return folder.cache / "fault.json"


def _first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0].strip()
