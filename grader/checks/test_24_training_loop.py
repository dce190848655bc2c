"""Hidden checks of 24: a loop trains each batch once, in the right order, in the right place, and keeps numbers."""

import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from grader.catalogue import FIXTURES
from grader.compare import close, expect, tolerance

NAMES = ("the first weight", "the first bias", "the last weight", "the last bias")
CPU = torch.device("cpu")
LOSSES = {"cross_entropy": nn.functional.cross_entropy, "mse_loss": nn.functional.mse_loss}


def net_weights(rng, ins=5, hidden=4, outs=3):
    """Return the weights of a two-layer net, of a size that lets a few steps change them visibly."""
    sizes = [(hidden, ins), (hidden,), (outs, hidden), (outs,)]
    return [torch.randn(size, generator=rng) / ins**0.5 for size in sizes]


def forward(weights, inputs):
    """Return what the net of the probe returns."""
    outputs = inputs @ weights[0].T + weights[1]
    for matrix, bias in zip(weights[2::2], weights[3::2], strict=True):
        outputs = torch.tanh(outputs) @ matrix.T + bias
    return outputs


def make_batches(rng, loss, sizes, ins=5, outs=3):
    """Return a batch of each size: numbers to hit for mse_loss, indices for cross_entropy."""

    def targets(size):
        if loss == "mse_loss":
            return torch.randn(size, outs, generator=rng)
        return torch.randint(outs, (size,), generator=rng)

    return [(torch.randn(size, ins, generator=rng), targets(size)) for size in sizes]


def reference(weights, batches, loss, lr, *, garbage=0.0, clears="first", momentum=0.0, epoch=100):
    """Return the losses and the weights after training.

    `clears` says when gradients are cleared: "first", "last", "once" in an epoch of that many batches, "never".
    """
    parameters = [each.clone().requires_grad_() for each in weights]
    for index, parameter in enumerate(parameters):
        parameter.grad = torch.full_like(parameter, garbage + index)
    optimizer = torch.optim.SGD(parameters, lr=lr, momentum=momentum)
    losses = []
    for number, (inputs, targets) in enumerate(batches):
        if clears == "first" or (clears == "once" and number % epoch == 0):
            optimizer.zero_grad()
        value = LOSSES[loss](forward(parameters, inputs), targets)
        value.backward()
        optimizer.step()
        losses.append(value.item())
        if clears == "last":
            optimizer.zero_grad()
    return losses, [parameter.detach() for parameter in parameters]


def uncleared(weights, batches, loss, lr, **settings):
    """Return the weights of loops that never clear the gradients, clear them last, or once an epoch."""
    return [reference(weights, batches, loss, lr, clears=when, **settings)[1] for when in ("never", "last", "once")]


def by_log(seen):
    """Return the lookalikes that the order of the calls gives away."""

    def stepped_early(_):
        log = seen.value["log"]
        return log.index("step") < log.index("backward")

    def cleared_late(_):
        log = seen.value["log"]
        return log[log.index("backward") + 1] == "zero"

    return {"step-before-backward": stepped_early, "zero-after-backward": cleared_late}


def compare_weights(seen, due, missing, device, others=None):
    """Ask for the weights after training; `missing` holds what they are where gradients were not cleared.

    `others` maps further misconceptions to the weights that they lead to.
    """
    parts = expect(seen).item("weights", "the list of weights").length(len(due))
    for index, name in enumerate(NAMES[: len(due)]):
        zero = {"zero-grad-missing": lambda t, at=index: any(near(each[at])(t.data) for each in missing)}
        other = {misconception: weights[index] for misconception, weights in (others or {}).items()}
        parts.item(index, name, by_log(seen) | zero | other).tensor(due[index], device=device)


def compare_history(seen, due, device, first_losses=None, whole=None):
    """Ask for a list of floats, by the tolerance of the float32 arithmetic that they come from.

    `first_losses` maps misconceptions to the first loss that they lead to; `whole` holds lookalikes of the whole list.
    """
    nested = {"history-nested": lambda got: all(isinstance(each, list) for each in got), **(whole or {})}
    losses = expect(seen).item("returned", "what came back", nested).is_a(list).length(len(due))
    named = {each: near(value) for each, value in (first_losses or {}).items()}
    graph = {
        "loss-keeps-graph": lambda value: value.requires_grad,
        "scalar-tensor-not-number": lambda value: value.shape == (),
    }
    for index, value in enumerate(due):
        loss = losses.item(index, f"the loss of batch {index}", graph | (named if index == 0 else {})).is_a(float)
        loss.satisfies(near(value, device), f"the loss of batch {index} is not what is due", due=f"{value:.6g}")


def near(due, device=CPU):
    """Return a function that tells whether a float or tensor is `due`, by the tolerance of float32."""

    def is_near(value):
        got = torch.as_tensor(value)
        return bool(close(got, torch.as_tensor(due), *tolerance("float32", "float32", device.type)).all())

    return is_near


