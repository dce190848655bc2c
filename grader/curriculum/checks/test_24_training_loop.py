"""Hidden checks of 24: a loop trains each batch once, in the right order, in the right place, and keeps numbers."""

import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from grader.compare import expect, looks_like, near
from grader.curriculum.checks._digits import DIGITS, real_digits

NAMES = ("the first weight", "the first bias", "the last weight", "the last bias")
OF_PARAMETERS = "the list of the device types of the parameters"
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


def make_batches(rng, loss, sizes, ins=5, outs=3, more=()):
    """Return a batch of each size: numbers to hit for mse_loss, indices for cross_entropy.

    `more` holds further dimensions, between the samples and their numbers.
    """

    def targets(size):
        if loss == "mse_loss":
            return torch.randn(size, *more, outs, generator=rng)
        return torch.randint(outs, (size,), generator=rng)

    return [(torch.randn(size, *more, ins, generator=rng), targets(size)) for size in sizes]


SPOILT = float("inf")


def spoilt(weights):
    """Return leftovers of which the last is infinite: after a single step, one parameter alone tells of that."""
    return [0.5] * (len(weights) - 1) + [SPOILT]


def not_finite(tensor):
    return not torch.isfinite(tensor.data).all()


def reference(
    weights,
    batches,
    loss,
    lr,
    *,
    garbage=0.0,
    clears="first",
    momentum=0.0,
    epoch=100,
    split=False,
    uphill=False,
    clip=None,
):
    """Return the losses and the weights after training.

    `garbage` is what the probe takes. `clears` says when gradients are cleared: "first", "last", "once" in an epoch of that many batches, "never"; or
    "matrices", those alone, before each batch. `split` puts the biases into a group of their own, with half the lr.
    """
    parameters = [each.clone().requires_grad_() for each in weights]
    for index, parameter in enumerate(parameters):
        parameter.grad = torch.full_like(parameter, garbage[index] if isinstance(garbage, list) else garbage + index)
    groups = [{"params": parameters[::2]}, {"params": parameters[1::2], "lr": lr / 2 if split else lr}]
    optimizer = torch.optim.SGD(groups, lr=lr, momentum=momentum, maximize=uphill)
    losses = []
    for number, (inputs, targets) in enumerate(batches):
        if clears == "first" or (clears == "once" and number % epoch == 0):
            optimizer.zero_grad()
        if clears == "matrices":
            for parameter in parameters[::2]:
                parameter.grad = None
        value = LOSSES[loss](forward(parameters, inputs), targets)
        value.backward()
        if clip:
            torch.nn.utils.clip_grad_norm_(parameters, clip)
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


def compare_weights(seen, expected, missing, device, others=None, path=()):
    """Ask for the weights after training; `missing` holds what they are where gradients were not cleared.

    `others` maps further misconceptions to the weights that they lead to, or to a function. `path` holds the weights
    after 0, 1, 2 … batches.
    """
    parts = expect(seen).item("weights", "the list of weights").length(len(expected))
    for index, name in enumerate(NAMES[: len(expected)]):
        zero = {"zero-grad-missing": lambda t, at=index: any(looks_like(t, each[at]) for each in missing)}
        other = {each: given if callable(given) else given[index] for each, given in (others or {}).items()}
        part = parts.item(index, name, by_log(seen) | zero | other)
        part.tensor(expected[index], device=device, steps=lambda at=index: [each[at] for each in path])


def compare_history(seen, expected, device, first_losses=None, whole=None):
    """Ask for a list of floats, by the tolerance of the float32 arithmetic that they come from.

    `first_losses` maps misconceptions to the first loss that they lead to, or to a function of any loss; `whole`
    holds lookalikes of the whole list.
    """
    nested = {"history-nested": lambda got: all(isinstance(each, list) for each in got), **(whole or {})}
    losses = expect(seen).item("returned", "the result", nested).is_a(list).length(len(expected))
    every = {each: led for each, led in (first_losses or {}).items() if callable(led)}
    named = {each: near(led) for each, led in (first_losses or {}).items() if each not in every}
    graph = {
        "loss-keeps-graph": lambda value: value.requires_grad,
        "scalar-tensor-not-number": lambda value: value.shape == (),
    }
    for index, value in enumerate(expected):
        loss = losses.item(index, f"the loss of batch {index}", graph | (named if index == 0 else {}) | every)
        loss.near(value, device)


