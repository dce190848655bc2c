"""Hidden checks of 19: each loss and its gradient, against torch's own."""

import math

import pytest
import torch
import torch.nn.functional as F

from grader.compare import describe, expect, looks_like, one_of

REDUCTIONS = ("none", "mean", "sum")
PARTS = ("mae", "mse", "rmse")


def reduced(losses, reduction):
    return losses if reduction == "none" else getattr(losses, reduction)()


def slips(losses, count, reduction):
    """Return what the usual slips in a reduction would have given; `count`: what "mean" might divide by, one or more."""
    # With a single sample all reductions have one number, and only the shape tells them apart.
    others = [reduced(losses, other) for other in REDUCTIONS if other != reduction] if losses.numel() > 1 else []
    counts = (*(count if isinstance(count, tuple) else (count,)), *losses.shape[1:])
    named = {"mean-over-wrong-count": one_of([losses.sum() / each for each in counts])} if reduction == "mean" else {}
    if reduction != "none" and losses.ndim > 1:
        named |= {"loss-per-row": one_of([getattr(losses, reduction)(dim) for dim in range(losses.ndim)])}
    return named | {"reduction-ignored": one_of(others)}


def squeezed(expected):
    """Return a lookalike: what is left of a result where every dimension of size 1 is removed."""
    less = expected.squeeze()
    return {"squeezed-too-far": lambda got: got.shape == less.shape != expected.shape and looks_like(got, less)}


def uniform(rng, *shape, low=0.02, high=0.98, dtype=torch.float32):
    return torch.rand(shape, generator=rng, dtype=dtype) * (high - low) + low


def hard(targets):
    """Return targets of 0 and 1, some of each."""
    rounded = targets.round()
    rounded.view(-1)[:2] = torch.tensor([0.0, 1.0])[: rounded.numel()]
    return rounded


def large(rng, *shape):
    """Return float64 logits from 100 to 1000, of either sign."""
    signs = torch.randint(0, 2, shape, generator=rng) * 2.0 - 1
    return signs.double() * uniform(rng, *shape, low=100, high=1000, dtype=torch.float64)


def rows_apart(rng, rows, classes):
    """Return large logits in float64: in half of the rows all are near 1000, in the others all near -1000.

    What is subtracted has to be the largest of each row: beside that of another row, `exp` of a whole row is 0.
    """
    signs = torch.where(torch.randperm(rows, generator=rng) % 2 == 0, 1.0, -1.0).double().unsqueeze(1)  # (rows, 1)
    return signs * uniform(rng, rows, classes, low=800, high=1000, dtype=torch.float64)


def not_finite(got):
    return not torch.isfinite(got.data).all()


def cut_short(expected, bound=105):
    """Return a function that tells whether logarithms of something rounded are infinite, or cut to some bound."""

    def cut(got):
        if not_finite(got):
            return True
        # A float32 has no logarithm below -104 or so, and whoever clamps does it above that.
        near, less = torch.isclose(got.data, expected, 1e-4, 1e-2), got.data.abs() < expected.abs().clamp(max=bound)
        return bool((near | less).all() and not near.all())

    return cut


def ask_own_operations(seen):
    """Ask that none of torch's own losses was called where the probe listened."""
    ready_made = {"ready-made-loss": lambda names: isinstance(names, list) and names != []}
    expect(seen).item("finished", lookalikes=ready_made).satisfies(
        lambda names: names == [], "one of torch's ready-made losses was called", expected="tensor operations only"
    )


def ask_listening(submission, name, values, arguments, expected, lookalikes):
    """Ask again where the probe listens, without backward: what is hard about a loss is to be right there, too."""
    nothing = torch.empty(0)  # of another shape than any loss
    seen = submission.probe.through(name, values, arguments, nothing, None)
    ask_own_operations(seen)
    expect(seen).item("loss", "the result", lookalikes).shape(*expected.shape).values(expected)


