"""Hidden checks of 34: the generator learns through the discriminator, and the discriminator is left alone."""

import math

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from grader.compare import expect, looks_like, near, one_of, require

GAMES = ("ALE/Breakout-v5", "ALE/Pong-v5", "ALE/AirRaid-v5")
SHAPES = {
    "discriminator": ((4, 3, 8, 8), (4,), (1, 4, 8, 8), (1,)),
    "generator": ((7, 4, 8, 8), (4,), (4, 3, 8, 8), (3,)),
}
NAMES = ("first weight", "first bias", "last weight", "last bias")
# What each misunderstanding does to the networks; some have several faces (see Reference).
FACES = {
    "detached-generator": ("detached",),
    "trained-toward-fake": ("toward-fake",),
    "saturating-loss": ("saturating",),
    "zero-grad-missing": ("g-never-cleared", "nothing-cleared", "g-cleared-at-the-end", "cleared-at-the-end"),
    "stale-d-gradients": ("d-cleared-too-early", "d-never-cleared"),
    "d-updated-too": ("d-stepped-twice", "joint-update"),
    "labels-swapped": ("labels-swapped",),
    "fake-under-no-grad": ("fakes-not-learned",),
    "generator-goes-first": ("generator-first",),
    "mean-vs-sum": ("summed", "halved", "one-mean"),
    "two-updates": ("two-updates",),
}
STEP_SLIPS = ("detached-generator", "trained-toward-fake", "saturating-loss", "zero-grad-missing", "mean-vs-sum")
FROZEN = 1


def cross_entropy(answers, label):
    return F.binary_cross_entropy(answers, torch.full_like(answers, label))


def loss_of(answers, slip=""):
    """Return the generator's loss from the discriminator's answers, right or with a slip."""
    if slip == "saturating":
        return -cross_entropy(answers, 0.0)
    if slip == "summed":
        return cross_entropy(answers, 1.0) * len(answers)
    return cross_entropy(answers, 0.0 if slip == "toward-fake" else 1.0)


@pytest.mark.step("generator_loss")
def test_loss(submission, rng, device):
    """returns the mean loss of answers that should have been 1"""
    for size in (5, 1):
        answers = torch.randn(size, generator=rng).mul(2).sigmoid()
        named = {
            "trained-toward-fake": loss_of(answers, "toward-fake"),
            "saturating-loss": loss_of(answers, "saturating"),
            "mean-vs-sum": -answers.log().sum(),
            "probabilities-into-logits": loss_of(answers.sigmoid()),
            "sign-forgotten": -loss_of(answers),
            "arguments-swapped": F.binary_cross_entropy(torch.ones(size), answers),
            "loss-per-row": lambda t, size=size: t.shape == (size,),
            "log-forgotten": one_of([-answers.mean(), (1 - answers).mean(), (1 - answers).square().mean()]),
        }
        seen = expect(submission.generator_loss(answers), named)
        seen.tensor(loss_of(answers), device=device).keeps_argument(0, answers, "mutates-caller")


@pytest.mark.step("generator_loss")
def test_loss_gradient(submission, rng):
    """lets the gradient flow to the discriminator's answers"""
    answers, upstream = torch.randn(4, generator=rng).mul(2).sigmoid(), torch.randn((), generator=rng)
    leaves = [answers.clone().requires_grad_() for _ in range(3)]
    for leaf, slip in zip(leaves, ("", "toward-fake", "saturating"), strict=True):
        (loss_of(leaf, slip) * upstream).backward()
    expected, toward_fake, saturating = (leaf.grad for leaf in leaves)
    named = {
        "trained-toward-fake": toward_fake,
        "saturating-loss": saturating,
        "sign-forgotten": -expected,
        "target-softened": lambda t: _softened(t.grad.data, answers, upstream),
        "mean-vs-sum": expected * 4,
        "detached-returned": lambda t: t.grad is None,
    }
    pair = expect(submission.probe.loss_gradient(answers, upstream)).length(2)
    wrong_loss = {
        "python-value-breaks-graph": lambda value: isinstance(value, float),
        "loss-per-row": lambda t: t.shape == (4,),
    }
    pair.item(1, "the loss", wrong_loss).shape()
    pair.item(0, "fake_probabilities", named).grad(expected)


