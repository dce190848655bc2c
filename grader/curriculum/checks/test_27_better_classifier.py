"""Hidden checks of 27: each rung is what its settings say, and all rungs are measured under equal conditions."""

import math
import re

import pytest
import torch
from torch import nn

from grader.compare import expect, how_many, require

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
PERCENT = {
    "percent-for-share": lambda value: value > 1,
    "scalar-tensor-not-number": lambda value: hasattr(value, "requires_grad") and tuple(value.shape) == (),
}
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
    if name == "none":
        return x
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
        elif settings["layer_norm"] and norm == "batch":
            x = nn.functional.batch_norm(x, None, None, weights[2], weights[3], training=True)
    return activate(settings["output"], x @ weights[-2].T + weights[-1], slope)


def one_hot(labels):
    """Return float32 targets (B, 10) for labels (B,)."""
    return nn.functional.one_hot(labels, 10).to(torch.float32)


def some_weights(rng, settings):
    """Return random weights for every parameter."""
    return [
        torch.randn(shape, generator=rng) / math.sqrt(shape[-1] if len(shape) > 1 else 20) for shape in shapes(settings)
    ]


def alike(found, expected):
    """Whether two tensors have the same shape, and values that differ by rounding only."""
    return found.shape == expected.shape and torch.allclose(found, expected, rtol=1e-4, atol=1e-5)


def of_other_settings(seen, settings, inputs, *keys):
    """Whether a net is the one of other settings: of those that differ in one of these keys."""
    weights, found = [each.data for each in seen.value["weights"]], seen.value["outputs"][0].data
    for key in keys:
        other = settings | {
            key: {"sigmoid": "leaky_relu", "leaky_relu": "sigmoid"}.get(settings[key], not settings[key])
        }
        if [tuple(each.shape) for each in weights] == shapes(other) and alike(found, forward(other, weights, inputs)):
            return True
    return False


@pytest.mark.step("build_model")
def test_outputs(submission, rng):
    """builds the net that the settings ask for"""
    for settings in MODELS:
        weights, inputs = some_weights(rng, settings), torch.rand(3, 784, generator=rng)
        seen = submission.probe.outputs(settings, weights, [inputs])
        expected = [list(shape) for shape in shapes(settings)]
        named = {
            "list-hides-layers": lambda found, seen=seen: found == [] and seen.value["hidden"],
            "layers-built-in-forward": lambda found, seen=seen, expected=expected: (
                len(found) < len(expected) and seen.value["made"]
            ),
            "argument-ignored": lambda _, seen=seen, settings=settings, inputs=inputs: of_other_settings(
                seen, settings, inputs, "layer_norm"
            ),
            "results-in-another-order": lambda found, expected=expected: sorted(found) == sorted(expected),
        }
        expect(seen).item("shapes", "the list of the parameters' shapes", named).equals(expected)
        named = {}
        if "leaky_relu" in settings.values():
            named["default-slope-kept"] = forward(settings, weights, inputs, slope=0.01)
        if settings["layer_norm"]:
            named["norm-before-activation"] = forward(settings, weights, inputs, norm="before")
            named["statistics-of-the-batch"] = forward(settings, weights, inputs, norm="batch")
        elif settings["output"] == "sigmoid":
            scores = forward(settings | {"output": "none"}, weights, inputs)
            named |= {"scores-without-sigmoid": scores, "softmax-for-sigmoid": scores.softmax(1)}
        named["argument-ignored"] = lambda _, seen=seen, settings=settings, inputs=inputs: of_other_settings(
            seen, settings, inputs, "hidden", "output"
        )
        expected = forward(settings, weights, inputs)
        expect(seen).item("outputs").item(0, "the output of the net", named).tensor(expected)
    settings, row = LEAKY | {"layer_norm": True}, torch.rand(1, 784, generator=rng)
    weights, alone = some_weights(rng, settings), {"squeezed-too-far": lambda found: tuple(found.shape) == (10,)}
    outputs = expect(submission.probe.outputs(settings, weights, [row])).item("outputs")
    outputs.item(0, "the output of the net for a single row", alone).tensor(forward(settings, weights, row))


