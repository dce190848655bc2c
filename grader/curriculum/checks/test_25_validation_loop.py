"""Hidden checks of 25: validation measures, changes nothing, and decides which weights are kept."""

import itertools

import pytest
import torch
from torch import nn

from grader.compare import expect, how_many, near
from grader.curriculum.checks._digits import DIGITS, real_digits

BATCH = 4
META = torch.device("meta")
NOT_THERE = "not all inputs and targets were on the device that was given, each in its place"


class Net(nn.Module):
    """The net of the probe, without its notes."""

    def __init__(self, ins=3, hidden=5, outs=2):
        super().__init__()
        self.first, self.norm = nn.Linear(ins, hidden), nn.BatchNorm1d(hidden)
        self.last = nn.Linear(hidden, outs)

    def forward(self, inputs):
        return self.last(torch.tanh(self.norm(self.first(inputs))))


def weights(rng):
    """A random state of the net, running statistics included."""
    state = Net().state_dict()
    made = {name: torch.randn(each.shape, generator=rng) for name, each in state.items() if each.is_floating_point()}
    made["norm.running_var"] = 0.5 + torch.rand(5, generator=rng)
    return {name: made.get(name, torch.tensor(3)) for name in state}


def data(rng, count):
    """Random inputs and targets."""
    return torch.randn(count, 3, generator=rng), torch.randn(count, 2, generator=rng)


def net(state):
    """A net in this state."""
    model = Net()
    model.load_state_dict(state)
    return model


def mean_loss(scale):
    """A loss that is a mean over samples."""
    return lambda outputs, targets: scale * ((outputs - targets) ** 2).mean()


@torch.no_grad()
def losses(model, pair, loss, batch_size=BATCH):
    """The loss of each batch, and how many samples are in it."""
    batches = list(zip(pair[0].split(batch_size), pair[1].split(batch_size), strict=True))
    return [loss(model(x), y).item() for x, y in batches], [len(y) for _, y in batches]


def weighted(found, sizes):
    """The mean over samples."""
    return sum(loss * size for loss, size in zip(found, sizes, strict=True)) / sum(sizes)


def means(found, sizes, device="cpu"):
    """What mistakes in averaging would have made of the losses of batches."""
    plain, total = sum(found) / len(found), sum(found)
    weighed = sum(loss * size for loss, size in zip(found, sizes, strict=True))
    tensor = lambda value: hasattr(value, "grad_fn")  # noqa: E731
    return {
        "averages-batch-means": near(plain, device),
        "batch-losses-summed": lambda value: near(total, device)(value) or near(weighed, device)(value),
        "divided-by-batches": near(weighed / len(found), device),
        "mean-over-wrong-count": near(total / sum(sizes), device),
        "scalar-tensor-not-number": tensor,
    }


def same_state(seen, state):
    """Whether every tensor that was seen is that of a state."""
    return all(seen[name].data.double().allclose(tensor.double(), 1e-4, 1e-5) for name, tensor in state.items())


# 1


@pytest.mark.step("average")
def test_weighs_batches(submission, rng):
    """weighs each batch by its number of samples"""
    for count in (3, 5, 1):
        found = torch.rand(count, generator=rng).mul(4).add(0.1).tolist()
        sizes = (torch.randperm(40, generator=rng)[:count] + 2).tolist()
        named = means(found, sizes)
        if count > 1:
            named |= {"last-batch-lost": near(weighted(found[:-1], sizes[:-1]))}
        seen = submission.average(found, sizes)
        expect(seen, named).near(weighted(found, sizes))
        changed = {"mutates-caller": lambda _: True}
        expect(list(seen.arguments[:2]), changed, what="the pair of lists that was passed in").equals([found, sizes])


# 2


def validated(submission, rng, device, training=True, count=10, scale=1.0, left_out=0):
    """Validate a random net; return its state, the data that the loader yields, and what was seen."""
    state, (x, y) = weights(rng), data(rng, count + left_out)
    seen = submission.probe.validate(state, x, y, device, training, scale, count)
    return state, (x[:count], y[:count]), seen


def kept_training(seen):
    """Name a validation in train mode: whoever switched before the first pass has switched back as well."""
    before = list(itertools.takewhile(lambda each: each != "pass", seen.value["switches"]))
    return "mode-restored-too-early" if False in before else "no-grad-means-eval"


