"""Hidden checks of 06: where a gradient lands, what it is weighted with, and what is added to it."""

import pytest
import torch

from grader.compare import expect

ERRORS = {
    "requires-grad-forgotten": lambda error: "does not require grad" in error,
    "backward-on-vector": lambda error: "only for scalar outputs" in error,
    "second-backward-freed-graph": lambda error: "a second time" in error,
}
NONE_READ = {"grad-of-wrong-tensor": lambda error: "'NoneType'" in error}
NONE_CLEARED = {"grad-starts-as-none": lambda error: "'NoneType'" in error}


def answer(seen, what, named, none_error=NONE_READ):
    """Return the expectation on the value, after asking that no known error was raised."""
    facts = expect(seen)
    facts.item("error", lookalikes=ERRORS | none_error).no_exception("your code raised an exception")
    return facts.item("value", what, named)


def number(rng, low, high):
    return low + (high - low) * float(torch.rand((), generator=rng))


def expected_scalar(kind, weights, x):
    """Return the gradient of one of the probe's functions, by its formula."""
    return {
        "square": 2 * x * weights,
        "sine": torch.cos(x) * weights,
        "exponential": torch.exp(x / 2) / 2 * weights,
    }[kind]


def expected_rows(weights, x):
    return 2 * (weights @ x).unsqueeze(1) * weights


@pytest.mark.step("slope")
def test_slope(submission, rng, device):
    """computes the slope of any parabola at any point"""
    cases = [(1.0, 1.0, 4.0), (3.0, 1.0, 4.0)]
    # The slopes of small points tell a rounded answer.
    cases += [(number(rng, 2, 5), number(rng, 1, 3), at) for at in (number(rng, 1, 3), -number(rng, 0.1, 0.3))]
    for factor, constant, at in cases:
        for in_steps in (False, True):
            seen = submission.probe.slope_of(factor, constant, in_steps, at)
            value = factor * at**2 + constant
            named = {
                "grad-of-wrong-tensor": None,
                "value-not-slope": lambda got, value=value: abs(got - value) < 1e-3,
                "scalar-tensor-not-number": lambda got: got.shape == (),
            }
            expected = 2 * factor * at
            answer(seen, "the slope", named).near(expected, device)
            vector = {"one-element-is-a-dimension": ["torch.float32 (1,)"]}
            given = expect(seen).item("asked", "the list of what the function was called with", vector)
            given.equals(["torch.float32 ()"])


@pytest.mark.step("slope")
def test_slope_by_autograd(submission, rng, device):
    """takes the slope from autograd, also where the function has a kink"""
    # Eighths, which float32 holds exactly: the kink is where it is said to be.
    factor, at = number(rng, 1, 3), int(torch.randint(2, 20, (), generator=rng)) / 8
    named = {
        "value-not-slope": lambda got: abs(got - at) < 1e-3,
        "difference-quotient": lambda got: 1 + 0.2 * factor < got < 1 + 1.2 * factor,
    }
    answer(submission.probe.slope_at_kink(factor, at), "the slope", named).near(1.0, device)


@pytest.mark.step("pull_back")
def test_pull_back(submission, rng, device):
    """weights the results with the upstream gradient"""
    for results, size in ((4, 3), (2, 5)):
        weights = torch.randn(results, size, generator=rng)
        x, upstream = torch.randn(size, generator=rng), torch.randn(results, generator=rng)
        seen = submission.probe.pulled_back(weights, x, upstream)
        rows = expected_rows(weights, x)
        read = seen.value
        named = {
            "grad-of-wrong-tensor": None,
            "ones-upstream-only": lambda t, read=read, rows=rows: read["given"] and same(t, rows.sum(0)),
            "upstream-ignored": rows.sum(0),
            "mean-vs-sum": upstream @ rows / results,
        }
        answer(seen, "the gradient", named).tensor(upstream @ rows, device=device)


def same(tensor, expected):
    return tensor.shape == tuple(expected.shape) and torch.allclose(tensor.data, expected, 1e-4, 1e-5)


