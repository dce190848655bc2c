"""Hidden checks of 15: a pipeline of layers, its parameters, its softmax and its two modes."""

import collections

import pytest
import torch
import torch.nn.functional as F

from grader.compare import expect, looks_like, one_of
from grader.curriculum.checks._recipes import dice
from grader.curriculum.preload.recipes import followed

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
        dims.satisfies(lambda dims: dims != [None], "the softmax was given no dimension", expected="a dimension")
        still = {"train-mode-forgotten": [False] * 8}
        expect(seen).item("modes", "the list of modes of the new pipeline", still).satisfies(
            lambda modes: all(modes),
            "the new pipeline is not in training mode",
            expected="True for the pipeline and for each layer",
        )
    twice = expect(submission.probe.built_twice(3, 4, device))
    new = twice.item("new", lookalikes={"state-between-calls": False})
    new.is_true("a second call did not make a new pipeline")
    none = dict.fromkeys(shapes_of(3, 4), False)
    scaled = {"init-scale": lambda found: found != none}
    seeded = {"reseeded-at-each-call": lambda found: all(found.values())}
    for key, named, said in (
        ("constant", scaled, "in some parameters, all elements start with the same number"),
        ("beyond", scaled, "some parameters start with numbers that are too large"),
        ("alike", seeded, "some parameters start with the same numbers in a second pipeline"),
    ):
        twice.item(key, lookalikes=named).satisfies(
            lambda found: found == none, said, got=names_of_true, expected="no parameter"
        )


def names_of_true(found):
    return ", ".join(name for name, flag in found.items() if flag)


@pytest.mark.step("build_pipeline")
def test_probabilities(submission, rng, device):
    """turns each sample into probabilities, with gradients to every layer"""
    for num_inputs, num_classes in SIZES:
        x, upstream = torch.randn(7, num_inputs, generator=rng), torch.randn(7, num_classes, generator=rng)
        state = draw_state(rng, num_inputs, num_classes)
        seen = submission.probe.built(num_inputs, num_classes, 0.5, device, state, x, upstream)
        logits = logits_of(x, state)
        named = {"softmax-wrong-dim": torch.softmax(logits, 0)}
        output = expect(seen).item("output", "the pipeline's output", named)
        output.tensor(torch.softmax(logits, 1), device=device)
        expected = gradients(state, lambda state, x=x, up=upstream: (torch.softmax(logits_of(x, state), 1) * up).sum())
        for name, grad in expected.items():
            expect(seen).item("trained").item(name, name).grad(grad)


@pytest.mark.step("build_pipeline")
def test_dropout(submission, rng, device):
    """drops logits with the probability that it is given, in training only"""
    x, upstream, state = torch.randn(7, 2, generator=rng), torch.randn(7, 3, generator=rng), draw_state(rng, 2, 3)
    full = torch.softmax(logits_of(x, state), 1)
    for probability, expected in ((0.0, full), (1.0, torch.full((7, 3), 1 / 3)), (0.25, None)):
        seen = submission.probe.built(2, 3, probability, device, state, x, upstream)
        ignored = {"drop-not-keep": [1 - probability], "argument-ignored": lambda found: len(found) == 1}
        expect(seen).item("dropout", "the list of dropout probabilities", ignored).equals([probability])
        if expected is not None:
            expect(seen).item("in training", "the pipeline's output in training").tensor(expected, device=device)


@pytest.mark.step("build_pipeline")
def test_device(submission):
    """puts the pipeline on the device that it is given"""
    x, upstream = torch.empty(7, 2, device=META), torch.empty(7, 3, device=META)
    seen = submission.probe.built(2, 3, 0.3, META, {}, x, upstream)
    there = expect(seen).item("devices", lookalikes={"hard-coded-device": False})
    there.is_true("not all parameters are on the device that was given")
    expect(seen).item("output", "the pipeline's output").shape(7, 3).on(META)
    expect(seen).item("default device").is_true("torch's default device was changed")


# parameters_per_layer

# Layers with parameters and without, with other names than weight and bias, with buffers, frozen, up to three levels
# down, and once more.
LAYERS = (
    "nn.Linear({a}, {b})", "nn.Linear({a}, {b}, bias=False)", "nn.ReLU()", "nn.Dropout(0.3)",
    "nn.Linear({a}, {b}).requires_grad_(False)", "nn.BatchNorm1d({a})", "nn.GRU({a}, {b})", "nn.Conv1d({a}, {b}, 3)",
    "nn.Sequential(nn.Linear({a}, {b}), nn.ReLU(), nn.Linear({b}, {c}))",
    "nn.Sequential(nn.Tanh(), nn.Sequential(nn.Linear({a}, {b}), nn.Sequential(nn.Linear({b}, {c}))))", "made[0]",
)  # fmt: skip


