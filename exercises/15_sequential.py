"""15 A pipeline of layers

`nn.Sequential` is a container: it holds layers in order and, when it is called, passes its input through one after
the other. Each layer owns its weights, and the container finds them all. It can be indexed, sliced and looped over
like a list; a slice is a new container with the same layers in it.

    >>> import torch
    >>> from torch import nn
    >>> pipeline = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 4))
    >>> pipeline
    Sequential(
      (0): Linear(in_features=2, out_features=3, bias=True)
      (1): ReLU()
      (2): Linear(in_features=3, out_features=4, bias=True)
    )
    >>> pipeline(torch.ones(6, 2)).shape
    torch.Size([6, 4])
    >>> pipeline[0].weight.shape, pipeline[0].bias.shape
    (torch.Size([3, 2]), torch.Size([3]))
    >>> pipeline[:2][0] is pipeline[0]
    True

N is the number of samples in a batch, C the number of classes. Floating-point tensors are float32. No step sets a
seed, a default device or any other of torch's global settings.

Read on: https://docs.pytorch.org/docs/stable/generated/torch.nn.Sequential.html
"""

import torch
import torch.nn.functional as F
from torch import nn


def build_pipeline(num_inputs: int, num_classes: int, dropout_prob: float, device: torch.device) -> nn.Sequential:
    """Step 1. Build a small classifier that ends in probabilities.

    Returns one `nn.Sequential` on `device` that holds these seven layers of `torch.nn`, in this order: linear from
    `num_inputs` to 5, ReLU, linear from 5 to 20, ReLU, linear from 20 to `num_classes`, dropout with probability
    `dropout_prob`, softmax. The linear layers have a bias. Do not name the layers: their parameters are called
    "0.weight", "0.bias", "2.weight" and so on. Each call makes a new pipeline, in training mode, with the random
    weights and biases that the layers of `torch.nn` start with.

    For an x of shape (N, num_inputs) the pipeline returns shape (N, num_classes), and each sample's probabilities
    add up to 1. Tell the softmax which dimension to use: a softmax without one guesses, and warns.
    """
    raise NotImplementedError("step 1: build_pipeline")


def parameters_per_layer(pipeline: nn.Sequential) -> list[int]:
    """Step 2. Count what each layer can learn.

    pipeline: any `nn.Sequential`; it is neither run nor changed. An entry of it may itself consist of layers.

    Returns one int for each entry of the pipeline, in order: the number of elements of all its parameters, including
    frozen ones but not buffers. An entry without parameters counts 0, and a layer that appears in the pipeline twice
    has two entries.
    """
    raise NotImplementedError("step 2: parameters_per_layer")


def normalised_dim(probabilities: torch.Tensor) -> int:
    """Step 3. Find out along which dimension a softmax was taken.

    probabilities: the result of a softmax along one dimension; it has two or more dimensions, each of size at least 2.
    Along that dimension all sums are 1, up to rounding; along any other, some of them may be 1, but not all. It is not
    changed.

    Returns that dimension, counted from 0.
    """
    raise NotImplementedError("step 3: normalised_dim")


def predict(pipeline: nn.Sequential, x: torch.Tensor) -> torch.Tensor:
    """Step 4. Ask a pipeline for probabilities when it is not being trained.

    pipeline: as in step 1, in training or evaluation mode; x: shape (N, num_inputs), on the pipeline's device.

    Returns what the pipeline returns for x when its dropout does nothing: shape (N, C), with no graph behind it.
    Afterwards the pipeline is in the same mode as before, autograd is on or off as before, and the pipeline's layers,
    their settings, parameters and `.grad`, and x are as they were.
    """
    raise NotImplementedError("step 4: predict")


def classification_loss(pipeline: nn.Sequential, x: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """Step 5. Compute the loss to train a pipeline that ends in a softmax.

    pipeline: as in step 1; x: shape (N, num_inputs); targets: int64 of shape (N,), each the index of a class.

    Logits are what goes into the softmax. `F.cross_entropy` expects logits and applies a softmax itself.

    Returns the mean cross-entropy of the pipeline's logits, shape (), from which gradients flow to all its parameters;
    it is right for large logits too, where the softmax rounds a probability to 0 and its logarithm is minus infinity.
    Dropout is active or not, depending on the mode of the pipeline. The pipeline keeps its mode, its seven layers, the
    values of their parameters and what is in their `.grad`; x and targets are not changed either.
    """
    raise NotImplementedError("step 5: classification_loss")
