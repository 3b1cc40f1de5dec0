"""The README beside the weights, in the layout that model hubs read."""

from __future__ import annotations

from pathlib import Path

from ..job.spec import JobSpec
from .state import TrainerState


def model_card(spec: JobSpec, state: TrainerState) -> str:
    base = Path(spec.model.path).name
    kind = {"dora": "DoRA", "qlora": "LoRA (trained beside 4-bit weights)"}.get(spec.method, "LoRA")
    rows = [
        ("task", spec.task),
        ("method", spec.method),
        ("training data", Path(spec.data.train).name),
        ("steps", str(state.step)),
        ("tokens", f"{state.tokens:,}"),
        ("learning rate", f"{spec.train.learning_rate:g}"),
        ("seed", str(spec.train.seed)),
        ("held-out loss before", _loss(state.first_evaluation_loss)),
        ("held-out loss after", _loss(state.last_evaluation_loss)),
    ]
    table = "".join(f"| {name} | {value} |\n" for name, value in rows if value is not None)
    what = f"A {kind} adapter for `{base}`." if spec.has_adapter else f"A model trained from `{base}`."
    return (f"---\nbase_model: {base}\nlibrary_name: {'peft' if spec.has_adapter else 'transformers'}\npipeline_tag: text-generation\n---\n\n"
            f"# {spec.job_id}\n\n{what}\n\n| | |\n|-|-|\n{table}\n"
            "Made by beep on the transformers backend. The job's `spec.json` repeats the run.\n")


def _loss(value: float | None) -> str | None:
    return None if value is None else f"{value:.4f}"
