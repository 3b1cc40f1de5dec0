"""`train --processes`: starts torchrun on this machine and ends with the run's own exit code, which torchrun does not hand on."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

from ..faults import ExitCode, invalid
from ..job.folder import JobFolder


def run_together(job_folder: str, processes: str) -> int:
    count = _count(processes)
    folder = JobFolder(job_folder)
    package = Path(__file__).resolve().parents[2]
    environment = dict(os.environ)
    environment["PYTHONPATH"] = os.pathsep.join(filter(None, [str(package), environment.get("PYTHONPATH")]))
    environment.setdefault("OMP_NUM_THREADS", str(max(1, (os.cpu_count() or 1) // count)))
    # A run that dies leaves no exit.json: one of an earlier run must not speak for it.
    folder.exit.unlink(missing_ok=True)
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(count), "-m", "beep_trainer", "train", str(folder.root)]
    process = subprocess.Popen(command, env=environment)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda sent, _: process.send_signal(sent))
    code = process.wait()
    try:
        return int(json.loads(folder.exit.read_bytes())["exit_code"])
    except (OSError, ValueError, KeyError):
        return int(ExitCode.FAILED) if code != 0 else int(ExitCode.SUCCEEDED)


def _count(processes: str) -> int:
    if processes == "auto":
        import torch

        return max(1, torch.cuda.device_count())
    if processes.isascii() and processes.isdigit() and 1 <= int(processes) <= 1024:
        return int(processes)
    raise invalid("out_of_range", f"'--processes' is {processes}; it must be auto, or from 1 to 1024.", "Correct the value.", "--processes")
