"""What the checks of 35 and 37 share: reading what a training wrote, and the same training by the book."""

import io
import math
import tempfile
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from tensorboard.backend.event_processing.event_file_loader import LegacyEventFileLoader

import grader.torchvision_cpu  # noqa: F401  before torchvision
from grader.compare import describe, expect

# isort: split
from torchvision.utils import make_grid

TAGS = ("dis_loss", "gen_loss")
LATENT_SIZE = 100


def whole_number(rng, low, high):
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


def values_in(seen, folder):
    """Ask that every writer is closed and all was written into one folder; return what stands there."""
    named = {"writer-not-closed": lambda count: count > 0}
    expect(seen).item("open", "the number of writers that are still open", named).equals(0)
    runs = expect(seen).item("runs", "the dict of event files").is_a(dict)
    loaded = {name: [pair for blob in blobs for pair in _loaded(blob)] for name, blobs in seen.value["runs"].items()}
    written = [name for name, values in loaded.items() if values]
    runs.satisfies(
        lambda _: written in ([], [folder]), "values were written into other folders",
        got=f"values in {', '.join(written)}", expected=f"all values in {folder}",
    )  # fmt: skip
    return loaded.get(folder, [])


# In words, how the probes say that a call ended.
ENDINGS = {
    "returned": "the call returned",
    "error": "that exception left the call",
    "another error": "another exception left the call",
    "KeyboardInterrupt": "KeyboardInterrupt left the call",
    "SystemExit": "SystemExit left the call",
    "it ran on without end": "the call ran on without end",
}


def expect_end(seen, expected, when, lookalikes=None):
    """Ask how a call ended; `when` says under which circumstances."""
    expect(seen).item("ended", lookalikes=lookalikes).satisfies(
        lambda ended: ended == expected, f"the call did not end as expected {when}",
        got=lambda ended: ENDINGS[ended], expected=ENDINGS[expected],
    )  # fmt: skip


def expect_paths(pictures, expected):
    """Ask that there are pictures of these names, and no others."""
    pictures.satisfies(
        lambda found: sorted(found) == expected, "the pictures do not have the expected names",
        got=lambda found: describe(sorted(found)), expected=describe(expected),
    )  # fmt: skip


def expect_throughout(modes, lookalikes):
    """Ask that both nets were trained in train mode, and left in it."""
    said = "a net was in evaluation mode during the training, or is after it"
    modes.item("modes", lookalikes=lookalikes).is_true(said)


def curve(values, tag):
    return [(step, value.simple_value) for step, value in values if value.tag == tag and value.HasField("simple_value")]


def _near(found, expected, tolerance=1e-4):
    """Whether two lists of (step, value) are the same, apart from rounding."""
    return [step for step, _ in found] == [step for step, _ in expected] and all(
        math.isclose(left, right, rel_tol=tolerance, abs_tol=1e-6)
        for (_, left), (_, right) in zip(found, expected, strict=True)
    )


def expect_points(found, expected, what, lookalikes, device):
    tolerance = 1e-4 if device.type == "cpu" else 2e-3
    named = {
        name: product if callable(product) else lambda found, product=product: _near(found, product, tolerance)
        for name, product in lookalikes.items()
    }
    expect(found, named, what=what).satisfies(
        lambda found: _near(found, expected, tolerance),
        f"{what} has the wrong points, as (step, value)",
        expected=describe(expected),
    )


def pixels_of(png):
    """Return the pixels of a PNG as (3, H, W) in [0, 1], or an empty tensor for what is none."""
    try:
        with Image.open(io.BytesIO(png)) as image:
            return torch.from_numpy(np.array(image.convert("RGB"))).permute(2, 0, 1) / 255
    except Exception:  # bytes that are no picture
        return torch.empty(0)


def grid_of(frames):
    return make_grid(frames[:64], normalize=True, value_range=(-1, 1))


def _alike(pixels, expected):
    """Whether two pictures are the same, up to one of 256 levels of each colour."""
    return pixels.shape == expected.shape and bool((pixels - expected.clamp(0, 1)).abs().max() <= 1.01 / 255)


def expect_picture(pixels, frames, what):
    own = make_grid(frames[:64], normalize=True)
    named = {
        "images-not-normalised": lambda shape: (
            _alike(pixels, make_grid(frames[:64])) or _alike(pixels, _wrapped(frames))
        ),
        "normalised-by-own-range": lambda shape: _alike(pixels, own),
    }
    expected = grid_of(frames)
    expect(tuple(pixels.shape), what=f"the shape of {what}").equals(tuple(expected.shape))
    expect(tuple(pixels.shape), named).satisfies(
        lambda shape: _alike(pixels, expected), f"{what} does not have the expected pixels", got="",
        expected="the grid of that batch",
    )  # fmt: skip


def _wrapped(frames):
    """What a picture shows whose values were turned into bytes without being brought into [0, 1]."""
    return torch.from_numpy((make_grid(frames[:64]).numpy() * 255).astype(np.int16).astype(np.uint8)) / 255


def in_blocks(pattern):
    """Return frames of 64x64 made of large squares: their pictures are small, and written quickly."""
    return pattern.repeat_interleave(16, -1).repeat_interleave(16, -2)


def random_weights(rng):
    return torch.randn(3, 64, 64, generator=rng), in_blocks(torch.randn(3, 4, 4, generator=rng))


class Task:
    """A training, and what comes of it by the book."""

    def __init__(self, rng, *, batch=3, batches=8, done=0):
        self.judge, self.forger = random_weights(rng)
        self.real = in_blocks(torch.rand(batches, batch, 3, 4, 4, generator=rng) * 1.2 - 0.7)
        self.seed, self.lr, self.done = whole_number(rng, 0, 1000), 2.0, done
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


def _judged(judge, frames):
    return torch.sigmoid((frames * judge).mean(dim=(1, 2, 3)) * 100)
