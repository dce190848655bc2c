"""Makes functions and models to compile, spies on torch.compile, and looks into the graphs."""

import torch
from torch.utils._python_dispatch import TorchDispatchMode


def _leaves(weight, other):
    return weight.clone().requires_grad_(), other.clone().requires_grad_()


class _Products(TorchDispatchMode):
    """Counts matrix products while it is on."""

    count = 0

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        self.count += "mm" in function.__name__ or "matmul" in function.__name__
        return function(*args, **(kwargs or {}))


def _backward(result, upstream):
    if isinstance(result, torch.Tensor) and result.requires_grad and result.shape == upstream.shape:
        result.backward(upstream)


def branched(submission, name, xs, weight, other, upstream):
    """Call `branching`, what `scripted` returns, or `branching_in_graph` with each x, with backward."""
    function = submission.scripted() if name == "scripted" else getattr(submission, name)
    seen = {"graph": str(getattr(function, "graph", "")), "kind": type(function).__name__, "runs": []}
    for x in xs:
        leaves = _leaves(weight, other)
        result = function(x, *leaves)
        _backward(result, upstream)
        seen["runs"].append({"result": result, "weight": leaves[0], "other": leaves[1]})
    if name == "branching":
        seen["products"] = [_products_of(function, x, weight, other) for x in xs]
    return seen


def _products_of(function, x, weight, other):
    with _Products() as products:
        function(x, weight, other)
    return products.count


class _InGraph(torch.nn.Module):
    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, x, weight, other):
        return self.function(x, weight, other)


def export_of_branch(submission, xs, weight, other):
    """Export `branching_in_graph` from the first x; say what is in the graph, and what comes out for each x."""
    submission.branching_in_graph(xs[0], weight, other)
    try:
        program = torch.export.export(_InGraph(submission.branching_in_graph), (xs[0], weight, other))
    except Exception as error:
        return {"refused": type(error).__name__, "cond": 0, "outside": 0, "results": []}
    cond = sum(node.target is torch.ops.higher_order.cond for node in program.graph.nodes)
    outside = sum(any(name in str(node.target) for name in ("mm", "matmul")) for node in program.graph.nodes)
    run = program.module()
    return {"refused": "", "cond": cond, "outside": outside, "results": [run(x, weight, other) for x in xs]}


def _wave(x, weight):
    return torch.tanh(x @ weight) * x.sum(dim=1, keepdim=True)


def ways(submission, x, weight, upstream):
    """Let `three_ways` run a function, and note which compiled ones were made, and called."""
    made, called, leaves = [], [], []
    original = torch.compile

    def spy(model=None, **options):
        if model is None:
            return lambda model: spy(model, **options)
        compiled, name = original(model, **options), options.get("backend", "inductor")
        made.append(name)

        def call(*args, **kwargs):
            called.append(name)
            leaves.extend([*args, *kwargs.values()][1:])
            return compiled(*args, **kwargs)

        return call

    def wave(x, weight):
        if not torch.compiler.is_compiling():
            leaves.append(weight)
        return _wave(x, weight)

    torch.compile = spy
    try:
        found = submission.three_ways(wave, x, weight, upstream)
    finally:
        torch.compile = original
    return {
        "found": found,
        "made": sorted(map(str, made)),
        "called": sorted(set(map(str, called))),
        "leaves": len(set(map(id, leaves))),
    }


class _Model(torch.nn.Module):
    def __init__(self, inputs, outputs):
        super().__init__()
        self.linear = torch.nn.Linear(inputs, outputs)
        self.dropout = torch.nn.Dropout(0.5)

    def forward(self, x):
        return self.dropout(self.linear(x).relu())


def export_of_model(submission, weight, bias, example, others):
    """Export a small model, and run what comes back with batches of other sizes."""
    model = _Model(*reversed(weight.shape)).to(example).eval()
    with torch.no_grad():
        model.linear.weight.copy_(weight)
        model.linear.bias.copy_(bias)
    program = submission.exported(model, example)
    seen = {"kind": type(program).__name__, "refused": "", "results": []}
    if not isinstance(program, torch.export.ExportedProgram):
        return seen
    run = program.module()
    try:
        seen["results"] = [run(x) for x in [example, *others]]
    except Exception as error:
        seen["refused"] = f"{type(error).__name__}: {error}"[:200]
    return seen


def compiles(submission, inputs, dynamic, again):
    """Count compilations of a function; with `again`, a second time of the same function."""

    def function(x):
        return (x.sin() * x).cumsum(0)

    counts = [submission.count_compiles(function, inputs, dynamic)]
    return [*counts, submission.count_compiles(function, inputs, dynamic)] if again else counts
