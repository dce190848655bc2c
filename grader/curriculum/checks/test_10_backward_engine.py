"""Hidden checks of 10: recording operations, ordering their graph, and running backward over it."""

import collections
import dataclasses
import math
from itertools import pairwise, product

import pytest
import torch

from grader.compare import expect
from grader.curriculum.checks._recipes import dice

BOOLS = (False, True)
MOST_LOOKS = 20
NOTHING = "the result is None; is a `return` missing?"
# A graph is a list of (parents, local gradients, requires_grad), parents by their place; the last one is the root.


def numbers(rng, count):
    """Draw plain numbers whose size lies between 0.8 and 1.25, so that long products stay near 1."""
    size = 0.8 + 0.45 * torch.rand(count, generator=rng, dtype=torch.float64)
    return (size * (torch.randint(2, (count,), generator=rng) * 2 - 1)).tolist()


def operated(seen):
    """Ask for a node; return the expectation on what is known of it."""
    node = expect(seen)
    node.satisfies(lambda facts: len(facts) > 1 or facts["node"] is not None, NOTHING, got="None", expected="a Node")
    node.item("node").satisfies(lambda other: other is None, "the result is not a Node", expected="a Node")
    return node


def recorded(seen, value, parents, local_gradients, named=None):
    """Ask for everything that one operation records."""
    node = operated(seen)
    node.item("value", "the value of the result").is_a(float).equals(value)
    fewer = {"parent-stands-twice": [0]} if parents == [0, 0] else {"constants-left-out": lambda found: len(found) < 2}
    of_parents = node.item("parents", "the list of parents, by their places among the arguments,", fewer)
    of_parents.is_a(list).equals(parents)
    node.item("local_gradients", "the list of local gradients", named).is_a(list).equals(local_gradients)
    node.item("grad", "the grad of the new node", {"none-becomes-zeros": 0.0}).equals(None)
    node.item("arguments_kept").is_true("an argument was changed, or returned as the result")


def contagion(submission, name, values, result, local_gradients):
    """Ask for requires_grad of the result, for every combination of the arguments', and for the whole record."""
    for flags in product(BOOLS, repeat=len(values)):
        named = {
            "contagion-forgotten": lambda answer, flags=flags: answer is False and any(flags),
            "frozen-always-passes": lambda answer, flags=flags: answer is True and not any(flags),
        }
        seen = submission.probe.operate(name, values, list(flags))
        arguments = " and ".join(f"requires_grad={flag}" for flag in flags)
        required = operated(seen).item("requires_grad", f"requires_grad after arguments with {arguments}", named)
        required.equals(any(flags))
        of_constants = [local if flag else 0.0 for local, flag in zip(local_gradients, flags, strict=True)]
        named = {} if all(flags) else {"local-gradients-of-another": of_constants}
        recorded(seen, result, list(range(len(values))), local_gradients, named)


@pytest.mark.step("add")
def test_add(submission, rng):
    """adds, and records both parents with their derivatives"""
    a, b = numbers(rng, 2)
    named = {"local-gradients-of-another": lambda found: sorted(found) == sorted([a, b])}
    recorded(submission.probe.operate("add", [a, b], [True, True]), a + b, [0, 1], [1.0, 1.0], named)


@pytest.mark.step("add")
def test_add_contagion(submission):
    """requires a gradient as soon as one of the two does"""
    contagion(submission, "add", [0.5, 1.5], 2.0, [1.0, 1.0])


@pytest.mark.step("add")
def test_add_same(submission, rng):
    """records a node as both parents when it is added to itself"""
    (a,) = numbers(rng, 1)
    recorded(submission.probe.operate("add", [a], [True], True), a + a, [0, 0], [1.0, 1.0])


@pytest.mark.step("multiply")
def test_multiply(submission, rng):
    """multiplies, and records both parents with their derivatives"""
    a, b = numbers(rng, 2)
    named = {"local-gradients-of-another": lambda found: sorted(found) == sorted([a, b]) or found == [1.0, 1.0]}
    recorded(submission.probe.operate("multiply", [a, b], [True, True]), a * b, [0, 1], [b, a], named)


