"""Hidden checks of 12: predicting without graph and noise, freezing, and the spread of requires_grad."""

from itertools import product

import pytest
import torch
from torch import nn

from grader.compare import expect

BOOLS = (False, True)
MODES = "the list of the modules' modes after the call (True for train mode)"
CHAIN = {"0": (4, 3), "1.0": (5, 4), "1.2": (3, 5), "2": (2, 3)}


@pytest.mark.step("predict_row")
def test_table(submission):
    """fills in all four rows of the table"""
    for no_grad, eval_mode in product(BOOLS, repeat=2):
        row = expect(submission.predict_row(no_grad, eval_mode)).length(3)
        named = {"eval-means-no-grad": lambda answer, off=eval_mode: answer is False and off}
        row.item(0, "the entry for requires_grad", named).equals(not no_grad)
        for index, what in ((1, "dropout"), (2, "batch norm")):
            named = {"no-grad-means-eval": lambda answer, off=no_grad: answer is False and off}
            row.item(index, f"the entry for {what}", named).equals(not eval_mode)


def normalising_net(rng):
    """Draw what a net with dropout and batch norm holds."""

    def draw(*shape):
        return torch.randn(shape, generator=rng)

    return {
        "0.0.weight": draw(6, 3), "0.0.bias": draw(6), "0.1.weight": draw(6), "0.1.bias": draw(6),
        "0.1.running_mean": draw(6), "0.1.running_var": draw(6).square() + 0.5,
        "0.1.num_batches_tracked": torch.tensor(3), "3.weight": draw(2, 6), "3.bias": draw(2),
    }  # fmt: skip


def predicted(state, x):
    """Return what the net gives in eval mode."""
    h = nn.functional.linear(x, state["0.0.weight"], state["0.0.bias"])
    scale = state["0.1.weight"] / (state["0.1.running_var"] + 1e-5).sqrt()
    h = ((h - state["0.1.running_mean"]) * scale + state["0.1.bias"]).tanh()
    return nn.functional.linear(h, state["3.weight"], state["3.bias"])


# The modes of the seven modules: the net, its first part with linear and batch norm, dropout, tanh, linear.
ALL_TRAIN, ALL_EVAL = [True] * 7, [False] * 7
NORM_FROZEN = [True, False, True, False, True, True, True]
ONE_TRAINS = [False, False, False, False, True, False, False]


@pytest.mark.step("predict")
def test_predict(submission, rng, device):
    """predicts in eval mode, with nothing recorded"""
    for modes in (ALL_TRAIN, ALL_EVAL, ONE_TRAINS):
        state, x = normalising_net(rng), torch.randn(5, 3, generator=rng)
        called = submission.probe.watch_predict(state, x, modes)
        seen = expect(called)
        ran = seen.item("layers_ran", "the number of layers that ran").is_a(int)
        ran.satisfies(lambda count: count > 0, "the model was never called", got="", expected="a forward pass")
        named = {
            "top-level-only": lambda found, called=called: called.value["root_in_eval"],
            "no-grad-means-eval": lambda found: len(set(found) - {"the model itself", "0"}) == 5,
        }
        seen.item("in_training", "the list of modules that ran in train mode", named).equals([])
        result = seen.item("result", "the result", {"eval-means-no-grad": lambda t: t.requires_grad})
        result.tensor(predicted(state, x), device=device).requires_grad(False)
        named = {"graph-recorded-for-nothing": True}
        seen.item("recorded", lookalikes=named).is_false("autograd recorded the forward pass")


@pytest.mark.step("predict")
def test_modes_restored(submission, rng):
    """puts every module back into the mode that it was in"""
    for modes in (ALL_TRAIN, ALL_EVAL, NORM_FROZEN, ONE_TRAINS):
        seen = expect(submission.probe.watch_predict(normalising_net(rng), torch.randn(5, 3, generator=rng), modes))
        named = {"mode-not-restored": lambda found, modes=modes: found != modes}
        seen.item("modes", MODES, named).equals(modes)


