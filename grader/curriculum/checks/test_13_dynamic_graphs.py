"""Hidden checks of 13: graphs whose shape depends on a coin, on numbers, on lengths and on trees."""

import itertools

import pytest
import torch

from grader.compare import expect, looks_like, one_of
from grader.curriculum.checks._recipes import dice
from grader.curriculum.preload.recipes import followed


def layer(rng, inputs, outputs, dtype=torch.float32):
    """Return weight and bias of a linear layer."""
    weight = torch.randn(outputs, inputs, generator=rng, dtype=dtype) / inputs**0.5
    return weight, torch.randn(outputs, generator=rng, dtype=dtype) * 0.3


def linear(x, weight, bias):
    return torch.nn.functional.linear(x, weight, bias)


def seed_with_depths(rng, most, runs):
    """Return a seed, the depths that follow from it, and the next number after them and in place of them.

    Among the depths are 0 and one of at least 2; they are not all alike, nor are those drawn below a limit of one less.
    """
    while True:
        seed = int(torch.randint(2**31, (), generator=rng))
        generator = torch.Generator().manual_seed(seed)
        depths = [int(torch.randint(most + 1, (1,), generator=generator)) for _ in range(runs)]
        varied = depths[0] != depths[1] and len(set(depths_of(seed, most, runs))) > 1
        if 0 in depths and max(depths) >= 2 and varied:
            generators = generator, torch.Generator().manual_seed(seed)
            return seed, depths, *(int(torch.randint(10**9, (1,), generator=each)) for each in generators)


def depths_of(seed, limit, runs):
    """Return the depths that are drawn below a limit."""
    generator = torch.Generator().manual_seed(seed)
    return [int(torch.randint(limit, (1,), generator=generator)) for _ in range(runs)]


def fits(got, expected):
    """Tell whether each result looks like the one that is due at its place."""
    return len(got) == len(expected) and all(looks_like(one, other) for one, other in zip(got, expected, strict=True))


NAMES = sorted(f"{layer}.{kind}" for layer in ("first", "middle", "last") for kind in ("weight", "bias"))


@pytest.mark.step("DynamicNet")
def test_net(submission, rng, device):
    """draws a depth in each run, and applies the one middle layer that many times"""
    for most in (2, 4):
        seed, depths, following, untouched = seed_with_depths(rng, most, runs=5)
        x, upstreams = torch.randn(6, 3, generator=rng), [torch.randn(6, 2, generator=rng) for _ in depths]
        came = submission.probe.passes([3, 5, 2, most], x, upstreams, seed, most == 2)
        seen = expect(came)
        named = {
            "parameter-for-buffer": lambda names: (
                set(names) > set(NAMES) and not any("." in n for n in {*names} - {*NAMES})
            ),
            "weights-not-shared": lambda names: len(names) > 6,
            "layers-built-in-forward": lambda names: len({name.split(".")[0] for name in names}) < 3,
        }
        seen.item("names", "the list of the net's parameters", named).equals(NAMES)
        touched = seen.item("touched", lookalikes={"global-rng-touched": True})
        touched.is_false("torch's global random state was changed")
        shapes = {"first": (5, 3), "middle": (5, 5), "last": (2, 5)}
        for name, shape in shapes.items():
            seen.item("params").item(f"{name}.weight", f"{name}.weight").shape(*shape)
            seen.item("params").item(f"{name}.bias", f"{name}.bias").shape(*shape[:1])
        params = {name: came.value["params"][name].data.clone().requires_grad_() for name in NAMES}
        expected = [net(params, x, depth) for depth in depths]
        always = [[net(params, x, depth).detach() for _ in depths] for depth in {most, depths[0]}]
        outs = seen.item("outs", "the list of results").length(5)
        fewer = depths_of(seed, most, runs=5)
        others = [d + 1 for d in depths], fewer, [d + 1 for d in fewer]
        shifted = [[net(params, x, depth).detach() for depth in each] for each in others]
        by_one = lambda got, shifted=shifted: any(fits(got, each) for each in shifted)  # noqa: E731
        fixed = lambda got, always=always: any(fits(got, each) for each in always)  # noqa: E731
        bent = [[net(params, x, depth, relus).detach() for depth in depths] for relus in ((0, 1), (1, 0), (0, 0))]
        bent.append([net(params, x, depth, (0, 0), between=torch.relu).detach() for depth in depths])
        less = lambda got, bent=bent: any(fits(got, each) for each in bent)  # noqa: E731
        positive = [each.detach().relu() for each in expected]
        other = {net(params, x, depth).detach() for depth in range(most + 1)}
        elsewhere = lambda got, other=other: all(any(looks_like(one, each) for each in other) for one in got)  # noqa: E731
        whole = {"depth-off-by-one": by_one, "depth-fixed": fixed, "relu-left-out": less}
        whole |= {"relu-on-output": lambda got, positive=positive: fits(got, positive)}
        whole |= {"not-the-global-generator": elsewhere} if came.value["next"] == untouched else {}
        name = next((name for name, fit in whole.items() if fit(came.value["outs"])), "")
        for index, (right, upstream) in enumerate(zip(expected, upstreams, strict=True)):
            named = {name: lambda got: True} if name else {}
            outs.item(index, f"the result of run {index + 1}", named).tensor(right.detach(), device=device)
            right.backward(upstream)
        drawn = seen.item("next", lookalikes={"not-the-global-generator": untouched})
        said = "the net did not draw exactly one number from the generator in each run"
        drawn.satisfies(lambda number, following=following: number == following, said, got="")
        cut = {key: value.detach().clone().requires_grad_() for key, value in params.items()}
        for depth, upstream in zip(depths, upstreams, strict=True):
            net(cut, x, depth, between=torch.detach).backward(upstream)
        for name in NAMES:
            copies = {"weights-not-shared": lambda got: got.grad is None} if name.startswith("middle") else {}
            copies["graph-cut-in-the-middle"] = lambda got, cut=cut[name].grad: looks_like(got.grad, cut)
            seen.item("params").item(name, f"{name} after all runs", copies).grad(params[name].grad)

    single = submission.probe.passes([3, 5, 2, 2], x[:1], [upstreams[0][:1]], seed, True)
    squeezed = {"squeezed-too-far": lambda t: t.shape == (2,)}
    expect(single).item("outs").length(1).item(0, "the result for a single row", squeezed).shape(1, 2)


