"""Hidden checks of 17: a linear layer, a block of two of them, a stack of blocks, a road around any module."""

import itertools
import math

import pytest
import torch

from grader.compare import expect, require
from grader.curriculum.checks._calls import forwards_skipped

META = torch.device("meta")


def built(submission, name, *arguments):
    """Build the class once; end the check where `nn.Module` was not initialised first."""
    seen = submission.attempt(name, *arguments)
    said = seen.exception.message if seen.exception else ""
    forgotten = "before Module.__init__()" in said
    require(
        not forgotten,
        "the class cannot register its parts",
        got=said,
        seen=seen,
        misconception="missing-super-init",
    )


def draw(rng, shapes):
    return {name: torch.randn(shape, generator=rng) for name, shape in shapes.items()}


def linear_shapes(before, after, prefix=""):
    return {f"{prefix}weight": (after, before), f"{prefix}bias": (after,)}


def block_shapes(before, after, prefix=""):
    return linear_shapes(before, after, f"{prefix}left.") | linear_shapes(before, after, f"{prefix}right.")


def stack_shapes(sizes, num_outputs):
    shapes = {}
    for index, (before, after) in enumerate(itertools.pairwise(sizes)):
        shapes |= block_shapes(before, after, f"{index}.")
    return shapes | linear_shapes(sizes[-1], num_outputs, f"{len(sizes) - 1}.")


def linear(x, state, prefix=""):
    return x @ state[f"{prefix}weight"].T + state.get(f"{prefix}bias", 0)


def block(x, state, prefix=""):
    return torch.relu(linear(x, state, f"{prefix}left.") * linear(x, state, f"{prefix}right."))


def stack(x, state):
    blocks = len(state) // 4
    for index in range(blocks):
        x = block(x, state, f"{index}.")
    return linear(x, state, f"{blocks}.")


def expect_run(seen, reference, state, x, upstream, device, lookalikes):
    """Expect the output of the reference, and its gradients in x and in each parameter."""
    x = x.clone().requires_grad_()
    state = {name: each.clone().requires_grad_() for name, each in state.items()}
    expected = reference(x, state)
    expected.backward(upstream)
    cut_off = {"detached-returned": lambda t: t.grad is None}
    less = expected.squeeze().shape
    lookalikes = lookalikes | {"squeezed-too-far": lambda t: t.shape == less != expected.shape}
    expect(seen).item("output", "the result of forward", lookalikes).tensor(expected.detach(), device=device)
    expect(seen).item("x", "x", cut_off).grad(x.grad)
    for name, each in state.items():
        expect(seen).item("trained").item(name, name, cut_off).grad(each.grad)


def expect_called(seen, names):
    """Expect that the module and its parts were run by calling them, each one once."""
    direct = {"calls-forward-directly": lambda skipped: any(count > 0 for count in skipped.values())}
    skipped = expect(seen).item("skipped", "the count of forwards that ran without hooks", direct)
    said = "forward was called directly, so that hooks did not run"
    skipped.satisfies(lambda counts: not any(counts.values()), said, got=forwards_skipped, expected="no such call")
    hooked = expect(seen).item("hooked", "the count of hooks that ran", {"call-overridden": lambda ran: ran[""] == 0})
    once = ["", *names]
    hooked.satisfies(
        lambda ran: all(ran[name] == 1 for name in once), "not every part was called exactly once",
        got=lambda ran: str({name or "the module": ran[name] for name in once}), expected="1 call of each",
    )  # fmt: skip


# LinearLayer


