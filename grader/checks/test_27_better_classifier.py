"""Hidden checks of 27: each rung is what its settings say, and all rungs are measured under equal conditions."""

import math

import pytest
import torch
from torch import nn

from grader.compare import expect, require

META = torch.device("meta")
BASE = {"hidden": "sigmoid", "output": "sigmoid", "loss": "mse", "optimizer": "sgd", "layer_norm": False}
LEAKY = BASE | {"hidden": "leaky_relu", "output": "leaky_relu"}
ALL = BASE | {"hidden": "leaky_relu", "loss": "bce", "optimizer": "adam", "layer_norm": True}
MODELS = (
    BASE,
    LEAKY,
    LEAKY | {"layer_norm": True},
    BASE | {"hidden": "leaky_relu"},
    BASE | {"output": "leaky_relu", "layer_norm": True},
)
PERCENT = {"percent-for-share": lambda value: value > 1}
TESTS_FROM = 500  # the number of the first test sample


def names(settings):
    """Return the names of the parameters, in the order in which data meets them."""
    norm = ["the norm's weight", "the norm's bias"] if settings["layer_norm"] else []
    return ["the first weight", "the first bias", *norm, "the last weight", "the last bias"]


def shapes(settings):
    """Return the shapes of the parameters."""
    return [(200, 784), (200,), *([(200,), (200,)] if settings["layer_norm"] else []), (10, 200), (10,)]


def activate(name, x, slope=0.02):
    """Apply an activation by its name."""
    return torch.sigmoid(x) if name == "sigmoid" else nn.functional.leaky_relu(x, slope)


def forward(settings, weights, inputs, slope=0.02, norm="after"):
    """Return the outputs of the net; `norm` says where the layer norm stands."""
    x = inputs @ weights[0].T + weights[1]
    if settings["layer_norm"] and norm == "before":
        x = activate(settings["hidden"], nn.functional.layer_norm(x, (200,), weights[2], weights[3]), slope)
    else:
        x = activate(settings["hidden"], x, slope)
        if settings["layer_norm"] and norm == "after":
            x = nn.functional.layer_norm(x, (200,), weights[2], weights[3])
    return activate(settings["output"], x @ weights[-2].T + weights[-1], slope)


def one_hot(labels):
    """Return float32 targets (B, 10) for labels (B,)."""
    return nn.functional.one_hot(labels, 10).to(torch.float32)


def some_weights(rng, settings):
    """Return random weights for every parameter."""
    return [
        torch.randn(shape, generator=rng) / math.sqrt(shape[-1] if len(shape) > 1 else 20) for shape in shapes(settings)
    ]


@pytest.mark.step("build_model")
def test_outputs(submission, rng):
    """builds the net that the settings ask for"""
    for settings in MODELS:
        weights, inputs = some_weights(rng, settings), torch.rand(3, 784, generator=rng)
        named = {}
        if "leaky_relu" in settings.values():
            named["default-slope-kept"] = forward(settings, weights, inputs, slope=0.01)
        if settings["layer_norm"]:
            named["norm-before-activation"] = forward(settings, weights, inputs, norm="before")
        expect(submission.probe.outputs(settings, weights, inputs), named).tensor(forward(settings, weights, inputs))


@pytest.mark.step("build_model")
def test_parameters(submission):
    """initialises the parameters as torch does it, in order"""
    for settings in (BASE, ALL):
        weights = expect(submission.probe.initial(settings)).length(len(shapes(settings)))
        for index, (name, shape) in enumerate(zip(names(settings), shapes(settings), strict=True)):
            part = weights.item(index, name).shape(*shape).on("cpu").finite()
            if name.startswith("the norm"):
                part.values(torch.ones(200) if "weight" in name else torch.zeros(200))
            else:
                bound = (784 if "first" in name else 200) ** -0.5
                part.satisfies(
                    lambda t, bound=bound: bound / 2 < t.data.abs().max() <= bound,
                    f"{name} is not initialised as nn.Linear does it", due=f"numbers within ±{bound:.3g}",
                )  # fmt: skip


@pytest.mark.step("build_training")
def test_losses(submission, rng, device):
    """makes the loss function that the settings ask for"""
    for loss, function in (("mse", nn.functional.mse_loss), ("bce", nn.functional.binary_cross_entropy)):
        for optimizer in ("sgd", "adam"):
            outputs = (torch.rand(4, 10, generator=rng) * 0.8 + 0.1).requires_grad_()
            targets = one_hot(torch.randint(10, (4,), generator=rng))
            seen = submission.probe.loss(BASE | {"loss": loss, "optimizer": optimizer}, outputs.detach(), targets)
            due = function(outputs, targets)
            due.backward()
            twice = nn.functional.binary_cross_entropy_with_logits(outputs, targets).detach()
            named = {"probabilities-into-logits": twice} if loss == "bce" else {}
            expect(seen).item("value", "the loss", named).tensor(due.detach(), device=device)
            expect(seen).item("grad", "the gradient of the outputs").tensor(outputs.grad, device=device)
            expect(seen).item("module", "whether the loss function is a module").equals(True)