def _softened(got, p, upstream):
    """Tell whether gradients are those of one label between a half and 1."""
    labels = p - got * p * (1 - p) * len(p) / upstream
    return bool(torch.allclose(labels, labels[0].expand_as(labels), atol=1e-3) and 0.5 < labels[0] < 0.999)


@pytest.mark.step("generator_loss")
def test_loss_on_device(submission, rng):
    """keeps to the device of the answers"""
    submission.generator_loss(torch.rand(3, generator=rng))
    seen = submission.attempt("generator_loss", torch.empty(3, device="meta"))
    # A loss that became a number on the way fails there too, for another reason.
    number = "item" in str(seen.exception)
    require(seen.exception is None, "an exception was raised for answers on another device",
            seen=seen, got=str(seen.exception), expected="a loss on the device of the answers",
            misconception="python-value-breaks-graph" if number else "hard-coded-device")  # fmt: skip
    expect(seen, {"hard-coded-device": lambda t: t.device == "cpu"}).shape().on("meta")


class Round:
    """What one run of three steps is made of; the reference is computed in float64."""

    def __init__(self, rng, *, batch=3, train=True):
        self.batch, self.train = batch, train
        self.lrs, self.momentum = ((0.05, 2.0), 0.5) if train else ((0.03, 4.0), 0.0)
        self.weights = {name: [_weight(shape, rng) for shape in shapes] for name, shapes in SHAPES.items()}
        self.garbage = {
            name: [torch.randn(shape, generator=rng) for shape in shapes] for name, shapes in SHAPES.items()
        }
        self.latents = [torch.randn(batch, 7, 1, 1, generator=rng) for _ in range(3)]
        self.frames = torch.rand(3 * (batch + 2), 3, 64, 64, generator=rng) * 2 - 1
        self.seed = int(torch.randint(10**6, (), generator=rng))
        self._cache = {}

    def generator_steps(self, submission, name, device):
        """Let the submission take three steps of the generator."""
        seen = submission.probe.three_generator_steps(
            name, self.weights, self.garbage, self.latents, self.lrs[1], self.momentum, self.train, FROZEN, device
        )
        return self._not_cut_off(seen)

    def _not_cut_off(self, seen):
        """Go on only where backward found its way."""
        cut = expect(seen).item("cut_off")
        said = "backward found no graph behind the generator's loss: nothing there requires a gradient"
        cut.satisfies(lambda fault: fault != "nothing behind", said, got="", misconception="detached-generator")
        said = "backward ran a second time through a graph that the first pass had freed"
        both_halves = {
            "no-detach": lambda _: sum(n for n, leads_back in seen.value["shown"] if leads_back) > self.batch
        }
        expect(seen).item("cut_off", lookalikes=both_halves).satisfies(lambda fault: fault != "freed", said, got="")
        return seen

    def gan_steps(self, submission, device, game=""):
        """Let the submission train both networks three times, and make sure that the frames are such."""
        seen = submission.probe.three_gan_steps(
            game, self.seed, self.frames, self.weights, self.garbage, self.latents, self.lrs, self.momentum,
            self.train, device,
        )  # fmt: skip
        self._not_cut_off(seen)
        frames = expect(seen).item("frames", "the tensor of real frames").shape(*self.frames.shape)
        frames.dtype(torch.float32).finite().satisfies(
            lambda t: t.data.abs().max() < 1.001 and t.data.std() > 0.05, "the real frames are not those of a game"
        )
        self.frames = seen.value["frames"].data
        return seen

    def expected(self, kind, slip=""):
        """Return parameters of both networks, and all losses, after three steps of this kind."""
        if (kind, slip) not in self._cache:
            self._cache[kind, slip] = Reference(self, slip).run(kind)
        return self._cache[kind, slip]

    def like(self, kind, slips, trail, step):
        """Return lookalikes for the first step that went wrong: both networks, down to the last parameter.

        Later steps tell no more, and where networks have gone astray they carry rounding a long way.
        """
        return {
            slip: lambda _, slip=slip: any(
                _alike(trail[step], self.expected(kind, face)["trail"][step]) for face in FACES[slip]
            )
            for slip in slips
        }

    def losses_like(self, kind, slips, index, device):
        """Return lookalikes for one of the losses."""
        return {
            slip: lambda v, slip=slip: any(
                near(self.expected(kind, face)["losses"][index], device)(v) for face in FACES[slip]
            )
            for slip in slips
        }


