"""Hidden checks of 09: the two-layer net with autograd, its update and its training loop."""

import functools
import math

import pytest
import torch

from grader.compare import expect, how_many, looks_like, one_of, together

WEIGHTS = ("w1", "w2")
REFUSED = {
    "update-outside-no-grad": lambda error: "a leaf Variable that requires grad" in error.message,
    "second-backward-freed-graph": lambda error: "backward through the graph a second time" in error.message,
    "inplace-breaks-backward": lambda error: "modified by an inplace operation" in error.message,
}
NO_LEAF = {
    "leaf-lost-by-to": lambda t: t.grad_fn == "ToCopyBackward0",
    "leaf-lost-by-arithmetic": lambda t: t.grad_fn is not None,
    "requires-grad-forgotten": lambda t: not t.requires_grad,
}


def drawn(rng, *shapes):
    """Draw one tensor for each shape."""
    return [torch.randn(shape, generator=rng) for shape in shapes]


def problem(rng, n, d_in, hidden, d_out):
    """Draw x, y, w1 and w2; the weights require a gradient."""
    x, y, w1, w2 = drawn(rng, (n, d_in), (n, d_out), (d_in, hidden), (hidden, d_out))
    return x, y, (w1 / d_in**0.5).requires_grad_(), (w2 / hidden**0.5).requires_grad_()


def loss_and_gradients(x, y, w1, w2):
    """Return the loss and the gradients of both weights, worked out by hand."""
    h = x @ w1
    h_relu = h.clamp(min=0)
    error = h_relu @ w2 - y
    grad_h = 2 * error @ w2.T * (h > 0)
    return error.square().sum(), x.T @ grad_h, h_relu.T @ (2 * error)


def pitfall(x, y, w1, w2):
    """Return the loss where a prediction of one number for each sample has lost its dimension, else None."""
    return ((x @ w1).clamp(min=0) @ w2).squeeze(1).sub(y).square().sum() if y.shape[1] == 1 else None


def cleared(tensor):
    """Tell whether there is nothing left in a weight's .grad."""
    return tensor.grad is None or not tensor.grad.data.any()


@pytest.mark.step("make_weights")
def test_drawn(submission, rng, device):
    """draws scaled weights from the generator, in order, as leaves that require a gradient"""
    seed = int(torch.randint(10**6, (), generator=rng))
    seen = submission.make_weights(3, 5, 2, device, torch.Generator().manual_seed(seed))
    again = torch.Generator().manual_seed(seed)
    normal = drawn(again, (3, 5), (5, 2))
    w2_first = drawn(torch.Generator().manual_seed(seed), (5, 2), (3, 5))[::-1]
    again.manual_seed(seed)
    uniform = [torch.rand(shape, generator=again) for shape in ((3, 5), (5, 2))]
    pair = expect(seen).keeps_globals("torch's global random state", misconception="global-rng-touched").length(2)
    for index, name in enumerate(WEIGHTS):
        named = NO_LEAF | {
            "factor-left-out": normal[index],
            "drawn-in-another-order": one_of([w2_first[index], 0.1 * w2_first[index]]),
            "latent-uniform": one_of([uniform[index], 0.1 * uniform[index]]),
            "transpose-slip": lambda t, turned=tuple(normal[index].shape[::-1]): t.shape == turned,
        }
        pair.item(index, name, named).tensor(0.1 * normal[index], device=device).requires_grad(True).leaf(True)


@pytest.mark.step("make_weights")
def test_stays_on_device(submission):
    """makes leaves on the device that it is given"""
    pair = expect(submission.make_weights(3, 5, 2, torch.device("meta"), torch.Generator())).length(2)
    for index, name in enumerate(WEIGHTS):
        named = {"hard-coded-device": lambda t: t.device == "cpu"} | NO_LEAF
        pair.item(index, name, named).on("meta").leaf(True).requires_grad(True)


@pytest.mark.step("make_weights")
def test_drawn_on_cpu(submission):
    """draws on the generator's own device, and lets the generator advance"""
    seen = expect(submission.probe.drawn_elsewhere("make_weights", (3, 5, 2), torch.device("meta")))
    seen.keeps_globals("torch's global random state", misconception="global-rng-touched")
    elsewhere = seen.item("elsewhere", lookalikes={"drawn-on-another-device": True})
    elsewhere.is_false("the numbers were drawn on another device than the generator's")
    goes_on = seen.item("goes_on", lookalikes={"reseeded-at-each-call": False})
    goes_on.is_true("two calls with the same generator drew the same numbers")
    generator = torch.Generator()
    for call in range(3):
        expected = [0.1 * each for each in drawn(generator, (3, 5), (5, 2))]
        pair = seen.item("drawn").length(3).item(call, f"the result of call {call + 1}").length(2)
        for index, name in enumerate(WEIGHTS):
            part = pair.item(index, f"{name} of call {call + 1}")
            part.values(expected[index]) if call else part.shape(*expected[index].shape).on("meta")