def gradient_of(submission, name, values, arguments, upstream, reference, lookalikes=None, *, part=None, of_loss=None):
    """Ask for the gradient at `values`; `reference` computes the same loss with torch's own."""
    seen = submission.probe.through(name, values, list(arguments), upstream, part)
    what = "the result" if part is None else PARTS[part]
    ask_own_operations(seen)
    attached = expect(seen).item("attached", lookalikes={"detached-returned": False})
    attached.is_true(f"no gradient can flow back from {what}")
    leaf = values.clone().requires_grad_()
    arguments = [each.clone().requires_grad_() if is_float(each) else each for each in arguments]
    expected = reference(leaf, *arguments)
    expected.backward(upstream)
    expect(seen).item("loss", what, of_loss(expected) if of_loss else {}).shape(*expected.shape).values(expected)
    lookalikes = (lookalikes or {}) | {"detached-returned": lambda leaf: leaf.grad is None}
    expect(seen).item("leaf", "the first argument", lookalikes).grad(leaf.grad)
    for index, each in enumerate(arguments):
        if is_float(each):
            cut = {"targets-detached": lambda t: t.grad is None}
            part = expect(seen).item("arguments").item(index, "the tensor of targets", cut)
            if name != "cross_entropy":
                part.grad(each.grad)
                continue
            # subtle: of probabilities that add up to 1, only differences within a row have a gradient.
            part.satisfies(
                lambda t, expected=each.grad: torch.allclose(
                    within_rows(t.grad.data), within_rows(expected), 1e-4, 1e-5
                ),
                "the .grad of the tensor of targets has the wrong values",
                got=lambda t: describe(t.grad, values=True),
                expected=f"{describe(each.grad, values=True)}, up to a constant in each row",
            )


def is_float(value):
    return isinstance(value, torch.Tensor) and value.is_floating_point()


def within_rows(gradient):
    """Return a gradient without what is common to a row."""
    return gradient - gradient.mean(dim=1, keepdim=True)


def forced(got):
    """Tell whether float64 came back as float32."""
    return got.dtype == "float32"


def as_pairs(losses, one, other):
    """Return a lookalike: shapes that hold equally many numbers were made to fit, so that nothing was broadcast."""
    if one.numel() != other.numel():
        return lambda _: False
    expected = losses(one.reshape(-1), other.reshape(-1))
    return lambda got: any(looks_like(each, expected) for each in (got if isinstance(got, tuple) else (got,)))


def refused_shapes(submission, name, one, other, losses, *more):
    """Ask that shapes which differ are refused, and name how they were not."""
    seen = submission.attempt(name, one, other, *more)
    fitted = seen.exception is None and as_pairs(losses, one, other)(seen.value)
    expect(seen).raises("ValueError", misconception="shapes-made-to-fit" if fitted else "broadcast-pitfall")


def regression(predictions, targets):
    mse = F.mse_loss(predictions, targets)
    return F.l1_loss(predictions, targets), mse, mse.sqrt()


@pytest.mark.step("regression_losses")
def test_regression_values(submission, rng, device):
    """gives mean absolute, mean squared and root mean squared error"""
    for shape, dtype in (((7,), torch.float32), ((5, 3), torch.float64), ((2, 4, 3), torch.float32)):
        predictions, targets = (torch.randn(shape, generator=rng, dtype=dtype) for _ in range(2))
        seen = submission.regression_losses(predictions, targets)
        sizes = {"the number of elements": predictions.numel(), "the batch size": len(predictions)}
        three = expect(seen, quantities=sizes).length(3)
        three.keeps_argument(0, predictions, "mutates-caller").keeps_argument(1, targets, "mutates-caller")
        mae, mse, rmse = regression(predictions, targets)
        apart = (predictions - targets).detach()
        per_sample = predictions.numel() / len(predictions)
        for index, (name, expected) in enumerate(zip(PARTS, (mae, mse), strict=False)):
            wrong = {"dtype-forced": forced} if dtype == torch.float64 else {}
            wrong |= {"absolute-after-mean": (predictions - targets).mean().abs()} if name == "mae" else {}
            wrong |= {
                "mean-over-wrong-count": expected * per_sample,
                "reduction-ignored": expected * predictions.numel(),
            }
            wrong |= {"python-value-breaks-graph": lambda value: isinstance(value, float)}
            wrong |= {"results-in-another-order": one_of([mse if name == "mae" else mae, rmse])}
            if len(shape) > 1:
                each = apart.abs() if name == "mae" else apart.square()
                wrong |= {"loss-per-row": one_of([each.mean(dim) for dim in range(len(shape))])}
            three.item(index, name, wrong).tensor(expected, device=device)
        wrong = {"root-before-mean": mae, "reduction-ignored": apart.norm()}
        wrong |= {"eps-inside-sqrt": lambda got, mse=mse: is_power_of_ten(float(got.data) ** 2 - float(mse))}
        three.item(2, PARTS[2], wrong).tensor(rmse, device=device)
    right = torch.randn(4, 3, generator=rng)
    three = expect(submission.regression_losses(right, right.clone())).length(3)
    for index, name in enumerate(PARTS):
        rooted = {"eps-inside-sqrt": lambda got, index=index: index == 2 and 0 < float(got.data) < 0.1}
        what = f"{name} of predictions that are all right"
        three.item(index, what, rooted).tensor(torch.zeros(()), device=device)


