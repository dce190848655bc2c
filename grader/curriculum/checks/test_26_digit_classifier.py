"""Hidden checks of 26: a classifier that learns, records floats, counts samples, and still can be switched to eval."""

import pytest
import torch
from torch import nn

from grader.compare import close, expect, near, tolerance
from grader.curriculum.checks._digits import real_digits

SHAPES = [(200, 784), (200,), (10, 200), (10,)]
NAMES = ("the first weight", "the first bias", "the last weight", "the last bias")
META = torch.device("meta")


def some_weights(rng):
    """Return weights for all four parameters, as large as nn.Linear makes them."""
    return [
        (torch.rand(shape, generator=rng) - 0.5) * 2 / size**0.5
        for shape, size in zip(SHAPES, (784, 784, 200, 200), strict=True)
    ]


def one_hot(labels):
    """Return float32 targets (B, 10) for labels (B,)."""
    return nn.functional.one_hot(labels, 10).to(torch.float32)


def forward(weights, inputs):
    """Return the scores of the net 784-200-10."""
    hidden = torch.sigmoid(inputs @ weights[0].T + weights[1])
    return torch.sigmoid(hidden @ weights[2].T + weights[3])


def summed(outputs, targets):
    """Return the squared errors, added up."""
    return nn.functional.mse_loss(outputs, targets, reduction="sum")


def learnt(
    weights, batches, lr, *, garbage=None, late=False, loss_function=nn.functional.mse_loss, decay=0.0, momentum=0.0
):
    """Return weights and losses after learning each batch; with garbage, gradients are cleared never, or too late."""
    parameters = [each.clone().requires_grad_() for each in weights]
    optimizer = torch.optim.SGD(parameters, lr=lr, weight_decay=decay, momentum=momentum)
    for index, parameter in enumerate(parameters):
        parameter.grad = None if garbage is None else torch.full_like(parameter, garbage + index)
    losses = []
    for inputs, targets in batches:
        if garbage is None:
            optimizer.zero_grad()
        loss = loss_function(forward(parameters, inputs), targets)
        loss.backward()
        optimizer.step()
        if late:
            optimizer.zero_grad()
        losses.append(loss.item())
    return [parameter.detach() for parameter in parameters], losses


def compare_weights(weights, expected, device, lookalikes=None, late=None):
    """Ask an expectation of a list for these weights; `lookalikes` maps misconceptions to other lists.

    `late`: the weights when gradients are cleared after each step only, which is the same misconception as never.
    """
    weights.length(4)
    for index, name in enumerate(NAMES):
        named = {each: values[index] for each, values in (lookalikes or {}).items()}
        if late is not None:
            never, after = named.pop("zero-grad-missing"), late[index]
            named["zero-grad-missing"] = lambda t, ways=(never, after): any(close_to(t.data, way) for way in ways)
        weights.item(index, name, named).tensor(expected[index], device=device)


@pytest.mark.step("DigitClassifier")
def test_made(submission, device):
    """makes the four parameters on the device, and an optimizer over them"""
    for lr in (None, 0.3):
        seen = submission.probe.facts(device, lr)
        expect(seen).item("shapes", "the list of the parameters' shapes").equals(SHAPES)
        ask_held(seen, {})
        ignored = {} if lr is None else {"argument-ignored": 0.01}
        expect(seen).item("lr", "the optimizer's learning rate", ignored).equals(0.01 if lr is None else lr)
        expect(seen).item("counter", "counter").equals(0)
        expect(seen).item("progress", "progress").equals([])


def ask_held(seen, named):
    """Ask that the optimizer holds the classifier's own parameters."""
    expect(seen).item("held", lookalikes=named).satisfies(
        lambda held: held == "yes", "the optimizer does not hold the parameters of the classifier",
        got=lambda held: "other tensors" if held == "others" else f"{held} parameters", expected="all 4 parameters",
    )  # fmt: skip


@pytest.mark.step("DigitClassifier")
def test_initialised(submission, device):
    """initialises its layers as nn.Linear does"""
    weights = expect(submission.probe.initial(device), what="the list of parameters").length(4)
    for index, (name, size) in enumerate(zip(NAMES, (784, 784, 200, 200), strict=True)):
        bound = size**-0.5
        part = weights.item(index, name).shape(*SHAPES[index]).finite()
        part.satisfies(
            lambda t, bound=bound: t.data.abs().max() <= bound and t.data.abs().max() > bound / 2,
            f"{name} is not initialised as nn.Linear does it", expected=f"numbers within ±{bound:.3g}",
        )  # fmt: skip