@pytest.mark.step("predict")
def test_restored_after_error(submission):
    """restores the modes when the forward pass raises, and lets the exception through"""
    for modes in ([True] * 5, [True, False, False, True, True]):
        seen = expect(submission.probe.predict_and_fail(modes))
        named = {"mode-not-restored": lambda found, modes=modes: found != modes}
        seen.item("modes", MODES, named).equals(modes)
        came_out = seen.item("came_out", lookalikes={"exception-kept-back": False})
        came_out.is_true("the exception that the model raised did not reach the caller")
        seen.item("during", "the list of its parts' modes while a model that raises ran").equals([False] * 4)


@pytest.mark.step("predict")
def test_no_trace(submission, rng, device):
    """changes neither parameters nor statistics nor settings, and leaves autograd switched on or off as it was"""
    state = normalising_net(rng)
    called = submission.probe.watch_predict(state, torch.randn(5, 3, generator=rng), ALL_TRAIN)
    seen = expect(called).keeps_globals("grad mode", misconception="grad-mode-left-off")
    named = {"no-grad-means-eval": lambda t: True}
    for name, expected in state.items():
        is_statistic = "running" in name or "batches" in name
        now = seen.item("state").item(name, f"{name} after the call", named if is_statistic else {})
        now.tensor(expected, device=device)
    named = {"unfreezes-everything": [True] * 6}
    required = seen.item("grads_required", "the list of the parameters' requires_grad after the call", named)
    required.equals([False] + [True] * 5)
    named = {"changes-the-model": lambda grad: True}
    grads = seen.item("grads", "the list of the parameters' .grad").length(6)
    weights = (value for name, value in state.items() if "running" not in name and "batches" not in name)
    for index, weight in enumerate(weights):
        grads.item(index, "a .grad that was there before the call", named).values(torch.full_like(weight, 3.0))
    required = seen.item("x_required", lookalikes={"mutates-caller": False})
    required.is_true("x required a gradient before the call, and does not after it")
    settings = seen.item("settings_kept", lookalikes={"changes-the-model": False})
    settings.is_true("a setting of a dropout or a batch norm was changed, and not put back")
    for switch in BOOLS:
        weight, x = torch.randn(3, 2, generator=rng), torch.randn(5, 3, generator=rng)
        seen = expect(submission.probe.switch_after(weight, x, switch))
        named = {"grad-mode-left-off" if switch else "grad-mode-forced-on": not switch}
        before, after = ("on", "off") if switch else ("off", "on")
        for key, call in (("after", "the call"), ("after_error", "a call in which the model raised")):
            now = seen.item(key, lookalikes=named)
            as_before = now.is_true if switch else now.is_false
            as_before(f"autograd was {before} before {call}, and {after} after it")
        runs = seen.item("recorded", "the list that says of both runs whether autograd recorded them")
        runs.equals([False, False])
        seen.item("result", "the result").values(x @ weight)


def chain(rng):
    """Draw the weights of four linear layers, the middle two in one part."""
    state = {}
    for name, shape in CHAIN.items():
        state[f"{name}.weight"] = torch.randn(shape, generator=rng) / shape[1] ** 0.5
        state[f"{name}.bias"] = torch.randn(shape[0], generator=rng)
    return state


def chain_result(weights, x):
    """Run the chain on its weights."""
    layers = [(weights[f"{name}.weight"], weights[f"{name}.bias"]) for name in CHAIN]
    h = nn.functional.linear(x, *layers[0])
    h = nn.functional.linear(nn.functional.linear(h, *layers[1]).tanh(), *layers[2])
    return nn.functional.linear(h, *layers[3])


def trained(state, free, x, upstream, lr):
    """Take three steps with the parameters that are free; return all of them."""
    weights = {name: value.clone().requires_grad_(name in free) for name, value in state.items()}
    for _ in range(3):
        grads = torch.autograd.grad(chain_result(weights, x), [weights[name] for name in free], upstream)
        for name, grad in zip(free, grads, strict=True):
            weights[name] = (weights[name] - lr * grad).detach().requires_grad_()
    return {name: value.detach() for name, value in weights.items()}