def net(params, x, depth, relus=(1, 1), between=torch.clone):
    """Run the net; `relus`: whether one follows the first layer and the middle one, `between`: what comes after it."""
    h = linear(x, params["first.weight"], params["first.bias"])
    h = h.relu() if relus[0] else h
    for _ in range(depth):
        h = linear(between(h) if relus[0] else h, params["middle.weight"], params["middle.bias"])
        h = h.relu() if relus[1] else h
    return linear(h if relus[0] else between(h), params["last.weight"], params["last.bias"])


def steps(size, x, limit, rate):
    """Return how often x is multiplied until another measure of its size is not above the limit."""
    count = 0
    while size(x) > limit:
        x, count = x * rate, count + 1
    return count


SIZES = (
    lambda x: x.abs().sum(), lambda x: x.square().sum(), lambda x: x.abs().max(), lambda x: x.norm(dim=-1).max(),
    lambda x: x.sum(), lambda x: x.mean(), lambda x: x.norm(dim=-1).min(),
    lambda x: torch.linalg.norm(x, 2 if x.dim() == 2 else None),
)  # fmt: skip


def settled_by_others(x, limit, rate, count):
    """Return lookalikes: what other measures of size lead to, and one multiplication too many where none of them does."""
    counts = {steps(size, x, limit, rate) for size in SIZES}
    named = {"another-norm": lambda got: any(looks_like(got, x * rate**other) for other in counts - {count, count + 1})}
    once_more = {} if count + 1 in counts else {"loop-tested-too-late": x * rate ** (count + 1)}
    once = {"if-for-while": x * rate} if count > 1 else {}
    return once | once_more | named


def restless(rng, count, limit, rate, shape):
    """Return a tensor that has to be multiplied `count` times, and is never near the limit on the way.

    Where that is more than once, no other measure of size asks for once.
    """
    while True:
        x = torch.randn(shape, generator=rng)
        x = x / x.norm() * limit * rate ** (0.5 - count)
        if count < 2 or all(steps(size, x, limit, rate) != 1 for size in SIZES):
            return x


