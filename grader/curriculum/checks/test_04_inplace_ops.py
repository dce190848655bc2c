"""Hidden checks of 04: what is written to, who sees it, and when autograd objects."""

import pytest
import torch

from grader.compare import expect, one_of, require
from grader.curriculum.checks._recipes import as_code, dice
from grader.curriculum.preload.recipes import followed

# Operations for which autograd keeps their input, their result, or neither; in a chain, it depends on the others, too.
CALLS = (
    "exp()", "sigmoid()", "tanh()", "sqrt()", "reciprocal()", "pow(2)", "sin()", "log()", "abs()", "mul(x)", "div(x)",
    "neg()", "add(3)", "mul(3)", "add(x)",
)  # fmt: skip


def number(rng, low, high):
    return low + (high - low) * float(torch.rand((), generator=rng))


def first_argument(seen):
    return seen.arguments[0] if seen.arguments else None


def wrote(seen, sent):
    """Tell whether the numbers of the first argument are others than were sent."""
    argument = first_argument(seen)
    return argument.shape != tuple(sent.shape) or not torch.equal(argument.data, sent)


def in_place(seen, sent, expected, device, more=None):
    """Ask whether the first argument itself came back, was written to, and was seen to be."""
    named = {
        **(more or {}),
        "out-of-place-in-disguise": lambda t: not wrote(seen, sent) and t.shape == expected.shape,
        "returns-copy-not-self": lambda t: t.same_as is None and wrote(seen, sent),
    }
    answer = expect(seen, named).tensor(expected, device=device)
    answer.satisfies(lambda t: t.same_as == "0", "a different tensor was returned", expected="the argument itself")
    bypassed = {"data-bypass": lambda t: t.version == 0}
    argument = expect(first_argument(seen), bypassed, what="the caller's tensor").tensor(expected, device=device)
    said = "autograd did not notice that the tensor was written to"
    argument.satisfies(lambda t: t.version > 0, said, got="a `_version` of 0", expected="a `_version` above 0")


@pytest.mark.step("scaled")
def test_scaled(submission, rng, device):
    """returns the scaled and shifted numbers"""
    for shape in ((3, 5), (4,), ()):
        sent, factor, bias = torch.randn(shape, generator=rng), number(rng, 1.5, 3), number(rng, -2, -1)
        named = {"argument-ignored": one_of([sent, sent * factor, sent + bias])}
        expect(submission.scaled(sent, factor, bias), named).tensor(sent * factor + bias, device=device)


@pytest.mark.step("scaled")
def test_scaled_leaves_alone(submission, rng):
    """leaves the caller's tensor as it was"""
    sent, factor, bias = torch.randn(3, 5, generator=rng), number(rng, 1.5, 3), number(rng, -2, -1)
    seen = expect(submission.scaled(sent, factor, bias)).keeps_argument(0, sent, "mutates-caller")
    seen.satisfies(lambda t: not t.shares_with, "the result shares the caller's memory", expected="a new tensor")


@pytest.mark.step("scale_")
def test_scale_in_place(submission, rng, device):
    """writes into the tensor and returns it"""
    for shape in ((3, 5), (4,), ()):
        sent, factor, bias = torch.randn(shape, generator=rng), number(rng, 1.5, 3), number(rng, -2, -1)
        named = {"argument-ignored": one_of([sent * factor, sent + bias])}
        in_place(submission.scale_(sent, factor, bias), sent, sent * factor + bias, device, named)


@pytest.mark.step("scale_")
def test_other_holders(submission, rng, device):
    """shows the change in every tensor that shares the memory"""
    sent, factor, bias = torch.randn(3, 4, generator=rng), number(rng, 1.5, 3), number(rng, -2, -1)
    seen = submission.probe.other_holders(sent, factor, bias)
    expected = torch.cat([sent, sent * factor + bias, sent], dim=1)
    flattened = {"reshape", "flatten", "ravel", "contiguous"} & set(seen.value["heard"])
    unchanged = torch.cat([sent, sent, sent], dim=1)
    named = {"reshape-always-views": lambda t: bool(flattened) and torch.equal(t.data, unchanged)}
    whole = expect(seen).item("whole", "the larger matrix whose middle was the argument", named)
    whole.tensor(expected, device=device)


