"""Makes models, loaders and optimizers, and watches what a loop does with them."""

import contextlib
import pathlib
import weakref

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from grader.curriculum.preload.backwards import Backwards
from grader.curriculum.preload.on_cpu import OnCpu


class Token:
    """Lives as long as the graph that holds it."""


class Mark(torch.autograd.Function):
    """The identity, with a token in the graph."""

    @staticmethod
    def forward(ctx, x, token):
        ctx.token = token
        return x.clone()

    @staticmethod
    def backward(ctx, upstream):
        return upstream, None


class Alive:
    """Counts how many of the things that it was shown are still there."""

    def __init__(self):
        self.shown, self.most = [], 0

    def count(self):
        self.most = max(self.most, sum(thing() is not None for thing in self.shown))

    def show(self, thing):
        self.shown.append(weakref.ref(thing))


class Feed:
    """Yields batches, has no length, and notes how often it is begun and how many of its batches live at once."""

    def __init__(self, batches, log):
        self.batches, self.log = batches, log
        self.begun, self.alive = 0, Alive()

    def __iter__(self):
        self.begun += 1
        for batch in self.batches:
            self.alive.count()
            self.log.append("yield")
            yield self._made(batch)

    def _made(self, batch):
        made = [each.clone() for each in batch]
        self.alive.show(made[0])
        return made


class Loggable(torch.optim.SGD):
    """SGD that logs its calls."""

    log = None

    def step(self, closure=None):
        self.log.append("step")
        return super().step(closure)

    def zero_grad(self, set_to_none=True):
        self.log.append("zero")
        super().zero_grad(set_to_none)


def _net(weights, device, garbage=None):
    """Return a net of one or two layers with these weights, in eval mode, with garbage in every .grad.

    `garbage` holds a number for each parameter, or is the first of rising ones, or None. The net ends in a layer that does nothing, two levels down.
    """
    layers = [nn.Linear(*matrix.T.shape) for matrix in weights[::2]]
    deep = nn.Sequential(nn.Sequential(nn.Identity()))
    net = nn.Sequential(layers[0], *(each for layer in layers[1:] for each in (nn.Tanh(), layer)), deep).to(device)
    with torch.no_grad():
        for index, (parameter, values) in enumerate(zip(net.parameters(), weights, strict=True)):
            parameter.copy_(values)
            if garbage is not None:
                parameter.grad = torch.full_like(
                    parameter, garbage[index] if isinstance(garbage, list) else garbage + index
                )
    return net.eval()


def _watched(net):
    """Return a list that fills with "forward" and "backward", one with the modes of two layers, and the graphs."""
    log, modes, graphs = [], [], Alive()

    def note(_, __, outputs):
        log.append("forward")
        modes.append((net[0].training, net[-1][0][0].training))
        graphs.count()
        token = Token()
        graphs.show(token)
        return Mark.apply(outputs, token)

    net.register_forward_hook(note)
    net[0].weight.register_hook(lambda _: log.append("backward"))
    return log, modes, graphs


def _result(net, returned, log, modes, graphs):
    return {
        "returned": returned, "weights": [parameter.detach() for parameter in net.parameters()],
        "log": log, "calls": log.count("forward"), "modes": [outer for outer, _ in modes],
        "deep modes": [inner for _, inner in modes], "mode after": net[0].training, "alive": graphs.most,
    }  # fmt: skip


def steps(submission, weights, batches, garbage, lr, loss, device):
    """Train on each batch in turn, from garbage in .grad, with momentum and two groups of parameters.

    Told: `train_step` on {batches:count batch}, one after the other, with old gradients left over
    """
    net, function = _net(weights, device, garbage), getattr(nn.functional, loss)
    watched = _watched(net)
    matrices, biases = list(net.parameters())[::2], list(net.parameters())[1::2]
    optimizer = Loggable([{"params": matrices}, {"params": biases, "lr": lr / 2}], lr=lr, momentum=0.9)
    optimizer.log = watched[0]
    sent = [(x.cpu().clone(), y.cpu().clone()) for x, y in batches]
    with Backwards() as mode:
        returned = [submission.train_step(net, x, y, function, optimizer, device) for x, y in sent]
    touched = [each.requires_grad or each._version > 0 for batch in sent for each in batch]
    return _result(net, returned, *watched) | {"touched": any(touched), "backwards": mode.calls}


def epoch(submission, weights, batches, garbage, lr, loss, device):
    """Train one epoch on a net that arrives in eval mode.

    Told: `train_epoch` over {batches:count batch}, with a model that arrives in eval mode
    """
    net, function = _net(weights, device, garbage), getattr(nn.functional, loss)
    watched = _watched(net)
    optimizer = Loggable(net.parameters(), lr=lr)
    optimizer.log = watched[0]
    feed = Feed([[x.cpu(), y.cpu()] for x, y in batches], watched[0])
    returned = submission.train_epoch(net, feed, function, optimizer, device)
    return _result(net, returned, *watched) | {"begun": feed.begun, "batches alive": feed.alive.most}


def _random_state_after(call):
    """Return what `call` returns, and whether torch's global random state is another one afterwards."""
    before = torch.get_rng_state()
    returned = call()
    return returned, "left alone" if torch.equal(torch.get_rng_state(), before) else "changed"


