"""Hidden checks of 20: each optimizer against torch's own, and against what the usual slips give."""

import copy

import pytest
import torch

from grader.compare import describe, expect, looks_like

STEPS = 4
DEFAULTS = {
    "SGD": {"momentum": 0.0, "dampening": 0.0},
    "Adagrad": {"eps": 1e-10},
    "RMSprop": {"alpha": 0.99, "eps": 1e-8},
    "Adam": {"betas": (0.9, 0.999), "eps": 1e-8},
}


def shapes(rng, *sizes, dtype=torch.float32):
    return [torch.randn(size, generator=rng, dtype=dtype) for size in sizes]


def gradients(rng, groups, steps=STEPS):
    """Return rows of gradients, one for each step; each keeps away from 0, where a division would blow rounding up."""
    params = [p for group in groups for p in group["params"]]
    rows = [[torch.randn(p.shape, generator=rng, dtype=p.dtype) for p in params] for _ in range(steps)]
    return [[g + 0.2 * g.sign() for g in row] for row in rows]


def three_groups(rng, first, second, third):
    """Return three groups of parameters with these options, and what is changed before each step."""
    groups = [
        {"params": shapes(rng, (4, 3), (5,))} | first,
        {"params": [*shapes(rng, (2, 3, 2)), *shapes(rng, (3, 2), dtype=torch.float64)]} | second,
        {"params": shapes(rng, (3, 5))} | third,
    ]
    changes = [[{}, {}, {}] for _ in range(STEPS)]
    changes[2] = [{"lr": 0.02}, {"lr": 0.3}, {"lr": 0.01}]
    return groups, changes


def unchanged(groups):
    return [[{} for _ in groups] for _ in range(STEPS)]


def run(name, groups, defaults, grads, changes, *, at=None, forget=()):
    """Return the parameters after torch's own steps; from step `at` on without the parts of its state in `forget`."""
    return path(name, groups, defaults, grads, changes, at=at, forget=forget)[-1]


def path(name, groups, defaults, grads, changes, *, at=None, forget=()):
    """Return the parameters after each of torch's own steps."""
    groups = [group | {"params": [torch.nn.Parameter(t.clone()) for t in group["params"]]} for group in groups]
    params = [p for group in groups for p in group["params"]]
    optimizer = getattr(torch.optim, name)(groups, **defaults, foreach=False)
    after = []
    for number, (row, change) in enumerate(zip(grads, changes, strict=True)):
        if number == at:
            for state in optimizer.state.values():
                for key in [key for key in state if key in forget]:
                    state[key] = torch.zeros_like(state[key])
            if not forget:
                optimizer.state.clear()
        for group, options in zip(optimizer.param_groups, change, strict=True):
            group.update(options)
        for p, g in zip(params, row, strict=True):
            p.grad = g
        optimizer.step()
        after.append([p.detach().clone() for p in params])
    return after


def simulate(rule, groups, defaults, grads, changes, *, shared=()):
    """Return the parameters after steps by `rule(state, p, g, options)`; the keys in `shared` exist once for all."""
    options = [defaults | {k: v for k, v in group.items() if k != "params"} for group in groups]
    params = [[p, {}, number] for number, group in enumerate(groups) for p in group["params"]]
    common = {}
    for row, change in zip(grads, changes, strict=True):
        for group, changed in zip(options, change, strict=True):
            group.update(changed)
        for each, g in zip(params, row, strict=True):
            each[1].update(common)
            each[0] = rule(each[1], each[0], g, options[each[2]])
            common = {key: each[1][key] for key in shared}
    return [p for p, _, _ in params]


# What a rule makes of one parameter; with no slip, what torch does.