@pytest.mark.step("build_model")
def test_parameters(submission):
    """initialises the parameters as torch does it, in order"""
    for settings in (BASE, ALL):
        weights = expect(submission.probe.initial(settings), what="the list of parameters")
        weights.length(len(shapes(settings)))
        for index, (name, shape) in enumerate(zip(names(settings), shapes(settings), strict=True)):
            part = weights.item(index, name).shape(*shape).on("cpu").finite()
            if name.startswith("the norm"):
                part.values(torch.ones(200) if "weight" in name else torch.zeros(200))
            else:
                bound = (784 if "first" in name else 200) ** -0.5
                part.satisfies(
                    lambda t, bound=bound: bound / 2 < t.data.abs().max() <= bound,
                    f"{name} is not initialised as nn.Linear does it", expected=f"numbers within ±{bound:.3g}",
                )  # fmt: skip


@pytest.mark.step("build_model")
def test_built_twice(submission):
    """makes a new model each time, with weights of its own"""
    seen = submission.probe.built_twice(ALL)
    shared = expect(seen).item("shared", lookalikes={"state-between-calls": True})
    shared.is_false("a second model has the same parameters as the first")
    alike = expect(seen).item("alike", lookalikes={"reseeded-at-each-call": True})
    alike.is_false("a second model starts with the same weights as the first")


def names_of_crossed(found, expected, others):
    """Name what was made for two settings in turn: both exchanged, or one of them in place of both."""
    wrong = [not alike(a, b) for a, b in zip(found, expected, strict=True)]
    other = [alike(a, b) for a, b in zip(found, others, strict=True)]
    return {"sides-swapped": lambda _: all(other), "argument-ignored": lambda _: wrong == other and sum(wrong) == 1}


@pytest.mark.step("build_training")
def test_losses(submission, rng, device):
    """makes the loss function that the settings ask for"""
    functions = {"mse": nn.functional.mse_loss, "bce": nn.functional.binary_cross_entropy}
    for optimizer in ("sgd", "adam"):
        seens, values, grads, others, named = [], [], [], [], []
        for loss, other in (("mse", "bce"), ("bce", "mse")):
            outputs = (torch.rand(4, 10, generator=rng) * 0.8 + 0.1).requires_grad_()
            targets = one_hot(torch.randint(10, (4,), generator=rng))
            settings = BASE | {"loss": loss, "optimizer": optimizer}
            seens.append(submission.probe.loss(settings, outputs.detach(), targets))
            kinds = {"results-in-another-order": ["optimizer", "module"]}
            expect(seens[-1]).item("kinds", "the list of the kinds of what was returned", kinds).equals(
                ["module", "optimizer"]
            )
            values.append(functions[loss](outputs, targets))
            grads.append(torch.autograd.grad(values[-1], outputs)[0])
            others.append(functions[other](outputs, targets).detach())
            twice = nn.functional.binary_cross_entropy_with_logits(outputs, targets).detach()
            named.append({"probabilities-into-logits": twice} if loss == "bce" else {})
            named[-1] |= {"mean-vs-sum": values[-1].detach() * 40, "loss-per-row": lambda v: v.shape != ()}
        found = [seen.value["value"].data for seen in seens if "value" in seen.value]
        crossed = names_of_crossed(found, [value.detach() for value in values], others) if len(found) == 2 else {}
        for seen, value, grad, known in zip(seens, values, grads, named, strict=True):
            expect(seen).item("value", "the loss", known | crossed).tensor(value.detach(), device=device)
            expect(seen).item("grad", "the gradient of the outputs").tensor(grad, device=device)


