"""Hidden checks of 33: the discriminator learns from real and fake frames, and the generator stays out of it."""

import math

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from grader.compare import expect, looks_like, require, tolerance

GAMES = ("ALE/Breakout-v5", "ALE/Pong-v5", "ALE/AirRaid-v5")
SHAPES = {
    "discriminator": ((4, 3, 8, 8), (4,), (1, 4, 8, 8), (1,)),
    "generator": ((7, 4, 8, 8), (4,), (4, 3, 8, 8), (3,)),
}
DEFAULTS = {"eps": 1e-8, "weight_decay": 0, "amsgrad": False, "maximize": False}
# What each misunderstanding does to the discriminator's step.
SLIPS = ("labels-swapped", "fake-under-no-grad", "zero-grad-missing", "mean-vs-sum", "two-updates")


def whole(rng, low, high):
    return int(torch.randint(low, high, (), generator=rng))


@pytest.mark.step("sample_latent")
def test_latent(submission, rng, device):
    """draws float32 numbers of the right shape and leaves the global random state alone"""
    for batch_size, latent_size in ((3, 5), (4, 2)):
        generator = torch.Generator().manual_seed(whole(rng, 0, 10**6))
        seen = expect(submission.sample_latent(batch_size, latent_size, generator, device))
        seen.shape(batch_size, latent_size, 1, 1).dtype(torch.float32).on(device).finite()
        seen.keeps_globals(misconception="global-rng-touched")


@pytest.mark.step("sample_latent")
def test_normal(submission, rng, device):
    """draws from the normal distribution with mean 0 and standard deviation 1"""
    generator = torch.Generator().manual_seed(whole(rng, 0, 10**6))
    seen = expect(submission.sample_latent(50, 100, generator, device), {"latent-uniform": _is_uniform})
    seen.shape(50, 100, 1, 1)
    seen.satisfies(lambda t: abs(t.data.mean()) < 0.1, "its mean is far from 0", due="about 0")
    seen.satisfies(lambda t: abs(t.data.std() - 1) < 0.1, "its standard deviation is far from 1", due="about 1")
    far = "hardly any number lies beyond 2 standard deviations, or too many do"
    seen.satisfies(lambda t: 0.02 < (t.data.abs() > 2).double().mean() < 0.08, far, due="about 4.6 % of them")


def _is_uniform(t):
    """Tell whether the numbers fill the range between their ends evenly."""
    low, high = t.data.min(), t.data.max()
    return bool(((t.data < (low + high) / 2).double().mean() - 0.5).abs() < 0.05 and t.data.std() > 0.27 * (high - low))


@pytest.mark.step("sample_latent")
def test_uses_generator(submission, rng, device):
    """repeats itself for a generator in the same state, and only then"""
    seen = submission.probe.draw_thrice(3, 5, whole(rng, 0, 10**6), device)
    three = expect(seen).length(3)
    three.item(0, "the first draw").tensor(torch.empty(3, 5, 1, 1, device="meta"), device=device).finite()
    first = seen.value[0].data
    drawn_anew = {"global-rng-touched": lambda t: not torch.equal(t.data, first)}
    three.item(2, "the draw with another generator in the same state", drawn_anew).values(first)
    same = "the second draw with the same generator brought the same numbers"
    three.item(1, "the second draw").shape(3, 5, 1, 1).satisfies(lambda t: not torch.equal(t.data, first), same)


@pytest.mark.step("sample_latent")
def test_latent_on_device(submission, rng):
    """brings the numbers to the device that it is given"""
    seen = submission.sample_latent(3, 5, torch.Generator().manual_seed(1), torch.device("meta"))
    expect(seen, {"hard-coded-device": lambda t: t.device == "cpu"}).shape(3, 5, 1, 1).on("meta")


def loss_of(real, fake, slip=""):
    """Return the discriminator's loss from its answers, right or with a slip."""
    one, zero = (0.0, 1.0) if slip == "labels-swapped" else (1.0, 0.0)
    fake = fake.detach() if slip == "fake-under-no-grad" else fake
    parts = [F.binary_cross_entropy(p, torch.full_like(p, label)) for p, label in ((real, one), (fake, zero))]
    return sum(parts) / (2 if slip == "mean-vs-sum" else 1)