def is_power_of_ten(number):
    """Tell whether a number is one that is added to keep a root away from 0: 1e-3, 1e-6, 1e-8."""
    return 1e-12 < number < 1e-2 and abs(math.log10(number) - round(math.log10(number))) < 0.01


@pytest.mark.step("regression_losses")
def test_regression_gradients(submission, rng):
    """lets gradients flow to the predictions from each of the three, and calls no ready-made loss"""
    for index in range(3):
        predictions, targets = torch.randn(2, 4, 3, generator=rng)
        upstream = torch.randn((), generator=rng)
        gradient_of(
            submission, "regression_losses", predictions, [targets], upstream,
            lambda p, t, index=index: regression(p, t)[index], part=index,
        )  # fmt: skip
    hit = torch.randperm(12, generator=rng).reshape(4, 3) < 3
    predictions[hit] = targets[hit]
    seen = submission.probe.through("regression_losses", predictions, [targets], upstream, 0)
    said = "the gradient of mae is NaN or infinite where a prediction equals its target"
    expect(seen).item("leaf", "the tensor of predictions", {"slope-at-a-kink": lambda _: True}).satisfies(
        lambda leaf: torch.isfinite(leaf.grad.data).all(),
        said,
        got=lambda leaf: describe(leaf.grad, values=True),
        expected="finite numbers",
    )


@pytest.mark.step("regression_losses")
def test_regression_refuses(submission, rng):
    """raises ValueError for shapes that differ"""
    submission.regression_losses(torch.randn(4, generator=rng), torch.randn(4, generator=rng))
    for one, other in (((5,), (5, 1)), ((5, 1), (5,)), ((4, 3), (3,)), ((4, 1), (4, 3))):
        predictions, targets = torch.randn(one, generator=rng), torch.randn(other, generator=rng)
        seen = submission.attempt("regression_losses", predictions, targets)
        mean = (predictions - targets).abs().mean()  # of all pairs that broadcasting makes
        met = seen.exception is None and isinstance(seen.value, tuple) and any(looks_like(v, mean) for v in seen.value)
        fitted = seen.exception is None and as_pairs(F.l1_loss, predictions, targets)(seen.value)
        belief = "shapes-made-to-fit" if fitted else "broadcast-pitfall" if met else None
        expect(seen).raises("ValueError", misconception=belief)


@pytest.mark.step("bce")
def test_bce_values(submission, rng, device):
    """gives the loss of probabilities, reduced as asked, for hard and soft targets"""
    for shape, dtype in (((7,), torch.float64), ((5, 3), torch.float32), ((1, 3), torch.float32), ((), torch.float32)):
        for soft in (False, True) if shape in ((7,), (5, 3)) else (True,):
            for reduction in REDUCTIONS:
                p, t = uniform(rng, *shape, dtype=dtype), uniform(rng, *shape, dtype=dtype)
                t = t if soft else hard(t)
                expected = F.binary_cross_entropy(p, t, reduction="none")
                again = F.binary_cross_entropy_with_logits(p, t, reduction=reduction)
                rounded = F.binary_cross_entropy(p, (t > 0.5).to(dtype), reduction=reduction)
                named = {
                    "probabilities-into-logits": again,
                    "negatives-ignored": reduced(-t * p.log(), reduction),
                    "arguments-swapped": F.binary_cross_entropy(t, p, reduction=reduction),
                } | slips(expected, p.shape[0] if shape else 1, reduction)
                named |= {"soft-targets-rounded": rounded} if soft else {}
                named |= {"dtype-forced": forced} if dtype == torch.float64 else {}
                named |= squeezed(reduced(expected, reduction))
                seen = expect(submission.bce(p, t, reduction), named).tensor(
                    reduced(expected, reduction), device=device
                )
                seen.keeps_argument(0, p, "mutates-caller").keeps_argument(1, t, "mutates-caller")


