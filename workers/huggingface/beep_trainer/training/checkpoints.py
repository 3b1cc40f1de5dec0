"""The checkpoints of a job folder: complete or absent, the oldest removed once the new one is safe."""

from __future__ import annotations

from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from ..faults import invalid
from ..job.durable import delete_folder, write_folder
from ..job.folder import JobFolder
from ..model.trainable import TrainableModel
from .optimizer import Optimizer
from .result import checkpoint_weights_file, write_checkpoint_weights
from .sharding import Shards
from .state import TrainerState

_OPTIMIZER_FILE = "optimizer.safetensors"


class CheckpointStore:
    def __init__(self, folder: JobFolder, keep: int | None, shards: Shards) -> None:
        self._folder, self._keep, self._shards = folder, keep, shards
        # The steps of this run's checkpoints, those that it goes on from included.
        self._kept: set[int] = set()

    @property
    def last_step(self) -> int | None:
        """The step of this run's newest one."""
        return max(self._kept, default=None)

    @property
    def last(self) -> str | None:
        """This run's newest one, relative to the job folder."""
        return self._folder.relative(self._folder.checkpoint(max(self._kept))) if self._kept else None

    def newest(self) -> int | None:
        """The step of the newest one that there is."""
        return max((step for step, _ in self._folder.list_checkpoints()), default=None)

    def save(self, state: TrainerState, model: TrainableModel, optimizer: Optimizer, is_writer: bool) -> None:
        """Every process takes part in gathering what is spread over them; one writes."""
        weights, moments = self._shards.gather(model.trained, is_writer), self._shards.gather(optimizer.state(), is_writer)
        if is_writer:
            def fill(temporary: Path) -> None:
                write_checkpoint_weights(model, weights, temporary)
                save_file({name: tensor.detach().to("cpu", torch.float32).contiguous() for name, tensor in moments.items()}, temporary / _OPTIMIZER_FILE)
                state.write(temporary)

            write_folder(self._folder.checkpoint(state.step), fill)
        self._kept.add(state.step)
        if is_writer:
            self._remove_old()

    def restore(self, step: int, model: TrainableModel, optimizer: Optimizer, data_key: str) -> TrainerState:
        """Restores the checkpoint of a step into the model and the optimizer."""
        path = self._folder.checkpoint(step)
        state = TrainerState.read(path)
        if state.data_key != data_key:
            raise invalid("data_changed", "The training rows, the tokenizer or the chat template changed since the checkpoint was taken.",
                          "Restore them, or start anew in another job folder.", str(path))
        weights = _load(path / checkpoint_weights_file(model), path)
        _require(model.trained, weights, path)
        moments = _load(path / _OPTIMIZER_FILE, path)
        _require(optimizer.state(), moments, path)
        with torch.no_grad():
            for name, weight in model.trained.items():
                weight.copy_(self._shards.spread(weights[name], weight))
        optimizer.restore({name: self._shards.spread(moments[name], like) for name, like in optimizer.state().items()}, state.step)
        self._kept |= {other for other, _ in self._folder.list_checkpoints() if other <= step}
        return state

    def _remove_old(self) -> None:
        for step, path in self._folder.list_checkpoints():
            newer = sum(later > step for later in self._kept)
            # A run that starts anew has no use for those of an earlier one, which may be of later steps.
            if step not in self._kept or (self._keep is not None and newer >= self._keep):
                delete_folder(path)


def _load(file: Path, checkpoint: Path) -> dict[str, torch.Tensor]:
    try:
        return load_file(file)
    except (OSError, SafetensorError) as error:
        raise invalid("bad_checkpoint", f"The checkpoint cannot be read: {error}", f"Delete the folder '{checkpoint}' to go on from the one before it.", str(file)) from error


def _require(wanted: dict[str, torch.Tensor], found: dict[str, torch.Tensor], checkpoint: Path) -> None:
    for name, tensor in wanted.items():
        if name not in found or found[name].shape != tensor.shape:
            raise invalid("bad_checkpoint", f"The checkpoint does not fit the run: '{name}' is missing or has another shape.",
                          f"Delete the folder '{checkpoint}', or start anew in another job folder.", str(checkpoint))