@pytest.mark.step("build_training")
def test_optimizers(submission, rng, device):
    """makes the optimizer that the settings ask for, with its learning rate"""
    for lr in (0.3, 0.07):
        seens, dues, others, named = [], [], [], []
        for name, other in (("sgd", "adam"), ("adam", "sgd")):
            # Gradients that shrink: what was large once is to be forgotten.
            weight = torch.randn(3, 4, generator=rng)
            gradients = torch.randn(3, 3, 4, generator=rng) * torch.tensor([3.0, 1.0, 0.3])[:, None, None]
            seens.append(submission.probe.stepped(BASE | {"optimizer": name}, weight, list(gradients), lr))
            dues.append(stepped(name, weight, gradients, lr))
            others.append(stepped(other, weight, gradients, lr))
            if name == "adam":
                named.append({
                    "adam-given-the-rate-of-sgd": stepped("adam", weight, gradients, lr, lr),
                    "another-update-rule": stepped("adamw", weight, gradients, lr),
                })  # fmt: skip
            else:
                usual = [stepped("sgd", weight, gradients, rate) for rate in (1e-4, 1e-3, 0.01, 0.1, 1.0)]
                named.append({
                    "step-uphill": stepped("sgd", weight, gradients, -lr),
                    "another-update-rule": stepped("momentum", weight, gradients, lr),
                    "hard-coded-hyperparameters": lambda v, usual=usual: any(alike(v.data, each) for each in usual),
                })  # fmt: skip
        crossed = names_of_crossed([seen.value.data for seen in seens], dues, others)
        for seen, expected, known in zip(seens, dues, named, strict=True):
            expect(seen, known | crossed, what="the weight after three steps").tensor(expected, device=device)


def stepped(name, weight, gradients, lr, adam_lr=0.001):
    """Return the weight after a step along each gradient."""
    weight = weight.clone().requires_grad_()
    makers = {
        "sgd": lambda: torch.optim.SGD([weight], lr=abs(lr)),
        "momentum": lambda: torch.optim.SGD([weight], lr=abs(lr), momentum=0.9),
        "adam": lambda: torch.optim.Adam([weight], lr=adam_lr),
        "adamw": lambda: torch.optim.AdamW([weight], lr=adam_lr),
    }
    optimizer = makers[name]()
    for gradient in gradients:
        weight.grad = gradient.clone() if lr > 0 else -gradient
        optimizer.step()
    return weight.detach()


@pytest.mark.step("build_training")
def test_own_optimizer(submission):
    """makes an optimizer for each model, over all its parameters"""
    for settings in (ALL, BASE | {"layer_norm": True}):
        seen = submission.probe.made_twice(settings, 0.1)
        named = {"optimizer-reused": [[0], [0]], "optimizer-over-wrong-net": [[-1], [-1]]}
        expect(seen, named).satisfies(
            lambda owners: owners == [[0], [1]], "an optimizer does not hold the parameters of its own model alone",
            got="",
        )  # fmt: skip
        seen = submission.probe.held(settings, 0.1)
        named = {"frozen-left-out": [5, 6], "weight-not-updated": lambda found: 0 < found[0] < found[1]}
        expect(seen, named).satisfies(
            lambda found: found == [6, 6], "the optimizer does not hold each parameter of the model",
            got=lambda found: f"{found[0]} of {found[1]}", expected="6 of 6",
        )  # fmt: skip


@pytest.mark.step("build_training")
def test_refuses(submission):
    """raises ValueError for binary cross-entropy where an output can leave 0 to 1, and for nothing else"""
    refused = (LEAKY | {"loss": "bce"}, ALL | {"output": "leaky_relu"}, BASE | {"output": "leaky_relu", "loss": "bce"})
    taken = (
        LEAKY,
        BASE | {"hidden": "leaky_relu", "loss": "bce"},
        BASE | {"output": "leaky_relu", "optimizer": "adam"},
        BASE | {"loss": "bce"},
        BASE,
    )
    quiet, expected = "nothing was raised", ["ValueError"] * len(refused) + ["nothing was raised"] * len(taken)
    seens = [submission.probe.training_of(settings, 0.1) for settings in refused + taken]
    found = [seen.value for seen in seens]
    right = found[len(refused) :] == [quiet] * len(taken)
    named = {
        "bce-on-unbounded-output": lambda _: right and all(each == quiet for each in found[: len(refused)]),
        "exception-kept-back": lambda each: right and each.endswith("was returned"),
        "harmless-refused": lambda _: (
            "ValueError" in found[len(refused) :] and (quiet not in found[: len(refused)] or found[-4] != quiet)
        ),
        "another-error-raised": lambda _: right and not {"ValueError", quiet} & set(found[: len(refused)]),
    }
    for seen, each in zip(seens, expected, strict=True):
        expect(seen, named, what="the outcome for these settings").equals(each)


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


