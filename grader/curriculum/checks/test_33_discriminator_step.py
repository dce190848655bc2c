"""Hidden checks of 33: the discriminator learns from real and fake frames, and the generator stays out of it."""

import math

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from grader.compare import describe, expect, looks_like, near, require

GAMES = ("ALE/Breakout-v5", "ALE/Pong-v5", "ALE/AirRaid-v5")
SHAPES = {
    "discriminator": ((4, 3, 8, 8), (4,), (1, 4, 8, 8), (1,)),
    "generator": ((7, 4, 8, 8), (4,), (4, 3, 8, 8), (3,)),
}
DEFAULTS = {"eps": 1e-8, "weight_decay": 0, "amsgrad": False, "maximize": False}
# What each misunderstanding does to the discriminator's step.
SLIPS = (
    "labels-swapped", "fake-under-no-grad", "zero-grad-missing", "zero-grad-missing--at-first", "mean-vs-sum",
    "two-updates", "zero-after-backward",
)  # fmt: skip


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
        depend = "the numbers depend on each other: their mean and standard deviation are exactly 0 and 1"
        seen.satisfies(lambda t: not _standardised(t), depend, misconception="statistics-of-the-batch")


def _standardised(t):
    """Tell whether the numbers were standardised by their own mean and deviation: all together, by row, by column."""
    rows = t.data.flatten(1)
    return any(
        bool((of.mean(1).abs() < 1e-4).all() and (of.std(1, correction=correction) - 1).abs().max() < 1e-3)
        for of in (rows, rows.T, rows.reshape(1, -1))
        for correction in (0, 1)
    )


@pytest.mark.step("sample_latent")
def test_normal(submission, rng, device):
    """draws from the normal distribution with mean 0 and standard deviation 1"""
    generator = torch.Generator().manual_seed(whole(rng, 0, 10**6))
    seen = expect(submission.sample_latent(50, 100, generator, device), {"latent-uniform": _is_uniform})
    seen.shape(50, 100, 1, 1)
    seen.satisfies(
        lambda t: abs(t.data.mean()) < 0.1, "the mean of the numbers is far from 0",
        got=lambda t: f"{t.data.mean():.3g}", expected="about 0",
    )  # fmt: skip
    seen.satisfies(
        lambda t: abs(t.data.std() - 1) < 0.1, "the standard deviation of the numbers is far from 1",
        got=lambda t: f"{t.data.std():.3g}", expected="about 1",
    )  # fmt: skip
    seen.satisfies(
        lambda t: 0.02 < (t.data.abs() > 2).double().mean() < 0.08, "too few or too many numbers are beyond -2 and 2",
        got=lambda t: f"{(t.data.abs() > 2).double().mean():.1%}", expected="about 4.6%",
    )  # fmt: skip


def _is_uniform(t):
    """Tell whether the numbers fill the range between their ends evenly."""
    low, high = t.data.min(), t.data.max()
    even = ((t.data < (low + high) / 2).double().mean() - 0.5).abs() < 0.05
    return bool(even and 0.27 < t.data.std() / (high - low) < 0.31)


@pytest.mark.step("sample_latent")
def test_uses_generator(submission, rng, device):
    """repeats itself for a generator in the same state, and only then"""
    seen = submission.probe.draw_thrice(3, 5, whole(rng, 0, 10**6), device)
    three = expect(seen).length(3)
    three.item(0, "the first draw").tensor(torch.empty(3, 5, 1, 1, device="meta"), device=device).finite()
    first = seen.value[0].data
    drawn_anew = {"global-rng-touched": lambda t: not torch.equal(t.data, first)}
    three.item(2, "the draw with another generator in the same state", drawn_anew).values(first)
    same = "a second draw from the same generator returned the same numbers"
    again = three.item(1, "the second draw").shape(3, 5, 1, 1)
    again.satisfies(lambda t: not torch.equal(t.data, first), same, misconception="reseeded-at-each-call")


@pytest.mark.step("sample_latent")
def test_latent_on_device(submission, rng):
    """moves the numbers to the device that it is given"""
    pair = expect(submission.probe.drawn_elsewhere(3, 5, torch.device("meta"))).length(2)
    latent = pair.item(0, "the result", {"hard-coded-device": lambda t: t.device == "cpu"})
    latent.shape(3, 5, 1, 1).on("meta")
    elsewhere = pair.item(1, lookalikes={"drawn-on-another-device": True})
    elsewhere.is_false("the numbers were drawn on another device than the generator's")


