"""Builds nets, watches them run, and reports modes, gradients and what an optimizer holds."""

from functools import partial

import torch
from torch import nn


def _net(state, device):
    """Make the net with dropout and batch norm, and load what it holds."""
    net = nn.Sequential(nn.Sequential(nn.Linear(3, 6), nn.BatchNorm1d(6)), nn.Dropout(0.5), nn.Tanh(), nn.Linear(6, 2))
    net.to(device).load_state_dict(state)
    return net


def watch_predict(submission, state, x, modes):
    """Predict; say what came back, how the net ran, and what it was like afterwards. `modes` are its modules'.

    Told: `predict` with a net of {modes:count module}
    """
    net = _net(state, x.device)
    next(net.parameters()).requires_grad_(False)
    for module, training in zip(net.modules(), modes, strict=True):
        module.training = training
    for parameter in net.parameters():
        parameter.grad = torch.full_like(parameter, 3.0)
    x.requires_grad_(True)
    during, recorded, settings = {}, [], _settings(net)

    def look(name, module, arguments, output):
        during[name] = module.training
        recorded.append(output.requires_grad)

    names = {name: name or "the model itself" for name, _ in net.named_modules()}
    handles = [net.get_submodule(name).register_forward_hook(partial(look, names[name])) for name in names]
    result = submission.predict(net, x)
    for handle in handles:
        handle.remove()
    return {
        "result": result,
        "layers_ran": len(during),
        "in_training": [name for name, training in during.items() if training],
        "root_in_eval": during.get("the model itself") is False,
        "recorded": any(recorded),
        "modes": [module.training for module in net.modules()],
        "grads_required": [parameter.requires_grad for parameter in net.parameters()],
        "grads": [parameter.grad for parameter in net.parameters()],
        "x_required": x.requires_grad,
        "settings_kept": _settings(net) == settings,
        "state": dict(net.state_dict()),
    }


def _settings(net):
    """Return how each layer is set, apart from its mode."""
    names = ("p", "inplace", "momentum", "eps", "affine", "track_running_stats")
    return [{name: getattr(module, name, None) for name in names} for module in net.modules()]


class _Layer(nn.Module):
    """Multiplies by a weight and tells of each run whether it is recorded; may raise after that."""

    def __init__(self, weight, tell, fails):
        super().__init__()
        self.weight, self.tell, self.fails = nn.Parameter(weight), tell, fails

    def forward(self, x):
        result = x @ self.weight
        self.tell(result.requires_grad)
        if self.fails:
            raise ArithmeticError("this layer always fails")
        return result


def predict_and_fail(submission, modes):
    """Predict with a net that raises; say whether the exception came out, the modes then, and the modes afterwards.

    Told: `predict` with a net of {modes:count module} that raises
    """
    came_out, during = False, []
    net = nn.Sequential(nn.Sequential(nn.Linear(3, 2), nn.Dropout(0.5)), _Layer(torch.ones(2, 2), bool, True))
    for module, training in zip(net.modules(), modes, strict=True):
        module.training = training
    for module in list(net.modules())[1:]:
        module.register_forward_pre_hook(lambda module, _: during.append(module.training))
    try:
        submission.predict(net, torch.zeros(2, 3))
    except NotImplementedError:
        raise
    except Exception as error:
        came_out = type(error) is ArithmeticError
    return {"came_out": came_out, "during": during, "modes": [module.training for module in net.modules()]}


def switch_after(submission, weight, x, switch):
    """Predict with autograd's switch on or off, then with a layer that raises; say how it is afterwards each time.

    Also says of the two runs whether they were recorded, and what the first of them gave.

    Told: `predict` where the caller has autograd {switch:if on}{switch:unless off}, also with a net that raises
    """
    runs = []
    with torch.set_grad_enabled(switch):
        result = submission.predict(_Layer(weight, runs.append, False), x)
        after = torch.is_grad_enabled()
    with torch.set_grad_enabled(switch):
        try:
            submission.predict(_Layer(weight, runs.append, True), x)
        except NotImplementedError:
            raise
        except Exception:
            pass
        after_error = torch.is_grad_enabled()
    return {"after": after, "after_error": after_error, "recorded": runs, "result": result}