def are_tensors(found, expected):
    """Return whether these are the right numbers, as tensors."""
    return all(looks_like(each, torch.tensor(number)) for each, number in zip(found, expected, strict=True) if number)


def elements(parameters):
    return sum(each.numel() for each in parameters)


def top_levels(layer):
    """Return the parameters of a layer and of its children, and of no part of those."""
    return [each for part in (layer, *layer.children()) for each in part.parameters(recurse=False)]


def at_first_places(pipeline):
    """Count each parameter where it appears first."""
    seen, counts = set(), []
    for layer in pipeline:
        counts.append(elements(set(layer.parameters()) - seen))
        seen |= set(layer.parameters())
    return counts


def mistaken(pipeline):
    """Return what each form of each misconception makes of a pipeline, where it errs, by its name and its number."""
    layers = [(layer, dict(layer.named_parameters()), list(layer.parameters(recurse=False))) for layer in pipeline]
    counts = counts_of(pipeline)
    lists = {
        "bias-not-counted": [
            [elements(each for name, each in all_.items() if name.endswith("weight")) for _, all_, _ in layers],
            [elements(each for name, each in all_.items() if "bias" not in name) for _, all_, _ in layers],
        ],
        "counts-tensors": [[len(all_) for _, all_, _ in layers]],
        "layers-without-parameters-left-out": [[count for count in counts if count]],
        "frozen-not-counted": [
            [elements(each for each in all_.values() if each.requires_grad) for _, all_, _ in layers]
        ],
        "buffers-are-parameters": [[elements(layer.state_dict().values()) for layer in pipeline]],
        "top-level-only": [
            [elements(own) for _, _, own in layers],
            [elements(top_levels(layer)) for layer in pipeline],
        ],
        "repeats-left-out": [counts_of(pipeline.children()), at_first_places(pipeline)],
    }
    return {
        (who, form): each for who, each_form in lists.items() for form, each in enumerate(each_form) if each != counts
    }


def counts_of(layers):
    """Return the number of elements of the parameters of each layer."""
    return [elements(layer.parameters()) for layer in layers]


def drawn_layers(chance):
    """Draw the layers of a pipeline, as they are written."""
    drawn = chance.choice(LAYERS[:-1]), *chance.choices(LAYERS, k=chance.randint(2, 5))
    return tuple(layer.format(**dict(zip("abc", chance.sample(range(3, 9), 3), strict=True))) for layer in drawn)


def followed_by(layers):
    """Return the recipe of a pipeline."""
    return "; ".join(f"append({layer})" for layer in layers)


def drawn_pipelines(rng):
    """Draw pipelines about two of which each of the ten mistakes is made; no two misconceptions make the same of one."""
    chance, found, made = dice(rng), {}, collections.Counter()
    while len(made) < 10 or min(made.values()) < 2:
        layers = drawn_layers(chance)
        pipeline = followed(followed_by(layers), torch.nn.Sequential())
        wrong = mistaken(pipeline)
        alike = any(wrong[one] == wrong[other] and one[0] != other[0] for one in wrong for other in wrong)
        if not alike and any(made[mistake] < 2 for mistake in wrong):
            made.update(wrong.keys())
            found[layers] = counts_of(pipeline), wrong
    return found


@pytest.mark.step("parameters_per_layer")
def test_counts(submission, rng):
    """counts the parameters of each layer"""
    pipelines = drawn_pipelines(rng)
    seen = expect(submission.probe.counted([followed_by(layers) for layers in pipelines])).length(len(pipelines))
    for index, (layers, (expected, wrong)) in enumerate(pipelines.items()):
        named = {who: one_of([wrong[each] for each in wrong if each[0] == who]) for who, _ in wrong}
        named["scalar-tensor-not-number"] = lambda found, expected=expected: are_tensors(found, expected)
        pipeline = f"a pipeline of {', '.join(layers).replace('made[0]', 'its first layer once more')}"
        facts = seen.item(index)
        facts.item("answer", f"the result for {pipeline},", named).equals(expected)
        untouched = facts.item("untouched", lookalikes={"changes-the-model": False})
        untouched.is_true("the pipeline was changed")
        facts.item("ran").is_false("the pipeline was run")


# normalised_dim


def with_a_sum_of_one(rng):
    """Return rows of four probabilities, the first of them 1/4 in each row, that all sums hold exactly."""
    rest = torch.tensor([0.5, 0.125, 0.125])
    return torch.stack([torch.cat([torch.tensor([0.25]), rest[torch.randperm(3, generator=rng)]]) for _ in range(4)])