@pytest.mark.step("settle")
def test_settle_values(submission, rng, device):
    """multiplies as often as the norm requires, possibly never"""
    for count, limit, rate, shape in (
        (3, 1.5, 0.6, (4,)),
        (0, 0.7, 0.5, (2, 3)),
        (7, 2.0, 0.8, (5,)),
        (1, 0.4, 0.3, (2,)),
        (4, 1.2, 0.9, (6, 3)),
    ):
        x = restless(rng, count, limit, rate, shape)
        once_more = settled_by_others(x, limit, rate, count)
        seen = submission.settle(x, torch.tensor(rate), limit)
        pair = expect(seen).length(2)
        pair.item(0, "the settled tensor", once_more).tensor(x * rate**count, device=device)
        pair.item(1, "the count", {"scalar-tensor-not-number": torch.tensor(count)}).equals(count)
        expect(seen).keeps_argument(0, x, "mutates-caller")
    count, rate = int(torch.randint(300, 400, (), generator=rng)), torch.tensor(0.99)
    x = restless(rng, count, 1.5, rate.item(), (3,))
    pair = expect(submission.settle(x, rate, 1.5)).length(2)
    pair.item(1, "the count for a rate near 1", {"loop-has-a-cap": lambda got: got < count}).equals(count)
    expected = (x.double() * rate.double() ** count).float()
    pair.item(0, "the settled tensor for a rate near 1").tensor(expected, device=device)


@pytest.mark.step("settle")
def test_settle_on_the_limit(submission, rng, device):
    """leaves a tensor as it is when its norm equals the limit"""
    # The norm is 4, 8, 16 or 32, exactly; the sum of the absolute values needs more than one step, their maximum none.
    x = torch.ones(16) * 2 ** int(torch.randint(4, (), generator=rng))
    below = submission.settle(x, torch.tensor(0.5), 1.5 * x.norm().item()).value
    kept = isinstance(below, tuple) and len(below) == 2 and looks_like(below[0], x)
    pair = expect(submission.settle(x, torch.tensor(0.5), x.norm().item())).length(2)
    named = {
        "boundary-left-out" if kept else "loop-tested-too-late": x / 2,
        "another-norm": lambda got: not looks_like(got, x),
    }
    pair.item(0, "the settled tensor", named).tensor(x, device=device)
    pair.item(1, "the count").equals(0)


@pytest.mark.step("settle")
def test_settle_gradients(submission, rng):
    """lets gradients flow to the input and to the rate"""
    for count, limit, rate, shape in ((4, 1.5, 0.6, (4,)), (2, 0.7, 0.5, (2, 3))):
        x, upstream = restless(rng, count, limit, rate, shape), torch.randn(shape, generator=rng)
        seen = expect(submission.probe.settled(x, torch.tensor(rate), limit, upstream))
        attached = seen.item("attached", lookalikes={"detached-returned": False})
        attached.is_true("no gradient can flow back from the settled tensor")
        number, cut = (
            {each: lambda t: t.grad is None} for each in ("python-value-breaks-graph", "graph-cut-in-the-middle")
        )
        expected = (upstream * x).sum() * count * rate ** (count - 1)
        seen.item("x", "x", cut).grad(upstream * rate**count)
        seen.item("rate", "rate", number).grad(expected)


def reading(weight, bias, sequence, cut=False):
    h = sequence.new_zeros(len(weight))
    for x in sequence:
        h = torch.tanh(linear(torch.cat([x, h.detach() if cut else h]), weight, bias))
    return h


def misread(weight, bias, sequence):
    """Return what the usual slips make of a sequence."""
    h, straight = sequence.new_zeros(len(weight)), sequence.new_zeros(len(weight))
    for x in sequence:
        h = torch.tanh(linear(torch.cat([h, x]), weight, bias))
        straight = linear(torch.cat([x, straight]), weight, bias)
    return {
        "state-forgotten": reading(weight, bias, sequence[-1:]),
        "sequence-reversed": reading(weight, bias, sequence.flip(0)),
        "state-before-input": h,
        "nonlinearity-forgotten": lambda got: looks_like(got, straight) or looks_like(got, straight.tanh()),
    }


def gradients_of(function, weight, bias, inputs, upstream):
    """Return result, gradient of the weight, gradient of the inputs; None where no gradient flows."""
    weight, inputs = weight.clone().requires_grad_(), inputs.clone().requires_grad_()
    result = function(weight, bias, inputs)
    if result.requires_grad:
        result.backward(upstream)
    return result.detach(), weight.grad, inputs.grad


