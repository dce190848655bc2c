"""Builds graphs of the submission's nodes, hands them over, and counts how often their parents are looked at."""


def operate(submission, name, values, flags, same=False):
    """Call an operation on new leaves, or on one leaf for both arguments; say what it returned.

    Told: `{name:word}` on {same:if the same node twice}{same:unless nodes} with {values:list}
    """
    leaves = [submission.Node(value, requires_grad=flag) for value, flag in zip(values, flags, strict=True)]
    arguments = [leaves[0], leaves[0]] if same else leaves
    before = [vars(leaf).copy() for leaf in leaves]
    node = getattr(submission, name)(*arguments)
    if not isinstance(node, submission.Node):
        return {"node": node}
    return {
        "node": None,
        "value": node.value,
        "parents": _each(lambda parent: _place(leaves, parent), node.parents),
        "local_gradients": _each(lambda each: float(each) if type(each) is int else each, node.local_gradients),
        "requires_grad": node.requires_grad,
        "grad": node.grad,
        "arguments_kept": [vars(leaf) for leaf in leaves] == before and not any(node is leaf for leaf in leaves),
    }


def _each(function, found):
    """Return what the function makes of each element; what has no elements as it is."""
    return [function(one) for one in found] if isinstance(found, (list, tuple)) else found


def order(submission, graph, root):
    """Ask for the topological order of a graph; return the nodes' numbers, -1 for an unknown one.

    Told: `topological_order` of a graph of {graph:count node}, numbered from 0, from the last of them
    """
    nodes, looks = _build(submission, graph)
    found = submission.topological_order(nodes[root])
    if not isinstance(found, (list, tuple)):
        return {"order": found, "looks": max(looks.values())}
    return {"order": [_place(nodes, node) for node in found], "looks": max(looks.values())}


def order_twice(submission, graph, root):
    """Ask twice for the topological order of one graph; return both, as numbers.

    Told: `topological_order` twice of a graph of {graph:count node}, numbered from 0, from the last of them
    """
    nodes, _ = _build(submission, graph)
    found = [submission.topological_order(nodes[root]) for _ in range(2)]
    return [[_place(nodes, node) for node in each] if isinstance(each, (list, tuple)) else each for each in found]


def run_backward(submission, graph, root, upstreams, grads):
    """Run backward from the root once for each upstream gradient, None for the default.

    `grads` is what the nodes hold in .grad beforehand. Returns what they hold after each pass, whether
    anything else of them was changed, and how often the parents of one node were looked at in one pass.

    Told: `backward` on a graph of {graph:count node}, {upstreams:count time}
    """
    nodes, looks = _build(submission, graph, grads)
    after, most, kept = [], 0, True
    for upstream in upstreams:
        before = [_all_but_grad(node) for node in nodes]
        looks.update(dict.fromkeys(looks, 0))
        submission.backward(nodes[root], *([] if upstream is None else [upstream]))
        most = max(most, *looks.values())
        kept = kept and [_all_but_grad(node) for node in nodes] == before
        after.append([node.grad for node in nodes])
    return {"grads": after, "kept": kept, "looks": most}


def _build(submission, graph, grads=None):
    """Make a node of each (parents, local gradients, requires_grad); return the nodes and a counter for each.

    They come in a drawn order, so that none tells by its place what stands behind it.
    """
    looks = {}

    class Watched(submission.Node):
        def __getattribute__(self, name):
            if name == "parents":
                looks[id(self)] = looks.get(id(self), 0) + 1
            return super().__getattribute__(name)

    nodes = [Watched(0.5) for _ in graph]
    for index, (parents, locals_, required) in enumerate(graph):
        nodes[index].parents = tuple(nodes[parent] for parent in parents)
        nodes[index].local_gradients, nodes[index].requires_grad = tuple(locals_), required
        nodes[index].grad = grads[index] if grads else None
    looks.update({id(node): 0 for node in nodes})
    return nodes, looks


def _all_but_grad(node):
    fields = vars(node)
    parents = tuple(map(id, fields.get("parents", ())))
    return (fields.get("value"), parents, fields.get("local_gradients"), fields.get("requires_grad"))


def _place(nodes, wanted):
    return next((index for index, node in enumerate(nodes) if node is wanted), -1)
