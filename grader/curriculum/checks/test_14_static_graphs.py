"""Hidden checks of 14: one function as dynamic, scripted, compiled and exported graph."""

import pytest
import torch

from grader.compare import expect, looks_like, together


def inputs_with_sums(rng, rows, features, signs):
    """Return tensors whose sums have these signs, and are not near 0; for a sign of 0 the sum is exactly 0."""
    found = []
    for sign in signs:
        if sign == 0:
            found.append(torch.arange(rows * features).reshape(rows, features) * 2.0 - (rows * features - 1))
            continue
        x = torch.randn(rows, features, generator=rng)
        found.append(x + (sign * (0.2 + 0.6 * torch.rand((), generator=rng)) - x.sum()) / x.numel())
    return found


def branch(x, weight, other):
    return (x @ (weight if x.sum() > 0 else other)).relu()


def gradients(x, weight, other, upstream):
    weight, other = weight.clone().requires_grad_(), other.clone().requires_grad_()
    branch(x, weight, other).backward(upstream)
    return weight.grad, other.grad


def other_way(x, weight, other):
    """Return what the weight that is not asked for gives."""
    return (x @ (other if x.sum() > 0 else weight)).relu()


def misjudged(seen, xs, weight, other):
    """Return a function of an input: the lookalikes of a condition that is not the one asked for."""
    found = [run["result"] for run in seen.value["runs"]]
    swapped = together(found, [other_way(x, weight, other) for x in xs])

    def named(x):
        zero = {"zero-counted-as-positive": other_way(x, weight, other)} if x.sum() == 0 else {}
        return {"sides-swapped": swapped} | zero | {"squeezed-too-far": lambda t: len(x) == 1 and len(t.shape) == 1}

    return named


def check_runs(runs, xs, weight, other, upstream, device, named, *, zeros_too):
    """Each run goes its own way; the weight that was not chosen has no gradient (or zeros)."""
    runs.length(len(xs))
    for index, x in enumerate(xs):
        run = runs.item(index, f"run {index + 1}")
        expected = branch(x, weight, other)
        run.item("result", f"the result of run {index + 1}", named(x)).tensor(expected, device=device)
        recorded = run.item("recorded", lookalikes={"detached-returned": False})
        recorded.is_true(f"the result of run {index + 1} does not require a gradient")
        for name, grad in zip(("weight", "other"), gradients(x, weight, other, upstream), strict=True):
            part = run.item(name, f"{name} after run {index + 1}", {"unchosen-part-runs": lambda t, g=grad: g is None})
            if grad is not None or not zeros_too:
                part.grad(grad)
            else:
                part.satisfies(
                    lambda t: t.grad is None or not t.grad.data.any(),
                    f"{name} got a gradient in run {index + 1}, in which it was not used",
                    got="",
                    expected="None or zeros",
                )


@pytest.mark.step("branching")
def test_branching(submission, rng, device):
    """uses the weight that the sum asks for, and that one only"""
    for rows, signs in ((4, (1, -1, 1, -1, -1, 0)), (1, (-1, 1, 1, -1, 1))):
        xs = inputs_with_sums(rng, rows, 3, signs)
        weight, other = torch.randn(3, 5, generator=rng), torch.randn(3, 5, generator=rng)
        upstream = torch.randn(rows, 5, generator=rng)
        seen = expect(submission.branching(xs[0], weight, other))
        for index, sent in enumerate((xs[0], weight, other)):
            seen.keeps_argument(index, sent, "mutates-caller")
        got = submission.probe.branched("branching", xs, weight, other, upstream)
        seen, named = expect(got), misjudged(got, xs, weight, other)
        check_runs(seen.item("runs"), xs, weight, other, upstream, device, named, zeros_too=False)
        for index in range(len(xs)):
            run = seen.item("runs").item(index)
            products = run.item("products", "the number of matrix products in a run", {"unchosen-part-runs": 2})
            said = "both matrix products were computed in one run"
            products.satisfies(lambda count: count < 2, said, expected="one in each run")


