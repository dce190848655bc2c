"""20 Optimizers, as torch.optim has them"""

import copy

import torch
from torch.optim.optimizer import ParamsT


class SGD(torch.optim.Optimizer):
    def __init__(self, params: ParamsT, lr: float, momentum: float = 0.0, dampening: float = 0.0) -> None:
        super().__init__(params, {"lr": lr, "momentum": momentum, "dampening": dampening})

    @torch.no_grad()
    def step(self) -> None:
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is None:
                    continue
                update = p.grad
                if group["momentum"] != 0:
                    state = self.state[p]
                    if "buffer" in state:
                        state["buffer"].mul_(group["momentum"]).add_(p.grad, alpha=1 - group["dampening"])
                    else:
                        # subtle: a copy, because the next backward overwrites the gradient's memory.
                        state["buffer"] = p.grad.clone()
                    update = state["buffer"]
                p.add_(update, alpha=-group["lr"])


class Adagrad(torch.optim.Optimizer):
    def __init__(self, params: ParamsT, lr: float, eps: float = 1e-10) -> None:
        super().__init__(params, {"lr": lr, "eps": eps})

    @torch.no_grad()
    def step(self) -> None:
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is None:
                    continue
                state = self.state[p]
                if not state:
                    state["square_sum"] = torch.zeros_like(p)
                # The sum only grows, so every element is updated with smaller and smaller steps.
                square_sum = state["square_sum"].addcmul_(p.grad, p.grad)
                p.addcdiv_(p.grad, square_sum.sqrt() + group["eps"], value=-group["lr"])


class RMSprop(torch.optim.Optimizer):
    def __init__(self, params: ParamsT, lr: float, alpha: float = 0.99, eps: float = 1e-8) -> None:
        super().__init__(params, {"lr": lr, "alpha": alpha, "eps": eps})

    @torch.no_grad()
    def step(self) -> None:
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is None:
                    continue
                state = self.state[p]
                if not state:
                    state["square_average"] = torch.zeros_like(p)
                # An average forgets, whereas Adagrad's sum would bring the updates to a halt.
                square_average = state["square_average"].lerp_(p.grad**2, 1 - group["alpha"])
                p.addcdiv_(p.grad, square_average.sqrt() + group["eps"], value=-group["lr"])


class Adam(torch.optim.Optimizer):
    def __init__(
        self, params: ParamsT, lr: float, betas: tuple[float, float] = (0.9, 0.999), eps: float = 1e-8
    ) -> None:
        super().__init__(params, {"lr": lr, "betas": betas, "eps": eps})

    @torch.no_grad()
    def step(self) -> None:
        for group in self.param_groups:
            b1, b2 = group["betas"]
            for p in group["params"]:
                if p.grad is None:
                    continue
                state = self.state[p]
                if not state:
                    state.update(t=0, average=torch.zeros_like(p), square_average=torch.zeros_like(p))
                # Counted for each parameter: one that was skipped has younger averages.
                state["t"] += 1
                state["average"].lerp_(p.grad, 1 - b1)
                state["square_average"].lerp_(p.grad**2, 1 - b2)
                average = state["average"] / (1 - b1 ** state["t"])
                square_average = state["square_average"] / (1 - b2 ** state["t"])
                p.addcdiv_(average, square_average.sqrt() + group["eps"], value=-group["lr"])


def clear_gradients(optimizer: torch.optim.Optimizer, set_to_none: bool) -> None:
    for group in optimizer.param_groups:
        for p in group["params"]:
            # None frees the memory and makes an optimizer skip the parameter; zeros do neither.
            if set_to_none:
                p.grad = None
            elif p.grad is not None:
                p.grad.zero_()


def hand_over(source: torch.optim.Optimizer, target: torch.optim.Optimizer) -> None:
    # subtle: without a copy, both optimizers would go on writing into the same averages.
    target.load_state_dict(copy.deepcopy(source.state_dict()))