def sgd(slip=""):
    def rule(s, p, g, o):
        lr, momentum, dampening = o["lr"], o["momentum"], o["dampening"]
        if momentum == 0 and slip != "always":
            return p - lr * g * (1 - dampening if slip == "damped" else 1)
        weight = {"ema": 1 - momentum, "ema-from-zero": 1 - momentum, "ignored": 1, "weight": dampening}
        new = weight.get(slip, 1 - dampening) * g * (lr if slip == "lr" else 1)
        first = new if slip in ("from-zero", "ema-from-zero") else lr * g if slip == "lr" else g
        s["v"] = momentum * s["v"] + new if "v" in s else first
        if slip == "nesterov":
            return p - lr * (g + momentum * s["v"])
        return p - (1 if slip == "lr" else lr) * s["v"]

    return rule


def scaled(p, g, square, o, eps_inside):
    lr, eps = o["lr"], o["eps"]
    return p - lr * g / ((square + eps).sqrt() if eps_inside else square.sqrt() + eps)


def forgetful(rule):
    """Return a rule that remembers nothing from one step to the next."""
    return lambda s, p, g, o: rule({}, p, g, o)


def rate_first(rule):
    """Return a rule that multiplies the gradient by lr before it is squared, where it cancels."""
    return lambda s, p, g, o: rule(s, p, o["lr"] * g, o | {"lr": 1})


def adagrad(eps_inside=False, start=0, late=False):
    def rule(s, p, g, o):
        before = s.get("v", start)
        s["v"] = before + g**2
        if late:
            return scaled(p, g, torch.as_tensor(before), o, eps_inside)
        return scaled(p, g, s["v"], o, eps_inside)

    return rule


def rmsprop(eps_inside=False, swapped=False, summed=False, start=0):
    def rule(s, p, g, o):
        alpha = 1 - o["alpha"] if swapped else o["alpha"]
        s["v"] = (1 if summed is True else alpha) * s.get("v", start) + (1 if summed else 1 - alpha) * g**2
        return scaled(p, g, s["v"], o, eps_inside)

    return rule


def adam(
    eps_inside=False, swapped=False, first=True, second=True, stored=False, eps_early=False, fades=True, left=False
):
    def rule(s, p, g, o):
        b1, b2 = (1 - b for b in o["betas"]) if swapped else o["betas"]
        s["t"] = s.get("t", 0) + 1 if fades else 1
        s["m"] = b1 * s.get("m", 0) + (1 - b1) * g
        s["v"] = b2 * s.get("v", 0) + (1 - b2) * g**2
        m = s["m"] / (1 - b1 ** s["t"]) if first else s["m"]
        v = s["v"] / (1 - b2 ** s["t"]) if second else s["v"]
        if stored:
            s["m"], s["v"] = m, v
        if left:
            m = m * b2 ** (s["t"] / 2)
        if eps_early:
            o = o | {"eps": o["eps"] / (1 - b2 ** s["t"]) ** 0.5}
        return scaled(p, m, v, o, eps_inside)

    return rule


def naming(index, ends, expected, faces, before, first_group=None):
    """Return lookalikes of one parameter; `ends` holds where all of them are in the end.

    `faces` maps a misconception to lists of what it would have made of all of them: they are known by all, as what
    one parameter alone shows may be another slip's doing. Where there are more groups, the first has `first_group`.
    """

    def all_like(made):
        return lambda _: any(all(looks_like(end, one) for end, one in zip(ends, each, strict=True)) for each in made)

    named = {name: made if callable(made) else all_like(made) for name, made in faces.items()}
    rest = first_group is not None and index >= first_group
    old = before[index]
    still = lambda _: looks_like(ends[index], old)  # noqa: E731
    uphill = lambda _: looks_like(ends[index], 2 * old - expected[index])  # noqa: E731
    return named | {"first-group-only" if rest else "rebinding-drops-leaf": still, "step-uphill": uphill}


def ask_moves(seen, after, faces, before):
    """Ask how far each parameter goes in each step: the first step that goes wrong says more than the end of them all.

    A misconception is known by where the parameters are in the end.
    """
    moves = seen.item("moves", "the list of changes, one for each step,").length(len(after))
    for number, (start, end) in enumerate(zip([before, *after[:-1]], after, strict=True)):
        for index in range(len(before)):
            named = naming(index, seen._value["params"], after[-1], faces, before)
            what = f"the change of parameter {index + 1} in step {number + 1} of {len(after)}"
            moves.item(number).item(index, what, named).values(end[index] - start[index])


