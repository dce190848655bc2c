"""29 TensorBoard: write it down, and read it back"""

import math
from collections.abc import Iterable

import torch
from tensorboard.backend.event_processing.event_accumulator import HISTOGRAMS, EventAccumulator
from tensorboardX import SummaryWriter

CURVES = {"sin": math.sin, "cos": math.cos, "tan": math.tan}


def write_curves(log_dir: str, degrees: Iterable[int]) -> None:
    # Leaving the block closes the writer, even if something raises.
    with SummaryWriter(log_dir=log_dir) as writer:
        for angle in degrees:
            for tag, function in CURVES.items():
                writer.add_scalar(tag, function(math.radians(angle)), angle)


def read_curve(log_dir: str, tag: str) -> list[tuple[int, float]]:
    # Given a folder, not a file, it reads all event files there.
    events = EventAccumulator(log_dir).Reload()
    return [(event.step, event.value) for event in events.Scalars(tag)]


def write_histograms(writer: SummaryWriter, model: torch.nn.Module, step: int) -> None:
    for name, parameter in model.named_parameters():
        writer.add_histogram(f"weights/{name}", parameter, step)
        # A parameter that took no part in the loss, or is frozen, has none.
        if parameter.grad is not None:
            writer.add_histogram(f"gradients/{name}", parameter.grad, step)


def read_ranges(log_dir: str, tag: str) -> list[tuple[int, float, float]]:
    # subtle: by default, only one histogram of each tag is kept, the last.
    events = EventAccumulator(log_dir, size_guidance={HISTOGRAMS: 0}).Reload()
    return [(event.step, event.histogram_value.min, event.histogram_value.max) for event in events.Histograms(tag)]


def write_trial(
    log_dir: str, name: str, hparams: dict[str, bool | str | float | int], metrics: dict[str, float]
) -> None:
    with SummaryWriter(log_dir=log_dir) as writer:
        # Without a name, the run would be named after the current time.
        writer.add_hparams(hparams, metrics, name=name)
