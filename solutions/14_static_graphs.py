"""14 Static graphs"""

from collections.abc import Callable

import torch


def branching(x: torch.Tensor, weight: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
    # Python decides here, so only the branch that was taken is in the graph.
    product = x @ weight if x.sum() > 0 else x @ other  # (N, K)
    return product.relu()


def scripted() -> torch.jit.ScriptFunction:
    # subtle: torch.jit.trace would watch a single call, and keep only the branch that it took.
    return torch.jit.script(branching)


def three_ways(
    function: Callable[[torch.Tensor, torch.Tensor], torch.Tensor],
    x: torch.Tensor,
    weight: torch.Tensor,
    upstream: torch.Tensor,
) -> dict[str, tuple[torch.Tensor, torch.Tensor]]:
    ways = {"plain": function} | {name: torch.compile(function, backend=name) for name in ("eager", "aot_eager")}
    found = {}
    for name, way in ways.items():
        # One leaf for each way: a single one would collect the gradients of all three.
        leaf = weight.clone().requires_grad_()
        result = way(x, leaf)
        result.backward(upstream)
        found[name] = result, leaf.grad
    return found


def branching_in_graph(x: torch.Tensor, weight: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
    # Both branches are in the graph, and take the same arguments whether they use them or not.
    product = torch.cond(
        x.sum() > 0,
        lambda x, weight, _: x @ weight,
        lambda x, _, other: x @ other,
        (x, weight, other),
    )  # (N, K)
    return product.relu()


def exported(model: torch.nn.Module, example: torch.Tensor) -> torch.export.ExportedProgram:
    # Without a name for it, the size of the example would be fixed in the graph.
    return torch.export.export(model, (example,), dynamic_shapes=({0: torch.export.Dim("batch")},))


def count_compiles(
    function: Callable[[torch.Tensor], torch.Tensor], inputs: list[torch.Tensor], dynamic: bool | None
) -> int:
    # Otherwise, what torch remembers about earlier compilations would change the count.
    torch.compiler.reset()
    compiles = 0

    def backend(graph: torch.fx.GraphModule, _: list[torch.Tensor]) -> Callable[..., object]:
        nonlocal compiles
        compiles += 1
        return graph.forward

    compiled = torch.compile(function, backend=backend, dynamic=dynamic)
    for x in inputs:
        compiled(x)
    return compiles