@pytest.mark.step("bce")
def test_bce_certain(submission, rng, device):
    """stays finite for probabilities of exactly 0 and 1"""
    p = torch.tensor([0.0, 0.0, 0.0, 1.0, 1.0, 1.0])[torch.randperm(6, generator=rng)]
    t = torch.tensor([0.0, 1.0, 0.3, 0.0, 1.0, 0.6])
    expected = F.binary_cross_entropy(p, t, reduction="none")
    bounded = {"unstable-log": lambda got: not_finite(got) or cut_alike(got.data, expected)}
    seen = submission.bce(p, t, "none")
    expect(seen, bounded).keeps_argument(0, p, "mutates-caller").tensor(expected, device=device)
    ask_listening(submission, "bce", p, [t, "none"], expected, bounded)


def cut_alike(got, expected):
    """Return whether got is due with another bound than 100 for all logarithms; 1 - epsilon is rounded coarsely."""
    scale = got.max() / expected.max()
    return bool(scale > 0.04 and torch.isclose(got, expected * scale, 0.05, 0.01).all())


@pytest.mark.step("bce")
def test_bce_gradient(submission, rng):
    """lets gradients flow to the probabilities, and calls no ready-made loss"""
    for reduction, upstream in (("none", torch.randn(5, 3, generator=rng)), ("mean", torch.randn((), generator=rng))):
        p, t = uniform(rng, 5, 3), uniform(rng, 5, 3)
        gradient_of(
            submission, "bce", p, [t, reduction], upstream,
            lambda p, t, how: F.binary_cross_entropy(p, t, reduction=how),
        )  # fmt: skip


@pytest.mark.step("bce")
def test_bce_refuses(submission, rng):
    """raises ValueError for shapes that differ, and for numbers that are not probabilities"""
    submission.bce(uniform(rng, 4), uniform(rng, 4), "mean")
    for one, other in (((5,), (5, 1)), ((5, 1), (5,)), ((4, 3), (3,)), ((4, 1), (4, 3))):
        refused_shapes(submission, "bce", uniform(rng, *one), uniform(rng, *other), F.binary_cross_entropy, "mean")
    for outside in (-0.2, 1.3, -1e-4, 1.0001):
        p = uniform(rng, 4, 3)
        p[2, 1] = outside
        seen = submission.attempt("bce", p, uniform(rng, 4, 3), "mean")
        expect(seen).raises("ValueError", misconception="bce-on-unbounded-output")


@pytest.mark.step("bce_with_logits")
def test_logits_values(submission, rng, device):
    """gives the loss of logits, reduced as asked, for hard and soft targets"""
    for shape in ((7,), (5, 3), (1, 3), ()):
        for soft in (False, True) if shape in ((7,), (5, 3)) else (True,):
            for reduction in REDUCTIONS:
                x, t = torch.randn(shape, generator=rng), uniform(rng, *shape)
                t = t if soft else hard(t)
                expected = F.binary_cross_entropy_with_logits(x, t, reduction="none")
                twice = F.binary_cross_entropy_with_logits(x.sigmoid(), t, reduction=reduction)
                named = {"probabilities-into-logits": twice} | slips(expected, x.shape[0] if shape else 1, reduction)
                rounded = F.binary_cross_entropy_with_logits(x, (t > 0.5).float(), reduction=reduction)
                named |= {"soft-targets-rounded": rounded} if soft else {}
                named |= squeezed(reduced(expected, reduction))
                seen = submission.bce_with_logits(x, t, reduction)
                seen = expect(seen, named).tensor(reduced(expected, reduction), device=device)
                seen.keeps_argument(0, x, "mutates-caller").keeps_argument(1, t, "mutates-caller")