# First, because a wrong beginning shows best where nothing comes after it.
@pytest.mark.step("read_sequence")
def test_sequence_empty(submission, rng, device):
    """accepts an empty sequence, and starts on the device of the sequence"""
    weight, bias = layer(rng, 3 + 5, 5)
    seen = expect(submission.probe.read(weight, bias, torch.zeros(0, 3), torch.zeros(5)))
    seen.item("result", "the result for an empty sequence").tensor(torch.zeros(5), device=device)
    weight, bias = layer(rng, 3 + 5, 5, torch.float64)
    nothing = torch.zeros(0, 3, dtype=torch.float64)
    seen = expect(submission.probe.read(weight, bias, nothing, torch.zeros(5, dtype=torch.float64)))
    named = {"dtype-not-taken-over": lambda t: t.dtype == "float32"}
    seen.item("result", "the result for an empty float64 sequence", named).tensor(nothing.new_zeros(5), device=device)
    weight, bias = layer(rng, 3 + 5, 5)
    seen = expect(submission.probe.read_on_meta(weight, bias, torch.randn(4, 3, generator=rng)))
    mixed = seen.item("mixed", lookalikes={"hard-coded-device": True})
    mixed.is_false("a tensor was made on another device than that of the sequence")


@pytest.mark.step("read_sequence")
def test_sequence(submission, rng, device):
    """reads sequences of any length with one cell, and gradients flow back to the first row"""
    for length, dtype in ((1, torch.float32), (4, torch.float64), (7, torch.float32)):
        hidden = 1 if length == 7 else 5
        weight, bias = layer(rng, 3 + hidden, hidden, dtype)
        sequence, upstream = (
            torch.randn(length, 3, generator=rng, dtype=dtype),
            torch.randn(hidden, generator=rng, dtype=dtype),
        )
        seen = expect(submission.probe.read(weight, bias, sequence, upstream))
        expected, of_weight, of_sequence = gradients_of(reading, weight, bias, sequence, upstream)
        named = misread(weight, bias, sequence)
        seen.item("result", "the result", named).tensor(expected, device=device)
        attached = seen.item("attached", lookalikes={"detached-returned": False})
        attached.is_true("no gradient can flow back from the result")
        cut = gradients_of(lambda *args: reading(*args, cut=True), weight, bias, sequence, upstream)
        named = {"graph-cut-in-the-middle": lambda t, of=cut[2]: t.grad is None or (looks_like(t.grad, of))}
        seen.item("sequence", "the sequence", named).grad(of_sequence)
        named = {"graph-cut-in-the-middle": lambda t, of=cut[1]: looks_like(t.grad, of)}
        seen.item("weight", "the weight of the cell", named).grad(of_weight)


def random_tree(rng, words):
    """Return a tree over these words, of any shape."""
    if len(words) == 1:
        return words[0]
    cut = int(torch.randint(1, len(words), (), generator=rng))
    return (random_tree(rng, words[:cut]), random_tree(rng, words[cut:]))


def words_of(tree):
    return [tree] if isinstance(tree, int) else words_of(tree[0]) + words_of(tree[1])


def parsing(weight, bias, vectors, tree, bent=torch.tanh):
    if isinstance(tree, int):
        return vectors[tree]
    left, right = (parsing(weight, bias, vectors, part, bent) for part in tree)
    return bent(linear(torch.cat([left, right]), weight, bias))


def chained(words):
    """Return the tree that takes one word after the other."""
    tree = words[0]
    for word in words[1:]:
        tree = (tree, word)
    return tree


