"""Hidden checks of 08: forward, backward and one step of a two-layer net, without autograd."""

from itertools import permutations

import pytest
import torch

from grader.compare import expect, looks_like, one_of, together

GENERATOR_STATE = "torch's global random state"


def drawn(rng, *shapes):
    """Draw one tensor for each shape."""
    return [torch.randn(shape, generator=rng) for shape in shapes]


def problem(rng, n, d_in, hidden, d_out):
    """Draw x, y, w1 and w2, the weights small enough for steps that do not run away."""
    x, y, w1, w2 = drawn(rng, (n, d_in), (n, d_out), (d_in, hidden), (hidden, d_out))
    return x, y, w1 / d_in**0.5, w2 / hidden**0.5


def walked_back(x, h, w2, grad_y_pred, mask=None):
    """Return both gradients, by default with the mask that is due."""
    grad_h = grad_y_pred @ w2.T * ((h > 0) if mask is None else mask)
    return x.T @ grad_h, h.clamp(min=0).T @ grad_y_pred


@pytest.mark.step("make_tensors")
def test_drawn(submission, rng, device):
    """draws data and weights of the right shapes from the generator, in order"""
    seed = int(torch.randint(10**6, (), generator=rng))
    sizes = (6, 3, 5, 2)
    seen = submission.make_tensors(*sizes, device, torch.Generator().manual_seed(seed))
    again = torch.Generator().manual_seed(seed)
    shapes = ((6, 3), (6, 2), (3, 5), (5, 2))
    expected = drawn(again, *shapes)
    again.manual_seed(seed)
    uniform = [torch.rand(shape, generator=again) for shape in shapes]
    expect(seen).keeps_globals(GENERATOR_STATE, misconception="global-rng-touched").length(4)
    for index, name in enumerate(("x", "y", "w1", "w2")):
        named = {
            "results-in-another-order": one_of([each for each in expected if each is not expected[index]]),
            "transpose-slip": lambda t, turned=shapes[index][::-1]: t.shape == turned,
            "latent-uniform": uniform[index],
            "drawn-in-another-order": one_of(drawn_in_another_order(seed, shapes, index, expected[index])),
        }
        expect(seen).item(index, name, named).tensor(expected[index], device=device).requires_grad(False)


def drawn_in_another_order(seed, shapes, index, expected):
    """Return what the tensor at this index would be in each order of drawing that gives it other numbers."""
    found = []
    for order in permutations(range(4)):
        numbers = drawn(torch.Generator().manual_seed(seed), *[shapes[each] for each in order])
        found.append(numbers[order.index(index)])
    return [each for each in found if not torch.equal(each, expected)]


@pytest.mark.step("make_tensors")
def test_stays_on_device(submission, rng):
    """makes all four on the device that it is given"""
    four = expect(submission.make_tensors(4, 3, 5, 2, torch.device("meta"), torch.Generator())).length(4)
    for index, name in enumerate(("x", "y", "w1", "w2")):
        four.item(index, name, {"hard-coded-device": lambda t: t.device == "cpu"}).on("meta")


@pytest.mark.step("make_tensors")
def test_drawn_on_cpu(submission):
    """draws on the generator's own device, and lets the generator advance"""
    seen = expect(submission.probe.drawn_elsewhere("make_tensors", (4, 3, 5, 2), torch.device("meta")))
    seen.keeps_globals(GENERATOR_STATE, misconception="global-rng-touched")
    elsewhere = seen.item("elsewhere", lookalikes={"drawn-on-another-device": True})
    elsewhere.is_false("the numbers were drawn on another device than the generator's")
    goes_on = seen.item("goes_on", lookalikes={"reseeded-at-each-call": False})
    goes_on.is_true("two calls with the same generator drew the same numbers")
    generator = torch.Generator()
    for call in range(3):
        expected = drawn(generator, (4, 3), (4, 2), (3, 5), (5, 2))
        four = seen.item("drawn").length(3).item(call, f"the result of call {call + 1}").length(4)
        for index, name in enumerate(("x", "y", "w1", "w2")):
            part = four.item(index, f"{name} of call {call + 1}")
            part.values(expected[index]) if call else part.shape(*expected[index].shape).on("meta")


