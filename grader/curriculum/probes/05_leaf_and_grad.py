"""Makes the live tensors that cannot be sent: results with a graph behind them."""


def keeps_grad_of(submission, kind, values):
    """Ask the submission about one tensor; also say whether the tensor was touched."""
    leaf = values.clone().requires_grad_(kind != "constant")
    tensor = leaf if kind in ("variable", "constant") else leaf * 2
    if kind == "retained":
        tensor.retain_grad()
    if kind == "frozen":
        tensor = tensor.detach()
    before = (tensor.requires_grad, tensor.is_leaf, tensor.retains_grad, tensor._version)
    answer = submission.will_keep_grad(tensor)
    after = (tensor.requires_grad, tensor.is_leaf, tensor.retains_grad, tensor._version)
    return {"answer": answer, "untouched": before == after and leaf.grad is None}


def backward_through_result(submission, values, device, upstream):
    """Run backward from the second of the four tensors; return the first one, with its .grad."""
    variable, result, _, _ = submission.build_four(values, device)
    (result * upstream).sum().backward()
    return variable


def leaf_after_switch(submission, values, upstream):
    """Switch a leaf on, compute with it, run backward; return the caller's tensor, and say what had come back."""
    tensor = values.clone()
    returned = submission.switch_on(tensor)
    said = "itself" if returned is tensor else "another"
    if returned is not tensor and getattr(returned, "requires_grad", False):
        said = "another that requires a gradient"
    if tensor.requires_grad:
        (tensor * upstream).sum().backward()
    return {"tensor": tensor, "returned": said}