def _alike(state, expected):
    """Tell whether all parameters of both networks are what they are due to be."""
    return all(looks_like(t, value) for name in expected for t, value in zip(state[name], expected[name], strict=True))


class Reference:
    """Both networks trained as the text says, or with a slip."""

    def __init__(self, run, slip):
        self.run_, self.slip = run, slip
        # No kink: near a ReLU's, float32 and float64 fall on different sides, and go different ways.
        self.discriminator = nn.Sequential(
            nn.Conv2d(3, 4, 8, 8), nn.SiLU(), nn.Conv2d(4, 1, 8), nn.Sigmoid(), nn.Flatten(0)
        )
        self.generator = nn.Sequential(
            nn.ConvTranspose2d(7, 4, 8), nn.SiLU(), nn.ConvTranspose2d(4, 3, 8, 8), nn.Tanh()
        )
        self.optimizers = []
        both = (("discriminator", self.discriminator), ("generator", self.generator))
        for (name, network), lr in zip(both, run.lrs, strict=True):
            parameters = network.double().parameters()
            for parameter, value, grad in zip(parameters, run.weights[name], run.garbage[name], strict=True):
                parameter.data, parameter.grad = value.double(), grad.double()
            self.optimizers.append(torch.optim.SGD(network.parameters(), lr, run.momentum))

    def run(self, kind):
        """Take three steps of this kind, "generator" or "gan"; return what is due."""
        losses, trail = [], []
        named = {"discriminator": self.discriminator, "generator": self.generator}
        for real, latent in zip(self.run_.frames.double().chunk(3), self.run_.latents, strict=True):
            fake = self.generator(latent.double())
            losses += self._gan(real, fake) if kind == "gan" else [self._generator(fake)]
            trail.append({name: [p.detach().clone() for p in net.parameters()] for name, net in named.items()})
        return {"losses": losses, "trail": trail}

    def _gan(self, real, fake):
        if self.slip == "generator-first":
            return [self._generator(fake), self._discriminator(real, fake)][::-1]
        if self.slip == "joint-update":
            return self._together(real, fake)
        losses = [self._discriminator(real, fake), self._generator(fake)]
        if self.slip == "cleared-at-the-end":
            self.discriminator.zero_grad()
        return losses

    def _discriminator(self, real, fake):
        optimizer = self.optimizers[0]
        if self.slip not in ("nothing-cleared", "d-never-cleared", "d-cleared-too-early", "cleared-at-the-end"):
            optimizer.zero_grad()
        if self.slip == "two-updates":
            first = cross_entropy(self.discriminator(real), 1.0)
            first.backward()
            optimizer.step()
            optimizer.zero_grad()
            second = cross_entropy(self.discriminator(fake.detach()), 0.0)
            second.backward()
            loss = first + second
        else:
            loss = self._discriminator_loss(real, fake)
            loss.backward()
        optimizer.step()
        if self.slip == "d-cleared-too-early":
            optimizer.zero_grad()
        return loss.item()

    def _discriminator_loss(self, real, fake):
        true, false = (0.0, 1.0) if self.slip == "labels-swapped" else (1.0, 0.0)
        answers = self.discriminator(fake.detach())
        answers = answers.detach() if self.slip == "fakes-not-learned" else answers
        losses = cross_entropy(self.discriminator(real), true), cross_entropy(answers, false)
        if self.slip == "one-mean":
            return (losses[0] * len(real) + losses[1] * len(fake)) / (len(real) + len(fake))
        return (losses[0] + losses[1]) / (2 if self.slip == "halved" else 1)

    def _generator(self, fake):
        late = ("g-cleared-at-the-end", "cleared-at-the-end")
        if self.slip not in ("nothing-cleared", "g-never-cleared", *late):
            self.optimizers[1].zero_grad()
        loss = loss_of(self.discriminator(fake.detach() if self.slip == "detached" else fake), self.slip)
        loss.backward()
        self.optimizers[1].step()
        if self.slip == "d-stepped-twice":
            self.optimizers[0].step()
        if self.slip in late:
            self.optimizers[1].zero_grad()
        return loss.item()

    def _together(self, real, fake):
        for optimizer in self.optimizers:
            optimizer.zero_grad()
        first, second = self._discriminator_loss(real, fake), loss_of(self.discriminator(fake))
        (first + second).backward()
        for optimizer in self.optimizers:
            optimizer.step()
        return [first.item(), second.item()]