def all_near(got, expected):
    """Return whether these are those floats."""
    return len(got) == len(expected) and all(near(value)(each) for each, value in zip(got, expected, strict=True))


def another_number_of_steps(seen, expected):
    """Return the lookalike that the number of the optimizer's steps gives away."""
    return {"another-number-of-steps": lambda _: seen.value["log"].count("step") != expected}


@pytest.mark.step("train_step")
def test_three_steps(submission, rng, device):
    """takes three right steps, whatever the gradients held before"""
    labels = lambda error: "target dtype" in error.message  # noqa: E731
    swapped = lambda error: "log_softmax" in error.message  # noqa: E731
    one = lambda error: "size mismatch (got input: [4], target: [1])" in error.message  # noqa: E731
    submission.recognise({"arguments-swapped": swapped, "labels-not-long": labels, "squeezed-too-far": one})
    for loss, lr, sizes in (("cross_entropy", 0.5, (7, 6, 1)), ("mse_loss", 0.2, (7, 6, 1)), ("mse_loss", 0.2, (5,))):
        # One layer: its backward does not mind a weight that changed too early, so that the result shows it.
        more = (2,) if loss == "mse_loss" else ()
        weights, batches = net_weights(rng)[:2], make_batches(rng, loss, sizes, outs=4, more=more)
        garbage = spoilt(weights) if len(sizes) == 1 else 0.5
        seen = submission.probe.steps(weights, batches, garbage, lr, loss, device)
        settings = {"momentum": 0.9, "split": True}
        expected_losses, expected_weights = reference(weights, batches, loss, lr, **settings)
        some = reference(weights, batches, loss, lr, garbage=garbage, clears="matrices", **settings)[1]
        forgets = lambda _, of=seen: "backward" in of.value["log"] and "step" not in of.value["log"]  # noqa: E731
        others = {"first-group-only": some, "memory-made-anew": forgets}
        others["another-update-rule"] = reference(weights, batches, loss, lr, clip=1.0, **settings)[1]
        others["nothing-was-recorded"] = lambda _, of=seen: of.value["backwards"] and "backward" not in of.value["log"]
        path = [reference(weights, batches[:count], loss, lr, **settings)[1] for count in range(len(batches) + 1)]
        missing = uncleared(weights, batches, loss, lr, garbage=garbage, **settings)
        others |= {"zero-times-nan": not_finite} if len(sizes) == 1 else {}
        compare_weights(seen, expected_weights, missing, device, others, path)
        moved = reference(weights, batches[:1], loss, lr, **settings)[1]
        after = LOSSES[loss](forward(moved, batches[0][0]), batches[0][1]).item()
        size = len(batches[0][0])
        first = {"loss-after-step": after, "sum-for-average": expected_losses[0] * size}
        first |= {"mean-over-wrong-count": expected_losses[0] / size}
        compare_history(seen, expected_losses, device, first)
        touched = expect(seen).item("touched", lookalikes={"mutates-caller": True})
        touched.is_false("the caller's batch was changed")


@pytest.mark.step("train_step")
def test_calls_model(submission, rng, device):
    """calls the model once, so that its hooks run"""
    weights, batches = net_weights(rng), make_batches(rng, "mse_loss", (4, 4))
    seen = submission.probe.steps(weights, batches, 0.0, 0.1, "mse_loss", device)
    ask_calls(seen, 2)


def ask_calls(seen, expected):
    """Ask how often the model itself was called."""
    directly = {"calls-forward-directly": lambda calls: calls == 0 and "step" in seen.value["log"]}
    expect(seen).item("calls", "the number of times that the model's hooks ran", directly).equals(expected)