def unstable(expected, x, t, reduction):
    """Return what goes wrong for large logits: kept finite or not, a rounded sigmoid no longer knows them."""
    return {
        "probabilities-into-logits": F.binary_cross_entropy_with_logits(x.sigmoid(), t, reduction=reduction),
        "unstable-log": cut_short(expected.detach())
        if reduction == "none"
        else lambda got: not_finite(got) or got.data.abs() < 105 * x.numel() < expected,
    }


@pytest.mark.step("bce_with_logits")
def test_logits_large(submission, rng, device):
    """stays accurate for logits up to 1000 of either sign"""
    x, t = large(rng, 8, 3), uniform(rng, 8, 3, dtype=torch.float64)
    expected = F.binary_cross_entropy_with_logits(x, t, reduction="none")
    named = {"dtype-forced": forced} | unstable(expected, x, t, "none")
    expect(submission.bce_with_logits(x, t, "none"), named).tensor(expected, device=device)
    # In between, where a part that is left out is small and not yet 0.
    x, t = large(rng, 8, 3).float() / 50, uniform(rng, 8, 3)
    expected = F.binary_cross_entropy_with_logits(x, t, reduction="none")
    expect(submission.bce_with_logits(x, t, "none")).tensor(expected, device=device)


@pytest.mark.step("bce_with_logits")
def test_logits_gradient(submission, rng):
    """lets gradients flow to the logits, small or large, and calls no ready-made loss"""
    sizes = [torch.randn(5, 3, generator=rng), large(rng, 5, 3).float()]
    at_zero = torch.randperm(15, generator=rng).reshape(5, 3) < 4
    sizes[0][at_zero] = 0.0
    for x in sizes:
        for reduction, shape in (("none", (5, 3)), ("sum", ())):
            t = uniform(rng, 5, 3)
            upstream = torch.randn(shape, generator=rng)
            slope = (x.sigmoid() - t) * upstream

            def kinked(leaf, slope=slope, elsewhere=x != 0):
                return torch.allclose(leaf.grad.data[elsewhere], slope[elsewhere], 1e-4, 1e-5)

            gradient_of(
                submission, "bce_with_logits", x, [t, reduction], upstream,
                lambda x, t, how: F.binary_cross_entropy_with_logits(x, t, reduction=how),
                {"nan-from-unchosen-branch": lambda leaf: leaf.grad.data.isnan().any(), "slope-at-a-kink": kinked},
                of_loss=lambda expected, x=x, t=t, how=reduction: unstable(expected, x, t, how),
            )  # fmt: skip


@pytest.mark.step("bce_with_logits")
def test_logits_refuses(submission, rng):
    """raises ValueError for shapes that differ"""
    submission.bce_with_logits(torch.randn(4, generator=rng), uniform(rng, 4), "mean")
    for one, other in (((5,), (5, 1)), ((5, 1), (5,)), ((4, 3), (3,)), ((4, 1), (4, 3))):
        x, t = torch.randn(one, generator=rng), uniform(rng, *other)
        refused_shapes(submission, "bce_with_logits", x, t, F.binary_cross_entropy_with_logits, "mean")


@pytest.mark.step("log_softmax")
def test_log_softmax_values(submission, rng, device):
    """gives log-probabilities along the dimension that is asked for"""
    for shape, dims in (((5, 3), (1, 0, -1)), ((2, 5, 3), (0, 1, 2, -2)), ((6,), (0, -1)), ((1, 4), (1,))):
        for dim in dims:
            x = torch.randn(shape, generator=rng) * 2
            others = [F.log_softmax(x, other) for other in range(len(shape)) if other != dim % len(shape)]
            others.append(F.log_softmax(x.flatten(), 0).view(shape))
            expected = F.log_softmax(x, dim)
            named = {
                "softmax-wrong-dim": one_of(others),
                "mean-vs-sum": expected + torch.tensor(float(shape[dim])).log(),
            } | squeezed(expected)
            seen = expect(submission.log_softmax(x, dim), named | {"mutates-caller": lambda got: got.same_as == "0"})
            seen.keeps_argument(0, x, "mutates-caller").tensor(expected, device=device)