def reach(seen, what, *path, named=None):
    """Return the expectation of a part of what came back, and that part as it is."""
    part, raw = expect(seen), seen.value
    for key in path:
        # `item` sees to it that the key is there.
        part, raw = part.item(key, what, named), raw[key]
    return part, raw


def ask_calls(seen, path, train, test, epochs, batch_size):
    """Ask which samples went through the model, call by call; return the calls that trained."""
    direct = {"calls-forward-directly": lambda count: count > 0}
    expect(seen).item("parts", "the number of layers that were called without the model", direct).equals(0)
    part, calls = reach(seen, "the list of batches that went through the model", *path)
    part.satisfies(
        lambda v: all(v) and all(type(n) is int for call in v for n in call),
        "the model was not called with a batch of the samples",
    )
    scaled = {"pixels-scaled": lambda value: 0 < value < 0.005}
    dimmest = expect(seen).item("dimmest", "the brightest pixel of the darkest batch", scaled)
    said = "the pixels were scaled before they reached the model"
    dimmest.satisfies(lambda value: 0.5 < value <= 1.0, said, expected="nearly 1")
    count, tests = len(train[1]), len(test[1])
    steps = math.ceil(count / batch_size)
    kinds = [[number >= TESTS_FROM for number in call] for call in calls]
    tested = sum(map(sum, kinds))
    learnt = [index for index, kind in enumerate(kinds) if not all(kind)]
    early = any(any(kind) for kind in kinds[: learnt[-1] + 1]) if learnt else False
    require(
        not early and tested <= tests, "test samples went through the model before the end of training, or twice",
        got=how_many(tested, "test sample"), expected=how_many(tests, "test sample") + ", after training",
        misconception="test-set-peeked",
    )  # fmt: skip
    require(
        len(learnt) == epochs * steps, f"training took the wrong number of batches for {how_many(epochs, 'epoch')}",
        got=how_many(len(learnt), "batch"), expected=how_many(epochs * steps, "batch"),
        misconception=name_of_batches(calls, learnt, tested, count, epochs, batch_size),
    )  # fmt: skip
    last = sorted(number for call in calls[epochs * steps :] for number in call)
    sizes = {len(call) for call in calls[epochs * steps :]}
    lost = len(sizes) == 1 and 0 < tests - len(last) < max(sizes)
    require(
        last == list(range(TESTS_FROM, TESTS_FROM + tests)),
        "after training, not every test sample went through the model exactly once",
        got=how_many(len(last), "sample"), expected=how_many(tests, "sample"),
        misconception="last-batch-lost" if lost else None,
    )  # fmt: skip
    orders = []
    for epoch in range(epochs):
        batches = calls[epoch * steps : (epoch + 1) * steps]
        orders.append([number for call in batches for number in call])
        full = all(len(call) == batch_size for call in batches[:-1])
        neighbours = all(call == list(range(call[0], call[0] + len(call))) for call in batches)
        moved = sorted(orders[-1]) == list(range(count)) and orders[-1] != list(range(count))
        named = {
            "batches-shuffled-not-items": steps > 1 and moved and neighbours,
            "drawn-with-replacement": len(orders[-1]) == count > len(set(orders[-1])),
        }
        require(
            full and sorted(orders[-1]) == list(range(count)) and not named["batches-shuffled-not-items"],
            "an epoch did not use each training sample once, in full batches and in a new order",
            misconception=next((name for name, fits in named.items() if fits), None),
        )
    every = all(order == list(range(count)) for order in orders)
    require(
        orders[0] != list(range(count)), "the training samples were not shuffled",
        misconception="not-shuffled" if every and steps > 1 else None,
    )  # fmt: skip
    again = len({tuple(order) for order in orders}) < epochs
    require(not again, "two epochs had the same order", misconception="same-order-every-epoch")
    return calls[: epochs * steps]


