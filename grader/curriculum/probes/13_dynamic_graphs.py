"""Runs nets whose graphs cannot be sent, with backward, and counts who was called."""

import torch

from grader.curriculum.preload.recipes import followed


def _linear(weight, bias):
    layer = torch.nn.Linear(weight.shape[1], weight.shape[0], device="meta")
    layer.weight, layer.bias = torch.nn.Parameter(weight.clone()), torch.nn.Parameter(bias.clone())
    return layer


def _backward(result, upstream):
    """Run backward where there is something to run through; say whether there was."""
    if not isinstance(result, torch.Tensor) or not result.requires_grad or result.shape != upstream.shape:
        return False
    result.backward(upstream)
    return True


def _mirror(layer):
    """Make one of two outputs the negative of the other: whatever comes, one of them is below zero."""
    if isinstance(layer, torch.nn.Linear) and len(layer.weight) == 2 and layer.bias is not None:
        with torch.no_grad():
            layer.weight[1], layer.bias[1] = -layer.weight[0], -layer.bias[0]


def passes(submission, sizes, x, upstreams, seed, training):
    """Run a new net once for each upstream gradient, with one generator, and backward after each run.

    Told: a new `DynamicNet` run {upstreams:count time}, each time with backward
    """
    net = submission.DynamicNet(*sizes).to(x).train(training)
    _mirror(getattr(net, "last", None))
    generator = torch.Generator().manual_seed(seed)
    before = torch.get_rng_state()
    names = [name for name, _ in net.named_parameters()]
    outs = []
    for upstream in upstreams:
        out = net(x, generator)
        outs.append(out.detach() if isinstance(out, torch.Tensor) else out)
        _backward(out, upstream)
    return {
        "names": sorted(names),
        "touched": not torch.equal(before, torch.get_rng_state()),
        "outs": outs,
        "next": int(torch.randint(10**9, (1,), generator=generator)),
        "params": dict(net.named_parameters()),
    }


def settled(submission, x, rate, limit, upstream):
    """Let it settle, with leaves that require gradients.

    Told: `settle` with limit {limit}, then backward
    """
    x, rate = x.clone().requires_grad_(), rate.clone().requires_grad_()
    pair = submission.settle(x, rate, limit)
    first = pair[0] if isinstance(pair, (list, tuple)) and pair else pair
    return {"attached": _backward(first, upstream), "x": x, "rate": rate}


def read(submission, weight, bias, sequence, upstream):
    """Read a sequence, with backward.

    Told: `read_sequence` over {sequence:count row}, then backward
    """
    cell, sequence = _linear(weight, bias), sequence.clone().requires_grad_()
    result = submission.read_sequence(cell, sequence)
    attached = _backward(result, upstream)
    return {"result": result, "attached": attached, "sequence": sequence, "weight": cell.weight}


def read_on_meta(submission, weight, bias, sequence):
    """Read a sequence on the meta device; say whether devices were mixed.

    Told: `read_sequence` over {sequence:count row} on another device
    """
    submission.read_sequence(_linear(weight, bias), sequence)
    try:
        result = submission.read_sequence(_linear(weight.to("meta"), bias.to("meta")), sequence.to("meta"))
    except Exception as error:
        return {"mixed": "expected device" in str(error) or "same device" in str(error)}
    return {"mixed": isinstance(result, torch.Tensor) and result.device.type != "meta"}


def parse(submission, weight, bias, vectors, tree, upstream):
    """Read a tree, with backward.

    Told: `read_tree` over a tree of {vectors:len} leaves, then backward
    """
    combine, vectors = _linear(weight, bias), vectors.clone().requires_grad_()
    result = submission.read_tree(combine, vectors, tree)
    attached = _backward(result, upstream)
    return {"result": result, "attached": attached, "vectors": vectors, "weight": combine.weight}


def routed(submission, x, weights, biases, upstream):
    """Send rows through two layers, with backward; count the rows that each of them got.

    Told: `route` of {x:count row} through two layers, then backward
    """
    modules = [_linear(weight, bias) for weight, bias in zip(weights, biases, strict=True)]
    rows, dims = [0, 0], []
    for number, module in enumerate(modules):

        def hook(_, inputs, number=number):
            rows[number] += inputs[0].numel() // x.shape[1]
            dims.append(inputs[0].dim())

        module.register_forward_pre_hook(hook)
    runs = [0, 0]
    for number, module in enumerate(modules):
        module.register_forward_hook(lambda *_, number=number: runs.__setitem__(number, runs[number] + 1))
    x = x.clone().requires_grad_()
    result = submission.route(x, *modules)
    attached = _backward(result, upstream)
    weights = [module.weight for module in modules]
    return {
        "result": result,
        "rows": rows,
        "dims": sorted(set(dims)),
        "runs": runs,
        "attached": attached,
        "x": x,
        "weights": weights,
    }


def counted(submission, x, recipes):
    """Count the nodes behind what each recipe makes of a tensor like x.

    Told: `count_nodes` of {recipes:count graph}
    """
    return [submission.count_nodes(followed(recipe, x.clone())) for recipe in recipes]
