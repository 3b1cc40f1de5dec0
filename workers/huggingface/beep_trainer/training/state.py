"""What a run must know to go on as if it had never stopped, beside the weights and the optimizer's state."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path

from ..faults import invalid
from ..job.durable import write_file

FILE = "trainer_state.json"


@dataclass(frozen=True)
class TrainerState:
    step: int
    tokens: int
    nonfinite_in_a_row: int
    data_key: str
    train_loss: float | None = None
    first_evaluation_loss: float | None = None
    last_evaluation_loss: float | None = None
    observed_at: int = -1
    """The last step whose evaluation and samples, where due, were not given up for a cancellation."""

    batch_size: int | None = None
    """Sequences in a forward pass where the memory did not suffice for the spec's."""

    def write(self, folder: Path) -> None:
        write_file(folder / FILE, json.dumps(dataclasses.asdict(self), indent=2, allow_nan=False).encode())

    @classmethod
    def read(cls, folder: Path) -> TrainerState:
        path = folder / FILE
        try:
            values = json.loads(path.read_bytes())
            names = {field.name for field in dataclasses.fields(cls)}
            return cls(**{name: value for name, value in values.items() if name in names})
        except (OSError, ValueError, TypeError, AttributeError) as error:
            raise invalid("bad_checkpoint", f"The checkpoint cannot be read: {error}", f"Delete the folder '{folder}' to go on from the one before it.", str(path)) from error