def with_sums_near_one(rng):
    """Return rows of four probabilities, all with the same few hundredths more or less than 1/4."""
    return (0.25 + torch.tensor([0.011, 0.003, -0.003, -0.011])[torch.randperm(4, generator=rng)]).expand(4, 4)


def exactly_one(probabilities):
    """Return the dimension along which all sums are 1 to the last bit, or None."""
    exact = [bool((probabilities.sum(dim) == 1).all()) for dim in range(probabilities.ndim)]
    return exact.index(True) if any(exact) else None


def by_equality(answers, exact):
    """Return whether an answer is found where sums are exact, and is one and the same where they are not."""
    lost = [answer for answer, dim in zip(answers, exact, strict=True) if dim is None]
    found = [answer == dim for answer, dim in zip(answers, exact, strict=True) if dim is not None]
    return bool(lost) and all(found) and all(each is None or each in (-1, len(answers)) for each in lost)


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
    expected, answers, last, few, exact = [], [], [], [], []
    shapes = (((5, 3), 2.0), ((2, 5), 0.1), ((4, 2), 0.2), ((7, 2, 4), 2.0), ((3, 6, 2, 5), 2.0))
    drawn = [
        (torch.softmax(torch.randn(shape, generator=rng) * spread, dim), dim)
        for shape, spread in shapes
        for dim in range(len(shape))
    ]
    # The sums across have a mean of 1: the first of them is 1, or all of them are near 1.
    square, nearly = with_a_sum_of_one(rng), with_sums_near_one(rng)
    squares = [(square, 1), (square.T, 0), (nearly, 1), (nearly.T, 0)]
    for probabilities, dim in [*drawn, *((each.contiguous(), dim) for each, dim in squares)]:
        seen = submission.normalised_dim(probabilities)
        expect(seen).keeps_argument(0, probabilities, "mutates-caller")
        answers.append(seen.value)
        expected.append(dim)
        last.append(probabilities.ndim - 1)
        few.append(by_some_sums(probabilities))
        exact.append(exactly_one(probabilities))
    if all(each is None for each in answers):
        expect(None, what="the result").given()
    from_behind = [dim - each - 1 for dim, each in zip(expected, last, strict=True)]
    always = {
        "class-dim-assumed": lambda found: found == last or found == [1] * len(expected),
        "negative-index-kept": from_behind,
        "some-sums-for-all": lambda found: found in [list(each) for each in zip(*few, strict=True)],
        "sums-are-rounded": lambda found: by_equality(found, exact),
        "scalar-tensor-not-number": lambda found: are_tensors(found, expected),
    }
    expect(answers, always, what="the list of the results for several tensors").equals(expected)


# predict


@pytest.mark.step("predict")
def test_predicts(submission, rng, device):
    """gives probabilities without dropout, whatever the mode"""
    for num_inputs, num_classes in SIZES:
        for training in (True, False):
            x, state = torch.randn(7, num_inputs, generator=rng), draw_state(rng, num_inputs, num_classes)
            seen = submission.probe.predicted(state, 1.0, training, x)
            dropped = {"dropout-after-logits-kept-on": torch.full((7, num_classes), 1 / num_classes)}
            expected = torch.softmax(logits_of(x, state), 1)
            dropped |= {
                "softmax-taken-twice": torch.softmax(expected, 1),
                "logits-for-probabilities": logits_of(x, state),
            }
            expect(seen).item("output", "the result", dropped).tensor(expected, device=device)
    x, state = torch.randn(1, 2, generator=rng), draw_state(rng, 2, 3)
    expected = torch.softmax(logits_of(x, state), 1)
    alone = {"squeezed-too-far": expected.squeeze(0)}
    seen = submission.probe.predicted(state, 1.0, True, x)
    alone |= {"dropout-after-logits-kept-on": torch.full((1, 3), 1 / 3)}
    expect(seen).item("output", "the result for a single sample", alone).tensor(expected, device=device)
    left = {"mode-not-restored": lambda modes: len(modes) == 8}
    modes = expect(seen).item("modes", "the list of the pipeline's modes after a single sample", left)
    modes.equals([True] * 8)
    submission.recognise({"hard-coded-device": lambda error: "meta tensor" in error.message})
    seen = submission.probe.predicted(state, 0.3, False, torch.empty(7, 2, device=META))
    expect(seen).item("output", "the result", {"hard-coded-device": is_on_cpu}).shape(7, 3).on(META)


def is_on_cpu(tensor):
    return tensor.device == "cpu"