@pytest.mark.step("LinearLayer")
def test_linear_registers(submission, rng):
    """registers a weight, and a bias where one is wanted"""
    built(submission, "LinearLayer", 4, 3)
    for (before, after), bias in (((4, 3), True), ((2, 5), False), ((3, 6), None)):
        x, upstream = torch.randn(7, before, generator=rng), torch.randn(7, after, generator=rng)
        arguments = [before, after] if bias is None else [before, after, bias]
        seen = submission.probe.observe("LinearLayer", arguments, {}, x, upstream)
        expected = linear_shapes(before, after)
        if bias is False:
            del expected["bias"]
        named = {
            "tensor-not-parameter": lambda shapes, seen=seen: "Tensor" in seen.value["classes"],
            "transposed-weight": lambda shapes, size=(before, after): shapes.get("weight") == size,
            "bias-flag-ignored": lambda shapes, bias=bias: ("bias" in shapes) is (bias is False),
        }
        ready_made = expect(seen).item("ready-made", lookalikes={"ready-made-layer": [""]})
        ready_made.satisfies(lambda names: names == [], "the class is, or contains, an nn.Linear", got="")
        call = f"LinearLayer({', '.join(map(str, arguments))})"
        shapes = expect(seen).item("shapes", f"the dict of parameters' shapes of {call}", named)
        shapes.equals(expected)
        zeros = {"bias-flag-ignored": lambda names, bias=bias: bias is False and "bias" in names}
        saved = expect(seen).item("saved", "the list of names in state_dict()", zeros)
        saved.satisfies(
            lambda names, expected=expected: sorted(names) == sorted(expected),
            "state_dict() does not hold the expected names",
            expected=str(list(expected)),
        )
        expect(seen).item("dtypes", "the list of the parameters' dtypes").equals([torch.float32] * len(expected))
        without = expect(seen).item("has no bias")
        if bias is False:
            without.is_true("the attribute `bias` is missing or not None, although no bias was asked for")
        else:
            without.is_false("the attribute `bias` is None, although a bias was asked for")


@pytest.mark.step("LinearLayer")
def test_linear_values(submission, rng, device):
    """computes x times the transposed weight, plus the bias"""
    for shape, after, bias in (((7, 4), 3, True), ((1, 6, 3), 5, False), ((5,), 2, True)):
        x, upstream = torch.randn(shape, generator=rng), torch.randn(*shape[:-1], after, generator=rng)
        state = draw(rng, linear_shapes(shape[-1], after))
        if not bias:
            del state["bias"]
        submission.recognise({"two-dimensions-assumed": lambda error: "must be a matrix" in error.message})
        seen = submission.probe.observe("LinearLayer", [shape[-1], after, bias], state, x, upstream)
        named = {"bias-flag-ignored": x @ state["weight"].T} if bias else {}
        expect_run(seen, linear, state, x, upstream, device, named)
        expect_called(seen, [])


@pytest.mark.step("LinearLayer")
def test_linear_start(submission):
    """starts with numbers in the range that nn.Linear uses"""
    for before, after in ((50, 400), (120, 500)):
        layers = expect(submission.probe.fresh("LinearLayer", [before, after])).length(2)
        bound = before**-0.5
        for name, shape in linear_shapes(before, after).items():
            for index in range(2):
                start = layers.item(index, "the dict of initial parameters").item(
                    name, f"the initial {name}", {"init-scale": other_start(bound)}
                )
                start.shape(*shape).finite()
                start.satisfies(
                    lambda t, bound=bound: is_uniform(t.data, bound),
                    f"the initial {name} is not spread as expected",
                    expected=f"uniform between {-bound:.4f} and {bound:.4f}",
                )


def other_start(bound):
    """Return a lookalike: numbers that are spread otherwise than they should be."""
    return lambda t: not is_uniform(t.data, bound)


def is_uniform(values, bound):
    """Whether at least 400 numbers may come from a uniform distribution; fails by chance less than once in 1e9."""
    count = values.numel()
    sizes = values.abs().double() / bound
    within = sizes.max() <= 1 + 1e-5 and sizes.max() > 1 - 25 / count
    half = abs((sizes < 0.5).double().mean() - 0.5) < 3.2 / math.sqrt(count)
    centred = abs((values.double() / bound).mean()) < 3.8 / math.sqrt(count)
    return bool(within and half and centred)


@pytest.mark.step("LinearLayer")
def test_linear_starts_anew(submission, rng):
    """starts each layer with different numbers, drawn from torch's global generator"""
    one, other = (int(each) for each in torch.randperm(1000, generator=rng)[:2])
    alike = {"seeded-inside": lambda found: torch.equal(found[0].data, found[1].data) and found[0].data.any()}
    for seeds in ([one, None], [one, other], [one, one]):
        called = submission.probe.seeded(5, 4, seeds)
        weights = expect(called, alike, what="the list of weights").length(2)
        for index in range(2):
            weights.item(index, "the weight").shape(4, 5).finite()
        if seeds == [one, one]:
            said = "two layers that were made after the same torch.manual_seed start with different weights"
            elsewhere = {"not-the-global-generator": lambda found: bool(found[0].data.any())}
            weights = expect(called, elsewhere, what="the list of weights")
            weights.satisfies(lambda found: torch.equal(found[0].data, found[1].data), said)
        else:
            said = "two layers start with the same weights"
            weights.satisfies(lambda found: not torch.equal(found[0].data, found[1].data), said)