def added_to(grads):
    """Whether a backward pass has added to gradients that were ones."""
    return any(grad is not None and bool((grad.data != 1).any()) and bool(grad.data.any()) for grad in grads)


@pytest.mark.step("validate")
def test_loss(submission, rng, device):
    """returns the mean loss over all samples"""
    for count, scale, left_out in ((10, 1.0, 0), (13, 2.5, 0), (8, 0.5, 0), (3, 1.0, 0), (10, 1.0, 6)):
        state, pair, seen = validated(submission, rng, device, count=count, scale=scale, left_out=left_out)
        found, sizes = losses(net(state).eval(), pair, mean_loss(scale))
        alone = sizes[-1] == 1  # batch norm refuses a batch of one in train mode
        noisy = found if alone else losses(net(state).train(), pair, mean_loss(scale))[0]
        mixed = any(each[1] == "mixed" for each in seen.value["seen"])
        noise = "top-level-only" if mixed else kept_training(seen)
        named = {noise: near(weighted(noisy, sizes), device), **means(found, sizes, device)}
        single = [near(found[0], device), near(found[-1], device)] if len(found) > 1 else []
        named |= {"last-for-average": lambda value, single=single: any(each(value) for each in single)}
        if sum(sizes) % sizes[0]:
            full = sum(each * size for each, size in zip(found, sizes, strict=True)) / (len(sizes) * sizes[0])
            taken = near(sum(found) * sizes[0] / sum(sizes), device)
            counts = near(full, device), taken, named["mean-over-wrong-count"]
            named["mean-over-wrong-count"] = lambda value, counts=counts: any(each(value) for each in counts)
        if left_out:
            whole = weighted(found, sizes) * count / (count + left_out)
            named = {"dataset-length-for-samples": near(whole, device), **named}
        expect(seen).item("loss", "the result", named).near(weighted(found, sizes), device)


@pytest.mark.step("validate")
def test_how_it_runs(submission, rng, device):
    """runs each batch once, in eval mode, without a graph"""
    for training in (True, False):
        _, _, seen = validated(submission, rng, device, training)
        passes = expect(seen).item("seen", "the list of forward passes").length(3)
        for place in range(3):
            each = passes.item(place, f"forward pass {place + 1}").length(3)
            early = seen.value["seen"][0][1] == "eval" or kept_training(seen) == "mode-restored-too-early"
            modes = {
                "mode-restored-too-early": lambda mode, early=early: mode == "train" and early,
                "no-grad-means-eval": "train",
                "top-level-only": "mixed",
            }
            each.item(1, f"the mode of forward pass {place + 1}", modes).equals("eval")
            graph = {"trains-in-validation": lambda _: added_to(seen.value["grads"]), "eval-means-no-grad": True}
            each.item(2, lookalikes=graph).is_false(f"a graph was recorded in forward pass {place + 1}")
        direct = {"calls-forward-directly": lambda hooked: hooked == 0}
        expect(seen).item("hooked", "the number of calls that ran the model's hooks", direct).equals(3)


@pytest.mark.step("validate")
def test_mode(submission, rng, device):
    """leaves the model in the mode that it arrived in"""
    for training in (True, False):
        _, _, seen = validated(submission, rng, device, training)
        named = {"mode-not-restored": lambda modes: len(modes) == 6}
        modes = expect(seen).item("training", "the list of `training` of the model and its layers", named)
        modes.equals([training] * 6)
        expect(seen).keeps_globals("grad mode", misconception="grad-mode-left-off")
        ask_random_state(seen)


def ask_random_state(seen):
    """Ask whether torch's global random state was left alone; the loaders have generators of their own."""
    touched = {"global-rng-touched": "changed"}
    state = expect(seen).item("random state", lookalikes=touched)
    state.satisfies(lambda state: state == "left alone", "torch's global random state was changed", got="")