@pytest.mark.step("forward")
def test_forward(submission, rng, device):
    """computes the hidden layer before and after the ReLU, and the prediction"""
    for n, d_out in ((7, 2), (1, 1)):
        x, w1, w2 = drawn(rng, (n, 3), (3, 5), (5, d_out))
        x = 30 * x
        w2[:, 0] = -w2[:, 0].abs()  # some predictions are negative
        h = x @ w1
        h_relu, y_pred = h.clamp(min=0), h.clamp(min=0) @ w2
        seen = submission.forward(x, w1, w2)
        three = expect(seen).length(3)
        named = {
            "results-in-another-order": lambda t, h=h, y_pred=y_pred, read=seen.value: (
                looks_like(t, y_pred) or looks_like(read[1], h)
            ),
            "relu-overwrites-its-input": h_relu,
        }
        three.item(0, "h", named).tensor(h, device=device)
        three.item(1, "h_relu", {"results-in-another-order": y_pred, "relu-forgotten": h}).tensor(h_relu, device=device)
        named = {"relu-on-output": y_pred.clamp(min=0), "relu-forgotten": h @ w2} | squeezed(y_pred)
        three.item(2, "y_pred", named).tensor(y_pred, device=device)


@pytest.mark.step("forward")
def test_forward_keeps(submission, rng):
    """leaves the data and the weights alone"""
    sent = drawn(rng, (4, 3), (3, 5), (5, 2))
    seen = expect(submission.forward(*sent))
    for index, tensor in enumerate(sent):
        seen.keeps_argument(index, tensor, "mutates-caller")


def squeezed(expected):
    """Return the lookalike of a tensor whose dimensions of size 1 are gone."""
    without = tuple(expected.squeeze().shape)
    return {"squeezed-too-far": lambda t: t.shape == without} if without != tuple(expected.shape) else {}


@pytest.mark.step("loss_and_gradient")
def test_loss(submission, rng, device):
    """adds up all squared differences, and returns the gradient of that sum"""
    for n, d_out in ((5, 3), (3, 7), (5, 1), (1, 3)):
        y_pred, y = drawn(rng, (n, d_out), (n, d_out))
        error = y_pred - y
        total, counts = error.square().sum(), (n * d_out, n, d_out)
        sizes = {"the batch size": n, "the number of outputs": d_out, "the number of elements of y": n * d_out}
        pair = expect(submission.loss_and_gradient(y_pred, y), quantities=sizes).length(2)
        named = {
            "mean-vs-sum": one_of([total / count for count in counts]),
            "results-in-another-order": one_of([2 * error, -2 * error, error]),
            "loss-per-row": lambda t, n=n, d_out=d_out: t.shape in ((n,), (d_out,), (n, d_out)),
            "absolute-after-mean": error.sum().square(),
            "broadcast-pitfall": (y_pred.squeeze() - y).square().sum() if d_out == 1 else None,
        }
        pair.item(0, "the loss", named).tensor(total, device=device)
        named = {
            "gradient-sign-flipped": -2 * error,
            "factor-two-forgotten": error,
            "mean-vs-sum": one_of([2 * error / count for count in counts]),
            **squeezed(error),
        }
        pair.item(1, "grad_y_pred", named).tensor(2 * error, device=device)


@pytest.mark.step("loss_and_gradient")
def test_loss_by_hand(submission, rng):
    """works out the gradient itself and leaves its arguments alone"""
    sent = drawn(rng, (5, 3), (5, 3))
    seen = expect(submission.loss_and_gradient(*sent))
    seen.keeps_argument(0, sent[0], "mutates-caller").keeps_argument(1, sent[1], "mutates-caller")
    spied = submission.probe.backward_passes("loss_and_gradient", sent)
    error = sent[0] - sent[1]
    no_autograd(spied, {"the loss": error.square().sum(), "grad_y_pred": 2 * error})


def no_autograd(spied, expected, part="returned"):
    """Require that no backward pass was run, and the right numbers nevertheless, by name, in the result or another part."""
    passes = expect(spied).item("passes", "the number of backward passes that autograd ran", {"autograd-did-it": many})
    passes.equals(0)
    for index, (name, each) in enumerate(expected.items()):
        expect(spied).item(part, "the result").length(len(expected)).item(index, name).values(each)


def many(count):
    """Tell whether autograd ran at all."""
    return count > 0


