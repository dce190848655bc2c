"""29 TensorBoard: write it down, and read it back

A `SummaryWriter` appends what you give it to an *event file* in its folder: a value, the *tag* that says what it is,
and the *step* at which it was seen. One tag is one chart; the step is its horizontal axis. The folder is a *run*, and
each folder below it is a run of its own. What you write waits in memory until the writer is flushed (every two
minutes, unless somebody asks sooner) or closed. Values are stored as float32.

    >>> import tempfile
    >>> from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
    >>> from tensorboardX import SummaryWriter
    >>> folder = tempfile.mkdtemp()
    >>> with SummaryWriter(log_dir=folder) as writer:
    ...     for step in range(3):
    ...         writer.add_scalar("loss", 1 / (step + 1), step)
    >>> events = EventAccumulator(folder).Reload()
    >>> [(event.step, event.value) for event in events.Scalars("loss")]
    [(0, 1.0), (1, 0.5), (2, 0.3333333432674408)]

To look at runs in a browser: `tensorboard --logdir FOLDER`, then http://localhost:6006. None of this needs TensorFlow
today. `torch.utils.tensorboard` offers the same writer; Ignite, which comes later, prefers tensorboardX.

Read on: https://tensorboardx.readthedocs.io/en/latest/tensorboard.html
"""

import math
from collections.abc import Iterable

import torch
from tensorboard.backend.event_processing.event_accumulator import HISTOGRAMS, EventAccumulator
from tensorboardX import SummaryWriter


def write_curves(log_dir: str, degrees: Iterable[int]) -> None:
    """Step 1. Draw sine, cosine and tangent over an angle.

    log_dir: the folder of the run; it may not exist yet.
    degrees: whole angles in degrees, such as range(-360, 360), or an iterator, which can be gone through only once.

    For each angle write three scalars into the run `log_dir` itself, with the tags "sin", "cos" and "tan" and the angle
    in degrees as the step. Compute with Python's floats. (The tangent at 90 degrees is some huge number; it does not
    matter which.) When the function returns, its writer is closed.
    """
    raise NotImplementedError("step 1: write_curves")


def read_curve(log_dir: str, tag: str) -> list[tuple[int, float]]:
    """Step 2. Read the points of a scalar back.

    log_dir: the folder of a run. There may be several event files in it, as after a resumed training; their names sort
    in the order in which they were written.
    tag: the scalar's name; it is there, and has fewer than 10,000 points.

    Returns (step, value) of every point, in the order of writing. `Reload` makes an `EventAccumulator` read; before
    that it knows nothing.
    """
    raise NotImplementedError("step 2: read_curve")


def write_histograms(writer: SummaryWriter, model: torch.nn.Module, step: int) -> None:
    """Step 3. Show how weights and gradients are distributed.

    For each named parameter of `model`, frozen ones too, write a histogram of its values with the tag "weights/NAME",
    and, where it has a gradient, one of `.grad` with the tag "gradients/NAME", both at `step`. NAME is the one that
    `named_parameters` gives. Leave out the buffers. The writer is the caller's and stays open; the model stays as it
    is.
    """
    raise NotImplementedError("step 3: write_histograms")


def read_ranges(log_dir: str, tag: str) -> list[tuple[int, float, float]]:
    """Step 4. Read histograms back.

    log_dir: the folder of a run. tag: a histogram's name; it is there, at up to 100 steps.

    Returns (step, smallest value, largest value) of every one of them, in the order of writing. An event of
    `EventAccumulator.Histograms` holds `step` and, among other things in `histogram_value`, `min` and `max`. To save
    memory, an accumulator keeps only a sample of what it reads, and of histograms only a small one;
    `size_guidance={HISTOGRAMS: n}` sets how many it keeps, and 0 keeps all.
    """
    raise NotImplementedError("step 4: read_ranges")


def write_trial(
    log_dir: str, name: str, hparams: dict[str, bool | str | float | int], metrics: dict[str, float]
) -> None:
    """Step 5. Record which hyperparameters led to a result.

    Write `hparams` and the `metrics` that they led to with `add_hparams`, so that TensorBoard's HPARAMS page can
    compare trials. They belong in the run `name` below `log_dir`, that is, in the folder "LOG_DIR/NAME". Write no
    other value. When the function returns, its writer is closed.
    """
    raise NotImplementedError("step 5: write_trial")
