"""Hidden checks of 06: where a gradient lands, what it is weighted with, and what is added to it."""

import pytest
import torch

from grader.compare import expect
from grader.curriculum.checks._recipes import as_code, dice
from grader.curriculum.preload.recipes import followed

ERRORS = {
    "requires-grad-forgotten": lambda error: "does not require grad" in error,
    "backward-on-vector": lambda error: "only for scalar outputs" in error,
    "second-backward-freed-graph": lambda error: "a second time" in error,
}
NONE_READ = {"grad-of-wrong-tensor": lambda error: "'NoneType'" in error}
NONE_CLEARED = {"grad-starts-as-none": lambda error: "'NoneType'" in error}


def answer(facts, what, named, none_error=NONE_READ):
    """Return the expectation on the value, after asking that no known error was raised."""
    facts.item("error", lookalikes=ERRORS | none_error).no_exception("your code raised an exception")
    return facts.item("value", what, named)


SIZES = ((4, 3), (2, 5), (1, 1))  # of results and of x; where both are 1, a dimension is easily lost

# What a function does to each element.
ELEMENTWISE = ("pow(2)", "sin()", "cos()", "exp()", "tanh()", "mul(3)", "add(1)", "sigmoid()")


def gradient(recipe, x, weights, upstream=None, dtype=torch.float64):
    """Return the gradient of the function that a recipe describes, for all of its results or weighted."""
    leaf = x.clone().to(dtype).requires_grad_()
    result = followed(recipe, leaf, w=weights.to(dtype))
    weighted = result if upstream is None else result * upstream
    return torch.autograd.grad(weighted.sum(), leaf)[0].float()


def rows_of(recipe, x, weights):
    """Return the Jacobian of the function that a recipe describes."""
    upstreams = torch.eye(weights.shape[1])
    return torch.stack([gradient(recipe, x, weights, each) for each in upstreams])


def steady(recipe, x, weights):
    """Tell whether rounding is of no importance to the gradient, and whether no part of it is nearly 0."""
    found = gradient(recipe, x, weights)
    return (
        torch.allclose(found, gradient(recipe, x, weights, dtype=torch.float32), 2e-6, 0) and found.abs().min() > 0.02
    )


def drawn_recipe(chance, x, weights, start, end):
    """Draw what a function does to each element between these calls; "" where the numbers allow none."""
    for _ in range(60):
        recipe = "; ".join([*start, *chance.sample(ELEMENTWISE, chance.randint(1, 2)), *end])
        if steady(recipe, x, weights):
            return recipe
    return ""


def drawn_function(rng, results, size):
    """Draw a function of (size,) to (results,), and where it is looked at; return recipe, weights and x."""
    weights, x, chance = torch.randn(size, results, generator=rng), torch.randn(size, generator=rng), dice(rng)
    start = [*chance.choice([[], ["sin()"], ["mul(x)"]]), "matmul(w)"]
    recipe = drawn_recipe(chance, x, weights, start, [])
    return (recipe, weights, x) if recipe else drawn_function(rng, results, size)


def drawn_scalars(rng, count, size=5):
    """Draw functions of (size,) to one number, and where they are looked at; return recipes, weights and x."""
    weights, x, chance = list(torch.randn(count, size, generator=rng)), torch.randn(size, generator=rng), dice(rng)
    recipes = [drawn_recipe(chance, x, each, [], ["mul(w)", "sum()"]) for each in weights]
    return (recipes, weights, x) if all(recipes) else drawn_scalars(rng, count, size)


def slope_of(recipe, at):
    return float(gradient(recipe, torch.tensor(at), torch.zeros(())))


def parabola_at(chance, least, most):
    """Draw a parabola, and a point where its slope is neither its value nor about 0."""
    nothing = torch.zeros(())
    while True:
        straight = [f"mul({chance.uniform(1, 3):.3f})", f"add({chance.uniform(1, 3):.3f})", "add(x)", "sub(x)", "neg()"]
        calls = [*chance.sample(straight, 2), chance.choice(["mul(x)", "pow(2)"]), *chance.sample(straight, 2)]
        recipe, at = "; ".join(calls), chance.uniform(least, most)
        x = torch.tensor(at)
        slope = slope_of(recipe, at)
        apart = abs(float(followed(recipe, x)) - slope)
        if 0.05 < abs(slope) < 50 and apart > 0.05 and steady(recipe, x, nothing):
            return recipe, at, 0.0