@pytest.mark.step("predict")
def test_predicts_without_graph(submission, rng):
    """records no graph for the probabilities"""
    for training in (True, False):
        x, state = torch.randn(7, 2, generator=rng), draw_state(rng, 2, 3)
        seen = submission.probe.predicted(state, 0.3, training, x)
        recorded = {"eval-means-no-grad": lambda t: t.requires_grad}
        expect(seen).item("output", "the result", recorded).shape(7, 3).requires_grad(False)
        expect(seen).keeps_argument(3, x, "mutates-caller").keeps_globals(
            "grad mode", misconception="grad-mode-left-off"
        )
    state, x = draw_state(rng, 2, 3), torch.randn(7, 2, generator=rng)
    seen = expect(submission.probe.predicted_unrecorded(state, x))
    recording = seen.item("recording", lookalikes={"grad-mode-forced-on": True})
    recording.is_false("autograd was off before the call, and on after it")
    seen.item("output", "the result where autograd is off").values(torch.softmax(logits_of(x, state), 1))


@pytest.mark.step("predict")
def test_keeps_mode(submission, rng):
    """leaves the pipeline as it was, mode and layers included"""
    for training in (True, False):
        x, state = torch.randn(7, 2, generator=rng).requires_grad_(), draw_state(rng, 2, 3)
        seen = submission.probe.predicted(state, 0.3, training, x)
        other = {"mode-not-restored": lambda modes: len(modes) == 8}
        expect(seen).item("kinds", "the list of layers after the call", {"changes-the-model": is_list}).equals(KINDS)
        modes = expect(seen).item("modes", "the list of the pipeline's modes (True for training mode)", other)
        modes.equals([training] * 8)
        untouched = expect(seen).item("untouched", lookalikes={"changes-the-model": False})
        untouched.is_true("the parameters of the pipeline were changed")
        expect_grads_kept(seen)
        changed = {"changes-the-model": lambda p: p != 0.3}
        expect(seen).item("dropout", "the dropout probability after the call", changed).equals(0.3)
        expect(seen).keeps_argument(3, x, "mutates-caller")


def is_list(value):
    return isinstance(value, list)


def expect_grads_kept(seen):
    """What was in the parameters' .grad is still there."""
    grads = expect(seen).item("grads", lookalikes={"gradients-cleared-unasked": "cleared"})
    said = "the gradients that the parameters had before the call were cleared or changed"
    grads.satisfies(lambda found: found == "kept", said, got="")


# classification_loss


SECOND = {"second-backward-freed-graph": lambda error: "backward through the graph a second time" in error.message}


def expect_kept(seen):
    """The pipeline is in the mode in which it came."""
    modes = expect(seen).item("modes", lookalikes={"mode-not-restored": False})
    modes.is_true("the mode of the pipeline was changed")


def rounded_off(logits, targets):
    """Return a function that tells whether a loss is the mean with each infinite logarithm cut to one bound."""
    losses = F.cross_entropy(logits, targets, reduction="none")
    cut = losses > 100
    entropy = F.binary_cross_entropy(torch.softmax(logits, 1), F.one_hot(targets, logits.shape[1]).float())

    def cut_off(value):
        if not torch.isfinite(value.data):
            return True
        bound = (value.data * len(losses) - losses[~cut].sum()) / cut.sum()
        return 5 < bound < 104 and not looks_like(value, entropy)

    return cut_off


def binary_losses(logits, targets):
    """Return what comes of a question of yes or no for each class, of logits or probabilities, as mean and as sums."""
    one_hot = F.one_hot(targets, logits.shape[1]).float()
    means = [F.binary_cross_entropy_with_logits(each, one_hot) for each in (logits, torch.softmax(logits, 1))]
    means.append(F.binary_cross_entropy(torch.softmax(logits, 1), one_hot))
    return [mean * times for mean in means for times in (1, logits.shape[1], logits.numel())]