@pytest.mark.step("scripted")
def test_scripted(submission, rng, device):
    """has the branch in its graph, so that each call takes its own way"""
    for signs in ((1, -1, 1, 0), (-1, -1, 1)):
        xs = inputs_with_sums(rng, 4, 3, signs)
        weight, other, upstream = (torch.randn(size, generator=rng) for size in ((3, 5), (3, 5), (4, 5)))
        called = submission.probe.branched("scripted", xs, weight, other, upstream)
        seen = expect(called)
        compiled = {"compile-is-not-script": lambda kind, of=called: of.value["compiled"]}
        seen.item("kind", "the type of the result", compiled).equals("ScriptFunction")
        baked = {
            "unchosen-part-runs": lambda text: "prim::If" not in text and "aten::where" in text,
            "trace-bakes-branch": lambda text: "prim::If" not in text,
        }
        seen.item("graph", "the graph", baked).satisfies(
            lambda text: "prim::If" in text, "there is no branch in the graph", got="", expected="a node prim::If"
        )
        check_runs(
            seen.item("runs"), xs, weight, other, upstream, device,
            lambda x, of=weight, at=other: {"trace-bakes-branch": other_way(x, of, at)}, zeros_too=True,
        )  # fmt: skip
        outside = seen.item("outside", "the number of products outside the branch", {"unchosen-part-runs": 2}).is_a(int)
        said = "both matrix products are computed outside the branch"
        outside.satisfies(lambda count: count < 2, said, expected="at most 1")


@pytest.mark.step("three_ways")
def test_three_ways(submission, rng, device):
    """returns results and gradients of the plain run and of both compiled runs, which agree"""
    x, weight, upstream = (torch.randn(size, generator=rng) for size in ((4, 3), (3, 5), (4, 5)))
    seen = submission.probe.ways(x, weight, upstream)
    named = {"compiled-function-discarded": lambda names: names != ["aot_eager", "eager"]}
    whole = expect(seen)
    whole.item("made", "the list of backends that torch.compile was called with").equals(["aot_eager", "eager"])
    whole.item("called", "the list of compiled functions that were called", named).equals(["aot_eager", "eager"])
    leaf = weight.clone().requires_grad_()
    expected = torch.tanh(x @ leaf) * x.sum(dim=1, keepdim=True)
    expected.backward(upstream)
    grad = leaf.grad
    ways = whole.item("found", "the result").length(3)
    for name in ("plain", "eager", "aot_eager"):
        pair = ways.item(name, f"the entry {name!r}").length(2)
        pair.item(0, f"the function's result in {name!r}").tensor(expected.detach(), device=device)
        collected = {"gradients-accumulate": lambda got, g=grad: looks_like(got, 2 * g) or looks_like(got, 3 * g)}
        others = {"upstream-ignored": ones(x, weight), "mean-vs-sum": grad / upstream.numel()}
        pair.item(1, f"the gradient in {name!r}", collected | others).tensor(grad, device=device)
    for index, sent in enumerate((x, weight)):
        whole.keeps_argument(index, sent, "mutates-caller")
    leaves = whole.item("leaves", "the number of different weights that the ways were called with", {"leaf-reused": 1})
    leaves.is_a(int).satisfies(lambda count: count >= 3, "two ways used the same leaf", expected="3")


def ones(x, weight):
    """Return the gradient for an upstream gradient of ones."""
    leaf = weight.clone().requires_grad_()
    (torch.tanh(x @ leaf) * x.sum(dim=1, keepdim=True)).sum().backward()
    return leaf.grad


@pytest.mark.step("branching_in_graph")
def test_in_graph(submission, rng, device):
    """uses the weight that the sum asks for"""
    xs = inputs_with_sums(rng, 4, 3, (1, -1, 1, -1, -1, 0))
    weight, other, upstream = (torch.randn(size, generator=rng) for size in ((3, 5), (3, 5), (4, 5)))
    got = submission.probe.branched("branching_in_graph", xs, weight, other, upstream)
    named = misjudged(got, xs, weight, other)
    check_runs(expect(got).item("runs"), xs, weight, other, upstream, device, named, zeros_too=True)