CASES = (("0", (), 0.1), ("1", ("2.bias",), 0.03), ("1.2", ("0.weight", "1.2.bias"), 0.05))


def frozen(submission, rng):
    """Yield for each case what was seen, the names that must stay free, and what went in."""
    for part, before, lr in CASES:
        state, x, upstream = chain(rng), torch.randn(6, 3, generator=rng), torch.randn(6, 2, generator=rng)
        seen = expect(submission.probe.freeze_and_train(state, part, list(before), x, upstream, lr))
        free = [name for name in state if not name.startswith(f"{part}.") and name not in before]
        yield seen, free, (state, x, upstream, lr)


@pytest.mark.step("freeze")
def test_frozen(submission, rng):
    """sets requires_grad to False for the part's parameters, and for no others"""
    for (part, before, _), (seen, free, (state, *_)) in zip(CASES, frozen(submission, rng), strict=True):
        facts = seen.item("facts", "the dict of parameters").length(len(state))
        frozen_now = {name for name, fact in facts._value.items() if not fact["requires_grad"]}
        leading = list(state)[: sum(name.startswith(f"{part}.") for name in state)]
        by_place = frozen_now - set(before) == set(leading) - set(before)
        for name in state:
            expected = name in free
            named = {"unfreezes-everything": lambda fact: fact["requires_grad"]} if name in before else STILL_REQUIRES
            if not expected and name not in before and part == "1":
                # The case before was a part without parts: there it worked.
                named = named | {"top-level-only": lambda fact: fact["requires_grad"] and fact["in_optimizer"]}
            if not expected and name.endswith(".bias"):
                # The weight of the same layer came first: it is frozen.
                named = named | {"bias-not-frozen": lambda fact: fact["requires_grad"] and fact["in_optimizer"]}
            held = {
                "part-of-a-name": lambda fact, here=part in name: here and not fact["requires_grad"],
                "position-is-not-the-part": lambda fact, by_place=by_place: by_place and not fact["requires_grad"],
            }
            named = (held if name not in before else {}) if expected else named
            facts.item(name, name, named).satisfies(
                lambda fact, expected=expected: fact["requires_grad"] is expected,
                f"{name} has requires_grad={not expected}",
                got=f"requires_grad={not expected}", expected=f"requires_grad={expected}",
            )  # fmt: skip
        seen.item("modes_kept", lookalikes=MODES_CHANGED).is_true("the mode of a module was changed")
    called = submission.probe.freeze_norm([2 + int(each) for each in torch.randperm(5, generator=rng)[:3]], 0.1)
    seen = expect(called)
    for name in ("0.weight", "0.bias", "1.0.weight", "1.0.bias", "1.1.weight", "1.1.bias", "2.weight", "2.bias"):
        named = {"attribute-on-module": lambda flag: flag is True and called.value["affine"] is False}
        of_norm = f"{name}.requires_grad in a net whose part 1 ends in a batch norm"
        seen.item("flags").item(name, of_norm, named).equals(not name.startswith("1."))


MODES_CHANGED = {"mode-not-restored": False}
# What each belief leaves at a parameter that should be frozen.
STILL_REQUIRES = {
    "attribute-on-module": lambda fact: fact["requires_grad"] and fact["part_has_attribute"],
    "eval-means-frozen": lambda fact: fact["requires_grad"] and not fact["part_in_training"],
    "freeze-by-optimizer-only": lambda fact: fact["requires_grad"] and not fact["in_optimizer"],
}
IN_OPTIMIZER = {"all-params-to-optimizer": lambda fact: fact["in_optimizer"] and not fact["requires_grad"]}