def compare(params, expected, faces, device, before, first_group=None):
    """Ask for each parameter in the end; `faces` and `first_group` are what `naming` takes."""
    params.length(len(expected))
    for index, right in enumerate(expected):
        named = naming(index, params._value, expected, faces, before, first_group)
        params.item(index, f"parameter {index + 1} of {len(expected)}", named).tensor(right, device=device).leaf(True)


def check_values(submission, device, name, groups, defaults, grads, changes, faces):
    """Groups with options of their own, options that change between steps, gradients left alone."""
    seen = expect(submission.probe.in_place(name, groups, defaults, grads[0]))
    ask_own_steps(seen)
    options = seen.item("options", "the dict of hyperparameters")
    for key, value in DEFAULTS[name].items():
        options.satisfies(
            lambda got, key=key, value=value: got[key] == value, f"the default of {key} is not what was expected",
            got=lambda got, key=key: describe(got[key]), expected=describe(value),
        )  # fmt: skip
    recorded = seen.item("recorded", lookalikes={"update-outside-no-grad": True})
    recorded.is_false("autograd recorded the step")
    seen = expect(submission.probe.descend(name, groups, defaults, grads, changes, True))
    ask_own_steps(seen)
    shares = seen.item("shares", lookalikes={"buffer-aliases-grad": True})
    shares.is_false("the optimizer's state shares memory with the .grad of a parameter")
    kept = seen.item("kept", lookalikes={"mutates-caller": False})
    kept.is_true("the .grad of a parameter was changed")
    rest = {
        "first-group-only": [False, False, True, True, True],
        "rebinding-drops-leaf": [True] * 5,
        "skips-none-grad": [False] * 4 + [True],
    }
    seen.item("still", lookalikes=rest).satisfies(
        lambda still: still == [False] * 5, "some parameters were not changed by any step",
        got=lambda still: "not changed: " + ", ".join(f"parameter {i + 1}" for i, each in enumerate(still) if each),
        expected="a change in each of the 5 parameters",
    )  # fmt: skip
    seen.item("added", "the list of keys that were added to param_groups").equals([])
    plain = [{"params": group["params"]} for group in groups]
    first = {key: value for key, value in groups[0].items() if key != "params"}
    ignored = {
        "hard-coded-hyperparameters": [
            run(name, plain, defaults, grads, unchanged(groups)),
            run(name, plain, defaults | first, grads, unchanged(groups)),
            run(name, groups, defaults, grads, unchanged(groups)),
            *faces.pop("hard-coded-hyperparameters", []),
        ]
    }
    before = [p for group in groups for p in group["params"]]
    after = path(name, groups, defaults, grads, changes)
    ask_moves(seen, after, faces | ignored, before)
    compare(seen.item("params"), after[-1], faces | ignored, device, before)


def ask_own_steps(seen):
    """Ask that none of torch's own optimizers has taken a step."""
    ready = {"ready-made-optimizer": lambda names: names != []}
    seen.item("used", "the list of torch's own optimizers that ran", ready).equals([])


def fixed(name, groups, defaults, grads, changes, **constants):
    """Return what comes out where options are constants in the code."""
    return run(name, [group | constants for group in groups], defaults, grads, changes)