def loss_of(real, fake, slip=""):
    """Return the discriminator's loss from its answers, right or with a slip."""
    one, zero = (0.0, 1.0) if slip == "labels-swapped" else (1.0, 0.0)
    fake = fake.detach() if slip == "fake-under-no-grad" else fake
    parts = [F.binary_cross_entropy(p, torch.full_like(p, label)) for p, label in ((real, one), (fake, zero))]
    return sum(parts) / (2 if slip == "mean-vs-sum" else 1)


@pytest.mark.step("discriminator_loss")
def test_loss(submission, rng, device):
    """adds the mean loss of the real answers to that of the fake ones"""
    for n, m in ((5, 3), (1, 4), (2, 1)):
        real, fake = (torch.randn(size, generator=rng).mul(2).sigmoid() for size in (n, m))
        named = {
            "labels-swapped": loss_of(real, fake, "labels-swapped"),
            "probabilities-into-logits": loss_of(real.sigmoid(), fake.sigmoid()),
            "sign-forgotten": -loss_of(real, fake),
            "one-label-for-both": lambda t, real=real, fake=fake: any(
                torch.allclose(t.data, sum(F.binary_cross_entropy(p, torch.full_like(p, label)) for p in (real, fake)))
                for label in (1.0, 0.0)
            ),
            "log-forgotten": lambda t, real=real, fake=fake: any(
                torch.allclose(t.data, each, atol=1e-6) for each in _without_logarithm(real, fake)
            ),
            "arguments-swapped": F.binary_cross_entropy(torch.ones(n), real)
            + F.binary_cross_entropy(torch.zeros(m), fake),
            "mean-vs-sum": lambda t, real=real, fake=fake: any(torch.allclose(t.data, x) for x in _means(real, fake)),
        }
        seen = expect(submission.discriminator_loss(real, fake), named)
        seen.tensor(loss_of(real, fake), device=device)
        seen.keeps_argument(0, real, "mutates-caller").keeps_argument(1, fake, "mutates-caller")


def _without_logarithm(real, fake):
    """Return what differences of means, and of squares, make of the answers."""
    apart, squares = fake.mean() - real.mean(), fake.square().mean() + (1 - real).square().mean()
    return apart, apart + 1, squares, squares / 2


def _means(real, fake):
    """Return the loss as other ways of averaging give it."""
    real_losses, fake_losses = -real.log(), -(1 - fake).log()
    everything = torch.cat([real_losses, fake_losses])
    by_one_count = (everything.sum() / len(real), everything.sum() / len(fake))
    return everything.mean(), everything.mean() * 2, everything.sum(), loss_of(real, fake) / 2, *by_one_count


@pytest.mark.step("discriminator_loss")
def test_loss_gradients(submission, rng):
    """lets gradients flow to the answers of both kinds"""
    real, fake = (torch.randn(size, generator=rng).mul(2).sigmoid() for size in (4, 3))
    upstream = torch.randn((), generator=rng)
    expected = [each.clone().requires_grad_() for each in (real, fake)]
    (loss_of(*expected) * upstream).backward()
    pair = expect(submission.probe.loss_gradients(real, fake, upstream)).length(3)
    pair.item(2, "the loss", {"python-value-breaks-graph": lambda value: isinstance(value, float)}).is_tensor()
    for index, name in enumerate(("real_probabilities", "fake_probabilities")):
        swapped = [each.clone().requires_grad_() for each in (real, fake)]
        (loss_of(*swapped, "labels-swapped") * upstream).backward()
        # What is averaged otherwise has gradients of the right direction and another size.
        counts = (len(real), len(fake))
        named = {
            # With the labels swapped, the real ones are wrong already.
            **({"labels-swapped": swapped[0].grad} if index == 0 else {}),
            "sign-forgotten": -expected[index].grad,
            "target-softened": lambda t, i=index: _softened(t.grad.data, expected[i], 1 - i, upstream),
            "mean-vs-sum": lambda t, i=index, counts=counts: _divided(t.grad.data, expected[i].grad, counts, i),
            ("detached-returned", "fake-under-no-grad")[index]: lambda t: t.grad is None,
        }
        pair.item(index, name, named).grad(expected[index].grad)


def _divided(got, expected, counts, index):
    """Tell whether gradients are those of the same losses, divided by another count than their own."""
    own, total = counts[index], sum(counts)
    others = (1 / 2, own, own / total, 2 * own / total, own / counts[1 - index])
    return any(torch.allclose(got, expected * factor, rtol=1e-3) for factor in others)


