"""Hidden checks of 05: which tensors are leaves, and which keep a gradient."""

import itertools

import pytest
import torch

from grader.compare import expect, looks_like
from grader.curriculum.checks._recipes import dice, told
from grader.curriculum.preload.recipes import followed

BOOLS = (False, True)
# What a tensor is, in words, and what somebody believes who errs about it.
KINDS = {
    "constant": ("a constant", "leaf-always-keeps-grad"),
    "frozen": ("a detached result", "leaf-always-keeps-grad"),
    "variable": ("a variable", "leaf-keeps-unasked"),
    "result": ("a result", "nonleaf-keeps-grad"),
    "retained": ("a result after `retain_grad()`", "retain-ignored"),
}
# The last two return the tensor itself, which is float32 and contiguous.
CALLS = ("requires_grad_()", "mul(2)", "retain_grad()", "detach()", "float()", "contiguous()")


@pytest.mark.step("predict_row")
def test_table(submission):
    """fills in all four rows of the table"""
    for requires_grad in BOOLS:
        for is_result in BOOLS:
            recorded = requires_grad and is_result
            row = expect(submission.predict_row(requires_grad, is_result)).length(3)
            row.item(0, "the entry for grad_fn").equals(recorded)
            leaf = "user-made-means-leaf" if is_result else "no-grad-needed-is-not-leaf"
            named = {} if requires_grad else {leaf: False}
            row.item(1, "the entry for is_leaf", named).equals(not recorded)
            named = {"nonleaf-keeps-grad" if is_result else "leaf-always-keeps-grad": True}
            row.item(2, "the entry for .grad", named).equals(requires_grad and not recorded)


def kind_of(tensor, recipe):
    """Return what a tensor is that a recipe has made."""
    if not tensor.requires_grad:
        return "frozen" if "detach" in recipe else "constant"
    return "variable" if tensor.is_leaf else "retained" if tensor.retains_grad else "result"


def drawn(chance, x):
    """Draw a recipe, and return it with the kind of tensor that it makes of x."""
    calls, tensor = [], x.clone()
    for _ in range(chance.randrange(6)):
        call = chance.choice(CALLS)
        if call == "retain_grad()" and not tensor.requires_grad:
            continue  # torch refuses that
        calls.append(call)
        tensor = followed(call, tensor)
    return "; ".join(calls), kind_of(tensor, "; ".join(calls))


def three_of_each(rng, x):
    """Draw three recipes for each kind of tensor; return them in a drawn order, with what they make."""
    chance, left, found = dice(rng), dict.fromkeys(KINDS, 3), {}
    while any(left.values()):
        recipe, kind = drawn(chance, x)
        if left[kind] and recipe not in found:
            left[kind] -= 1
            found[recipe] = kind
    return dict(chance.sample(sorted(found.items()), len(found)))


@pytest.mark.step("will_keep_grad")
def test_each_kind(submission, rng):
    """tells for each kind of tensor whether it will keep its gradient"""
    x = torch.randn(3, generator=rng)
    kinds = three_of_each(rng, x)
    seen = submission.probe.keeps_grad_of(x, list(kinds))
    answers = expect(seen).item("answers", "the list of answers").length(len(kinds))
    for recipe in sorted(kinds, key=lambda recipe: (list(KINDS).index(kinds[recipe]), len(recipe))):
        words, misconception = KINDS[kinds[recipe]]
        keeps = kinds[recipe] in ("variable", "retained")
        answer = answers.item(
            list(kinds).index(recipe), f"the answer for {words} ({told(recipe)})", {misconception: not keeps}
        )
        answer.equals(keeps)


@pytest.mark.step("will_keep_grad")
def test_looks_only(submission, rng):
    """leaves the tensor as it was"""
    x = torch.randn(3, generator=rng)
    seen = submission.probe.keeps_grad_of(x, list(three_of_each(rng, x)))
    untouched = expect(seen).item("untouched", lookalikes={"mutates-caller": False})
    untouched.is_true("a tensor that was asked about was changed")


@pytest.mark.step("build_four")
def test_kinds(submission, rng, device):
    """builds a variable, its result, a constant and a frozen copy, each of the right kind"""
    for count in (5, 1):
        values = torch.randn(count, generator=rng)
        submission.recognise({"flag-on-a-result": lambda error: "requires_grad flags of leaf" in error.message})
        four = expect(submission.build_four(values.tolist(), device)).length(4)
        named = {
            "leaf-lost-by-to": lambda t: t.grad_fn == "ToCopyBackward0",
            "leaf-lost-by-arithmetic": lambda t: t.grad_fn is not None,
            "requires-grad-forgotten": lambda t: not t.requires_grad,
        }
        four.item(0, "the variable", named).leaf(True).requires_grad(True).tensor(values, device=device)
        named = {
            "results-in-another-order": lambda t, values=values: looks_like(t, values),
            "contagion-forgotten": lambda t: not t.requires_grad and not t.version,
            "graph-cut-in-the-middle": lambda t: t.is_leaf and t.requires_grad,
        }
        result = four.item(1, "the variable's result", named)
        result.requires_grad(True).leaf(False).tensor(values * 2, device=device)
        four.item(2, "the constant").requires_grad(False).tensor(values, device=device)
        cloned = {"clone-detaches": lambda t: t.grad_fn == "CloneBackward0"}
        four.item(3, "the frozen copy", cloned).requires_grad(False).tensor(values * 2, device=device)


