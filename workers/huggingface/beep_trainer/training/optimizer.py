"""Turns gradients into new weights. What a checkpoint holds of it has the same names as in the embedded trainer."""

from __future__ import annotations

from collections.abc import Iterable

import torch

from ..faults import failed
from ..job.spec import JobSpec

_BETAS, _EPSILON = (0.9, 0.999), 1e-8
Parameters = dict[str, torch.nn.Parameter]


class Optimizer:
    """AdamW or plain SGD. One-dimensional weights (norms, biases) do not decay under AdamW, as in Transformers."""

    def __init__(self, parameters: Parameters, spec: JobSpec) -> None:
        self._parameters, self._is_adam = parameters, spec.train.optimizer == "adamw"
        self._is_paged = self._is_adam and spec.method == "qlora"
        self._moments = ("state1", "state2") if self._is_paged else ("exp_avg", "exp_avg_sq")
        self._inner = self._make(spec.train.weight_decay)
        self._last_step: int | None = 0

    def step(self, step: int, learning_rate: float) -> None:
        """One step, counted from 1, on every parameter's gradient. Steps that were refused count: the bias is corrected by the run's own number."""
        if self._is_adam and self._last_step != step - 1:
            self._set_steps(step - 1)
        for group in self._inner.param_groups:
            group["lr"] = learning_rate
        self._inner.step()
        self._last_step = step

    def clear(self) -> None:
        self._inner.zero_grad(set_to_none=True)

    def state(self) -> dict[str, torch.Tensor]:
        """What the next step needs, by name, in 32 bits; moments that no gradient has reached are zero."""
        if not self._is_adam:
            return {}
        return {f"{name}.{key}": self._moment(parameter, place)
                for place, name in enumerate(("exp_avg", "exp_avg_sq")) for key, parameter in self._parameters.items()}

    def restore(self, tensors: dict[str, torch.Tensor], step: int) -> None:
        if not self._is_adam:
            return
        for key, parameter in self._parameters.items():
            state = self._inner.state[parameter]
            for place, name in enumerate(("exp_avg", "exp_avg_sq")):
                state[self._moments[place]] = tensors[f"{name}.{key}"].to(parameter.device, torch.float32)
        self._set_steps(step)
        self._last_step = step

    def _moment(self, parameter: torch.nn.Parameter, place: int) -> torch.Tensor:
        moment = self._inner.state.get(parameter, {}).get(self._moments[place])
        return torch.zeros_like(parameter, dtype=torch.float32) if moment is None else moment

    def _set_steps(self, step: int) -> None:
        for parameter in self._parameters.values():
            state = self._inner.state[parameter]
            for place, name in enumerate(self._moments):
                state.setdefault(name, self._moment(parameter, place))
            state["step"] = step if self._is_paged else torch.tensor(float(step), device=parameter.device if self._is_fused else "cpu")

    @property
    def _is_fused(self) -> bool:
        return any(parameter.is_cuda for parameter in self._parameters.values())

    def _make(self, weight_decay: float) -> torch.optim.Optimizer:
        weights = self._parameters.values()
        if not self._is_adam:
            return torch.optim.SGD(weights, lr=0.0, weight_decay=weight_decay)
        groups = [{"params": list(_of_rank(weights, True)), "weight_decay": weight_decay}, {"params": list(_of_rank(weights, False)), "weight_decay": 0.0}]
        groups = [group for group in groups if group["params"]]
        if self._is_paged:
            return _paged(groups)
        return torch.optim.AdamW(groups, lr=0.0, betas=_BETAS, eps=_EPSILON, fused=self._is_fused or None)


def _of_rank(weights: Iterable[torch.nn.Parameter], is_matrix: bool) -> Iterable[torch.nn.Parameter]:
    return (weight for weight in weights if (weight.dim() > 1) == is_matrix)


def _paged(groups: list[dict[str, object]]) -> torch.optim.Optimizer:
    """AdamW whose moments move to the machine's memory while the device has none to spare (Dettmers et al. 2023)."""
    try:
        from bitsandbytes.optim import PagedAdamW32bit
    except ImportError as error:
        raise failed("library_missing", f"'qlora' needs bitsandbytes, which cannot be imported: {error}", "Install bitsandbytes, or set method=lora.", "method") from error
    return PagedAdamW32bit(groups, lr=0.0, betas=_BETAS, eps=_EPSILON)


def gradient_norm(parameters: Parameters) -> float:
    gradients = [parameter.grad for parameter in parameters.values() if parameter.grad is not None]
    if not gradients:
        return 0.0
    norm = torch.nn.utils.get_total_norm(gradients)
    return float(norm.full_tensor() if hasattr(norm, "full_tensor") else norm)


def clip(parameters: Parameters, norm: float, largest: float) -> None:
    """Scales every gradient so that the norm is at most `largest`; 0 means no clipping."""
    scale = largest / (norm + 1e-6)
    if 0 < largest and scale < 1:
        for parameter in parameters.values():
            if parameter.grad is not None:
                parameter.grad.mul_(scale)
