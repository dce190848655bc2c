"""Runs engines with what the submission made and attached; returns what was written and what was seen on the way."""

import itertools
import os
import sys
import threading
from pathlib import Path

import torch
from ignite.engine import Engine, Events, State
from ignite.handlers.tensorboard_logger import TensorboardLogger
from torch import nn

WRITING_THREADS = ("_EventLoggerThread", "_AsyncWriterThread")  # of tensorboardX and torch.utils.tensorboard


def _bytes(path):
    data = bytearray(Path(path).read_bytes())
    return torch.frombuffer(data, dtype=torch.uint8) if data else torch.empty(0, dtype=torch.uint8)


def _left_behind():
    """Return event files by folder and pictures by path, and how many writers are still open."""
    runs, pictures = {}, {}
    for folder, _, names in sorted(os.walk(".")):
        for name in sorted(names):
            path = Path(folder, name)
            if "tfevents" in name:
                runs.setdefault(Path(folder).as_posix(), []).append(_bytes(path))
            elif path.suffix == ".png":
                pictures[path.as_posix()] = _bytes(path)
    open_writers = sum(type(each).__name__ in WRITING_THREADS for each in threading.enumerate())
    return {"runs": runs, "pictures": pictures, "open": open_writers}


class _Judge(nn.Module):
    """A discriminator with few weights; notes on which kind of device it meets frames."""

    def __init__(self, weight):
        super().__init__()
        self.weight = nn.Parameter(weight.clone())
        self.places = []

    def forward(self, frames):
        self.places.append(frames.device.type)
        frames = frames.to(self.weight.device) if frames.device.type != "meta" else torch.zeros_like(self.weight)[None]
        return torch.sigmoid((frames * self.weight).mean(dim=(1, 2, 3)) * 100)


class _Forger(nn.Module):
    """A generator network with few weights; notes the latents that it meets and their device."""

    def __init__(self, weight):
        super().__init__()
        self.weight = nn.Parameter(weight.clone())
        self.latents, self.places = [], []

    def forward(self, latent):
        self.places.append(latent.device.type)
        if latent.device.type == "meta":
            latent = torch.zeros(len(latent), 1, 1, 1, device=self.weight.device)
        self.latents.append(latent.detach().cpu())
        return torch.tanh(latent.mean(dim=(1, 2, 3), keepdim=True) * 10 + self.weight)


def _gan(submission, judge, forger, seed, lr, device, momentum=0.0):
    nets = [_Judge(judge).to(device), _Forger(forger).to(device)]
    optimizers = [torch.optim.SGD(net.parameters(), lr=lr, momentum=momentum) for net in nets]
    generator = torch.Generator().manual_seed(seed)
    return submission.Gan(nets[0], optimizers[0], nets[1], optimizers[1], generator)


def _batches(real, taken, stops_with):
    for index, batch in enumerate(itertools.chain.from_iterable(itertools.repeat(list(real)))):
        if index == len(real) and stops_with:
            raise stops_with
        if index > 3 * len(real):  # nobody asked for so many
            return
        taken.append(index)
        yield batch.cpu().clone()


def process(submission, judge, forger, real, seed, lr, device):
    """Run the process function over all batches; return its outputs and what it left in the engine's state."""
    gan = _gan(submission, judge, forger, seed, lr, device)
    outputs, left = [], []
    engine = Engine(submission.make_process_function(gan, device))

    @engine.on(Events.ITERATION_COMPLETED)
    def look(engine):
        outputs.append(engine.state.output)
        left.append({"real": getattr(engine.state, "real", None), "fake": getattr(engine.state, "fake", None)})

    engine.run([batch.cpu().clone() for batch in real])
    return {
        "outputs": outputs, "left": left, "latents": gan.generator_net.latents,
        "judge": gan.discriminator_net.weight.detach(), "forger": gan.generator_net.weight.detach(),
    }  # fmt: skip