@pytest.mark.step("DigitClassifier")
def test_twins(submission, device):
    """makes each classifier with weights and a record of its own"""
    seen = submission.probe.twins(device)
    alike = expect(seen).item("alike", lookalikes={"seeded-inside": True})
    alike.is_false("two classifiers start with the same weights")
    shared = {"record-shared-by-all": [0.25]}
    expect(seen).item("progress", "progress of a classifier that has not learnt anything", shared).equals([])


@pytest.mark.step("DigitClassifier")
def test_made_on_device(submission):
    """makes the parameters on the device that it is given, before the optimizer"""
    seen = submission.probe.facts(META, 0.1)
    named = {"hard-coded-device": ["cpu"] * 4}
    expect(seen).item("devices", "the list of the parameters' device types", named).equals(["meta"] * 4)
    ask_held(seen, {"optimizer-before-move": "others"})


@pytest.mark.step("DigitClassifier")
def test_forward(submission, rng, device):
    """returns a score from 0 to 1 for each digit"""
    for rows in (3, 1):
        weights, inputs = some_weights(rng), torch.rand(rows, 784, generator=rng)
        expected = forward(weights, inputs)
        named = {
            "scores-without-sigmoid": expected.logit(),
            "softmax-for-sigmoid": expected.logit().softmax(1),
            "squeezed-too-far": lambda t, rows=rows: rows == 1 and t.shape == (10,),
        }
        expect(submission.probe.scores(weights, inputs, device), named).tensor(expected, device=device)


@pytest.mark.step("DigitClassifier")
def test_switches(submission, device):
    """can be switched between train and eval mode like every module"""
    seen = submission.probe.modes(device)
    for name in ("eval()", "train()", "eval() of a module around it", "train(True) of a module around it"):
        named = {"train-shadows-module-train": lambda v: v is False or v == "TypeError"}
        expect(seen).item(name, lookalikes=named).satisfies(
            lambda switched: switched is True, f"{name} did not switch the classifier's mode",
            got=lambda switched: switched if isinstance(switched, str) else "",
        )  # fmt: skip


@pytest.mark.step("DigitClassifier")
def test_learns(submission, rng, device):
    """takes right steps, whatever the gradients held before"""
    for lr, left in ((0.4, 0.5), (0.9, torch.inf)):
        weights = some_weights(rng)
        inputs, labels = torch.rand(3, 5, 784, generator=rng), torch.randint(10, (3, 5), generator=rng)
        targets = one_hot(labels)
        seen = submission.probe.learns(weights, inputs, targets, lr, left, 3, device)
        batches = list(zip(inputs, targets, strict=True))
        named = {
            "zero-after-backward": "no, and no gradient is left",
            "nothing-was-recorded": "no, and backward came to none of the weights",
        }
        expect(seen).item("moved", lookalikes=named).satisfies(
            lambda moved: moved == "yes", "the weights were not changed",
            got=lambda moved: moved.partition(", and ")[2],
        )  # fmt: skip
        named = {
            "zero-times-nan": [lambda t, left=left: left == torch.inf and bool(t.data.isnan().any())] * 4,
            "zero-grad-missing": learnt(weights, batches, lr, garbage=0.5)[0],
            "mean-vs-sum": learnt(weights, batches, lr, loss_function=summed)[0],
            "another-update-rule": learnt(weights, batches, lr, momentum=0.9)[0],
        }
        late = learnt(weights, batches, lr, garbage=0.5, late=True)[0]
        after = expect(seen).item("weights", "the list of weights")
        compare_weights(after, learnt(weights, batches, lr)[0], device, named, late)
        directly = {"calls-forward-directly": 0}
        expect(seen).item("hooks", "the number of times that the classifier's hooks ran", directly).equals(3)