def check_own_state(submission, rng, device, name, defaults, rule, shared):
    """Two parameters of one shape, so that a state in common would fit both."""
    groups = [{"params": shapes(rng, (3, 4), (3, 4))}]
    grads = gradients(rng, groups)
    seen = expect(submission.probe.descend(name, groups, defaults, grads, unchanged(groups)))
    full = {"momentum": 0.0, "dampening": 0.0} | defaults
    made = [simulate(rule, groups, full, grads, unchanged(groups), shared=keys) for keys in shared]
    after = path(name, groups, defaults, grads, unchanged(groups))
    ask_moves(seen, after, {"state-shared-between-params": made}, groups[0]["params"])
    compare(seen.item("params"), after[-1], {"state-shared-between-params": made}, device, groups[0]["params"])
    outside = {"state-outside-state": lambda found: not any(found)}
    stated = seen.item("stated", lookalikes=outside)
    stated.satisfies(lambda found: found == [True, True], "self.state holds nothing for a parameter", got="")
    seen.item("added", "the list of keys that were added to param_groups").equals([])
    seen = expect(submission.probe.mixes_devices(name, defaults))
    mixed = seen.item("mixed", lookalikes={"hard-coded-device": True})
    mixed.is_false("a tensor was made on another device than that of the parameters")


def lacks(row):
    """Tell whether a gradient is missing."""
    return any(g is None for g in row)


def check_none(submission, rng, device, name, defaults):
    """A gradient that is None in the first step of one parameter, and later in that of another."""
    groups = [{"params": shapes(rng, (4, 3), (2,), (3, 2))}]
    grads = gradients(rng, groups)
    params = groups[0]["params"]
    grads[0][1] = grads[2][0] = None
    zeros = [[torch.zeros_like(p) if g is None else g for g, p in zip(row, params, strict=True)] for row in grads]
    stops = [[None if lacks(row[: index + 1]) else g for index, g in enumerate(row)] for row in grads]
    whole = [[None] * 3 if lacks(row) else row for row in grads]
    faces = [run(name, groups, defaults, rows, unchanged(groups)) for rows in (zeros, stops, whole)]
    seen = expect(submission.probe.descend(name, groups, defaults, grads, unchanged(groups)))
    raised = seen.item("raised", lookalikes={"skips-none-grad": lambda v: "NoneType" in v})
    raised.no_exception("an exception was raised for a parameter whose .grad is None")
    after = path(name, groups, defaults, grads, unchanged(groups))
    ask_moves(seen, after, {"skips-none-grad": faces}, groups[0]["params"])
    compare(seen.item("params"), after[-1], {"skips-none-grad": faces}, device, groups[0]["params"])


def check_nan(submission, rng, name, defaults):
    """A gradient with a NaN in it: that element is lost, and shows it, and every other takes its step."""
    groups = [{"params": shapes(rng, (4, 3), (2,))}]
    grads = gradients(rng, groups, 3)
    grads[1][0][2, 1] = torch.nan
    seen = expect(submission.probe.descend(name, groups, defaults, grads, [[{}]] * 3))
    params = seen.item("params").length(2)
    for index, right in enumerate(path(name, groups, defaults, grads, [[{}]] * 3)[-1]):
        skipped = {"skips-none-grad": lambda t: bool(torch.isfinite(t.data).all())}
        part = params.item(index, f"parameter {index + 1} of 2", skipped).shape(*right.shape)
        part.satisfies(
            lambda t, right=right: torch.allclose(t.data.double(), right.double(), 1e-4, 1e-5, equal_nan=True),
            f"parameter {index + 1} of 2 has the wrong values where one number of a gradient was NaN",
            got=lambda t: describe(t, values=True), expected=describe(right, values=True),
        )  # fmt: skip


def check_resumes(submission, rng, device, name, defaults, forget=()):
    """Two steps, then two more by another optimizer that loaded the first one's state."""
    groups = [{"params": shapes(rng, (4, 3), (2,))}, {"params": shapes(rng, (3, 2)), "lr": 0.07}]
    grads = gradients(rng, groups)
    expected = run(name, groups, defaults, grads, unchanged(groups))
    lost = [run(name, groups, defaults, grads, unchanged(groups), at=2, forget=keys) for keys in ((), forget)]
    seen = expect(submission.probe.resumed(name, groups, defaults, grads, 2), what="the list of parameters")
    before = [p for group in groups for p in group["params"]]
    compare(seen, expected, {"state-outside-state": lost}, device, before, first_group=2)


