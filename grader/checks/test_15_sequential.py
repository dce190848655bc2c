"""Hidden checks of 15: a pipeline of layers, its parameters, its softmax and its two modes."""

import pytest
import torch
import torch.nn.functional as F

from grader.compare import expect

META = torch.device("meta")
KINDS = ["Linear", "ReLU", "Linear", "ReLU", "Linear", "Dropout", "Softmax"]
SIZES = ((2, 3), (4, 6))


def shapes_of(num_inputs, num_classes):
    return {
        "0.weight": (5, num_inputs),
        "0.bias": (5,),
        "2.weight": (20, 5),
        "2.bias": (20,),
        "4.weight": (num_classes, 20),
        "4.bias": (num_classes,),
    }


def draw_state(rng, num_inputs, num_classes):
    shapes = shapes_of(num_inputs, num_classes)
    return {name: torch.randn(shape, generator=rng) / 2 for name, shape in shapes.items()}


def logits_of(x, state):
    for layer in (0, 2):
        x = torch.relu(x @ state[f"{layer}.weight"].T + state[f"{layer}.bias"])
    return x @ state["4.weight"].T + state["4.bias"]


def gradients(state, loss):
    """Return the gradients of loss(state) for each tensor of the state, by name."""
    state = {name: each.clone().requires_grad_() for name, each in state.items()}
    loss(state).backward()
    return {name: each.grad for name, each in state.items()}


# build_pipeline


@pytest.mark.step("build_pipeline")
def test_layers(submission, rng, device):
    """holds the seven layers in order, of the sizes asked for"""
    for num_inputs, num_classes in SIZES:
        x, upstream = torch.randn(7, num_inputs, generator=rng), torch.randn(7, num_classes, generator=rng)
        seen = submission.probe.built(num_inputs, num_classes, 0.3, device, {}, x, upstream)
        late = {"dropout-after-softmax": ["Sequential", *KINDS[:5], "Softmax", "Dropout"]}
        expect(seen).item("kinds", "the list of layers", late).equals(["Sequential", *KINDS])
        shapes = expect(seen).item("shapes", "the dict of parameters' shapes")
        shapes.equals(shapes_of(num_inputs, num_classes))
        guessed = {"softmax-dim-left-out": [None]}
        dims = expect(seen).item("softmax", "the list of dimensions of the softmax", guessed)
        dims.satisfies(lambda dims: dims != [None], "the softmax has no dimension", due="a dimension")


@pytest.mark.step("build_pipeline")
def test_probabilities(submission, rng, device):
    """turns each sample into probabilities, with gradients to every layer"""
    for num_inputs, num_classes in SIZES:
        x, upstream = torch.randn(7, num_inputs, generator=rng), torch.randn(7, num_classes, generator=rng)
        state = draw_state(rng, num_inputs, num_classes)
        seen = submission.probe.built(num_inputs, num_classes, 0.5, device, state, x, upstream)
        logits = logits_of(x, state)
        named = {"softmax-wrong-dim": torch.softmax(logits, 0)}
        output = expect(seen).item("output", "what the pipeline returned", named)
        output.tensor(torch.softmax(logits, 1), device=device)
        due = gradients(state, lambda state, x=x, up=upstream: (torch.softmax(logits_of(x, state), 1) * up).sum())
        for name, grad in due.items():
            expect(seen).item("trained").item(name, name).grad(grad)


@pytest.mark.step("build_pipeline")
def test_dropout(submission, rng, device):
    """drops logits with the probability that it is given, in training only"""
    x, upstream, state = torch.randn(7, 2, generator=rng), torch.randn(7, 3, generator=rng), draw_state(rng, 2, 3)
    full = torch.softmax(logits_of(x, state), 1)
    for probability, due in ((0.0, full), (1.0, torch.full((7, 3), 1 / 3)), (0.25, None)):
        seen = submission.probe.built(2, 3, probability, device, state, x, upstream)
        ignored = {"drop-not-keep": [1 - probability], "argument-ignored": lambda found: len(found) == 1}
        expect(seen).item("dropout", "the list of dropout probabilities", ignored).equals([probability])
        if due is not None:
            expect(seen).item("in training", "what the pipeline returned in training").tensor(due, device=device)


@pytest.mark.step("build_pipeline")
def test_device(submission):
    """is on the device that it is given"""
    x, upstream = torch.empty(7, 2, device=META), torch.empty(7, 3, device=META)
    seen = submission.probe.built(2, 3, 0.3, META, {}, x, upstream)
    expect(seen).item("devices", "whether all parameters are on the device", {"hard-coded-device": False}).equals(True)
    expect(seen).item("output", "what the pipeline returned").shape(7, 3).on(META)


# parameters_per_layer


def counts_of(kind, a, b, c):
    """Return what is due for a pipeline that the probe makes."""
    first, second = a * b + b, b * c + c
    return {
        "plain": [first, 0, second, 0, 0],
        "without_bias": [a * b, 0, second],
        "frozen": [first, 0, second],
        "with_buffers": [first, 2 * b, second],
        "nested": [first + second, 0, c * a + a],
        "repeated": [first, 0, b * b + b, 0, b * b + b, 0],
    }[kind]


