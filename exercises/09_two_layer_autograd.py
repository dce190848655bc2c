"""09 The same net with autograd

Weights that require a gradient make autograd record every operation from them to the loss. You no longer keep the
values in between: one call of `loss.backward()` walks the recorded graph, adds each weight's gradient to its `.grad`,
and frees the graph; the next forward pass records a new one. Two things are still up to you. The update must not be
recorded, although the weights stay leaves that require a gradient; and `.grad` must be cleared.

    >>> import torch
    >>> w = torch.tensor([1.0, 2.0], requires_grad=True)
    >>> with torch.no_grad():
    ...     w *= 10
    >>> w, w.is_leaf
    (tensor([10., 20.], requires_grad=True), True)
    >>> for _ in range(2):
    ...     (3 * w).sum().backward()
    >>> w.grad
    tensor([6., 6.])

The net, its loss and its names are those of 08: `h = x @ w1`, then ReLU, then `y_pred = h_relu @ w2`; the loss is
the sum, over all elements, of the squared differences between y_pred and y. x (N, D_in), y (N, D_out), w1 (D_in, H),
w2 (H, D_out), all float32 and on one device. x and y require no gradient, and stay as they are.

Read on: https://docs.pytorch.org/docs/stable/notes/autograd.html
"""

import torch


def make_weights(
    input_size: int, hidden_size: int, output_size: int, device: torch.device, generator: torch.Generator
) -> tuple[torch.Tensor, torch.Tensor]:
    """Step 1. Make two weights that autograd will collect gradients for.

    Draw w1, then w2, each with one call of `torch.randn` that takes its numbers from `generator`, which lives on
    the CPU: draw there. Multiply the numbers by 0.1 and put them on `device`. Leave torch's global random state alone.

    Returns (w1, w2), float32 on `device`, of shapes (input_size, hidden_size) and (hidden_size, output_size). Both
    are leaves and require a gradient.
    """
    raise NotImplementedError("step 1: make_weights")


def compute_loss(x: torch.Tensor, y: torch.Tensor, w1: torch.Tensor, w2: torch.Tensor) -> torch.Tensor:
    """Step 2. Run the net and return its loss, with the graph behind it.

    w1, w2: leaves that require a gradient. Change nothing that you are given, and run no backward pass.

    Returns the loss, of shape (), such that its `backward()` leaves the gradients of w1 and w2 in their `.grad`.
    """
    raise NotImplementedError("step 2: compute_loss")


def sgd_update(w1: torch.Tensor, w2: torch.Tensor, lr: float) -> None:
    """Step 3. Take one step of gradient descent with the gradients that are already there.

    w1, w2: leaves that require a gradient, each with its gradient in `.grad`, which may hold NaN or infinity.

    Subtract from each weight `lr` times its `.grad`, in place: the caller's own tensors hold the new numbers, and
    are still leaves that require a gradient. Then clear both gradients: `.grad` is None or all zeros.
    Do not go through `.data`, which hides the change from autograd. Afterwards autograd records as before.
    """
    raise NotImplementedError("step 3: sgd_update")


def train(x: torch.Tensor, y: torch.Tensor, w1: torch.Tensor, w2: torch.Tensor, lr: float, steps: int) -> list[float]:
    """Step 4. Take `steps` steps of gradient descent on the same x and y.

    w1, w2: leaves that require a gradient. Their `.grad` may already hold something; it must have no effect.
    steps: 0 or more.

    Each step computes the loss and its gradients at the weights as they are, then subtracts `lr` times the gradient
    from each weight. The caller's own w1 and w2 are changed in place, without `.data`, and are leaves that require
    a gradient afterwards. What you leave in their `.grad` does not matter. You may call the functions above.

    Returns the loss before each step, as Python floats.
    """
    raise NotImplementedError("step 4: train")
