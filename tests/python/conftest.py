"""Runs the worker's package from its folder in the checkout."""

import os
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
WORKER = ROOT / "workers" / "huggingface"
FIXTURES = ROOT / "tests" / "Fixtures"
CONTRACTS = ROOT / "contracts"

# Before torch is imported. One thread: these models are tiny, and threads of several programs at once wait for each other.
os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"
sys.path.insert(0, str(WORKER))
sys.dont_write_bytecode = True
# The programs that tests start find the same package, and PEFT where its sources were named.
_paths = [str(WORKER)]
if os.environ.get("BEEP_TEST_PEFT"):
    sys.path.insert(1, os.environ["BEEP_TEST_PEFT"])
    _paths.append(os.environ["BEEP_TEST_PEFT"])
os.environ["PYTHONPATH"] = os.pathsep.join(_paths)
os.environ.update({"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1", "PYTHONDONTWRITEBYTECODE": "1"})


def pytest_configure(config):
    config.addinivalue_line("markers", "gpu: needs an NVIDIA GPU")
    config.addinivalue_line("markers", "peft: needs PEFT, which Debian has no package of; BEEP_TEST_PEFT names a folder with its sources")


def pytest_collection_modifyitems(items):
    import torch

    try:
        import peft  # noqa: F401

        no_peft = None
    except ImportError as error:
        no_peft = f"PEFT cannot be imported ({error}): name a folder with its sources in BEEP_TEST_PEFT"
    for item in items:
        if "gpu" in item.keywords and not torch.cuda.is_available():
            item.add_marker(pytest.mark.skip(reason="there is no NVIDIA GPU"))
        if "peft" in item.keywords and no_peft:
            item.add_marker(pytest.mark.skip(reason=no_peft))


@pytest.fixture
def job(tmp_path):
    from support import TestJob

    return TestJob(tmp_path)