@pytest.mark.step("LinearLayer")
def test_linear_moves(submission):
    """follows the module to another device"""
    seen = submission.probe.moved("LinearLayer", [4, 3], torch.empty(7, 4, device=META))
    expect(seen).shape(7, 3).on(META)


# ParallelBlock


def has_linear(parts):
    """Tell whether one of the parts is a linear layer of torch's own."""
    return "Linear" in parts.values()


@pytest.mark.step("ParallelBlock")
def test_block_registers(submission, rng):
    """registers two separate branches"""
    built(submission, "ParallelBlock", 4, 3)
    for before, after in ((4, 3), (2, 5)):
        x, upstream = torch.randn(7, before, generator=rng), torch.randn(7, after, generator=rng)
        seen = submission.probe.observe("ParallelBlock", [before, after], {}, x, upstream)
        named = {
            "parallel-shares-branch": linear_shapes(before, after, "left."),
            "list-hides-layers": lambda shapes: not shapes,
        }
        expect(seen).item("shapes", "the dict of parameters' shapes", named).equals(block_shapes(before, after))
        parts = expect(seen).item("parts", "the dict of parts", {"ready-made-layer": has_linear})
        parts.equals({"left": "LinearLayer", "right": "LinearLayer"})


@pytest.mark.step("ParallelBlock")
def test_block_starts(submission):
    """starts its two branches with different numbers"""
    start = expect(submission.probe.fresh("ParallelBlock", [4, 3])).length(2).item(0, "the dict of initial parameters")
    for name in ("left.weight", "right.weight"):
        start.item(name, name).shape(3, 4).finite()
    start.satisfies(
        lambda found: not torch.equal(found["left.weight"].data, found["right.weight"].data),
        "both branches start with the same numbers",
        got="",
        expected="different numbers",
        misconception="branches-start-alike",
    )


@pytest.mark.step("ParallelBlock")
def test_block_values(submission, rng, device):
    """multiplies the outputs of both branches, and applies the ReLU to the product"""
    for rows, before, after in ((64, 4, 3), (1, 2, 5)):
        # So many rows that signs differ: where all are alike, one place for the ReLU is as good as another.
        x, upstream = torch.randn(rows, before, generator=rng), torch.randn(rows, after, generator=rng)
        state = draw(rng, block_shapes(before, after))
        seen = submission.probe.observe("ParallelBlock", [before, after], state, x, upstream)
        left, right = linear(x, state, "left."), linear(x, state, "right.")
        named = {
            "relu-before-product": lambda t, left=left, right=right: any(
                torch.allclose(t.data, each)
                for each in (left.relu() * right.relu(), left.relu() * right, left * right.relu())
            ),
            "block-without-relu": left * right,
            "sum-for-product": torch.relu(left + right),
            "parallel-shares-branch": lambda t, a=left**2, b=right**2: any(
                torch.allclose(t.data, each) for each in (a, b)
            ),
        }
        expect_run(seen, block, state, x, upstream, device, named)
        expect_called(seen, ["left", "right"])


# build_stack

STACKS = (([4, 7, 5], 3), ([3, 6, 6, 6], 2), ([5, 2], 4))


@pytest.mark.step("build_stack")
def test_stack_parts(submission, rng, device):
    """holds a block for each two neighbouring sizes, then a linear layer"""
    for sizes, num_outputs in STACKS:
        x, upstream = torch.randn(8, sizes[0], generator=rng), torch.randn(8, num_outputs, generator=rng)
        seen = submission.probe.stacked(sizes, num_outputs, device, {}, x, upstream)
        expect(seen).item("kind", "the type of the result").equals("Sequential")
        kinds = ["ParallelBlock"] * (len(sizes) - 1) + ["LinearLayer"]
        parts = expect(seen).item("parts", "the dict of parts", {"ready-made-layer": has_linear})
        all_shapes = stack_shapes(sizes, num_outputs)
        named = {
            "ends-in-a-block": lambda shapes, expected=stack_shapes([*sizes, num_outputs], 1): (
                shapes == {name: expected[name] for name in shapes} and len(shapes) == len(expected) - 2
            ),
            "one-layer-repeated": lambda shapes, seen=seen, expected=all_shapes: (
                seen.value["places"] == len(sizes) and shapes.keys() < expected.keys()
            ),
        }
        shapes = expect(seen).item("shapes", f"the dict of parameters' shapes for sizes {sizes}", named)
        shapes.equals(all_shapes)
        changed = {"mutates-caller": lambda now: now != list(sizes)}
        expect(seen).item("sizes", "the list of sizes after the call", changed).equals(list(sizes))
        parts.equals({str(index): kind for index, kind in enumerate(kinds)})