@pytest.mark.step("discriminator_loss")
def test_loss(submission, rng, device):
    """adds the mean loss of the real answers to that of the fake ones"""
    for n, m in ((5, 3), (2, 4)):
        real, fake = (torch.randn(size, generator=rng).mul(2).sigmoid() for size in (n, m))
        named = {
            "labels-swapped": loss_of(real, fake, "labels-swapped"),
            "probabilities-into-logits": loss_of(real.sigmoid(), fake.sigmoid()),
            "mean-vs-sum": lambda t, real=real, fake=fake: any(torch.allclose(t.data, x) for x in _means(real, fake)),
        }
        seen = expect(submission.discriminator_loss(real, fake), named)
        seen.tensor(loss_of(real, fake), device=device)
        seen.keeps_argument(0, real, "mutates-caller").keeps_argument(1, fake, "mutates-caller")


def _means(real, fake):
    """Return the loss as other ways of averaging give it."""
    real_losses, fake_losses = -real.log(), -(1 - fake).log()
    everything = torch.cat([real_losses, fake_losses])
    return everything.mean(), everything.sum(), (real_losses.mean() + fake_losses.mean()) / 2


@pytest.mark.step("discriminator_loss")
def test_loss_gradients(submission, rng):
    """lets gradients flow to the answers of both kinds"""
    real, fake = (torch.randn(size, generator=rng).mul(2).sigmoid() for size in (4, 3))
    upstream = torch.randn((), generator=rng)
    due = [each.clone().requires_grad_() for each in (real, fake)]
    (loss_of(*due) * upstream).backward()
    pair = expect(submission.probe.loss_gradients(real, fake, upstream)).length(2)
    for index, name in enumerate(("real_probabilities", "fake_probabilities")):
        swapped = [each.clone().requires_grad_() for each in (real, fake)]
        (loss_of(*swapped, "labels-swapped") * upstream).backward()
        # What is averaged otherwise has gradients of the right direction and another size.
        scaled = lambda t, i=index: _same_ratio(t.grad.data, due[i].grad)  # noqa: E731
        cut_off = ("detached-returned", "fake-under-no-grad")[index]
        named = {"labels-swapped": swapped[index].grad, "mean-vs-sum": scaled, cut_off: lambda t: t.grad is None}
        pair.item(index, name, named).grad(due[index].grad)


def _same_ratio(got, due):
    ratio = got / due
    return bool(torch.allclose(ratio, ratio[0].expand_as(ratio), rtol=1e-3))


@pytest.mark.step("discriminator_loss")
def test_loss_on_device(submission, rng):
    """keeps to the device of the answers"""
    submission.discriminator_loss(torch.rand(3, generator=rng), torch.rand(2, generator=rng))
    elsewhere = [torch.empty(size, device="meta") for size in (3, 2)]
    seen = submission.attempt("discriminator_loss", *elsewhere)
    require(seen.exception is None, "on another device it raised", got=str(seen.exception),
            due="a loss on the device of the answers", misconception="hard-coded-device")  # fmt: skip
    expect(seen, {"hard-coded-device": lambda t: t.device == "cpu"}).shape().on("meta")


@pytest.mark.step("make_optimizers")
def test_optimizers(submission, rng):
    """gives each network an Adam of its own with the settings asked for"""
    layers = {"discriminator": (0, 2), "generator": (0,)}
    for lr in (0.0001 * whole(rng, 2, 9), 0.01 * whole(rng, 2, 9)):
        seen = submission.probe.optimizers_of(lr)
        expect(seen).length(2)
        for index, (name, numbers) in enumerate(layers.items()):
            due = [f"{name}.{number}.{kind}" for number in numbers for kind in ("bias", "weight")]
            _right_optimizer(expect(seen).item(index, f"the optimizer for the {name}"), name, due, lr)


def _right_optimizer(optimizer, network, due, lr):
    of = f"of the optimizer for the {network}"
    optimizer.item("class", f"the class {of}").equals("Adam")
    wrong_net = {"optimizer-over-wrong-net": lambda held: held != due}
    optimizer.item("parameters", f"the list of parameters {of}", wrong_net).equals(due)
    for key, value in {"lr": lr, "betas": [0.5, 0.999], **DEFAULTS}.items():
        named = {
            "lr": {"hard-coded-hyperparameters": lambda each: True},
            "betas": {"adam-default-betas": [[0.9, 0.999]]},
        }
        setting = optimizer.item(key, f"{key} {of}", named.get(key))
        setting.satisfies(
            lambda each, value=value: all(one == value for one in each),
            f"{key} {of} is not what is due",
            due=str(value),
        )