def name_of_batches(calls, learnt, tested, count, epochs, batch_size):
    """Name why training has not the batches that are due, or return None."""
    steps, full = math.ceil(count / batch_size), count // batch_size
    if learnt and tested == 0 and sum(map(len, calls)) > epochs * count:
        return "tested-on-training-data"
    if not learnt and full == 0:
        return None  # no batch was full, and no epoch may have begun: both come to nothing
    if full < steps and len(learnt) == epochs * full:
        return "last-batch-lost"
    numbers = [number for index in learnt for number in calls[index]]
    passes = [sorted(numbers[start : start + count]) for start in range(0, len(numbers), count)]
    if any(each != list(range(count)) for each in passes):
        return None
    # Whole passes over the data: more or fewer than asked for, or cut into batches of another size.
    if len(passes) != epochs:
        sizes = [min(batch_size, count), count - batch_size * (steps - 1)]
        return "another-number-of-steps" if all(len(calls[index]) in sizes for index in learnt) else None
    return "argument-ignored" if batch_size not in {len(calls[index]) for index in learnt} else None


def ask_weights(seen, path, settings):
    """Ask for a list of all parameters; return them as tensors."""
    other = shapes(settings | {"layer_norm": not settings["layer_norm"]})
    named = {"argument-ignored": lambda found: [tuple(each.shape) for each in found] == other}
    part, raw = reach(seen, f"the list of the {path[0]} weights", *path, named=named)
    part.length(len(shapes(settings)))
    for index, (name, shape) in enumerate(zip(names(settings), shapes(settings), strict=True)):
        part.item(index, name).shape(*shape).dtype(torch.float32).finite()
    return [tensor.data for tensor in raw]


def trained(settings, weights, train, calls, lr, *, clear=True, targets=one_hot):
    """Return the weights after training on these samples, from these weights."""
    parameters = [each.clone().requires_grad_() for each in weights]
    sgd = settings["optimizer"] == "sgd"
    optimizer = torch.optim.SGD(parameters, lr=lr) if sgd else torch.optim.Adam(parameters)
    loss_function = nn.functional.mse_loss if settings["loss"] == "mse" else nn.functional.binary_cross_entropy
    for call in calls:
        if clear:
            optimizer.zero_grad()
        loss_function(forward(settings, parameters, train[0][call]), targets(train[1][call])).backward()
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
    expect(seen).item("modes", lookalikes=named).satisfies(
        lambda got: all(each == [False, False] for each in got[trained_in:]),
        "test samples went through the model in train mode, or with a graph",
        got=lambda got: run_in(next((each for each in got[trained_in:] if each != [False, False]), None)),
        expected=run_in([False, False]),
    )  # fmt: skip


def run_in(noted):
    """Return in words how the model was run."""
    training, recorded = noted
    return f"a run in {'train' if training else 'eval'} mode, {'with' if recorded else 'without'} a graph"


def ask_accuracy(part, settings, weights, test):
    """Ask for the accuracy of these weights."""
    low, high = accuracies(settings, weights, test)
    part.is_a(float).satisfies(
        lambda v: low - 1e-6 <= v <= high + 1e-6, "the accuracy is not that of the trained model", expected=f"{low:.4g}"
    )


def by_batch(settings, weights, test, batches):
    """Return the mean of the accuracies of these batches of test samples."""
    rows = [[number - TESTS_FROM for number in batch] for batch in batches]
    each = [accuracies(settings, weights, [part[numbers] for part in test])[0] for numbers in rows]
    return sum(each) / len(each)


def names_of_weights(settings, first, last, train, calls, lr, seen):
    """Return lookalikes of the weights after training."""
    other = settings | {"loss": "bce" if settings["loss"] == "mse" else "mse"}

    def ends_as(*, of=settings, rate=lr, **kwargs):
        return all(map(alike, last, trained(of, first, train, calls, rate, **kwargs)))

    named = {
        "zero-grad-missing": lambda _: ends_as(clear=False),
        "target-softened": lambda _: ends_as(targets=lambda labels: one_hot(labels) * 0.98 + 0.01),
        "one-hot-vs-index": lambda _: (
            settings["loss"] == "mse" and ends_as(targets=lambda labels: labels[:, None].float().expand(-1, 10))
        ),
        "argument-ignored": lambda _: settings["output"] == "sigmoid" and ends_as(of=other),
        "hard-coded-hyperparameters": lambda _: any(ends_as(rate=rate) for rate in (1e-3, 0.01, 0.1, 1.0)),
    }
    kept = all(map(torch.equal, first, last))
    named["zero-after-backward"] = lambda _: seen.value["unused"] and kept
    named["nothing-was-recorded"] = lambda _: seen.value["lost"] and kept
    return named


