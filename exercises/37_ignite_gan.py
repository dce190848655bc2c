"""37 The same GAN with Ignite

With Ignite, the loop disappears: what remains is the process function, and for everything else handlers that already
exist. `RunningAverage` smooths a number in the output: value = 0.98 value + 0.02 new number, starting with the first
number. `TensorboardLogger` holds a writer (from tensorboardX, if it is installed), and its `OutputHandler` writes
metrics.

    >>> from ignite.engine import Engine, Events
    >>> from ignite.metrics import RunningAverage
    >>> trainer = Engine(lambda engine, batch: {"loss": batch})
    >>> RunningAverage(output_transform=lambda output: output["loss"]).attach(trainer, "avg_loss")
    >>> state = trainer.run([1.0, 2.0])
    >>> round(state.metrics["avg_loss"], 4)
    1.02

Handlers of one event run in the order in which they were attached. Metrics are handlers too.

Once the steps pass, this file is a program like that of exercise 35, with the same options; when you start it again, it
goes on.

    python exercises/37_ignite_gan.py --device cuda --iterations 20000
    tensorboard --logdir runs

Read on: https://docs.pytorch.org/ignite/generated/ignite.handlers.tensorboard_logger.html
"""

import signal

if __name__ == "__main__":  # Ctrl-C during the imports ends the program, without a traceback
    signal.signal(signal.SIGINT, signal.SIG_DFL)

# isort: split
import argparse
import contextlib
import logging
import os
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import ale_py
import cv2
import gymnasium
import numpy as np
import torch
from ignite.engine import Engine, Events, State
from ignite.handlers.tensorboard_logger import OutputHandler, TensorboardLogger
from ignite.metrics import RunningAverage
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from torch import nn
from torch.nn import functional as F

import grader.torchvision_cpu  # lets torchvision be imported beside a CPU build of torch

# isort: split
from torchvision.utils import make_grid, save_image

GAMES = ("ALE/Breakout-v5", "ALE/AirRaid-v5", "ALE/Pong-v5")
LATENT_SIZE = 100


@dataclass
class Gan:
    """Everything that a training changes, on one device; `iteration` counts the completed iterations.

    `generator` is a CPU generator of random numbers, from which every latent is drawn.
    """

    discriminator_net: nn.Module
    discriminator_optimizer: torch.optim.Optimizer
    generator_net: nn.Module
    generator_optimizer: torch.optim.Optimizer
    generator: torch.Generator
    iteration: int = 0


def make_process_function(gan: Gan, device: torch.device) -> Callable[[Engine, torch.Tensor], tuple[float, float]]:
    """Step 1. Write the process function of the GAN.

    Returns a function that the engine will call as `function(engine, batch)`, with a batch of real frames: float32 of
    shape (N, 3, 64, 64) on the CPU. Each call moves the batch to `device`, draws a latent for each frame, once, with
    `sample_latent` and `gan.generator`, and calls `gan.generator_net` once. It updates both nets with
    `discriminator_step` and then `generator_step`; all three functions are ready to use below. For the pictures of
    step 4 it leaves the batch and the fake frames, on `device` and without a graph behind them, in
    `engine.state.real` and `engine.state.fake`.
    It returns both losses as floats: (the discriminator's, the generator's). Both nets arrive in train mode and stay in
    it.
    """
    raise NotImplementedError("step 1: make_process_function")


def attach_averages(engine: Engine) -> None:
    """Step 2. Smooth both losses.

    engine: its output is the pair from step 1. Attach two `RunningAverage`s: "avg_loss_dis" of the discriminator's
    loss, "avg_loss_gen" of the generator's. You may leave their settings at Ignite's defaults.
    """
    raise NotImplementedError("step 2: attach_averages")


def attach_logger(engine: Engine, log_dir: str, every: int) -> TensorboardLogger:
    """Step 3. Write both averages into an event file now and then.

    engine: keeps the metrics from step 2 in `engine.state.metrics`, perhaps among others.
    Make a `TensorboardLogger` for the folder `log_dir`, and attach an `OutputHandler` that writes these two metrics and
    nothing else under "train/avg_loss_dis" and "train/avg_loss_gen", right after every iteration whose number is a
    multiple of `every`, with that number as the step. Both classes come from `ignite.handlers.tensorboard_logger`; the
    old place, `ignite.contrib`, is on its way out: import nothing from there.

    Returns the logger, which stays open.
    """
    raise NotImplementedError("step 3: attach_logger")