@pytest.mark.step("SGD")
def test_sgd_values(submission, rng, device):
    """takes the same steps as torch's, with settings for each group, also when these change"""
    groups, changes = three_groups(
        rng, {"momentum": 0.9, "dampening": 0.2}, {"lr": 0.05, "momentum": 0.5}, {"lr": 0.2, "dampening": 0.4}
    )
    grads, defaults = gradients(rng, groups), {"lr": 0.1}
    full = {"momentum": 0.0, "dampening": 0.0} | defaults
    slips = ("from-zero", "ema", "ema-from-zero", "ignored", "weight", "always", "damped")
    faces = {
        "momentum-dampening-mixup": [simulate(sgd(slip), groups, full, grads, changes) for slip in slips],
        "lr-inside-buffer": [simulate(sgd("lr"), groups, full, grads, changes)],
        "nesterov-for-momentum": [simulate(sgd("nesterov"), groups, full, grads, changes)],
        "memory-made-anew": [
            simulate(forgetful(sgd(slip)), groups, full, grads, changes) for slip in ("", "from-zero")
        ],
        "hard-coded-hyperparameters": [fixed("SGD", groups, defaults, grads, changes, momentum=0.9, dampening=0)],
    }
    check_values(submission, device, "SGD", groups, defaults, grads, changes, faces)


@pytest.mark.step("SGD")
def test_sgd_own_state(submission, rng, device):
    """keeps state for each parameter by itself, on its device"""
    check_own_state(submission, rng, device, "SGD", {"lr": 0.1, "momentum": 0.8}, sgd(), [("v",)])


@pytest.mark.step("SGD")
def test_sgd_none(submission, rng, device):
    """skips a parameter that has no gradient, and no other"""
    check_none(submission, rng, device, "SGD", {"lr": 0.1, "momentum": 0.8, "dampening": 0.3})
    check_nan(submission, rng, "SGD", {"lr": 0.1, "momentum": 0.8, "dampening": 0.3})


@pytest.mark.step("SGD")
def test_sgd_resumes(submission, rng, device):
    """continues from its state_dict as if it had never stopped"""
    check_resumes(submission, rng, device, "SGD", {"lr": 0.1, "momentum": 0.8})


@pytest.mark.step("Adagrad")
def test_adagrad_values(submission, rng, device):
    """takes the same steps as torch's, with settings for each group, also when these change"""
    groups, changes = three_groups(rng, {"eps": 0.3}, {"lr": 0.05, "eps": 0.1}, {"lr": 0.2})
    grads, defaults = gradients(rng, groups), {"lr": 0.1}
    full = {"eps": 1e-10} | defaults
    faces = {
        "eps-inside-sqrt": [simulate(adagrad(eps_inside=True), groups, full, grads, changes)],
        "memory-made-anew": [simulate(forgetful(adagrad()), groups, full, grads, changes)],
        "another-update-rule": [
            simulate(adagrad(start=start, late=late), groups, full, grads, changes)
            for start, late in ((1, False), (0.1, False), (1, True), (0, True))
        ]
        + [simulate(rate_first(adagrad()), groups, full, grads, changes)],
        "hard-coded-hyperparameters": [
            fixed("Adagrad", groups, defaults, grads, changes, eps=eps) for eps in (1e-10, 1e-8)
        ],
    }
    check_values(submission, device, "Adagrad", groups, defaults, grads, changes, faces)


@pytest.mark.step("Adagrad")
def test_adagrad_own_state(submission, rng, device):
    """keeps state for each parameter by itself, on its device"""
    check_own_state(submission, rng, device, "Adagrad", {"lr": 0.1, "eps": 1e-10}, adagrad(), [("v",)])


@pytest.mark.step("Adagrad")
def test_adagrad_none(submission, rng, device):
    """skips a parameter that has no gradient, and no other"""
    check_none(submission, rng, device, "Adagrad", {"lr": 0.1})
    check_nan(submission, rng, "Adagrad", {"lr": 0.1})


