"""Hidden checks of 11: two autograd Functions, the function around one of them, and gradcheck."""

from dataclasses import dataclass

import pytest
import torch

from grader.compare import expect, how_many, looks_like
from grader.curriculum.checks._recipes import dice

DTYPES = (torch.float32, torch.float64)
RAISED = "an exception left passes_gradcheck"
# A tuple times a tensor: torch takes it for a list that is to be repeated.
UNPACKED = {"tuple-not-unpacked": lambda error: "can be converted to an index" in error.message}


def drawn(rng, *shape, dtype=torch.float32, requires_grad=True):
    """Draw a leaf whose elements are not small, so that factors show."""
    size = 0.5 + 2 * torch.rand(shape, generator=rng, dtype=dtype)
    sign = torch.randint(2, shape, generator=rng) * 2 - 1
    return (size * sign).requires_grad_(requires_grad)


def upstream_for(rng, x):
    """Draw an upstream gradient for something like x."""
    return drawn(rng, *x.shape, dtype=x.dtype, requires_grad=False)


def sigmoid_of(x):
    """Return the sigmoid and its derivative, without a graph."""
    y = torch.sigmoid(x.detach())
    return y, y * (1 - y)


def not_finite(tensor):
    """Tell whether NaN or infinity is among the values or in the gradient."""
    grad = tensor.grad.data if tensor.grad is not None else torch.zeros(1)
    return not (torch.isfinite(tensor.data).all() and torch.isfinite(grad).all())


def all_alike(tensor):
    """Tell whether the larger half of the numbers, of either sign, came out as one, beside 0 and 1."""
    high, low = tensor.data[4:8], tensor.data[12:]
    return all(bool((part == part[0]).all()) and 0 < part[0] < 1 for part in (high, low))


@pytest.mark.step("Sigmoid")
def test_sigmoid(submission, rng, device):
    """computes the sigmoid, and its gradient from any upstream gradient"""
    for dtype in DTYPES:
        x = drawn(rng, 3, 5, dtype=dtype)
        upstream = upstream_for(rng, x)
        y, slope = sigmoid_of(x)
        submission.recognise(UNPACKED)
        seen = expect(submission.probe.apply_sigmoid(x, upstream))
        named = {"dtype-forced": lambda t, dtype=dtype: dtype == torch.float64 and t.dtype == "float32"}
        result = seen.item("y", "the result", named | {"detached-returned": lambda t: not t.requires_grad})
        result.tensor(y, device=device).requires_grad(True)
        elsewhere = [upstream * point * (1 - point) for point in (x.detach(), torch.sigmoid(y))]
        named = {
            "upstream-ignored": slope,
            "derivative-at-the-wrong-point": lambda t, each=elsewhere: any(looks_like(t.grad, one) for one in each),
            "local-gradients-of-another": upstream * (1 - y * y),
        }
        seen.item("x", "x", named).grad(upstream * slope)
        seen.keeps_argument(1, upstream, "upstream-overwritten")


@pytest.mark.step("Sigmoid")
def test_far_out(submission, rng, device):
    """stays finite and accurate for very large and very small x, and at 0"""
    for dtype in DTYPES:
        x = drawn(rng, 8, dtype=dtype, requires_grad=False).abs() * torch.tensor(
            [0, 20, 60, 100, 200, 400, 1000, 10000]
        )
        x = torch.cat([x, -x]).to(dtype).requires_grad_()
        y, slope = sigmoid_of(x)
        upstream = upstream_for(rng, x)
        seen = expect(submission.probe.apply_sigmoid(x, upstream))
        named = {
            "unstable-exp": not_finite,
            "boundary-left-out": lambda t: bool((t.data[::8] == 0).all()),
            "input-clamped": all_alike,
        }
        seen.item("y", "the result", named).tensor(y, device=device)
        seen.item("x", "x", {"unstable-exp": not_finite}).grad(upstream * slope)