@pytest.mark.step("train_step")
def test_moves_batch(submission):
    """moves inputs and targets to the device that it is given"""
    ask_places(submission.probe.step_devices(torch.device("meta"), "train_step"), 1)


def ask_places(seen, batches):
    """Ask where the batches were used; the device is meta, which nothing reaches by accident."""
    for kind in ("inputs", "targets"):
        named = {
            "hard-coded-device": lambda v: set(v) == {"cpu"},
            "another-number-of-steps": lambda v: 0 < len(v) < batches,
        }
        what = f"the list of the device types of the {kind}, batch by batch,"
        expect(seen).item(kind, what, named).equals(["meta"] * batches)


@pytest.mark.step("train_epoch")
def test_epoch(submission, rng, device):
    """trains on every batch once, in order, and lists their losses"""
    for loss, lr, sizes in (
        ("cross_entropy", 0.5, (6, 6, 1)), ("mse_loss", 0.2, (3, 5, 5, 2)), ("mse_loss", 0.2, (4,)),
    ):  # fmt: skip
        weights, batches = net_weights(rng), make_batches(rng, loss, sizes)
        garbage = spoilt(weights) if len(sizes) == 1 else 0.5
        seen = submission.probe.epoch(weights, batches, garbage, lr, loss, device)
        expected_losses, expected_weights = reference(weights, batches, loss, lr)
        full = [batch for batch in batches if len(batch[0]) == sizes[0]]
        others = {"last-batch-lost": reference(weights, full, loss, lr)[1]} | another_number_of_steps(seen, len(sizes))
        means = [sum(expected_losses[:count]) / count for count in range(1, len(sizes) + 1)]
        averaged = lambda got, expected=means[-1]: near(expected)(got[0] if len(got) == 1 else got)  # noqa: E731
        number = lambda got, expected=means[-1]: near(expected)(got)  # noqa: E731
        expect(seen).item("returned", "the result", {"history-averaged": number}).is_a(list)
        others |= {"zero-times-nan": not_finite} if len(sizes) == 1 else {}
        compare_weights(seen, expected_weights, uncleared(weights, batches, loss, lr, garbage=garbage), device, others)

        def longer(got, expected=expected_losses):
            return len(got) > len(expected) and all_near(got[-len(expected) :], expected)

        whole = {"history-averaged": averaged, "state-between-calls": longer}
        running = {"history-averaged": lambda _, of=seen, expected=means: all_near(of.value["returned"], expected)}
        compare_history(seen, expected_losses, device, running, whole)


@pytest.mark.step("train_epoch")
def test_modes(submission, rng, device):
    """puts a model that arrives in eval mode into train mode, and calls it"""
    weights, batches = net_weights(rng), make_batches(rng, "mse_loss", (4, 4, 3))
    seen = submission.probe.epoch(weights, batches, 0.0, 0.1, "mse_loss", device)
    ask_calls(seen, 3)
    ask_modes(seen, 3)
    ask_mode_after(seen)


def ask_modes(seen, batches):
    """Ask for the mode of an inner layer at each batch, and of one that lies deeper."""
    forgotten = {"train-mode-forgotten": lambda modes: not all(modes)}
    modes = expect(seen).item("modes", "the list of a layer's `training`, batch by batch,", forgotten)
    modes.equals([True] * batches)
    level = {"top-level-only": lambda modes: not any(modes), "train-mode-forgotten": lambda modes: not all(modes)}
    deep = expect(seen).item("deep modes", "the list of `training` of a layer two levels down, batch by batch,", level)
    deep.equals([True] * batches)


def ask_mode_after(seen):
    """Ask for the mode in which the model was left."""
    after = expect(seen).item("mode after", lookalikes={"mode-not-restored": False})
    after.is_true("the model was not left in training mode")