@pytest.mark.step("Adagrad")
def test_adagrad_resumes(submission, rng, device):
    """continues from its state_dict as if it had never stopped"""
    check_resumes(submission, rng, device, "Adagrad", {"lr": 0.1})


@pytest.mark.step("RMSprop")
def test_rmsprop_values(submission, rng, device):
    """takes the same steps as torch's, with settings for each group, also when these change"""
    groups, changes = three_groups(
        rng, {"alpha": 0.7, "eps": 0.3}, {"lr": 0.005, "eps": 0.1}, {"lr": 0.02, "alpha": 0.4}
    )
    grads, defaults = gradients(rng, groups), {"lr": 0.01}
    full = {"alpha": 0.99, "eps": 1e-8} | defaults
    faces = {
        "eps-inside-sqrt": [simulate(rmsprop(eps_inside=True), groups, full, grads, changes)],
        "decay-swapped": [simulate(rmsprop(swapped=True), groups, full, grads, changes)],
        "sum-not-average": [
            simulate(rmsprop(summed=each), groups, full, grads, changes) for each in (True, "with decay")
        ],
        "memory-made-anew": [simulate(forgetful(rmsprop()), groups, full, grads, changes)],
        "another-update-rule": [
            simulate(rule, groups, full, grads, changes) for rule in (rmsprop(start=1), rate_first(rmsprop()))
        ],
        "hard-coded-hyperparameters": [
            fixed("RMSprop", groups, defaults, grads, changes, **constants)
            for constants in ({"alpha": 0.99}, {"alpha": 0.9}, {"eps": 1e-8}, {"alpha": 0.99, "eps": 1e-8})
        ],
    }
    check_values(submission, device, "RMSprop", groups, defaults, grads, changes, faces)


@pytest.mark.step("RMSprop")
def test_rmsprop_own_state(submission, rng, device):
    """keeps state for each parameter by itself, on its device"""
    defaults = {"lr": 0.01, "alpha": 0.8, "eps": 1e-8}
    check_own_state(submission, rng, device, "RMSprop", defaults, rmsprop(), [("v",)])


@pytest.mark.step("RMSprop")
def test_rmsprop_none(submission, rng, device):
    """skips a parameter that has no gradient, and no other"""
    check_none(submission, rng, device, "RMSprop", {"lr": 0.01})
    check_nan(submission, rng, "RMSprop", {"lr": 0.01})


@pytest.mark.step("RMSprop")
def test_rmsprop_resumes(submission, rng, device):
    """continues from its state_dict as if it had never stopped"""
    check_resumes(submission, rng, device, "RMSprop", {"lr": 0.01, "alpha": 0.8})


@pytest.mark.step("Adam")
def test_adam_values(submission, rng, device):
    """takes the same steps as torch's, with settings for each group, also when these change"""
    groups, changes = three_groups(
        rng, {"betas": (0.8, 0.95), "eps": 0.3}, {"lr": 0.05, "eps": 0.1}, {"lr": 0.2, "betas": (0.5, 0.7)}
    )
    grads, defaults = gradients(rng, groups), {"lr": 0.1}
    full = {"betas": (0.9, 0.999), "eps": 1e-8} | defaults
    uncorrected = [{"first": False, "second": False}, {"first": False}, {"second": False}]
    standard = {"betas": (0.9, 0.999)}
    faces = {
        "no-bias-correction": [simulate(adam(**slip), groups, full, grads, changes) for slip in uncorrected],
        "correction-stored": [simulate(adam(stored=True), groups, full, grads, changes)],
        "correction-never-fades": [simulate(adam(fades=False), groups, full, grads, changes)],
        "eps-inside-sqrt": [simulate(adam(eps_inside=True), groups, full, grads, changes)],
        "decay-swapped": [simulate(adam(swapped=True), groups, full, grads, changes)],
        "eps-before-correction": [simulate(adam(eps_early=True), groups, full, grads, changes)],
        "another-update-rule": [
            simulate(rule, groups, full, grads, changes) for rule in (adam(second=False, left=True), rate_first(adam()))
        ],
        "memory-made-anew": [simulate(forgetful(adam()), groups, full, grads, changes)],
        "hard-coded-hyperparameters": [
            fixed("Adam", groups, defaults, grads, changes, **constants)
            for constants in (standard, {"eps": 1e-8}, standard | {"eps": 1e-8})
        ],
    }
    # A count that begins at 0 divides by 1 - 1.
    faces["step-counted-late"] = lambda got: not torch.isfinite(got.data).any()
    check_values(submission, device, "Adam", groups, defaults, grads, changes, faces)