@pytest.mark.step("log_softmax")
def test_log_softmax_large(submission, rng, device):
    """stays accurate for logits up to 1000, all of one sign or of both"""
    for x in (large(rng, 6, 4), large(rng, 6, 4).abs(), -large(rng, 6, 4).abs(), rows_apart(rng, 6, 4)):
        expected = F.log_softmax(x, 1)
        named = {"dtype-forced": forced, "unstable-log": cut_short(expected, 210)}
        expect(submission.log_softmax(x, 1), named).tensor(expected, device=device)
        ask_listening(submission, "log_softmax", x, [1], expected, named)


@pytest.mark.step("log_softmax")
def test_log_softmax_gradient(submission, rng):
    """lets the whole gradient flow to the logits, and does not call torch's own log_softmax"""
    for dim in (0, 1):
        x, upstream = torch.randn(5, 3, generator=rng), torch.randn(5, 3, generator=rng)
        gradient_of(submission, "log_softmax", x, [dim], upstream, F.log_softmax, {"detached-statistics": upstream})


@pytest.mark.step("nll")
def test_nll_values(submission, rng, device):
    """gives minus the log-probability of the right class, reduced as asked"""
    for samples, classes in ((7, 4), (3, 5), (1, 3)):
        for reduction in REDUCTIONS:
            log_p = F.log_softmax(torch.randn(samples, classes, generator=rng), 1)
            targets = torch.randint(0, classes, (samples,), generator=rng)
            expected = F.nll_loss(log_p, targets, reduction="none")
            named = {
                "log-taken-twice": lambda got: got.data.isnan().all(),
                "grid-for-pairs": lambda got, expected=reduced(-log_p[:, targets], reduction): looks_like(
                    got, expected
                ),
                "most-likely-taken": reduced(-log_p.max(1).values, reduction),
                "squeezed-too-far": lambda got, expected=expected: (
                    len(expected) == 1 and got.shape == () and looks_like(got, expected[0])
                ),
                "sign-forgotten": reduced(-expected, reduction),
                "classes-from-one": reduced(-log_p[torch.arange(samples), targets - 1], reduction),
            } | slips(expected, (samples * classes, classes), reduction)
            sizes = {"the number of samples": samples, "the number of classes": classes}
            seen = expect(submission.nll(log_p, targets, reduction), named, quantities=sizes)
            seen.tensor(reduced(expected, reduction), device=device)
            seen.keeps_argument(0, log_p, "mutates-caller").keeps_argument(1, targets, "mutates-caller")


@pytest.mark.step("nll")
def test_nll_targets_are_numbers(submission, rng, device):
    """takes the targets as class indices, also where there are as many samples as classes"""
    log_p = F.log_softmax(torch.randn(5, 5, generator=rng), 1)
    targets = torch.tensor([0, 1, 4, 4, 2])[torch.randperm(5, generator=rng)]
    as_weights = [-(weights * log_p).sum(dim=1) for weights in (targets, targets.unsqueeze(1))]
    named = {"one-hot-vs-index": one_of(as_weights)}
    expected = F.nll_loss(log_p, targets, reduction="none")
    expect(submission.nll(log_p, targets, "none"), named).tensor(expected, device=device)
    # Also where the right class is certain, and its loss 0.
    log_p = F.log_softmax(large(rng, 6, 4), 1)
    targets = torch.where(torch.arange(6) < 3, log_p.argmax(1), log_p.argmin(1))
    expected = F.nll_loss(log_p, targets, reduction="none")
    expect(submission.nll(log_p, targets, "none"), {"dtype-forced": forced}).tensor(expected, device=device)


@pytest.mark.step("nll")
def test_nll_stays_on_device(submission, rng):
    """makes new tensors on the device of its arguments"""
    log_p, targets = torch.randn(7, 4, generator=rng), torch.randint(0, 4, (7,), generator=rng)
    seen = expect(submission.probe.mixes_devices(log_p, targets))
    mixed = seen.item("mixed", lookalikes={"hard-coded-device": True})
    mixed.is_false("a new tensor was made on another device than that of the arguments")


