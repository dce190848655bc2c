"""19 Losses, written from tensor operations

A loss measures how far a prediction is from its target: one number for each element, which a
*reduction* then turns into one number for all. Regression compares numbers (MAE, MSE, RMSE),
classification compares probabilities (binary and categorical cross-entropy). The formulas take
logarithms, and the logarithm of a probability that was rounded to 0 is minus infinity: that is why, in
practice, you use the losses that start from the *logits*, the raw scores of a net.

    >>> import torch
    >>> predictions, targets = torch.tensor([[1.0], [2.0], [6.0]]), torch.tensor([[1.0], [2.0], [3.0]])
    >>> (predictions - targets).pow(2).mean()
    tensor(3.)
    >>> (predictions - targets.squeeze()).shape
    torch.Size([3, 3])
    >>> torch.sigmoid(torch.tensor([3.0, -3.0, -300.0])).log()
    tensor([-0.0486, -3.0486,    -inf])

For every step: the arguments are floating-point tensors of one dtype, unless a step says otherwise. They
need not lie in one piece (a transpose does not), and none of them is changed. The result has their dtype
and device, and gradients flow back through it to every floating-point argument, targets included. Use
tensor operations (`exp`, `log`, `softmax`, `logsumexp`, `logsigmoid`, `softplus`, `gather` and the like are
welcome); do not call the ready-made losses of `torch.nn` and `torch.nn.functional`, nor `log_softmax`: you
rebuild those here. `reduction` is "none" (the losses as they are), "mean" or "sum" (a tensor with no
dimensions); a helper of your own may do that part.

Read on: https://docs.pytorch.org/docs/stable/nn.html#loss-functions
"""

import torch


def regression_losses(
    predictions: torch.Tensor, targets: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Step 1. The three regression losses, each over all elements and with no dimensions.

    predictions, targets: of the same shape, with any number of dimensions.

    Returns (mae, mse, rmse): the mean of the absolute differences, the mean of the squared
    differences, and the square root of the latter, which is 0 where every prediction is right (its
    gradient does not matter there). The gradient of mae is finite,
    also where a prediction equals its target. Raises ValueError if the shapes differ, even if they
    are only (N,) and (N, 1): the difference of those two would be broadcast to (N, N).
    """
    raise NotImplementedError("step 1: regression_losses")


def bce(probabilities: torch.Tensor, targets: torch.Tensor, reduction: str) -> torch.Tensor:
    """Step 2. Binary cross-entropy of probabilities, such as a sigmoid at the end of a net returns.

    probabilities: numbers p from 0 to 1, of any shape, one element or more.
    targets: numbers t from 0 to 1, not only 0 and 1, of the same shape.

    The loss of an element is -(t log p + (1 - t) log(1 - p)). Keep each of the two logarithms at -100
    or above, as PyTorch does, so that the loss is finite for a p of exactly 0 or 1; the gradient matters
    only for a p between those two. "mean" is over all elements.

    Returns the reduced losses. Raises ValueError if the shapes differ, and if a p is below 0 or above 1.
    """
    raise NotImplementedError("step 2: bce")


def bce_with_logits(logits: torch.Tensor, targets: torch.Tensor, reduction: str) -> torch.Tensor:
    """Step 3. Binary cross-entropy of logits: the same loss for p = sigmoid(logits), but stable.

    logits: any finite numbers x, even 1000 and -1000, of any shape, one element or more.
    targets: numbers t from 0 to 1, of the same shape.

    Loss and gradient must be right for large logits too, where the loss grows like |x| and has no upper
    limit: sigmoid rounds to 0 or 1 there, and exp overflows. So must the gradient at a logit of exactly 0.

    Returns the reduced losses. Raises ValueError if the shapes differ.
    """
    raise NotImplementedError("step 3: bce_with_logits")


def log_softmax(logits: torch.Tensor, dim: int) -> torch.Tensor:
    """Step 4. The logarithm of the softmax along one dimension, stable for large logits.

    logits: any finite numbers, even 1000 and -1000, of any shape with at least one dimension.
    dim: the dimension along which the probabilities add up to 1; may be negative.

    Returns x - log(sum(exp(x))), with the shape of `logits`; the sum runs along `dim`.
    """
    raise NotImplementedError("step 4: log_softmax")


def nll(log_probabilities: torch.Tensor, targets: torch.Tensor, reduction: str) -> torch.Tensor:
    """Step 5. The negative log-likelihood: minus the log-probability of the right class.

    log_probabilities: of shape (N, C), what step 4 returns along dim 1.
    targets: int64 of shape (N,), the number of the right class for each sample, 0 to C - 1.

    "none" gives N losses, one for each sample; "mean" is over the N samples. Make any new tensors on
    the device of the arguments.

    Returns the reduced losses.
    """
    raise NotImplementedError("step 5: nll")


def cross_entropy(logits: torch.Tensor, targets: torch.Tensor, reduction: str) -> torch.Tensor:
    """Step 6. Categorical cross-entropy of logits: steps 4 and 5 in one.

    logits: of shape (N, C), any finite numbers, even 1000 and -1000.
    targets: either int64 of shape (N,), the numbers of the right classes, or floating point of shape
      (N, C), a probability for each class (a one-hot row, or several classes that share the 1).

    With probabilities, the loss of a sample is minus the sum over the classes of probability times
    log-softmax. In both cases there are N losses, and "mean" is over the N samples.

    Returns the reduced losses.
    """
    raise NotImplementedError("step 6: cross_entropy")
