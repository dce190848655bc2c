"""Trains tiny nets with the submission's functions; returns what was written and what was seen on the way."""

import copy
import itertools
import os
from pathlib import Path

import torch
from tensorboardX import SummaryWriter
from torch.utils._python_dispatch import TorchDispatchMode

from grader.curriculum.preload.files import write
from grader.curriculum.preload.gan import Forger, Judge, batches, gan_of, left_behind


class _Elsewhere(TorchDispatchMode):
    """Lets tensors without values be brought to the CPU, where they are zeros."""

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        if function is torch.ops.aten._to_copy.default and str(kwargs.get("device")) == "cpu":
            return torch.zeros(args[0].shape, dtype=kwargs.get("dtype") or args[0].dtype)
        return function(*args, **kwargs)


def grid_of_elsewhere(submission, shape):
    """Make a grid of images on the meta device; return the kind of device that it is on.

    Told: `image_grid` on another device
    """
    images = torch.empty(shape, device="meta")
    with _Elsewhere():
        return submission.image_grid(images).device.type


def report(submission, rounds):
    """Report several rounds of losses with one writer; return what is written and the losses left after each.

    Told: `report_averages` for {rounds:count report} with one writer
    """
    losses = {tag: [] for _, values in rounds for tag in values}
    left = []
    with SummaryWriter(log_dir="run") as writer:
        for iteration, values in rounds:
            for tag, more in values.items():
                losses[tag].extend(more)
            submission.report_averages(writer, losses, iteration)
            left.append(copy.deepcopy(losses))
            losses |= {tag: [] for tag in values if tag not in losses}
        closed = writer.file_writer is None
    return left_behind() | {"left": left, "closed": closed}


class _Judge(Judge):
    """Also has a buffer, which a checkpoint has to hold."""

    def __init__(self, weight):
        super().__init__(weight)
        self.register_buffer("kept", weight[0, 0, :3].clone())


class _Forger(Forger):
    """Also has a buffer, which a checkpoint has to hold."""

    def __init__(self, weight):
        super().__init__(weight)
        self.register_buffer("kept", weight[0, 0, :3].clone())


def _gan(submission, judge, forger, *settings, **others):
    return gan_of(submission, _Judge(judge), _Forger(forger), *settings, **others)


def train(submission, judge, forger, real, done, iterations, report_every, images_every, seed, lr, device, stop):
    """Train on the rows of `real`; return what was seen.

    `stop` may say "ctrl-c" or "error", which come out of the batches at their end, or "told ctrl-c", out of the third
    call of after_iteration.

    Told: `train` for {iterations:count iteration}, of which {done} are done, with reports every {report_every} and
    images every {images_every}
    """
    given = {"report_every": report_every, "images_every": images_every}
    every = {name: each for name, each in given.items() if each is not None}
    gan = _gan(submission, judge, forger, seed, lr, device)
    gan.iteration = done
    taken, after, shown = [], [], []
    before = _left_unreported(submission, judge, forger, real[1], seed + 1, lr, device) if 0 < done < iterations else {}

    def note(iteration):
        after.append((iteration, gan.iteration))
        shown.append(len(list(Path("logs/gan").glob("*.png"))))
        if len(after) == 3 and stop == "told ctrl-c":
            raise KeyboardInterrupt

    stops = {"ctrl-c": KeyboardInterrupt(), "error": RuntimeError("the emulator broke")}
    ended, begun, sampled = "returned", gan.generator.get_state(), _noted_latents(submission)
    everybodys, there, randn = torch.get_rng_state(), [], torch.randn

    def drawn(*args, **kwargs):
        there.append(kwargs.get("device") is device)
        return randn(*args, **kwargs)

    torch.randn = drawn
    try:
        submission.train(
            gan, batches(real, taken, stops.get(stop)), "logs/gan", iterations, device, **every,
            after_iteration=note,
        )  # fmt: skip
    except KeyboardInterrupt:
        ended = "KeyboardInterrupt"
    except RuntimeError as error:
        if error is not stops["error"]:
            raise
        ended = "error"
    finally:
        torch.randn = randn
    return left_behind() | {
        "ended": ended, "iteration": gan.iteration, "taken": len(taken), "after": after, "shown": shown,
        "latents": gan.generator_net.latents, "judge": gan.discriminator_net.weight.detach(),
        "forger": gan.generator_net.weight.detach(), "reached": gan.generator_net.weight.grad is not None,
        "modes": all(net.training and all(net.modes) for net in (gan.discriminator_net, gan.generator_net)),
        "before": before, "sampled": len(sampled), "drawn": not torch.equal(begun, gan.generator.get_state()),
        "there": any(there),
        "global": not torch.equal(everybodys, torch.get_rng_state()),
    }  # fmt: skip


def _left_unreported(submission, judge, forger, real, seed, lr, device):
    """Train another gan for one iteration, without a report; return the losses that this leaves behind, by step."""
    losses, own = {}, {name: getattr(submission, name) for name in ("discriminator_step", "generator_step")}
    for name, step in own.items():
        setattr(submission, name, lambda *args, name=name, step=step: losses.setdefault(name, step(*args)))
    gan = _gan(submission, judge, forger, seed, lr, device)
    submission.train(gan, iter([real.cpu().clone()]), "logs/before", 1, device, 100, 100)
    for name, step in own.items():
        setattr(submission, name, step)
    return losses


def _noted_latents(submission):
    """Return a list that grows whenever the submission draws with `sample_latent`; each check has its own process."""
    own, calls = submission.sample_latent, []
    submission.sample_latent = lambda *args, **kwargs: (calls.append(1), own(*args, **kwargs))[1]
    return calls