@pytest.mark.step("pull_back")
def test_pull_back_leaves_alone(submission, rng):
    """leaves x and the upstream gradient as they were"""
    weights = torch.randn(4, 3, generator=rng)
    x, upstream = torch.randn(3, generator=rng), torch.randn(4, generator=rng)
    seen = expect(submission.probe.pulled_back(weights, x, upstream))
    seen.keeps_argument(1, x, "mutates-caller").keeps_argument(2, upstream, "mutates-caller")


@pytest.mark.step("two_passes")
def test_two_passes(submission, rng, device):
    """notes the first gradient, and then the sum of both"""
    weights, x = torch.randn(5, generator=rng), torch.randn(5, generator=rng)
    first, second = expected_scalar("square", weights, x), expected_scalar("sine", weights, x)
    seen = submission.probe.passed_twice(weights, x)
    pair = answer(seen, "the result", {}).length(2)
    named = {
        "results-in-another-order": lambda t: same(t, first + second) and same(seen.value["value"][1], first),
        "grad-is-aliased": first + second,
    }
    pair.item(0, "the first noted gradient", named).tensor(first, device=device)
    named = {"gradients-are-added": second}
    pair.item(1, "the second noted gradient", named).tensor(first + second, device=device)


@pytest.mark.step("two_passes")
def test_two_passes_leave_alone(submission, rng):
    """leaves x as it was"""
    weights, x = torch.randn(5, generator=rng), torch.randn(5, generator=rng)
    expect(submission.probe.passed_twice(weights, x)).keeps_argument(1, x, "mutates-caller")


@pytest.mark.step("separate")
def test_separate(submission, rng, device):
    """returns each gradient by itself, whatever was in .grad before"""
    for left in (True, False):
        weights, x = torch.randn(5, generator=rng), torch.randn(5, generator=rng)
        leaf = x.clone().requires_grad_()
        garbage = torch.randn(5, generator=rng)
        leaf.grad = garbage.clone() if left else None
        dues = [expected_scalar(kind, weights, x) for kind in ("square", "sine", "exponential")]
        seen = submission.probe.separated(weights, leaf)
        gradients = answer(seen, "the result", {}, NONE_CLEARED).length(3)
        for index, expected in enumerate(dues):
            so_far = sum(dues[: index + 1])
            sums = ([so_far] if index else []) + [so_far + garbage, sum(dues), sum(dues) + garbage]
            later = [*dues[index + 1 :], torch.zeros(5)]
            named = {
                "gradients-accumulate": lambda t, sums=sums: any(same(t, wrong) for wrong in sums),
                "grad-is-aliased": lambda t, later=later: any(same(t, wrong) for wrong in later),
            }
            gradients.item(index, f"the gradient of function {index + 1}", named).tensor(expected, device=device)
        untouched = expect(seen).item("untouched", lookalikes={"mutates-caller": False})
        untouched.is_true("the leaf's own values or flags were changed")


@pytest.mark.step("jacobian")
def test_jacobian(submission, rng, device):
    """returns a row of derivatives for each result"""
    for results, size in ((4, 3), (2, 5)):
        weights, x = torch.randn(results, size, generator=rng), torch.randn(size, generator=rng)
        rows = expected_rows(weights, x)
        sums = [rows.cumsum(0), rows.sum(0).expand(rows.shape)]
        last = [rows[-1].expand(rows.shape), torch.zeros(rows.shape)]
        named = {
            "gradients-accumulate": lambda t, sums=sums: any(same(t, wrong) for wrong in sums),
            "grad-is-aliased": lambda t, last=last: any(same(t, wrong) for wrong in last),
        }
        named["rows-are-results"] = rows.T
        answer(submission.probe.jacobian_of(weights, x), "the Jacobian", named).tensor(rows, device=device)


@pytest.mark.step("jacobian")
def test_one_graph(submission, rng):
    """calls the function once and leaves x as it was"""
    weights, x = torch.randn(4, 3, generator=rng), torch.randn(3, generator=rng)
    seen = expect(submission.probe.jacobian_of(weights, x))
    built_anew = {"graph-built-anew": lambda calls: calls > 1}
    seen.item("calls", "the number of calls to the function", built_anew).equals(1)
    seen.keeps_argument(1, x, "mutates-caller")
