"""The model of a run together with the weights that it trains."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from transformers import PreTrainedModel

from ..data.batch import TokenBatch
from ..data.seeded_order import derive
from ..job.spec import JobSpec
from .folder import text_config
from .loading import draw_model, load_model
from .loss import Score, rows_at_once

if TYPE_CHECKING:
    from peft import PeftModel

# Purposes of seeds derived from the run's own; see seeded_order.derive.
_FIRST_WEIGHTS = 1
# How far states may be apart, as a share of them: of one row computed in two ways, and of one row behind two others.
_ROUNDING = {torch.float32: (1e-3, 1e-5), torch.bfloat16: (0.05, 0.01)}


class TrainableModel:
    """
    `trained` are the trained weights by their names in a checkpoint, sorted. `hidden` and `score` are the two halves of the model:
    they meet where loss is taken.
    """

    def __init__(self, spec: JobSpec, inner: PreTrainedModel, adapted: PeftModel | None = None, *, compute: torch.dtype, device: torch.device) -> None:
        self.spec, self.inner, self.adapted = spec, inner, adapted
        self.compute, self.device = compute, device
        self.is_sharded = False
        self.joins_rows = True
        """False where rows of one line would see each other."""

        self.trained = self._find_trained()
        self.trained_count = sum(weight.numel() for weight in self.trained.values())
        self.total_count = _count(inner)
        head = inner.get_output_embeddings()
        self.vocabulary_size = int(text_config(inner.config.to_dict()).get("vocab_size") or head.weight.shape[0])
        self.context = int(text_config(inner.config.to_dict()).get("max_position_embeddings") or 1 << 30)
        self.chunk = rows_at_once(self.vocabulary_size, device)
        self._decoder: Callable[..., object] = inner.get_decoder()
        self.score: Score = self._head_score()
        if not self._halves_fit():
            # An architecture with something of its own between its states and its scores: whole scores, more memory, same loss.
            self._decoder, self.score = None, lambda scores: scores  # type: ignore[assignment]
        elif os.environ.get("BEEP_TORCH_COMPILE") == "1":
            self._decoder = torch.compile(self._decoder, dynamic=True, backend=os.environ.get("BEEP_TORCH_COMPILE_BACKEND", "inductor"))

    @classmethod
    def create(cls, spec: JobSpec, compute: torch.dtype, device: torch.device) -> TrainableModel:
        """A drawn model, a whole model to train, or a frozen one with an adapter."""
        folder, seed = Path(spec.model.path), derive(spec.train.seed, _FIRST_WEIGHTS)
        if not spec.has_adapter:
            # Trained weights are kept in 32 bits; bf16 products are autocast's.
            inner = draw_model(folder, seed, device) if spec.task == "pretrain" else load_model(folder, torch.float32, device, attention=None)
            return cls(spec, inner.requires_grad_(True), compute=compute, device=device)
        from . import adapters

        inner = load_model(folder, compute, device, is_quantised=spec.method == "qlora").requires_grad_(False)
        if spec.adapter is not None:
            adapted = adapters.load(inner, Path(spec.adapter), dropout=spec.lora.dropout, is_trained=True)
        else:
            adapted = adapters.attach(inner, spec, seed)
        return cls(spec, inner, adapted, compute=compute, device=device)

    @property
    def head_parameters(self) -> list[torch.Tensor]:
        """The trained weights that `score` reads. Asked for anew each time: those that are spread are whole only while the model computes."""
        head = self.inner.get_output_embeddings()
        return [] if self._decoder is None else [weight for weight in head.parameters() if weight.requires_grad]

    @property
    def flattens(self) -> bool:
        """Whether attention wants all rows of a pass in one line: the kernels for rows of different lengths do."""
        return self.joins_rows and str(self.inner.config._attn_implementation).startswith("flash")

    def shard(self, device: torch.device) -> None:
        """Takes up the weights anew once they are spread over processes."""
        self.is_sharded = True
        self.device = device
        self.trained = self._find_trained()

    def autocast(self) -> contextlib.AbstractContextManager[object]:
        return torch.autocast(self.device.type, torch.bfloat16) if self.compute == torch.bfloat16 else contextlib.nullcontext()

    def hidden(self, batch: TokenBatch) -> torch.Tensor:
        """What the head reads where loss is taken, [N, hidden]."""
        states = self._states(batch.input_ids, batch.positions)
        return states.reshape(-1, states.shape[-1]).index_select(0, batch.labelled_at)

    def keeps_rows_apart(self) -> bool:
        """Whether a row that follows another in its sequence is read as if it stood alone. Models with a memory of their own kind may not."""
        row, other, second = ((torch.arange(size, device=self.device) * factor + 1) % self.vocabulary_size for size, factor in ((7, 1), (7, 5), (5, 3)))
        positions = torch.cat([torch.arange(7), torch.arange(5)]).to(self.device)[None]
        was_training = self.inner.training
        self.inner.eval()
        try:
            with torch.no_grad(), self.autocast():
                alone = self._states(second[None], None)[0].float()
                after, after_other = (self._states(torch.cat([one, second])[None], positions)[0, 7:].float() for one in (row, other))
        except TypeError:
            return False
        finally:
            self.inner.train(was_training)
        # It may be rounded otherwise than alone, but what stands before it must not matter: a model that was just drawn looks back but little.
        rounding, seen = _ROUNDING[self.compute]
        return bool((alone - after).norm() <= rounding * alone.norm() and (after - after_other).norm() <= seen * alone.norm())

    def recompute(self, is_on: bool) -> None:
        """Keeps just the input of each block and computes the block again on the way back (Chen et al. 2016, arXiv 1604.06174)."""
        if is_on:
            self.inner.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False})
        else:
            self.inner.gradient_checkpointing_disable()

    def _states(self, input_ids: torch.Tensor, positions: torch.Tensor | None) -> torch.Tensor:
        # Not every kind of model knows positions.
        places = {} if positions is None else {"position_ids": positions}
        if self._decoder is None:
            return self.inner(input_ids=input_ids, use_cache=False, **places).logits
        return self._decoder(input_ids=input_ids, use_cache=False, **places)[0]  # type: ignore[index]

    def _find_trained(self) -> dict[str, torch.nn.Parameter]:
        if self.adapted is None:
            return dict(sorted(self.inner.named_parameters()))
        from .adapters import trained_parameters

        return trained_parameters(self.adapted)

    def _head_score(self) -> Score:
        head, config = self.inner.get_output_embeddings(), text_config(self.inner.config.to_dict())
        cap = config.get("final_logit_softcapping")
        divisor, factor = config.get("logits_scaling"), config.get("logit_scale")

        def score(hidden: torch.Tensor) -> torch.Tensor:
            scores = head(hidden)
            scores = scores / divisor if divisor else scores * factor if factor else scores
            return cap * torch.tanh(scores / cap) if cap else scores

        return score

    def _halves_fit(self) -> bool:
        """Whether the two halves give the whole model's scores."""
        ids = (torch.arange(8, device=self.device) % self.vocabulary_size).unsqueeze(0)
        was_training = self.inner.training
        self.inner.eval()
        try:
            with torch.no_grad(), self.autocast():
                whole = self.inner(input_ids=ids, use_cache=False).logits.float()
                halves = self.score(self._decoder(input_ids=ids, use_cache=False)[0]).float()  # type: ignore[index]
            return whole.shape == halves.shape and bool(torch.allclose(whole, halves, rtol=1e-3, atol=1e-3))
        except (AttributeError, TypeError, IndexError):
            return False
        finally:
            self.inner.train(was_training)


def _count(model: PreTrainedModel) -> int:
    # bitsandbytes packs two 4-bit numbers into one of its elements.
    return sum(weight.numel() * (2 if type(weight).__name__ == "Params4bit" else 1) for weight in model.parameters())