@pytest.mark.step("train_step")
def test_three_steps(submission, rng, device):
    """takes three right steps, whatever is in the gradients before"""
    submission.recognise({"arguments-swapped": lambda error: "log_softmax" in error.message})
    for loss, lr in (("cross_entropy", 0.5), ("mse_loss", 0.2)):
        # One layer: its backward does not mind a weight that changed too early, so that the result shows it.
        weights, batches = net_weights(rng)[:2], make_batches(rng, loss, (7, 6, 7), outs=4)
        seen = submission.probe.steps(weights, batches, 0.5, lr, loss, device)
        due_losses, due_weights = reference(weights, batches, loss, lr)
        compare_weights(seen, due_weights, uncleared(weights, batches, loss, lr, garbage=0.5), device)
        moved = reference(weights, batches[:1], loss, lr)[1]
        after = LOSSES[loss](forward(moved, batches[0][0]), batches[0][1]).item()
        compare_history(seen, due_losses, device, {"loss-after-step": after})


@pytest.mark.step("train_step")
def test_calls_model(submission, rng, device):
    """calls the model once, so that its hooks run"""
    weights, batches = net_weights(rng), make_batches(rng, "mse_loss", (4, 4))
    seen = submission.probe.steps(weights, batches, 0.0, 0.1, "mse_loss", device)
    ask_calls(seen, 2)


def ask_calls(seen, due):
    """Ask how often the model itself was called."""
    directly = {"calls-forward-directly": 0}
    expect(seen).item("calls", "the number of times that the model's hooks ran", directly).equals(due)


@pytest.mark.step("train_step")
def test_moves_batch(submission):
    """moves inputs and targets to the device that it is given"""
    ask_places(submission.probe.step_devices(torch.device("meta"), "train_step"), batches=1)


def ask_places(seen, batches):
    """Ask where the batches were used; the device is meta, which nothing reaches by accident."""
    for kind in ("inputs", "targets"):
        named = {"hard-coded-device": lambda v: set(v) == {"cpu"}}
        expect(seen).item(kind, f"the device of the {kind}", named).equals(["meta"] * batches)


@pytest.mark.step("train_epoch")
def test_epoch(submission, rng, device):
    """trains on every batch once, in order, and lists their losses"""
    for loss, lr, sizes in (("cross_entropy", 0.5, (6, 6, 1)), ("mse_loss", 0.2, (3, 5, 5, 2))):
        weights, batches = net_weights(rng), make_batches(rng, loss, sizes)
        seen = submission.probe.epoch(weights, batches, 0.5, lr, loss, device)
        due_losses, due_weights = reference(weights, batches, loss, lr)
        full = [batch for batch in batches if len(batch[0]) == sizes[0]]
        lost = {"last-batch-lost": reference(weights, full, loss, lr)[1]}
        compare_weights(seen, due_weights, uncleared(weights, batches, loss, lr, garbage=0.5), device, lost)
        averaged = {"history-averaged": lambda got, due=due_losses: len(got) == 1 and near(sum(due) / len(due))(got[0])}
        compare_history(seen, due_losses, device, whole=averaged)


@pytest.mark.step("train_epoch")
def test_modes(submission, rng, device):
    """puts a model that arrives in eval mode into train mode, and calls it"""
    weights, batches = net_weights(rng), make_batches(rng, "mse_loss", (4, 4, 3))
    seen = submission.probe.epoch(weights, batches, 0.0, 0.1, "mse_loss", device)
    ask_calls(seen, 3)
    ask_modes(seen, 3)
    expect(seen).item("mode after", "`training` of a layer afterwards").equals(True)


def ask_modes(seen, batches):
    """Ask for the mode of an inner layer at each batch."""
    forgotten = {"train-mode-forgotten": lambda modes: not all(modes)}
    expect(seen).item("modes", "`training` of a layer at each batch", forgotten).equals([True] * batches)


@pytest.mark.step("train_epoch")
def test_lets_go(submission, rng, device):
    """lets the graph of each loss go"""
    weights, batches = net_weights(rng), make_batches(rng, "mse_loss", (2,) * 7)
    ask_alive(submission.probe.epoch(weights, batches, 0.0, 0.1, "mse_loss", device))


def ask_alive(seen):
    """Ask how many graphs of older losses were there at once: a variable may still hold the last one."""
    kept = {"loss-keeps-graph": lambda count: count > 1}
    alive = expect(seen).item("alive", "the number of older losses whose graph is still there", kept)
    alive.is_a(int).satisfies(lambda count: count <= 1, "graphs of old losses are kept", due="at most 1")


@pytest.mark.step("train_epoch")
def test_epoch_moves_batches(submission):
    """moves each batch to the device that it is given"""
    ask_places(submission.probe.step_devices(torch.device("meta"), "train_epoch"), batches=1)