@pytest.mark.step("DigitClassifier")
def test_records(submission, rng, device):
    """counts its steps and keeps every tenth loss as a number"""
    weights, inputs = some_weights(rng), torch.rand(7, 2, 784, generator=rng)
    targets = one_hot(torch.randint(10, (7, 2), generator=rng))
    seen = submission.probe.learns(weights, inputs, targets, 0.5, None, 23, device)
    expect(seen).item("counter", "counter").equals(23)
    batches = [(inputs[call % 7], targets[call % 7]) for call in range(23)]
    losses = learnt(weights, batches, 0.5)[1]
    scores = forward(learnt(weights, batches[:10], 0.5)[0], batches[9][0])
    after = nn.functional.mse_loss(scores, batches[9][1]).item()
    early = {"recorded-before-counting": lambda kept: len(kept) == 3}
    progress = expect(seen).item("progress", "progress", early).is_a(list).length(2)
    for index, expected in enumerate((losses[9], losses[19])):
        named = {
            "progress-keeps-tensors": lambda v: v.shape == (),
            "loss-after-step": lambda v, step=index: step == 0 and near(after, device)(v),
            "history-averaged": lambda v, ten=losses[10 * index : 10 * index + 10]: near(sum(ten) / 10, device)(v),
        }
        what = f"entry {index} of progress, the loss of step {10 * index + 10},"
        kept = progress.item(index, what, named)
        # Whoever keeps the loss of another step is told of which: 9, where counts from 0 and from 1 were mixed up.
        kept.satisfies(
            lambda v, right=expected: near(right, device)(v) or not of_step(v, losses, device),
            f"entry {index} of progress is the loss of another step",
            got=lambda v: f"the loss of step {of_step(v, losses, device)}",
            expected=f"the loss of step {10 * index + 10}",
        )
        kept.near(expected, device)


def of_step(value, losses, device):
    """Return of which step this is the loss, counted from 1; 0 if of none."""
    return next((number for number, loss in enumerate(losses, start=1) if near(loss, device)(value)), 0)


def close_to(data, expected):
    """Return whether all numbers are these, by the tolerance of float32."""
    return bool(close(data, expected, *tolerance("float32", "float32", "cpu")).all())


@pytest.mark.step("DigitClassifier")
def test_learns_on_device(submission):
    """moves each batch to the device of the parameters"""
    seen = submission.probe.learn_places(META)
    for name in ("inputs", "targets"):
        place = expect(seen).item(name, lookalikes={"hard-coded-device": "cpu"})
        said = f"the {name} were not on the device of the parameters"
        place.satisfies(lambda v: v in ("meta", "not seen"), said, got="")


@pytest.mark.step("DigitClassifier")
def test_uses_attributes(submission, rng, device):
    """uses the loss function and the optimizer that it holds"""
    weights, inputs = some_weights(rng), torch.rand(4, 784, generator=rng)
    targets = one_hot(torch.randint(10, (4,), generator=rng))
    held, swapped = nn.PoissonNLLLoss(), lambda outputs, targets: nn.PoissonNLLLoss()(targets, outputs)
    ways = {"arguments-swapped": swapped, "hard-coded-hyperparameters": nn.functional.mse_loss}
    expected, *others = (
        learnt(weights, [(inputs, targets)], 0.7, loss_function=each, decay=0.1)[0] for each in (held, *ways.values())
    )
    seen = submission.probe.replaced(weights, inputs, targets, device)
    after = expect(seen, what="the list of weights")
    compare_weights(after, expected, device, dict(zip(ways, others, strict=True)))


def digits(count, start):
    """Return labels and pixels of some rows of the test digits."""
    labels, pixels = (each[start : start + count] for each in real_digits())
    return labels, pixels.to(torch.float32) / 255