@pytest.mark.step("run_rung")
def test_trains(submission, rng, device):
    """trains each epoch on every sample in a new order, then tests once"""
    cases = ((BASE, 2, 10, 0.5), (LEAKY | {"layer_norm": True}, 3, 17, 0.02), (BASE | {"loss": "bce"}, 2, 11, 0.3))
    for settings, epochs, batch_size, lr in cases:
        train, test = some_data(rng)
        submission.recognise({"classes-from-labels": targets_too_short, "argmax-wrong-dim": guesses_of_classes})
        seen = submission.probe.rung(settings, train, test, device, 3, epochs, batch_size, lr, 0)
        calls = ask_calls(seen, ("calls",), train, test, epochs, batch_size)
        swapped = expect(seen).item("swapped", "the number of times that the loss function got the targets first",
            {"arguments-swapped": lambda count: count > 0})  # fmt: skip
        swapped.equals(0)
        first = ask_weights(seen, ("first",), settings)
        ends = ask_weights(seen, ("last",), settings)
        ask_modes(seen, len(calls))
        last = expect(seen).item("last")
        expected = trained(settings, first, train, calls, lr)
        known = names_of_weights(settings, first, ends, train, calls, lr, seen)
        for index, name in enumerate(names(settings)):
            last.item(index, f"{name} after training", known).values(expected[index])
        batches = seen.value["calls"][len(calls) :]
        uneven = {
            "accuracy-by-batch": lambda value, of=settings, expected=expected, test=test, batches=batches: (
                abs(value - by_batch(of, expected, test, batches)) < 1e-5
            )
        }
        ask_accuracy(expect(seen).item("accuracy", "the accuracy", PERCENT | uneven), settings, expected, test)


def targets_too_short(error):
    """Whether outputs for ten classes met targets for fewer, but for more than one."""
    sizes = re.search(r"a \(10\) must match the size of tensor b \((\d+)\) at non-singleton dimension 1", error.message)
    sizes = sizes or re.search(
        r"size \(torch\.Size\(\[\d+, (\d+)\]\)\) that is different to the input size", error.message
    )
    return bool(sizes) and 1 < int(sizes[1]) < 10


def guesses_of_classes(error):
    """Whether one number for each class met one for each sample."""
    sizes = re.search(r"a \((\d+)\) must match the size of tensor b \((\d+)\) at non-singleton dim\w+ 0", error.message)
    return bool(sizes) and "10" in sizes.groups()


@pytest.mark.step("run_rung")
def test_no_epoch_less(submission, rng, device):
    """trains to the last epoch, also where little is left to learn"""
    train, test = some_data(rng, 16, 5)
    train[1].fill_(3)
    settings = LEAKY | {"layer_norm": True}
    seen = submission.probe.rung(settings, train, test, device, 3, 30, 8, 0.01, 0)
    ask_calls(seen, ("calls",), train, test, 30, 8)


@pytest.mark.step("run_rung")
def test_trains_all_together(submission, rng, device):
    """trains the last rung of the ladder, too, and returns its accuracy"""
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
    """starts with the same weights and the same order for the same seed, whatever ran before"""
    train, test = some_data(rng, 20, 5)
    firsts, orders = [], []
    for seed, drawn in ((7, 0), (7, 5), (8, 0)):
        seen = submission.probe.rung(BASE, train, test, device, seed, 1, 32, 0.1, drawn)
        orders.append(ask_calls(seen, ("calls",), train, test, 1, 32))
        firsts.append(ask_weights(seen, ("first",), BASE))
    same = [all(map(torch.equal, firsts[0], other)) for other in firsts[1:]]
    require(
        same[0] and orders[0] == orders[1], "two runs with the same seed differ in their first weights or their order",
        misconception="same-seed-not-reset",
    )  # fmt: skip
    require(
        not same[1] and orders[0] != orders[2], "different seeds lead to the same first weights or the same order",
        misconception="argument-ignored",
    )  # fmt: skip