class Round:
    """What one run of three steps is made of, and what is due after it; on real frames or on random ones."""

    def __init__(self, rng, *, game="", batch=3, train=True):
        self.game, self.batch, self.train = game, batch, train
        self.lr, self.momentum = (0.02, 0.5) if train else (0.005, 0.0)
        self.weights = {name: [_weight(shape, rng) for shape in shapes] for name, shapes in SHAPES.items()}
        self.garbage = {
            name: [torch.randn(shape, generator=rng) for shape in shapes] for name, shapes in SHAPES.items()
        }
        self.latents = [torch.randn(batch, 7, 1, 1, generator=rng) for _ in range(3)]
        self.upstream = torch.randn(batch, 3, 64, 64, generator=rng) / 100
        self.frames = torch.rand(3 * (batch + 2), 3, 64, 64, generator=rng) * 2 - 1
        self.seed = whole(rng, 0, 10**6)
        self._cache = {}

    def seen(self, submission, device):
        """Run the three steps, and make sure that the frames are such."""
        seen = submission.probe.three_steps(
            self.game, self.seed, self.frames, self.weights, self.garbage, self.latents, self.upstream,
            self.lr, self.momentum, self.train, device,
        )  # fmt: skip
        frames = expect(seen).item("frames", "the real frames").shape(*self.frames.shape).dtype(torch.float32).finite()
        frames.satisfies(
            lambda t: t.data.abs().max() < 1.001 and t.data.std() > 0.05, "the frames are no game's frames"
        )
        self.frames = seen.value["frames"].data
        return seen

    def networks(self):
        """Return the discriminator and the generator that the run began with, garbage in .grad, in float64."""
        discriminator = nn.Sequential(
            nn.Conv2d(3, 4, 8, 8), nn.LeakyReLU(0.2), nn.Conv2d(4, 1, 8), nn.Sigmoid(), nn.Flatten(0)
        )
        generator = nn.Sequential(nn.ConvTranspose2d(7, 4, 8), nn.ReLU(), nn.ConvTranspose2d(4, 3, 8, 8), nn.Tanh())
        for network, name in ((discriminator, "discriminator"), (generator, "generator")):
            parameters = network.double().parameters()
            for parameter, value, grad in zip(parameters, self.weights[name], self.garbage[name], strict=True):
                parameter.data, parameter.grad = value.double(), grad.double()
        return discriminator, generator

    def due(self, slip=""):
        """Return the discriminator's parameters after three steps, and the three losses; right or with a slip."""
        if slip not in self._cache:
            self._cache[slip] = self._trained(slip)
        return self._cache[slip]

    def _trained(self, slip):
        (network, generator), losses = self.networks(), []
        optimizer = torch.optim.SGD(network.parameters(), lr=self.lr, momentum=self.momentum)
        for real, latent in zip(self.frames.double().chunk(3), self.latents, strict=True):
            losses.append(_step(network, optimizer, real, generator(latent.double()).detach(), slip))
        return [parameter.detach() for parameter in network.parameters()], losses

    def parameters_like(self, slips, index):
        """Return lookalikes for one parameter of the trained discriminator."""
        return {slip: lambda t, slip=slip: looks_like(t, self.due(slip)[0][index]) for slip in slips}

    def losses_like(self, slips, index, device):
        """Return lookalikes for one of the losses."""
        return {slip: lambda value, slip=slip: near(value, self.due(slip)[1][index], device) for slip in slips}


def _step(network, optimizer, real, fake, slip):
    """Take one step, right or with a slip; return the loss."""
    if slip != "zero-grad-missing":
        optimizer.zero_grad()
    if slip == "two-updates":
        loss = F.binary_cross_entropy(network(real), torch.ones(len(real), dtype=torch.float64))
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        second = F.binary_cross_entropy(network(fake), torch.zeros(len(fake), dtype=torch.float64))
        second.backward()
        loss = loss + second
    else:
        loss = loss_of(network(real), network(fake), slip)
        loss.backward()
    optimizer.step()
    if slip == "loss-after-step":
        loss = loss_of(network(real), network(fake))
    return loss.item()


def _weight(shape, rng):
    """Draw a weight about as large as torch would."""
    return torch.randn(shape, generator=rng) / math.prod(shape[1:] or (16,)) ** 0.5 / 2


def near(value, due, device):
    """Tell whether a float is `due`, by float32's tolerance on that device."""
    relative, absolute = tolerance("float32", "float32", device.type)
    return math.isclose(value, due, rel_tol=relative, abs_tol=absolute)


