"""14 Static graphs

A dynamic graph is recorded anew at each call. A static graph is made once, ahead of the calls, and then used again
and again: a compiler can look at the whole graph and fuse operations, and the graph can be saved and run where
there is no Python. The price is distance: what runs is no longer the code that you read, so it is harder to
debug, and Python that depends on the numbers in a tensor needs a way into the graph.
`torch.jit.script` reads a function's source and makes a graph with the branches in it. It is deprecated now:
`torch.compile` (graphs made while the function is first called) and `torch.export` (one whole graph, to be
saved) have taken its place.

    >>> import torch
    >>> def halve(x: torch.Tensor) -> torch.Tensor:
    ...     return x / 2
    >>> graphs = []
    >>> def backend(graph, example_inputs):
    ...     graphs.append(graph)
    ...     return graph.forward
    >>> compiled = torch.compile(halve, backend=backend)
    >>> [compiled(torch.tensor([2.0, number])).tolist() for number in (4.0, 6.0)]
    [[1.0, 2.0], [1.0, 3.0]]
    >>> len(graphs), [node.op for node in graphs[0].graph.nodes]
    (1, ['placeholder', 'call_function', 'output'])

A backend gets each graph that was found and returns the function that will run in its place. "eager" runs the graph
as it is, "aot_eager" makes the graph of the backward pass beforehand as well; the default, "inductor", generates code.

Read on: https://docs.pytorch.org/docs/stable/user_guide/torch_compiler/torch.compiler.html
"""

from collections.abc import Callable

import torch


def branching(x: torch.Tensor, weight: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
    """Step 1. A function in which a number decides which weight is used: ordinary Python, with an `if`.

    x: of shape (N, F). weight, other: of shape (F, K). None of them is changed.

    Returns relu(x @ weight) where the sum of all elements of `x` is above 0, otherwise relu(x @ other).
    Only one of the two products is computed, so the weight that was not chosen gets no gradient. For step
    2, use nothing but tensor operations and `if`.
    """
    raise NotImplementedError("step 1: branching")


def scripted() -> torch.jit.ScriptFunction:
    """Step 2. The function of step 1 as one graph, made from its source by `torch.jit`.

    The branch stays a branch: the `graph` of what you return has a `prim::If` node, and each call takes
    the branch that its own `x` selects. Values and gradients are those of step 1, and again only one of
    the products is computed. (`torch.jit` warns that it is deprecated; that is not a mistake of yours.)

    Returns the ScriptFunction, called like `branching`.
    """
    raise NotImplementedError("step 2: scripted")


def three_ways(
    function: Callable[[torch.Tensor, torch.Tensor], torch.Tensor],
    x: torch.Tensor,
    weight: torch.Tensor,
    upstream: torch.Tensor,
) -> dict[str, tuple[torch.Tensor, torch.Tensor]]:
    """Step 3. Run one function plainly and compiled, and put the results side by side.

    function: of x and weight, differentiable. x, weight: tensors that require no gradient; nothing about
    them is changed. upstream: has the shape of the result.

    Three ways: "plain" calls `function` as it is; "eager" and "aot_eager" each call what `torch.compile`
    makes of it with the backend of that name. Each way starts afresh, with a leaf of its own (not one for
    all three) that holds the numbers of `weight`, and runs backward with `upstream` as the upstream gradient.

    Returns a dict from the name of the way to (result, gradient of the weight).
    """
    raise NotImplementedError("step 3: three_ways")


def branching_in_graph(x: torch.Tensor, weight: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
    """Step 4. The function of step 1 in a form that `torch.export` can take.

    Export needs one graph for all inputs, and stops at an `if` that asks for the numbers in a tensor.
    `torch.cond` puts such a branch into the graph: it takes the condition (a tensor with one bool), one
    function for each case, and a tuple with the arguments of both.

    Arguments, values and the gradient of the chosen weight are those of step 1; the gradient of the other
    weight is None or zeros. In the graph that `torch.export` makes of your function, the branch is a
    `cond`: only one of the products is computed.
    """
    raise NotImplementedError("step 4: branching_in_graph")


def exported(model: torch.nn.Module, example: torch.Tensor) -> torch.export.ExportedProgram:
    """Step 5. Export a model for batches of any size.

    model: its `forward` takes one tensor, named x, of shape (N, F); you get it in evaluation mode, and it
    stays in that mode and keeps its parameters as they are, `requires_grad` included. example: such a
    tensor, N at least 2.

    The graph is made for the shapes of the example, unless you tell `torch.export.export` which dimensions
    are dynamic. The `module()` of what you return must run for every N from 2 up, without an upper limit,
    and not only for the N of the example.
    """
    raise NotImplementedError("step 5: exported")


def count_compiles(
    function: Callable[[torch.Tensor], torch.Tensor], inputs: list[torch.Tensor], dynamic: bool | None
) -> int:
    """Step 6. Count how often a function is compiled while it is called with inputs of several shapes.

    function: takes one tensor, and becomes a single graph. inputs: called with one after the other; the list stays
    as it is.
    dynamic: passed on to `torch.compile`. False makes a graph for each shape; True makes one for all shapes
    from the start; None makes one for the first shape, and one for all others as soon as the shape changes.

    Begin with `torch.compiler.reset()`: torch remembers what it has compiled, and which shapes it has
    seen. Count the graphs that come to a backend, as in the example above: Python inside the function
    tells you nothing, because its effects are repeated at each call, compiled or not.

    Returns the number of compilations.
    """
    raise NotImplementedError("step 6: count_compiles")