def _weight(shape, rng):
    """Draw a weight about as large as torch would."""
    return torch.randn(shape, generator=rng) / math.prod(shape[1:] or (16,)) ** 0.5 / 2


def _check_networks(run, seen, kind, slips):
    """Ask for the parameters of both networks after each of three steps."""
    trail = expect(seen).item("trail", "the list of both networks' parameters after each step").length(3)
    for step, expected in enumerate(run.expected(kind)["trail"]):
        named = _in_time(seen.value) | run.like(kind, slips, seen.value["trail"], step)
        if not seen.value["steps"] or seen.value["arrived"]:
            named.pop("detached-generator")
        for network in ("discriminator", "generator"):
            parameters = trail.item(step).item(network).length(4)
            # On its own, the generator's step has no business here.
            moved = {"d-updated-too": lambda t: True} if kind == "generator" and network == "discriminator" else named
            for index, name in enumerate(NAMES):
                what = f"the {network}'s {name} after step {step + 1}"
                parameters.item(index, what, moved).values(expected[network][index])


def _in_time(seen):
    """Return lookalikes for gradients of the generator that were not there when its optimizer wanted them."""
    has, arrived = seen["steps"][0] if seen["steps"] else (True, 0)
    return {
        "zero-after-backward": lambda _: not has and arrived > 0,
        "step-before-backward": lambda _: bool(seen["steps"]) and arrived == 0 < seen["arrived"],
    }


def _check_losses(losses, names, expected, named, device):
    """Ask for plain floats with these values; `named` gives the lookalikes for each index."""
    for index, (name, value) in enumerate(zip(names, expected, strict=True)):
        no_number = {
            "loss-keeps-graph": lambda v: v.requires_grad,
            "scalar-tensor-not-number": lambda v: v.shape == (),
        }
        losses.item(index, name, no_number | named(index)).near(value, device)


def _check_one_round(submission, rng, device, name):
    """Ask of three steps of the generator what both such steps have in common."""
    run = Round(rng)
    # A weight was updated before backward had used it.
    changed = lambda error: "inplace" in error.message and "[4, 3, 8, 8]" in error.message  # noqa: E731
    submission.recognise({"step-before-backward": changed})
    seen = run.generator_steps(submission, name, device)
    _check_networks(run, seen, "generator", STEP_SLIPS)


def _check_returned(submission, rng, device, name):
    for train in (True, False):
        run = Round(rng, batch=4, train=train)
        seen = run.generator_steps(submission, name, device)
        slips = ("trained-toward-fake", "saturating-loss", "mean-vs-sum")
        losses, expected = expect(seen).item("losses").length(3), run.expected("generator")["losses"]
        names = [f"the loss of step {step + 1}" for step in range(3)]
        like = lambda i, run=run: run.losses_like("generator", slips, i, device)  # noqa: E731
        _check_losses(losses, names, expected, like, device)
        _check_modes(seen)