def kinked_at(chance, least, most):
    """Draw a function of a number with a kink, and the point where that is; return also how steep it is beyond."""
    while True:
        # Eighths, which float32 holds exactly: the kink is where it is said to be.
        at = chance.randint(least, most) / 8
        steep, factor = round(chance.uniform(1, 3), 3), round(chance.uniform(1, 3), 3)
        if min(abs(1 + steep * share - at) for share in (0.5, 1)) > 0.1:  # no rise over the run is the value
            return f"sub({at}); relu(); mul({steep}); add(x); mul({factor})", at, steep


def sloped(submission, rng):
    """Let slope be asked about functions of both kinds, in a drawn order; return them and what was seen."""
    chance = dice(rng)
    # The slopes of small points tell a rounded answer.
    parabolas = [parabola_at(chance, *ends) for ends in ((1, 3), (1, 4), (-0.3, -0.1), (-2, -1), (0.1, 0.3))]
    cases = chance.sample([*parabolas, *(kinked_at(chance, *ends) for ends in ((2, 19), (0, 0), (-19, -2)))], 8)
    seen = submission.probe.slopes_of([recipe for recipe, _, _ in cases], [at for _, at, _ in cases])
    expect(seen).length(8)
    return cases, seen


@pytest.mark.step("slope")
def test_slope(submission, rng, device):
    """computes the slope of any parabola at any point"""
    cases, seen = sloped(submission, rng)
    for index, (recipe, at, steep) in enumerate(cases):
        if steep:
            continue
        value = float(followed(recipe, torch.tensor(at)))
        named = {
            "grad-of-wrong-tensor": None,
            "value-not-slope": lambda got, value=value: abs(got - value) < 1e-3,
            "scalar-tensor-not-number": lambda got: got.shape == (),
        }
        facts = expect(seen).item(index)
        answer(facts, f"the slope of {as_code(recipe)} at {at:.5g}", named).near(slope_of(recipe, at), device)
        vector = {"one-element-is-a-dimension": ["torch.float32 (1,)"]}
        given = facts.item("asked", "the list of what the function was called with", vector)
        given.equals(["torch.float32 ()"])


@pytest.mark.step("slope")
def test_slope_by_autograd(submission, rng, device):
    """takes the slope from autograd, also where the function has a kink"""
    cases, seen = sloped(submission, rng)
    for index, (recipe, at, steep) in enumerate(cases):
        if not steep:
            continue
        slope = slope_of(recipe, at)
        named = {
            "value-not-slope": lambda got, at=at, slope=slope: abs(got - at * slope) < 1e-3,
            "difference-quotient": lambda got, slope=slope, steep=steep: (
                1 + 0.2 * steep < got / slope < 1 + 1.2 * steep
            ),
        }
        answer(expect(seen).item(index), f"the slope of {as_code(recipe)} at {at}", named).near(slope, device)


@pytest.mark.step("pull_back")
def test_pull_back(submission, rng, device):
    """weights the results with the upstream gradient"""
    for results, size in SIZES:
        recipe, weights, x = drawn_function(rng, results, size)
        upstream = torch.randn(results, generator=rng)
        seen = submission.probe.pulled_back(recipe, weights, x, upstream)
        rows = rows_of(recipe, x, weights)
        read = seen.value
        named = {
            "grad-of-wrong-tensor": None,
            "ones-upstream-only": lambda t, read=read, rows=rows: read["given"] and same(t, rows.sum(0)),
            "upstream-ignored": rows.sum(0),
            "mean-vs-sum": upstream @ rows / results,
            "squeezed-too-far": lambda t: t.shape == (),
        }
        answer(expect(seen), "the gradient", named).tensor(upstream @ rows, device=device)


def same(tensor, expected):
    return tensor.shape == tuple(expected.shape) and torch.allclose(tensor.data, expected, 1e-4, 1e-5)


@pytest.mark.step("pull_back")
def test_pull_back_leaves_alone(submission, rng):
    """leaves x and the upstream gradient as they were"""
    (recipe, weights, x), upstream = drawn_function(rng, 4, 3), torch.randn(4, generator=rng)
    seen = expect(submission.probe.pulled_back(recipe, weights, x, upstream))
    seen.keeps_argument(2, x, "mutates-caller").keeps_argument(3, upstream, "mutates-caller")