@pytest.mark.step("fit")
def test_fits_digits(submission, rng, device):
    """makes the classifier that it is given learn real digits, each batch once in each epoch"""
    for epochs, size, lr in ((2, 16, 0.9), (3, 25, 0.5)):
        start = int(torch.randint(200, (1,), generator=rng))
        weights, (labels, pixels) = some_weights(rng), digits(51, start)
        seen = submission.probe.fits(weights, labels, pixels, size, lr, epochs, device)
        batches = list(zip(pixels.split(size), one_hot(labels).split(size), strict=True)) * epochs
        named = {
            "wrong-model-trained": weights,
            "last-batch-lost": learnt(weights, [each for each in batches if len(each[0]) == size], lr)[0],
        }
        after = expect(seen).item("weights", "the list of weights")
        compare_weights(after, learnt(weights, batches, lr)[0], device, named)
        anew = {"record-begun-anew": lambda count, each=len(batches), of=epochs: count in (each, each // of)}
        expect(seen).item("counter", "counter, which was 3 before the call,", anew).equals(3 + len(batches))
        anew = {"record-begun-anew": lambda kept: kept != [0.5]}
        progress = expect(seen).item("progress", "the start of progress, which was [0.5] before the call,", anew)
        progress.equals([0.5])
        forgotten = {"train-mode-forgotten": lambda modes: not all(modes)}
        modes = expect(seen).item("modes", "the list of `training`, step by step,", forgotten)
        modes.equals([True] * len(batches))
        compare_weights(expect(seen).item("other", "the list of another classifier's weights"), weights, device)


def scored(rng, count, share):
    """Return labels and pixels; the first ten pixels are scores, greatest at the label for a share of them."""
    labels = torch.randint(10, (count,), generator=rng)
    scores = torch.stack([torch.randperm(10, generator=rng) for _ in range(count)]).float() - 20
    hits = torch.rand(count, generator=rng) < share
    scores[hits, labels[hits]] = 0.5
    scores += 60 * torch.randint(2, (count, 1), generator=rng)  # so far from 0 that a sigmoid makes them all 1
    return labels, torch.cat([scores, torch.zeros(count, 774)], dim=1)


def share_right(labels, pixels):
    """Return the share of the labels at which the score is greatest."""
    return int((pixels[:, :10].argmax(1) == labels).sum()) / len(labels)


@pytest.mark.step("accuracy")
def test_ten_samples(submission, rng, device):
    """looks for the greatest score of each sample"""
    for draw in (unsure, lambda rng: scored(rng, 10, 0.6)):
        labels, pixels = draw(rng)
        while close_to_wrong(labels, pixels):
            labels, pixels = draw(rng)
        expected = share_right(labels, pixels)
        rounded = () if draw is not unsure else rounded_ways(labels, pixels)
        named = {
            "scalar-tensor-not-number": lambda v: v.shape == (),
            "percent-for-share": lambda v, right=expected: abs(v - 100 * right) < 1e-3,
            "argmax-wrong-dim": among(other_ways(labels, pixels)),
            "broadcast-pitfall": among([all_against_all(labels, pixels)]),
            "rounded-for-greatest": among(rounded),
        }
        seen = expect(submission.probe.counts(labels, pixels, [10], False, device))
        seen.item("answer", "the result", unless_by_chance(seen, named)).is_a(float).equals(expected)


def among(ways):
    """Return a lookalike: one of these accuracies."""
    return lambda v: any(abs(v - each) < 1e-6 for each in ways)


def unsure(rng):
    """Return ten labels, and pixels with scores from 0 to 1: at some labels the greatest is 0.8, at others only 0.4."""
    heights = [0.8] * 4 + [0.4] * 3 + [0.0] * 3
    labels = torch.randint(10, (10,), generator=rng)
    scores = torch.rand(10, 10, generator=rng) * 0.3
    for row, (label, height) in enumerate(zip(labels.tolist(), heights, strict=True)):
        scores[row, label] = height
        if not height:
            scores[row, (label + 1) % 10] = 0.8
    order = torch.randperm(10, generator=rng)
    return labels[order], torch.cat([scores[order], torch.zeros(10, 774)], dim=1)


def rounded_ways(labels, pixels):
    """Return the shares of rows, and of single scores, that are those of the target when they are rounded."""
    same = pixels[:, :10].round() == nn.functional.one_hot(labels, 10)
    return int(same.all(dim=1).sum()) / len(labels), int(same.sum()) / same.numel()


def unless_by_chance(seen, named):
    """Return lookalikes of an accuracy; where dropout was at work, no number tells anything but that."""
    noisy = lambda _: any(seen._value["training"])  # noqa: E731
    return {"no-grad-means-eval": noisy} | {
        name: lambda v, product=product: not noisy(v) and product(v) for name, product in named.items()
    }


def other_ways(labels, pixels):
    """Return the accuracies that come of the greatest score of each digit, and of the greatest of all."""
    scores = pixels[:, :10]
    return [int((guesses == labels).sum()) / len(labels) for guesses in (scores.argmax(0), scores.argmax())]


def all_against_all(labels, pixels):
    """Return what comes of it where each guess is compared with every label."""
    return int((pixels[:, :10].argmax(1)[:, None] == labels).sum()) / len(labels)


def close_to_wrong(labels, pixels):
    """Return whether a wrong way happens to give what the right one or rounding does, or none at all, as many do."""
    wrong = (*other_ways(labels, pixels), all_against_all(labels, pixels))
    right = (share_right(labels, pixels), *rounded_ways(labels, pixels))
    return any(each == 0 or any(abs(other - each) < 0.05 for other in right) for each in wrong)


@pytest.mark.step("accuracy")
def test_unequal_batches(submission, rng, device):
    """counts each sample the same, whatever the sizes of the batches"""
    for sizes in ([7, 7, 7, 2], [12, 1, 5]):
        shares = (0.9,) * (len(sizes) - 1) + (0.0,)
        parts = [scored(rng, size, share) for size, share in zip(sizes, shares, strict=True)]
        labels, pixels = (torch.cat(each) for each in zip(*parts, strict=True))
        right = [int((p[:, :10].argmax(1) == y).sum()) for y, p in parts]
        by_batch = sum(r / n for r, n in zip(right, sizes, strict=True)) / len(sizes)
        expected = sum(right) / sum(sizes)
        by_first = sum(right) / (len(sizes) * sizes[0])
        by_count = sum(right) / len(sizes)
        named = {
            "accuracy-by-batch": lambda v, each=(by_batch, by_first): any(abs(v - way) < 1e-6 for way in each),
            "mean-over-wrong-count": lambda v, way=by_count: abs(v - way) < 1e-6,
        }
        seen = expect(submission.probe.counts(labels, pixels, sizes, False, device))
        seen.item("answer", "the result", unless_by_chance(seen, named)).is_a(float).equals(expected)


@pytest.mark.step("accuracy")
def test_eval_and_back(submission, rng, device):
    """runs the model in eval mode, without a graph, and restores its mode"""
    labels, pixels = scored(rng, 6, 0.5)
    for training in (True, False):
        seen = submission.probe.counts(labels, pixels, [4, 2], training, device)
        noise, graph = {"no-grad-means-eval": [True] * 2}, {"eval-means-no-grad": [True] * 2}
        expect(seen).item("training", "the list of `training`, batch by batch,", noise).equals([False] * 2)
        recording = expect(seen).item("recording", lookalikes=graph)
        recording.satisfies(lambda found: found == [False] * 2, "a graph was recorded", got="")
        after = expect(seen).item("after", lookalikes={"mode-not-restored": not training})
        as_before = after.is_true if training else after.is_false
        modes = ("training", "evaluation") if training else ("evaluation", "training")
        as_before(f"the model was in {modes[0]} mode before the call, and is in {modes[1]} mode after it")
        left = expect(seen).item("grad mode after", lookalikes={"grad-mode-left-off": False})
        left.is_true("autograd was on before the call, and off after it")
    seen = submission.probe.counts(labels, pixels, [4, 2], True, device, recording=False)
    forced = expect(seen).item("grad mode after", lookalikes={"grad-mode-forced-on": True})
    forced.is_false("autograd was off before the call, and on after it")


@pytest.mark.step("accuracy")
def test_accuracy_on_device(submission):
    """moves the pixels to the device that it is given, and compares on one device"""
    seen = submission.probe.accuracy_place(META)
    expect(seen, {"hard-coded-device": ["cpu"]}, what="the list of the pixels' device types").equals(["meta"])
    mixed = expect(submission.probe.mixes_labels(META), {"hard-coded-device": True})
    mixed.is_false("scores and labels on different devices were compared")


@pytest.mark.step("plot_progress")
def test_draws(submission, rng):
    """draws the losses over the steps at which they were recorded"""
    for count, every in ((6, 10), (9, 7), (4, 1), (1, 10)):
        progress = [round(each, 4) for each in torch.rand(count, generator=rng, dtype=torch.float64).tolist()]
        progress[0] += 1
        seen = submission.probe.drawn(progress, every)
        bare = expect(seen).item("bare", lookalikes={"axes-ignored": True})
        bare.is_false("nothing was drawn on the axes")
        expect(seen).item("lines", "the number of lines on the axes").equals(1)
        joined = expect(seen).item("drawn")
        joined.satisfies(lambda drawn: drawn == [True], "the points are not joined by a line", got="")
        shown = {"figure-shown": lambda v: v > 0}
        expect(seen).item("shown", "the number of times that a figure was shown", shown).equals(0)
        expect(seen).item("figures", "the number of figures").equals(1)
        expect(seen).item("y", "the list of the line's y values").equals(progress)
        named = {
            "steps-not-counted": lambda x: x in ([float(i) for i in range(count)], [float(i + 1) for i in range(count)])
        }
        if every == 7:
            named["argument-ignored"] = [10.0 * (i + 1) for i in range(count)]
        steps = [float(every * (i + 1)) for i in range(count)]
        expect(seen).item("x", "the list of the line's x values", named).equals(steps)
        expect(seen).item("progress", "the list that was passed in").equals(progress)


@pytest.mark.step("plot_progress")
def test_dresses(submission, rng):
    """returns the axes, with their legend, limits, marker and grid"""
    seen = submission.probe.drawn(torch.rand(5, generator=rng).tolist(), 10)
    expect(seen).item("returned").is_true("the axes were not returned")
    expect(seen).item("left", "the number of lines on other axes").equals(0)
    expect(seen).item("marker", "the list of the lines' markers").equals(["."])
    expect(seen).item("ylim", "the pair of limits of the y axis").equals([0.0, 1.0])
    expect(seen).item("legend", "the list of the legend's texts").equals(["loss"])
    expect(seen).item("grid").is_true("the axes have no grid")