@pytest.mark.step("validate")
def test_changes_nothing(submission, rng, device):
    """leaves parameters, their .grad and buffers alone"""
    state, _, seen = validated(submission, rng, device)
    by_batch = lambda _: all(mode == "train" for _, mode, _ in seen.value["seen"])  # noqa: E731
    by_layer = lambda _: any(mode == "mixed" for _, mode, _ in seen.value["seen"])  # noqa: E731
    after = expect(seen).item("state", "the model's state_dict").length(len(state))
    named = {kept_training(seen): by_batch, "top-level-only": by_layer}
    for name, tensor in state.items():
        after.item(name, f"`{name}` after the call", named).tensor(tensor, device=device)
    grads = expect(seen).item("grads", "the list of gradients").length(6)
    for place in range(6):
        named = {"trains-in-validation": lambda grad: added_to([grad])}
        expected = torch.ones_like(list(net(state).parameters())[place])
        grads.item(place, f"the .grad of parameter {place + 1}", named).tensor(expected, device=device)
    thawed = {"unfreezes-everything": [True] * 6}
    requires = expect(seen).item("requires", "the list of the parameters' `requires_grad`", thawed)
    requires.equals([True] * 5 + [False])


@pytest.mark.step("validate")
def test_moves_batches(submission):
    """moves inputs and targets to the device"""
    seen = submission.probe.validate_elsewhere(META)
    named = {
        "arguments-swapped": lambda devices: "swapped" in devices,
        "hard-coded-device": lambda devices: "cpu" in devices,
    }
    devices = expect(seen, named, what="the list of the device types of inputs and targets").is_a(list)
    # Two batches of inputs; whoever gathers the outputs calls the loss function once.
    everywhere = lambda found: set(found) == {"meta"} and len(found) in (3, 4)  # noqa: E731
    devices.satisfies(everywhere, NOT_THERE, expected="'meta' for each")


# 3


@pytest.mark.step("copy_weights")
def test_copies(submission, rng):
    """copies everything that the model holds, and keeps it"""
    state = weights(rng)
    seen = expect(submission.probe.copy_weights(state))
    seen.item("is a dict").is_true("the result is not a dict")
    parameters = dict(net(state).named_parameters())
    named = {
        "buffers-skipped": lambda kept: kept.keys() == parameters.keys(),
        "non-persistent-is-saved": lambda kept: kept.keys() == {*state, "scratch"},
    }
    for part, what in (("model", "the model"), ("kept", "the copy"), ("later", "the copy after the model has changed")):
        found = seen.item(part, what, {} if part == "model" else named).length(len(state))
        for name, tensor in state.items():
            alias = {"best-weights-aliased": tensor + 1} if part == "later" else {}
            forced = {"dtype-forced": lambda got, expected=str(tensor.dtype): f"torch.{got.dtype}" != expected}
            found.item(name, f"`{name}` in {what}", alias | forced).tensor(tensor)
    seen.item("recorded", lookalikes={"clone-detaches": True}).is_false("a copy has a graph")
    seen.item("requires", "the list of the copies' `requires_grad`").equals([False] * len(state))
    named = {"mode-not-restored": [False] * 6}
    seen.item("modes", "the list of `training` of the model and its layers", named).equals([True] * 6)
    submission.recognise({"hard-coded-device": lambda error: "out of meta tensor" in error.message})
    places = submission.probe.copy_place(state, META)
    what = "the list of the device types of the copies"
    expect(places, {"hard-coded-device": ["cpu"]}, what=what).equals(["meta"])


# 4


class Run:
    """What fit is given: random weights and data, and how often it has to validate."""

    def __init__(self, rng, *, every, epochs, lr=0.05, script=(), samples=15, last=1.0):
        self.every, self.epochs, self.lr, self.scale, self.script = every, epochs, lr, 1.5, list(script)
        self.state, self.train, self.validation = weights(rng), data(rng, samples), data(rng, 10)
        self.last = last  # what is left in the .grad of the last bias

    def trained(self, clears="each batch"):
        """Return the state after training that clears gradients before "each batch", "each epoch" or never.

        "afterwards" clears them after each batch alone.
        """
        model, loss = net(self.state), mean_loss(self.scale)
        optimizer = torch.optim.SGD(model.parameters(), lr=self.lr)
        for parameter in model.parameters():
            parameter.grad = torch.ones_like(parameter)
        model.last.bias.grad.fill_(self.last)
        for _ in range(self.epochs):
            if clears == "each epoch":
                optimizer.zero_grad()
            for x, y in zip(self.train[0].split(BATCH), self.train[1].split(BATCH), strict=True):
                if clears == "each batch":
                    optimizer.zero_grad()
                loss(model(x), y).backward()
                optimizer.step()
                if clears == "afterwards":
                    optimizer.zero_grad()
        return model.state_dict()


