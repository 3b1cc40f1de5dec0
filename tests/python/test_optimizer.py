"""The optimizer's state under the names of a checkpoint, also of the paged one, which only a GPU can run."""

from __future__ import annotations

import sys
import types

import pytest
import torch

from beep_trainer.job.spec import JobSpec, TrainSpec
from beep_trainer.training.optimizer import Optimizer, clip, gradient_norm


class PagedAdamW32bit(torch.optim.Optimizer):
    """Keeps its state as bitsandbytes does: `state1`, `state2` and a plain number of steps, made at a weight's first gradient."""

    def __init__(self, groups, lr, betas, eps) -> None:
        super().__init__(groups, {"lr": lr, "betas": betas, "eps": eps, "weight_decay": 0.0})

    @torch.no_grad()
    def step(self) -> None:
        for group in self.param_groups:
            for weight in group["params"]:
                if weight.grad is None:
                    continue
                state = self.state[weight]
                if not state:
                    state |= {"step": 0, "state1": torch.zeros_like(weight), "state2": torch.zeros_like(weight)}
                state["step"] += 1
                (one, two), n = group["betas"], state["step"]
                weight.mul_(1 - group["lr"] * group["weight_decay"])
                state["state1"].mul_(one).add_(weight.grad, alpha=1 - one)
                state["state2"].mul_(two).addcmul_(weight.grad, weight.grad, value=1 - two)
                weight.addcdiv_(state["state1"], (state["state2"] / (1 - two**n)).sqrt() + group["eps"], value=-group["lr"] / (1 - one**n))


@pytest.fixture(autouse=True)
def library(monkeypatch: pytest.MonkeyPatch) -> None:
    optim = types.ModuleType("bitsandbytes.optim")
    optim.PagedAdamW32bit = PagedAdamW32bit  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "bitsandbytes", types.ModuleType("bitsandbytes"))
    monkeypatch.setitem(sys.modules, "bitsandbytes.optim", optim)


def weights() -> dict[str, torch.nn.Parameter]:
    torch.manual_seed(5)
    return {"matrix": torch.nn.Parameter(torch.randn(4, 3)), "norm": torch.nn.Parameter(torch.randn(4)), "idle": torch.nn.Parameter(torch.randn(2, 2))}


def set_gradients(parameters: dict[str, torch.nn.Parameter], step: int) -> None:
    torch.manual_seed(step)
    for name, weight in parameters.items():
        weight.grad = None if name == "idle" else torch.randn_like(weight)


def spec_of(method: str, optimizer: str = "adamw") -> JobSpec:
    return JobSpec(method=method, train=TrainSpec(optimizer=optimizer, weight_decay=0.1))


@pytest.mark.parametrize("method", ["lora", "qlora"])
def test_adamw_is_pytorchs_and_goes_on_from_its_state(method: str) -> None:
    expected, whole, halved = weights(), weights(), weights()
    reference = torch.optim.AdamW([{"params": [expected["matrix"], expected["idle"]], "weight_decay": 0.1}, {"params": [expected["norm"]], "weight_decay": 0.0}], lr=0.0)
    optimizer, first = Optimizer(whole, spec_of(method)), Optimizer(halved, spec_of(method))
    for step in range(1, 5):
        for group in reference.param_groups:
            group["lr"] = 0.01 * step
        for parameters, act in ((expected, reference.step), (whole, lambda: optimizer.step(step, 0.01 * step)), (halved, lambda: first.step(step, 0.01 * step))):
            set_gradients(parameters, step)
            act()
        if step == 2:
            state = {name: tensor.clone() for name, tensor in first.state().items()}
            assert set(state) == {f"{moment}.{name}" for moment in ("exp_avg", "exp_avg_sq") for name in halved}
            assert float(state["exp_avg.idle"].abs().sum()) == 0
            first = Optimizer(halved, spec_of(method))
            first.restore(state, 2)
    for name, weight in expected.items():
        assert torch.allclose(whole[name], weight, atol=1e-6), name
        assert torch.equal(whole[name], halved[name]), name


def test_adamw_refused_steps_count() -> None:
    """The bias is corrected by the run's own number of the step, as the embedded trainer does it."""
    parameters = weights()
    before = parameters["matrix"].detach().clone()
    optimizer = Optimizer(parameters, spec_of("lora"))
    set_gradients(parameters, 1)
    gradient = parameters["matrix"].grad.clone()
    optimizer.step(3, 0.01)
    mean, square = 0.1 * gradient, 0.001 * gradient**2
    expected = before * (1 - 0.01 * 0.1) - 0.01 / (1 - 0.9**3) * mean / ((square / (1 - 0.999**3)).sqrt() + 1e-8)
    assert torch.allclose(parameters["matrix"], expected, atol=1e-6)


def test_clip_scales_to_the_norm_and_0_means_never() -> None:
    parameters = weights()
    set_gradients(parameters, 1)
    norm = gradient_norm(parameters)
    assert norm == pytest.approx(torch.cat([weight.grad.reshape(-1) for weight in parameters.values() if weight.grad is not None]).norm().item())
    clip(parameters, norm, 0)
    assert gradient_norm(parameters) == pytest.approx(norm)
    clip(parameters, norm, 0.5)
    assert gradient_norm(parameters) == pytest.approx(0.5, rel=1e-4)
    assert gradient_norm({}) == 0.0
