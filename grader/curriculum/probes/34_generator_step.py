"""Plays real games for frames, builds the two networks from weights that it is sent, and watches three steps."""

import contextlib

import torch
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode

from grader.curriculum.preload.frames import frames_of


class Table:
    """The two networks, in a state that the check has chosen, with a spy on each."""

    def __init__(self, weights, garbage, train, device):
        torch.backends.cudnn.allow_tf32 = False  # its convolutions would round to three digits
        layers = (nn.Conv2d(3, 4, 8, 8), nn.SiLU(), nn.Conv2d(4, 1, 8), nn.Sigmoid(), nn.Flatten(0))
        self.discriminator = nn.Sequential(*layers)
        layers = (nn.ConvTranspose2d(7, 4, 8), nn.SiLU(), nn.ConvTranspose2d(4, 3, 8, 8), nn.Tanh())
        self.generator = nn.Sequential(*layers)
        for name, network in (("discriminator", self.discriminator), ("generator", self.generator)):
            for parameter, value, grad in zip(network.parameters(), weights[name], garbage[name], strict=True):
                parameter.data = value.clone()
                parameter.grad = grad.clone()
            network.to(device).train(train)
        self.discriminator[1].train(not train)
        self.modes = self._modes()
        self.shown, self.generated, self.trail, self.steps, self.arrived = [], [], [], [], []
        self.discriminator.register_forward_pre_hook(lambda _, args: self.shown.append(self._about(args[0])))
        self.generator.register_forward_pre_hook(lambda _, args: self.generated.append(len(args[0])))
        for parameter in self.generator.parameters():
            parameter.register_post_accumulate_grad_hook(lambda _: self.arrived.append(1))

    def _modes(self):
        return [module.training for network in (self.discriminator, self.generator) for module in network.modules()]

    def _about(self, frames):
        return len(frames), frames.requires_grad and torch.is_grad_enabled()

    def watch(self, optimizer):
        """Write down at each step of the generator's optimizer whether there are gradients, and how many arrived."""
        optimizer.register_step_pre_hook(lambda *_: self.steps.append((self._has_gradients(), len(self.arrived))))

    def _has_gradients(self):
        return any(each.grad is not None and bool(each.grad.any()) for each in self.generator.parameters())

    def note(self):
        """Write down the parameters of both networks as they are now."""
        both = {"discriminator": self.discriminator, "generator": self.generator}
        self.trail.append({name: [p.detach().clone() for p in net.parameters()] for name, net in both.items()})

    def state(self):
        """Return what is to be known of both networks, as plain data and tensors."""
        return {
            "modes kept": self._modes() == self.modes,
            "shown": self.shown,
            "generated": self.generated,
            "trail": self.trail,
            "steps": self.steps,
            "arrived": len(self.arrived),
        }


def loss_gradient(submission, fake_probabilities, upstream):
    """Run backward from the loss; return the argument, with its .grad, and the loss.

    Told: `generator_loss` of {fake_probabilities:count answer}, then backward
    """
    fake = fake_probabilities.clone().requires_grad_()
    loss = submission.generator_loss(fake)
    if isinstance(loss, torch.Tensor) and loss.requires_grad:
        (loss * upstream).sum().backward()
    return fake, loss


def run(step):
    """Take one step; say whether backward found nothing to go back to, or a graph that it had freed before."""
    try:
        step()
    except RuntimeError as error:
        for said, fault in (("does not require grad", "nothing behind"), ("a second time", "freed")):
            if said in str(error):
                return fault
        raise
    return ""


def three_generator_steps(submission, name, weights, garbage, latents, lr, momentum, train, frozen, device):
    """Take three steps of the generator from garbage in every .grad; parameter `frozen` of the judge is frozen.

    Told: three times `{name:word}`, with old gradients left over, in {train:if train}{train:unless eval} mode
    """
    table = Table(weights, garbage, train, device)
    optimizer = torch.optim.SGD(table.generator.parameters(), lr=lr, momentum=momentum)
    table.watch(optimizer)
    judge = list(table.discriminator.parameters())
    computed = []
    for index, parameter in enumerate(judge):
        if index == frozen:
            parameter.requires_grad_(False)
        else:
            parameter.register_hook(lambda grad, index=index: computed.append(index))
    step, losses = getattr(submission, name), []
    for latent in latents:
        fake = table.generator(latent)
        if fault := run(lambda fake=fake: losses.append(step(table.discriminator, optimizer, fake))):
            return {"cut_off": fault, "shown": table.shown}
        table.note()
    seen = table.state() | {"losses": losses, "computed": len(computed), "cut_off": ""}
    seen["judge_grads"] = [None if parameter.grad is None else parameter.grad.clone() for parameter in judge]
    seen["judge_flags"] = [parameter.requires_grad for parameter in judge]
    return seen