def _softened(got, probabilities, label, upstream):
    """Tell whether gradients are those of one label between a half and the right one."""
    p = probabilities.detach()
    labels = p - got * p * (1 - p) * len(p) / upstream
    softened = 0.5 < (labels[0] if label else 1 - labels[0]) < 0.999
    return bool(torch.allclose(labels, labels[0].expand_as(labels), atol=1e-3) and softened)


@pytest.mark.step("discriminator_loss")
def test_loss_on_device(submission, rng):
    """keeps to the device of the answers"""
    submission.discriminator_loss(torch.rand(3, generator=rng), torch.rand(2, generator=rng))
    elsewhere = [torch.empty(size, device="meta") for size in (3, 2)]
    seen = submission.attempt("discriminator_loss", *elsewhere)
    # A loss that became a number on the way fails there too, for another reason.
    number = "item" in str(seen.exception)
    require(seen.exception is None, "an exception was raised for answers on another device",
            seen=seen, got=str(seen.exception), expected="a loss on the device of the answers",
            misconception="python-value-breaks-graph" if number else "hard-coded-device")  # fmt: skip
    expect(seen, {"hard-coded-device": lambda t: t.device == "cpu"}).shape().on("meta")


@pytest.mark.step("make_optimizers")
def test_optimizers(submission, rng):
    """gives each network an Adam of its own with the settings asked for"""
    layers = {"discriminator": (0, 2), "generator": (0,)}
    frozen = {"discriminator.0.bias", "generator.0.weight"}
    rates = (0.0001 * whole(rng, 2, 9), 0.01 * whole(rng, 2, 9))
    calls = [submission.probe.optimizers_of(lr) for lr in rates]
    for lr, seen, other in zip(rates, calls, calls[::-1], strict=True):
        expect(seen).length(2)
        expect(other).length(2)
        for index, (name, numbers) in enumerate(layers.items()):
            expected = [f"{name}.{number}.{kind}" for number in numbers for kind in ("bias", "weight")]
            optimizer = expect(seen).item(index, f"the optimizer for the {name}")
            _right_optimizer(optimizer, name, expected, frozen, lr, other.value[index])


