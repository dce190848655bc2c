"""Lets the submission write event files and returns their bytes; lets it read others back."""

import os
import threading
from pathlib import Path
from unittest import mock

import torch
from tensorboardX import SummaryWriter
from tensorboardX.event_file_writer import EventsWriter

from grader.curriculum.preload.files import write

WRITING_THREADS = ("_EventLoggerThread", "_AsyncWriterThread")  # of tensorboardX and torch.utils.tensorboard


def _left_behind():
    """Return every event file below the current folder by its folder, and how many writers are still open."""
    runs = {}
    for folder, _, names in sorted(os.walk(".")):
        for name in sorted(names):
            if "tfevents" in name:
                data = bytearray(Path(folder, name).read_bytes())
                blob = torch.frombuffer(data, dtype=torch.uint8) if data else torch.empty(0, dtype=torch.uint8)
                runs.setdefault(Path(folder).as_posix(), []).append(blob)
    return {"runs": runs, "open": sum(type(each).__name__ in WRITING_THREADS for each in threading.enumerate())}


def curves(submission, log_dir, start, stop, stride):
    """Let curves be written, the greatest angle first, out of an iterator; count the writers that this takes.

    Told: `write_curves` from {start} to {stop} in steps of {stride}, with an iterator
    """
    with mock.patch.object(EventsWriter, "__init__", autospec=True, side_effect=EventsWriter.__init__) as made:
        submission.write_curves(log_dir, iter(range(start, stop, stride)[::-1]))
    return _left_behind() | {"writers": made.call_count}


def trial(submission, log_dir, name, hparams, metrics):
    """Let a trial be written.

    Told: `write_trial` of {name} with {hparams:count hyperparameter} and {metrics:count metric}
    """
    submission.write_trial(log_dir, name, hparams, metrics)
    return _left_behind()


class _Net(torch.nn.Module):
    def __init__(self, weights, bias):
        super().__init__()
        self.layer = torch.nn.Linear(weights.shape[1], weights.shape[0], device=weights.device)
        self.scale = torch.nn.Parameter(weights[0].clone(), requires_grad=False)
        self.register_buffer("steps", torch.ones(3, device=weights.device))
        with torch.no_grad():
            self.layer.weight.copy_(weights), self.layer.bias.copy_(bias)


def histograms(submission, weights, bias, steps, factors):
    """Let histograms of a net be written at several steps, its weights and gradients times a factor each time.

    Told: `write_histograms` of a net at {steps:count step}
    """
    net = _Net(weights, bias)
    writer = SummaryWriter(log_dir="net")
    closed = []
    for step, factor in zip(steps, factors, strict=True):
        with torch.no_grad():
            net.layer.weight.copy_(weights * factor)
        net.layer.weight.grad = weights.sin() * factor
        submission.write_histograms(writer, net, step)
        closed.append(writer.file_writer is None)
    writer.close()
    kept = {"weight": net.layer.weight.detach(), "grad": net.layer.weight.grad, "other": net.layer.bias.grad is None}
    return _left_behind() | {"closed": any(closed), "kept": kept}


def read(submission, function, log_dir, tag, parts):
    """Write the event files of one run, which come as bytes, and let a function of the submission read a tag.

    What the accumulator says when nothing was loaded comes back as text.

    Told: `{function:word}` of {tag} from a run of {parts:count event file}
    """
    for index, content in enumerate(parts):
        write(Path(log_dir, f"events.out.tfevents.1700000000.{index}"), content)
    try:
        return getattr(submission, function)(log_dir, tag)
    except KeyError as error:
        if "not found in Reservoir" in str(error):
            return "not found in Reservoir"
        raise
