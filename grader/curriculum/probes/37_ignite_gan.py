"""Runs engines with what the submission made and attached; returns what was written and what was seen on the way."""

import contextlib
import itertools
import logging
import shutil
import sys
from pathlib import Path

import torch
from ignite.engine import Engine, Events, State
from ignite.handlers.tensorboard_logger import TensorboardLogger
from ignite.metrics import RunningAverage

from grader.curriculum.preload.gan import Forger, Judge, batches, gan_of, left_behind


def _gan(submission, judge, forger, *settings, **others):
    return gan_of(submission, Judge(judge), Forger(forger), *settings, **others)


def _in_train_mode(gan):
    """Whether both nets met everything in train mode, and are still in it."""
    return all(net.training and all(net.modes) for net in (gan.discriminator_net, gan.generator_net))


@contextlib.contextmanager
def _noted(submission, *names):
    """Yield a list that gets the name of each of these functions whenever it is called."""
    calls, own = [], {name: getattr(submission, name) for name in names}
    for name, function in own.items():
        setattr(submission, name, lambda *args, n=name, f=function, **kw: (calls.append(n), f(*args, **kw))[1])
    try:
        yield calls
    finally:
        for name, function in own.items():
            setattr(submission, name, function)


def process(submission, judge, forger, real, seed, lr, device):
    """Run the process function over all batches; return its outputs and what it left in the engine's state.

    Told: `make_process_function`, run over {real:count batch}, with lr {lr}
    """
    gan = _gan(submission, judge, forger, seed, lr, device)
    outputs, left = [], []
    engine = Engine(submission.make_process_function(gan, device))

    @engine.on(Events.ITERATION_COMPLETED)
    def look(engine):
        outputs.append(engine.state.output)
        left.append({name: getattr(engine.state, name) for name in ("real", "fake") if hasattr(engine.state, name)})

    begun, everybodys = gan.generator.get_state(), torch.get_rng_state()
    with (
        _noted(submission, "sample_latent") as sampled,
        _noted(submission, "discriminator_step", "generator_step") as steps,
    ):
        engine.run([batch.cpu().clone() for batch in real])
    return {
        "outputs": outputs, "left": left, "latents": gan.generator_net.latents,
        "judge": gan.discriminator_net.weight.detach(), "forger": gan.generator_net.weight.detach(),
        "steps": steps, "sampled": len(sampled), "reached": gan.generator_net.weight.grad is not None,
        "drawn": not torch.equal(begun, gan.generator.get_state()),
        "global": not torch.equal(everybodys, torch.get_rng_state()), "modes": _in_train_mode(gan),
    }  # fmt: skip


def _gan_for_anything(submission):
    """Return a gan whose nets take anything from anywhere, and stay where they are."""
    gan = _gan(submission, torch.ones(3, 64, 64), torch.zeros(3, 64, 64), 1, 0.1, torch.device("cpu"))
    for net in (gan.discriminator_net, gan.generator_net):
        net.to = lambda *args, net=net, **kwargs: net
    return gan


def _met(gan):
    real = [place for place in gan.discriminator_net.places if place == "meta"] or gan.discriminator_net.places[:1]
    return {"latents": gan.generator_net.places, "real": real}


def places(submission, sizes, device):
    """Run the process function on batches of these sizes; return where the nets met latents and frames.

    Told: `make_process_function`, run over batches of {sizes:list} on another device
    """
    gan = _gan_for_anything(submission)
    engine = Engine(lambda engine, batch: None)
    function = submission.make_process_function(gan, device)
    left, counts, drawn, own = [], [], [], torch.randn

    def randn(*args, **kwargs):
        numbers = own(*args, **kwargs)
        if kwargs.get("generator") is not None:
            drawn.append(numbers.device.type)
        return numbers

    for size in sizes:
        frames = torch.zeros(size, 3, 64, 64)
        torch.randn = randn
        try:
            function(engine, frames)
        finally:
            torch.randn = own
        frames = [getattr(engine.state, name, None) for name in ("real", "fake")]
        left = [each.device.type for each in frames if isinstance(each, torch.Tensor)]
        counts.append([len(each) for each in frames if isinstance(each, torch.Tensor)])
    return _met(gan) | {"left": left, "counts": counts, "drawn": drawn}


def places_in_training(submission, device):
    """Train for one iteration; return where the nets met latents and frames.

    Told: `train` for one iteration on another device
    """
    gan = _gan_for_anything(submission)
    submission.train(gan, iter([torch.zeros(2, 3, 64, 64)]), "logs", 1, device, 10, 10, None)
    return _met(gan)


def averages(submission, outputs):
    """Run with averages attached; return the metrics after each iteration, and whether a loop made the averages.

    Told: `attach_averages`, over {outputs:count output}
    """
    engine = Engine(lambda engine, batch: tuple(outputs[batch]))
    metrics, made, init = [], [], RunningAverage.__init__

    def noted(self, *args, **kwargs):
        made.extend(each.__code__ for each in (*args, *kwargs.values()) if hasattr(each, "__code__"))
        init(self, *args, **kwargs)

    RunningAverage.__init__ = noted
    try:
        submission.attach_averages(engine)
    finally:
        RunningAverage.__init__ = init
    engine.add_event_handler(Events.ITERATION_COMPLETED, lambda: metrics.append(dict(engine.state.metrics)))
    engine.run(range(len(outputs)))
    # Functions that one line has made several times have their code in common.
    return {"metrics": metrics, "one line": len(set(made)) < len(made)}


def _going_on(process, done):
    """Return an engine that counts on from `done`."""
    engine = Engine(process)
    engine.add_event_handler(Events.STARTED, lambda: setattr(engine.state, "iteration", done))
    return engine