def _right_optimizer(optimizer, network, expected, frozen, lr, at_another_rate):
    of = f"of the optimizer for the {network}"
    optimizer.item("class", f"the class {of}").equals("Adam")
    named = {
        "frozen-left-out": lambda held: held == [each for each in expected if each not in frozen],
        "optimizer-over-wrong-net": lambda held: held != expected,
    }
    optimizer.item("parameters", f"the list of parameters {of}", named).equals(expected)
    for key, value in {"lr": lr, "betas": [0.5, 0.999], **DEFAULTS}.items():
        named = {
            "lr": {"hard-coded-hyperparameters": lambda each: each == at_another_rate["lr"]},
            "betas": {"adam-default-betas": [[0.9, 0.999]]},
        }
        setting = optimizer.item(key, f"{key} {of}", named.get(key))
        setting.satisfies(
            lambda each, value=value: all(one == value for one in each),
            f"{key} {of} is not what was expected",
            got=lambda each, value=value: describe(next((one for one in each if one != value), each)),
            expected=describe(value),
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
        # Small, since a bias's gradient is the sum of 12 288 of them, rounded at each addition.
        self.upstream = torch.randn(batch, 3, 64, 64, generator=rng) / 1000
        self.frames = torch.rand(3 * (batch + 2), 3, 64, 64, generator=rng) * 2 - 1
        self.seed = whole(rng, 0, 10**6)
        self._cache = {}

    def seen(self, submission, device):
        """Run the three steps, and make sure that the frames are such."""
        seen = submission.probe.three_steps(
            self.game, self.seed, self.frames, self.weights, self.garbage, self.latents, self.upstream,
            self.lr, self.momentum, self.train, device,
        )  # fmt: skip
        frames = expect(seen).item("frames", "the tensor of real frames").shape(*self.frames.shape)
        frames.dtype(torch.float32).finite().satisfies(
            lambda t: t.data.abs().max() < 1.001 and t.data.std() > 0.05, "the real frames are not those of a game"
        )
        self.frames = seen.value["frames"].data
        return seen

    def networks(self):
        """Return the discriminator and the generator that the run began with, garbage in .grad, in float64."""
        # No kink: near a ReLU's, float32 and float64 fall on different sides, and go different ways.
        discriminator = nn.Sequential(nn.Conv2d(3, 4, 8, 8), nn.SiLU(), nn.Conv2d(4, 1, 8), nn.Sigmoid(), nn.Flatten(0))
        generator = nn.Sequential(nn.ConvTranspose2d(7, 4, 8), nn.SiLU(), nn.ConvTranspose2d(4, 3, 8, 8), nn.Tanh())
        for network, name in ((discriminator, "discriminator"), (generator, "generator")):
            parameters = network.double().parameters()
            for parameter, value, grad in zip(parameters, self.weights[name], self.garbage[name], strict=True):
                parameter.data, parameter.grad = value.double(), grad.double()
        return discriminator, generator

    def expected(self, slip=""):
        """Return the discriminator's parameters after three steps, and the three losses; right or with a slip."""
        if slip not in self._cache:
            self._cache[slip] = self._trained(slip)
        return self._cache[slip]

    def _trained(self, slip):
        (network, generator), losses = self.networks(), []
        optimizer = torch.optim.SGD(network.parameters(), lr=self.lr, momentum=self.momentum)
        for real, latent in zip(self.frames.double().chunk(3), self.latents, strict=True):
            now = "" if losses and slip == "zero-grad-missing--at-first" else slip
            losses.append(_step(network, optimizer, real, generator(latent.double()).detach(), now))
        return [parameter.detach() for parameter in network.parameters()], losses

    def parameters_like(self, slips, index):
        """Return lookalikes for one parameter of the trained discriminator."""
        return {
            slip: lambda t, slip=slip: any(
                looks_like(t, self.expected(each)[0][index]) for each in SLIPS if each.split("--")[0] == slip
            )
            for slip in dict.fromkeys(each.split("--")[0] for each in slips)
        }

    def losses_like(self, slips, index, device):
        """Return lookalikes for one of the losses."""
        return {slip: lambda value, slip=slip: near(self.expected(slip)[1][index], device)(value) for slip in slips}


def _step(network, optimizer, real, fake, slip):
    """Take one step, right or with a slip; return the loss."""
    if not slip.startswith("zero-grad-missing"):
        optimizer.zero_grad()
    if slip in ("two-updates", "zero-after-backward"):
        loss = F.binary_cross_entropy(network(real), torch.ones(len(real), dtype=torch.float64))
        loss.backward()
        if slip == "two-updates":
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


@pytest.mark.step("discriminator_step")
def test_three_steps(submission, rng, device):
    """moves the discriminator right, three times in a row, from dirty gradients"""
    run = Round(rng, game=GAMES[whole(rng, 0, 3)])
    submission.recognise({
        "flag-on-a-result": lambda error: "requires_grad flags of leaf" in error.message,
        # A weight was updated before backward had used it.
        "step-before-backward": lambda error: "inplace" in error.message and "[1, 4, 8, 8]" in error.message,
    })  # fmt: skip
    seen = run.seen(submission, device)
    early = {"step-before-backward": lambda _: seen.value["steps"][0][1] == 0 < seen.value["arrived"]}
    cleared = {"zero-after-backward": lambda steps: not steps[0][0] and steps[0][1] > 0}
    steps = expect(seen).item("steps", lookalikes=early | cleared)
    none = "no parameter of the discriminator had a gradient when its optimizer took a step"
    steps.satisfies(
        lambda each: all(has for has, _ in each), none, got="", expected="the gradients of this step's loss"
    )
    parameters = expect(seen).item("discriminator").length(4)
    for index, name in enumerate(("first weight", "first bias", "last weight", "last bias")):
        named = early | run.parameters_like(SLIPS, index)
        parameters.item(index, f"the discriminator's {name} after three steps", named).values(run.expected()[0][index])


@pytest.mark.step("discriminator_step")
def test_losses(submission, rng, device):
    """returns each step's loss as a plain float"""
    run = Round(rng, game=GAMES[whole(rng, 0, 3)], batch=4, train=False)
    seen = run.seen(submission, device)
    losses = expect(seen).item("losses").length(3)
    slips = ("labels-swapped", "mean-vs-sum", "zero-grad-missing", "two-updates", "loss-after-step")
    for index, expected in enumerate(run.expected()[1]):
        named = {
            "loss-keeps-graph": lambda value: value.requires_grad,
            "scalar-tensor-not-number": lambda value: value.shape == (),
            **run.losses_like(slips, index, device),
        }
        losses.item(index, f"the loss of step {index + 1}", named).near(expected, device)


@pytest.mark.step("discriminator_step")
def test_generator_untouched(submission, rng, device):
    """lets no gradient into the generator, and leaves train mode alone"""
    for train in (True, False):
        run = Round(rng, train=train)
        seen = run.seen(submission, device)
        parts = zip(run.garbage["generator"], run.weights["generator"], strict=True)
        for index, (grad, weight) in enumerate(parts):
            named = {"no-detach": lambda t: True}
            kept = expect(seen).item("generator_grads").item(index, "the .grad of a parameter of the generator", named)
            kept.values(grad)
            expect(seen).item("generator").item(index, "a parameter of the generator").values(weight)
        kept = expect(seen).item("modes kept", lookalikes={"mode-not-restored": False})
        kept.is_true("train mode of the networks, or of one of their layers, was changed")


@pytest.mark.step("discriminator_step")
def test_caller_keeps_frames(submission, rng, device):
    """leaves the frames as they were, and the fake ones usable for the generator's step"""
    run = Round(rng)
    seen = run.seen(submission, device)
    after = expect(seen).item("after").length(3)
    _, generator = run.networks()
    for index, frames in enumerate(run.frames.chunk(3)):
        after.item(index).item(0, "the tensor real after the call").requires_grad(False).values(frames)
        detached = {"detaches-in-place": lambda t: not t.requires_grad}
        fake = after.item(index).item(1, "the tensor fake after the call", detached)
        fake.requires_grad(True)
        written = expect(seen).item("written").item(index)
        written.satisfies(
            lambda each: each is False, "the caller's frames were written to", got="", misconception="mutates-caller"
        )
        fake.values(generator(run.latents[index].double()).detach())
    leads_back = expect(seen).item("leads_back", lookalikes={"no-detach": False})
    leads_back.is_true("after the call, the fake frames no longer lead back to the generator")
    generator(run.latents[2].double()).backward(run.upstream.double())
    for index, parameter in enumerate(generator.parameters()):
        what = "a parameter of the generator, after backward through the fake frames,"
        expect(seen).item("through_fake").item(index, what, {"no-detach": lambda t: True}).grad(parameter.grad)


@pytest.mark.step("discriminator_step")
def test_what_discriminator_sees(submission, rng, device):
    """shows each frame once, and asks for no gradient of the frames"""
    run = Round(rng)
    seen = run.seen(submission, device)
    inputs = expect(seen).item("inputs", lookalikes={"calls-forward-directly": []})
    inputs.satisfies(
        lambda calls: len(calls) > 0, "`discriminator_net(frames)` was never called", got="no call",
        expected="calls that show each frame once",
    )  # fmt: skip
    frames = len(run.frames) + 3 * run.batch
    inputs.satisfies(
        lambda calls: sum(call[0] for call in calls) == frames, "the discriminator did not see each frame once",
        got=lambda calls: f"{sum(call[0] for call in calls)} frames in three steps",
        expected=f"{frames} frames in three steps",
    )  # fmt: skip
    inputs.satisfies(
        lambda calls: not any(call[2] for call in calls),
        "the discriminator was shown frames that lead back to the generator",
        got="requires_grad=True", expected="requires_grad=False", misconception="no-detach",
    )  # fmt: skip
    inputs.satisfies(
        lambda calls: not any(call[1] for call in calls), "the discriminator was shown frames that require a gradient",
        got="requires_grad=True", expected="requires_grad=False", misconception="gradients-computed-in-vain",
    )  # fmt: skip


@pytest.mark.step("discriminator_step")
def test_step_on_device(submission, device):
    """stays on the device of networks and frames, and clears whatever was left in `.grad`"""
    no_gradient_yet = lambda error: "'NoneType' object has no attribute" in error.message  # noqa: E731
    submission.recognise({"grad-starts-as-none": no_gradient_yet})
    seen = expect(submission.probe.step_on(device))
    raised = seen.item("raised", lookalikes={"hard-coded-device": lambda said: isinstance(said, str)})
    raised.no_exception("the step raised an exception on another device")
    after = seen.item("after", lookalikes={"zero-times-nan": "NaN"})
    said = "infinity was left in `.grad` before the step, and the discriminator's weights are not finite after it"
    after.satisfies(lambda found: found == "numbers", said, expected="numbers")