@pytest.mark.step("two_passes")
def test_two_passes(submission, rng, device):
    """notes the first gradient, and then the sum of both"""
    for size in (5, 1):
        recipes, weights, x = drawn_scalars(rng, 2, size)
        first, second = (gradient(recipe, x, each) for recipe, each in zip(recipes, weights, strict=True))
        seen = submission.probe.passed_twice(recipes, weights, x)
        pair = answer(expect(seen), "the result", {}).length(2)
        named = {
            "results-in-another-order": lambda t, first=first, second=second, read=seen.value: (
                same(t, first + second) and same(read["value"][1], first)
            ),
            "grad-is-aliased": first + second,
        }
        pair.item(0, "the first noted gradient", named).tensor(first, device=device)
        named = {"gradients-are-added": second}
        pair.item(1, "the second noted gradient", named).tensor(first + second, device=device)


@pytest.mark.step("two_passes")
def test_two_passes_leave_alone(submission, rng):
    """leaves x as it was"""
    recipes, weights, x = drawn_scalars(rng, 2)
    expect(submission.probe.passed_twice(recipes, weights, x)).keeps_argument(2, x, "mutates-caller")


@pytest.mark.step("separate")
def test_separate(submission, rng, device):
    """returns each gradient by itself, whatever was in .grad before"""
    for left, count, size in (("numbers", 3, 5), ("nothing", 1, 1), ("no numbers", 3, 4)):
        recipes, weights, x = drawn_scalars(rng, count, size)
        leaf = x.clone().requires_grad_()
        garbage = torch.randn(size, generator=rng)
        if left == "no numbers":
            garbage[1:3] = torch.tensor([torch.nan, torch.inf])
        leaf.grad = None if left == "nothing" else garbage.clone()
        dues = [gradient(recipe, x, each) for recipe, each in zip(recipes, weights, strict=True)]
        seen = submission.probe.separated(recipes, weights, leaf)
        gradients = answer(expect(seen), "the result", {}, NONE_CLEARED).length(count)
        for index, expected in enumerate(dues):
            so_far = sum(dues[: index + 1])
            sums = ([so_far] if index else []) + [so_far + garbage, sum(dues), sum(dues) + garbage]
            later = [*dues[index + 1 :], torch.zeros(size)]
            named = {
                "gradients-accumulate": lambda t, sums=sums: any(same(t, wrong) for wrong in sums),
                "grad-is-aliased": lambda t, later=later: any(same(t, wrong) for wrong in later),
                "zero-times-nan": lambda t, left=left: left == "no numbers" and bool(t.data.isnan().any()),
            }
            gradients.item(index, f"the gradient of function {index + 1}", named).tensor(expected, device=device)
        untouched = expect(seen).item("untouched", lookalikes={"mutates-caller": False})
        untouched.is_true("the leaf's own values or flags were changed")


@pytest.mark.step("jacobian")
def test_jacobian(submission, rng, device):
    """returns a row of derivatives for each result"""
    for results, size in SIZES:
        recipe, weights, x = drawn_function(rng, results, size)
        rows = rows_of(recipe, x, weights)
        sums = [rows.cumsum(0), rows.sum(0).expand(rows.shape)]
        last = [rows[-1].expand(rows.shape), torch.zeros(rows.shape)]
        named = {
            "gradients-accumulate": lambda t, sums=sums: any(same(t, wrong) for wrong in sums),
            "grad-is-aliased": lambda t, last=last: any(same(t, wrong) for wrong in last),
        }
        named["rows-are-results"] = rows.T
        named["squeezed-too-far"] = lambda t: t.shape == ()
        seen = submission.probe.jacobian_of(recipe, weights, x)
        # Whoever collects what adds up in one place has the same numbers.
        weighted_alike = {"ones-upstream-only": lambda t, read=seen.value, sums=sums: read["ones"] and same(t, sums[1])}
        named = weighted_alike | named
        answer(expect(seen), "the Jacobian", named).tensor(rows, device=device)


@pytest.mark.step("jacobian")
def test_one_graph(submission, rng):
    """calls the function once and leaves x as it was"""
    recipe, weights, x = drawn_function(rng, 4, 3)
    seen = expect(submission.probe.jacobian_of(recipe, weights, x))
    built_anew = {"graph-built-anew": lambda calls: calls > 1}
    seen.item("calls", "the number of calls to the function", built_anew).equals(1)
    seen.keeps_argument(2, x, "mutates-caller")
