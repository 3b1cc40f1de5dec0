"""
`python3 -m beep_trainer.machine.torchrun`: PyTorch's torchrun, with all its options, on builds of PyTorch without libuv too. torchrun's own
stores of addresses ask for libuv whatever USE_LIBUV says, so that such a build ends before it has begun.
"""

from __future__ import annotations

import functools
import importlib
import os

# Where torchrun makes a store that it meets others at.
_MEETING = ("c10d_rendezvous_backend", "static_tcp_rendezvous")


def main() -> None:
    if not _has_libuv():
        _do_without_libuv()
    from torch.distributed.run import main as run

    run()


def _has_libuv() -> bool:
    from torch.distributed import TCPStore

    try:
        TCPStore("127.0.0.1", 0, is_master=True, wait_for_workers=False, use_libuv=True)
    except RuntimeError:
        return False
    return True


def _do_without_libuv() -> None:
    from torch.distributed import TCPStore

    # The processes that it starts make a store of their own, by this, where torchrun would make one with libuv for them; see training/world.py.
    os.environ |= {"USE_LIBUV": "0", "TORCH_DISABLE_SHARE_RDZV_TCP_STORE": "1"}
    for name in _MEETING:
        module = importlib.import_module(f"torch.distributed.elastic.rendezvous.{name}")
        module.TCPStore = functools.partial(TCPStore, use_libuv=False)  # type: ignore[attr-defined]


if __name__ == "__main__":
    main()