@pytest.mark.step("train_epoch")
def test_lets_go(submission, rng, device):
    """keeps neither old batches nor their graphs"""
    weights, batches = net_weights(rng), make_batches(rng, "mse_loss", (2,) * 7)
    seen = submission.probe.epoch(weights, batches, 0.0, 0.1, "mse_loss", device)
    expect(seen).item("begun", "the number of passes over the loader").equals(1)
    ask_alive(seen)
    first = {"whole-pass-for-one-batch": lambda _: seen.value["log"][:7] == ["yield"] * 7}
    alive = expect(seen).item("batches alive", "the number of older batches that are still in memory", first)
    alive.is_a(int).satisfies(lambda count: count <= 2, "old batches are kept in memory", expected="at most 2")


def ask_alive(seen):
    """Ask how many graphs of older losses were there at once: a variable may still hold the last one."""
    kept = {"loss-keeps-graph": lambda count: count > 1}
    alive = expect(seen).item("alive", "the number of older losses whose graph is still in memory", kept)
    alive.is_a(int).satisfies(lambda count: count <= 1, "graphs of old losses are kept in memory", expected="at most 1")


@pytest.mark.step("train_epoch")
def test_epoch_moves_batches(submission):
    """moves each batch to the device that it is given"""
    ask_places(submission.probe.step_devices(torch.device("meta"), "train_epoch"), 2)


@pytest.mark.step("train")
def test_run(submission, rng, device):
    """trains for as many epochs as asked, with one optimizer, and lists every loss"""
    for loss, lr, epochs, batch_size in (
        ("cross_entropy", 0.3, 3, 4), ("mse_loss", 0.05, 4, 6), ("cross_entropy", 0.3, 1, 10),
    ):  # fmt: skip
        uphill = loss == "mse_loss"  # so that the loss grows
        weights, [(inputs, targets)] = net_weights(rng), make_batches(rng, loss, (10,))
        garbage = spoilt(weights) if epochs == 1 else 0.5
        seen = submission.probe.run(weights, inputs, targets, batch_size, epochs, garbage, lr, loss, 3, uphill, device)
        shuffled = torch.Generator().manual_seed(3)
        loader = DataLoader(TensorDataset(inputs, targets), batch_size, shuffle=True, generator=shuffled)
        batches = [batch for _ in range(epochs) for batch in loader]
        settings = {"garbage": garbage, "momentum": 0.9, "epoch": len(loader), "uphill": uphill}
        each_epoch = {"optimizer-made-each-epoch": lambda made, of=epochs: made in (of, of + 1), "argument-ignored": 0}
        expect(seen).item("optimizers", "the number of optimizers made", each_epoch).equals(1)
        expected_losses, expected_weights = reference(weights, batches, loss, lr, **settings)
        again = reference(weights, batches[: len(loader)] * epochs, loss, lr, **settings)[1]
        missing = uncleared(weights, batches, loss, lr, **settings)
        others = {"same-order-every-epoch": again, "wrong-model-trained": weights}
        others |= {"zero-times-nan": not_finite} if epochs == 1 else {}
        compare_weights(seen, expected_weights, missing, device, others | another_number_of_steps(seen, len(batches)))
        each = [expected_losses[start : start + len(loader)] for start in range(0, len(batches), len(loader))]
        means = [sum(losses) / len(losses) for losses in each]
        compare_history(
            seen,
            expected_losses,
            device,
            whole={"history-averaged": lambda got, expected=means: all_near(got, expected)},
        )
        ask_calls(seen, len(batches))
        ask_modes(seen, len(batches))
        ask_mode_after(seen)
        ask_random_state(seen)


def ask_random_state(seen):
    """Ask whether torch's global random state was left alone; the loader has a generator of its own."""
    touched = {"global-rng-touched": "changed"}
    state = expect(seen).item("random state", lookalikes=touched)
    state.satisfies(lambda state: state == "left alone", "torch's global random state was changed", got="")


@pytest.mark.step("train")
def test_run_lets_go(submission, rng, device):
    """keeps no graph from epoch to epoch"""
    weights, [(inputs, targets)] = net_weights(rng), make_batches(rng, "mse_loss", (6,))
    ask_alive(submission.probe.run(weights, inputs, targets, 2, 3, 0.5, 0.1, "mse_loss", 4, False, device))