def mistaken(kind, a, b, c):
    """Return what each misconception makes of a pipeline that the probe makes."""
    first, second = a * b + b, b * c + c
    return {
        "plain": {
            "bias-not-counted": [a * b, 0, b * c, 0, 0],
            "counts-tensors": [2, 0, 2, 0, 0],
            "layers-without-parameters-left-out": [first, second],
        },
        "without_bias": {},
        "frozen": {"frozen-not-counted": [0, 0, second]},
        "with_buffers": {"buffers-are-parameters": [first, 4 * b + 1, second]},
        "nested": {"top-level-only": [0, 0, c * a + a]},
        "repeated": {"repeats-left-out": [first, 0, b * b + b]},
    }[kind]


@pytest.mark.step("parameters_per_layer")
def test_counts(submission, rng):
    """counts the parameters of each layer"""
    for kind in ("plain", "without_bias", "frozen", "with_buffers", "nested", "repeated"):
        sizes = [3 + int(each) for each in torch.randperm(6, generator=rng)[:3]]
        seen = submission.probe.counted(kind, sizes)
        what = f"the list of counts for a pipeline {kind.replace('_', ' ')}"
        expect(seen).item("answer", what, mistaken(kind, *sizes)).equals(counts_of(kind, *sizes))
        expect(seen).item("untouched", "whether the pipeline is as it was").equals(True)


# normalised_dim


def with_a_sum_of_one(rows):
    """Return rows of four probabilities, the first of them 1/4 in each row."""
    return torch.cat([torch.full((4, 1), 0.25), rows[:, 1:] / rows[:, 1:].sum(1, keepdim=True) * 0.75], 1)


def by_some_sums(probabilities):
    """Return the dimensions that are found by the mean of the sums, by the first of them, and by any of them.

    First the first dimension for which it is 1 nearly, then the one for which it is nearest to 1.
    """
    off = [(probabilities.sum(dim) - 1).flatten() for dim in range(probabilities.ndim)]
    tests = (lambda each: each.mean().abs(), lambda each: each[0].abs(), lambda each: each.abs().min())
    near = [next(dim for dim, each in enumerate(off) if test(each) < 1e-5) for test in tests]
    return near + [min(range(len(off)), key=lambda dim, test=test: float(test(off[dim]))) for test in tests]


@pytest.mark.step("normalised_dim")
def test_finds_dim(submission, rng):
    """finds the dimension along which the sums are 1"""
    due, answers, last, few = [], [], [], []
    for shape, spread in (((5, 3), 2.0), ((4, 2), 0.2), ((7, 2, 4), 2.0), ((3, 6, 2, 5), 2.0), ((4, 4), 2.0)):
        for dim in range(len(shape)):
            probabilities = torch.softmax(torch.randn(shape, generator=rng) * spread, dim)
            if shape == (4, 4):
                # The sums across have a mean of 1, and the first of them is 1.
                probabilities = with_a_sum_of_one(probabilities if dim else probabilities.T)
                probabilities = probabilities if dim else probabilities.T.contiguous()
            seen = submission.normalised_dim(probabilities)
            expect(seen).given().keeps_argument(0, probabilities, "mutates-caller")
            answers.append(seen.value)
            due.append(dim)
            last.append(len(shape) - 1)
            few.append(by_some_sums(probabilities))
    always = {
        "class-dim-assumed": lambda found: found == last or found == [1] * len(due),
        "some-sums-for-all": lambda found: found in [list(each) for each in zip(*few, strict=True)],
    }
    expect(answers, always, what="the list of dimensions found").equals(due)


# predict


@pytest.mark.step("predict")
def test_predicts(submission, rng, device):
    """gives probabilities without dropout, whatever the mode"""
    for num_inputs, num_classes in SIZES:
        for training in (True, False):
            x, state = torch.randn(7, num_inputs, generator=rng), draw_state(rng, num_inputs, num_classes)
            seen = submission.probe.predicted(state, 1.0, training, x)
            dropped = {"dropout-after-logits-kept-on": torch.full((7, num_classes), 1 / num_classes)}
            due = torch.softmax(logits_of(x, state), 1)
            dropped |= {"softmax-taken-twice": torch.softmax(due, 1)}
            expect(seen).item("output", "what came back", dropped).tensor(due, device=device)


@pytest.mark.step("predict")
def test_predicts_without_graph(submission, rng):
    """leaves no graph behind the probabilities"""
    for training in (True, False):
        x, state = torch.randn(7, 2, generator=rng), draw_state(rng, 2, 3)
        seen = submission.probe.predicted(state, 0.3, training, x)
        recorded = {"eval-means-no-grad": lambda t: t.requires_grad}
        expect(seen).item("output", "what came back", recorded).shape(7, 3).requires_grad(False)
        expect(seen).keeps_argument(3, x, "mutates-caller").keeps_globals(
            "grad mode", misconception="grad-mode-left-off"
        )
    seen = submission.probe.predicted_unrecorded(draw_state(rng, 2, 3), torch.randn(7, 2, generator=rng))
    forced = {"grad-mode-forced-on": True}
    expect(seen, forced, what="whether autograd records afterwards, where it did not before").equals(False)


