"""Makes the live tensors that cannot be sent: results with a graph behind them."""

import torch

from grader.curriculum.preload.detour import Detour
from grader.curriculum.preload.recipes import followed


def keeps_grad_of(submission, x, recipes):
    """Make a tensor from x by each recipe and ask the submission about it; also say whether it was touched.

    Told: `will_keep_grad` for {recipes:count tensor}: variables, constants, results and others
    """
    leaves = [x.clone() for _ in recipes]
    tensors = [followed(recipe, leaf) for recipe, leaf in zip(recipes, leaves, strict=True)]
    before = [_facts(each) for each in tensors]
    answers = [submission.will_keep_grad(each) for each in tensors]
    untouched = [_facts(each) == was for each, was in zip(tensors, before, strict=True)]
    return {"answers": answers, "untouched": all(untouched) and all(leaf.grad is None for leaf in leaves)}


def _facts(tensor):
    return tensor.requires_grad, tensor.is_leaf, tensor.retains_grad, tensor._version


def backward_through_result(submission, values, device, upstream):
    """Run backward from the second of the four tensors; return the first one, with its .grad.

    Told: `build_four` of {values:count value}, then backward from the second tensor
    """
    variable, result, _, _ = submission.build_four(values, device)
    (result * upstream).sum().backward()
    return variable


def built_elsewhere(submission, values):
    """Have the four tensors built on the meta device; also say whether numbers took a detour through Python.

    Told: `build_four` of {values:count value} on another device
    """
    with Detour() as detour:
        four = submission.build_four(values, torch.device("meta"))
    return {"four": four, "detour": detour.taken}


def leaf_after_switch(submission, values, upstream):
    """Switch a leaf on, compute with it, run backward; return the caller's tensor, and say what had come back.

    Told: `switch_on` for a tensor of shape {values:shape}, then backward to it
    """
    tensor = values.clone()
    returned = submission.switch_on(tensor)
    said = "itself" if returned is tensor else "another"
    if returned is not tensor and getattr(returned, "requires_grad", False):
        said = "another that requires a gradient"
    if tensor.requires_grad:
        (tensor * upstream).sum().backward()
    return {"tensor": tensor, "returned": said}