@pytest.mark.step("train")
def test_in_place_first(submission):
    """moves the model to the device before it makes the optimizer"""
    seen = submission.probe.run_devices(torch.device("meta"), 2)

    def never_moved(kind, where):
        return lambda _: seen.value["moved"] == [] and set(seen.value[kind]) == {where}

    after = {
        "wrong-model-trained": never_moved("at the optimizer", "meta"),
        "model-left-behind": never_moved("inputs", "meta"),
        "hard-coded-device": lambda places: set(places) == set(seen.value["inputs"]) == {"cpu"},
    }
    expect(seen).item("model", f"{OF_PARAMETERS} after the call", after).equals(["meta"] * 2)
    made = {"optimizer-before-move": lambda places: set(places) == {"cpu"}}
    given = expect(seen).item("at the optimizer", f"{OF_PARAMETERS} given to the optimizer", made)
    given.equals(["meta"] * 2)
    ask_places(seen, 4)
    none = submission.probe.run_devices(torch.device("meta"), 0)
    expect(none).item("model", f"{OF_PARAMETERS} after 0 epochs").equals(["meta"] * 2)
    expect(none).item("returned", "the result for 0 epochs").equals([])


@pytest.mark.step("fit_digits")
def test_digits(submission, rng, device):
    """trains a net on real digits as the reference does"""
    wide = lambda error: "got Double and Float" in error.message  # noqa: E731
    labels = lambda error: "target dtype" in error.message  # noqa: E731
    picture = lambda error: "x28 and 784x" in error.message  # noqa: E731
    another = lambda error: "train.csv" in error.message  # noqa: E731
    submission.recognise({
        "float64-leak": wide, "labels-not-long": labels, "picture-not-flat": picture, "argument-ignored": another,
    })  # fmt: skip
    path = DIGITS / "test.csv"
    real = torch.column_stack(real_digits())
    for source, epochs, batch_size, lr, seed in (
        (made_rows(rng, 38, 200), 2, 9, 0.2, 6), (path, 1, 60, 0.3, 5), (made_rows(rng, 20, 1), 1, 8, 0.2, 7),
    ):  # fmt: skip
        weights, rows = net_weights(rng, 784, 12, 10), real if source is path else source
        seen = submission.probe.fit(weights, source, device, epochs, batch_size, lr, seed)
        settings = {"epochs": epochs, "batch_size": batch_size, "lr": lr, "seed": seed}
        expected_losses, expected_weights = fitted(weights, rows, **settings)
        compare_history(
            seen, expected_losses, device, *digit_lookalikes(seen, weights, rows, expected_losses, settings)
        )
        compare_weights(seen, expected_weights, [], device)
        ask_random_state(seen)
        used = expect(seen).item("generator used", lookalikes={"not-the-global-generator": False})
        used.is_true("nothing was drawn from `generator`")