@pytest.mark.step("build_stack")
def test_stack_values(submission, rng, device):
    """runs the blocks in order, then the linear layer"""
    for sizes, num_outputs in STACKS:
        x, upstream = torch.randn(8, sizes[0], generator=rng), torch.randn(8, num_outputs, generator=rng)
        state = {name: each / 2 for name, each in draw(rng, stack_shapes(sizes, num_outputs)).items()}
        seen = submission.probe.stacked(sizes, num_outputs, device, state, x, upstream)
        expect_run(seen, stack, state, x, upstream, device, {})
        expect_called(seen, [str(index) for index in range(len(sizes))])


@pytest.mark.step("build_stack")
def test_stack_starts(submission, device):
    """starts every block with numbers of its own"""
    start = expect(submission.probe.stack_start([6, 6, 6], 6, device))
    names = ("0.left.weight", "0.right.weight", "1.left.weight", "1.right.weight", "2.weight")
    for name in names:
        start.item(name, name).shape(6, 6).finite()
    for one, other in itertools.combinations(names, 2):
        start.satisfies(
            lambda found, one=one, other=other: not torch.equal(found[one].data, found[other].data),
            f"{one} and {other} start with the same numbers",
            got="",
            expected="different numbers",
            misconception="branches-start-alike",
        )


@pytest.mark.step("build_stack")
def test_stack_on_device(submission):
    """puts the stack on the device that it is given"""
    x, upstream = torch.empty(8, 4, device=META), torch.empty(8, 3, device=META)
    seen = submission.probe.stacked([4, 7, 5], 3, META, {}, x, upstream)
    devices = expect(seen).item("devices", lookalikes={"hard-coded-device": lambda found: "meta" not in found})
    said = "not all parameters are on the device that was given"
    devices.satisfies(lambda found: found == ["meta"], said, got="")


# Residual


@pytest.mark.step("Residual")
def test_residual_values(submission, rng, device):
    """adds x to the output of the inner module, whatever module that is"""
    for kind, shape in (("linear", (7, 4)), ("power", (1, 3, 5)), ("linear", (2, 5, 3))):
        x, upstream = torch.randn(shape, generator=rng), torch.randn(shape, generator=rng)
        state = draw(rng, linear_shapes(shape[-1], shape[-1], "inner.")) if kind == "linear" else {}
        reference = lambda x, state: x + linear(x, state, "inner.")  # noqa: E731
        inner = linear(x, state, "inner.") if state else x**2
        if kind == "power":
            state, reference = (
                {"inner.exponent": torch.tensor(2.0)},
                lambda x, state: x + x.abs() ** state["inner.exponent"],
            )
        seen = submission.probe.observe_residual(kind, state, x, upstream)
        hidden = {"list-hides-layers": lambda shapes: not shapes}
        shapes = expect(seen).item("shapes", "the dict of parameters' shapes", hidden)
        shapes.equals({name: tuple(each.shape) for name, each in state.items()})
        named = {"skip-forgotten": inner, "relu-at-the-end": torch.relu(x + inner), "product-for-sum": x * inner}
        expect_run(seen, reference, state, x, upstream, device, named)
        expect_called(seen, ["inner"])


@pytest.mark.step("Residual")
def test_residual_registers(submission, rng):
    """holds the module itself, so that its own parameters get the gradients"""
    x, upstream = torch.randn(7, 4, generator=rng), torch.randn(7, 4, generator=rng)
    seen = submission.probe.observe_residual("linear", {}, x, upstream)
    mode = expect(seen).item("mode", lookalikes={"mode-not-restored": True})
    mode.is_false("the mode of the inner module was changed")
    copied = {
        "module-copied": lambda t: t.grad is None and not seen.value["held"],
        "graph-cut-in-the-middle": lambda t: t.grad is None and seen.value["x"].grad is not None,
    }
    inner = expect(seen).item("inner")
    inner.item("bias", "the given module's bias", copied).grad(upstream.sum(0))
    inner.item("weight", "the given module's weight", copied).grad(upstream.T @ x)


@pytest.mark.step("Residual")
def test_residual_keeps_x(submission, rng, device):
    """leaves the caller's x alone"""
    x = torch.randn(7, 4, generator=rng)
    seen = submission.probe.wrapped_on(x)
    expect(seen).keeps_argument(0, x, "mutates-caller").tensor(2 * x, device=device)