def attach_images(engine: Engine, logger: TensorboardLogger, log_dir: str, every: int) -> None:
    """Step 4. Write pictures now and then.

    Right after every iteration whose number is a multiple of `every`, write grids of `engine.state.real` and
    `engine.state.fake`, made by `image_grid`, which is ready below: as images with the tags "real" and "fake", with
    that number as the step, and as pictures "real_001000.png" and "fake_001000.png" in the folder `log_dir`, which
    exists (here at iteration 1000; the number always has at least six digits). `logger.writer` is the writer; it stays
    open. The frames stay as they are.
    """
    raise NotImplementedError("step 4: attach_images")


def train(
    gan: Gan,
    batches: Iterator[torch.Tensor],
    log_dir: str,
    iterations: int,
    device: torch.device,
    report_every: int = 100,
    images_every: int = 1000,
    after_iteration: Callable[[int], object] | None = None,
) -> State:
    """Step 5. Put it together and train until `iterations` iterations are completed in all.

    batches: endless. Take one for each iteration and no more, and none if nothing is left to do.
    Make an engine with the process function from step 1. `gan.iteration` iterations are done already: set
    `engine.state.iteration` to it in a handler of `Events.STARTED`, and the engine counts on from there; an
    `epoch_length`, too, is compared with that total count. After every iteration, `gan.iteration` is the engine's
    number.
    With steps 2 to 4, log to `log_dir` the averages every `report_every` and images every `images_every` iterations.
    A logged value already includes the losses of its own iteration. Last of all, after every iteration, call
    `after_iteration` with the number of the iteration, if it is given. Ignore what it returns.

    `KeyboardInterrupt`, as Ctrl-C raises it, ends the training early, but is not passed on. Any other exception is.
    However the function ends, the logger is closed, both nets are in train mode as before, and torch's global random
    state is as it was: the engine does not touch it here, so do not seed it or draw from it yourself.

    Returns the engine's state, even if nothing was left to do.
    """
    raise NotImplementedError("step 5: train")


# Everything below is ready to use: the previous exercises, and the program.

STATEFUL = ("discriminator_net", "discriminator_optimizer", "generator_net", "generator_optimizer")


def image_grid(images: torch.Tensor) -> torch.Tensor:
    """Return a grid of the first 64 images, with -1 as 0 and 1 as 1, on the CPU."""
    return make_grid(images[:64], nrow=8, normalize=True, value_range=(-1, 1)).cpu()


def save_checkpoint(gan: Gan, path: str) -> None:
    """Save nets, optimizers, random numbers and iteration, in one stroke."""
    state = {"iteration": gan.iteration, "generator": gan.generator.get_state()}
    for name in STATEFUL:
        state[name] = getattr(gan, name).state_dict()
    torch.save(state, path + ".part")
    # Until here the old checkpoint is intact, from here on the new one: there is never none.
    os.replace(path + ".part", path)


def load_checkpoint(gan: Gan, path: str) -> None:
    """Put into `gan` what was saved."""
    # subtle: a generator's state is a tensor on the CPU. What belongs elsewhere is copied there by load_state_dict.
    state = torch.load(path, map_location="cpu", weights_only=True)
    for name in STATEFUL:
        getattr(gan, name).load_state_dict(state[name])
    gan.generator.set_state(state["generator"])
    gan.iteration = state["iteration"]


class FrameWrapper(gymnasium.ObservationWrapper[np.ndarray, Any, np.ndarray]):
    """Frames as float32 of shape (3, 64, 64), in [0, 255]."""

    def __init__(self, env: gymnasium.Env[np.ndarray, Any]) -> None:
        super().__init__(env)
        self.observation_space = gymnasium.spaces.Box(0, 255, (3, 64, 64), np.float32)

    def observation(self, observation: np.ndarray) -> np.ndarray:
        """Return one frame, resized and with its channels first."""
        small = cv2.resize(observation, (64, 64), interpolation=cv2.INTER_AREA)
        return np.moveaxis(small, 2, 0).astype(np.float32)