@pytest.mark.step("run_rung")
def test_rung_on_device(submission, rng):
    """trains on the device that it is given"""
    train, test = some_data(rng, 8, 4)
    seen = expect(submission.probe.place(BASE, train, test, META))
    named = {"hard-coded-device": lambda places: any("cpu" in each for each in places)}
    calls = seen.item("calls", lookalikes=named)
    calls.satisfies(
        lambda places: places and all(each == ["meta", "meta"] for each in places),
        "the model was not called, or not with model and batch on the device that was given", got="",
    )  # fmt: skip
    met = seen.item("losses", lookalikes=named)
    said = "outputs and targets did not meet in the loss on the device that was given"
    met.satisfies(lambda places: all(each == ["meta", "meta"] for each in places), said, got="")
    mixed = seen.item("mixed", lookalikes={"hard-coded-device": True})
    mixed.is_false("tensors on different devices were combined")


@pytest.mark.step("climb")
def test_table(submission, rng, device):
    """lists the accuracy of every rung, each a run of its own"""
    ladder = {"third": LEAKY, "first": BASE, "best": ALL, "with norm": LEAKY | {"layer_norm": True}, "as before": BASE}
    train, test = some_data(rng)
    seen = submission.probe.ladder(ladder, train, test, device, 5, 2, 12, 0.1, TESTS_FROM)
    expect(seen).item("kind", "the type of the result").equals("DataFrame")
    untested = not any(number >= TESTS_FROM for run in seen.value["calls"] for call in run for number in call)
    table = (
        expect(seen).item("table", "the table", {"column-taken-for-index": lambda t: [*t] == ["accuracy"]}).length(2)
    )
    named = {
        "state-between-calls": lambda found: found[-len(ladder) :] == list(ladder) and len(found) > len(ladder),
        "argument-ignored": lambda found: found == seen.value["names"],
        "rows-out-of-order": lambda found: found != list(ladder) and sorted(found) == sorted(ladder),
        # Two rungs are the same, so that their rows are equal but for the name.
        "equal-rows-dropped": lambda found: (
            found == [name for name in ladder if name in found] and not {"first", "as before"} <= set(found)
        ),
    }
    table.item("rung", 'the column "rung"', named).equals(list(ladder))
    accuracy = table.item("accuracy", 'the column "accuracy"').length(len(ladder))
    for part in ("calls", "first", "last"):
        expect(seen).item(part, lookalikes={
            "tested-on-training-data": lambda runs: runs and untested,
            "state-between-calls": lambda runs: 0 < len(runs) < len(ladder),
        }).satisfies(
            lambda runs: len(runs) == len(ladder), "not every rung was trained and then tested in a run of its own",
            got=lambda runs: how_many(len(runs), "run"), expected=how_many(len(ladder), "run"),
        )  # fmt: skip
    begins = []
    for index, (name, settings) in enumerate(ladder.items()):
        calls = ask_calls(seen, ("calls", index), train, test, 2, 12)
        layers = []
        for at, shape in enumerate(((200, 784), (10, 200))):
            part, raw = reach(seen, f"the first weight of a linear layer of {name!r}", "first", index, at)
            part.shape(*shape).finite()
            layers.append(raw.data)
        begins.append([calls, *layers])
        moved = ask_weights(seen, ("last", index), settings)
        learnt = not torch.equal(moved[-2], layers[1])
        require(learnt, f"training did not change the model of {name!r}", misconception="optimizer-reused")
        ask_accuracy(accuracy.item(index, f"the accuracy of {name!r}", PERCENT), settings, moved, test)
    for at, layer in enumerate(begins[0][1:]):
        part, raw = reach(seen, "the first weight of a linear layer with another seed", "before", at)
        part.shape(*layer.shape).finite()
        require(
            not torch.equal(raw.data, layer),
            "different seeds lead to the same weights",
            misconception="argument-ignored",
        )
    for calls, *layers in begins[1:]:
        equal = calls == begins[0][0] and all(map(torch.equal, layers, begins[0][1:]))
        said = "the rungs do not all start with the same weights and the same order"
        require(equal, said, misconception="same-seed-not-reset")