@pytest.mark.step("multiply")
def test_multiply_contagion(submission, rng):
    """requires a gradient as soon as one of the two does"""
    contagion(submission, "multiply", [0.5, 1.5], 0.75, [1.5, 0.5])
    submission.recognise({"factor-by-division": lambda error: "division by zero" in error.message})
    (a,) = numbers(rng, 1)
    recorded(submission.probe.operate("multiply", [0.0, a], [True, True]), 0.0 * a, [0, 1], [a, 0.0])


@pytest.mark.step("multiply")
def test_multiply_same(submission, rng):
    """records a node as both parents when it is multiplied by itself"""
    (a,) = numbers(rng, 1)
    recorded(submission.probe.operate("multiply", [a], [True], True), a * a, [0, 0], [a, a])


@pytest.mark.step("tanh")
def test_tanh(submission, rng):
    """takes the hyperbolic tangent, and records its derivative"""
    for a in (*numbers(rng, 3), 0.0):
        value = math.tanh(a)
        wrong_points = (1 - a**2, 1 - math.tanh(value) ** 2)
        named = {
            "derivative-at-the-wrong-point": lambda found, wrong=wrong_points: any(
                math.isclose(found[0], each, rel_tol=1e-6) for each in wrong
            )
        }
        recorded(submission.probe.operate("tanh", [a], [True]), value, [0], [1 - value**2], named)


@pytest.mark.step("tanh")
def test_tanh_contagion(submission):
    """requires a gradient if its parent does"""
    value = math.tanh(0.5)
    contagion(submission, "tanh", [0.5], value, [1 - value**2])


def linked(rng, ways, constants=()):
    """Return a graph with these parents and drawn local gradients."""
    graph = []
    for index, parents in enumerate(ways):
        required = any(graph[parent][2] for parent in parents) if parents else index not in constants
        graph.append([list(parents), numbers(rng, len(parents)), required])
    return graph


def diamond(rng):
    """Two ways from the root to one node, which is a result itself."""
    return linked(rng, [(), (), (0, 1), (2,), (2,), (3, 4)], constants=(1,))


def short_cuts(rng):
    """A short way and a long way to one result, in both orders of the root's parents."""
    return [linked(rng, [(), (0,), (1,), (2,), (3,), ends]) for ends in ((1, 4), (4, 1))]


def tangle(rng, count=12):
    """A drawn graph whose nodes have one to three parents among those before; the first three are leaves."""
    ways: list[tuple[int, ...]] = [(), (), ()]
    for index in range(3, count):
        parents = torch.randint(index, (int(torch.randint(1, 4, (), generator=rng)),), generator=rng).tolist()
        ways.append((index - 1, *parents[1:]) if len(parents) > 1 else (index - 1,))
    return linked(rng, ways, constants=(1,))


def ladder(rng, rungs=12):
    """Every node is used twice by the next: 2 ** rungs ways lead back to the leaf."""
    return linked(rng, [(), *[(index, index) for index in range(rungs)]])


def chain(rng, length=99):
    """One long way without a fork."""
    return linked(rng, [(), *[(index,) for index in range(length)]])


def graphs(rng):
    """Return graphs of every kind."""
    return [*short_cuts(rng), diamond(rng), tangle(rng), tangle(rng), chain(rng)]


def behind(graph):
    """Return the places of the root and of everything that it was computed from."""
    found = {len(graph) - 1}
    for index in reversed(range(len(graph))):
        if index in found:
            found.update(graph[index][0])
    return found


def right_order(order, graph):
    """Tell whether every node stands once and before all of its parents."""
    place = {node: index for index, node in enumerate(order)}
    return sorted(order) == sorted(behind(graph)) and all(
        place[node] < place[parent] for node in order for parent in graph[node][0]
    )