def _check_modes(seen):
    kept = expect(seen).item("modes kept", lookalikes={"mode-not-restored": False})
    kept.is_true("train mode of the networks, or of one of their layers, was changed")


def _check_shown(seen, frames, attached):
    """Ask how many frames the discriminator has seen, and how many of them led back to the generator."""
    shown = expect(seen).item("shown", lookalikes={"calls-forward-directly": []})
    shown.satisfies(
        lambda calls: len(calls) > 0, "`discriminator_net(frames)` was never called", got="no call",
        expected="calls that show the frames",
    )  # fmt: skip
    shown.satisfies(
        lambda calls: sum(c for c, _ in calls) == frames, "the discriminator saw too many or too few frames",
        got=lambda calls: f"{sum(c for c, _ in calls)} frames in three steps",
        expected=f"{frames} frames in three steps",
    )  # fmt: skip
    count = lambda calls: sum(c for c, leads_back in calls if leads_back)  # noqa: E731
    leading = lambda calls: f"{count(calls)} frames that lead back to the generator"  # noqa: E731
    said = "the discriminator was shown frames cut off from the generator, where its gradient is needed"
    shown.satisfies(
        lambda calls: count(calls) >= attached, said, got=leading, expected=str(attached),
        misconception="detached-generator",
    )  # fmt: skip
    said = "the discriminator was shown frames that lead back to the generator, where no gradient is wanted"
    shown.satisfies(
        lambda calls: count(calls) <= attached, said, got=leading, expected=str(attached), misconception="no-detach"
    )


def _check_flags(seen):
    """Ask that the parameters of the discriminator require a gradient where they did before."""
    named = {"freeze-not-undone": [False] * 4, "unfreezes-everything": [True] * 4}
    flags = expect(seen).item("judge_flags", "the list of the discriminator's requires_grad", named)
    flags.equals([index != FROZEN for index in range(4)])


def _check_device(submission, name, device):
    seen = expect(submission.probe.step_on(name, device))
    raised = seen.item("raised", lookalikes={"hard-coded-device": lambda said: isinstance(said, str)})
    raised.no_exception("the step raised an exception on another device")
    after = seen.item("after", lookalikes={"zero-times-nan": "NaN"})
    said = "infinity was left in `.grad` before the step, and the weights are not finite after it"
    after.satisfies(lambda found: found == "numbers", said, expected="numbers")


@pytest.mark.step("generator_step")
def test_three_steps(submission, rng, device):
    """moves the generator right and the discriminator not at all, from dirty gradients"""
    _check_one_round(submission, rng, device, "generator_step")


@pytest.mark.step("generator_step")
def test_losses(submission, rng, device):
    """returns each step's loss as a plain float, and leaves train mode alone"""
    _check_returned(submission, rng, device, "generator_step")


@pytest.mark.step("generator_step")
def test_shown(submission, rng, device):
    """shows the discriminator each frame once, still connected to the generator"""
    run = Round(rng)
    seen = run.generator_steps(submission, "generator_step", device)
    _check_shown(seen, 3 * run.batch, 3 * run.batch)
    _check_flags(seen)


@pytest.mark.step("generator_step")
def test_step_on_device(submission, device):
    """stays on the device of networks and frames, and clears whatever was left in `.grad`"""
    _check_device(submission, "generator_step", device)


@pytest.mark.step("generator_step_without_trace")
def test_same_steps(submission, rng, device):
    """moves the generator as in step 2"""
    _check_one_round(submission, rng, device, "generator_step_without_trace")


@pytest.mark.step("generator_step_without_trace")
def test_same_losses(submission, rng, device):
    """returns the losses of step 2, and leaves train mode alone"""
    _check_returned(submission, rng, device, "generator_step_without_trace")