def fitted(submission, run, device):
    """Let the submission train."""
    return submission.probe.fit(
        run.state,
        run.train,
        run.validation,
        device,
        run.epochs,
        run.every,
        run.lr,
        run.scale,
        run.script,
        run.last,
    )


def listed(history):
    """The epochs of a history."""
    return [epoch for epoch, _ in history]


def states_of(seen):
    """The state that the model had after each epoch, as it was seen: no check is about them."""
    return [{name: tensor.data for name, tensor in state.items()} for state in seen.value["after_epochs"]]


def stopped_before(seen, epochs):
    """Name a run in which fewer epochs were trained, or none to its end: its last batch alone has 3 samples."""
    return {
        "stopped-early": lambda _: 0 < seen.value["sizes"].count(3) < epochs,
        "last-batch-lost": lambda _: BATCH in seen.value["sizes"] and 3 not in seen.value["sizes"],
    }


def ask_epochs(seen, epochs):
    """Ask that so many epochs were trained to their end."""
    expect(seen).item("marks_after_epochs", lookalikes=stopped_before(seen, epochs)).satisfies(
        lambda marks: len(marks) == epochs, "the wrong number of epochs was trained to the end",
        got=lambda marks: how_many(len(marks), "epoch"), expected=how_many(epochs, "epoch"),
    )  # fmt: skip


@pytest.mark.step("fit")
def test_history(submission, rng, device):
    """returns the epoch and the loss of each validation"""
    for every, epochs in ((2, 7), (3, 9), (1, 3)):
        run = Run(rng, every=every, epochs=epochs)
        seen = fitted(submission, run, device)
        expected = list(range(every, epochs + 1, every))
        early = [epoch for epoch in range(epochs) if epoch % every == 0]
        from_zero = (early, [epoch + 1 for epoch in early])
        named = {
            "epochs-from-zero": lambda got: every > 1 and listed(got) in from_zero,
            "argument-ignored": lambda got: every > 1 and len(got) == epochs,
        }
        named |= stopped_before(seen, epochs) | {
            "last-epoch-validated-too": lambda got, expected=expected, last=epochs: listed(got) == [*expected, last],
        }
        history = expect(seen).item("history", "the result", named).length(len(expected))
        history.satisfies(
            lambda got: listed(got) == expected, "the wrong epochs were validated",
            got=lambda got: str(listed(got)), expected=str(expected),
        )  # fmt: skip
        ask_epochs(seen, epochs)
        once = {"same-order-every-epoch": 1}
        expect(seen).item("begun", "the number of passes over the train loader", once).equals(epochs)
        ask_random_state(seen)
        for place, epoch in enumerate(expected):
            model = net(states_of(seen)[epoch - 1]).eval()
            found, sizes = losses(model, run.validation, mean_loss(run.scale))
            on_train = weighted(*losses(model, run.train, mean_loss(run.scale)))
            named = {"validates-on-train": near(on_train, device), **means(found, sizes, device)}
            pair = history.item(place, f"entry {place + 1} of the result").length(2)
            loss = pair.item(1, f"the validation loss after epoch {epoch}", named)
            loss.near(weighted(found, sizes), device)


