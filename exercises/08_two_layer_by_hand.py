"""08 A two-layer net by hand

A net is a chain of operations. To get its gradients, walk the chain backwards: from the gradient of the loss
with respect to an operation's result (its *upstream* gradient), work out the gradients with respect to the
operation's inputs. A matrix product `a @ b` turns its upstream gradient into two products, and each gradient
has the shape of the tensor it belongs to. Here you do this without autograd; in 09 autograd does it for you.

    >>> import torch
    >>> a = torch.tensor([[1.0, 2.0, 3.0]])  # (1, 3)
    >>> b = torch.tensor([[4.0, 0.0], [5.0, 0.0], [6.0, 1.0]])  # (3, 2)
    >>> upstream = torch.tensor([[10.0, 1.0]])  # (1, 2), like a @ b
    >>> a.T @ upstream  # (3, 2), like b
    tensor([[10.,  1.],
            [20.,  2.],
            [30.,  3.]])
    >>> upstream @ b.T  # (1, 3), like a
    tensor([[40., 50., 61.]])

The net: `h = x @ w1`, then ReLU, then `y_pred = h_relu @ w2`. There are no biases. The shapes, everywhere below:
x (N, D_in), y and y_pred (N, D_out), w1 (D_in, H), w2 (H, D_out), h and h_relu (N, H). All tensors are float32
and on one device. Every function leaves its arguments unchanged unless its text says otherwise.

Read on: https://docs.pytorch.org/tutorials/beginner/pytorch_with_examples.html
"""

import torch


def make_tensors(
    batch_size: int,
    input_size: int,
    hidden_size: int,
    output_size: int,
    device: torch.device,
    generator: torch.Generator,
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    """Step 1. Draw random data and random weights.

    Draw x, y, w1 and w2, in this order, each with one call of `torch.randn` that takes its numbers from
    `generator`. The generator lives on the CPU: draw there, then put the tensors on `device`, which is all it
    takes to run the net elsewhere. Leave torch's global random state alone.

    Returns (x, y, w1, w2), float32 on `device`, with N = batch_size, D_in = input_size, H = hidden_size and
    D_out = output_size. None requires a gradient.
    """
    raise NotImplementedError("step 1: make_tensors")


def forward(x: torch.Tensor, w1: torch.Tensor, w2: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Step 2. Run the net, and keep what the backward pass will need.

    ReLU makes every negative element 0 and leaves the others as they are.

    Returns (h, h_relu, y_pred): what goes into the ReLU, what comes out of it, and the prediction.
    """
    raise NotImplementedError("step 2: forward")


def loss_and_gradient(y_pred: torch.Tensor, y: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Step 3. Measure the error, and begin the backward pass. Do not use autograd.

    The loss is the sum, over all elements, of the squared differences between y_pred and y.

    Returns (loss, grad_y_pred): the loss with shape (), and the gradient of the loss with respect to y_pred,
    with the shape of y_pred.
    """
    raise NotImplementedError("step 3: loss_and_gradient")


def backward(
    x: torch.Tensor, h: torch.Tensor, h_relu: torch.Tensor, w2: torch.Tensor, grad_y_pred: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """Step 4. Walk back from the prediction to both weights. Do not use autograd.

    x, w2: as they went into the net. h, h_relu: what `forward` returned for them.
    grad_y_pred: the upstream gradient at y_pred; it may come from any loss.

    Through the ReLU the gradient passes unchanged where h is greater than 0, and not at all where h is 0 or less.

    Returns (grad_w1, grad_w2), with the shapes of w1 and w2.
    """
    raise NotImplementedError("step 4: backward")


def sgd_step(x: torch.Tensor, y: torch.Tensor, w1: torch.Tensor, w2: torch.Tensor, lr: float) -> torch.Tensor:
    """Step 5. Take one step of gradient descent on both weights. Do not use autograd.

    Compute the loss and both gradients at the weights as you receive them, then subtract `lr` times its gradient
    from each weight. Change w1 and w2 in place: the caller's own tensors hold the new numbers afterwards.
    You may call the functions above.

    Returns the loss before the step, of shape ().
    """
    raise NotImplementedError("step 5: sgd_step")