@pytest.mark.step("compute_loss")
def test_loss(submission, rng, device):
    """computes the loss, and lets its gradients flow back to both weights"""
    submission.recognise(REFUSED)
    for sizes, wide in (((7, 3, 5, 2), 30), ((3, 4, 2, 5), 1), ((6, 3, 4, 1), 1), ((1, 3, 4, 2), 1)):
        x, y, w1, w2 = problem(rng, *sizes)
        x = wide * x
        (scale,) = drawn(rng, ())
        loss, *grads = loss_and_gradients(x, y, w1.detach(), w2.detach())
        sizes = {
            "the batch size": len(y),
            "the number of outputs": y.shape[1],
            "the number of elements of y": y.numel(),
        }
        seen = expect(submission.probe.backward_through_loss(x, y, w1, w2, scale), quantities=sizes)
        counts = (y.numel(), len(y), y.shape[1])
        named = {
            "mean-vs-sum": one_of([loss / count for count in counts]),
            "detached-returned": lambda t: not t.requires_grad,
            "python-value-breaks-graph": lambda value: type(value) is float,
            "loss-per-row": lambda t, y=y: t.shape in ((len(y),), (y.shape[1],), tuple(y.shape)),
            "absolute-after-mean": ((x @ w1).clamp(min=0) @ w2 - y).detach().sum().square(),
            "broadcast-pitfall": pitfall(x, y, w1.detach(), w2.detach()),
            "relu-forgotten": (x @ w1 @ w2 - y).detach().square().sum(),
            "relu-on-output": ((x @ w1).clamp(min=0) @ w2).clamp(min=0).sub(y).detach().square().sum(),
        }
        seen.item("loss", "the loss", named).tensor(loss, device=device).requires_grad(True)
        for name, grad in zip(WEIGHTS, grads, strict=True):
            named = {"graph-cut-in-the-middle": lambda t: t.grad is None}
            seen.item(name, name, named).grad(scale * grad)


@pytest.mark.step("compute_loss")
def test_loss_changes_nothing(submission, rng):
    """leaves data and weights alone and runs no backward pass"""
    sent = problem(rng, 4, 3, 5, 2)
    seen = expect(submission.compute_loss(*sent))
    for index, tensor in enumerate(sent):
        seen.keeps_argument(index, tensor, "mutates-caller")
    submission.recognise(REFUSED)
    seen = expect(submission.probe.backward_through_loss(*sent, torch.ones(())))
    filled = {"mutates-caller": lambda grad: grad is not None}
    for index, name in enumerate(WEIGHTS):
        seen.item("before").length(2).item(index, f"the .grad of {name} before backward", filled).equals(None)
    sent = with_leftovers(rng)
    kept = expect(submission.probe.kept_gradients(*sent))
    seen = kept.item("weights", "the list of weights").length(2)
    for index, (name, weight) in enumerate(zip(WEIGHTS, sent[2:], strict=True)):
        changed = {"mutates-caller": lambda t: t.grad is None or not looks_like(t.grad, weight.grad)}
        seen.item(index, f"{name} after the call", changed).grad(weight.grad)
    loss, *_ = loss_and_gradients(*[each.detach() for each in sent])
    kept.item("loss", "the loss").values(loss)


def with_gradients(rng):
    """Draw two weights with a gradient in each .grad."""
    weights = drawn(rng, (3, 5), (5, 2))
    for weight in weights:
        weight.requires_grad_().grad = torch.randn(weight.shape, generator=rng)
    return weights


def lost_updates(before):
    """Return what a weight looks like whose update went nowhere, as did that of the other weight."""
    return {
        "zero-after-backward": lambda t: looks_like(t, before) and cleared(t),
        "rebinding-drops-leaf": before,
    }


@pytest.mark.step("sgd_update")
def test_update(submission, rng, device):
    """moves the caller's weights against their gradients"""
    for lr in (0.1, 0.03):
        weights = with_gradients(rng)
        submission.recognise(REFUSED)
        seen = submission.sgd_update(*weights, lr)
        old = [weight.detach() for weight in weights]
        new = [weight.detach() - lr * weight.grad for weight in weights]
        one_stuck = together(seen.arguments[:2], [old[0], new[1]], [new[0], old[1]])
        for index, (name, weight) in enumerate(zip(WEIGHTS, weights, strict=True)):
            before = weight.detach()
            named = {"step-uphill": before + lr * weight.grad, "weight-not-updated": one_stuck} | lost_updates(before)
            named["leaf-left-frozen"] = lambda t: not t.requires_grad and t.version > 0
            fixed = [before - other * weight.grad for other in (1.0, 0.1, 0.01, 0.001)]
            named["hard-coded-hyperparameters"] = one_of(fixed)
            now = expect(seen.arguments).item(index, name, named)
            now.tensor(before - lr * weight.grad, device=device).requires_grad(True).leaf(True)