def places(submission, device):
    """Run the process function once with nets that take anything; return where they met latents and frames."""
    gan = _gan(submission, torch.ones(3, 64, 64), torch.zeros(3, 64, 64), 1, 0.1, torch.device("cpu"))
    engine = Engine(lambda engine, batch: None)
    submission.make_process_function(gan, device)(engine, torch.zeros(2, 3, 64, 64))
    frames = [getattr(engine.state, name, None) for name in ("real", "fake")]
    left = [each.device.type for each in frames if isinstance(each, torch.Tensor)]
    return {"latents": gan.generator_net.places, "real": gan.discriminator_net.places[:1], "left": left}


def averages(submission, outputs):
    """Run with averages attached; return the metrics after each iteration."""
    engine = Engine(lambda engine, batch: tuple(outputs[batch]))
    metrics = []
    submission.attach_averages(engine)
    engine.add_event_handler(Events.ITERATION_COMPLETED, lambda: metrics.append(dict(engine.state.metrics)))
    engine.run(range(len(outputs)))
    return metrics


def logged(submission, log_dir, metrics, every):
    """Run with the logger attached and metrics from elsewhere; return what was written."""

    def process(engine, batch):
        engine.state.metrics.update(metrics[batch])
        return 0.0, 0.0

    engine = Engine(process)
    logger = submission.attach_logger(engine, log_dir, every)
    kind = f"{type(logger).__module__}.{type(logger).__name__}"
    engine.run(range(len(metrics)))
    if isinstance(logger, TensorboardLogger):
        logger.close()
    contrib = sorted(name for name in sys.modules if name.startswith("ignite.contrib."))
    return _left_behind() | {"kind": kind, "contrib": contrib}


def images(submission, real, fake, every):
    """Run with images attached; return what was written."""

    def process(engine, batch):
        engine.state.real, engine.state.fake = real[batch], fake[batch]
        return 0.0, 0.0

    engine = Engine(process)
    logger = TensorboardLogger(log_dir="logs/gan")
    submission.attach_images(engine, logger, "logs/gan", every)
    engine.run(range(len(real)))
    closed = logger.writer.file_writer is None
    logger.close()
    return _left_behind() | {"closed": closed}


def train(submission, judge, forger, real, done, iterations, report_every, images_every, seed, lr, device, stop):
    """Train on the rows of `real`; at their end `stop` may say "ctrl-c" or "error". Return what was seen."""
    given = {"report_every": report_every, "images_every": images_every}
    every = {name: each for name, each in given.items() if each is not None}
    gan = _gan(submission, judge, forger, seed, lr, device)
    gan.iteration = done
    taken, after, shown = [], [], []

    def note(iteration):
        after.append((iteration, gan.iteration))
        shown.append(len(list(Path("logs/gan").glob("*.png"))))

    stops = {"ctrl-c": KeyboardInterrupt(), "error": RuntimeError("the emulator broke"), "": _RanAway()}
    ended, state = "returned", None
    try:
        state = submission.train(
            gan, _batches(real, taken, stops[stop]), "logs/gan", iterations, device, **every,
            after_iteration=note,
        )  # fmt: skip
    except KeyboardInterrupt:
        ended = "KeyboardInterrupt"
    except _RanAway:
        ended = "it ran on without end"
    except RuntimeError as error:
        if error is not stops["error"]:
            raise
        ended = "error"
    return _left_behind() | {
        "ended": ended, "iteration": gan.iteration, "taken": len(taken), "after": after, "shown": shown,
        "state": state.iteration if isinstance(state, State) else None,
        "judge": gan.discriminator_net.weight.detach(), "forger": gan.generator_net.weight.detach(),
    }  # fmt: skip


class _RanAway(Exception):
    pass


def real_frames(submission, batch_size, iterations, seed, device):
    """Train the ready-made nets, made narrow, on frames of the real games; return the last batch beside the rest."""
    gan = submission.make_gan(device, seed, filters=4)
    seen = []

    def noted(batches):
        for batch in batches:
            seen.append(batch.clone())
            yield batch

    frames = submission.frame_batches(submission.make_games(), batch_size, seed)
    batches = noted(itertools.islice(frames, iterations + 3))  # nobody asks for more
    submission.train(gan, batches, "logs/real", iterations, device, 1, iterations)
    return _left_behind() | {"frames": seen[-1], "iteration": gan.iteration}
