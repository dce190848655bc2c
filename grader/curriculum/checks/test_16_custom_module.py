"""Hidden checks of 16: modules whose parts are registered, found, moved, saved, and run by calling."""

import collections

import pytest
import torch

from grader.compare import expect, how_many, require
from grader.curriculum.checks._calls import forwards_skipped
from grader.curriculum.checks._recipes import dice
from grader.curriculum.preload.recipes import followed

META = torch.device("meta")
X_IN_OBSERVE, X_IN_MOVED = 3, 2


def built(submission, name, *arguments):
    """Build the class once; end the check where `nn.Module` was not initialised first."""
    seen = submission.attempt(name, *arguments)
    said = seen.exception.message if seen.exception else ""
    require(
        "before Module.__init__()" not in said, "the class cannot register its parts", got=said, seen=seen,
        misconception="missing-super-init",
    )  # fmt: skip


def normal(rng, shapes):
    return {name: torch.randn(shape, generator=rng) for name, shape in shapes.items()}


def classifier_shapes(num_inputs, num_classes):
    return {
        "pipe.0.weight": (5, num_inputs), "pipe.0.bias": (5,), "pipe.2.weight": (20, 5), "pipe.2.bias": (20,),
        "pipe.4.weight": (num_classes, 20), "pipe.4.bias": (num_classes,),
    }  # fmt: skip


def stack_shapes(width, depth):
    parts = {"weight": (width, width), "bias": (width,)}
    return {f"layers.{index}.{part}": shape for index in range(depth) for part, shape in parts.items()}


def linear(x, state, layer):
    return x @ state[f"{layer}.weight"].T + state[f"{layer}.bias"]


def classify(x, state, dim=1):
    hidden = torch.relu(linear(x, state, "pipe.0"))
    return torch.softmax(linear(torch.relu(linear(hidden, state, "pipe.2")), state, "pipe.4"), dim=dim)


