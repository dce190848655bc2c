"""Hidden checks of 35: what a training of two nets writes down, when it goes on and how it ends."""

import io
import math
import tempfile
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from tensorboard.backend.event_processing.event_file_loader import LegacyEventFileLoader

import grader.torchvision_cpu  # noqa: F401  before torchvision
from grader.compare import expect, require

# isort: split
from torchvision.utils import make_grid

TAGS = ("dis_loss", "gen_loss")
LATENT_SIZE = 100


def _int(rng, low, high):
    return int(torch.randint(low, high, (), generator=rng))


# What was written


def _loaded(blob):
    """Return (step, value) of all values in the bytes of one event file, as far as they can be read."""
    values = []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "events.out.tfevents.1")
        try:
            path.write_bytes(blob.data.numpy().tobytes())
            for event in LegacyEventFileLoader(str(path)).Load():
                values += [(event.step, value) for value in event.summary.value]
        except Exception:  # bytes that are no event file
            return values
    return values


def _run(seen, folder):
    """Ask that every writer is closed and all was written into one folder; return what stands there."""
    named = {"writer-not-closed": lambda count: count > 0}
    expect(seen).item("open", "the number of writers that are still open", named).equals(0)
    runs = expect(seen).item("runs", "the event files, by folder").is_a(dict)
    loaded = {name: [pair for blob in blobs for pair in _loaded(blob)] for name, blobs in seen.value["runs"].items()}
    written = [name for name, values in loaded.items() if values]
    runs.satisfies(lambda _: written in ([], [folder]), "there are values in other folders too", due=f"all in {folder}")
    return loaded.get(folder, [])


def _points(values, tag):
    return [(step, value.simple_value) for step, value in values if value.tag == tag and value.HasField("simple_value")]


def _near(found, due, tolerance=1e-4):
    """Whether two lists of (step, value) are the same, apart from rounding."""
    return [step for step, _ in found] == [step for step, _ in due] and all(
        math.isclose(left, right, rel_tol=tolerance, abs_tol=1e-6)
        for (_, left), (_, right) in zip(found, due, strict=True)
    )


def _expect_points(found, due, what, lookalikes, device):
    tolerance = 1e-4 if device.type == "cpu" else 2e-3
    named = {
        name: product if callable(product) else lambda found, product=product: _near(found, product, tolerance)
        for name, product in lookalikes.items()
    }
    shown = ", ".join(f"{value:.4g} at {step}" for step, value in due)
    expect(found, named, what=what).satisfies(
        lambda found: _near(found, due, tolerance), f"{what} has the wrong points, as (step, value)", due=shown
    )


def _pixels(png):
    """Return the pixels of a PNG as (3, H, W) in [0, 1], or an empty tensor for what is none."""
    try:
        with Image.open(io.BytesIO(png)) as image:
            return torch.from_numpy(np.array(image.convert("RGB"))).permute(2, 0, 1) / 255
    except Exception:  # bytes that are no picture
        return torch.empty(0)


def _grid(frames):
    return make_grid(frames[:64], normalize=True, value_range=(-1, 1))


def _alike(pixels, due):
    """Whether two pictures are the same, up to one of 256 levels of each colour."""
    return pixels.shape == due.shape and bool((pixels - due.clamp(0, 1)).abs().max() <= 1.01 / 255)


def _expect_picture(pixels, frames, what):
    own = make_grid(frames[:64], normalize=True)
    named = {
        "images-not-normalised": lambda shape: (
            _alike(pixels, make_grid(frames[:64])) or _alike(pixels, _wrapped(frames))
        ),
        "normalised-by-own-range": lambda shape: _alike(pixels, own),
    }
    due = _grid(frames)
    expect(tuple(pixels.shape), what=f"the shape of {what}").equals(tuple(due.shape))
    expect(tuple(pixels.shape), named, what=what).satisfies(
        lambda shape: _alike(pixels, due), f"{what} shows other pixels than are due", due="the grid of that batch"
    )


def _wrapped(frames):
    """What a picture shows whose values were turned into bytes without being brought into [0, 1]."""
    return torch.from_numpy((make_grid(frames[:64]).numpy() * 255).astype(np.int16).astype(np.uint8)) / 255