def _run(engine, count, done):
    """Run one epoch, or after `done` iterations as much of an endless one as is left."""
    if done:
        engine.run(iter(range(count)), max_iters=done + count)
    else:
        engine.run(range(count))


def _closed(logger):
    return isinstance(logger, TensorboardLogger) and logger.writer.file_writer is None


def logged(submission, log_dir, metrics, every, done):
    """Run with the logger attached and metrics from elsewhere; return what was written.

    Told: `attach_logger` with every={every}, after {done:count iteration}
    """

    def process(engine, batch):
        engine.state.metrics.update(metrics[batch])
        return -1.0 - batch, -200.0 - batch

    first = submission.attach_logger(Engine(process), "logs/before", every)  # of another training
    engine = _going_on(process, done)
    logger = submission.attach_logger(engine, log_dir, every)
    kind, same = f"{type(logger).__module__}.{type(logger).__name__}", logger is not None and logger is first
    closed = [_closed(logger)]
    _run(engine, len(metrics), done)
    closed.append(_closed(logger))
    for each in (first, logger):
        if isinstance(each, TensorboardLogger):
            each.close()
    shutil.rmtree("logs/before", ignore_errors=True)
    contrib = sorted(name for name in sys.modules if name.startswith("ignite.contrib."))
    return left_behind() | {"kind": kind, "contrib": contrib, "same": same, "closed": any(closed)}


def images(submission, real, fake, every, done):
    """Run with images attached; return what was written.

    Told: `attach_images` with every={every}, after {done:count iteration}
    """
    kept = real.clone(), fake.clone()

    def process(engine, batch):
        engine.state.real, engine.state.fake = real[batch], fake[batch]
        return 0.0, 0.0

    engine = _going_on(process, done)
    logger = TensorboardLogger(log_dir="logs/gan")
    submission.attach_images(engine, logger, "logs/gan", every)
    _run(engine, len(real), done)
    closed = logger.writer.file_writer is None
    logger.close()
    unchanged = torch.equal(kept[0], real) and torch.equal(kept[1], fake)
    return left_behind() | {"closed": closed, "unchanged": unchanged}


def train(submission, judge, forger, real, done, iterations, report_every, images_every, seed, lr, device, stop):
    """Train on the rows of `real`; return what was seen.

    `stop` may say "ctrl-c" or "error", which come out of the batches at their end, or "told ctrl-c", "told exit" or
    "told error", out of the third call of after_iteration, or "amid ctrl-c", in the middle of the third iteration.

    Told: `train` for {iterations:count iteration}, of which {done} are done, with reports every {report_every} and
    images every {images_every}
    """
    given = {"report_every": report_every, "images_every": images_every}
    every = {name: each for name, each in given.items() if each is not None}
    gan = _gan(submission, judge, forger, seed, lr, device)
    gan.iteration = done
    taken, after, shown = [], [], []

    def note(iteration):
        after.append((iteration, gan.iteration))
        shown.append(len(list(Path("logs/gan").glob("*.png"))))
        if len(after) == 3 and stop.startswith("told"):
            raise {"told ctrl-c": KeyboardInterrupt, "told exit": SystemExit}.get(stop, stops["error"])
        return len(after) % 2 == 0  # which means nothing

    own, calls = submission.generator_step, []

    def interrupted(*args, **kwargs):
        calls.append(1)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return own(*args, **kwargs)

    if stop == "amid ctrl-c":
        submission.generator_step = interrupted
    logging.disable(logging.CRITICAL if stop else logging.NOTSET)  # Ignite would tell of the ends that are asked for
    stops = {"ctrl-c": KeyboardInterrupt(), "error": RuntimeError("the emulator broke")}
    ended, state, everybodys = "returned", None, torch.get_rng_state()
    try:
        state = submission.train(
            gan, batches(real, taken, stops.get(stop, _RanAway())), "logs/gan", iterations, device, **every,
            after_iteration=note,
        )  # fmt: skip
    except KeyboardInterrupt:
        ended = "KeyboardInterrupt"
    except SystemExit:
        ended = "SystemExit"
    except _RanAway:
        ended = "it ran on without end"
    except RuntimeError as error:
        if stops["error"] not in (error, error.__cause__, error.__context__):
            raise
        ended = "error" if error is stops["error"] else "another error"
    finally:
        submission.generator_step = own
        logging.disable(logging.NOTSET)
    return left_behind() | {
        "ended": ended, "iteration": gan.iteration, "taken": len(taken), "after": after, "shown": shown,
        "state": state.iteration if isinstance(state, State) else None, "kind": type(state).__name__,
        "modes": _in_train_mode(gan), "global": not torch.equal(everybodys, torch.get_rng_state()),
        "judge": gan.discriminator_net.weight.detach(), "forger": gan.generator_net.weight.detach(),
    }  # fmt: skip


class _RanAway(Exception):
    pass


def real_frames(submission, batch_size, iterations, seed, device):
    """Train the ready-made nets, made narrow, on frames of the real games; return the last batch beside the rest.

    Told: `train` for {iterations:count iteration} on {batch_size:count frame} of the real games at a time
    """
    gan = submission.make_gan(device, seed, filters=4)
    seen = []

    def noted(batches):
        for batch in batches:
            seen.append(batch.clone())
            yield batch

    frames = submission.frame_batches(submission.make_games(), batch_size, seed)
    batches = noted(itertools.islice(frames, iterations + 3))  # nobody asks for more
    submission.train(gan, batches, "logs/real", iterations, device, 1, iterations)
    return left_behind() | {"frames": seen[-1], "iteration": gan.iteration}
