"""Makes functions and models to compile, spies on torch.compile, and looks into the graphs."""

import contextlib

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
    """Call `branching`, what `scripted` returns, or `branching_in_graph` with each x, with backward.

    Told: `{name:word}` for {xs:count input}, then backward
    """
    function = submission.scripted() if name == "scripted" else getattr(submission, name)
    seen = {"graph": str(getattr(function, "graph", "")), "kind": type(function).__name__, "runs": []}
    seen["compiled"] = hasattr(function, "_torchdynamo_orig_callable")
    # subtle: whatever is no graph is not run, since its first call may start a compiler
    if not callable(function) or (name == "scripted" and not isinstance(function, torch.jit.ScriptFunction)):
        return seen
    for x in xs:
        leaves, products = _leaves(weight, other), _Products()
        with products if name == "branching" else contextlib.nullcontext():
            result = function(x, *leaves)
        _backward(result, upstream)
        recorded = getattr(result, "requires_grad", False)
        run = {"result": result, "recorded": recorded, "weight": leaves[0], "other": leaves[1]}
        seen["runs"].append(run | {"products": products.count})
    if name == "scripted" and isinstance(function, torch.jit.ScriptFunction):
        seen["outside"] = sum("mm" in node.kind() or "matmul" in node.kind() for node in function.graph.nodes())
    return seen


class _InGraph(torch.nn.Module):
    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, x, weight, other):
        return self.function(x, weight, other)


def export_of_branch(submission, xs, weight, other):
    """Export `branching_in_graph` from the first x; say what is in the graph, and what comes out for each x.

    Told: torch.export of `branching_in_graph`, run on {xs:count input}
    """
    submission.branching_in_graph(xs[0], weight, other)
    try:
        program = torch.export.export(_InGraph(submission.branching_in_graph), (xs[0], weight, other))
    except Exception as error:
        return {"refused": type(error).__name__, "cond": 0, "outside": 0, "inside": 0, "results": []}
    cond = sum(node.target is torch.ops.higher_order.cond for node in program.graph.nodes)
    outside, *inside = (_products_in(each) for each in program.graph_module.modules() if hasattr(each, "graph"))
    run = program.module()
    return {
        "refused": "", "cond": cond, "outside": outside, "inside": max(inside, default=0),
        "results": [run(x, weight, other) for x in xs],
    }  # fmt: skip


def _products_in(module):
    return sum(any(name in str(node.target) for name in ("mm", "matmul")) for node in module.graph.nodes)


def _wave(x, weight):
    return torch.tanh(x @ weight) * x.sum(dim=1, keepdim=True)


def ways(submission, x, weight, upstream):
    """Let `three_ways` run a function, and note which compiled ones were made, and called.

    Told: `three_ways` on x of shape {x:shape}, noting what is compiled and called
    """
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
    """Export a small model, and run what comes back with batches of other sizes.

    Told: `exported` with an example of shape {example:shape}, run with {others:count batch} of other sizes
    """
    model = _Model(*reversed(weight.shape)).to(example).eval()
    with torch.no_grad():
        model.linear.weight.copy_(weight)
        model.linear.bias.copy_(bias)
    model.linear.bias.requires_grad_(False)
    program = submission.exported(model, example)
    seen = {"kind": type(program).__name__, "refused": "", "results": [], "mode": model.training}
    seen["flags"] = [parameter.requires_grad for parameter in model.parameters()]
    if not isinstance(program, torch.export.ExportedProgram):
        return seen
    run, by_name = program.module(), bool(program.example_inputs[1])
    try:
        seen["results"] = [run(x=x) if by_name else run(x) for x in [example, *others]]
        many = torch.zeros(1, 1, device=example.device).expand(2**18, example.shape[1])
        run(x=many) if by_name else run(many)
    except Exception as error:
        seen["refused"] = f"{type(error).__name__}: {error}"[:200]
    return seen


def compiles(submission, inputs, dynamic, again):
    """Count compilations of a function, with `again` a second time; note what torch.compile and its results were given.

    Told: `count_compiles` with {inputs:count input}{again:if , twice in a row}
    """

    def function(x):
        return (x.sin() * x).cumsum(0)

    original, handed, own, lengths, given = torch.compile, [], [], [], list(inputs)

    def spy(*args, **options):
        handed.append(options.get("dynamic"))
        own.append(callable(options.get("backend")))
        compiled = original(*args, **options)

        def call(x):
            lengths.append(len(x))
            return compiled(x)

        return call if args else lambda function: spy(function, **options)

    torch.compile = spy
    try:
        counts = [submission.count_compiles(function, given, dynamic)]
        kept = len(given) == len(inputs) and all(map(torch.equal, given, inputs))
        if again:
            counts.append(submission.count_compiles(function, list(inputs), dynamic))
    finally:
        torch.compile = original
    return {"counts": counts, "handed": handed, "own backend": any(own), "lengths": lengths, "kept": kept}