# Step 1


@pytest.mark.step("image_grid")
def test_grid(submission, rng):
    """shows -1 as black and 1 as full, whatever else is in the images"""
    for count, height, width in ((3, 6, 5), (10, 4, 7)):
        images = torch.rand(count, 3, height, width, generator=rng) * 1.2 - 0.7
        named = {
            "images-not-normalised": make_grid(images),
            "normalised-by-own-range": lambda grid, images=images: any(
                torch.allclose(grid.data, make_grid(images, normalize=True, scale_each=each), atol=1e-4)
                for each in (False, True)
            ),
        }
        expect(submission.image_grid(images), named).tensor(_grid(images))


@pytest.mark.step("image_grid")
def test_grid_size(submission, rng):
    """shows the first 64 images, 8 in a row"""
    images = torch.rand(_int(rng, 70, 80), 3, 5, 4, generator=rng) * 2 - 1
    whole = make_grid(images, normalize=True, value_range=(-1, 1))
    named = {"all-images-in-grid": whole}
    expect(submission.image_grid(images), named).tensor(_grid(images))


@pytest.mark.step("image_grid")
def test_grid_keeps_images(submission, rng):
    """leaves the images as they were"""
    images = torch.rand(3, 3, 6, 5, generator=rng) * 2 - 1
    seen = expect(submission.image_grid(images))
    seen.tensor(_grid(images)).keeps_argument(0, images, "mutates-caller")


# Step 2


def _rounds(rng):
    """Return three rounds of (iteration, {tag: losses}), each with another number of losses."""
    iterations = sorted({_int(rng, 1, 50), _int(rng, 60, 90), _int(rng, 100, 150)})
    return [
        (iteration, {tag: torch.rand(3 + index, generator=rng).tolist() for tag in ("loss/a", "loss/b")})
        for index, iteration in enumerate(iterations)
    ]


@pytest.mark.step("report_averages")
def test_averages(submission, rng, device):
    """writes the mean of the losses since the last report, under each tag"""
    rounds = _rounds(rng)
    values = _run(submission.probe.report(rounds), "run")
    for tag in ("loss/a", "loss/b"):
        losses = [(iteration, more[tag]) for iteration, more in rounds]
        so_far = [
            (step, [each for _, more in losses[: index + 1] for each in more]) for index, (step, _) in enumerate(losses)
        ]
        named = {
            "averages-not-reset": [(step, np.mean(each)) for step, each in so_far],
            "last-for-average": [(step, each[-1]) for step, each in losses],
            "sum-for-average": [(step, sum(each)) for step, each in losses],
            "step-missing": [(0, np.mean(each)) for _, each in losses],
        }
        due = [(step, np.mean(each)) for step, each in losses]
        _expect_points(_points(values, tag), due, f"the curve {tag}", named, device)


@pytest.mark.step("report_averages")
def test_emptied(submission, rng):
    """leaves an empty list under each tag, and the writer open"""
    rounds = _rounds(rng)
    seen = expect(submission.probe.report(rounds))
    named = {"averages-not-reset": lambda left: all(left[0].values())}
    seen.item("left", "what is left in losses after each report", named).equals([{"loss/a": [], "loss/b": []}] * 3)
    named = {"closes-callers-writer": True}
    seen.item("closed", "whether the caller's writer was closed", named).equals(False)


# Steps 3 and 4


def _blocks(pattern):
    """Return frames of 64x64 made of large squares: their pictures are small, and written quickly."""
    return pattern.repeat_interleave(16, -1).repeat_interleave(16, -2)


def _weights(rng):
    return torch.randn(3, 64, 64, generator=rng), _blocks(torch.randn(3, 4, 4, generator=rng))


NETS = ("discriminator_net", "generator_net")
OPTIMIZERS = ("discriminator_optimizer", "generator_optimizer")