def _chain(state):
    """Make the net whose parts are frozen, and load its weights."""
    first = next(iter(state.values()))
    net = nn.Sequential(nn.Linear(3, 4), nn.Sequential(nn.Linear(4, 5), nn.Tanh(), nn.Linear(5, 3)), nn.Linear(3, 2))
    net.to(first.device).load_state_dict(state)
    return net


def freeze_and_train(submission, state, part, frozen_before, x, upstream, lr):
    """Freeze a part by name, then train three steps; report the parameters, by name, and the optimizer.

    Told: `freeze` of the part {part}{frozen_before:if , with some parameters frozen already}, then three steps of
    training
    """
    net = _chain(state)
    named = dict(net.named_parameters())
    for name in frozen_before:
        named[name].requires_grad_(False)
    net[2].eval()
    modes = [module.training for module in net.modules()]
    chosen = net.get_submodule(part)
    optimizer = submission.freeze(net, chosen, lr)
    is_sgd = isinstance(optimizer, torch.optim.SGD)
    groups = optimizer.param_groups if is_sgd else []
    names = {id(parameter): name for name, parameter in named.items()}
    held = [names.get(id(parameter), "another") for group in groups for parameter in group["params"]]
    report = {
        "facts": {
            name: {
                "requires_grad": parameter.requires_grad, "in_optimizer": name in held,
                "part_has_attribute": "requires_grad" in vars(chosen), "part_in_training": chosen.training,
            }
            for name, parameter in named.items()
        },
        "modes_kept": [module.training for module in net.modules()] == modes,
        "kept": {name: parameter.detach().clone() for name, parameter in named.items()},
        "is_sgd": is_sgd,
        "held": held,
        "lr": [group["lr"] for group in groups],
        "others": [{key: group[key] for key in ("momentum", "weight_decay")} for group in groups],
    }  # fmt: skip
    if not is_sgd:
        return report
    for _ in range(3):
        net.zero_grad()
        result = net(x)
        if result.requires_grad:
            result.backward(upstream)
        optimizer.step()
    report["trained"] = named
    return report


def freeze_norm(submission, shapes, lr):
    """Freeze a part of a net that holds a batch norm; say of each parameter whether it still requires a gradient.

    Told: `freeze` of a part with a batch norm in it
    """
    before, between, after = shapes
    part = nn.Sequential(nn.Linear(before, between), nn.BatchNorm1d(between))
    net = nn.Sequential(nn.Linear(before, before), part, nn.Linear(between, after))
    submission.freeze(net, part, lr)
    flags = {name: parameter.requires_grad for name, parameter in net.named_parameters()}
    return {"flags": flags, "affine": part[1].affine}


def run_through(submission, state, x, upstream):
    """Run the three parts, then backward; return the result and the .grad of every parameter by name.

    Told: `through_frozen` with three parts, then backward
    """
    net = _chain(state)
    net[2].eval()
    modes = [module.training for module in net.modules()]
    result = submission.through_frozen(net[0], net[1], net[2], x)
    if isinstance(result, torch.Tensor) and result.requires_grad:
        result.backward(upstream)
    grads = {name: parameter.grad for name, parameter in net.named_parameters()}
    return {
        "result": result,
        "grads": grads,
        "state": dict(net.state_dict()),
        "modes_kept": [module.training for module in net.modules()] == modes,
        "x_required": x.requires_grad,
        "tried": [
            *(["attribute"] if "requires_grad" in vars(net[1]) else []),
            *(["eval"] if not net[1].training else []),
            *(["other-part-frozen"] if not net[0].weight.requires_grad else []),
        ],
    }
