"""05 Leaves, and where gradients land

Autograd writes a gradient into `.grad` of some tensors and not of others. Two facts decide which: does
the tensor *require* a gradient, and is it the *result* of an operation that autograd recorded?
A tensor with nothing recorded behind it is a *leaf*; backward stops there.

    >>> import torch
    >>> weight = torch.tensor([2.0, 3.0], requires_grad=True)
    >>> doubled = weight * 2
    >>> weight.is_leaf, weight.grad_fn
    (True, None)
    >>> doubled.is_leaf, doubled.requires_grad
    (False, True)
    >>> doubled.sum().backward()
    >>> weight.grad
    tensor([2., 2.])

Read on: https://docs.pytorch.org/docs/stable/generated/torch.Tensor.is_leaf.html
"""

import torch


def predict_row(requires_grad: bool, is_result: bool) -> tuple[bool, bool, bool]:
    """Step 1. Fill in one row of the table by thought alone, for an ordinary tensor.

    requires_grad: whether the tensor requires a gradient.
    is_result: whether an operation made it (otherwise the user did, as `torch.tensor` does).

    Returns three bools: does it have a `grad_fn`; is it a leaf; will a backward pass that reaches it
    leave a gradient in its `.grad`?
    """
    raise NotImplementedError("step 1: predict_row")


def will_keep_grad(tensor: torch.Tensor) -> bool:
    """Step 2. Say whether a backward pass that reaches `tensor` will leave a gradient in its `.grad`.

    Look at the tensor's own attributes; run nothing and change nothing. Do not forget that somebody
    may have called `retain_grad()` on a result already.

    Returns a bool.
    """
    raise NotImplementedError("step 2: will_keep_grad")


def build_four(
    values: list[float], device: torch.device
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    """Step 3. Build one tensor of each kind, each float32 of shape (len(values),) on `device`.

    Returns, in this order:
      variable: holds `values`, a leaf that requires a gradient;
      result: twice `variable`, computed from it so that gradients flow back to `variable`;
      constant: holds `values`, requires no gradient;
      frozen: the numbers of `result`, computed from `variable` but without any graph behind them, and without a
        detour through Python numbers.
    """
    raise NotImplementedError("step 3: build_four")


def middle_and_leaf(x: torch.Tensor, upstream: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Step 4. Keep the gradient of a tensor in the middle of a graph.

    x, upstream: float32 of shape (N,). Neither requires a gradient, and neither may be changed:
    make a leaf of your own that holds the numbers of `x`. Compute middle = leaf ** 2 and
    loss = (middle * upstream).sum(), then run backward once.

    Returns (middle, leaf), both with their gradient in `.grad`.
    """
    raise NotImplementedError("step 4: middle_and_leaf")


def result_requires_grad(inputs_require_grad: list[bool], grad_enabled: bool) -> bool:
    """Step 5. Predict whether the result of an operation on float tensors requires a gradient.

    inputs_require_grad: `requires_grad` of each input, at least one of them.
    grad_enabled: False if the operation runs under `torch.no_grad()`.

    Returns a bool.
    """
    raise NotImplementedError("step 5: result_requires_grad")


def switch_on(tensor: torch.Tensor) -> torch.Tensor:
    """Step 6. Make an existing leaf require a gradient from now on.

    tensor: a floating-point leaf that does not require one. There are two ways, an attribute and a
    method; either will do.

    Returns `tensor` itself: no copy, same numbers, a leaf as before.
    """
    raise NotImplementedError("step 6: switch_on")