def slopes_of_others(h):
    """Return the derivatives of the sigmoid and of the hyperbolic tangent, also as taken from what the ReLU gave."""
    out = h.clamp(min=0)
    s = torch.sigmoid(h)
    return [s * (1 - s), out * (1 - out), 1 - out**2, 1 - torch.tanh(h) ** 2]


@pytest.mark.step("backward")
def test_backward(submission, rng, device):
    """turns any gradient at the prediction into the gradients of both weights"""
    for n, d_in, hidden, d_out in ((7, 3, 5, 2), (3, 4, 2, 6), (1, 3, 4, 1)):
        x, h, w2, upstream = drawn(rng, (n, d_in), (n, hidden), (hidden, d_out), (n, d_out))
        grad_w1, grad_w2 = walked_back(x, h, w2, upstream)
        sizes = {"the batch size": n, "the number of outputs": d_out}
        pair = expect(submission.backward(x, h, h.clamp(min=0), w2, upstream), quantities=sizes).length(2)
        back = upstream @ w2.T
        named = {
            "results-in-another-order": grad_w2,
            "gradient-sign-flipped": -grad_w1,
            "upstream-ignored": one_of([walked_back(x, h, w2, torch.ones_like(upstream))[0], x.T @ (h > 0).float()]),
            "relu-mask-forgotten": x.T @ back,
            "relu-applied-to-gradient": x.T @ back.clamp(min=0),
            "transpose-slip": grad_w1.T,
            "mean-vs-sum": one_of([grad_w1 / n, grad_w1 / (n * d_out)]),
            "local-gradients-of-another": one_of([x.T @ (back * slope) for slope in slopes_of_others(h)]),
        }
        pair.item(0, "grad_w1", named).tensor(grad_w1, device=device)
        named = {
            "relu-forgotten": h.T @ upstream,
            "transpose-slip": grad_w2.T,
            "gradient-sign-flipped": -grad_w2,
            "upstream-ignored": h.clamp(min=0).T @ torch.ones_like(upstream),
            "mean-vs-sum": one_of([grad_w2 / n, grad_w2 / (n * d_out)]),
            **squeezed(grad_w2),
        }
        pair.item(1, "grad_w2", named).tensor(grad_w2, device=device)


@pytest.mark.step("backward")
def test_square(submission, rng, device):
    """multiplies the right way round where every shape would fit"""
    x, h, w2, upstream = drawn(rng, *[(4, 4)] * 4)
    grad_w1, grad_w2 = walked_back(x, h, w2, upstream)
    mask, h_relu = h > 0, h.clamp(min=0)
    slips = [turned for w in (w2, w2.T) for turned in ways(x, upstream @ w * mask)]
    pair = expect(submission.backward(x, h, h_relu, w2, upstream)).length(2)
    pair.item(0, "grad_w1", {"transpose-slip": one_of(slips)}).tensor(grad_w1, device=device)
    pair.item(1, "grad_w2", {"transpose-slip": one_of(ways(h_relu, upstream))}).tensor(grad_w2, device=device)


def ways(a, upstream):
    """Return the products that one gets by turning a square matrix too often or too seldom."""
    return [a.T @ upstream, a @ upstream, a @ upstream.T, upstream.T @ a, upstream @ a, a.T @ upstream.T]


@pytest.mark.step("backward")
def test_at_zero(submission, rng, device):
    """lets nothing through the ReLU where its input is exactly 0"""
    x, h, w2, upstream = drawn(rng, (6, 3), (6, 4), (4, 2), (6, 2))
    h[::2, 1] = 0
    h[1::2, 2] = 0
    grad_w1, _ = walked_back(x, h, w2, upstream)
    passed, _ = walked_back(x, h, w2, upstream, mask=h >= 0)
    pair = expect(submission.backward(x, h, h.clamp(min=0), w2, upstream)).length(2)
    pair.item(0, "grad_w1", {"relu-passes-at-zero": passed}).tensor(grad_w1, device=device)


@pytest.mark.step("backward")
def test_backward_by_hand(submission, rng):
    """works out the gradients itself and leaves its arguments alone"""
    x, h, w2, upstream = drawn(rng, (6, 3), (6, 4), (4, 2), (6, 2))
    sent = [x, h, h.clamp(min=0), w2, upstream]
    seen = expect(submission.backward(*sent))
    for index, tensor in enumerate(sent):
        seen.keeps_argument(index, tensor, "mutates-caller")
    grad_w1, grad_w2 = walked_back(x, h, w2, upstream)
    no_autograd(submission.probe.backward_passes("backward", sent), {"grad_w1": grad_w1, "grad_w2": grad_w2})