@pytest.mark.step("Adam")
def test_adam_own_state(submission, rng, device):
    """keeps state for each parameter by itself, on its device"""
    defaults = {"lr": 0.1, "betas": (0.8, 0.9), "eps": 1e-8}
    check_own_state(submission, rng, device, "Adam", defaults, adam(), [("t",), ("m", "v"), ("t", "m", "v")])


@pytest.mark.step("Adam")
def test_adam_none(submission, rng, device):
    """skips a parameter that has no gradient, and no other"""
    check_none(submission, rng, device, "Adam", {"lr": 0.1})
    check_nan(submission, rng, "Adam", {"lr": 0.1})


@pytest.mark.step("Adam")
def test_adam_resumes(submission, rng, device):
    """continues from its state_dict as if it had never stopped"""
    check_resumes(submission, rng, device, "Adam", {"lr": 0.1, "betas": (0.8, 0.9)}, forget=("step",))


@pytest.mark.step("clear_gradients")
def test_clear(submission, rng, device):
    """clears every gradient of every group, to None or to zeros in place"""
    for set_to_none, finite in ((True, True), (False, True), (False, False)):
        values = shapes(rng, (4, 3), (2,), (3, 2), (5,))
        grads = shapes(rng, (4, 3), (2,), (3, 2), (5,))
        grads[0] = None
        grads[1][1] = grads[1][1] if finite else torch.nan
        submission.recognise({"skips-none-grad": lambda error: "'NoneType' object has no attribute" in error.message})
        seen = expect(submission.probe.cleared(values, grads, set_to_none))
        called = seen.item("called", lookalikes={"ready-made-optimizer": True})
        called.is_false("optimizer.zero_grad was called")
        expected = [None if set_to_none or g is None else torch.zeros_like(g) for g in grads]
        left = {
            "zero-times-nan": lambda got: bool(got[1].data.isnan().any()) and not got[3].data.any(),
            "first-group-only": lambda got, grads=grads: (
                all(looks_like(got[i], grads[i]) for i in (2, 3)) and not looks_like(got[1], grads[1])
            ),
            "frozen-not-cleared": lambda got, grads=grads: (
                looks_like(got[2], grads[2]) and not looks_like(got[3], grads[3])
            ),
            "none-becomes-zeros": lambda got, on=set_to_none: not on and got[0] is not None,
            "argument-ignored": lambda got, expected=expected: all(
                (a is None) is not (b is None) for a, b in zip(got[1:], expected[1:], strict=True)
            ),
            "skips-none-grad": lambda got, grads=grads: (
                looks_like(got[1], grads[1]) and not looks_like(got[3], grads[3])
            ),
        }
        found = seen.item("grads", "the list of gradients", left).length(4)
        found.satisfies(
            lambda got, expected=expected: all(a is None if b is None else looks_like(a, b) for a, b in zip(got, expected)),  # noqa: B905
            "not every gradient was cleared as asked", expected="None for each" if set_to_none else "zeros; None stays None",
        )  # fmt: skip
        expected = [g is None or not set_to_none for g in grads]
        seen.item("same", lookalikes={"new-zeros": lambda got: not got[1]}).satisfies(
            lambda same, expected=expected: same == expected,
            "a .grad was replaced by another tensor, not set to zero in place", got="",
        )  # fmt: skip
        for index, value in enumerate(values):
            seen.item("params").item(index, "a parameter").tensor(value, device=device)
        seen.item("groups", "the list of the numbers of parameters, one for each group,").equals([2, 2])
        wiped = seen.item("wiped", lookalikes={"mutates-caller": True})
        wiped.is_false("a tensor that is no longer in .grad was written to")
        state = seen.item("state", lookalikes={"optimizer-state-forgotten": False})
        state.is_true("the optimizer's state was changed")
        seen.item("returned", "the result").equals(None)


