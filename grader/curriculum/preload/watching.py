"""Fills modules with weights, and counts how their parts are run."""

import torch


def fill(module, state):
    """Write `state` into the parameters and buffers of these names and shapes."""
    with torch.no_grad():
        for name, each in [*module.named_parameters(), *module.named_buffers()]:
            if name in state and state[name].shape == each.shape:
                each.copy_(state[name])


def watch(module, hooked, skipped):
    """Count for each part how often its hook ran, and how often its forward ran without the hook."""
    for name, part in module.named_modules():
        hooked[name] = skipped[name] = 0
        part.register_forward_hook(lambda *_, name=name: count(hooked, skipped, name))
        part.forward = counting(part.forward, skipped, name)


def count(hooked, skipped, name):
    hooked[name] += 1
    skipped[name] -= 1


def counting(forward, skipped, name):
    def counted(*args, **kwargs):
        skipped[name] += 1
        return forward(*args, **kwargs)

    return counted