def stepped(x, y, w1, w2, lr, way="", steps=3):
    """Take some steps in the right way, or in a wrong one; return the losses and both weights."""
    w1, w2, losses = w1.clone(), w2.clone(), []
    for _ in range(steps):
        h = x @ w1
        error = h.clamp(min=0) @ w2 - y
        losses.append(error.square().sum())
        rate = lr / {"rows": len(x), "all": y.numel(), "columns": y.shape[1]}.get(way, 1)
        grad_w1, grad_w2 = walked_back(x, h, w2, 2 * error)
        if way == "w2 first":
            grad_w1, _ = walked_back(x, h, w2 - rate * grad_w2, 2 * error)
        if way == "w1 first":
            h = x @ (w1 - rate * grad_w1)
            _, grad_w2 = walked_back(x, h, w2, 2 * (h.clamp(min=0) @ w2 - y))
        if way == "no relu":
            grad_w2 = h.T @ (2 * error)
        w1, w2 = w1 - rate * grad_w1 * (way != "w2 only"), w2 - rate * grad_w2 * (way != "w1 only")
    return losses, w1, w2


@pytest.mark.step("sgd_step")
def test_three_steps(submission, rng, device):
    """moves the caller's weights down the gradient, step after step"""
    for lr in (0.01, 0.003):
        sent = problem(rng, 6, 3, 5, 2)
        seen = submission.probe.three_steps(*sent, lr)
        ways_wrong = {
            "update-before-all-grads": ("w2 first", "w1 first"),
            "mean-vs-sum": ("rows", "all", "columns"),
            "relu-forgotten": ("no relu",),
        }
        for steps, part in ((1, "first"), (3, "third")):
            _, *expected = stepped(*sent, lr, steps=steps)
            uphill = stepped(*sent, -lr, steps=steps)
            alone = [stepped(*sent, lr, way, steps)[1:] for way in ("w1 only", "w2 only")]
            now = expect(seen).item(part, f"the list of weights after step {steps}").length(2)
            one_stuck = together(seen.value[part], *alone)
            for index, name in enumerate(("w1", "w2")):
                named = {
                    "weight-not-updated": one_stuck,
                    "out-of-place-in-disguise": sent[2 + index],
                    "step-uphill": uphill[1 + index],
                }
                for each, ways in ways_wrong.items():
                    named[each] = one_of([stepped(*sent, lr, way, steps)[1 + index] for way in ways])
                fixed = [stepped(*sent, other, steps=steps)[1 + index] for other in (1.0, 0.1, 0.01, 0.001)]
                named["hard-coded-hyperparameters"] = one_of(fixed)
                now.item(index, f"{name} after step {steps}", named).tensor(expected[index], device=device)


@pytest.mark.step("sgd_step")
def test_loss_before(submission, rng, device):
    """returns the loss of the weights before the step"""
    _, y, _, _ = sent = problem(rng, 6, 3, 5, 2)
    losses, _, _ = stepped(*sent, 0.01)
    seen = expect(submission.probe.three_steps(*sent, 0.01)).item("losses", "the list of losses").length(3)
    for index, expected in enumerate(losses):
        named = {"mean-vs-sum": one_of([expected / count for count in (y.numel(), len(y), y.shape[1])])}
        named |= {"loss-after-step": losses[index + 1]} if index < 2 else {}
        seen.item(index, f"the loss of step {index + 1}", named).tensor(expected, device=device)


@pytest.mark.step("sgd_step")
def test_step_by_hand(submission, rng):
    """works out the step itself and leaves the data alone"""
    x, y, _, _ = sent = problem(rng, 6, 3, 5, 2)
    seen = expect(submission.sgd_step(*sent, 0.01))
    seen.keeps_argument(0, x, "mutates-caller").keeps_argument(1, y, "mutates-caller")
    (loss,), w1_after, w2_after = stepped(*sent, 0.01, steps=1)
    spied = submission.probe.backward_passes("sgd_step", sent, [0.01])
    no_autograd(spied, {"x": x, "y": y, "w1 after the step": w1_after, "w2 after the step": w2_after}, "tensors")
    expect(spied).item("returned", "the result").values(loss)