@pytest.mark.step("fit")
def test_order_of_events(submission, rng, device):
    """trains on one set in train mode, and only evaluates on the other"""
    run = Run(rng, every=2, epochs=5)
    seen = fitted(submission, run, device)
    expected = []
    for epoch in range(1, 6):
        expected += [["train", "train", True], ["step"]] * 4
        expected += [["validation", "eval", False]] * 3 * (epoch % 2 == 0)
    named = {
        "trains-in-validation": lambda got: any(
            a[0] == "validation" and b == ["step"] for a, b in itertools.pairwise(got)
        ),
        "validates-on-train": lambda got: ["train", "eval", False] in got and ["validation", "eval", False] not in got,
        "train-mode-forgotten": lambda got: got[0] == ["train", "eval", True],
        "mode-not-restored": lambda got: ["train", "eval", True] in got,
        "eval-means-no-grad": lambda got: ["validation", "eval", True] in got,
        "no-grad-means-eval": lambda got: ["validation", "train", False] in got,
    }
    expect(seen).item("seen", lookalikes=named).satisfies(
        lambda got: got == expected, "forward passes and steps did not come in the expected order",
        got=lambda got: described(first_difference(got, expected)), expected=f"{len(expected)} such events in order",
    )  # fmt: skip
    direct = {"calls-forward-directly": lambda hooked: hooked < 26}
    expect(seen).item("hooked", "the number of calls that ran the model's hooks", direct).equals(26)


def first_difference(got, expected):
    """Return the place at which two lists differ first, and what stands there in each of them."""
    pairs = itertools.zip_longest(got, expected)
    return next(((place, one, other) for place, (one, other) in enumerate(pairs) if one != other), None)


def described(difference):
    """Return in words which event came, and which was expected in its place."""
    place, came, expected = difference
    return f"event {place + 1} was {event(came)}, where {event(expected)} was expected"


def event(noted):
    """Return in words what the probe noted."""
    if noted is None:
        return "nothing"
    if noted == ["step"]:
        return "a step of the optimizer"
    data, mode, recorded = noted
    return f"a forward pass on the {data} set in {mode} mode, {'with' if recorded else 'without'} a graph"


@pytest.mark.step("fit")
def test_goes_on(submission, rng, device):
    """continues from the current weights, whatever a validation has found"""
    run = Run(rng, every=1, epochs=4, script=torch.rand(4, generator=rng).add(0.2).cumsum(0).tolist())
    seen = fitted(submission, run, device)
    back = {"goes-back-in-between": lambda count: count > 0}
    expect(seen).item("jumps", "the number of steps that did not start where the last one ended", back).equals(0)


@pytest.mark.step("fit")
def test_trains(submission, rng, device):
    """takes one step for each batch, from its own gradient alone"""
    # After a single step, what is left infinite in one bias shows in that bias alone.
    for run in (Run(rng, every=3, epochs=2), Run(rng, every=3, epochs=1, samples=BATCH, last=float("inf"))):
        seen = fitted(submission, run, device)
        expected, unclear = run.trained(), [run.trained(clears) for clears in ("each epoch", "never", "afterwards")]
        after = expect(seen).item("state", "the model's state_dict").length(len(expected))
        for name, tensor in expected.items():
            named = {
                "zero-grad-missing": lambda _, of=seen, those=unclear: any(
                    same_state(of.value["state"], s) for s in those
                ),
                "zero-times-nan": lambda t, last=run.last: last > 1 and not torch.isfinite(t.data).all(),
            }
            after.item(name, f"`{name}` after {how_many(run.epochs, 'epoch')}", named).tensor(tensor, device=device)


@pytest.mark.step("fit")
def test_best_weights(submission, rng, device):
    """ends with the weights of the lowest validation loss, buffers included"""
    # First the run that ends in an epoch without a validation: what was kept last is not what is there last.
    for every, order, height in (
        (2, (1, 0, 0, 4, 2, 3), 100.0), (1, (1, 0, 4, 2, 3), 1.0), (1, (3, 4, 0, 2, 1, 2), 1e-4), (1, (0, 4, 1, 2), 1.0),
    ):  # fmt: skip
        ladder = torch.rand(5, generator=rng).add(0.2).cumsum(0).mul(height).tolist()
        run = Run(rng, every=every, epochs=every * len(order) + every - 1, script=[ladder[rank] for rank in order])
        seen = fitted(submission, run, device)
        ask_epochs(seen, run.epochs)
        marks, found = seen.value["marks_after_epochs"], seen.value["marks"]
        states = marks[every - 1 :: every]
        best, last = states[order.index(0)], marks[-1]
        falls = [place for place in range(1, len(order)) if order[place] < order[place - 1]]
        level = [place for place, rank in enumerate(order) if rank == 0]
        how = "best-weights-aliased" if seen.value["loaded"] is True else "last-weights-kept"
        named = {
            how: last,
            "buffers-skipped": {**best, **{name: last[name] for name, _ in net(run.state).named_buffers()}},
            "highest-for-lowest": states[order.index(4)],
            "latest-of-several": states[level[-1]],
            "previous-is-not-lowest": states[falls[-1]],
        }
        unseen = {"validates-on-train": lambda _: all(each[0] != "validation" for each in seen.value["seen"])}
        fits = unseen | {key: lambda _, state=state: found == state for key, state in named.items()}
        after = expect(seen).item("marks", "the model's state_dict").length(len(best))
        for name, mark in best.items():
            after.item(name, f"`{name}` after the call", fits).satisfies(
                lambda mark, best=mark: mark == best, f"`{name}` is not that of the lowest validation loss",
                got=lambda mark, name=name: held_since(mark, [each[name] for each in marks]),
                expected=held_since(mark, [each[name] for each in marks]),
            )  # fmt: skip
        kept = expect(seen).item("same parameters", lookalikes={"parameters-replaced": False})
        kept.is_true("the model's parameters were replaced by other objects")


