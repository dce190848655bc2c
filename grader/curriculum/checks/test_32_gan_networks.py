"""Hidden checks of 32: layers, sizes and values of both networks of a GAN."""

import math
import re

import pytest
import torch
from torch.nn import functional as F

from grader.compare import expect, looks_like

NORM = ("weight", "bias", "running_mean", "running_var")


def whole(rng, low, high):
    return int(torch.randint(low, high, (), generator=rng))


@pytest.mark.step("output_size")
def test_convolution(submission, rng):
    """computes the output size of a convolution"""
    for size, kernel, stride, padding in (
        (64, 4, 2, 1),
        (4, 4, 1, 0),
        (11, 3, 2, 0),
        (17, 5, 2, 2),
        (8, 3, 2, 1),  # 3.5 and
        (13, 4, 3, 1),  # 3.67 strides fit in: 3 do
        *(_setting(rng) for _ in range(6)),
    ):
        expected = (size + 2 * padding - kernel) // stride + 1
        slips = (expected - 1, (size + padding - kernel) // stride + 1, -(-(size + 2 * padding - kernel) // stride) + 1,
                 size // stride, (size + 2 * padding) // stride, _transposed(size, kernel, stride, padding),
                 (size - kernel) // stride + 1, (size - kernel + 2 * padding) / stride + 1,
                 round((size + 2 * padding - kernel) / stride) + 1)  # fmt: skip
        fixed = ((64 + 2 * padding - kernel) // stride + 1, (size + 2 * padding - 4) // stride + 1)
        parts = (size + 2 * padding - kernel // stride + 1, size + (2 * padding - kernel) // stride + 1)
        ask_size(submission, (size, kernel, stride, padding, False), expected, slips, fixed, parts)


def ask_size(submission, numbers, expected, slips, fixed, parts=()):
    """Ask for a size, and that no layer was run to find it."""
    seen = submission.probe.output_size(*numbers)
    named = {
        "scalar-tensor-not-number": lambda got: hasattr(got, "requires_grad") and tuple(got.shape) == (),
        "wrong-stride-arithmetic": lambda got: got in slips,
        "hard-coded-size": lambda got: got in fixed,
        "parentheses-forgotten": lambda got: got in parts,
    }
    expect(seen).item("size", "the result", named).equals(expected)
    named = {"measured-not-counted": lambda count: count > 0}
    expect(seen).item("placed", "the number of layers that were run", named).equals(0)


def _transposed(size, kernel, stride, padding):
    return (size - 1) * stride + kernel - 2 * padding


def _setting(rng):
    kernel = whole(rng, 2, 6)
    return whole(rng, kernel + 3, 30), kernel, whole(rng, 2, 4), whole(rng, 0, kernel // 2 + 1)


@pytest.mark.step("output_size")
def test_transposed(submission, rng):
    """computes the output size of a transposed convolution"""
    for size, kernel, stride, padding in ((32, 4, 2, 1), (1, 4, 1, 0), *(_setting(rng) for _ in range(6))):
        expected = _transposed(size, kernel, stride, padding)
        slips = (size * stride, size * stride + kernel, size * stride + kernel - 2 * padding, expected + padding,
                 (size - 1) * stride + kernel, (size + 2 * padding - kernel) // stride + 1,
                 (size - 1) * stride + kernel + 2 * padding, expected - 1, (size - 1) * stride - 2 * padding + 1,
                 (size - 1) * stride + 1)  # fmt: skip
        fixed = (_transposed(64, kernel, stride, padding), _transposed(size, 4, stride, padding))
        ask_size(submission, (size, kernel, stride, padding, True), expected, slips, fixed)


class Plan:
    """The layers that a network must run, and what comes out of them."""

    def __init__(self, kind, channels, heights, norms):
        self.kind, self.channels, self.heights, self.norms = kind, channels, heights, norms
        self.down = kind == "Conv2d"
        self._thin = 1 if self.down else 4  # where the channels are the features

    def check(self, submission, rng, name, sizes, batch_shape, train, slips, last=1.0):
        """Let the network run once, and ask for its layers and then for its result."""
        submission.recognise(recognised(batch_shape[1]))
        seen = submission.probe.watched(name, sizes, batch_shape, train, whole(rng, 0, 10**6), last)
        expect(seen).item("batch", "the batch").shape(*batch_shape).dtype(torch.float64).finite()
        expect(seen).item("kept", lookalikes={"mutates-caller": False}).is_true("the batch was changed")
        expect(seen).item("train", lookalikes={"mode-not-restored": False}).is_true("train mode was changed")
        layers = self._layers(seen, len(seen.value["batch"].data), seen.value["out"] is None)
        run = {slip: Run(self, layers, seen.value["batch"].data, train, slip) for slip in ("", *slips)}
        expected = run.pop("").result()
        named = {slip.partition("--")[0]: [] for slip in run}
        for slip, other in run.items():
            named[slip.partition("--")[0]].append(other)
        lookalikes = {
            slip: lambda t, others=others: any(looks_like(t, other.result()) for other in others)
            for slip, others in named.items()
        }
        flat = {"output-not-flat": lambda t: t.shape != (batch_shape[0],) and t.data.numel() == batch_shape[0]}
        if not self.down:
            short = tuple(size for size in expected.shape if size != 1)
            flat = {"squeezed-too-far": lambda t: t.shape in (short, tuple(expected.shape[1:])) and len(t.shape) < 4}
        forced = {
            "dtype-forced": lambda t: t.shape == tuple(expected.shape) and t.dtype in ("float32", "torch.float32")
        }
        out = expect(seen).item("out", "the result", {**flat, **forced, **lookalikes})
        out.tensor(expected)

    def _layers(self, seen, batch, broke):
        """Ask whether convolutions and batch norms ran in this order, with these sizes; return them."""
        expect(seen).item("layers", "the list of layers that ran", {"list-hides-layers": []}).satisfies(
            len, "no layer that the network has registered was run", expected="five convolutions"
        )
        layers = seen.value["layers"]
        convolutions = [layer for layer in layers if layer["kind"] != "BatchNorm2d"]
        kinds = [layer["kind"] for layer in convolutions]
        expect(kinds, what="the list of convolutions that ran").satisfies(
            lambda got: set(got) == {self.kind}, f"not every convolution is an nn.{self.kind}", expected=self.kind
        )
        expected = [[batch, out, height, height] for out, height in zip(self.channels[1:], self.heights, strict=True)]
        # Fewer layers than expected only where the next one had no room left.
        complete = broke or len(convolutions) == 5
        wide = [[64 * part // self.channels[self._thin] for part in self.channels[1:5]], 64]
        odd = {
            "wrong-stride-arithmetic": lambda got: (
                complete and [s[2:] for s in got] != [s[2:] for s in expected[: len(got)]]
            ),
            "hard-coded-size": lambda got: (
                [s[1] for s in got[:4]] == wide[0] or [s[1] for s in got] == [*self.channels[1:5], 3]
            ),
        }
        sizes = [layer["shape"] for layer in convolutions]
        expect(sizes, odd, what="the list of shapes after each convolution").equals(expected)
        order = [int(layer["kind"] == "BatchNorm2d") for layer in layers]
        expected = [step for index in range(5) for step in ([0, 1] if index in self.norms else [0])]
        what = "the list of layers in order, 0 for a convolution and 1 for a batch norm,"
        expect(order, self._norm_slips(), what=what).equals(expected)
        for index, layer in enumerate(convolutions):
            ends = self.channels[index : index + 2]
            weight = expect(layer["weight"], what=f"the weight of convolution {index + 1}")
            weight.shape(*(ends[::-1] if self.down else ends), 4, 4).dtype(torch.float64)
        strides = [layer["stride"] for layer in convolutions]
        expected = [[2, 2]] * 4 + [[1, 1]] if self.down else [[1, 1]] + [[2, 2]] * 4
        expect(strides, what="the list of strides").equals(expected)
        for layer in layers:
            if layer["kind"] == "BatchNorm2d":
                said = "a batch norm lacks its weight, bias or running statistics"
                whole_norm = lambda each: all(each[key].data is not None for key in NORM)  # noqa: E731
                momentum = expect(layer).item("momentum", "the momentum of a batch norm")
                momentum.satisfies(lambda value: value == 0.1, "a batch norm has another momentum", expected="0.1")
                expect(layer).satisfies(whole_norm, said, got="", expected="nn.BatchNorm2d with its defaults")
        return layers

    def _norm_slips(self):
        first = lambda order: self.down and order[:2] == [0, 1]  # noqa: E731
        return {
            "batchnorm-on-first-layer": first,
            "batchnorm-on-last-layer": lambda order: order[-1] == 1,
            "batchnorm-left-out": lambda order: sum(order) < len(self.norms),
        }


def recognised(channels):
    """Return what the messages of exceptions give away, where so many channels come in."""

    def fixed(error):
        found = re.search(r"to have (3|100) channels, but got (\d+) channels", error.message)
        return "100, 1, 1]' is invalid" in error.message or (bool(found) and int(found[2]) == channels)

    return {
        "missing-super-init": lambda error: "before Module.__init__() call" in error.message,
        "dtype-forced": lambda error: bool(
            re.search(r"(?i)input type \([a-z.]*float(tensor)?\) and .*double", error.message)
        ),
        "hard-coded-size": fixed,
    }


class Run:
    """The reference: the layers that ran, run once more in float64, right or with a slip."""

    def __init__(self, plan, layers, batch, train, slip):
        self.plan, self.batch, self.train, self.slip = plan, batch, train, slip
        self.norms = [layer for layer in layers if layer["kind"] == "BatchNorm2d"]
        self.convolutions = [layer for layer in layers if layer["kind"] != "BatchNorm2d"]

    def result(self):
        """Return what comes out."""
        scaled = {"pixels-scaled--255": (255, 0), "pixels-scaled--unit": (2, 0.5), "pixels-scaled--sign": (0.5, -1)}
        factor, shift = scaled.get(self.slip, (1, 0))
        x, norms = self.batch / factor + shift, iter(self.norms)
        for index, layer in enumerate(self.convolutions):
            x = self._convolve(x, layer, index)
            left_out = self.slip == f"activation-left-out--{index}"
            parts = [self._activate] if index < 4 and not left_out else []
            if index in self.plan.norms:
                norm = next(norms)
                parts.insert(
                    len(parts) if self.slip == "batchnorm-after-activation" else 0,
                    lambda x, n=norm: self._normalise(x, n),
                )
            for part in parts:
                x = part(x)
        return self._finish(x)

    def _convolve(self, x, layer, index):
        bias = None if layer["bias"] is None else layer["bias"].data
        stride, padding = (1, 0) if index == (4 if self.plan.down else 0) else (2, 1)
        run = F.conv2d if self.plan.down else F.conv_transpose2d
        return run(x, layer["weight"].data, bias, stride=stride, padding=padding)

    def _normalise(self, x, norm):
        weight, bias, mean, variance = (norm[key].data.clone() for key in NORM)
        return F.batch_norm(x, mean, variance, weight, bias, training=self.train)

    def _activate(self, x):
        if self.slip == "activation-left-out":
            return x
        slope = {"leaky-slope-default": 0.01, "relu-and-leaky-mixed-up": 0.0 if self.plan.down else 0.2}
        return F.leaky_relu(x, slope.get(self.slip, 0.2 if self.plan.down else 0.0))

    def _finish(self, x):
        if self.plan.down:
            ways = {
                "no-sigmoid": lambda t: t, "softmax-for-sigmoid": lambda t: t.softmax(0),
                "softmax-for-sigmoid--channels": lambda t: t.softmax(1), "labels-swapped": lambda t: 1 - t.sigmoid(),
                "probabilities-into-logits": lambda t: t.sigmoid().sigmoid(),
            }  # fmt: skip
            return ways.get(self.slip, torch.sigmoid)(x).flatten()
        ways = {"no-tanh": lambda t: t, "no-tanh--sigmoid": torch.sigmoid, "no-tanh--clamp": lambda t: t.clamp(-1, 1),
                "no-tanh--half": lambda t: t.tanh() / 2 + 0.5, "no-tanh--bytes": lambda t: t.tanh() * 127.5 + 127.5}  # fmt: skip
        return ways.get(self.slip, torch.tanh)(x)


def discriminator_plan(in_channels, features):
    channels = [in_channels, features, 2 * features, 4 * features, 8 * features, 1]
    return Plan("Conv2d", channels, (32, 16, 8, 4, 1), (1, 2, 3))


def generator_plan(latent_size, out_channels, features):
    channels = [latent_size, 8 * features, 4 * features, 2 * features, features, out_channels]
    return Plan("ConvTranspose2d", channels, (4, 8, 16, 32, 64), (0, 1, 2, 3))


SLIPS = (
    "activation-left-out",
    *(f"activation-left-out--{index}" for index in range(4)),
    "batchnorm-after-activation",
    "relu-and-leaky-mixed-up",
)
DOWN = (
    "no-sigmoid",
    "leaky-slope-default",
    *SLIPS,
    "softmax-for-sigmoid",
    "softmax-for-sigmoid--channels",
    "labels-swapped",
    "probabilities-into-logits",
    "pixels-scaled--255",
    "pixels-scaled--unit",
    "pixels-scaled--sign",
)


@pytest.mark.step("Discriminator")
def test_discriminator(submission, rng):
    """runs the five convolutions with all that follows them, and returns one probability for each frame"""
    for in_channels, features, batch, train in ((3, 2, 5, True), (1, 3, 4, False)):
        sizes = {"in_channels": in_channels, "features": features}
        shape = [batch, in_channels, 64, 64]
        plan = discriminator_plan(in_channels, features)
        plan.check(submission, rng, "Discriminator", sizes, shape, train, DOWN)


@pytest.mark.step("Discriminator")
def test_single_frame(submission, rng):
    """returns shape (1,) for a single frame, also where it is all but sure"""
    plan = discriminator_plan(3, 2)
    sizes = {"in_channels": 3, "features": 2}
    for train in (False, True):
        plan.check(submission, rng, "Discriminator", sizes, [1, 3, 64, 64], train, (), last=20.0)


@pytest.mark.step("Discriminator")
def test_discriminator_float32(submission, rng, device):
    """is built in float32, and answers between 0 and 1"""
    frames = torch.rand(3, 2, 64, 64, generator=rng) * 2 - 1
    sizes = {"in_channels": 2, "features": 3}
    flat = {
        "output-not-flat": lambda t: t.shape != (3,) and t.data.numel() == 3,
        "no-sigmoid": lambda t: t.data.min() < -1 or t.data.max() > 1,
        "detached-returned": lambda t: not t.requires_grad and "float" in t.dtype and t.shape == (3,),
        "state-between-calls": lambda t: t.shape == (2,),
    }
    submission.recognise(recognised(2))
    seen = expect(submission.probe.plain_pass("Discriminator", sizes, frames, device), flat)
    seen.shape(3).dtype(torch.float32).on(device).finite().requires_grad(True)
    seen.satisfies(lambda t: t.data.min() >= 0 and t.data.max() <= 1, "some answers are below 0 or above 1")


def ask_device(seen):
    """Ask that nothing is moved to a device of the network's own choice."""
    moved = expect(seen).item("moved", lookalikes={"hard-coded-device": True})
    moved.is_false("something was moved to a device that the network chose itself")


@pytest.mark.step("Discriminator")
def test_discriminator_defaults(submission):
    """takes frames of 3 channels and has 64 features by default"""
    seen = submission.probe.by_default("Discriminator", [2, 3, 64, 64])
    expected = [[64, 3, 4, 4], [128, 64, 4, 4], [256, 128, 4, 4], [512, 256, 4, 4], [1, 512, 4, 4]]
    ask_device(seen)
    shapes = expect(seen).item("weights", "the sorted list of the weights' shapes", {"list-hides-layers": []})
    shapes.equals(sorted(expected))
    named = {"output-not-flat": lambda t: t.shape != (2,) and math.prod(t.shape) == 2}
    expect(seen).item("out", "the result", named).shape(2).on("meta")


@pytest.mark.step("Generator")
def test_generator(submission, rng):
    """runs the five transposed convolutions with all that follows them"""
    slips = ("no-tanh", "no-tanh--sigmoid", "no-tanh--clamp", "no-tanh--half", "no-tanh--bytes", *SLIPS)
    for latent_size, out_channels, features, batch, train in (
        (7, 3, 2, 5, True),
        (6, 1, 3, 4, False),
        (5, 2, 2, 1, True),
    ):
        sizes = {"latent_size": latent_size, "out_channels": out_channels, "features": features}
        plan = generator_plan(latent_size, out_channels, features)
        plan.check(submission, rng, "Generator", sizes, [batch, latent_size, 1, 1], train, slips)


@pytest.mark.step("Generator")
def test_generator_float32(submission, rng, device):
    """is built in float32, and makes frames between -1 and 1"""
    latent = torch.randn(3, 5, 1, 1, generator=rng)
    sizes = {"latent_size": 5, "out_channels": 2, "features": 3}
    cut = {
        "detached-returned": lambda t: not t.requires_grad and "float" in t.dtype and t.shape == (3, 2, 64, 64),
        "state-between-calls": lambda t: t.shape == (2, 2, 64, 64),
    }
    submission.recognise(recognised(5))
    seen = expect(submission.probe.plain_pass("Generator", sizes, latent, device), cut)
    seen.shape(3, 2, 64, 64).dtype(torch.float32).on(device).finite().requires_grad(True)
    seen.satisfies(lambda t: t.data.abs().max() <= 1, "some pixels are below -1 or above 1", misconception="no-tanh")


@pytest.mark.step("Generator")
def test_generator_defaults(submission):
    """turns latent vectors of 100 numbers into frames of 3 channels by default"""
    seen = submission.probe.by_default("Generator", [2, 100, 1, 1])
    expected = [[100, 512, 4, 4], [512, 256, 4, 4], [256, 128, 4, 4], [128, 64, 4, 4], [64, 3, 4, 4]]
    ask_device(seen)
    shapes = expect(seen).item("weights", "the sorted list of the weights' shapes", {"list-hides-layers": []})
    shapes.equals(sorted(expected))
    expect(seen).item("out", "the result").shape(2, 3, 64, 64).on("meta")