def frame_batches(envs: list[gymnasium.Env[np.ndarray, Any]], batch_size: int, seed: int) -> Iterator[torch.Tensor]:
    """Play all games at random and yield float32 batches of shape (batch_size, 3, 64, 64), in [-1, 1], without end."""
    chooser = random.Random(seed)
    for index, env in enumerate(envs):
        env.reset(seed=seed + index)
        env.action_space.seed(seed + index)
    frames: list[np.ndarray] = []
    while True:
        env = chooser.choice(envs)
        frame, _, terminated, truncated, _ = env.step(env.action_space.sample())
        if frame.mean() > 0.01:  # a dark frame teaches nothing
            frames.append(frame)
        if len(frames) == batch_size:
            yield torch.from_numpy(np.stack(frames)) * (2 / 255) - 1
            frames = []
        if terminated or truncated:
            env.reset()


class Discriminator(nn.Module):
    """From frames of shape (N, 3, 64, 64) to N probabilities of being real."""

    def __init__(self, filters: int = 64) -> None:
        super().__init__()
        sizes = (filters, filters * 2, filters * 4, filters * 8)
        layers: list[nn.Module] = [nn.Conv2d(3, filters, 4, stride=2, padding=1), nn.ReLU()]
        for before, after in pairwise(sizes):
            layers += [nn.Conv2d(before, after, 4, stride=2, padding=1), nn.BatchNorm2d(after), nn.ReLU()]
        self.layers = nn.Sequential(*layers, nn.Conv2d(filters * 8, 1, 4), nn.Sigmoid())

    def forward(self, frames: torch.Tensor) -> torch.Tensor:
        """Return one probability for each frame."""
        return self.layers(frames).flatten()  # (N,)


class Generator(nn.Module):
    """From latents of shape (N, 100, 1, 1) to frames of shape (N, 3, 64, 64), in [-1, 1]."""

    def __init__(self, filters: int = 64) -> None:
        super().__init__()
        sizes = (filters * 8, filters * 4, filters * 2, filters)
        layers: list[nn.Module] = [nn.ConvTranspose2d(LATENT_SIZE, sizes[0], 4), nn.BatchNorm2d(sizes[0]), nn.ReLU()]
        for before, after in pairwise(sizes):
            layers += [nn.ConvTranspose2d(before, after, 4, stride=2, padding=1), nn.BatchNorm2d(after), nn.ReLU()]
        self.layers = nn.Sequential(*layers, nn.ConvTranspose2d(filters, 3, 4, stride=2, padding=1), nn.Tanh())

    def forward(self, latent: torch.Tensor) -> torch.Tensor:
        """Return one frame for each latent."""
        return self.layers(latent)