@pytest.mark.step("train")
def test_run(submission, rng, device):
    """trains for as many epochs as asked, with one optimizer, and lists every loss"""
    for loss, lr, epochs, batch_size in (("cross_entropy", 0.3, 3, 4), ("mse_loss", 0.1, 2, 6)):
        weights, [(inputs, targets)] = net_weights(rng), make_batches(rng, loss, (10,))
        seen = submission.probe.run(weights, inputs, targets, batch_size, epochs, 0.5, lr, loss, 3, device)
        shuffled = torch.Generator().manual_seed(3)
        loader = DataLoader(TensorDataset(inputs, targets), batch_size, shuffle=True, generator=shuffled)
        batches = [batch for _ in range(epochs) for batch in loader]
        settings = {"garbage": 0.5, "momentum": 0.9, "epoch": len(loader)}
        each_epoch = {"optimizer-made-each-epoch": lambda made, of=epochs: made in (of, of + 1)}
        expect(seen).item("optimizers", "the number of optimizers made", each_epoch).equals(1)
        due_losses, due_weights = reference(weights, batches, loss, lr, **settings)
        again = reference(weights, batches[: len(loader)] * epochs, loss, lr, **settings)[1]
        missing = uncleared(weights, batches, loss, lr, **settings)
        others = {"same-order-every-epoch": again, "wrong-model-trained": weights}
        compare_weights(seen, due_weights, missing, device, others)
        compare_history(seen, due_losses, device)
        ask_calls(seen, len(batches))
        ask_modes(seen, len(batches))


@pytest.mark.step("train")
def test_run_lets_go(submission, rng, device):
    """keeps no graph from epoch to epoch"""
    weights, [(inputs, targets)] = net_weights(rng), make_batches(rng, "mse_loss", (6,))
    ask_alive(submission.probe.run(weights, inputs, targets, 2, 3, 0.5, 0.1, "mse_loss", 4, device))


@pytest.mark.step("train")
def test_in_place_first(submission):
    """puts the model in its place, and only then makes the optimizer"""
    seen = submission.probe.run_devices(torch.device("meta"))
    elsewhere = lambda places: set(places) == {"cpu"} and set(seen.value["at the optimizer"]) == {"meta"}  # noqa: E731
    after = {"wrong-model-trained": elsewhere, "hard-coded-device": lambda places: set(places) == {"cpu"}}
    expect(seen).item("model", "the device of the model afterwards", after).equals(["meta"] * 2)
    made = {"optimizer-before-move": lambda places: set(places) == {"cpu"}}
    expect(seen).item("at the optimizer", "the device of what the optimizer was given", made).equals(["meta"] * 2)
    ask_places(seen, batches=2)


@pytest.mark.step("fit_digits")
def test_digits(submission, rng, device):
    """trains a net on real digits as the reference does"""
    path = FIXTURES / "digits" / "test.csv"
    for epochs, batch_size, lr, seed in ((1, 60, 0.3, 5), (2, 100, 0.2, 6)):
        weights = net_weights(rng, 784, 12, 10)
        seen = submission.probe.fit(weights, path, device, epochs, batch_size, lr, seed)
        rows = torch.tensor([[int(cell) for cell in line.split(",")] for line in path.read_text("ascii").splitlines()])
        named = {
            "pixels-not-scaled": fitted(weights, rows, epochs, batch_size, lr, seed, scale=1)[0][0],
            "header-eaten": fitted(weights, rows[1:], epochs, batch_size, lr, seed)[0][0],
            "not-shuffled": fitted(weights, rows, epochs, batch_size, lr, None)[0][0],
            "softmax-before-cross-entropy": softened(weights, rows, batch_size, seed),
        }
        due_losses, due_weights = fitted(weights, rows, epochs, batch_size, lr, seed)
        lost = {"last-batch-lost": lambda got, due=due_losses, at=epochs: len(got) == len(due) - at}
        compare_history(seen, due_losses, device, named, lost if len(rows) % batch_size else None)
        compare_weights(seen, due_weights, [], device)


def fitted(weights, rows, epochs, batch_size, lr, seed, scale=255):
    """Return losses and weights after training on these rows."""
    dataset = TensorDataset(rows[:, 1:].float() / scale, rows[:, 0])
    shuffled = {} if seed is None else {"shuffle": True, "generator": torch.Generator().manual_seed(seed)}
    loader = DataLoader(dataset, batch_size, **shuffled)
    return reference(weights, [batch for _ in range(epochs) for batch in loader], "cross_entropy", lr)


def softened(weights, rows, batch_size, seed):
    """Return the first loss where the outputs go through a softmax before the cross-entropy."""
    dataset = TensorDataset(rows[:, 1:].float() / 255, rows[:, 0])
    loader = DataLoader(dataset, batch_size, shuffle=True, generator=torch.Generator().manual_seed(seed))
    inputs, targets = next(iter(loader))
    return nn.functional.cross_entropy(forward(weights, inputs).softmax(1), targets).item()


@pytest.mark.step("fit_digits")
def test_fit_device(submission):
    """trains on the device that it is given"""
    seen = submission.probe.fit_place(FIXTURES / "digits" / "test.csv", torch.device("meta"))
    expect(seen, {"hard-coded-device": "cpu"}, what="the device of the model afterwards").equals("meta")
