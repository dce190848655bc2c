"""Hidden checks of 32: layers, sizes and values of both networks of a GAN."""

import pytest
import torch
from torch.nn import functional as F

from grader.compare import expect, looks_like

NORM = ("weight", "bias", "running_mean", "running_var")


def whole(rng, low, high):
    return int(torch.randint(low, high, (), generator=rng))


@pytest.mark.step("output_size")
def test_convolution(submission, rng):
    """counts the places of a kernel that moves by strides"""
    for size, kernel, stride, padding in (
        (64, 4, 2, 1),
        (4, 4, 1, 0),
        (11, 3, 2, 0),
        (17, 5, 2, 2),
        *(_setting(rng) for _ in range(6)),
    ):
        due = (size + 2 * padding - kernel) // stride + 1
        slips = (due - 1, (size + padding - kernel) // stride + 1, -(-(size + 2 * padding - kernel) // stride) + 1,
                 size // stride, (size + 2 * padding) // stride, _transposed(size, kernel, stride, padding),
                 (size - kernel) // stride + 1, (size - kernel + 2 * padding) / stride + 1)  # fmt: skip
        named = {"wrong-stride-arithmetic": lambda got, slips=slips: got in slips}
        expect(submission.output_size(size, kernel, stride, padding, False), named).equals(due)


def _transposed(size, kernel, stride, padding):
    return (size - 1) * stride + kernel - 2 * padding


def _setting(rng):
    kernel = whole(rng, 2, 6)
    return whole(rng, kernel + 3, 30), kernel, whole(rng, 2, 4), whole(rng, 0, kernel // 2 + 1)


@pytest.mark.step("output_size")
def test_transposed(submission, rng):
    """counts how far the kernels of a transposed convolution reach"""
    for size, kernel, stride, padding in ((32, 4, 2, 1), (1, 4, 1, 0), *(_setting(rng) for _ in range(6))):
        due = _transposed(size, kernel, stride, padding)
        slips = (size * stride, size * stride + kernel, size * stride + kernel - 2 * padding, due + padding,
                 (size - 1) * stride + kernel, (size + 2 * padding - kernel) // stride + 1,
                 (size - 1) * stride + kernel + 2 * padding)  # fmt: skip
        named = {"wrong-stride-arithmetic": lambda got, slips=slips: got in slips}
        expect(submission.output_size(size, kernel, stride, padding, True), named).equals(due)


class Plan:
    """The layers that a network must run, and what comes out of them."""

    def __init__(self, kind, channels, heights, norms):
        self.kind, self.channels, self.heights, self.norms = kind, channels, heights, norms
        self.down = kind == "Conv2d"

    def check(self, submission, rng, name, sizes, batch_shape, train, slips):
        """Let the network run once, and ask for its layers and then for its result."""
        seen = submission.probe.watched(name, sizes, batch_shape, train, whole(rng, 0, 10**6))
        expect(seen).item("batch", "the batch").shape(*batch_shape).dtype(torch.float64).finite()
        layers = self._layers(seen, len(seen.value["batch"].data))
        run = {slip: Run(self, layers, seen.value["batch"].data, train, slip) for slip in ("", *slips)}
        due = run.pop("").result()
        named = {slip.partition("--")[0]: [] for slip in run}
        for slip, other in run.items():
            named[slip.partition("--")[0]].append(other)
        lookalikes = {
            slip: lambda t, others=others: any(looks_like(t, other.result()) for other in others)
            for slip, others in named.items()
        }
        flat = {"output-not-flat": lambda t: t.shape != (batch_shape[0],) and t.data.numel() == batch_shape[0]}
        out = expect(seen).item("out", "what came out", {**(flat if self.down else {}), **lookalikes})
        out.tensor(due)
        expect(seen).item("train", "whether train mode is as it was").equals(True)

    def _layers(self, seen, batch):
        """Ask whether convolutions and batch norms ran in this order, with these sizes; return them."""
        expect(seen).item("layers", "the list of layers that ran", {"list-hides-layers": []}).satisfies(
            len, "none of the layers that `modules()` knows of ran", due="five convolutions"
        )
        layers = seen.value["layers"]
        convolutions = [layer for layer in layers if layer["kind"] != "BatchNorm2d"]
        kinds = [layer["kind"] for layer in convolutions]
        expect(kinds, what="the list of convolutions that ran").satisfies(
            lambda got: set(got) == {self.kind}, f"a network of {self.kind} layers is due", due=self.kind
        )
        due = [[batch, out, height, height] for out, height in zip(self.channels[1:], self.heights, strict=True)]
        odd = {"wrong-stride-arithmetic": lambda got: [s[2:] for s in got] != [s[2:] for s in due[: len(got)]]}
        sizes = [layer["shape"] for layer in convolutions]
        expect(sizes, odd, what="the list of shapes after each convolution").equals(due)
        order = [int(layer["kind"] == "BatchNorm2d") for layer in layers]
        expected = [step for index in range(5) for step in ([0, 1] if index in self.norms else [0])]
        expect(order, self._norm_slips(), what="the order of convolutions (0) and batch norms (1)").equals(expected)
        for index, layer in enumerate(convolutions):
            ends = self.channels[index : index + 2]
            weight = expect(layer["weight"], what=f"the weight of convolution {index + 1}")
            weight.shape(*(ends[::-1] if self.down else ends), 4, 4).dtype(torch.float64)
        for layer in layers:
            if layer["kind"] == "BatchNorm2d":
                said = "a batch norm lacks its weight, bias or running statistics"
                whole_norm = lambda each: all(each[key].data is not None for key in NORM)  # noqa: E731
                expect(layer, what="a batch norm").satisfies(whole_norm, said, due="nn.BatchNorm2d as it comes")
        return layers

    def _norm_slips(self):
        first = lambda order: self.down and order[:2] == [0, 1]  # noqa: E731
        return {
            "batchnorm-on-first-layer": first,
            "batchnorm-on-last-layer": lambda order: order[-1] == 1,
            "batchnorm-left-out": lambda order: sum(order) < len(self.norms),
        }


class Run:
    """The reference: the layers that ran, run once more in float64, right or with a slip."""

    def __init__(self, plan, layers, batch, train, slip):
        self.plan, self.batch, self.train, self.slip = plan, batch, train, slip
        self.norms = [layer for layer in layers if layer["kind"] == "BatchNorm2d"]
        self.convolutions = [layer for layer in layers if layer["kind"] != "BatchNorm2d"]

    def result(self):
        """Return what comes out."""
        x, norms = self.batch, iter(self.norms)
        for index, layer in enumerate(self.convolutions):
            x = self._convolve(x, layer, index)
            parts = [self._activate] if index < 4 else []
            if index in self.plan.norms:
                norm = next(norms)
                parts.insert(
                    1 if self.slip == "batchnorm-after-activation" else 0, lambda x, n=norm: self._normalise(x, n)
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
            return (x if self.slip == "no-sigmoid" else x.sigmoid()).flatten()
        ways = {"no-tanh": lambda t: t, "no-tanh--sigmoid": torch.sigmoid, "no-tanh--clamp": lambda t: t.clamp(-1, 1)}
        return ways.get(self.slip, torch.tanh)(x)


def discriminator_plan(in_channels, features):
    channels = [in_channels, features, 2 * features, 4 * features, 8 * features, 1]
    return Plan("Conv2d", channels, (32, 16, 8, 4, 1), (1, 2, 3))


def generator_plan(latent_size, out_channels, features):
    channels = [latent_size, 8 * features, 4 * features, 2 * features, features, out_channels]
    return Plan("ConvTranspose2d", channels, (4, 8, 16, 32, 64), (0, 1, 2, 3))


SLIPS = ("activation-left-out", "batchnorm-after-activation", "relu-and-leaky-mixed-up")


@pytest.mark.step("Discriminator")
def test_discriminator(submission, rng):
    """runs the five convolutions with all that follows them, and returns one probability for each frame"""
    for in_channels, features, batch, train in ((3, 2, 5, True), (1, 3, 4, False)):
        sizes = {"in_channels": in_channels, "features": features}
        shape = [batch, in_channels, 64, 64]
        plan = discriminator_plan(in_channels, features)
        plan.check(submission, rng, "Discriminator", sizes, shape, train, ("no-sigmoid", "leaky-slope-default", *SLIPS))


@pytest.mark.step("Discriminator")
def test_single_frame(submission, rng):
    """returns shape (1,) for a single frame"""
    plan = discriminator_plan(3, 2)
    plan.check(submission, rng, "Discriminator", {"in_channels": 3, "features": 2}, [1, 3, 64, 64], False, SLIPS)


@pytest.mark.step("Discriminator")
def test_discriminator_float32(submission, rng, device):
    """is built in float32, and answers between 0 and 1"""
    frames = torch.rand(3, 2, 64, 64, generator=rng) * 2 - 1
    sizes = {"in_channels": 2, "features": 3}
    flat = {
        "output-not-flat": lambda t: t.shape != (3,) and t.data.numel() == 3,
        "no-sigmoid": lambda t: t.data.min() < 0 or t.data.max() > 1,
        "detached-returned": lambda t: not t.requires_grad,
    }
    seen = expect(submission.probe.plain_pass("Discriminator", sizes, frames, device), flat, what="what came out")
    seen.shape(3).dtype(torch.float32).on(device).finite().requires_grad(True)
    seen.satisfies(lambda t: t.data.min() >= 0 and t.data.max() <= 1, "answers lie outside of 0 to 1")


@pytest.mark.step("Discriminator")
def test_discriminator_defaults(submission):
    """takes frames of 3 channels to 64 features when nothing is said"""
    seen = submission.probe.by_default("Discriminator", [2, 3, 64, 64])
    due = [[64, 3, 4, 4], [128, 64, 4, 4], [256, 128, 4, 4], [512, 256, 4, 4], [1, 512, 4, 4]]
    expect(seen).item("weights", "the sorted shapes of the weights", {"list-hides-layers": []}).equals(sorted(due))
    expect(seen).item("out", "what came out", {"output-not-flat": lambda t: t.shape != (2,)}).shape(2).on("meta")


@pytest.mark.step("Generator")
def test_generator(submission, rng):
    """runs the five transposed convolutions with all that follows them"""
    slips = ("no-tanh", "no-tanh--sigmoid", "no-tanh--clamp", *SLIPS)
    for latent_size, out_channels, features, batch, train in ((7, 3, 2, 5, True), (6, 1, 3, 4, False)):
        sizes = {"latent_size": latent_size, "out_channels": out_channels, "features": features}
        plan = generator_plan(latent_size, out_channels, features)
        plan.check(submission, rng, "Generator", sizes, [batch, latent_size, 1, 1], train, slips)


@pytest.mark.step("Generator")
def test_generator_float32(submission, rng, device):
    """is built in float32, and makes frames between -1 and 1"""
    latent = torch.randn(3, 5, 1, 1, generator=rng)
    sizes = {"latent_size": 5, "out_channels": 2, "features": 3}
    cut = {"detached-returned": lambda t: not t.requires_grad}
    seen = expect(submission.probe.plain_pass("Generator", sizes, latent, device), cut, what="what came out")
    seen.shape(3, 2, 64, 64).dtype(torch.float32).on(device).finite().requires_grad(True)
    seen.satisfies(lambda t: t.data.abs().max() <= 1, "frames hold values outside of -1 to 1", misconception="no-tanh")


@pytest.mark.step("Generator")
def test_generator_defaults(submission):
    """takes latent vectors of 100 numbers to frames of 3 channels when nothing is said"""
    seen = submission.probe.by_default("Generator", [2, 100, 1, 1])
    due = [[100, 512, 4, 4], [512, 256, 4, 4], [256, 128, 4, 4], [128, 64, 4, 4], [64, 3, 4, 4]]
    expect(seen).item("weights", "the sorted shapes of the weights", {"list-hides-layers": []}).equals(sorted(due))
    expect(seen).item("out", "what came out").shape(2, 3, 64, 64).on("meta")