@pytest.mark.step("predict")
def test_keeps_mode(submission, rng):
    """leaves the pipeline as it was, mode and layers included"""
    for training in (True, False):
        x, state = torch.randn(7, 2, generator=rng), draw_state(rng, 2, 3)
        seen = submission.probe.predicted(state, 0.3, training, x)
        other = {"mode-not-restored": lambda modes, was=training: modes == [not was] * 8}
        expect(seen).item("kinds", "the list of layers afterwards", {"changes-the-model": is_list}).equals(KINDS)
        expect(seen).item("modes", "the list of modes of the layers", other).equals([training] * 8)
        changed = {"changes-the-model": False}
        expect(seen).item("untouched", "whether the parameters are as they were", changed).equals(True)
        changed = {"changes-the-model": lambda p: p != 0.3}
        expect(seen).item("dropout", "the dropout's probability afterwards", changed).equals(0.3)


def is_list(value):
    return isinstance(value, list)


# classification_loss


@pytest.mark.step("classification_loss")
def test_loss(submission, rng, device):
    """is the mean cross-entropy of the logits, with gradients to every layer"""
    for (num_inputs, num_classes), training, probability in zip(SIZES, (False, True), (0.5, 0.0), strict=True):
        x, targets = torch.randn(7, num_inputs, generator=rng), torch.randint(num_classes, (7,), generator=rng)
        state = draw_state(rng, num_inputs, num_classes)
        seen = submission.probe.loss_of(state, probability, training, x, targets)
        logits = logits_of(x, state)
        named = {
            "softmax-before-cross-entropy": F.cross_entropy(torch.softmax(logits, 1), targets),
            "mean-vs-sum": F.cross_entropy(logits, targets, reduction="sum"),
            "detached-returned": lambda t: not t.requires_grad,
            "log-forgotten": F.nll_loss(torch.softmax(logits, 1), targets),
        }
        loss = expect(seen).item("loss", "what came back", named)
        loss.tensor(F.cross_entropy(logits, targets), device=device)
        loss.requires_grad(True)
        due = gradients(state, lambda state, x=x, y=targets: 3 * F.cross_entropy(logits_of(x, state), y))
        for name, grad in due.items():
            cut = {"detached-returned": lambda t: t.grad is None}
            expect(seen).item("trained").item(name, name, cut).grad(grad)


@pytest.mark.step("classification_loss")
def test_loss_large(submission, rng, device):
    """stays right where a probability rounds to 0"""
    x, targets = torch.randn(7, 2, generator=rng), torch.randint(3, (7,), generator=rng)
    state = draw_state(rng, 2, 3)
    state["4.bias"] = torch.tensor([600.0, 0.0, -600.0])[torch.randperm(3, generator=rng)]
    targets[:3] = torch.arange(3)
    seen = submission.probe.loss_of(state, 0.0, False, x, targets)
    due = F.cross_entropy(logits_of(x, state), targets)
    rounded = {
        "softmax-before-cross-entropy": F.cross_entropy(torch.softmax(logits_of(x, state), 1), targets),
        "log-forgotten": F.nll_loss(torch.softmax(logits_of(x, state), 1), targets),
        "unstable-log": lambda t: not torch.isfinite(t.data).all() or t.data < 0.8 * due,
    }
    expect(seen).item("loss", "what came back", rounded).tensor(due, device=device)


@pytest.mark.step("classification_loss")
def test_loss_drops(submission, rng, device):
    """lets dropout act as the mode of the pipeline says"""
    x, targets, state = torch.randn(7, 2, generator=rng), torch.randint(3, (7,), generator=rng), draw_state(rng, 2, 3)
    full, dropped = F.cross_entropy(logits_of(x, state), targets), torch.tensor(3.0).log()
    for training, due, other in ((True, dropped, full), (False, full, dropped)):
        seen = submission.probe.loss_of(state, 1.0, training, x, targets)
        named = {"dropout-left-out-of-training" if training else "dropout-after-logits-kept-on": other}
        expect(seen).item("loss", f"what came back in mode training={training}", named).tensor(due, device=device)


@pytest.mark.step("classification_loss")
def test_loss_keeps_pipeline(submission, rng):
    """leaves the pipeline with its mode and all its layers"""
    for training in (True, False):
        x, targets = torch.randn(7, 2, generator=rng), torch.randint(3, (7,), generator=rng)
        seen = submission.probe.loss_of(draw_state(rng, 2, 3), 0.0, training, x, targets)
        expect(seen).item("kinds", "the list of layers afterwards", {"changes-the-model": is_list}).equals(KINDS)
        expect(seen).item("untouched", "whether the pipeline is as it was").equals(True)
        expect(seen).keeps_argument(3, x, "mutates-caller").keeps_argument(4, targets, "mutates-caller")
