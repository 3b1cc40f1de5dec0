"""What the model that a preference run begins with thinks of each answer: computed once, before the first step, and kept."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Callable, Generator, Iterable
from pathlib import Path

import numpy as np
import torch

from ..data.batch import assemble
from ..data.plan import BatchPlan
from ..data.preparation import Cancelled
from ..data.store import TokenStore
from ..job.durable import write_file
from ..model.folder import weight_files
from ..model.trainable import TrainableModel
from .fitting import Fitting
from .objective import PreferenceObjective
from .world import World


def reference_likelihoods(objective: PreferenceObjective, store: TokenStore, pairs: Iterable[int], plan: BatchPlan, cache: Path,
                          world: World, fitting: Fitting, is_cancelled: Callable[[], bool]) -> torch.Tensor:
    """[rows]; of the pairs, named by their first row, that are asked for. The model is as it was before the first step."""
    wanted = sorted(pairs)
    key = _key(objective.model, store, wanted)
    kept = world.share(_read(cache, key) if world.is_first else None)
    if kept is not None:
        return torch.from_numpy(kept)
    values = fitting.rounds(0, lambda: _measure(objective, store, wanted, plan.batch_size, world), is_cancelled)
    if values is None:
        raise Cancelled
    values = torch.tensor(world.sum(values.tolist()), dtype=torch.float64)
    if world.is_first:
        content = io.BytesIO()
        np.save(content, values.numpy(), allow_pickle=False)
        write_file(cache, key.encode() + content.getvalue())
    return values


def _measure(objective: PreferenceObjective, store: TokenStore, wanted: list[int], batch_size: int, world: World) -> Generator[None, None, torch.Tensor]:
    """This process's part, a batch a round."""
    model = objective.model
    values = torch.zeros(store.rows, dtype=torch.float64)
    model.inner.eval()
    for firsts in world.rounds([wanted[start : start + batch_size] for start in range(0, len(wanted), batch_size)], model.is_sharded):
        if firsts is not None:
            batch = assemble(store, [[row, row + 1] for row in firsts], model.flattens).to(model.device)
            with torch.no_grad(), model.autocast():
                found = objective(batch)[0].cpu().double()
            values[batch.row_ids] = found / (world.size if model.is_sharded else 1)
        yield
    return values


def _read(cache: Path, key: str) -> np.ndarray | None:
    try:
        content = cache.read_bytes()
        return np.load(io.BytesIO(content[len(key) :]), allow_pickle=False) if content.startswith(key.encode()) else None
    except (OSError, ValueError, EOFError):
        return None


def _key(model: TrainableModel, store: TokenStore, wanted: list[int]) -> str:
    spec = model.spec
    folder = Path(spec.model.path)
    weights = [*weight_files(folder), *([Path(spec.adapter, "adapter_model.safetensors")] if spec.adapter is not None else [])]
    files = [(path.name, path.stat().st_size, path.stat().st_mtime_ns) for path in weights]
    settings = [store.content, str(folder.resolve()), files, spec.adapter, spec.method, str(model.compute), wanted]
    return hashlib.sha256(json.dumps(settings).encode()).hexdigest()