@pytest.mark.step("build_training")
def test_optimizers(submission, rng, device):
    """makes the optimizer that the settings ask for, with its learning rate"""
    for lr in (0.3, 0.07):
        for name in ("sgd", "adam"):
            weight, gradients = torch.randn(3, 4, generator=rng), torch.randn(3, 3, 4, generator=rng)
            due = stepped(name, weight, gradients, lr)
            named = {"adam-given-the-rate-of-sgd": stepped("adam", weight, gradients, lr, lr)} if name == "adam" else {}
            seen = submission.probe.stepped(BASE | {"optimizer": name}, weight, list(gradients), lr)
            expect(seen, named, what="the weight after three steps").tensor(due, device=device)


def stepped(name, weight, gradients, lr, adam_lr=0.001):
    """Return the weight after a step along each gradient."""
    weight = weight.clone().requires_grad_()
    optimizer = torch.optim.SGD([weight], lr=lr) if name == "sgd" else torch.optim.Adam([weight], lr=adam_lr)
    for gradient in gradients:
        weight.grad = gradient.clone()
        optimizer.step()
    return weight.detach()


@pytest.mark.step("build_training")
def test_own_optimizer(submission):
    """makes an optimizer for each model, over all its parameters"""
    for settings in (ALL, BASE | {"layer_norm": True}):
        seen = submission.probe.made_twice(settings, 0.1)
        named = {"optimizer-reused": [[0], [0]]}
        expect(seen, named, what="the models whose parameters the first and the second optimizer hold").equals(
            [[0], [1]]
        )
        seen = submission.probe.held(settings, 0.1)
        expect(seen, what="how many parameters the optimizer holds, and the model has").equals([6, 6])


@pytest.mark.step("build_training")
def test_refuses(submission):
    """refuses binary cross-entropy where an output can leave 0 to 1, and nothing else"""
    for settings in (LEAKY | {"loss": "bce"}, ALL | {"output": "leaky_relu"}):
        seen = submission.probe.training_of(settings, 0.1)
        named = {"bce-on-unbounded-output": "nothing was raised"}
        expect(seen, named, what="what was raised").equals("ValueError")
    for settings in (
        LEAKY,
        BASE | {"hidden": "leaky_relu", "loss": "bce"},
        BASE | {"output": "leaky_relu", "optimizer": "adam"},
    ):
        expect(submission.probe.training_of(settings, 0.1), what="what was raised").equals("nothing was raised")


