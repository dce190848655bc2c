"""Notes on which device random numbers are drawn: a generator lives on the CPU."""

import torch
from torch.overrides import TorchFunctionMode


class DrawnThere(TorchFunctionMode):
    """Notes whether random numbers are drawn from a generator on another device than the CPU, where it lives."""

    def __init__(self):
        self.elsewhere = False

    def __torch_function__(self, function, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        place = kwargs.get("device")
        if kwargs.get("generator") is not None and place is not None and torch.device(place).type != "cpu":
            self.elsewhere = True
        return function(*args, **kwargs)


def drawn_elsewhere(submission, name, sizes, device):
    """Draw from a generator for another device, and twice for the CPU; tell where it drew, what, and if it went on."""
    generator = torch.Generator()
    with DrawnThere() as drawing:
        drawn = [getattr(submission, name)(*sizes, device, generator)]
    states = [generator.get_state()]
    for _ in range(2):
        drawn.append(getattr(submission, name)(*sizes, torch.device("cpu"), generator))
        states.append(generator.get_state())
    first, second, third = states
    goes_on = not (torch.equal(first, second) or torch.equal(second, third))
    return {"elsewhere": drawing.elsewhere, "goes_on": goes_on, "drawn": drawn}