@pytest.mark.step("discriminator_step")
def test_three_steps(submission, rng, device):
    """moves the discriminator right, three times in a row, from dirty gradients"""
    run = Round(rng, game=GAMES[whole(rng, 0, 3)])
    seen = run.seen(submission, device)
    parameters = expect(seen).item("discriminator").length(4)
    for index, name in enumerate(("first weight", "first bias", "last weight", "last bias")):
        named = run.parameters_like(SLIPS, index)
        parameters.item(index, f"the discriminator's {name} after three steps", named).values(run.due()[0][index])


@pytest.mark.step("discriminator_step")
def test_losses(submission, rng, device):
    """returns each step's loss as a plain float"""
    run = Round(rng, game=GAMES[whole(rng, 0, 3)], batch=4, train=False)
    seen = run.seen(submission, device)
    losses = expect(seen).item("losses").length(3)
    slips = ("labels-swapped", "mean-vs-sum", "zero-grad-missing", "two-updates", "loss-after-step")
    for index, due in enumerate(run.due()[1]):
        named = {"loss-keeps-graph": lambda value: value.requires_grad, **run.losses_like(slips, index, device)}
        loss = losses.item(index, f"the loss of step {index + 1}", named).is_a(float)
        said = f"the loss of step {index + 1} is not what is due"
        loss.satisfies(lambda value, due=due: near(value, due, device), said, due=f"{due:.6g}")


@pytest.mark.step("discriminator_step")
def test_generator_untouched(submission, rng, device):
    """lets no gradient into the generator, and leaves train mode alone"""
    for train in (True, False):
        run = Round(rng, train=train)
        seen = run.seen(submission, device)
        parts = zip(run.garbage["generator"], run.weights["generator"], strict=True)
        for index, (grad, weight) in enumerate(parts):
            named = {"no-detach": lambda t: True}
            expect(seen).item("generator_grads").item(index, "the .grad of the generator", named).values(grad)
            expect(seen).item("generator").item(index, "a parameter of the generator").values(weight)
        modes = expect(seen).item("train", "train mode of the networks' modules")
        modes.satisfies(
            lambda flags, train=train: set(flags) == {train}, "train mode was changed", due=str(train),
            misconception="mode-not-restored",
        )  # fmt: skip


@pytest.mark.step("discriminator_step")
def test_caller_keeps_frames(submission, rng, device):
    """leaves the frames as they were, and the fake ones usable for the generator's step"""
    run = Round(rng)
    seen = run.seen(submission, device)
    after = expect(seen).item("after").length(3)
    _, generator = run.networks()
    for index, frames in enumerate(run.frames.chunk(3)):
        after.item(index).item(0, "real").requires_grad(False).values(frames)
        fake = after.item(index).item(1, "fake", {"detaches-in-place": lambda t: not t.requires_grad})
        fake.requires_grad(True).values(generator(run.latents[index].double()).detach())
    lost = {"no-detach": False}
    expect(seen).item("leads_back", "whether the fake frames still lead back to the generator", lost).equals(True)
    generator(run.latents[2].double()).backward(run.upstream.double())
    for index, parameter in enumerate(generator.parameters()):
        through = expect(seen).item("through_fake").item(index, "the generator", {"no-detach": lambda t: True})
        through.grad(parameter.grad)


@pytest.mark.step("discriminator_step")
def test_what_discriminator_sees(submission, rng, device):
    """shows each frame once, and asks for no gradient of the frames"""
    run = Round(rng)
    seen = run.seen(submission, device)
    inputs = expect(seen).item("inputs", "what the discriminator was called with", {"calls-forward-directly": []})
    inputs.satisfies(
        lambda calls: len(calls) > 0, "`discriminator_net(frames)` was never called", due="each frame once"
    )
    frames = len(run.frames) + 3 * run.batch
    once = f"{frames} frames in three steps"
    inputs.satisfies(
        lambda calls: sum(count for count, _ in calls) == frames, "it did not see each frame once", due=once
    )
    inputs.satisfies(
        lambda calls: not any(asked for _, asked in calls), "frames that require a gradient were shown to it",
        due="requires_grad=False", misconception="no-detach",
    )  # fmt: skip


@pytest.mark.step("discriminator_step")
def test_step_on_device(submission, device):
    """stays on the device of networks and frames"""
    named = {"hard-coded-device": lambda said: isinstance(said, str)}
    expect(submission.probe.step_on(device), named, what="what the step raised on another device").equals(None)
