"""`check`: the libraries, the devices, and which methods can run here; one JSON object on stdout."""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import platform
import sys
from typing import Any

from .. import __version__

_NEEDED = ("torch", "transformers", "tokenizers", "safetensors", "numpy", "jinja2")
_OPTIONAL = ("accelerate", "peft", "bitsandbytes", "flash_attn", "psutil")
_ADAPTERS = ("lora", "dora", "qlora")


def check() -> int:
    # Libraries may print while they are imported; stdout is for the answer.
    with contextlib.redirect_stdout(sys.stderr):
        answer = describe()
    print(json.dumps(answer, ensure_ascii=False))
    return 0


def describe() -> dict[str, Any]:
    libraries: dict[str, str | None] = {}
    problems: dict[str, str] = {}
    for name in (*_NEEDED, *_OPTIONAL):
        libraries[name], problem = _import(name)
        if problem is not None:
            problems[name] = problem
    devices = _devices() if libraries["torch"] else [_processor()]
    return {
        "beep_trainer": __version__,
        "python": platform.python_version(),
        "libraries": libraries,
        "problems": problems,
        "devices": devices,
        "methods": _methods(libraries, problems, {device["kind"] for device in devices}),
    }


def _import(name: str) -> tuple[str | None, str | None]:
    """The version; or why there is none. A library that is there but broken may fail in any way."""
    try:
        module = importlib.import_module(name)
    except ModuleNotFoundError as error:
        return None, f"{error.name or name} is not installed"
    except Exception as error:
        return None, f"{type(error).__name__}: {(str(error).splitlines() or [''])[0]}"
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(name), None
    except PackageNotFoundError:
        return str(getattr(module, "__version__", "unknown")), None


def _methods(libraries: dict[str, str | None], problems: dict[str, str], kinds: set[str]) -> dict[str, str | None]:
    def why_not(method: str) -> str | None:
        needed = [*_NEEDED, *(["peft"] if method in _ADAPTERS else []), *(["bitsandbytes"] if method == "qlora" else [])]
        missing = [problems[name] for name in needed if libraries[name] is None]
        if missing:
            return "; ".join(missing)
        return "4-bit weights need an NVIDIA GPU" if method == "qlora" and "cuda" not in kinds else None

    # Preference optimisation trains either an adapter or the whole model: it runs where training runs at all.
    return {method: why_not(method) for method in ("full", "lora", "dora", "qlora", "dpo")}


def _devices() -> list[dict[str, Any]]:
    import torch

    devices = [_processor()]
    try:
        for index in range(torch.cuda.device_count() if torch.cuda.is_available() else 0):
            properties = torch.cuda.get_device_properties(index)
            devices.append({"kind": "cuda", "name": properties.name, "memory_bytes": properties.total_memory})
        if torch.backends.mps.is_available():
            devices.append({"kind": "mps", "name": platform.machine(), "memory_bytes": int(torch.mps.recommended_max_memory())})
    except RuntimeError as error:
        print(f"The devices cannot be asked: {error}", file=sys.stderr)
    return devices


def _processor() -> dict[str, Any]:
    return {"kind": "cpu", "name": _processor_name(), "memory_bytes": _memory()}


def _processor_name() -> str:
    with contextlib.suppress(OSError), open("/proc/cpuinfo", encoding="utf-8", errors="replace") as stream:
        for line in stream:
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _memory() -> int | None:
    with contextlib.suppress(AttributeError, ValueError, OSError):
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    with contextlib.suppress(ImportError):
        import psutil

        return int(psutil.virtual_memory().total)
    return None