@pytest.mark.step("save_checkpoint")
def test_saved(submission, rng, device):
    """writes nets, optimizers, random numbers and iteration into the file"""
    steps = _int(rng, 2, 5)
    seen = submission.probe.saved(*_weights(rng), _int(rng, 0, 1000), steps, device)
    named = {
        "pickles-objects": lambda held: isinstance(held, str),
        "optimizer-state-forgotten": lambda held: not set(OPTIMIZERS) & set(held),
        "random-state-forgotten": lambda held: "generator" not in held,
        "iteration-forgotten": lambda held: "iteration" not in held,
    }
    due = {*NETS, *OPTIMIZERS, "iteration", "generator"}
    held = expect(seen).item("held", "what the file holds", named)
    held.is_a(dict).satisfies(lambda held: due <= set(held), "something is missing in the file", due=str(sorted(due)))
    gan = expect(seen).item("gan", "the gan").length(6)
    for name in NETS:
        held.item(name, name).item("weight", f"the weight of {name}").values(_data(gan, name, "weight"))
    for name in OPTIMIZERS:
        state = held.item(name, name).item("state", f"the state of {name}").item(0, f"the state of {name}")
        due = _data(gan, name, "state", 0, "momentum_buffer")
        state.item("momentum_buffer", f"the momentum in {name}").values(due)
    held.item("iteration", "the iteration").equals(10 * steps)
    held.item("generator", "the state of the random numbers").values(_data(gan, "generator"))


def _data(part, *keys):
    """Return the values of a tensor that the probe itself made."""
    for key in keys:
        part = part.item(key)
    part.is_tensor()
    return part._value.data


@pytest.mark.step("save_checkpoint")
def test_saved_at_one_stroke(submission, rng, device):
    """keeps the old checkpoint whole where writing the new one fails halfway"""
    seen = expect(submission.probe.saved_over(*_weights(rng), _int(rng, 0, 1000), device))
    named = {"checkpoint-written-in-place": lambda held: isinstance(held, str)}
    seen.item("held", "the iteration in the checkpoint after a failed save", named).equals(10)
    seen.item("failed", "whether the failure was passed on").equals(True)


@pytest.mark.step("load_checkpoint")
def test_loaded(submission, rng, device):
    """goes on as the saved training would have"""
    steps = _int(rng, 2, 5)
    seen = expect(submission.probe.loaded(*_weights(rng), _int(rng, 0, 1000), steps, device))
    before = seen.item("before", "the gans after loading").length(2)
    named = {"iteration-forgotten": 0}
    before.item(0, "the loaded gan").item("iteration", "the iteration after loading", named).equals(10 * steps)
    after = seen.item("after", "the gans one step later").length(2)
    for name in NETS:
        due = _data(before, 1, name)
        before.item(0, "the loaded gan").item(name, f"the weights of {name} after loading").tensor(due, device=device)
    for name in NETS:
        due, loaded = _data(after, 1, name), _data(before, 0, name)
        named = {"optimizer-state-forgotten": loaded - 0.1}
        after.item(0, "the loaded gan").item(name, f"{name} one step after loading", named).values(due)
    named = {"random-state-forgotten": lambda found: True}
    drawn = after.item(0, "the loaded gan").item("random", "the next random numbers", named)
    drawn.tensor(_data(after, 1, "random"))
    seen.item("same", "whether nets and optimizers are the same objects as before").equals(True)


@pytest.mark.step("load_checkpoint")
def test_refuses_objects(submission, rng, device):
    """refuses a file with anything but tensors and plain data"""
    seen = expect(submission.probe.trapped(*_weights(rng), device))
    named = {"unpickles-anything": True}
    seen.item("sprung", "whether something in the file was run", named).equals(False)
    seen.item("ended", "how loading ended").equals("UnpicklingError")


# Step 5