def run(submission, weights, inputs, targets, batch_size, epochs, garbage, lr, loss, seed, uphill, device):
    """Train some epochs with momentum over a loader that shuffles; count the optimizers.

    Told: `train` for {epochs:count epoch} over {inputs:count sample} in batches of {batch_size}, with old gradients
    left over
    """
    net, function = _net(weights, device, garbage), getattr(nn.functional, loss)
    watched = _watched(net)
    made = []

    def make_optimizer(parameters):
        optimizer = Loggable(parameters, lr=lr, momentum=0.9, maximize=uphill)
        optimizer.log = watched[0]
        made.append(optimizer)
        return optimizer

    shuffled = torch.Generator().manual_seed(seed)
    dataset = TensorDataset(inputs.cpu(), targets.cpu())
    loader = DataLoader(dataset, batch_size=batch_size, shuffle=True, generator=shuffled)
    returned, state = _random_state_after(
        lambda: submission.train(net, loader, function, make_optimizer, device, epochs)
    )
    return _result(net, returned, *watched) | {"optimizers": len(made), "random state": state}


class Traveller(nn.Module):
    """A layer that notes where its input was, takes it from anywhere, and comes back from the meta device."""

    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(4, 3)
        self.inputs, self.moved = [], []

    def forward(self, x):
        self.inputs.append(x.device.type)
        return self.layer(torch.zeros(x.shape, device=self.layer.weight.device))

    def _apply(self, fn, recurse=True):
        try:
            super()._apply(fn, recurse)
        except NotImplementedError:
            self.to_empty(device="cpu")
        self.moved.append(self.layer.weight.device.type)
        return self


def _devices(call, model):
    """Make `call` with a loss function and an optimizer that note where things are; the loss itself is on the CPU."""
    places = {"targets": [], "outputs": [], "at the optimizer": []}

    def loss_function(outputs, targets):
        places["outputs"].append(outputs.device.type)
        places["targets"].append(targets.device.type)
        return OnCpu.apply(outputs)

    def make_optimizer(parameters):
        given = [parameters] if isinstance(parameters, nn.Module) else list(parameters)
        kinds = [each.device.type if isinstance(each, torch.Tensor) else type(each).__name__ for each in given]
        places["at the optimizer"] += kinds
        return torch.optim.SGD(model.parameters(), lr=0.1)

    returned = call(loss_function, make_optimizer)
    after = [parameter.device.type for parameter in model.parameters()]
    return places | {"inputs": model.inputs, "model": after, "moved": model.moved, "returned": returned}


def step_devices(submission, device, name):
    """Train on one CPU batch, or for an epoch on two, with a model on another device.

    Told: `{name:word}` with batches on the CPU and a model on another device
    """
    model = Traveller().to(device)
    batch = (torch.zeros(2, 4), torch.zeros(2, 3))

    def call(loss_function, make_optimizer):
        optimizer = make_optimizer(model.parameters())
        if name == "train_step":
            submission.train_step(model, *batch, loss_function, optimizer, device)
        else:
            submission.train_epoch(model, Feed([batch, batch], []), loss_function, optimizer, device)

    return _devices(call, model)


def run_devices(submission, device, epochs):
    """Train some epochs, from a model on the CPU, with a loader that has no length.

    Told: `train` for {epochs:count epoch} with a model that has to be moved
    """
    model = Traveller()
    feed = Feed([(torch.zeros(2, 4), torch.zeros(2, 3))] * 2, [])
    return _devices(lambda loss, make: submission.train(model, feed, loss, make, device, epochs), model)


def fit(submission, weights, source, device, epochs, batch_size, lr, seed):
    """Train a net on a CSV file: the one of this path, or one that is made of these rows.

    Told: `fit_digits` for {epochs:count epoch} in batches of {batch_size}, with lr {lr}
    """
    if isinstance(source, torch.Tensor):
        lines = [",".join(map(str, row)) for row in source.tolist()]
        source = pathlib.Path("digits.csv").absolute()
        source.write_text("\n".join(lines) + "\n", "ascii")
    net, generator = _net(weights, device, 1.0), torch.Generator().manual_seed(seed)
    before = generator.get_state()
    returned, state = _random_state_after(
        lambda: submission.fit_digits(net, str(source), device, epochs, batch_size, lr, generator)
    )
    used = not torch.equal(generator.get_state(), before)
    parameters = [parameter.detach() for parameter in net.parameters()]
    return {"returned": returned, "weights": parameters, "random state": state, "generator used": used}


def fit_place(submission, csv_path, device):
    """Say where a model lies that was fitted for one epoch and for none, and where it lay at the optimizer.

    Told: `fit_digits` to another device
    """
    places, seen = {}, []
    original = torch.optim.SGD.__init__

    def noted(self, params, *args, **kwargs):
        original(self, params, *args, **kwargs)
        held = [each for group in self.param_groups for each in group["params"]]
        seen.extend(each.device.type for each in held)

    torch.optim.SGD.__init__ = noted
    try:
        net = nn.Linear(784, 10)
        # No loss on the meta device becomes a number.
        with contextlib.suppress(Exception):
            submission.fit_digits(net, csv_path, device, 1, 512, 0.1, torch.Generator())
        places |= {"after one epoch": net.weight.device.type, "at the optimizer": list(seen)}
        net = nn.Linear(784, 10)
        places["returned"] = submission.fit_digits(net, csv_path, device, 0, 32, 0.1, torch.Generator())
        places["after none"] = net.weight.device.type
    finally:
        torch.optim.SGD.__init__ = original
    return places