class Scattered:
    """A graph as a probe gets it: with drawn numbers, so that no node tells by its place what stands behind it."""

    def __init__(self, rng, graph):
        self.places = dice(rng).sample(range(len(graph)), len(graph))
        self.root = self.places[-1]
        self.graph = self.scattered([[[self.places[each] for each in node[0]], *node[1:]] for node in graph])

    def scattered(self, items):
        """Return what there is for each node, in the order of the drawn numbers."""
        return [items[self.places.index(number)] for number in range(len(items))]

    def gathered(self, order):
        """Return an order of drawn numbers as one of the nodes' own."""
        own = {place: index for index, place in enumerate(self.places)}
        return [own.get(each, -1) for each in order] if isinstance(order, list) else order


def ordered(submission, rng, graph):
    """Ask for the order of a graph; return what was seen, with the nodes' own numbers."""
    sent = Scattered(rng, graph)
    seen = submission.probe.order(sent.graph, sent.root)
    expect(seen).item("order")
    return dataclasses.replace(seen, value=seen.value | {"order": sent.gathered(seen.value["order"])})


def once_each(graph):
    """Return the nodes whose turn comes for one that counts every use, but takes a parent that stands twice for one."""
    uses = collections.Counter(parent for node in behind(graph) for parent in graph[node][0])
    order, ready = set(), [max(behind(graph))]
    while ready:
        node = ready.pop()
        order.add(node)
        for parent in set(graph[node][0]):
            uses[parent] -= 1
            ready += [parent] * (uses[parent] == 0)
    return order


@pytest.mark.step("topological_order")
def test_order(submission, rng):
    """lists every node once, and each before its parents"""
    alone = linked(rng, [(), ()])  # the root is a leaf
    for graph in [*graphs(rng), alone]:
        nodes = behind(graph)
        named = {
            "order-upside-down": lambda order, graph=graph: right_order(order[::-1], graph),
            "wrong-order": lambda order, nodes=nodes: sorted(order) == sorted(nodes),
            "constants-left-out": lambda order, graph=graph, nodes=nodes: (
                set(order) == {node for node in nodes if graph[node][2]} and set(order) != nodes
            ),
            "stops-before-the-leaf": lambda order, graph=graph, nodes=nodes: (
                set(order) == {node for node in nodes if graph[node][0]}
            ),
            "exponential-revisit": lambda order, nodes=nodes: set(order) == nodes and len(order) > len(nodes),
            "parent-stands-twice": lambda order, graph=graph, nodes=nodes: set(order) == once_each(graph) != nodes,
        }
        order = expect(ordered(submission, rng, graph)).item("order", "the result", named).is_a(list)
        expected = f"each of {len(nodes)} nodes once"
        order.satisfies(
            lambda found, nodes=nodes: set(found) == nodes,
            "the list lacks a node, or has one that is not in the graph",
            expected=expected,
        )
        order.satisfies(
            lambda found: len(found) == len(set(found)), "a node is listed more than once", expected=expected
        )
        order.satisfies(
            lambda found, graph=graph: right_order(found, graph),
            "a node comes after one of its parents", expected="each node before its parents",
        )  # fmt: skip


@pytest.mark.step("topological_order")
def test_order_again(submission, rng):
    """lists a graph in the right order when it is asked a second time, too"""
    graph = diamond(rng)
    sent = Scattered(rng, graph)
    first, second = map(sent.gathered, submission.probe.order_twice(sent.graph, sent.root).value)
    named = {"state-between-calls": lambda order: right_order(first, graph) and order != first}
    again = expect(second, named, what="the result of a second call for the same graph").is_a(list)
    said = "a second call for the same graph did not return a right order"
    again.satisfies(lambda order: right_order(order, graph), said, expected="each node once, before its parents")


@pytest.mark.step("topological_order")
def test_order_is_quick(submission, rng):
    """looks at each node only a few times, however many paths lead to it"""
    graph = ladder(rng)
    seen = expect(ordered(submission, rng, graph))
    order = seen.item("order", "the result").is_a(list)
    few_looks(seen)
    said = "the order of a graph with many paths is wrong"
    order.satisfies(lambda found: right_order(found, graph), said, expected="each node once, before its parents")