def run_stack(x, state):
    for index in range(len(state) // 2):
        x = torch.relu(linear(x, state, f"layers.{index}"))
    return x


def stacked_otherwise(x, state):
    """Return lookalikes: without the last ReLU, and with that one only."""
    last = f"layers.{len(state) // 2 - 1}"
    before = run_stack(x, {name: each for name, each in state.items() if not name.startswith(last)})
    once = x
    for index in range(len(state) // 2):
        once = linear(once, state, f"layers.{index}")
    open_ended = linear(before, state, last)
    return {
        "relu-left-out": lambda t: any(
            t.data.shape == each.shape and torch.allclose(t.data, each, rtol=1e-4, atol=1e-5)
            for each in (open_ended, once.relu(), once)
        )
    }


def with_gradients(function, x, state, upstream):
    """Run a reference forward and backward; x and every tensor of the state come back with gradients."""
    x = x.clone().requires_grad_()
    state = {name: each.clone().requires_grad_() for name, each in state.items()}
    function(x, state).backward(upstream)
    return x, state


def squeezed(expected):
    """Return a lookalike: what is left of a result where every dimension of size 1 is removed."""
    return {"squeezed-too-far": lambda t: t.shape == expected.squeeze().shape != expected.shape}


def expect_layers(seen, shapes):
    """Expect parameters of these names and shapes, and no others, before a run and after it."""
    one = [f"layers.0.{part}" for part in ("weight", "bias")]
    named = {
        "layers-built-in-forward": lambda names: seen.value["made"] > 0,
        "list-hides-layers": lambda names: len(seen.value["kinds"]) < 2 and not names,
        "one-layer-repeated": lambda names: names == one,
    }
    names = expect(seen).item("parameters", "the list of the parameters' names", named)
    said = "the parameters do not have the expected names"
    names.satisfies(lambda names: names == list(shapes), said, expected=str(list(shapes)))
    expect(seen).item("made", "the number of layers that forward made", {"layers-built-in-forward": 1}).equals(0)
    for name, shape in shapes.items():
        expect(seen).item("initial").item(name, name).shape(*shape).dtype(torch.float32)


def expect_own_numbers(seen):
    """Expect that no two layers of the same shape begin alike, within one module and in two."""
    first, second = seen.value
    for one, other in zip(first, second, strict=False):
        differ(one, other, "seeded-inside", "two modules")
    for index, one in enumerate(first):
        for other in first[:index]:
            differ(one, other, "branches-start-alike", "two layers of one module")


def differ(one, other, misconception, what):
    alike = one.data.shape == other.data.shape and torch.equal(one.data, other.data)
    require(not alike, f"{what} start with the same weights", expected="different numbers", misconception=misconception)


def expect_gradients(seen, x, state, device):
    """Expect the gradients of the reference in x and in each parameter."""
    cut_off = {"detached-returned": lambda t: t.grad is None}
    expect(seen).item("x", "x", cut_off).grad(x.grad)
    for name, each in state.items():
        part = expect(seen).item("trained").item(name, name, cut_off)
        part.tensor(each.detach(), device=device).grad(each.grad)


def expect_called(seen, names):
    """Expect that the module and its parts were run by calling them, each one once."""
    direct = {"calls-forward-directly": lambda skipped: any(count > 0 for count in skipped.values())}
    skipped = expect(seen).item("skipped", "the count of forwards that ran without hooks", direct)
    hooked = expect(seen).item("hooked", "the count of hooks that ran", {"call-overridden": lambda ran: ran[""] == 0})
    hooked.satisfies(
        lambda ran: ran[""] == 1, "the hooks of the module itself did not run exactly once",
        got=lambda ran: how_many(ran[""], "run"), expected="1 run",
    )  # fmt: skip
    said = "forward was called directly, so that hooks did not run"
    skipped.satisfies(lambda counts: not any(counts.values()), said, got=forwards_skipped, expected="no such call")
    hooked.satisfies(
        lambda ran: all(ran[name] == 1 for name in names), "not every layer was called exactly once",
        got=lambda ran: str({name: ran[name] for name in names}), expected="1 call of each layer",
    )  # fmt: skip


# Classifier


@pytest.mark.step("Classifier")
def test_classifier_registers(submission, rng):
    """registers one pipe with all its layers"""
    for num_inputs, num_classes in ((2, 3), (4, 6)):
        built(submission, "Classifier", num_inputs, num_classes)
        x, upstream = torch.randn(7, num_inputs, generator=rng), torch.randn(7, num_classes, generator=rng)
        seen = submission.probe.observe("Classifier", [num_inputs, num_classes], {}, x, upstream)
        expect_layers(seen, classifier_shapes(num_inputs, num_classes))
        kinds = ["Sequential", "Linear", "ReLU", "Linear", "ReLU", "Linear", "Dropout", "Softmax"]
        expect(seen).item("kinds", "the list of registered parts").equals(kinds)
        dims = expect(seen).item("softmax", "the list of dimensions of the softmax", {"softmax-dim-left-out": [None]})
        dims.satisfies(lambda dims: dims != [None], "the softmax was given no dimension", expected="a dimension")
    expect_own_numbers(submission.probe.made_twice("Classifier", [2, 3]))


@pytest.mark.step("Classifier")
def test_classifier_values(submission, rng, device):
    """applies the seven layers to x, with gradients"""
    for rows, num_inputs, num_classes in ((7, 2, 3), (1, 4, 6)):
        x, upstream = torch.randn(rows, num_inputs, generator=rng), torch.randn(rows, num_classes, generator=rng)
        state = normal(rng, classifier_shapes(num_inputs, num_classes))
        state = {name: each / 2 for name, each in state.items()}
        seen = submission.probe.observe("Classifier", [num_inputs, num_classes], state, x, upstream)
        expected = classify(x, state)
        named = {
            "softmax-wrong-dim": classify(x, state, dim=0),
            "softmax-taken-twice": torch.softmax(expected, dim=1),
        } | squeezed(expected)
        expect(seen).item("output", "the result of forward", named).tensor(expected, device=device)
        expect_gradients(seen, *with_gradients(classify, x, state, upstream), device)
        expect(seen).keeps_argument(X_IN_OBSERVE, x, "mutates-caller")


@pytest.mark.step("Classifier")
def test_classifier_dropout(submission, rng, device):
    """drops logits with the probability that it is given, and only in training"""
    x, upstream = torch.randn(7, 2, generator=rng), torch.randn(7, 3, generator=rng)
    state = normal(rng, classifier_shapes(2, 3))
    for probability, expected in ((0.0, classify(x, state)), (1.0, torch.full((7, 3), 1 / 3))):
        seen = submission.probe.observe("Classifier", [2, 3, probability], state, x, upstream, True)
        ignored = {"argument-ignored": lambda found: len(found) == 1}
        expect(seen).item("dropout", "the list of dropout probabilities", ignored).equals([probability])
        never = {"mode-not-restored": classify(x, state)} if probability == 1.0 else {}
        what = f"the result of forward in training, with dropout_prob={probability},"
        expect(seen).item("output", what, never).tensor(expected, device=device)
    seen = submission.probe.observe("Classifier", [2, 3, 1.0], state, x, upstream)
    always = {"dropout-after-logits-kept-on": torch.full((7, 3), 1 / 3)}
    what = "the result of forward in evaluation, with dropout_prob=1.0,"
    expect(seen).item("output", what, always).tensor(classify(x, state), device=device)
    seen = submission.probe.observe("Classifier", [2, 3], state, x, upstream)
    expect(seen).item("dropout", "the list of dropout probabilities where none is given").equals([0.3])


@pytest.mark.step("Classifier")
def test_classifier_is_called(submission, rng):
    """runs its parts by calling them, so that hooks run"""
    x, upstream = torch.randn(7, 2, generator=rng), torch.randn(7, 3, generator=rng)
    seen = submission.probe.observe("Classifier", [2, 3], {}, x, upstream)
    expect_called(seen, [f"pipe.{index}" for index in range(7)])


# DeepStack


@pytest.mark.step("DeepStack")
def test_stack_registers(submission, rng):
    """registers as many layers as it is asked for"""
    for width, depth in ((4, 3), (3, 5), (2, 1)):
        built(submission, "DeepStack", width, depth)
        submission.recognise({"mutates-caller": lambda error: "used in an in-place operation" in error.message})
        x, upstream = torch.randn(6, width, generator=rng), torch.randn(6, width, generator=rng)
        seen = submission.probe.observe("DeepStack", [width, depth], {}, x, upstream)
        expect_layers(seen, stack_shapes(width, depth))
    expect_own_numbers(submission.probe.made_twice("DeepStack", [4, 3]))


@pytest.mark.step("DeepStack")
def test_stack_values(submission, rng, device):
    """runs the layers in order, with a ReLU after each"""
    for rows, width, depth in ((6, 4, 3), (6, 3, 2), (1, 5, 1)):
        x, upstream = torch.randn(rows, width, generator=rng), torch.randn(rows, width, generator=rng)
        state = normal(rng, stack_shapes(width, depth))
        seen = submission.probe.observe("DeepStack", [width, depth], state, x, upstream, depth == 3)
        named = stacked_otherwise(x, state) | squeezed(run_stack(x, state))
        output = expect(seen).item("output", "the result of forward", named)
        output.tensor(run_stack(x, state), device=device)
        expect_gradients(seen, *with_gradients(run_stack, x, state, upstream), device)
        expect(seen).keeps_argument(X_IN_OBSERVE, x, "mutates-caller")


@pytest.mark.step("DeepStack")
def test_stack_is_called(submission, rng):
    """runs each layer once, by calling it"""
    x, upstream = torch.randn(6, 4, generator=rng), torch.randn(6, 4, generator=rng)
    seen = submission.probe.observe("DeepStack", [4, 3], {}, x, upstream)
    expect_called(seen, [f"layers.{index}" for index in range(3)])


# LearnedScale


def expect_scale(seen):
    """Expect one parameter, `scale`."""
    named = {
        "layers-built-in-forward": lambda names: len(seen.value["parameters after"]) > len(names),
        "buffer-is-not-trained": lambda names: "scale" in seen.value["buffers"],
        "list-hides-layers": lambda names: not names and seen.value["hidden"],
        "tensor-not-parameter": lambda names: not names and seen.value["scale"].type_name == "Tensor",
    }
    expect(seen).item("parameters", "the list of the parameters' names", named).equals(["scale"])
    expect(seen).item("parameters after", "the list of the parameters' names after a run").equals(["scale"])


@pytest.mark.step("LearnedScale")
def test_scale_registers(submission, rng, device):
    """registers one trainable factor for each feature, all of them ones at first"""
    for num_features in (3, 5):
        built(submission, "LearnedScale", num_features)
        x, upstream = torch.randn(4, num_features, generator=rng), torch.randn(4, num_features, generator=rng)
        seen = submission.probe.observe("LearnedScale", [num_features], {}, x, upstream)
        expect_scale(seen)
        expect(seen).item("initial").item("scale", "the initial scale").tensor(torch.ones(num_features), device=device)
        frozen = {"requires-grad-forgotten": lambda t: not t.requires_grad}
        expect(seen).item("scale", "the scale", frozen).requires_grad(True).leaf(True)


@pytest.mark.step("LearnedScale")
def test_scale_values(submission, rng, device):
    """multiplies each feature by its own factor, with gradients for both"""
    submission.recognise({"two-dimensions-assumed": lambda error: "must be a matrix" in error.message})
    for shape in ((4, 3), (1, 5, 6), (7,)):
        x, upstream = torch.randn(shape, generator=rng), torch.randn(shape, generator=rng)
        state = normal(rng, {"scale": shape[-1:]})
        seen = submission.probe.observe("LearnedScale", [shape[-1]], state, x, upstream)
        expect_scale(seen)
        expected = x * state["scale"]
        expect(seen).item("output", "the result of forward", squeezed(expected)).tensor(expected, device=device)
        frozen = {"requires-grad-forgotten": lambda t: not t.requires_grad}
        expect(seen).item("scale", "the scale", frozen).requires_grad(True)
        expect_gradients(seen, *with_gradients(lambda x, state: x * state["scale"], x, state, upstream), device)
        expect_called(seen, [])


@pytest.mark.step("LearnedScale")
def test_scale_moves(submission, rng):
    """follows the module to another device"""
    seen = submission.probe.moved("LearnedScale", [3], torch.empty(4, 3, device=META))
    expect(seen).shape(4, 3).on(META)


@pytest.mark.step("LearnedScale")
def test_scale_keeps_x(submission, rng):
    """leaves the caller's x alone"""
    x = torch.randn(4, 3, generator=rng)
    seen = submission.probe.scaled_by_half(x)
    expect(seen).keeps_argument(0, x, "mutates-caller").values(x * 0.5)


@pytest.mark.step("LearnedScale")
def test_scale_clears(submission, rng):
    """has its gradient cleared by zero_grad of the module"""
    x, upstream = torch.randn(4, 3, generator=rng), torch.randn(4, 3, generator=rng)
    seen = submission.probe.cleared("LearnedScale", [3], x, upstream)
    had, has = expect(seen).item("before"), expect(seen).item("after")
    had.satisfies(lambda flags: flags == [True], "no parameter got a gradient from backward", got="")
    has.satisfies(lambda flags: flags == [False], "zero_grad of the module did not clear the gradient", got="")


# Standardise


def statistics(rng, num_features):
    """Return a mean and a positive std."""
    return torch.randn(num_features, generator=rng), torch.rand(num_features, generator=rng) + 0.5


def of_the_batch(output, x):
    """Tell whether an output was standardised with the statistics of x itself."""
    if len(x) < 2:
        return False  # one sample has no spread
    return any(torch.allclose(output.data, (x - x.mean(0)) / x.std(0, correction=one), atol=1e-3) for one in (0, 1))


@pytest.mark.step("Standardise")
def test_standardise_registers(submission, rng, device):
    """holds mean and std as buffers, saved but not trained"""
    mean, std = statistics(rng, 3)
    built(submission, "Standardise", mean, std)
    x, upstream = torch.randn(5, 3, generator=rng), torch.randn(5, 3, generator=rng)
    seen = submission.probe.observe("Standardise", [mean, std], {}, x, upstream)
    expect(seen).item("parameters", "the list of the parameters' names", {"parameter-for-buffer": bool}).equals([])
    forgotten = {"buffer-not-registered": lambda names: len(names) < 2}
    buffers = expect(seen).item("buffers", "the list of the buffers' names", forgotten)
    buffers.satisfies(
        lambda names: sorted(names) == ["mean", "std"], "the buffers do not have the expected names",
        expected="['mean', 'std']",
    )  # fmt: skip
    saved = expect(seen).item(
        "saved", "the list of names in state_dict()", {"buffer-not-saved": lambda names: len(names) < 2}
    )
    saved.satisfies(
        lambda names: sorted(names) == ["mean", "std"], "state_dict() does not hold the expected names",
        expected="['mean', 'std']",
    )  # fmt: skip


@pytest.mark.step("Standardise")
def test_standardise_values(submission, rng, device):
    """subtracts the mean and divides by the std, feature by feature"""
    for rows, num_features in ((5, 3), (1, 4)):
        mean, std = statistics(rng, num_features)
        # Where the std is small, whatever is added to it shows.
        std = std / 100 if rows == 1 else std
        x, upstream = torch.randn(rows, num_features, generator=rng), torch.randn(rows, num_features, generator=rng)
        seen = submission.probe.observe("Standardise", [mean, std], {}, x, upstream)
        named = {
            "statistics-of-the-batch": lambda t, x=x: of_the_batch(t, x),
            "parentheses-forgotten": x - mean / std,
            "std-is-not-variance": lambda t, x=x, mean=mean, std=std: any(
                torch.allclose(t.data, (x - mean) / each) for each in (std**2, std.sqrt())
            ),
        } | squeezed(x)
        expect(seen).item("output", "the result of forward", named).tensor((x - mean) / std, device=device)
        cut_off = {"detached-returned": lambda t: t.grad is None}
        expect(seen).item("x", "x", cut_off).grad(upstream / std)
        expect_called(seen, [])
        loaded = dict(zip(("mean", "std"), statistics(rng, num_features), strict=True))
        seen = submission.probe.observe("Standardise", [mean, std], loaded, x, upstream)
        stale = {"derived-value-kept": lambda t, seen=seen: {"mean", "std"} <= set(seen.value["buffers"])}
        output = expect(seen).item("output", "the result of forward after mean and std were loaded", stale)
        output.tensor((x - loaded["mean"]) / loaded["std"], device=device)


@pytest.mark.step("Standardise")
def test_standardise_moves(submission, rng):
    """moves its buffers to another device along with the module"""
    seen = submission.probe.moved("Standardise", list(statistics(rng, 3)), torch.empty(4, 3, device=META))
    expect(seen).shape(4, 3).on(META)


@pytest.mark.step("Standardise")
def test_standardise_keeps(submission, rng):
    """leaves the caller's tensors alone"""
    (mean, std), x = statistics(rng, 3), torch.randn(5, 3, generator=rng)
    seen = submission.probe.standardised(mean, std, x)
    whole = expect(seen)
    for index, sent in enumerate((mean, std, x)):
        whole.keeps_argument(index, sent, "mutates-caller")
    whole.values((x - mean) / std)


# parameter_summary

# Parts of a model: layers up to three levels down, parameters and buffers of its own, frozen ones, and, as the last two,
# a parameter that looks at the memory of another part, and a weight that another part has, too.
PARTS = (
    "add_module('{name}', nn.Linear({a}, {b}))", "add_module('{name}', nn.Conv2d({a}, {b}, 2, bias=False))",
    "add_module('{name}', nn.Sequential(nn.ReLU(), nn.Sequential(nn.Linear({a}, {b}), nn.Linear({b}, {c}))))",
    "add_module('{name}', nn.Linear({a}, {b}).requires_grad_(False))", "add_module('{name}', nn.BatchNorm1d({a}))",
    "register_parameter('{name}', nn.Parameter(torch.zeros({a}, 1)))",
    "register_parameter('{name}', nn.Parameter(torch.tensor(1.0), requires_grad=False))",
    "register_buffer('{name}', torch.zeros({a}))",
    "register_parameter('{name}', nn.Parameter(made.{other}.weight.detach()[:1]))",
    "register_parameter('{name}', made.{other}.weight)",
)  # fmt: skip
NAMES = ("stem", "body", "neck", "head", "tail")


def drawn_model(chance):
    """Draw the recipe of a model."""
    names = chance.sample(NAMES, chance.randint(2, 4))
    parts = [chance.choice(PARTS[:2]), *chance.choices(PARTS, k=len(names) - 1)]
    sizes = [dict(zip("abc", chance.sample(range(8, 15), 3), strict=True)) for _ in names]
    made = zip(parts, names, sizes, strict=True)
    return "; ".join(part.format(name=name, other=names[0], **each) for part, name, each in made)


def counted(parameters):
    """Return the summary of these parameters, which come with names."""
    rows = [(name, tuple(each.shape), each.numel()) for name, each in parameters]
    return rows, sum(row[2] for row in rows), sum(each.numel() for _, each in parameters if each.requires_grad)


def summaries(model):
    """Return the summary of a model, and that of each misconception which errs about it."""
    right, twice = list(model.named_parameters()), list(model.named_parameters(remove_duplicate=False))
    lists = {
        "frozen-not-counted": [(name, each) for name, each in right if each.requires_grad],
        "top-level-only": [(name, each) for name, each in right if name.count(".") < 2],
        "buffers-are-parameters": list(model.state_dict(keep_vars=True).items()) if len(twice) == len(right) else right,
        "shared-counted-twice": twice,
        "address-is-not-the-tensor": list({each.data_ptr(): (name, each) for name, each in right}.values()),
    }
    return counted(right), {who: counted(found) for who, found in lists.items() if len(found) != len(right)}


def in_one_way_each(right, wrong):
    """Tell whether each number that is wrong says whose it is."""
    for part in (1, 2):
        numbers = [each[part] for each in (right, *wrong.values()) if each[part] != right[part]]
        if len(set(numbers)) < len(numbers) or (part == 2 and right[1] in numbers):
            return False
    return True


def drawn_models(rng):
    """Draw models about two of which each misconception errs; return their recipes with what `summaries` says."""
    chance, found, erred = dice(rng), {}, collections.Counter()
    while len(erred) < 5 or min(erred.values()) < 2:
        recipe = drawn_model(chance)
        right, wrong = summaries(followed(recipe, torch.nn.Module()))
        if in_one_way_each(right, wrong) and any(erred[who] < 2 for who in wrong):
            erred.update(wrong.keys())
            found[recipe] = right, wrong
    return found


def summed_up(submission, rng):
    """Ask for the summaries of drawn models; give for each its recipe, what is right and wrong, and what was seen.

    Those with shared parameters come last, since a state_dict has these twice, too.
    """
    models = drawn_models(rng)
    seen = expect(submission.probe.summaries_of(list(models))).length(len(models))
    cases = [(recipe.replace("made", "model"), *models[recipe], seen.item(at)) for at, recipe in enumerate(models)]
    return sorted(cases, key=lambda case: "shared-counted-twice" in case[2])


def with_names_of(rows):
    """Return a function that tells whether rows have the names of these."""
    return lambda found: [row[0] for row in found] == [row[0] for row in rows]


@pytest.mark.step("parameter_summary")
def test_summary_rows(submission, rng):
    """lists every parameter once, with its name, shape and size"""
    for recipe, right, wrong, seen in summed_up(submission, rng):
        named = {who: with_names_of(rows) for who, (rows, _, _) in wrong.items()}
        answer = seen.item("answer", "the result").length(3)
        rows = answer.item(0, f"the list of rows for a model after {recipe}", named)
        rows.length(len(right[0])).equals(right[0])


@pytest.mark.step("parameter_summary")
def test_summary_totals(submission, rng):
    """counts elements, all of them and the trainable ones"""
    for recipe, (rows, total, trainable), wrong, seen in summed_up(submission, rng):
        answer = seen.item("answer", "the result").length(3)
        tensors = {"counts-tensors": len(rows), "scalar-tensor-not-number": torch.tensor(total)}
        named = {who: number for who, (_, number, _) in wrong.items()} | tensors
        answer.item(1, f"the total for a model after {recipe}", named).equals(total)
        named = {who: number for who, (_, _, number) in wrong.items()} | {"frozen-counted-as-trained": total}
        named["counts-tensors"] = lambda number, most=len(rows): 0 < number <= most
        named["scalar-tensor-not-number"] = torch.tensor(trainable)
        answer.item(2, f"the number of trainable elements for a model after {recipe}", named).equals(trainable)


@pytest.mark.step("parameter_summary")
def test_summary_looks_only(submission, rng):
    """leaves the model as it was, and does not run it"""
    for _, _, _, seen in summed_up(submission, rng):
        seen.item("untouched").is_true("the model was changed, or run")