class _Task:
    """A training, and what comes of it by the book."""

    def __init__(self, rng, *, batch=3, batches=8, done=0):
        self.judge, self.forger = _weights(rng)
        self.real = _blocks(torch.rand(batches, batch, 3, 4, 4, generator=rng) * 1.2 - 0.7)
        self.seed, self.lr, self.done = _int(rng, 0, 1000), 2.0, done
        self.losses = {tag: [] for tag in TAGS}
        self.fakes, self.latents = [], []

    def run(self, probe, iterations, report_every, images_every, device, stop=""):
        self.reference(len(self.real) if stop else iterations - self.done)
        return probe.train(
            self.judge, self.forger, self.real, self.done, iterations, report_every, images_every, self.seed,
            self.lr, device, stop,
        )  # fmt: skip

    def reference(self, count):
        judge, forger = self.judge.clone().requires_grad_(), self.forger.clone().requires_grad_()
        generator = torch.Generator().manual_seed(self.seed)
        for real in self.real[:count]:
            latent = torch.randn(len(real), LATENT_SIZE, 1, 1, generator=generator)
            fake = torch.tanh(latent.mean(dim=(1, 2, 3), keepdim=True) * 10 + forger)
            on_real, on_fake = _judged(judge, real), _judged(judge, fake.detach())
            dis_loss = -on_real.log().mean() - (1 - on_fake).log().mean()
            judge = (judge - self.lr * torch.autograd.grad(dis_loss, judge)[0]).detach().requires_grad_()
            gen_loss = -_judged(judge, fake).log().mean()
            forger = (forger - self.lr * torch.autograd.grad(gen_loss, forger)[0]).detach().requires_grad_()
            self.losses["dis_loss"].append(dis_loss.item())
            self.losses["gen_loss"].append(gen_loss.item())
            self.fakes.append(fake.detach())
            self.latents.append(latent)
        self.trained = {"judge": judge.detach(), "forger": forger.detach()}

    def averages(self, tag, every, *, reset=True):
        """Return (iteration, average) for each report that is due."""
        losses, points, begun = self.losses[tag], [], 0
        for index in range(len(losses)):
            if (self.done + index + 1) % every == 0:
                points.append((self.done + index + 1, float(np.mean(losses[begun : index + 1]))))
                begun = index + 1 if reset else 0
        return points


def _judged(judge, frames):
    return torch.sigmoid((frames * judge).mean(dim=(1, 2, 3)) * 100)


@pytest.mark.step("train")
def test_reports(submission, rng, device):
    """reports the averages of the losses since the last report, each time that they are due"""
    task, every = _Task(rng), _int(rng, 2, 4)
    values = _run(task.run(submission.probe, 7, every, 100, device), "logs/gan")
    for tag, other in (TAGS, TAGS[::-1]):
        due = task.averages(tag, every)
        named = {
            "averages-not-reset": task.averages(tag, every, reset=False),
            "logs-every-step": lambda found: [step for step, _ in found] == list(range(1, 8)),
            "last-for-average": [(step, task.losses[tag][step - 1]) for step, _ in due],
            "losses-swapped": task.averages(other, every),
        }
        _expect_points(_points(values, tag), due, f"the curve {tag}", named, device)


@pytest.mark.step("train")
def test_images(submission, rng, device):
    """shows real and fake frames of the iterations at which images are due"""
    every = _int(rng, 2, 4)
    task = _Task(rng, batch=_int(rng, 2, 5), batches=5)
    seen = task.run(submission.probe, 5, 100, every, device)
    values = _run(seen, "logs/gan")
    images = {(step, value.tag): value.image.encoded_image_string for step, value in values if value.HasField("image")}
    steps = range(every, 6, every)
    named = {"logs-every-step": lambda found: {step for step, _ in found} == set(range(1, 6))}
    due = sorted((step, tag) for step in steps for tag in ("fake", "real"))
    expect(sorted(images), named, what="the list of (step, tag) of all images").equals(due)
    for step in steps:
        _expect_picture(_pixels(images[step, "real"]), task.real[step - 1], f'the image "real" at step {step}')
        _expect_picture(_pixels(images[step, "fake"]), task.fakes[step - 1], f'the image "fake" at step {step}')
    due = sorted(f"logs/gan/{tag}_{step:06}.png" for step in steps for tag in ("fake", "real"))
    pictures = expect(seen).item("pictures", "the pictures, by path").is_a(dict)
    pictures.satisfies(lambda found: sorted(found) == due, "there are other pictures than are due", due=str(due))
    for step in steps:
        for tag, frames in (("real", task.real), ("fake", task.fakes)):
            path = f"logs/gan/{tag}_{step:06}.png"
            blob = pictures.item(path, path)
            blob.dtype(torch.uint8)
            _expect_picture(_pixels(blob._value.data.numpy().tobytes()), frames[step - 1], f"the picture {path}")


