"""
`train --processes`: several workers on this machine that train together, with the environment that torchrun gives. Ends with the exit
code of the first of them, the one that writes; torchrun would hand on a 1.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from ..faults import ExitCode, invalid
from ..job.folder import JobFolder

# How long the others may take to notice that one of them has ended.
_GRACE_SECONDS = 20.0
_POLL_SECONDS = 0.05


def run_together(job_folder: str, processes: str) -> int:
    count = _count(processes)
    folder = JobFolder(job_folder)
    environment = _environment(count)
    command = [sys.executable, "-m", "beep_trainer", "train", str(folder.root)]
    workers = [subprocess.Popen(command, env=environment | {"RANK": str(rank), "LOCAL_RANK": str(rank)}) for rank in range(count)]
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda sent, _: _send(workers, sent))
    while all(worker.poll() is None for worker in workers):
        time.sleep(_POLL_SECONDS)
    _end(workers)
    code = workers[0].returncode
    return code if code in set(ExitCode) else int(ExitCode.FAILED)


def _environment(count: int) -> dict[str, str]:
    package = Path(__file__).resolve().parents[2]
    environment = dict(os.environ)
    environment["PYTHONPATH"] = os.pathsep.join(filter(None, [str(package), environment.get("PYTHONPATH")]))
    environment |= {"WORLD_SIZE": str(count), "LOCAL_WORLD_SIZE": str(count), "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(_free_port())}
    environment.setdefault("OMP_NUM_THREADS", str(max(1, (os.cpu_count() or 1) // count)))
    # Some builds of PyTorch lack what it would use for the store of addresses; for so few processes the other one is as good.
    environment.setdefault("USE_LIBUV", "0")
    return environment


def _end(workers: Sequence[subprocess.Popen[bytes]]) -> None:
    """One has ended: the others end by themselves, having finished too or missing it; else they are made to."""
    deadline = time.monotonic() + _GRACE_SECONDS
    has_finished = all(worker.returncode in (None, 0, int(ExitCode.CANCELLED)) for worker in workers)
    for worker in workers:
        try:
            # A first worker that has all in hand still writes its artifact, however long that takes.
            worker.wait(None if has_finished and worker is workers[0] else max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            worker.kill()
            worker.wait()


def _send(workers: Sequence[subprocess.Popen[bytes]], number: int) -> None:
    for worker in workers:
        if worker.poll() is None:
            worker.send_signal(number)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _count(processes: str) -> int:
    if processes == "auto":
        import torch

        return max(1, torch.cuda.device_count())
    if processes.isascii() and processes.isdigit() and 1 <= int(processes) <= 1024:
        return int(processes)
    raise invalid("out_of_range", f"'--processes' is {processes}; it must be auto, or from 1 to 1024.", "Correct the value.", "--processes")