def few_looks(seen):
    """Require that no node was looked at once for each way that leads to it."""
    named = {"exponential-revisit": lambda count: count > MOST_LOOKS}
    looks = seen.item("looks", "the number of times that one node's parents were read", named).is_a(int)
    said = "the parents of one node were read again and again"
    looks.satisfies(lambda count: count <= MOST_LOOKS, said, expected=f"{MOST_LOOKS} times at most")


def by_torch(graph, upstreams, grads):
    """Return the .grad of every node after each pass, as torch's autograd has it."""
    tensors, after = [], []
    for index, (parents, locals_, required) in enumerate(graph):
        if parents:
            tensors.append(sum(tensors[parent] * local for parent, local in zip(parents, locals_, strict=True)))
        else:
            tensors.append(torch.tensor(0.5, dtype=torch.float64, requires_grad=required))
            if grads[index] is not None:
                tensors[-1].grad = torch.tensor(grads[index], dtype=torch.float64)
    for upstream in upstreams:
        tensors[-1].backward(
            torch.tensor(1.0 if upstream is None else upstream, dtype=torch.float64), retain_graph=True
        )
        leaves = [not parents and required for parents, _, required in graph]
        found = [t.grad if leaf else None for t, leaf in zip(tensors, leaves, strict=True)]
        after.append([None if grad is None else grad.item() for grad in found])
    return after


def in_order(graph, order, start):
    """Let each node pass on what has arrived by its turn; return what each one holds in the end."""
    arrived = {len(graph) - 1: start}
    for node in order:
        for parent, local in zip(*graph[node][:2], strict=True):
            arrived[parent] = arrived.get(parent, 0.0) + arrived.get(node, 0.0) * local
    return arrived


def last_only(graph, start):
    """Let every contribution replace the one before; return what each node holds in the end."""
    held = {len(graph) - 1: start}
    for node in reversed(range(len(graph))):
        for parent, local in zip(*graph[node][:2], strict=True):
            if node in held:
                held[parent] = held[node] * local
    return held


def passed_on_again(graph, start):
    """Let each node, whenever something arrives, pass on all that has arrived so far; return what the leaf gets."""
    arrived, leaf = {}, 0.0

    def visit(node, gradient):
        nonlocal leaf
        arrived[node] = arrived.get(node, 0.0) + gradient
        leaf += gradient if node == 0 else 0.0
        for parent, local in zip(*graph[node][:2], strict=True):
            visit(parent, arrived[node] * local)

    visit(len(graph) - 1, start)
    return leaf


def depth_first(graph):
    """Return the order of first arrival, going down before going across."""
    order, waiting = [], [len(graph) - 1]
    while waiting:
        node = waiting.pop()
        if node not in order:
            order.append(node)
            waiting += reversed(graph[node][0])
    return order


def breadth_first(graph):
    """Return the order of first arrival, going across before going down."""
    order = [len(graph) - 1]
    for node in order:
        order += [parent for parent in dict.fromkeys(graph[node][0]) if parent not in order]
    return order


def parents_first(graph):
    """Return the order in which each node comes after all of its parents, the root last."""
    order = []

    def visit(node):
        if node not in order:
            for parent in graph[node][0]:
                visit(parent)
            order.append(node)

    visit(len(graph) - 1)
    return order


def named_at(graph, index, start, was, expected):
    """Return what misconceptions leave at one node after one pass from `start`."""
    parents, _, required = graph[index]
    if parents or not required:
        return {"nonleaf-keeps-grad" if parents else "constant-gets-grad": lambda grad: grad is not None}
    if expected is None:
        return {}
    arrived = expected - (was or 0.0)
    return {
        "stops-before-the-leaf": lambda grad: was is None and grad is None,
        "upstream-ignored": lambda grad: start != 1.0 and near(grad, (was or 0.0) + arrived / start),
        "overwrite-instead-of-accumulate": lambda grad: was is not None and near(grad, arrived),
    }