@pytest.mark.step("hand_over")
def test_hand_over(submission, rng, device):
    """gives the target the state and the settings of the source, in memory of its own"""
    adams = [{"lr": 0.2, "betas": (0.8, 0.9)}, {"lr": 0.1, "betas": (0.5, 0.7)}], [{"lr": 0.01}, {"lr": 0.02}]
    sgds = [{"lr": 0.2, "momentum": 0.8}, {"lr": 0.1, "momentum": 0.5}], [{"lr": 0.3}, {"lr": 0.4, "momentum": 0.9}]
    for name, (mine, theirs), stepped in (("Adam", adams, True), ("SGD", sgds, True), ("Adam", adams, False)):
        sizes = [[(4, 3), (2,)], [(3, 2)]]
        mine = [options | {"params": shapes(rng, *each)} for options, each in zip(mine, sizes, strict=True)]
        theirs = [options | {"params": shapes(rng, *each)} for options, each in zip(theirs, sizes, strict=True)]
        grads, later = gradients(rng, mine, 3), gradients(rng, mine, 2)
        for row in grads:
            row[1] = None
        seen = expect(submission.probe.handed_over("torch." + name, mine, theirs, grads, later, stepped))
        seen.item("untouched").is_true("the source, or a parameter, was changed")
        options = [{k: v for k, v in group.items() if k != "params"} for group in mine]
        seen.item(
            "options",
            "the list of the target's hyperparameters, one dict for each group,",
            {
                "settings-left-behind": old_options(options),
                "first-group-only": lambda got, expected=options: got[0] == expected[0],
            },
        ).equals(options)
        shares = seen.item("shares", lookalikes={"aliasing-state": True})
        shares.is_false("the states of source and target share memory")
        expected = moves(name, mine, grads, later)
        fresh = moves(name, mine, [], later)
        stale = moves(name, mine, [[g * 3 for g in later[0]]], later, own=theirs)
        seen.item("returned", "the result").equals(None)
        for index, right in enumerate(expected):
            named = {
                "state-left-behind": lambda got, i=index: looks_like(got, fresh[i]) or looks_like(got, stale[i]),
                "parameters-left-behind": torch.zeros_like(right),
            }
            moved = seen.item("moved", "the list of changes")
            moved.item(index, "the change of a parameter in the target's next steps", named).values(right)


def old_options(expected):
    """Return a lookalike: some option is another in every group, though each has its place."""
    return lambda got: any(
        all(mine[key] != right[key] for mine, right in zip(got, expected, strict=True)) for key in expected[0]
    )


def moves(name, groups, before, after, own=None):
    """Return how far parameters go in the steps `after`, with what was remembered from the steps `before`."""
    made = [group | {"params": [torch.nn.Parameter(t.clone()) for t in group["params"]]} for group in own or groups]
    params = [p for group in made for p in group["params"]]
    optimizer = getattr(torch.optim, name)(made)
    for rows in (before, after):
        start = copy.deepcopy(params)
        for row in rows:
            for p, g in zip(params, row, strict=True):
                p.grad = None if g is None else g.clone()
            optimizer.step()
        for group, options in zip(optimizer.param_groups, groups, strict=True):
            group.update({k: v for k, v in options.items() if k != "params"})
    return [(p - old).detach() for p, old in zip(params, start, strict=True)]