def made_rows(rng, count, brightest):
    """Return rows of a label and 784 pixels from 0 to `brightest`; two of the rows are equal."""
    ends = torch.linspace(1, 0.5, count)[:, None] * (brightest + 1)
    pixels = (torch.rand(count, 784, generator=rng) * ends).long()
    rows = torch.cat((torch.randint(10, (count, 1), generator=rng), pixels), 1)
    rows[4, 1] = brightest
    rows[count // 2] = rows[4]
    return rows


def digit_lookalikes(seen, weights, rows, expected, settings):
    """Return what compare_history takes: lookalikes of the losses, and of the whole list; computed only if needed."""
    labels, pixels = rows[:, :1], rows[:, 1:].float()

    def losses(changed, **others):
        return fitted(weights, changed, **settings | others)[0]

    def begins(make):
        return lambda _: near(make())(seen.value["returned"][0])

    def scaled(way):
        changed = lambda: losses(torch.cat((labels, way(pixels)), 1), scale=1)  # noqa: E731
        return lambda _: all_near(seen.value["returned"], changed())

    def first_loss(judge):
        inputs, targets = first_batch(rows, settings)
        return judge(forward(weights, inputs), targets).item()

    cross_entropy = nn.functional.cross_entropy
    named = {
        # All losses fit: no chance, and no chance is what changed. The first loss alone may fit by chance: those stand behind.
        "pixels-not-scaled": scaled(lambda x: x),
        "equal-rows-dropped": lambda _: all_near(seen.value["returned"], losses(without_repetitions(rows))),
        "another-update-rule": lambda _: all_near(seen.value["returned"], losses(rows, momentum=0.9)),
        "divided-by-256": scaled(lambda x: x / 256),
        "scaled-around-zero": scaled(lambda x: x / 127.5 - 1),
        "whole-division": scaled(lambda x: x // 255),
        "scaled-by-own-maximum": scaled(lambda x: x / x.amax(1, keepdim=True)),
        "scaled-by-their-own-range": scaled(lambda x: (x - x.min()) / (x.max() - x.min())),
        "global-rng-touched": lambda _: seen.value["random state"] == "changed",
        "header-eaten": begins(lambda: losses(rows[1:])[0]),
        "not-shuffled": begins(lambda: losses(rows, seed=None)[0]),
        "softmax-before-cross-entropy": begins(lambda: first_loss(lambda x, y: cross_entropy(x.softmax(1), y))),
        "log-forgotten": begins(lambda: first_loss(nn.functional.nll_loss)),
        "mean-vs-sum": begins(lambda: first_loss(lambda x, y: cross_entropy(x, y, reduction="sum"))),
        "label-scaled-too": begins(lambda: first_loss(lambda x, y: cross_entropy(x, torch.zeros_like(y)))),
        "not-the-global-generator": lambda _: seen.value["generator used"] is False,
    }

    def without_last(got):
        return len(got) == len(expected) - settings["epochs"] and near(expected[0])(got[0])

    return named, {"last-batch-lost": without_last} if len(rows) % settings["batch_size"] else None


def without_repetitions(rows):
    """Return each row once, in their order."""
    return torch.tensor(list(dict.fromkeys(map(tuple, rows.tolist()))))


def fitted(weights, rows, *, epochs, batch_size, lr, seed, scale=255, momentum=0.0):
    """Return losses and weights after training on these rows."""
    dataset = TensorDataset(rows[:, 1:].float() / scale, rows[:, 0].long())
    shuffled = {} if seed is None else {"shuffle": True, "generator": torch.Generator().manual_seed(seed)}
    loader = DataLoader(dataset, batch_size, **shuffled)
    batches = [batch for _ in range(epochs) for batch in loader]
    return reference(weights, batches, "cross_entropy", lr, momentum=momentum)


def first_batch(rows, settings):
    """Return the inputs and targets of the first batch."""
    shuffled = torch.Generator().manual_seed(settings["seed"])
    dataset = TensorDataset(rows[:, 1:].float() / 255, rows[:, 0])
    return next(iter(DataLoader(dataset, settings["batch_size"], shuffle=True, generator=shuffled)))


@pytest.mark.step("fit_digits")
def test_fit_device(submission):
    """trains on the device that it is given"""
    seen = submission.probe.fit_place(DIGITS / "test.csv", torch.device("meta"))
    fixed = {"hard-coded-device": "cpu"}
    expect(seen).item("after one epoch", "the device type of the model after the call", fixed).equals("meta")
    early = {"optimizer-before-move": lambda places: "cpu" in places}
    held = expect(seen).item("at the optimizer", f"{OF_PARAMETERS} given to the optimizer", early).is_a(list)
    said = "the optimizer was made before the model was moved to the device"
    held.satisfies(lambda places: set(places) <= {"meta"}, said, got="")
    expect(seen).item("after none", "the device type of the model after 0 epochs").equals("meta")
    expect(seen).item("returned", "the result for 0 epochs").equals([])
