"""Graphs as `explain` shows them are those that the installed torch records; those of checks are bounded."""

import pytest
import torch

from grader.catalogue.misconceptions import misconceptions
from grader.sandbox.child.graph import behind
from grader.sandbox.parent.thaw import Thaw
from grader.sandbox.shared.freeze import Freezer
from grader.sandbox.shared.messages import MAX_GRAPH, GraphNode
from grader.sandbox.shared.wire import WireError
from grader.vocabulary.graph import MOST_LINES, tree

SHOWN = [(each.id, code, shown) for each in misconceptions().values() for code, shown in each.graphs]


def sent(tensor, arguments=None):
    freezer = Freezer(arguments, behind)
    return freezer.freeze(tensor), freezer.arrays


def drawn(tensor, arguments=None):
    node, arrays = sent(tensor, arguments)
    return tree(Thaw(arrays).plain(node))


@pytest.mark.parametrize(("name", "code", "shown"), SHOWN, ids=[f"{name}: {code[-30:]}" for name, code, _ in SHOWN])
def test_what_explain_shows_is_what_is_recorded(name, code, shown):
    names = {"torch": torch}
    exec(code, names)
    assert "\n".join(drawn(names["y"])) == shown


def test_leaves_are_told_as_arguments_and_say_whether_a_gradient_landed():
    w, x = torch.ones(2, requires_grad=True), torch.ones(2)
    y = w * x
    y.sum().backward()
    assert drawn(y, {"0": w}) == (
        "MulBackward0 (2,)",
        "├─ leaf (2,), the first argument of the call: a gradient landed here",
        "└─ an input that requires no gradient",
    )


def test_of_a_large_graph_only_the_nearest_part_is_sent_and_shown():
    y = torch.ones(2, requires_grad=True)
    for _ in range(3 * MAX_GRAPH):
        y = y * 2
    node, _ = sent(y)
    assert len(node.graph) == MAX_GRAPH
    assert len(drawn(y)) == MOST_LINES + 1


def test_a_node_that_answers_as_it_likes_costs_the_graph_and_not_the_answer():
    class Lying:
        @property
        def next_functions(self):
            raise KeyboardInterrupt

    assert behind(Lying(), {}) == []


def test_a_graph_that_leads_nowhere_is_refused_and_one_in_a_circle_ends():
    node, arrays = sent(torch.ones(2, requires_grad=True) * 2)
    node.graph = [GraphNode("A", [1], None), GraphNode("B", [0], None)]
    assert tree(Thaw(arrays).plain(node)) == ("A", "└─ B", "   └─ A (the same as above)")
    node.graph = [GraphNode("A", [5], None)]
    with pytest.raises(WireError, match="not there"):
        Thaw(arrays).plain(node)