def some_data(rng, train=34, test=23):
    """Return (pixels, labels) to train on and to test on; each sample bears its number in its first pixel."""
    parts = []
    for count, start in ((train, 0), (test, TESTS_FROM)):
        pixels, labels = torch.rand(count, 784, generator=rng), torch.randint(10, (count,), generator=rng)
        # Something to learn: the rows of a label are bright at a place of its own.
        pixels = torch.where(torch.arange(784) // 78 == labels[:, None], pixels, pixels * 0.2)
        pixels[:, 0] = torch.arange(start, start + count) / 1000
        parts.append((pixels, labels))
    return parts


def reach(seen, what, *path):
    """Return the expectation of a part of what came back, and that part as it is."""
    part, raw = expect(seen), seen.value
    for key in path:
        # `item` sees to it that the key is there.
        part, raw = part.item(key, what), raw[key]
    return part, raw


def ask_calls(seen, path, train, test, epochs, batch_size):
    """Ask which samples went through the model, call by call; return the calls that trained."""
    direct = {"calls-forward-directly": lambda count: count > 0}
    expect(seen).item("parts", "the number of layers that were called by themselves", direct).equals(0)
    part, calls = reach(seen, "what went through the model", *path)
    part.satisfies(
        lambda v: all(v) and all(type(n) is int for call in v for n in call), "the model was not called as it should be"
    )
    count, tests = len(train[1]), len(test[1])
    steps = math.ceil(count / batch_size)
    kinds = [[number >= TESTS_FROM for number in call] for call in calls]
    tested = sum(map(sum, kinds))
    learnt = [index for index, kind in enumerate(kinds) if not all(kind)]
    early = any(any(kind) for kind in kinds[: learnt[-1] + 1]) if learnt else False
    require(
        not early and tested <= tests, "the test data go through the model before training is over, or more than once",
        got=f"{tested} test samples", due=f"{tests} test samples, after {epochs * steps} batches to train on",
        misconception="test-set-peeked",
    )  # fmt: skip
    full = count // batch_size
    others = {epochs * full: "last-batch-lost"} if full < steps else {}
    on_train = learnt and tested == 0 and sum(map(len, calls)) > epochs * count
    require(
        len(learnt) == epochs * steps, f"{epochs} epochs are not {len(learnt)} batches of training samples",
        got=f"{len(learnt)} batches", due=f"{epochs * steps} batches",
        misconception="tested-on-training-data" if on_train else others.get(len(learnt)),
    )  # fmt: skip
    last = sorted(number for call in calls[epochs * steps :] for number in call)
    require(
        last == list(range(TESTS_FROM, TESTS_FROM + tests)),
        f"after {epochs * steps} batches to train on, each test sample is to go through the model once",
        got=f"{len(last)} samples",
    )  # fmt: skip
    orders = []
    for epoch in range(epochs):
        batches = calls[epoch * steps : (epoch + 1) * steps]
        orders.append([number for call in batches for number in call])
        full = all(len(call) == batch_size for call in batches[:-1])
        require(
            full and sorted(orders[-1]) == list(range(count)),
            "an epoch does not use each training sample once, in full batches",
        )
    require(orders[0] != list(range(count)), "the training samples are not shuffled")
    again = len({tuple(order) for order in orders}) < epochs
    require(not again, "two epochs have the same order", misconception="same-order-every-epoch")
    return calls[: epochs * steps]


def ask_weights(seen, path, settings):
    """Ask for a list of all parameters; return them as tensors."""
    part, raw = reach(seen, f"the {path[0]} weights", *path)
    part.length(len(shapes(settings)))
    for index, (name, shape) in enumerate(zip(names(settings), shapes(settings), strict=True)):
        part.item(index, name).shape(*shape).dtype(torch.float32).finite()
    return [tensor.data for tensor in raw]


def trained(settings, weights, train, calls, lr, *, clear=True):
    """Return the weights after training on these samples, from these weights."""
    parameters = [each.clone().requires_grad_() for each in weights]
    sgd = settings["optimizer"] == "sgd"
    optimizer = torch.optim.SGD(parameters, lr=lr) if sgd else torch.optim.Adam(parameters)
    loss_function = nn.functional.mse_loss if settings["loss"] == "mse" else nn.functional.binary_cross_entropy
    for call in calls:
        if clear:
            optimizer.zero_grad()
        loss_function(forward(settings, parameters, train[0][call]), one_hot(train[1][call])).backward()
        optimizer.step()
    return [parameter.detach() for parameter in parameters]


def accuracies(settings, weights, test):
    """Return the least and the greatest accuracy that rounding can make of these weights."""
    scores = forward(settings, weights, test[0])
    at_label = scores.gather(1, test[1][:, None])
    rest = scores.scatter(1, test[1][:, None], -torch.inf).amax(1, keepdim=True)
    gaps = at_label - rest
    return [float((gaps > limit).float().mean()) for limit in (1e-5, -1e-5)]


def ask_modes(seen, trained_in):
    """Ask how the model was when the test samples went through, after so many calls that trained it."""
    named = {
        "no-grad-means-eval": lambda got: all(each == [True, False] for each in got[trained_in:]),
        "eval-means-no-grad": lambda got: all(each == [False, True] for each in got[trained_in:]),
    }
    what = "whether the model is in train mode, and whether a graph is recorded, call by call"
    expect(seen).item("modes", what, named).satisfies(
        lambda got: all(each == [False, False] for each in got[trained_in:]),
        "the test samples do not go through in eval mode and without a graph", due="False and False when testing",
    )  # fmt: skip


def ask_accuracy(part, settings, weights, test):
    """Ask for the accuracy of these weights."""
    low, high = accuracies(settings, weights, test)
    part.is_a(float).satisfies(
        lambda v: low - 1e-6 <= v <= high + 1e-6, "the accuracy is not that of the trained model", due=f"{low:.4g}"
    )


@pytest.mark.step("run_rung")
def test_trains(submission, rng, device):
    """trains each epoch on every sample in a new order, then tests once"""
    cases = ((BASE, 2, 10, 0.5), (LEAKY | {"layer_norm": True}, 3, 17, 0.02), (BASE | {"loss": "bce"}, 2, 12, 0.3))
    for settings, epochs, batch_size, lr in cases:
        train, test = some_data(rng)
        seen = submission.probe.rung(settings, train, test, device, 3, epochs, batch_size, lr, 0)
        calls = ask_calls(seen, ("calls",), train, test, epochs, batch_size)
        first = ask_weights(seen, ("first",), settings)
        ask_weights(seen, ("last",), settings)
        ask_modes(seen, len(calls))
        last = expect(seen).item("last")
        due = trained(settings, first, train, calls, lr)
        missing = trained(settings, first, train, calls, lr, clear=False)
        for index, name in enumerate(names(settings)):
            last.item(index, f"{name} after training", {"zero-grad-missing": missing[index]}).values(due[index])
        ask_accuracy(expect(seen).item("accuracy", "the accuracy", PERCENT), settings, due, test)


@pytest.mark.step("run_rung")
def test_trains_all_together(submission, rng, device):
    """trains the last rung of the ladder too, and returns its accuracy"""
    train, test = some_data(rng)
    seen = submission.probe.rung(ALL, train, test, device, 4, 3, 10, 0.1, 0)
    calls = ask_calls(seen, ("calls",), train, test, 3, 10)
    first, after = ask_weights(seen, ("first",), ALL), ask_weights(seen, ("last",), ALL)
    # Adam divides by the size of a gradient, so that noise decides where it is nearly 0: not so at the last bias.
    expect(seen).item("last").item(-1, "the last bias after training").values(
        trained(ALL, first, train, calls, 0.1)[-1]
    )
    ask_accuracy(expect(seen).item("accuracy", "the accuracy", PERCENT), ALL, after, test)


@pytest.mark.step("run_rung")
def test_seed_decides(submission, rng, device):
    """begins with the same weights and the same order for the same seed, whatever ran before"""
    train, test = some_data(rng, 20, 5)
    firsts, orders = [], []
    for seed, drawn in ((7, 0), (7, 5), (8, 0)):
        seen = submission.probe.rung(BASE, train, test, device, seed, 1, 20, 0.1, drawn)
        orders.append(ask_calls(seen, ("calls",), train, test, 1, 20))
        firsts.append(ask_weights(seen, ("first",), BASE))
    same = [all(map(torch.equal, firsts[0], other)) for other in firsts[1:]]
    require(
        same[0] and orders[0] == orders[1], "two runs with one seed begin with other weights, or another order",
        misconception="same-seed-not-reset",
    )  # fmt: skip
    require(not same[1] and orders[0] != orders[2], "two seeds lead to the same weights or the same order")


@pytest.mark.step("run_rung")
def test_rung_on_device(submission, rng):
    """trains on the device that it is given"""
    train, test = some_data(rng, 8, 4)
    seen = expect(submission.probe.place(BASE, train, test, META))
    named = {"hard-coded-device": lambda places: any("cpu" in each for each in places)}
    calls = seen.item("calls", "the devices of each batch, and of the model", named)
    calls.satisfies(
        lambda places: places and all(each == ["meta", "meta"] for each in places), "not all of it is there", due="meta"
    )
    met = seen.item("losses", "the devices of what meets in the loss", named)
    met.satisfies(lambda places: all(each == ["meta", "meta"] for each in places), "not all of it is there", due="meta")
    seen.item("mixed", "whether devices were mixed", {"hard-coded-device": True}).equals(False)


@pytest.mark.step("climb")
def test_table(submission, rng, device):
    """lists the accuracy of every rung, each a run of its own"""
    ladder = {"third": LEAKY, "first": BASE, "best": ALL, "with norm": LEAKY | {"layer_norm": True}}
    train, test = some_data(rng)
    seen = submission.probe.ladder(ladder, train, test, device, 5, 2, 12, 0.1, TESTS_FROM)
    table = expect(seen).item("table", "the table").length(2)
    table.item("rung", 'the column "rung"').equals(list(ladder))
    accuracy = table.item("accuracy", 'the column "accuracy"').length(4)
    for part in ("calls", "first", "last"):
        expect(seen).item(part, "the runs of the climb").length(4)
    begins = []
    for index, (name, settings) in enumerate(ladder.items()):
        calls = ask_calls(seen, ("calls", index), train, test, 2, 12)
        layers = []
        for at, shape in enumerate(((200, 784), (10, 200))):
            part, raw = reach(seen, f"the linear layers that {name!r} begins with", "first", index, at)
            part.shape(*shape).finite()
            layers.append(raw.data)
        begins.append([calls, *layers])
        moved = ask_weights(seen, ("last", index), settings)
        learnt = not torch.equal(moved[-2], layers[1])
        require(learnt, f"the model of {name!r} has not learnt anything", misconception="optimizer-reused")
        ask_accuracy(accuracy.item(index, f"the accuracy of {name!r}", PERCENT), settings, moved, test)
    for calls, *layers in begins[1:]:
        equal = calls == begins[0][0] and all(map(torch.equal, layers, begins[0][1:]))
        require(equal, "the rungs do not begin alike", misconception="same-seed-not-reset")