@pytest.mark.step("Sigmoid")
def test_handed_on(submission, rng):
    """passes tensors on through ctx.save_for_backward"""
    handed_on(submission.probe.kept_by_sigmoid(drawn(rng, 3, 2)))


def handed_on(seen):
    """Require that tensors were saved, and that none lies on ctx."""
    named = {"stored-on-ctx": lambda count: count > 0}
    kept = expect(seen)
    kept.item("attributes", "the number of tensors stored as attributes of ctx", named).is_a(int).equals(0)
    saved = kept.item("saved", "the number of tensors saved for backward", {"stored-on-ctx": 0}).is_a(int)
    saved.satisfies(lambda count: count > 0, "no tensor was saved for backward", expected="1 or more")


@pytest.mark.step("Sigmoid")
def test_two_calls(submission, rng):
    """keeps two calls apart"""
    first, second = drawn(rng, 4), drawn(rng, 4)
    upstream = upstream_for(rng, first)
    seen = expect(submission.probe.apply_twice(first, second, upstream))
    slopes = [sigmoid_of(x)[1] for x in (first, second)]
    seen.item("first", "the first x", {"stored-on-ctx": upstream * slopes[1]}).grad(upstream * slopes[0])
    seen.item("second", "the second x").grad(upstream * slopes[1])


@pytest.mark.step("Sigmoid")
def test_sigmoid_gradcheck(submission, rng):
    """leaves x alone and passes gradcheck in float64"""
    x = drawn(rng, 2, 3, dtype=torch.float64)
    expect(submission.probe.kept_by_sigmoid(x)).keeps_argument(0, x, "mutates-caller")
    expect(submission.probe.gradcheck_sigmoid(x)).is_true("Sigmoid did not pass torch.autograd.gradcheck")


@pytest.mark.step("sigmoid")
def test_one_node(submission, rng, device):
    """leaves one node in the graph, the one of the class"""
    submission.recognise({
        "apply-left-out": lambda error: "Legacy autograd function" in error.message
        or "'NoneType' object has no attribute 'save_for_backward'" in error.message,
    })  # fmt: skip
    x = drawn(rng, 3, 5, dtype=torch.float64)
    seen = expect(submission.probe.sigmoid_graph(x))
    named = {"dtype-forced": lambda t: t.dtype == "float32", "detached-returned": lambda t: not t.requires_grad}
    result = seen.item("y", "the result", named)
    result.tensor(sigmoid_of(x)[0], device=device).requires_grad(True)
    seen.item("nodes", "the list of nodes in the graph", {"several-nodes": lambda nodes: len(nodes) > 1}).length(1)
    own = seen.item("own", lookalikes={"own-function-unused": [False]})
    own.satisfies(lambda own: own == [True], "the node in the graph does not belong to Sigmoid", got="")


@pytest.mark.step("ScaledProduct")
def test_product(submission, rng, device):
    """computes the product and the gradients of both tensors"""
    submission.recognise(
        UNPACKED | {"number-saved-as-tensor": lambda error: "can only save variables" in error.message}
    )
    for dtype, scale in ((torch.float32, 2.5), (torch.float64, -0.75), (torch.float32, 0.0)):
        a, b = (drawn(rng, 3, 4, dtype=dtype) for _ in range(2))
        upstream = upstream_for(rng, a)
        with torch.no_grad():
            a[0, 1], b[2, 3] = 0, 0
        seen = expect(submission.probe.apply_product(a, b, scale, upstream))
        left, right = a.detach(), b.detach()
        seen.item("y", "the result", {"argument-ignored": left * right}).tensor(left * right * scale, device=device)
        named = {
            "wrong-number-of-grads": lambda said: "number of gradients" in said,
            "grad-for-non-tensor": lambda said: "different than None" in said,
        }
        seen.item("refused", lookalikes=named).no_exception("autograd refused what backward returned")
        for name, other, own in (("a", right, left), ("b", left, right)):
            named = {
                "factor-by-division": not_finite,
                "upstream-ignored": other * scale,
                "argument-ignored": upstream * other,
                "gradients-swapped": upstream * own * scale,
            }
            seen.item(name, name, named).grad(upstream * other * scale)
        seen.keeps_argument(3, upstream, "upstream-overwritten")