@pytest.mark.step("read_tree")
def test_tree(submission, rng, device):
    """follows the shape of each tree, and gradients flow back to the words"""
    words = torch.randperm(6, generator=rng).tolist()
    trees = [words[0], words[0], (words[1], words[2]), (words[0], (words[3], words[5])), (words[4], words[4]),
             ((words[0], words[1]), (words[1], (words[3], words[4]))), random_tree(rng, words)]  # fmt: skip
    earlier = torch.zeros(0)
    for tree in trees:
        weight, bias = layer(rng, 2 * 4, 4)
        vectors, upstream = torch.randn(6, 4, generator=rng), torch.randn(4, generator=rng)
        seen = expect(submission.probe.parse(weight, bias, vectors, tree, upstream))
        expected, of_weight, of_vectors = gradients_of(
            lambda w, b, v, t=tree: parsing(w, b, v, t), weight, bias, vectors, upstream
        )
        flat, swapped = chained(words_of(tree)), lambda t: t if isinstance(t, int) else (swapped(t[1]), swapped(t[0]))
        named = {"state-between-calls": earlier} if isinstance(tree, int) else {
            "tree-flattened": parsing(weight, bias, vectors, flat),
            "children-swapped": parsing(weight, bias, vectors, swapped(tree)),
            "nonlinearity-forgotten": lambda got, flat=parsing(weight, bias, vectors, tree, torch.clone): (
                looks_like(got, flat) or looks_like(got, flat.tanh())
            ),
        }  # fmt: skip
        earlier = expected
        seen.item("result", "the result", named).tensor(expected, device=device)
        # Some word that takes part has no gradient.
        taking_part = sorted(set(words_of(tree)))
        cut = lambda t, rows=taking_part: t.grad is None or bool((t.grad.data[rows] == 0).all(1).any())  # noqa: E731
        number = {"graph-cut-in-the-middle": cut}
        seen.item("vectors", "the matrix of word vectors", number).grad(of_vectors)
        if of_weight is not None:
            seen.item("weight", "the weight of the combining layer", number).grad(of_weight)
    weight, bias = layer(rng, 2, 1)
    vectors, pair = torch.randn(6, 1, generator=rng), (words[0], words[1])
    seen = expect(submission.probe.parse(weight, bias, vectors, pair, torch.ones(1)))
    squeezed = {"squeezed-too-far": lambda t: t.shape == ()}
    expected = parsing(weight, bias, vectors, pair)
    seen.item("result", "the result for vectors of one number", squeezed).tensor(expected, device=device)


def rows_with_sums(rng, signs, features, dtype):
    """Return rows whose sums have these signs, and are not near 0."""
    x = torch.randn(len(signs), features, generator=rng, dtype=dtype)
    wanted = torch.tensor(signs, dtype=dtype) * (0.5 + torch.rand(len(signs), generator=rng, dtype=dtype))
    x = x + ((wanted - x.sum(1)) / features).unsqueeze(1)
    if -1 in signs:
        # One row without any positive number: it does not go where every row with some goes.
        row = signs.index(-1)
        x[row] = -x[row].abs()
    return x


def same_rows(got, expected):
    """Tell whether these are the same rows, in whatever order."""
    one, other = (each[each[:, 0].argsort()] for each in (got.data, expected))
    return torch.allclose(one, other, 1e-4, 1e-5)


@pytest.mark.step("route")
def test_route(submission, rng, device):
    """sends each row through the module that it chooses, and through no other"""
    for signs, dtype in (([1, -1, -1, 1, 1, -1, 1], torch.float32), ([-1, 1, -1, -1, 1], torch.float64),
                         ([1, 1, 1], torch.float32), ([-1, -1], torch.float32), ([1], torch.float32)):  # fmt: skip
        outputs = 1 if len(signs) == 3 else 4
        x, upstream = rows_with_sums(rng, signs, 3, dtype), torch.randn(len(signs), outputs, generator=rng, dtype=dtype)
        weights, biases = zip(*(layer(rng, 3, outputs, dtype) for _ in range(2)), strict=True)
        seen = expect(submission.probe.routed(x, list(weights), list(biases), upstream))
        positive = torch.tensor(signs) > 0
        both = [linear(x, weight, bias) for weight, bias in zip(weights, biases, strict=True)]
        expected = torch.where(positive.unsqueeze(1), *both)
        named = {
            "rows-out-of-order": lambda got, expected=expected: same_rows(got, expected),
            "batch-decides-as-one": one_of(both),
            "sides-swapped": torch.where(positive.unsqueeze(1), *both[::-1]),
            "unchosen-part-runs": expected + torch.where(positive.unsqueeze(1), *biases[::-1]),
        }
        seen.item("result", "the result", named if positive.any() and not positive.all() else {}).tensor(
            expected, device=device
        )
        counts = [int(positive.sum()), int((~positive).sum())]
        named = {
            "calls-forward-directly": [0, 0],
            "unchosen-part-runs": lambda got, expected=counts: got[0] > expected[0] or got[1] > expected[1],
        }
        seen.item("rows", "the list of how many rows each module got", named).equals(counts)
        dims = seen.item("dims", "the list of how many dimensions the modules' inputs had", {"row-without-batch": [1]})
        dims.equals([2])
        ran = seen.item("runs", "the list of how often each module ran").length(2)
        for index, count in enumerate(counts):
            if count == 0:
                ran.item(
                    index, "the number of runs of the module that no row chose",
                    {"unchosen-part-runs": lambda n: n > 0},
                ).equals(0)  # fmt: skip
        seen.item("attached").is_true("no gradient can flow back from the result")
        of_x = torch.stack([u @ weights[0 if s > 0 else 1] for u, s in zip(upstream, signs, strict=True)])
        seen.item("x", "x").grad(of_x)
        for index, mask in enumerate((positive, ~positive)):
            expected = upstream[mask].T @ x[mask] if mask.any() else None
            part = seen.item("weights").item(index, f"the weight of the {('first', 'second')[index]} module")
            part.grad(expected)