@pytest.mark.step("train")
def test_trains_both(submission, rng, device):
    """takes one batch and one latent for each iteration, and trains both nets with them"""
    task = _Task(rng, batch=_int(rng, 2, 5))
    seen = expect(task.run(submission.probe, 4, 100, 100, device))
    seen.item("taken", "the number of batches taken").equals(4)
    latents = seen.item("latents", "the latents that the generator network saw").length(4)
    for index in range(4):
        latents.item(index, f"latent {index + 1}").tensor(task.latents[index])
    for name, what in (("judge", "the discriminator"), ("forger", "the generator network")):
        seen.item(name, f"a weight of {what} afterwards").tensor(task.trained[name], device=device)
    seen.item("after", "the iterations at which after_iteration was called").equals([(i, i) for i in range(1, 5)])
    seen.item("iteration", "gan.iteration afterwards").equals(4)


@pytest.mark.step("train")
def test_goes_on(submission, rng, device):
    """counts the iterations that were completed before"""
    done = _int(rng, 3, 6)
    task, total = _Task(rng, done=done), done + 5
    seen = task.run(submission.probe, total, 2, 100, device)
    named = {"resume-starts-anew": lambda taken: taken >= total}
    expect(seen).item("taken", "the number of batches taken", named).equals(5)
    expect(seen).item("iteration", "gan.iteration afterwards", {"resume-starts-anew": 5}).equals(total)
    values = _run(seen, "logs/gan")
    for tag in TAGS:
        _expect_points(_points(values, tag), task.averages(tag, 2), f"the curve {tag}", {}, device)


@pytest.mark.step("train")
def test_ctrl_c(submission, rng, device):
    """ends early and quietly on Ctrl-C"""
    task = _Task(rng, batches=5)
    seen = task.run(submission.probe, 9, 2, 100, device, "ctrl-c")
    values = _run(seen, "logs/gan")
    named = {"ctrl-c-escapes": "KeyboardInterrupt"}
    expect(seen).item("ended", "how the call ended", named).equals("returned")
    expect(seen).item("iteration", "gan.iteration afterwards").equals(5)
    for tag in TAGS:
        _expect_points(_points(values, tag), task.averages(tag, 2), f"the curve {tag}", {}, device)


@pytest.mark.step("train")
def test_error(submission, rng, device):
    """passes other exceptions on, with its writer closed"""
    task = _Task(rng, batches=3)
    seen = task.run(submission.probe, 9, 2, 100, device, "error")
    _run(seen, "logs/gan")
    expect(seen).item("ended", "how the call ended", {"errors-swallowed": "returned"}).equals("error")
    expect(seen).item("iteration", "gan.iteration afterwards").equals(3)


@pytest.mark.step("train")
def test_device(submission):
    """moves frames and latents to the device that it is given"""
    seen = expect(submission.probe.places(torch.device("meta")))
    for name in ("latents", "real"):
        named = {"hard-coded-device": ["cpu"]}
        seen.item(name, f"where the nets met {name}", named).equals(["meta"])


@pytest.mark.step("train")
def test_real_frames(submission, rng, device):
    """trains the ready-made nets on frames of the real games"""
    seen = submission.probe.real_frames(4, 2, _int(rng, 0, 1000), device)
    values = _run(seen, "logs/real")
    expect(seen).item("iteration", "gan.iteration afterwards").equals(2)
    frames = expect(seen).item("frames", "the last batch").shape(4, 3, 64, 64)
    images = {value.tag: value.image.encoded_image_string for _, value in values if value.HasField("image")}
    require("real" in images, 'there is no image "real"', due="one at the last iteration")
    _expect_picture(_pixels(images["real"]), frames._value.data, 'the image "real"')
    for tag in TAGS:
        found = _points(values, tag)
        expect(found, what=f"the curve {tag}").length(2)
        require(all(math.isfinite(value) for _, value in found), f"{tag} is not finite", got=str(found))
