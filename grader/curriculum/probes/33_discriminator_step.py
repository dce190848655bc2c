"""Plays real games for frames, builds the two networks from weights that it is sent, and watches three steps."""

import contextlib

import torch
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode

from grader.curriculum.preload.drawing import DrawnThere
from grader.curriculum.preload.frames import frames_of


def networks(weights, device):
    """Build a small discriminator and generator that hold `weights`, in train mode."""
    torch.backends.cudnn.allow_tf32 = False  # its convolutions would round to three digits
    discriminator = nn.Sequential(nn.Conv2d(3, 4, 8, 8), nn.SiLU(), nn.Conv2d(4, 1, 8), nn.Sigmoid(), nn.Flatten(0))
    generator = nn.Sequential(nn.ConvTranspose2d(7, 4, 8), nn.SiLU(), nn.ConvTranspose2d(4, 3, 8, 8), nn.Tanh())
    for network, values in ((discriminator, weights["discriminator"]), (generator, weights["generator"])):
        for parameter, value in zip(network.parameters(), values, strict=True):
            parameter.data = value.clone()
    return discriminator.to(device), generator.to(device)


def soil(network, garbage):
    """Put garbage into the `.grad` of every parameter."""
    for parameter, value in zip(network.parameters(), garbage, strict=True):
        parameter.grad = value.clone()


def leads_back(fake, upstream):
    """Run backward from `fake` into the generator; tell whether there was a way."""
    try:
        fake.backward(upstream)
    except RuntimeError:
        return False
    return True


def draw_thrice(submission, batch_size, latent_size, seed, device):
    """Draw twice with one generator, and once with another one that starts out like it.

    Told: `sample_latent` twice with one generator, and once with another that starts alike
    """
    generator = torch.Generator().manual_seed(seed)
    first = submission.sample_latent(batch_size, latent_size, generator, device)
    second = submission.sample_latent(batch_size, latent_size, generator, device)
    again = submission.sample_latent(batch_size, latent_size, torch.Generator().manual_seed(seed), device)
    return first, second, again


def drawn_elsewhere(submission, batch_size, latent_size, device):
    """Draw on a device; return what came back, and whether the generator on the CPU was asked to draw there.

    Told: `sample_latent` for another device
    """
    with DrawnThere() as drawing:
        latent = submission.sample_latent(batch_size, latent_size, torch.Generator().manual_seed(1), device)
    return latent, drawing.elsewhere


def loss_gradients(submission, real_probabilities, fake_probabilities, upstream):
    """Run backward from the loss; return both arguments, with their .grad, and the loss.

    Told: `discriminator_loss` of {real_probabilities:len} real and {fake_probabilities:len} fake answers, then
    backward
    """
    real = real_probabilities.clone().requires_grad_()
    fake = fake_probabilities.clone().requires_grad_()
    loss = submission.discriminator_loss(real, fake)
    if isinstance(loss, torch.Tensor) and loss.requires_grad:
        (loss * upstream).sum().backward()
    return real, fake, loss


def optimizers_of(submission, lr):
    """Say of both optimizers what they are, which parameters they hold, and with which settings.

    Told: `make_optimizers` with lr {lr}
    """
    discriminator = nn.Sequential(nn.Conv2d(3, 2, 4), nn.LeakyReLU(0.2), nn.Conv2d(2, 1, 3))
    generator = nn.Sequential(nn.ConvTranspose2d(5, 2, 4), nn.Tanh())
    discriminator[0].bias.requires_grad_(False), generator[0].weight.requires_grad_(False)
    networks_by_name = {"discriminator": discriminator, "generator": generator}
    names = {id(p): f"{of}.{name}" for of, net in networks_by_name.items() for name, p in net.named_parameters()}
    made = submission.make_optimizers(discriminator, generator, lr)
    return [_optimizer(each, names) for each in made] if isinstance(made, (tuple, list)) else made


def _optimizer(optimizer, names):
    if not isinstance(optimizer, torch.optim.Optimizer):
        return optimizer
    held = [names.get(id(parameter), "another") for group in optimizer.param_groups for parameter in group["params"]]
    settings = {
        name: [_plain(group.get(name)) for group in optimizer.param_groups]
        for name in ("lr", "betas", "eps", "weight_decay", "amsgrad", "maximize")
    }
    return {"class": type(optimizer).__name__, "parameters": sorted(held), **settings}


def _plain(setting):
    return list(setting) if isinstance(setting, tuple) else setting