@pytest.mark.step("freeze")
def test_optimizer(submission, rng):
    """gives the optimizer what still requires a gradient, and the learning rate"""
    for seen, free, (state, *_, lr) in frozen(submission, rng):
        seen.item("is_sgd").is_true("the result is not a torch.optim.SGD")
        for name in (name for name in state if name not in free):
            seen.item("facts").item(name, name, IN_OPTIMIZER).satisfies(
                lambda found: found["in_optimizer"] is False, f"the optimizer holds {name}, which is frozen",
                got="", expected="only parameters that are not frozen",
            )  # fmt: skip
        seen.item("held", "the list of parameters in the optimizer").equals(free)
        ignored = {"argument-ignored": lambda found: len(found) == 1}
        seen.item("lr", "the list of learning rates, one for each parameter group,", ignored).equals([lr])
        others = seen.item("others", "the list of other settings, one for each parameter group,")
        others.equals([{"momentum": 0, "weight_decay": 0}])


@pytest.mark.step("freeze")
def test_training(submission, rng, device):
    """changes no values itself, and lets three steps change only what is not frozen"""
    for seen, free, (state, x, upstream, lr) in frozen(submission, rng):
        expected = trained(state, free, x, upstream, lr)
        seen.item("is_sgd").is_true("the result is not a torch.optim.SGD")
        for name, before in state.items():
            seen.item("kept").item(name, f"{name} before training").values(before)
            after = seen.item("trained").item(name, f"{name} after three steps").tensor(expected[name], device=device)
            if name not in free:
                after.grad(None)


@pytest.mark.step("through_frozen")
def test_gradients_pass(submission, rng, device):
    """leaves gradients before and after the frozen part, and none in it"""
    state, x, upstream = chain(rng), torch.randn(6, 3, generator=rng), torch.randn(6, 2, generator=rng)
    weights = {name: value.clone().requires_grad_() for name, value in state.items()}
    expected = chain_result(weights, x)
    expected.backward(upstream)
    called = submission.probe.run_through(state, x, upstream)
    seen = expect(called)
    seen.item("result", "the result", {"detached-returned": lambda t: not t.requires_grad}).tensor(
        expected.detach(), device=device
    ).requires_grad(True)
    for name in state:
        named = named_for(name, lambda: called.value["tried"])
        grad = seen.item("grads", "the dict of gradients").item(name, f"the .grad of {name}", named)
        if name.startswith("1."):
            grad.satisfies(lambda found: found is None, f"{name}, which is frozen, has a .grad", expected="None")
        else:
            grad.tensor(weights[name].grad, device=device)
        seen.item("state").item(name, f"{name} after the call").tensor(state[name], device=device)
    seen.item("modes_kept", lookalikes=MODES_CHANGED).is_true("the mode of a module was changed")
    required = seen.item("x_required", lookalikes={"mutates-caller": True})
    required.is_false("x requires a gradient after the call, and did not before it")


def named_for(name, tried):
    """Return what a missing or superfluous gradient means."""
    if name.startswith("0."):
        return {"detach-instead-of-freeze": lambda grad: grad is None and "other-part-frozen" not in tried()}
    if name.startswith("1."):
        if name.endswith("bias"):
            # The weight of the same layer came first: it got none.
            return {"bias-not-frozen": lambda grad: grad is not None}
        return {
            "none-becomes-zeros": lambda grad: not grad.data.any(),
            "attribute-on-module": lambda grad: "attribute" in tried(),
            "eval-means-frozen": lambda grad: "eval" in tried(),
            "freeze-by-optimizer-only": lambda grad: grad is not None,
        }
    return {}


@pytest.mark.step("outputs_require_grad")
def test_spread(submission):
    """says of each output whether it requires a gradient"""
    for x_requires_grad in BOOLS:
        for count in (1, 2, 3, 4):
            for layers in product(BOOLS, repeat=count):
                expected = [x_requires_grad or not all(layers[: index + 1]) for index in range(count)]
                named = {
                    "input-forgotten": [not all(layers[: index + 1]) for index in range(count)],
                    "contagion-forgotten": lambda found, expected=expected: any(
                        answer is False and right for answer, right in zip(found, expected, strict=True)
                    ),
                    "frozen-always-passes": lambda found, expected=expected: any(
                        answer is True and not right for answer, right in zip(found, expected, strict=True)
                    ),
                }
                seen = submission.outputs_require_grad(x_requires_grad, list(layers))
                expect(seen).length(count)
                expect(seen, named).equals(expected)