@pytest.mark.step("generator_step_without_trace")
def test_no_trace(submission, rng, device):
    """leaves the discriminator's gradients and flags as they were"""
    run = Round(rng)
    seen = run.generator_steps(submission, "generator_step_without_trace", device)
    _check_flags(seen)
    named = {
        "erases-d-gradients": lambda t: t is None or not t.data.any(),
        "stale-d-gradients": lambda t: t.data is not None,
    }
    grads = expect(seen).item("judge_grads").length(4)
    for index, grad in enumerate(run.garbage["discriminator"]):
        grads.item(index, f"the .grad of the discriminator's {NAMES[index]}", named).values(grad)
    said = "gradients were computed for the discriminator's parameters, only to be thrown away"
    computed = expect(seen).item("computed", "the count of gradients computed for the discriminator")
    computed.satisfies(lambda count: count == 0, said, expected="0", misconception="gradients-computed-in-vain")
    _check_shown(seen, 3 * run.batch, 3 * run.batch)


@pytest.mark.step("generator_step_without_trace")
def test_traceless_on_device(submission, device):
    """stays on the device of networks and frames, and clears whatever was left in `.grad`"""
    _check_device(submission, "generator_step_without_trace", device)


@pytest.mark.step("gan_step")
def test_both_networks(submission, rng, device):
    """moves both networks right, three times in a row, from dirty gradients, and leaves train mode alone"""
    run = Round(rng)
    seen = run.gan_steps(submission, device, GAMES[int(torch.randint(3, (), generator=rng))])
    _check_networks(run, seen, "gan", FACES)
    _check_modes(seen)


@pytest.mark.step("gan_step")
def test_both_losses(submission, rng, device):
    """returns both losses of each step as plain floats, and leaves train mode alone"""
    run = Round(rng, batch=4, train=False)
    seen = run.gan_steps(submission, device, GAMES[int(torch.randint(3, (), generator=rng))])
    pairs = expect(seen).item("losses").length(3)
    slips = ("trained-toward-fake", "saturating-loss", "labels-swapped", "mean-vs-sum")
    expected = run.expected("gan")["losses"]
    for step in range(3):
        pair = pairs.item(step, f"the result of step {step + 1}").length(2)
        first = 2 * step
        swapped = {"losses-swapped": lambda v, i=first: any(near(each, device)(v) for each in expected[i : i + 2])}
        like = lambda i, first=first, swapped=swapped: (  # noqa: E731
            # Two updates show in the discriminator's own loss already.
            run.losses_like("gan", slips if i else (*slips, "two-updates"), first + i, device) | swapped
        )
        names = [f"the {network}'s loss of step {step + 1}" for network in ("discriminator", "generator")]
        _check_losses(pair, names, expected[first : first + 2], like, device)
    _check_modes(seen)


@pytest.mark.step("gan_step")
def test_calls(submission, rng, device):
    """runs the generator once, and shows the discriminator each frame as often as needed"""
    run = Round(rng)
    seen = run.gan_steps(submission, device)
    made = expect(seen).item("generated", "the list of the sizes of the generator's batches")
    made.satisfies(lambda sizes: sum(sizes) > 0, "`generator_net(latent)` was never called", got="no call",
                   misconception="calls-forward-directly")  # fmt: skip
    made.satisfies(
        lambda sizes: len(sizes) <= 3, "the generator network was called more than once in a step",
        got=lambda sizes: f"{len(sizes)} calls in three steps", expected="3 calls in three steps",
        misconception="fakes-made-anew",
    )  # fmt: skip
    made.equals([run.batch] * 3)
    _check_shown(seen, len(run.frames) + 6 * run.batch, 3 * run.batch)


@pytest.mark.step("gan_step")
def test_gan_step_on_device(submission, device):
    """stays on the device of networks and frames, and clears whatever was left in `.grad`"""
    _check_device(submission, "gan_step", device)