@pytest.mark.step("branching_in_graph")
def test_in_graph_export(submission, rng, device):
    """can be exported with its branch, which can still go either way"""
    xs = inputs_with_sums(rng, 4, 3, (1, -1))
    weight, other = torch.randn(3, 5, generator=rng), torch.randn(3, 5, generator=rng)
    seen = expect(submission.probe.export_of_branch(xs, weight, other))
    stopped = {"python-branch-in-graph": lambda name: name != ""}
    seen.item("refused", lookalikes=stopped).no_exception("torch.export raised an exception")
    seen.item("cond", "the number of cond nodes in the graph", {"unchosen-part-runs": 0}).equals(1)
    outside = seen.item("outside", "the number of products outside the cond", {"unchosen-part-runs": 2}).is_a(int)
    said = "both matrix products are computed outside the cond"
    outside.satisfies(lambda count: count < 2, said, expected="at most 1")
    inside = seen.item("inside", "the greatest number of products in a branch", {"unchosen-part-runs": 2}).is_a(int)
    said = "both matrix products are computed in one branch"
    inside.satisfies(lambda count: count < 2, said, expected="at most 1")
    for index, x in enumerate(xs):
        result = seen.item("results").item(index, "a result of the exported graph")
        result.tensor(branch(x, weight, other), device=device)


@pytest.mark.step("exported")
def test_exported(submission, rng, device):
    """runs for batches of other sizes than the example's"""
    submission.recognise({"shape-specialised": lambda error: "specialized it to be a constant" in error.message})
    for rows in (2, 4):
        weight, bias = torch.randn(5, 4, generator=rng), torch.randn(5, generator=rng)
        batches = [torch.randn(size, 4, generator=rng) for size in (rows, 5, 2, 70)]
        seen = expect(submission.probe.export_of_model(weight, bias, batches[0], batches[1:]))
        seen.item("kind", "the type of the result").equals("ExportedProgram")
        refused = seen.item("refused", lookalikes={"shape-specialised": lambda text: text != ""})
        refused.no_exception("an exception was raised for a batch of another size")
        mode = seen.item("mode", lookalikes={"mode-not-restored": True})
        mode.is_false("the model was in evaluation mode before the call, and is in training mode after it")
        changed = {"changes-the-model": lambda _: True}
        flags = seen.item("flags", "the list of the parameters' requires_grad after the call", changed)
        flags.equals([True, False])
        results = seen.item("results", "the list of results").length(4)
        for index, x in enumerate(batches):
            result = results.item(index, f"the exported program's result for {len(x)} rows")
            result.tensor(torch.nn.functional.linear(x, weight, bias).relu(), device=device)


@pytest.mark.step("count_compiles")
def test_count_compiles(submission, rng):
    """counts compilations, not calls, for each setting of dynamic"""
    first, second, third = (torch.randperm(5, generator=rng)[:3] + 5).tolist()
    for dynamic, sizes, expected in (
        (None, [first, second, first, third, first], 2), (False, [first, second, first, third], 3),
        (True, [first, first, second, third], 1),
    ):  # fmt: skip
        inputs = [torch.randn(size, 4, generator=rng) for size in sizes]
        again = dynamic is None
        seen = submission.probe.compiles(inputs, dynamic, again)
        handed = expect(seen).item("handed", "the list of `dynamic` in each call to torch.compile").is_a(list)
        handed.satisfies(lambda found: len(found) > 0, "torch.compile was never called", expected="at least one call")
        counts = expect(seen).item("counts").length(2 if again else 1)
        ready_made = lambda n, of=seen, expected=len(inputs): n == expected and not of.value["own backend"]  # noqa: E731
        ignored = lambda n, of=seen, expected=dynamic, each=len(set(sizes)): (  # noqa: E731
            n == each or any(given is not expected for given in of.value["handed"])
        )
        # The function that is compiled has three operations.
        operations = {"operations-counted": 3 * expected}
        named = {"side-effects-in-compiled": ready_made, "argument-ignored": ignored} | operations
        counts.item(0, "the number of compilations", named).equals(expected)
        kept = expect(seen).item("kept", lookalikes={"mutates-caller": False})
        kept.is_true("the list of inputs was changed")
        if again:
            repeated = {"state-between-calls": 2 * expected, "earlier-compiles-remembered": lambda n: n < expected}
            counts.item(1, "the number of compilations in a second call", repeated).equals(expected)
        lengths = expect(seen).item("lengths", "the list of the lengths of what the compiled function was called with")
        lengths.equals(sizes * (2 if again else 1))