def held_since(mark, marks):
    """Return in words after which epoch something was as its mark says."""
    return f"what it was after epoch {marks.index(mark) + 1}" if mark in marks else "what it was after no epoch"


@pytest.mark.step("fit")
def test_no_validation(submission, rng, device):
    """keeps the last weights where no validation takes place"""
    run = Run(rng, every=5, epochs=3)
    seen = fitted(submission, run, device)
    early = {
        "last-epoch-validated-too": lambda got: listed(got) == [3],
        "epochs-from-zero": lambda got: len(got) == 1,
        "argument-ignored": lambda got: len(got) == 3,
    }
    expect(seen).item("history", "the result", early).length(0)
    ask_epochs(seen, 3)
    after = expect(seen).item("state", "the model's state_dict").length(len(run.state))
    for name, tensor in states_of(seen)[-1].items():
        unjudged = {"unjudged-weights-restored": run.state[name]}
        after.item(name, f"`{name}` after the call", unjudged).tensor(tensor, device=device)
    run = Run(rng, every=2, epochs=0)
    seen = fitted(submission, run, device)
    expect(seen).item("history", "the result for 0 epochs").equals([])
    after = expect(seen).item("state", "the model's state_dict").length(len(run.state))
    for name, tensor in run.state.items():
        after.item(name, f"`{name}` after 0 epochs").tensor(tensor, device=device)


@pytest.mark.step("fit")
def test_fit_moves_batches(submission):
    """moves the batches of both loaders to the device"""
    seen = submission.probe.fit_elsewhere(META)
    named = {"hard-coded-device": lambda devices: "cpu" in devices}
    devices = expect(seen, named, what="the list of the device types of inputs and targets").is_a(list)
    everywhere = lambda found: set(found) == {"meta"} and len(found) in (14, 16)  # noqa: E731
    devices.satisfies(everywhere, NOT_THERE, expected="'meta' for each")


@pytest.mark.step("fit")
def test_digits(submission, rng, device):
    """learns real digits"""
    state = {"weight": torch.randn(10, 784, generator=rng) / 28, "bias": torch.zeros(10)}
    seen = submission.probe.fit_digits(str(DIGITS / "test.csv"), state, device, 4, 2, 0.2, 120, 47)
    labels, pixels = (each[:120] for each in real_digits())
    pixels = pixels.float() / 255
    model, expected = nn.Linear(784, 10), []
    model.load_state_dict(state)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.2)
    for epoch in range(1, 5):
        for x, y in zip(pixels[:-47].split(30), labels[:-47].split(30), strict=True):
            optimizer.zero_grad()
            nn.functional.cross_entropy(model(x), y).backward()
            optimizer.step()
        if epoch % 2 == 0:
            found = losses(model, (pixels[-47:], labels[-47:]), nn.functional.cross_entropy, 30)
            expected.append(weighted(*found))
    history = expect(seen).item("history", "the result").length(2)
    for place, loss in enumerate(expected):
        pair = history.item(place, f"entry {place + 1} of the result").length(2)
        pair.item(0, f"the epoch of entry {place + 1}").equals(2 * place + 2)
        pair.item(1, f"the loss of entry {place + 1}").near(loss, device)