@pytest.mark.step("classification_loss")
def test_loss(submission, rng, device):
    """is the mean cross-entropy of the logits, with gradients to every layer"""
    for (num_inputs, num_classes), training, probability in zip(SIZES, (False, True), (0.5, 0.0), strict=True):
        x, targets = torch.randn(7, num_inputs, generator=rng), torch.randint(num_classes, (7,), generator=rng)
        targets[:num_classes] = torch.randperm(num_classes, generator=rng)  # each class is there
        state = draw_state(rng, num_inputs, num_classes)
        submission.recognise(SECOND)
        seen = submission.probe.loss_of(state, probability, training, x, targets)
        logits = logits_of(x, state)
        named = {
            "softmax-before-cross-entropy": F.cross_entropy(torch.softmax(logits, 1), targets),
            "mean-vs-sum": F.cross_entropy(logits, targets, reduction="sum"),
            "detached-returned": lambda t: not t.requires_grad,
            "log-forgotten": one_of([F.nll_loss(torch.softmax(logits, 1), targets), F.nll_loss(logits, targets)]),
            "sign-forgotten": -F.cross_entropy(logits, targets),
            "binary-loss-for-classes": one_of(binary_losses(logits, targets)),
            "mean-over-wrong-count": F.cross_entropy(logits, targets) / num_classes,
            "python-value-breaks-graph": lambda value: isinstance(value, float),
        }
        expect_kept(seen)
        sizes = {"the batch size": len(x), "the number of classes": num_classes}
        loss = expect(seen, quantities=sizes).item("loss", "the result", named)
        loss.tensor(F.cross_entropy(logits, targets), device=device)
        loss.requires_grad(True)
        expected = gradients(state, lambda state, x=x, y=targets: 3 * F.cross_entropy(logits_of(x, state), y))
        for name, grad in expected.items():
            cut = {"detached-returned": lambda t: t.grad is None}
            expect(seen).item("trained").item(name, name, cut).grad(grad)
    x, targets = x[:1], torch.randint(num_classes - 1, (1,), generator=rng)
    # Where each class was there, targets of this shape were no trouble.
    fewer = {"classes-from-labels": lambda error: "multi-target not supported" in error.message}
    submission.recognise(SECOND | fewer)
    seen = submission.probe.loss_of(state, 0.0, False, x, targets)
    expected = F.cross_entropy(logits_of(x, state), targets)
    expect(seen).item("loss", "the result for a single sample").tensor(expected, device=device)


@pytest.mark.step("classification_loss")
def test_loss_large(submission, rng, device):
    """stays accurate where a probability rounds to 0"""
    x, targets = torch.randn(7, 2, generator=rng), torch.randint(3, (7,), generator=rng)
    state = draw_state(rng, 2, 3)
    state["4.bias"] = torch.tensor([600.0, 0.0, -600.0])[torch.randperm(3, generator=rng)]
    targets[:3] = torch.arange(3)
    submission.recognise(SECOND)
    seen = submission.probe.loss_of(state, 0.0, False, x, targets)
    logits = logits_of(x, state)
    expected = F.cross_entropy(logits, targets)
    rounded = {
        "softmax-before-cross-entropy": F.cross_entropy(torch.softmax(logits, 1), targets),
        "log-forgotten": one_of([F.nll_loss(each, targets) for each in (torch.softmax(logits, 1), logits)]),
        "unstable-log": rounded_off(logits, targets),
    }
    expect_kept(seen)
    expect(seen).item("loss", "the result", rounded).tensor(expected, device=device)


@pytest.mark.step("classification_loss")
def test_loss_drops(submission, rng, device):
    """lets dropout act as the mode of the pipeline says"""
    x, targets, state = torch.randn(7, 2, generator=rng), torch.randint(3, (7,), generator=rng), draw_state(rng, 2, 3)
    full, dropped = F.cross_entropy(logits_of(x, state), targets), torch.tensor(3.0).log()
    for training, expected, other in ((True, dropped, full), (False, full, dropped)):
        submission.recognise(SECOND)
        seen = submission.probe.loss_of(state, 1.0, training, x, targets)
        expect_kept(seen)
        named = {"dropout-left-out-of-training" if training else "dropout-after-logits-kept-on": other}
        loss = expect(seen).item("loss", f"the result in {'training' if training else 'evaluation'} mode", named)
        loss.tensor(expected, device=device)


@pytest.mark.step("classification_loss")
def test_loss_keeps_pipeline(submission, rng):
    """leaves the pipeline with its mode and all its layers"""
    for training in (True, False):
        x, targets = torch.randn(7, 2, generator=rng), torch.randint(3, (7,), generator=rng)
        submission.recognise(SECOND)
        seen = submission.probe.loss_of(draw_state(rng, 2, 3), 0.0, training, x, targets)
        expect(seen).item("kinds", "the list of layers after the call", {"changes-the-model": is_list}).equals(KINDS)
        expect_kept(seen)
        untouched = expect(seen).item("untouched", lookalikes={"changes-the-model": False})
        untouched.is_true("the pipeline was changed")
        expect_grads_kept(seen)
        if not training:
            drew = expect(seen).item("drew", lookalikes={"global-rng-touched": True})
            drew.is_false("torch's global random state was changed")
        expect(seen).keeps_argument(3, x, "mutates-caller").keeps_argument(4, targets, "mutates-caller")