def make_gan(device: torch.device, seed: int, filters: int = 64, lr: float = 1e-4) -> Gan:
    """Make a fresh pair of nets with their optimizers."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        discriminator_net, generator_net = Discriminator(filters).to(device), Generator(filters).to(device)
    optimizers = [
        torch.optim.Adam(net.parameters(), lr=lr, betas=(0.5, 0.999)) for net in (discriminator_net, generator_net)
    ]
    generator = torch.Generator().manual_seed(seed)
    return Gan(discriminator_net, optimizers[0], generator_net, optimizers[1], generator)


def sample_latent(batch_size: int, latent_size: int, generator: torch.Generator, device: torch.device) -> torch.Tensor:
    """Draw float32 of shape (batch_size, latent_size, 1, 1) from the normal distribution, on `device`."""
    return torch.randn(batch_size, latent_size, 1, 1, generator=generator).to(device)


def discriminator_step(
    discriminator_net: nn.Module, optimizer: torch.optim.Optimizer, real: torch.Tensor, fake: torch.Tensor
) -> float:
    """Update the discriminator once; return its loss. `fake` still leads back to the generator network."""
    optimizer.zero_grad()
    on_real, on_fake = discriminator_net(real), discriminator_net(fake.detach())
    loss = F.binary_cross_entropy(on_real, torch.ones_like(on_real))
    loss = loss + F.binary_cross_entropy(on_fake, torch.zeros_like(on_fake))
    loss.backward()
    optimizer.step()
    return loss.item()


def generator_step(discriminator_net: nn.Module, optimizer: torch.optim.Optimizer, fake: torch.Tensor) -> float:
    """Update the generator network once, through the graph behind `fake`; return its loss."""
    optimizer.zero_grad()
    on_fake = discriminator_net(fake)
    loss = F.binary_cross_entropy(on_fake, torch.ones_like(on_fake))
    loss.backward()
    optimizer.step()
    return loss.item()


def make_games() -> list[gymnasium.Env[np.ndarray, Any]]:
    """Return the three games, with small frames."""
    gymnasium.register_envs(ale_py)
    ale_py.ALEInterface.setLoggerMode(ale_py.LoggerMode.Error)  # no banner
    return [FrameWrapper(gymnasium.make(name)) for name in GAMES]


def at_least(least: int) -> Callable[[str], int]:
    """Return a function that reads a whole number, not below `least`, from the command line."""

    def number(text: str) -> int:
        if int(text) < least:
            raise argparse.ArgumentTypeError(f"{text} is below {least}")
        return int(text)

    return number


def usable_device(text: str) -> torch.device:
    """Read a device from the command line, and try it."""
    try:
        torch.zeros((), device=text).item()
    except (RuntimeError, AssertionError) as error:
        raise argparse.ArgumentTypeError(f"there is no device {text!r} here") from error
    return torch.device(text)


def main(arguments: list[str] | None = None) -> None:
    """Train on real frames, from the checkpoint if there is one, until the end or Ctrl-C."""
    parser = argparse.ArgumentParser(usage="%(prog)s [options]", description="Train a GAN on Atari frames with Ignite.")
    parser.add_argument("--device", type=usable_device, default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument(
        "--iterations", type=at_least(0), default=20_000, help="how many in all, including those before a resume"
    )
    parser.add_argument("--batch-size", type=at_least(2), default=16)
    parser.add_argument("--filters", type=at_least(1), default=64, help="width of both nets; fewer are faster")
    parser.add_argument("--report-every", type=at_least(1), default=100)
    parser.add_argument("--images-every", type=at_least(1), default=1000, help="also how often to save a checkpoint")
    parser.add_argument("--seed", type=at_least(0), default=0)
    parser.add_argument("--log-dir", default="runs/ignite_gan", help="event files, pictures and the checkpoint")
    options = parser.parse_args(arguments)

    checkpoint = Path(options.log_dir, "checkpoint.pt")
    try:
        checkpoint.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        parser.error(f"argument --log-dir: {options.log_dir}: {error.strerror}")
    gan = make_gan(options.device, options.seed, options.filters)
    if checkpoint.exists():
        try:
            load_checkpoint(gan, str(checkpoint))
        except RuntimeError as error:
            if "size mismatch" not in str(error):
                raise
            parser.error(f"{checkpoint} was saved with another --filters; use that one, or another --log-dir")
        print(f"going on after iteration {gan.iteration}")
    logging.getLogger("ignite").setLevel(logging.CRITICAL)  # otherwise Ctrl-C is logged as an error
    # After a resume, frames other than those before it.
    batches = frame_batches(make_games(), options.batch_size, options.seed + gan.iteration)
    shown = (TextColumn("iteration"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    with Progress(*shown) as progress:
        task = progress.add_task("training", total=options.iterations, completed=gan.iteration)

        def after_iteration(iteration: int) -> None:
            progress.update(task, completed=iteration)
            if iteration % options.images_every == 0:
                save_checkpoint(gan, str(checkpoint))
            if pressed:
                raise KeyboardInterrupt

        def note(number: int, _frame: object) -> None:
            if pressed:  # the second time: stop at once, wherever it is
                raise KeyboardInterrupt
            pressed.append(number)

        # Ctrl-C waits for the end of its iteration: in the middle of one, it might leave a writer locked for good.
        pressed: list[int] = []
        signal.signal(signal.SIGINT, note)
        train(
            gan, batches, options.log_dir, options.iterations, options.device,
            options.report_every, options.images_every, after_iteration,
        )  # fmt: skip
    save_checkpoint(gan, str(checkpoint))
    print(f"iteration {gan.iteration}; pictures and checkpoint are in {options.log_dir}")


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.default_int_handler)
    with contextlib.suppress(KeyboardInterrupt):
        main()