@pytest.mark.step("nll")
def test_nll_gradient(submission, rng):
    """lets gradients flow to the log-probabilities, and calls no ready-made loss"""
    for reduction, shape in (("none", (7,)), ("mean", ())):
        log_p = F.log_softmax(torch.randn(7, 4, generator=rng), 1)
        targets = torch.randint(0, 4, (7,), generator=rng)
        gradient_of(
            submission, "nll", log_p, [targets, reduction], torch.randn(shape, generator=rng),
            lambda x, t, how: F.nll_loss(x, t, reduction=how),
        )  # fmt: skip


def class_targets(rng, samples, classes, kind, dtype=torch.float32):
    """Return targets of one kind: numbers of classes, one-hot rows, or probabilities."""
    indices = torch.randint(0, classes, (samples,), generator=rng)
    if kind == "numbers":
        return indices
    if kind == "one-hot":
        return F.one_hot(indices, classes).to(dtype)
    return torch.randn(samples, classes, generator=rng, dtype=dtype).softmax(1)


@pytest.mark.step("cross_entropy")
def test_cross_entropy_values(submission, rng, device):
    """gives the loss of logits for class indices, one-hot rows and probabilities, reduced as asked"""
    for samples, classes in ((7, 4), (3, 5), (1, 3)):
        for kind in ("numbers", "one-hot", "probabilities"):
            for reduction in REDUCTIONS:
                x, targets = torch.randn(samples, classes, generator=rng), class_targets(rng, samples, classes, kind)
                expected = F.cross_entropy(x, targets, reduction="none")
                hard = targets.argmax(1) if targets.ndim == 2 else targets
                weights = F.one_hot(hard, classes) if kind == "numbers" else targets
                named = {
                    "softmax-before-cross-entropy": F.cross_entropy(x.softmax(1), targets, reduction=reduction),
                    "one-hot-vs-index": F.cross_entropy(x, hard, reduction=reduction),
                    "softmax-wrong-dim": reduced(F.nll_loss(F.log_softmax(x, 0), hard, reduction="none"), reduction)
                    if kind == "numbers"
                    else (-targets * F.log_softmax(x, 0)).sum(),
                    "entropy-subtracted": reduced(expected + torch.special.entr(targets).sum(-1) * -1, reduction),
                    "log-forgotten": reduced(-(weights * x.softmax(1)).sum(1), reduction),
                } | slips(expected, samples * classes, reduction)
                if samples == 1:
                    named["squeezed-too-far"] = lambda got, of=expected: got.shape == () and looks_like(got, of[0])
                sizes = {"the number of samples": samples, "the number of classes": classes}
                seen = expect(submission.cross_entropy(x, targets, reduction), named, quantities=sizes)
                seen.tensor(reduced(expected, reduction), device=device)
                seen.keeps_argument(0, x, "mutates-caller").keeps_argument(1, targets, "mutates-caller")


@pytest.mark.step("cross_entropy")
def test_cross_entropy_large(submission, rng, device):
    """stays accurate for logits up to 1000 of either sign"""
    for kind in ("numbers", "probabilities"):
        x = torch.cat([large(rng, 5, 4), rows_apart(rng, 4, 4)])
        targets = class_targets(rng, 9, 4, kind, torch.float64)
        expected = F.cross_entropy(x, targets, reduction="none")
        weights = F.one_hot(targets, 4) if kind == "numbers" else targets
        named = {
            "softmax-before-cross-entropy": F.cross_entropy(x.softmax(1), targets, reduction="none"),
            "log-forgotten": -(weights * x.softmax(1)).sum(1),
            "unstable-log": cut_short(expected),
        }
        expect(submission.cross_entropy(x, targets, "none"), named).tensor(expected, device=device)
        ask_listening(submission, "cross_entropy", x, [targets, "none"], expected, named)


@pytest.mark.step("cross_entropy")
def test_cross_entropy_gradient(submission, rng):
    """lets gradients flow to the logits, and calls no ready-made loss"""
    for kind in ("numbers", "probabilities"):
        for reduction, shape in (("none", (7,)), ("mean", ())):
            gradient_of(
                submission, "cross_entropy", torch.randn(7, 4, generator=rng),
                [class_targets(rng, 7, 4, kind), reduction], torch.randn(shape, generator=rng),
                lambda x, t, how: F.cross_entropy(x, t, reduction=how),
            )  # fmt: skip