def places(submission, device):
    """Train once with nets that take anything; return on which kinds of device they met latents and frames.

    Told: `train` to another device
    """
    gan = _gan(submission, torch.ones(3, 64, 64), torch.zeros(3, 64, 64), 1, 0.1, torch.device("cpu"))
    calls = _noted_latents(submission)
    submission.train(gan, iter([torch.zeros(2, 3, 64, 64)]), "logs", 1, device, 10, 10, None)
    real = [place for place in gan.discriminator_net.places if place == "meta"] or gan.discriminator_net.places[:1]
    return {"latents": gan.generator_net.places, "real": real, "sampled": len(calls)}


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


def _trained(submission, judge, forger, seed, steps, device):
    """Return a gan whose optimizers have a history, and whose random numbers have been used."""
    gan = _gan(submission, judge, forger, seed, 0.1, device, momentum=0.9)
    for net, optimizer in (
        (gan.discriminator_net, gan.discriminator_optimizer), (gan.generator_net, gan.generator_optimizer),
    ):  # fmt: skip
        for step in range(steps):
            net.weight.grad = torch.cos(net.weight.detach() * (step + 1))
            optimizer.step()
    torch.randn(steps, generator=gan.generator)
    gan.iteration = 10 * steps
    return gan


def saved(submission, judge, forger, seed, steps, device):
    """Save a gan; return what the file holds, and how the gan is then.

    Told: `save_checkpoint` after {steps:count step}
    """
    gan = _trained(submission, judge, forger, seed, steps, device)
    submission.save_checkpoint(gan, "checkpoint.pt")
    after = {
        "modes": gan.discriminator_net.training and gan.generator_net.training,
        "random": gan.generator.get_state(),
    }
    try:
        held = torch.load("checkpoint.pt", weights_only=True, map_location="cpu")
    except Exception as error:
        held = f"{type(error).__name__} when it is read"
    return after | {"held": held}


def saved_over(submission, judge, forger, seed, device):
    """Save three times, at last with a disk that fills up in the middle of writing; return what can be read then.

    Told: `save_checkpoint` three times over the same file, at last with a full disk
    """
    Path("there").mkdir()
    path, gone, folders = Path("there/checkpoint.pt"), [], []
    submission.save_checkpoint(_trained(submission, judge, forger, seed, 1, device), str(path))
    full_save, own = torch.save, {name: getattr(os, name) for name in ("remove", "unlink")}

    def half_save(content, file, *args, **kwargs):
        target = file if hasattr(file, "write") else open(file, "wb")  # noqa: SIM115
        name = getattr(target, "name", path)
        folders.append(isinstance(name, int) or Path(name).resolve().parent == path.resolve().parent)
        target.write(b"half of it")
        target.flush()
        gone.append(not path.exists() or path.stat().st_size < 20)
        raise OSError("no space left on device")

    def noting(name):
        def remove(each, *args, **kwargs):
            gone.append(Path(each).resolve() == path.resolve())
            return own[name](each, *args, **kwargs)

        return remove

    for name in own:
        setattr(os, name, noting(name))
    try:
        number = path.stat().st_ino
        submission.save_checkpoint(_trained(submission, judge, forger, seed, 1, device), str(path))
        gone.append(path.stat().st_ino == number)  # what replaces a file is another one
        torch.save = half_save
        submission.save_checkpoint(_trained(submission, judge, forger, seed, 2, device), str(path))
        failed = False
    except OSError:
        failed = True
    finally:
        torch.save = full_save
        for name, function in own.items():
            setattr(os, name, function)
    seen = {"failed": failed, "gone": any(gone), "same_folder": all(folders)}
    try:
        second = torch.load(path, weights_only=False, map_location="cpu")
    except Exception as error:
        return seen | {"held": f"{type(error).__name__} when it is read"}
    return seen | {"held": second["iteration"] if isinstance(second, dict) else type(second).__name__}


def loads(submission, content, judge, forger, seed, lr, device):
    """Load a checkpoint with this content into a fresh gan; return that gan, and what it is one more step later.

    Told: `load_checkpoint` into a fresh gan, whose optimizers were made with lr {lr}, and one more step
    """
    write("there.pt", content)
    fresh = _gan(submission, judge, forger, seed, lr, device, momentum=0.9)
    parts, weights = _parts(fresh), _weights(fresh)
    fresh.discriminator_net.train(False)  # as it comes, so it stays
    submission.load_checkpoint(fresh, "there.pt")
    return {
        "same": all(now is old for now, old in zip(_parts(fresh), parts, strict=True)),
        "parameters": all(now is old for now, old in zip(_weights(fresh), weights, strict=True)),
        "modes": [fresh.discriminator_net.training, fresh.generator_net.training],
        "before": _figures(fresh), "after": _go_on(fresh),
    }  # fmt: skip


def sprung(submission):
    """Tell whether code that was in a file has run.

    Told: a file that holds code, and then a look at whether that code ran
    """
    return Path("sprung").exists()


def _parts(gan):
    return [gan.discriminator_net, gan.discriminator_optimizer, gan.generator_net, gan.generator_optimizer]


def _weights(gan):
    return [gan.discriminator_net.weight, gan.generator_net.weight]


def _figures(gan):
    nets = {name: getattr(gan, name).weight.detach().clone() for name in ("discriminator_net", "generator_net")}
    kept = {f"{name} kept": getattr(gan, name).kept.clone() for name in ("discriminator_net", "generator_net")}
    return nets | kept | {"iteration": gan.iteration}


def _go_on(gan):
    for net, optimizer in (
        (gan.discriminator_net, gan.discriminator_optimizer), (gan.generator_net, gan.generator_optimizer),
    ):  # fmt: skip
        net.weight.grad = torch.ones_like(net.weight)
        optimizer.step()
    return _figures(gan) | {"random": torch.randn(3, generator=gan.generator)}