def three_steps(submission, game, seed, frames, weights, garbage, latents, upstream, lr, momentum, train, device):
    """Take three steps on frames of a game (or on `frames`, for want of one), from garbage in every .grad.

    Afterwards a gradient is sent through the last fake frames.

    Told: three steps on {frames:len} {game:if real}{game:unless random} frames, with old gradients left over, in
    {train:if train}{train:unless eval} mode
    """
    frames = frames_of(game, seed, len(frames)) if game else frames
    discriminator, generator = networks(weights, device)
    discriminator.train(train), generator.train(train)
    discriminator[1].train(not train)
    modes = [module.training for network in (discriminator, generator) for module in network.modules()]
    soil(discriminator, garbage["discriminator"]), soil(generator, garbage["generator"])
    optimizer = torch.optim.SGD(discriminator.parameters(), lr=lr, momentum=momentum)
    seen = {"frames": frames.clone(), "losses": [], "inputs": [], "after": [], "written": [], "steps": []}
    discriminator.register_forward_pre_hook(lambda _, args: seen["inputs"].append(_look_at(args[0])))
    arrived = []
    for parameter in discriminator.parameters():
        parameter.register_post_accumulate_grad_hook(lambda _: arrived.append(1))
    optimizer.register_step_pre_hook(lambda *_: seen["steps"].append((_has_gradients(discriminator), len(arrived))))
    for real, latent in zip(frames.to(device).chunk(3), latents, strict=True):
        fake = generator(latent)
        versions = [frames._version for frames in (real, fake)]
        seen["losses"].append(submission.discriminator_step(discriminator, optimizer, real, fake))
        seen["after"].append((real, fake))
        seen["written"].append([frames._version for frames in (real, fake)] != versions)
    seen["arrived"] = len(arrived)
    seen["discriminator"] = [parameter.detach().clone() for parameter in discriminator.parameters()]
    seen["generator"] = [parameter.detach().clone() for parameter in generator.parameters()]
    seen["generator_grads"] = [parameter.grad for parameter in generator.parameters()]
    seen["generator_grads"] = [None if grad is None else grad.clone() for grad in seen["generator_grads"]]
    after = [module.training for network in (discriminator, generator) for module in network.modules()]
    seen["modes kept"] = after == modes
    seen["leads_back"] = leads_back(seen["after"][-1][1], upstream)
    seen["through_fake"] = list(generator.parameters())
    return seen


def _look_at(frames):
    """Say how many frames these are, whether a gradient of them is wanted, and whether they lead back to anything."""
    asked = frames.requires_grad and torch.is_grad_enabled()
    return len(frames), asked, asked and not frames.is_leaf


def _has_gradients(network):
    """Tell whether any parameter has a gradient that is not 0."""
    return any(parameter.grad is not None and bool(parameter.grad.any()) for parameter in network.parameters())


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


def step_on(submission, device):
    """Take one step on each device with the smallest of networks; return what it raised elsewhere, or None.

    Also what the weights are after a step before which infinity was in every `.grad`.

    Told: one step with the smallest of networks, before there is any gradient, with infinity in `.grad`, and on
    another device
    """
    submission.discriminator_step(*_smallest(device))
    arguments = _smallest(device, left=torch.inf)
    with contextlib.suppress(RuntimeError):  # what it comes to is seen in the weights
        submission.discriminator_step(*arguments)
    raised = None
    try:
        with _Numbers():
            submission.discriminator_step(*_smallest(torch.device("meta")))
    except (RuntimeError, NotImplementedError, TypeError, ValueError) as error:
        raised = str(error)[:300]
    return {"raised": raised, "after": kind_of_numbers(arguments[0].parameters())}


def _smallest(place, left=None):
    """Return what a step is called with on this device."""
    discriminator = nn.Sequential(nn.Flatten(), nn.Linear(3 * 64 * 64, 1), nn.Sigmoid(), nn.Flatten(0)).to(place)
    for parameter in discriminator.parameters():
        parameter.grad = None if left is None else torch.full_like(parameter, left)
    fake = torch.zeros(2, 3, 64, 64, device=place, requires_grad=True) * 1
    optimizer = torch.optim.SGD(discriminator.parameters(), lr=0.1)
    return discriminator, optimizer, torch.ones(3, 3, 64, 64, device=place), fake


def kind_of_numbers(tensors):
    """Say in a word what is in some tensors."""
    values = torch.cat([tensor.detach().flatten() for tensor in tensors])
    return "NaN" if values.isnan().any() else "infinity" if values.isinf().any() else "numbers"