@pytest.mark.step("ScaledProduct")
def test_product_handed_on(submission, rng):
    """passes tensors on through ctx.save_for_backward, and keeps two calls apart"""
    handed_on(submission.probe.kept_by_product(drawn(rng, 3, 2), drawn(rng, 3, 2), 1.5))
    pairs, scales = [[drawn(rng, 4), drawn(rng, 4)] for _ in range(2)], [1.5, -3.0]
    upstream = upstream_for(rng, pairs[0][0])
    seen = expect(submission.probe.apply_product_twice(pairs, scales, upstream))
    for name, (a, b), scale, other in zip(("first", "second"), pairs, scales, scales[::-1], strict=True):
        for index, factor in enumerate((b.detach(), a.detach())):
            named = {"state-between-calls": upstream * factor * other}
            expected = upstream * factor * scale
            seen.item(name).item(index, f"{'ab'[index]} in the {name} call", named).grad(expected)


@pytest.mark.step("ScaledProduct")
def test_one_of_two(submission, rng):
    """works where only one of the two tensors requires a gradient"""
    for flags in ((True, False), (False, True)):
        a, b = (drawn(rng, 5, requires_grad=flag) for flag in flags)
        upstream = upstream_for(rng, a)
        seen = expect(submission.probe.apply_product(a, b, 1.5, upstream))
        expected = [
            upstream * other.detach() * 1.5 if flag else None for flag, other in zip(flags, (b, a), strict=True)
        ]
        seen.item("a", "a").grad(expected[0])
        seen.item("b", "b").grad(expected[1])


@pytest.mark.step("ScaledProduct")
def test_product_gradcheck(submission, rng):
    """leaves its arguments alone and passes gradcheck in float64"""
    a, b = (drawn(rng, 2, 3, dtype=torch.float64) for _ in range(2))
    seen = expect(submission.probe.kept_by_product(a, b, 0.5))
    seen.keeps_argument(0, a, "mutates-caller").keeps_argument(1, b, "mutates-caller")
    expect(submission.probe.gradcheck_product(a, b, 0.5)).is_true("ScaledProduct did not pass torch.autograd.gradcheck")


def is_tensor(value):
    return hasattr(value, "data")


@dataclass
class Case:
    """A polynomial of elements that are moved on, and what its backward takes for the derivative and for the way back."""

    x: torch.Tensor
    values: list[float]
    slopes: list[float]
    there: int = 0
    back: int = 0

    def written(self, chance):
        """Return the recipe of the function, and that of one that has the same derivative as its backward takes."""
        others = [slope / power for power, slope in enumerate(self.slopes, start=1)]
        return written(chance, self.values, self.there), written(chance, others, -self.back)

    @property
    def right(self):
        """Whether the backward is that of the function."""
        return self.slopes == derivative(self.values) and (self.there + self.back) % self.x.numel() == 0

    @property
    def small(self):
        """Whether its numbers are small."""
        return bool(self.x.abs().max() < 0.1)

    def __str__(self):
        places = how_many(self.there, "place")
        moved = f", moved on by {places}, whose backward moves on by {self.back} and" if self.there else ""
        backward = moved or ", whose backward"
        return f"{sum_of([0, *self.values])}{backward} takes {sum_of(self.slopes)} for the derivative,"