def writes_in_place(names):
    return any(
        name == "__setitem__" or (name.endswith("_") and not name.endswith("__")) or name.startswith("__i")
        for name in names
        if name not in ("requires_grad_", "detach_")
    )


@pytest.mark.step("abs_columns_")
def test_columns(submission, rng, device):
    """changes the columns that were named, and in the matrix itself"""
    for columns in ([1, 4], [5, 0, 3], [2]):
        sent = -torch.rand(4, 6, generator=rng) - 0.5
        sent[1] *= -1
        seen = submission.abs_columns_(sent, columns)
        heard = submission.probe.functions_called(sent, columns).value
        expected = sent.clone()
        expected[:, columns] = sent[:, columns].abs()
        copied = {
            "argument-ignored": sent.abs(),
            "write-lands-in-copy": lambda t: t.same_as == "0" and not wrote(seen, sent) and writes_in_place(heard),
        }
        in_place(seen, sent, expected, device, copied)


@pytest.mark.step("shift_leaf_")
def test_leaf(submission, rng, device):
    """changes the leaf, which is still a leaf and keeps its gradient"""
    for shape in ((3, 5), (4,), ()):
        sent, grad = torch.randn(shape, generator=rng), torch.randn(shape, generator=rng)
        amount = number(rng, 1, 2)
        leaf = sent.clone().requires_grad_()
        leaf.grad = grad.clone()
        seen = submission.attempt("shift_leaf_", leaf, amount)
        refused = seen.exception is not None and "in-place operation" in seen.exception.message
        said = str(seen.exception)
        require(
            not refused, said, expected="the leaf, changed in place", misconception="update-outside-no-grad",
            seen=seen,
        )  # fmt: skip
        seen = submission.shift_leaf_(leaf, amount)
        in_place(seen, sent, sent + amount, device)
        frozen = {"leaf-left-frozen": lambda t: not t.requires_grad and t.version > 0}
        expect(seen, frozen, what="the leaf").requires_grad(True).leaf(True).grad(grad)


@pytest.mark.step("shift_leaf_")
def test_records_afterwards(submission, rng):
    """leaves autograd switched on or off as it was"""
    leaf = torch.randn(4, generator=rng).requires_grad_()
    seen = submission.attempt("shift_leaf_", leaf, number(rng, 1, 2))
    expect(seen).keeps_globals("grad mode", misconception="grad-mode-left-off")
    expect(submission.shift_leaf_(leaf, 1.0)).requires_grad(True)
    switched_on = {"grad-mode-forced-on": True}
    sent, amount = torch.randn(4, generator=rng), number(rng, 1, 2)
    seen = expect(submission.probe.recording_after(sent.clone().requires_grad_(), amount))
    recording = seen.item("recording", lookalikes=switched_on)
    recording.is_false("autograd was off before the call, and on after it")
    seen.item("leaf", "the leaf").values(sent + amount)


@pytest.mark.step("scaled_sigmoid")
def test_sigmoid(submission, rng, device):
    """computes the sigmoid, scaled and shifted, with the right gradient"""
    for is_leaf in (True, False):
        x, upstream = torch.randn(3, 5, generator=rng), torch.randn(3, 5, generator=rng)
        scale, bias = number(rng, 1.5, 3), number(rng, 0.5, 1)
        s = torch.sigmoid(x)
        parts = expect(submission.probe.backward_through_sigmoid(x, scale, bias, upstream, is_leaf))
        parts.item("result", "the result").tensor(scale * s + bias, device=device)
        recorded = parts.item("recorded", lookalikes={"detached-returned": False})
        recorded.is_true("the result does not require a gradient")
        broken = {"inplace-breaks-backward": lambda error: "modified by an inplace operation" in error}
        parts.item("error", lookalikes=broken).no_exception("backward raised an exception")
        overwritten = [changed * (1 - changed) * upstream for changed in (s, scale * s, scale * s + bias)]
        bypassed = {"data-bypass": lambda t: any(torch.allclose(t.data, wrong, 1e-4, 1e-5) for wrong in overwritten)}
        bypassed["leaf-made-anew"] = None
        parts.item("grad", "the gradient of x", bypassed).tensor(scale * s * (1 - s) * upstream, device=device)