@pytest.mark.step("build_four")
def test_stays_on_device(submission):
    """makes all four on the device that it is given, the variable as a leaf there"""
    submission.recognise({"detour-through-python": lambda error: "copy out of meta" in error.message})
    seen = expect(submission.probe.built_elsewhere([1.0, 2.0, 3.0]))
    four = seen.item("four").length(4)
    for index, name in enumerate(("the variable", "the variable's result", "the constant", "the frozen copy")):
        four.item(index, name, {"hard-coded-device": lambda t: t.device == "cpu"}).on("meta")
    lost = {
        "leaf-lost-by-to": lambda t: t.grad_fn == "ToCopyBackward0",
        "leaf-lost-by-arithmetic": lambda t: t.grad_fn is not None,
    }
    four.item(0, "the variable", lost).leaf(True)
    detour = seen.item("detour", lookalikes={"detour-through-python": True})
    detour.is_false("a tensor was made of numbers that another one had been turned into")


@pytest.mark.step("build_four")
def test_gradient_reaches_variable(submission, rng, device):
    """lets gradients flow from the result back to the variable"""
    values, upstream = torch.randn(5, generator=rng), torch.randn(5, generator=rng)
    seen = submission.probe.backward_through_result(values.tolist(), device, upstream)
    expect(seen, what="the variable").grad(upstream * 2)


@pytest.mark.step("middle_and_leaf")
def test_gradients(submission, rng, device):
    """leaves a gradient in the middle and at the leaf"""
    for count in (4, 1):
        x, upstream = torch.randn(count, generator=rng), torch.randn(count, generator=rng)
        asked_of_none = ("does not require grad", "that has requires_grad=False")
        submission.recognise(
            {"requires-grad-forgotten": lambda error: any(said in error.message for said in asked_of_none)}
        )
        pair = expect(submission.middle_and_leaf(x, upstream)).length(2)
        no_grad_in_middle = {
            "retain-after-backward": lambda t: t.grad is None and t.retains_grad,
            "nonleaf-keeps-grad": lambda t: t.grad is None and t.requires_grad,
            "results-in-another-order": lambda t, x=x: t.is_leaf and looks_like(t, x) and not looks_like(t, x**2),
            "graph-cut-in-the-middle": lambda t: t.is_leaf and t.requires_grad,
            "upstream-ignored": torch.ones(count),
            "gradients-accumulate": 2 * upstream,
            "mean-vs-sum": upstream / count,
        }
        middle = pair.item(0, "the middle", no_grad_in_middle).tensor(x**2, device=device)
        middle.requires_grad(True).leaf(False).grad(upstream)
        twice = {"gradients-accumulate": lambda t, wrong=4 * x * upstream: torch.allclose(t.grad.data, wrong)}
        twice["leaf-lost-by-arithmetic"] = lambda t, x=x: t.grad_fn is not None and looks_like(t, x)
        pair.item(1, "the leaf", twice).leaf(True).tensor(x, device=device).grad(2 * x * upstream)


@pytest.mark.step("middle_and_leaf")
def test_caller_keeps_x(submission, rng):
    """makes a leaf of its own and leaves the caller's tensors alone"""
    x, upstream = torch.randn(4, generator=rng), torch.randn(4, generator=rng)
    seen = expect(submission.middle_and_leaf(x, upstream))
    seen.keeps_argument(0, x, "mutates-caller").keeps_argument(1, upstream, "mutates-caller")


@pytest.mark.step("result_requires_grad")
def test_contagion(submission, rng):
    """requires a gradient as soon as one input does, unless nothing is recorded"""
    for count in (1, 2, 3):
        for flags in itertools.product(BOOLS, repeat=count):
            for enabled in BOOLS:
                named = {
                    "no-grad-forgotten": lambda answer, on=enabled: answer is True and not on,
                    "contagion-forgotten": lambda answer, on=enabled: answer is False and on,
                }
                seen = submission.result_requires_grad(list(flags), enabled)
                expect(seen, named).equals(any(flags) and enabled)


@pytest.mark.step("switch_on")
def test_same_tensor(submission, rng, device):
    """returns the tensor that it was given, now requiring a gradient"""
    tensor = torch.randn(3, 2, generator=rng)
    named = {
        "switches-a-copy-on": lambda t: t.same_as is None and t.requires_grad,
        "requires-grad-forgotten": lambda t: t.same_as == "0" and not t.requires_grad,
        "detached-returned": lambda t: not t.requires_grad,
    }
    seen = expect(submission.switch_on(tensor), named).tensor(tensor, device=device).requires_grad(True).leaf(True)
    seen.satisfies(lambda t: t.same_as == "0", "a different tensor was returned", expected="the argument itself")


@pytest.mark.step("switch_on")
def test_gradient_arrives(submission, rng):
    """makes gradients arrive in the caller's own tensor, whatever its dtype"""
    tensor, upstream = torch.randn(2, 3, 2, generator=rng, dtype=torch.float64)
    seen = submission.probe.leaf_after_switch(tensor, upstream)
    named = {
        "requires-grad-forgotten": lambda t: not t.requires_grad and seen.value["returned"] == "itself",
        "switches-a-copy-on": lambda t: (
            not t.requires_grad and seen.value["returned"] == "another that requires a gradient"
        ),
    }
    expect(seen).item("tensor", "the tensor", named).grad(upstream)
