"""Makes models, loaders and optimizers, and watches what a loop does with them."""

import weakref

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


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


class Losses:
    """A loss function that counts how many graphs of its earlier results are alive."""

    def __init__(self, name):
        self.function = getattr(nn.functional, name)
        self.graphs, self.most = [], 0

    def __call__(self, outputs, targets):
        self.most = max(self.most, sum(graph() is not None for graph in self.graphs))
        token = Token()
        self.graphs.append(weakref.ref(token))
        return Mark.apply(self.function(outputs, targets), token)


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
    """Return a net of one or two layers with these weights, in eval mode, with garbage in every .grad."""
    layers = [nn.Linear(*matrix.T.shape) for matrix in weights[::2]]
    net = nn.Sequential(layers[0], *(each for layer in layers[1:] for each in (nn.Tanh(), layer))).to(device)
    with torch.no_grad():
        for index, (parameter, values) in enumerate(zip(net.parameters(), weights, strict=True)):
            parameter.copy_(values)
            if garbage is not None:
                parameter.grad = torch.full_like(parameter, garbage + index)
    return net.eval()


def _watched(net):
    """Return a list that fills with "forward" and "backward", and one with the mode of an inner layer."""
    log, modes = [], []

    def note(*_):
        log.append("forward")
        modes.append(net[0].training)

    net.register_forward_hook(note)
    net[0].weight.register_hook(lambda _: log.append("backward"))
    return log, modes


def _result(net, returned, losses, log, modes):
    return {
        "returned": returned, "weights": [parameter.detach() for parameter in net.parameters()],
        "log": log, "calls": log.count("forward"), "modes": modes, "alive": losses.most,
    }  # fmt: skip


def steps(submission, weights, batches, garbage, lr, loss, device):
    """Train on each batch in turn, from garbage in .grad."""
    net, losses = _net(weights, device, garbage), Losses(loss)
    log, modes = _watched(net)
    optimizer = Loggable(net.parameters(), lr=lr)
    optimizer.log = log
    returned = [submission.train_step(net, x.cpu(), y.cpu(), losses, optimizer, device) for x, y in batches]
    return _result(net, returned, losses, log, modes)


def epoch(submission, weights, batches, garbage, lr, loss, device):
    """Train one epoch on a net that arrives in eval mode."""
    net, losses = _net(weights, device, garbage), Losses(loss)
    log, modes = _watched(net)
    optimizer = Loggable(net.parameters(), lr=lr)
    optimizer.log = log
    loader = [[x.cpu(), y.cpu()] for x, y in batches]
    returned = submission.train_epoch(net, loader, losses, optimizer, device)
    return _result(net, returned, losses, log, modes) | {"mode after": net[0].training}


def run(submission, weights, inputs, targets, batch_size, epochs, garbage, lr, loss, seed, device):
    """Train some epochs with momentum over a loader that shuffles; count the optimizers."""
    net, losses = _net(weights, device, garbage), Losses(loss)
    log, modes = _watched(net)
    made = []

    def make_optimizer(parameters):
        optimizer = Loggable(parameters, lr=lr, momentum=0.9)
        optimizer.log = log
        made.append(optimizer)
        return optimizer

    shuffled = torch.Generator().manual_seed(seed)
    dataset = TensorDataset(inputs.cpu(), targets.cpu())
    loader = DataLoader(dataset, batch_size=batch_size, shuffle=True, generator=shuffled)
    returned = submission.train(net, loader, losses, make_optimizer, device, epochs)
    return _result(net, returned, losses, log, modes) | {"optimizers": len(made)}


class Traveller(nn.Module):
    """A layer that notes where its input was, and takes it from anywhere."""

    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(4, 3)
        self.inputs = []

    def forward(self, x):
        self.inputs.append(x.device.type)
        return self.layer(x.to(self.layer.weight.device))


def _devices(call, model):
    """Make `call` with a loss function and an optimizer that note where things are; the loss itself is on the CPU."""
    places = {"targets": [], "outputs": [], "at the optimizer": []}

    def loss_function(outputs, targets):
        places["outputs"].append(outputs.device.type)
        places["targets"].append(targets.device.type)
        return torch.zeros((), requires_grad=True) * 1.0

    def make_optimizer(parameters):
        parameters = list(parameters)
        places["at the optimizer"] += [parameter.device.type for parameter in parameters]
        return torch.optim.SGD(parameters, lr=0.1)

    call(loss_function, make_optimizer)
    after = [parameter.device.type for parameter in model.parameters()]
    return places | {"inputs": model.inputs, "model": after}


def step_devices(submission, device, name):
    """Train on one CPU batch, by step or by epoch, with a model on another device."""
    model = Traveller().to(device)
    batch = (torch.zeros(2, 4), torch.zeros(2, 3))

    def call(loss_function, make_optimizer):
        optimizer = make_optimizer(model.parameters())
        if name == "train_step":
            submission.train_step(model, *batch, loss_function, optimizer, device)
        else:
            submission.train_epoch(model, [batch], loss_function, optimizer, device)

    return _devices(call, model)


def run_devices(submission, device):
    """Train two epochs, from a model on the CPU."""
    model = Traveller()
    loader = [(torch.zeros(2, 4), torch.zeros(2, 3))]
    return _devices(lambda loss, make: submission.train(model, loader, loss, make, device, 2), model)


def fit(submission, weights, csv_path, device, epochs, batch_size, lr, seed):
    """Train a net on a CSV file."""
    net = _net(weights, device, 1.0)
    returned = submission.fit_digits(net, csv_path, device, epochs, batch_size, lr, torch.Generator().manual_seed(seed))
    return {"returned": returned, "weights": [parameter.detach() for parameter in net.parameters()]}


def fit_place(submission, csv_path, device):
    """Say where a model lies that was fitted for no epochs."""
    net = nn.Linear(784, 10)
    submission.fit_digits(net, csv_path, device, 0, 32, 0.1, torch.Generator())
    return net.weight.device.type