@pytest.mark.step("scaled_sigmoid")
def test_sigmoid_leaves_alone(submission, rng):
    """leaves x as it was"""
    x, scale, bias = torch.randn(3, 5, generator=rng), number(rng, 1.5, 3), number(rng, 0.5, 1)
    expect(submission.scaled_sigmoid(x, scale, bias)).keeps_argument(0, x, "mutates-caller")
    parts = expect(submission.probe.backward_through_sigmoid(x, scale, bias, x, False))
    parts.item("touched", lookalikes={"mutates-caller": True}).is_false("x was written to")


def breaks(recipe, changed, x):
    """Try out whether backward raises an exception after one of the two tensors was changed."""
    source = x.clone().requires_grad_().clone()
    result = followed(recipe, source)
    (source if changed == "input" else result).add_(1)
    try:
        result.sum().backward()
    except RuntimeError:
        return True
    return False


def drawn_cases(rng, x):
    """Draw operations that break for a changed input or a changed result, and others; return them in a drawn order."""
    left = {(changed, broken): 4 for changed in ("input", "result") for broken in (True, False)}
    chance, found = dice(rng), {}
    while any(left.values()):
        recipe, changed = "; ".join(chance.choices(CALLS, k=chance.randint(1, 3))), chance.choice(("input", "result"))
        if (recipe, changed) in found or not followed(recipe, x).abs().max() < 100:
            continue  # it is there already, or has no numbers to write
        broken = breaks(recipe, changed, x)
        if left[changed, broken]:
            left[changed, broken] -= 1
            found[recipe, changed] = broken
    other = {"input": "result", "result": "input"}
    apart = {changed for (recipe, changed), broken in found.items() if not broken and breaks(recipe, other[changed], x)}
    if len(apart) < len(other):
        return drawn_cases(rng, x)  # whoever changes both tensors would go unnoticed
    return dict(chance.sample(sorted(found.items()), len(found)))


@pytest.mark.step("breaks_backward")
def test_experiment(submission, rng):
    """finds out for each operation which tensor backward still needs"""
    x = torch.rand(4, generator=rng) + 0.5
    cases = drawn_cases(rng, x)
    submission.recognise({"update-outside-no-grad": lambda error: "in-place operation" in error.message})
    seen = submission.probe.answers_for(x, list(cases))
    expect(seen).length(len(cases))
    for index, ((recipe, changed), broken) in enumerate(cases.items()):
        facts, read = expect(seen).item(index).length(7), seen.value[index]
        other = [changed == "result", changed == "input"]
        facts.item("operation_called").is_true("the operation was never called")
        reached = read["counted"] or read["written"] or not writes_in_place(read["heard"])
        said = f"what was changed in place is neither the input nor the result of {as_code(recipe)}"
        require(
            reached or not (broken and read["answer"] is False), said, expected=f"a change of the operation's {changed}"
        )
        named = {
            "update-outside-no-grad": lambda answer, on=changed, read=read: (
                answer is True and on == "input" and not read["counted"] and writes_in_place(read["heard"])
            ),
            "argument-ignored": lambda _, other=other, read=read: read["changed"] in (other, [True, True]),
            "data-bypass": lambda answer, read=read: answer is False and read["written"] and not read["counted"],
            "out-of-place-in-disguise": lambda answer, read=read: (
                answer is False and not read["counted"] and not writes_in_place(read["heard"])
            ),
        }
        facts.item("answer", f"the answer for {as_code(recipe)} with its {changed} changed", named).equals(broken)
        facts.item("numbers_of_x").is_true("the operation was not called with the numbers of x")


@pytest.mark.step("breaks_backward")
def test_experiment_leaves_alone(submission, rng):
    """leaves x as it was"""
    x = torch.rand(4, generator=rng) + 0.5
    seen = expect(submission.probe.answers_for(x, list(drawn_cases(rng, x))))
    seen.item(0).item("answer", "the answer").is_a(bool)
    seen.keeps_argument(0, x, "mutates-caller")