def written(chance, values, moves):
    """Return a recipe of a polynomial that is moved on, one of many: each term comes in two parts, in a drawn order."""
    parts = []
    for power, value in enumerate(values, start=1):
        one = value * chance.uniform(-1, 2)
        parts += [f"add(x.pow({power}).mul({part}))" for part in (one, value - one) if value]
    return "; ".join(["mul(0)", *chance.sample(parts, len(parts)), f"roll({moves + 6 * chance.randint(-1, 1)})"])


def sum_of(factors):
    """Return in words a polynomial with these factors."""
    terms = [f"{factor:.5g}" + (f" * x**{power}" if power else "") for power, factor in enumerate(factors) if factor]
    return " + ".join(terms) or "0"


def derivative(values):
    """Return the factors of the derivative of a polynomial without a constant."""
    return [power * value for power, value in enumerate(values, start=1)]


def drawn_cases(rng):
    """Draw functions with a right backward and with wrong ones; those come first that tell an error from the others."""
    chance = dice(rng)

    def case(count, factor=1, size=1.0, **moves):
        values = [chance.uniform(0.5, 1.5) for _ in range(count)]
        slopes = [factor * slope for slope in derivative(values)]
        return Case(drawn(rng, 2, 3, requires_grad=False) * size, values, slopes, **moves)

    def moved(off):
        there = chance.randrange(1, 6)
        return case(1, there=there, back=(6 - there + off) % 6)

    straight = [case(3, factor) for factor in (1, 1, 1, 0.9, -1.0, 0.0)]
    # Where numbers are small, wide absolute tolerances show.
    small = case(2, 0.995, 1 / 50)
    small.values[0] = small.slopes[0] = 0.0
    return [*straight, small, moved(chance.randrange(1, 6)), moved(chance.randrange(1, 6)), moved(0), moved(0)]


def judged(submission, rng):
    """Let passes_gradcheck judge drawn functions, in a drawn order; return each with what was seen of it."""
    cases, chance = drawn_cases(rng), dice(rng)
    places = chance.sample(range(len(cases)), len(cases))
    sent = [cases[places.index(place)] for place in range(len(cases))]
    seen = submission.probe.judge([case.x for case in sent], [case.written(chance) for case in sent])
    return [(case, expect(seen).length(len(cases)).item(place)) for case, place in zip(cases, places, strict=True)]


@pytest.mark.step("passes_gradcheck")
def test_right_and_wrong(submission, rng):
    """tells a right backward from a wrong one, and raises no exception"""
    submission.recognise(
        {"requires-grad-forgotten": lambda error: "at least one input tensor to require" in error.message}
    )
    for case, seen in judged(submission, rng):
        belief = "gradcheck-in-float32" if case.right else "gradcheck-raises"
        seen.item("raised", lookalikes={belief: lambda said: isinstance(said, str)}).no_exception(RAISED)
        called = seen._value["dtypes"] if isinstance(seen._value, dict) else None
        unasked = {"requires-grad-forgotten": lambda answer, called=called: answer is False and called == []}
        named = (
            unasked | {"gradcheck-in-float32": False}
            if case.right
            else {"ones-upstream-only": True}
            if case.there
            else {}
        )
        if case.small:
            # subtle: float32 needs loose tolerances, and then they are not what is wrong
            named = {"tolerance-loosened": lambda answer, each=seen: each._value["dtypes"] == ["float64"] and answer}
        seen.item("answer", f"the answer for {case}", named).equals(case.right)


@pytest.mark.step("passes_gradcheck")
def test_in_float64(submission, rng):
    """runs the function in float64, on numbers of its own"""
    for case, seen in judged(submission, rng):
        in_float32 = {"gradcheck-in-float32": ["float32"]}
        seen.item("dtypes", "the list of dtypes that the function was called with", in_float32).equals(["float64"])
        point = seen.item("point", "the tensor that the function was called with", {"gradcheck-elsewhere": is_tensor})
        point.values(case.x)
        untouched = seen.item("untouched", lookalikes={"mutates-caller": False})
        untouched.is_true("the caller's tensor was changed")