def named_on_ways(graph, index, start, was, expected):
    """Return the same, and what can be told apart where one way to a result is longer than the other."""
    named = named_at(graph, index, start, was, expected)
    if index:
        return named
    last = last_only(graph, start)[0]
    disordered = [in_order(graph, walk(graph), start)[0] for walk in (depth_first, breadth_first, parents_first)]
    kept = (0.0,) if was is None else (0.0, was)
    again = passed_on_again(graph, start)
    return named | {
        "exponential-revisit": lambda grad: near(grad, (was or 0.0) + again),
        "overwrite-instead-of-accumulate": lambda grad: (
            any(near(grad, old + last) for old in kept) or (was is not None and near(grad, expected - was))
        ),
        # Nothing may have arrived by its turn; where something was there before, other mistakes leave it alone, too.
        "wrong-order": lambda grad: any(near(grad, (was or 0.0) + each) for each in disordered if each or was is None),
    }


def near(grad, value):
    """Tell whether two numbers are equal but for rounding."""
    return math.isclose(grad, value, rel_tol=1e-9, abs_tol=1e-12)


@pytest.mark.step("backward")
def test_unequal_ways(submission, rng):
    """waits until everything has arrived at a node, and adds it up"""
    for graph in short_cuts(rng):
        passes(submission, rng, graph, numbers(rng, 1), [None] * len(graph), named_on_ways)


@pytest.mark.step("backward")
def test_any_graph(submission, rng):
    """leaves in every node's .grad what torch would leave there"""
    # The root uses the leaf twice, and a result of it once.
    doubled = linked(rng, [(), (0,), (0, 0, 1)])
    first, second, third = doubled[2][1]
    by_node = [one + third * doubled[1][1][0] for one in (first, second)]
    last = {"parent-stands-twice": lambda grad: any(near(grad, each) for each in by_node)}
    passes(submission, rng, doubled, [None], [None] * 3, lambda *at: named_at(*at) | (last if at[1] == 0 else {}))
    for graph in graphs(rng):
        for upstream in (*numbers(rng, 1), None):
            passes(submission, rng, graph, [upstream], [None] * len(graph), named_at)


@pytest.mark.step("backward")
def test_passes_add_up(submission, rng):
    """adds to what is in .grad already, pass after pass"""
    for graph in short_cuts(rng):
        grads = [*numbers(rng, 1), *[None] * (len(graph) - 1)]
        seen = passes(submission, rng, graph, numbers(rng, 3), grads, named_on_ways)
        seen.item("kept").is_true("something else than the .grad of a node was changed")


def passes(submission, rng, graph, upstreams, grads, names):
    """Run backward for each upstream gradient and compare every node with torch's after each pass."""
    expected = by_torch(graph, upstreams, grads)
    sent = Scattered(rng, graph)
    seen = expect(submission.probe.run_backward(sent.graph, sent.root, upstreams, sent.scattered(grads)))
    after = seen.item("grads").length(len(upstreams))
    for turn, (before, now) in enumerate(pairwise([grads, *expected])):
        start = 1.0 if upstreams[turn] is None else upstreams[turn]
        found = after.item(turn, "the list of every node's .grad").length(len(graph))
        for index, (parents, _, required) in enumerate(graph):
            what = "result" if parents else "leaf" if required else "constant"
            named = names(graph, index, start, before[index], now[index])
            if turn and now[index] is not None:
                was = before[index]
                named = {"second-backward-freed-graph": lambda grad, was=was: near(grad, was)} | named
            found.item(sent.places[index], f"the .grad of a {what} after pass {turn + 1}", named).equals(now[index])
    return seen


@pytest.mark.step("backward")
def test_root_is_leaf(submission, rng):
    """gives the upstream gradient to a root that is itself a leaf"""
    (upstream,) = numbers(rng, 1)
    for before in (None, *numbers(rng, 1)):
        passes(submission, rng, linked(rng, [(), ()]), [upstream], [None, before], named_at)
    zero = {"zero-taken-for-nothing": lambda grad: grad is None}
    passes(submission, rng, linked(rng, [(), ()]), [0.0], [None, None], lambda *_: zero)


@pytest.mark.step("backward")
def test_backward_is_quick(submission, rng):
    """visits each node only a few times, however many paths lead to it"""
    graph = ladder(rng)
    few_looks(passes(submission, rng, graph, [1.0], [None] * len(graph), named_at))