@pytest.mark.step("route")
def test_route_sum_of_zero(submission, rng, device):
    """sends a row whose sum is exactly 0 through the other module"""
    x = torch.tensor([[2.0, -1.0, -1.0], [3.0, 1.0, 1.0], [-4.0, 1.0, 3.0], [-3.0, -2.0, -4.0]])
    weights, biases = zip(*(layer(rng, 3, 4) for _ in range(2)), strict=True)
    seen = submission.probe.routed(x, list(weights), list(biases), torch.ones(4, 4))
    expected = torch.stack(
        [linear(row, weights[number], biases[number]) for row, number in zip(x, (1, 0, 1, 1), strict=True)]
    )
    included = torch.stack([linear(row, weights[n], biases[n]) for row, n in zip(x, (0, 0, 0, 1), strict=True)])
    expect(seen).item("result", "the result", {"zero-counted-as-positive": included}).tensor(expected, device=device)


# Calls that leave chains behind, several paths, constants, leaves of their own, and nodes with several results.
CALLS = (
    "requires_grad_()", "sin()", "mul(2)", "mul(made)", "add(x)", "mul(torch.ones_like(x))", "detach()",
    "add(torch.ones_like(x, requires_grad=True))", "mul(torch.cat(made.split(1)))", "add(sum(made.unbind()))",
)  # fmt: skip


def walked(tensor):
    """Return the nodes behind a tensor, and how many they are for those who miscount: a set of numbers for each."""
    ways, ends = {}, {(tensor.grad_fn, 0)}

    def ways_from(node):
        if node not in ways:
            ends.update(node.next_functions)
            ways[node] = 1 + sum(ways_from(other) for other, _ in node.next_functions if other is not None)
        return ways[node]

    every_way = ways_from(tensor.grad_fn) if tensor.grad_fn else 0
    inner = {node for node in ways if type(node).__name__ != "AccumulateGrad"}
    several = {every_way, len([end for end in ends if end[0] is not None])} - {len(ways)}
    return len(ways), {"leaves-not-counted": {len(inner)} - {0}, "shared-node-counted-twice": several}


def drawn_graphs(rng, x):
    """Draw a leaf, a tensor without a graph, and graphs of which some have several paths, or nodes with several results.

    Returns what a walk finds behind each, by recipe, in a drawn order.
    """
    left, chance, found = {(True, 0): 1, (False, 0): 1, (True, 1): 2, (True, 2): 2, (True, 3): 3}, dice(rng), {}
    while any(left.values()):
        recipe = "; ".join([*CALLS[: chance.randint(0, 1)], *chance.choices(CALLS, k=chance.randint(1, 8))])
        tensor = followed(recipe, x.clone())
        nodes, miscounted = walked(tensor)
        kind = tensor.requires_grad, nodes and 1 + len(miscounted["shared-node-counted-twice"])
        if left.get(kind) and recipe not in found:
            left[kind] -= 1
            found[recipe] = nodes, miscounted
    return dict(chance.sample(list(found.items()), len(found)))


@pytest.mark.step("count_nodes")
def test_count(submission, rng):
    """counts the different nodes of graphs of several shapes"""
    x = torch.randn(3, generator=rng)
    graphs = drawn_graphs(rng, x)
    seen = submission.probe.counted(x, list(graphs))
    counts = expect(seen).length(len(graphs))
    added_up = list(itertools.accumulate(nodes for nodes, _ in graphs.values()))
    for index, (recipe, (nodes, miscounted)) in enumerate(graphs.items()):
        named = {"state-between-calls": lambda _: seen.value == added_up}
        named |= {who: lambda count, those=those: count in those for who, those in miscounted.items()}
        steps = "; ".join(f"y = y.{call.replace('made', 'y')}" for call in recipe.split("; "))
        counts.item(index, f"the count for y, made by y = x; {steps},", named).equals(nodes)