def three_gan_steps(submission, game, seed, frames, weights, garbage, latents, lrs, momentum, train, device):
    """Train both networks three times on frames of a game (or on `frames`, for want of one), from dirty gradients.

    Told: both networks trained three times on {frames:len} {game:if real}{game:unless random} frames, with old
    gradients left over
    """
    frames = frames_of(game, seed, len(frames)) if game else frames
    seen = {"frames": frames.clone(), "losses": []}
    table = Table(weights, garbage, train, device)
    both = (table.discriminator, table.generator)
    optimizers = [torch.optim.SGD(net.parameters(), lr, momentum) for net, lr in zip(both, lrs, strict=True)]
    table.watch(optimizers[1])
    arguments = (table.discriminator, optimizers[0], table.generator, optimizers[1])
    for real, latent in zip(frames.to(device).chunk(3), latents, strict=True):
        both = (real, latent)
        if fault := run(lambda both=both: seen["losses"].append(submission.gan_step(*arguments, *both))):
            return {"cut_off": fault, "shown": table.shown}
        table.note()
    return seen | table.state() | {"cut_off": ""}


class _Numbers(TorchDispatchMode):
    """Lets a tensor that has no values give a number all the same."""

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        if function is torch.ops.aten._local_scalar_dense.default:
            return 1.0
        # A single number may be fetched in two steps, .cpu() and .item().
        if function is torch.ops.aten._to_copy.default and args[0].ndim == 0 and str(kwargs.get("device")) == "cpu":
            return torch.ones(())
        return function(*args, **kwargs)


def step_on(submission, name, device):
    """Take one step on each device with the smallest of networks; return what it raised elsewhere, or None.

    Also what the weights are after a step before which infinity was in every `.grad`.

    Told: `{name:word}` once with the smallest of networks, before there is any gradient, with infinity in `.grad`, and
    on another device
    """
    _take(submission, name, _smallest(device))
    networks = _smallest(device, left=torch.inf)
    with contextlib.suppress(RuntimeError):  # what it comes to is seen in the weights
        _take(submission, name, networks)
    raised = None
    try:
        with _Numbers():
            _take(submission, name, _smallest(torch.device("meta")))
    except (RuntimeError, NotImplementedError, TypeError, ValueError) as error:
        raised = str(error)[:300]
    return {"raised": raised, "after": kind_of_numbers([each for net in networks for each in net.parameters()])}


def _smallest(device, left=None):
    """Return a discriminator and a generator network on this device."""
    judge = nn.Sequential(nn.Flatten(), nn.Linear(3 * 64 * 64, 1), nn.Sigmoid(), nn.Flatten(0)).to(device)
    generator = nn.Sequential(nn.ConvTranspose2d(2, 3, 64), nn.Tanh()).to(device)
    for network in (judge, generator):
        for parameter in network.parameters():
            parameter.grad = None if left is None else torch.full_like(parameter, left)
    return judge, generator


def _take(submission, name, networks):
    judge, generator = networks
    first, second = (torch.optim.SGD(network.parameters(), lr=0.1) for network in networks)
    latent = torch.ones(2, 2, 1, 1, device=judge[1].weight.device)
    if name == "gan_step":
        submission.gan_step(judge, first, generator, second, torch.ones(3, 3, 64, 64, device=latent.device), latent)
    else:
        getattr(submission, name)(judge, second, generator(latent))


def kind_of_numbers(tensors):
    """Say in a word what is in some tensors."""
    values = torch.cat([tensor.detach().flatten() for tensor in tensors])
    return "NaN" if values.isnan().any() else "infinity" if values.isinf().any() else "numbers"