@pytest.mark.step("sgd_update")
def test_clears(submission, rng):
    """clears both gradients after the step"""
    for broken in (False, True):
        weights = with_gradients(rng)
        if broken:
            weights[0].grad[0, 1], weights[1].grad[2, 0] = torch.nan, torch.inf
        seen = submission.sgd_update(*weights, 0.1)
        for index, (name, weight) in enumerate(zip(WEIGHTS, weights, strict=True)):
            # Whoever leaves numbers in it has failed with those, in the round before.
            named = {"zero-times-nan": lambda t: True} if broken else {"gradients-accumulate": moved_from(weight)}
            now = expect(seen.arguments).item(index, name, named).is_tensor()
            what = f"the .grad of {name}{', which held NaN or infinity,' if broken else ''} was not cleared"
            now.satisfies(cleared, what, got="", expected="None or zeros")


@pytest.mark.step("sgd_update")
def test_open_update(submission, rng):
    """changes the weights so that autograd notices, and leaves autograd switched on or off as it was"""
    weights = with_gradients(rng)
    seen = submission.sgd_update(*weights, 0.1)
    expect(seen).keeps_globals("grad mode", misconception="grad-mode-left-off")
    open_writes(seen.arguments, weights)
    switched_on = {"grad-mode-forced-on": True}
    weights = with_gradients(rng)
    seen = expect(submission.probe.recording_after(*weights, 0.1))
    recording = seen.item("recording", lookalikes=switched_on)
    recording.is_false("autograd was off before the call, and on after it")
    for index, (name, weight) in enumerate(zip(WEIGHTS, weights, strict=True)):
        moved = weight.detach() - 0.1 * weight.grad
        seen.item("weights").item(index, f"{name} after a step with autograd off").values(moved)


def moved_from(weight):
    """Return a function that tells whether what came back holds other numbers than this weight."""
    return lambda t: not looks_like(t, weight.detach())


def open_writes(weights_now, weights):
    """Require that both weights were written to where autograd counts it."""
    for index, name in enumerate(WEIGHTS):
        now = expect(weights_now).item(index, name, {"data-bypass": moved_from(weights[index])}).is_tensor()
        said = f"autograd did not notice that {name} was changed"
        now.satisfies(lambda t: t.version > 0, said, got="a `_version` of 0", expected="a `_version` above 0")


def trained(x, y, w1, w2, lr, steps, keep="nothing", way="", moved=(1, 1)):
    """Take the steps by hand; return the losses and both weights.

    `keep` tells which old gradients have a say, `way` which weight moves before the gradient of the other is computed,
    `moved` which weights move.
    """
    weights, losses = [w1.detach(), w2.detach()], []
    gradients = [weight.grad if keep in ("all", "first") else torch.zeros_like(weight) for weight in (w1, w2)]
    for _ in range(steps):
        loss, *new = loss_and_gradients(x, y, *weights)
        if way == "w1 first":
            new[1] = loss_and_gradients(x, y, weights[0] - lr * new[0], weights[1])[2]
        if way == "w2 first":
            new[0] = loss_and_gradients(x, y, weights[0], weights[1] - lr * new[1])[1]
        gradients = [old + grad for old, grad in zip(gradients, new, strict=True)]
        weights = [w - lr * grad * moves for w, grad, moves in zip(weights, gradients, moved, strict=True)]
        losses.append(float(loss))
        if keep in ("nothing", "first"):
            gradients = [torch.zeros_like(weight) for weight in weights]
    return losses, *weights


def _with_momentum(sent, lr, steps, momentum):
    """Return both weights after SGD's steps with momentum, which nobody has asked for."""
    x, y, *weights = [each.detach().clone() for each in sent]
    weights = [each.requires_grad_() for each in weights]
    optimizer = torch.optim.SGD(weights, lr=lr, momentum=momentum)
    for _ in range(steps):
        _, *gradients = loss_and_gradients(x, y, *[each.detach() for each in weights])
        for weight, gradient in zip(weights, gradients, strict=True):
            weight.grad = gradient
        optimizer.step()
    return [each.detach() for each in weights]


def overshooting(sent):
    """Return a learning rate with which the second loss is greater than the first."""
    lr = 0.02
    while not trained(*sent, lr, 2)[0][1] > 1.01 * trained(*sent, lr, 2)[0][0]:
        lr *= 1.5
    return lr


def with_leftovers(rng):
    """Draw a problem whose weights have something in their .grad already."""
    x, y, w1, w2 = problem(rng, 6, 3, 5, 2)
    for weight in (w1, w2):
        weight.grad = 10 * torch.randn(weight.shape, generator=rng)
    return x, y, w1, w2


