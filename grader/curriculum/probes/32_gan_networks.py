"""Builds a network, gives its batch norms something to remember, and watches every layer in one forward pass."""

import torch
from torch import nn
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode

CONVOLUTIONS = (nn.Conv2d, nn.ConvTranspose2d)
TOO_SMALL = ("Kernel size can't be greater", "Output size is too small", "is too small")


class Counting(TorchDispatchMode):
    """Notes which operations run that place a kernel somewhere."""

    def __init__(self):
        super().__init__()
        self.placed = []

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        if any(part in str(func) for part in ("conv", "pool", "unfold", "im2col", "col2im", "fold")):
            self.placed.append(str(func))
        return func(*args, **(kwargs or {}))


def output_size(submission, size, kernel_size, stride, padding, transposed):
    """Return a size, and how many kernels were placed to find it.

    Told: `output_size` of {size} with kernel {kernel_size}, stride {stride} and padding {padding}{transposed:if ,
    transposed}
    """
    with Counting() as mode:
        result = submission.output_size(size, kernel_size, stride, padding, transposed)
    return {"size": result, "placed": len(mode.placed)}


class Moves(TorchFunctionMode):
    """Notes whether something is moved to another device."""

    moved = False

    def __torch_function__(self, func, types, args=(), kwargs=None):
        if func in (torch.Tensor.cpu, torch.Tensor.cuda, torch.Tensor.to):
            self.moved = True
        return func(*args, **(kwargs or {}))


def watched(submission, name, sizes, batch, train, seed, last=1.0):
    """Run one pass in float64 on random numbers; return them, what each layer was, and what came out.

    Told: `{name:word}` run on a batch of shape {batch} in {train:if train}{train:unless eval} mode
    """
    generator = torch.Generator().manual_seed(seed)
    network = getattr(submission, name)(**sizes).double().train(train)
    for norm in (module for module in network.modules() if isinstance(module, nn.BatchNorm2d)):
        for values in (norm.weight, norm.bias, norm.running_mean, norm.running_var):
            if values is not None:
                values.data = torch.rand(values.shape, generator=generator, dtype=torch.float64) + 0.5
    for layer in (module for module in network.modules() if isinstance(module, CONVOLUTIONS)):
        layer.weight.data *= 3  # so that results come close to the ends of their range
        layer.weight.data *= last if layer.weight.shape[0] == 1 else 1.0
    layers = _watch(network)
    batch = torch.rand(batch, generator=generator, dtype=torch.float64) * 3 - 1.5
    seen = {"batch": batch.clone(), "layers": layers, "out": None}
    try:
        with torch.no_grad():
            seen["out"] = network(batch)
    except RuntimeError as error:
        if not any(said in str(error) for said in TOO_SMALL):
            raise
    seen["kept"] = torch.equal(batch, seen["batch"])
    seen["train"] = all(module.training is train for module in network.modules())
    return seen


def _watch(network):
    """Note what each convolution and each batch norm is, in the order in which they run."""
    layers = []

    def note(module, arguments, result):
        kinds = {nn.Conv2d: "Conv2d", nn.ConvTranspose2d: "ConvTranspose2d", nn.BatchNorm2d: "BatchNorm2d"}
        kind = next(name for cls, name in kinds.items() if isinstance(module, cls))
        kept = {name: getattr(module, name, None) for name in ("weight", "bias", "running_mean", "running_var")}
        kept = {name: None if value is None else value.detach().clone() for name, value in kept.items()}
        stride = list(module.stride) if isinstance(module, CONVOLUTIONS) else []
        momentum = getattr(module, "momentum", None)
        layers.append({"kind": kind, "shape": list(result.shape), "stride": stride, "momentum": momentum, **kept})

    def note_before(module, arguments):  # training changes what a batch norm remembers
        both = (module.running_mean, module.running_var)
        kept[id(module)] = [None if values is None else values.clone() for values in both]

    kept = {}

    def note_norm(module, arguments, result):
        note(module, arguments, result)
        layers[-1]["running_mean"], layers[-1]["running_var"] = kept[id(module)]

    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.register_forward_pre_hook(note_before)
            module.register_forward_hook(note_norm)
        elif isinstance(module, CONVOLUTIONS):
            module.register_forward_hook(note)
    return layers


def by_default(submission, name, shape):
    """Build a network with no arguments on the meta device; return the shapes of its convolutions and its result.

    Told: `{name:word}()` with its default sizes
    """
    with torch.device("meta"), Moves() as mode:
        try:
            network = getattr(submission, name)()
            result = network(torch.ones(shape))
        except NotImplementedError as error:
            if mode.moved and "meta tensor" in str(error):
                return {"moved": True}
            raise
    layers = [module for module in network.modules() if isinstance(module, CONVOLUTIONS)]
    return {"moved": False, "weights": sorted(list(layer.weight.shape) for layer in layers), "out": result}


def plain_pass(submission, name, sizes, batch, device):
    """Run one pass with the network as it was built, in train mode, after one with all but the last of the batch.

    Told: `{name:word}` as it was built, run in train mode, also on all but the last of the batch
    """
    network = getattr(submission, name)(**sizes).to(device)
    network(batch[:-1])
    return network(batch)