@pytest.mark.step("train")
def test_train(submission, rng, device):
    """takes the right steps, whatever was in .grad before"""
    submission.recognise(REFUSED)
    # One step alone says most about what raises at the second; without that, several steps tell more wrong ways apart.
    raised = submission.attempt("train", *with_leftovers(rng), 0.01, 4).exception is not None
    cases = ((0.01, 4), (0.003, 3), (None, 2), (0.01, 1), (0.01, 0))
    for lr, steps in sorted(cases, key=lambda case: raised and (case[1] or len(cases))):
        sent = with_leftovers(rng)
        lr = lr or overshooting(sent)
        seen = submission.train(*sent, lr, steps)
        now = seen.arguments[2:4]
        _, *expected = trained(*sent, lr, steps)
        leftovers = [trained(*sent, lr, steps, keep)[1:] for keep in ("all", "first", "own")]
        counts = [count for count in (steps - 1, steps + 1) if count > 0]

        def after_each(index, sent=sent, lr=lr, steps=steps):
            return [trained(*sent, lr, count)[1 + index] for count in range(steps + 3)]

        beliefs = {
            "weight-not-updated": together(
                now, *[trained(*sent, lr, steps, moved=each)[1:] for each in ((1, 0), (0, 1))]
            ),
            "another-update-rule": together(now, *[_with_momentum(sent, lr, steps, each) for each in (0.9, 0.5)]),
            "another-number-of-steps": together(now, *[trained(*sent, lr, count)[1:] for count in counts]),
            "update-before-all-grads": together(
                now, *[trained(*sent, lr, steps, way=way)[1:] for way in ("w1 first", "w2 first")]
            ),
        }
        for index, (name, weight) in enumerate(zip(WEIGHTS, sent[2:], strict=True)):
            before = weight.detach()
            named = {"gradients-accumulate": one_of([each[index] for each in leftovers])} | lost_updates(before)
            named["step-uphill"] = trained(*sent, -lr, steps)[1 + index]
            after = f"{name} after {how_many(steps, 'step')}"
            part = expect(seen.arguments).item(2 + index, after, beliefs | named)
            part.tensor(expected[index], device=device, steps=functools.partial(after_each, index)).requires_grad(
                True
            ).leaf(True)


@pytest.mark.step("train")
def test_train_from_fresh(submission, rng, device):
    """begins where nothing is in .grad yet, and where no numbers are"""
    for left in (None, 3.0, torch.nan):
        sent = problem(rng, 6, 3, 5, 2)
        for weight in sent[2:]:
            weight.grad = None if left is None else torch.full_like(weight, left)
        seen = submission.train(*sent, 0.01, 2)
        # Whoever leaves numbers in the sum has failed with those, in the round before.
        named = {"zero-times-nan": lambda t, left=left: left not in (None, 3.0) and bool(t.data.isnan().any())}
        clean = [each.detach().clone().requires_grad_() for each in sent[2:]]
        for weight in clean:
            weight.grad = torch.zeros_like(weight)
        _, *expected = trained(*sent[:2], *clean, 0.01, 2)
        for index, name in enumerate(WEIGHTS):
            part = expect(seen.arguments).item(2 + index, f"{name} after 2 steps", named)
            part.tensor(expected[index], device=device)


@pytest.mark.step("train")
def test_losses(submission, rng, device):
    """returns the loss before each step, as plain numbers"""
    for steps in (2, 3, 0):
        sent = with_leftovers(rng)
        losses, *_ = trained(*sent, 0.01, steps + 1)
        seen = expect(submission.train(*sent, 0.01, steps)).length(steps)
        for index, expected in enumerate(losses[:steps]):
            named = {
                "loss-keeps-graph": lambda value: value.requires_grad,
                "scalar-tensor-not-number": lambda value: value.shape == (),
                "loss-after-step": lambda value, after=losses[index + 1]: math.isclose(value, after, rel_tol=1e-5),
                "mean-vs-sum": lambda value, expected=expected: any(
                    math.isclose(value * n, expected, rel_tol=1e-5) for n in (6, 12)
                ),
            }
            seen.item(index, f"the loss before step {index + 1}", named).near(expected, device)


@pytest.mark.step("train")
def test_train_leaves(submission, rng):
    """leaves the data alone and autograd on, and changes the weights so that autograd notices"""
    x, y, *_ = sent = with_leftovers(rng)
    seen = submission.train(*sent, 0.01, 2)
    expect(seen).keeps_argument(0, x, "mutates-caller").keeps_argument(1, y, "mutates-caller")
    expect(seen).keeps_globals("grad mode", misconception="grad-mode-left-off")
    open_writes(seen.arguments[2:], sent[2:])
