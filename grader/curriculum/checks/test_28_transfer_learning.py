"""Hidden checks of 28: weights arrive whole, everything but a new head is frozen, and training keeps it so."""

import functools
import os
from unittest import mock

import pytest
import torch
from torch import nn

from grader.compare import DATA, describe, expect, require
from grader.curriculum.checks._digits import real_digits
from grader.curriculum.checks._files import in_any_order, raised_by, saved

META = torch.device("meta")
CHECKPOINT = DATA / "weights" / "digits_0_to_4.pt"
HARD_CODED = {"hard-coded-device": ["cpu"]}
KEY = "module.conv5.0.weight"
FAULTS = {
    "in which a name is misspelt": lambda state: state.update({"module.conv5.O.weight": state.pop(KEY)}),
    "in which a weight is missing": lambda state: state.pop(KEY),
    "in which there is a weight too many": lambda state: state.update({"module.fc.scale": torch.ones(5)}),
    "in which a weight has another shape": lambda state: state.update({KEY: state[KEY][:-1]}),
    "in which one of the names has no prefix": lambda state: state.update({"fc.scale": torch.ones(5)}),
}
PREFIXES = {
    "in which one of the names has the prefix twice": lambda state: state.update({"module." + KEY: state.pop(KEY)}),
    "in which one of the names has one more part after the prefix": lambda state: state.update(
        {"module.old.conv5.0.weight": state.pop(KEY)}
    ),
}
HARMLESS = {
    "in which the weights are in another order": lambda state: state.update({KEY: state.pop(KEY)}),
    "in which a weight has other values": lambda state: state.update({KEY: state[KEY] / 2}),
}


class Surprise:
    """Makes a folder when it is unpickled."""

    def __reduce__(self):
        return os.mkdir, ("code-ran",)


@functools.cache
def stored():
    return torch.load(CHECKPOINT, weights_only=True)


def checkpoint():
    """Return what the file holds, to be changed at will; its tensors are everybody's."""
    return stored() | {"state_dict": dict(stored()["state_dict"])}


def edited(edit):
    """Return the bytes of the checkpoint with its weights edited."""
    content = checkpoint()
    edit(content["state_dict"])
    return saved(content)


@pytest.mark.step("load_pretrained")
def test_weights_arrive(submission, device):
    """returns the model with every weight of the file, as float32"""
    seen = submission.probe.loaded(CHECKPOINT, device)
    expect(seen).item("type", "the class of the result").equals("ShuffleNetV2")
    weights = checkpoint()["state_dict"]
    state = expect(seen).item("state", "the model's state_dict").length(len(weights))
    # Averages that are still 0 tell that nothing was loaded at all.
    half = {"half-precision-kept": lambda t: t.dtype in ("float16", "bfloat16")}
    nothing = half | {"strict-off-hides-typo": lambda t: not t.data.any()}
    for key in sorted(weights, key=lambda key: "running_mean" not in key):
        name = key.removeprefix("module.")
        expected = weights[key].float() if weights[key].is_floating_point() else weights[key]
        state.item(name, name, nothing if "running_mean" in name else half).tensor(expected, device=device)


@pytest.mark.step("load_pretrained")
def test_damaged(submission, rng, device):
    """refuses a file whose weights do not fit the model"""
    files = {words: edited(edit) for words, edit in (FAULTS | PREFIXES | HARMLESS).items()}
    seen = in_any_order(rng, files, lambda content: submission.probe.attempt("loads", content, device))
    for words in HARMLESS:
        submission.unless_raised(seen[words])
    for words in FAULTS | PREFIXES:
        named = {"more-than-the-prefix" if words in PREFIXES else "strict-off-hides-typo": ""}
        expect(raised_by(seen[words]), named).satisfies(
            lambda raised: raised == "RuntimeError", f"no RuntimeError was raised for a file {words}",
            got=lambda raised: raised or "no exception", expected="RuntimeError",
        )  # fmt: skip


@pytest.mark.step("load_pretrained")
def test_classes(submission, device):
    """makes the model with as many classes as the file says"""
    content = checkpoint() | {"num_classes": 7}
    content["state_dict"] |= {"module.fc.weight": torch.ones(7, 1024), "module.fc.bias": torch.zeros(7)}
    seen = submission.probe.loads(saved(content), device)
    expect(seen).satisfies(
        lambda classes: classes == 7, "a file with 7 classes did not become a model with 7 classes",
        got=lambda classes: f"{classes} classes", expected="7 classes",
    )  # fmt: skip


@pytest.mark.step("load_pretrained")
def test_from_gpu(submission, device):
    """loads a file that was saved on a GPU where there is no GPU"""
    if device.type == "cuda":
        return
    with mock.patch.object(torch.serialization, "location_tag", return_value="cuda:0"):
        content = saved(checkpoint())
    seen = submission.probe.attempt("loads", content, device)
    refused = seen.exception is not None and "map_location" in seen.exception.message
    said = "a file that was saved on a GPU could not be loaded without one"
    require(not refused, said, misconception="map-location-forgotten")
    submission.unless_raised(seen)


@pytest.mark.step("load_pretrained")
def test_no_code(submission, rng, device):
    """does not run code that is in the file"""
    files = {"whole": saved(checkpoint()), "more": saved(checkpoint() | {"note": Surprise()})}
    seen = in_any_order(rng, files, lambda content: submission.probe.attempt("loads", content, device))
    submission.unless_raised(seen["whole"])
    ran = expect(submission.probe.ran(), {"unpickles-code": True})
    ran.is_false("code that was hidden in the file was run")
    require(raised_by(seen["more"]), "no exception was raised for a file with more in it than weights")


@pytest.mark.step("load_pretrained")
def test_loaded_on_device(submission):
    """puts the model on the device that it is given"""
    seen = submission.probe.loaded_place(CHECKPOINT, META)
    expect(seen, {"hard-coded-device": ["cpu"]}, what="the list of the parameters' device types").equals(["meta"])


@pytest.mark.step("adapt")
def test_frozen(submission, device):
    """freezes everything but the new head"""
    for width, classes, num_classes in ((7, 4, 6), (5, 3, 2)):
        seen = submission.probe.adapts(width, classes, num_classes, device)
        flags = expect(seen).item("requires_grad", "the dict of parameters").length(11)
        for name in ("stem.0.weight", "stem.0.bias", "stem.1.weight", "stem.1.bias"):
            flag = flags.item(name, lookalikes={"freeze-by-optimizer-only": True})
            flag.is_false(f"{name} still requires a gradient")
        held = {"part-of-a-name": lambda _, flags=seen.value["requires_grad"]: flags["shift"] is False}
        for name in ("fc1.weight", "fc1.bias", "gate.fc.weight", "gate.fc.bias"):
            said = f"{name} still requires a gradient, though {name.rpartition('.')[0]} is not the head"
            flags.item(name, lookalikes=held).is_false(said)
        flags.item("shift").is_false("shift, a parameter of the model itself, still requires a gradient")
        for name in ("fc.weight", "fc.bias"):
            flag = flags.item(name, lookalikes={"head-before-freeze-order": False})
            flag.is_true(f"{name}, in the new head, does not require a gradient")


@pytest.mark.step("adapt")
def test_new_head(submission, device):
    """gives the model a new linear layer of the right size, and leaves the rest"""
    for width, classes, num_classes, training in (
        (7, 4, 6, True),
        (50, 3, 20, False),
        (6, 3, 3, True),
        (5, 4, 1, True),
    ):
        seen = submission.probe.adapts(width, classes, num_classes, device, training)
        expect(seen).item("type", "the class of the head").equals("Linear")
        expect(seen).item("out_features", "the head's out_features").equals(num_classes)
        old = {"attribute-is-not-layer": lambda t, rows=classes: t.shape[0] == rows} if classes != num_classes else {}
        old["hard-coded-size"] = lambda t, shape=(num_classes, width): len(t.shape) == 2 and t.shape[1] != shape[1]
        bound = width**-0.5
        for name, shape in (("weight", (num_classes, width)), ("bias", (num_classes,))):
            part = (
                expect(seen)
                .item(name, f"the head's {name}", old)
                .shape(*shape)
                .dtype(torch.float32)
                .on(device)
                .finite()
            )
            part.satisfies(
                lambda t, bound=bound: 0 < t.data.abs().max() <= bound,
                f"the head's {name} is not initialised as nn.Linear does it", expected=f"numbers within ±{bound:.3g}",
            )  # fmt: skip
        same = {"old-head-kept": False}
        expect(seen).item("new", lookalikes=same).is_true("the head is still the same module as before")
        expect(seen).item("kept").is_true("values outside the head were changed")
        expect(seen).item("fresh").is_true("the head starts with weights of the old head")
        modes = {"mode-not-restored": lambda found: len(found) == 3}
        expect(seen).item("training", "the list of modes outside the head (True for training mode)", modes).equals(
            [training, training, not training]
        )


@pytest.mark.step("adapt")
def test_head_on_device(submission):
    """makes the head on the device of the model"""
    seen = submission.probe.adapts(5, 3, 4, META)
    expect(seen).item("weight", "the head's weight", {"hard-coded-device": lambda t: t.device == "cpu"}).on("meta")


def trained(features, labels, weights, batch_size, epochs, lr, *, stale=None, late=False, turning=True):
    """Return losses and weights of a head trained on these features; stale gradients are cleared never, or too late.

    A loader that turns yields its batches backwards in every other epoch.
    """
    parameters = [each.clone().requires_grad_() for each in weights]
    optimizer = torch.optim.SGD(parameters, lr=lr, momentum=0.9)
    for parameter in parameters:
        parameter.grad = None if stale is None else torch.full_like(parameter, stale)
    losses = []
    for epoch in range(epochs):
        batches = list(zip(features.split(batch_size), labels.split(batch_size), strict=True))
        for inputs, targets in batches[::-1] if turning and epoch % 2 else batches:
            if stale is None:
                optimizer.zero_grad()
            loss = nn.functional.cross_entropy(inputs @ parameters[0].T + parameters[1], targets)
            loss.backward()
            optimizer.step()
            if late:
                optimizer.zero_grad()
            losses.append(loss.item())
    return losses, [parameter.detach() for parameter in parameters]


def ask_head(seen, labels, width, classes, batch_size, epochs, lr, device, left=0.5):
    """Ask for the head and the losses of a training that starts from what the probe saw."""
    kept = {"frozen-bn-updates": lambda keys: keys and all("running_" in key or "num_batches" in key for key in keys)}
    only_head = {
        "optimizer-made-each-epoch": lambda given: 1 < len(given) in (epochs, epochs + 1),
        "all-params-to-optimizer": lambda given: len(given) == 1 and len(given[0]) > 2,
    }
    given = expect(seen).item("given", lookalikes=only_head)
    given.satisfies(
        lambda v: [sorted(each) for each in v] == [["fc.bias", "fc.weight"]],
        "make_optimizer was not called exactly once, with the two parameters of the head",
        got=lambda v: " and ".join(describe(each) for each in v) or "no call", expected="['fc.weight', 'fc.bias']",
    )  # fmt: skip
    expect(seen).item("changed", "the list of what was changed outside the head", kept).equals([])
    expect(seen).item("features", "the head's input").shape(len(labels), width).finite()
    shapes = ((classes, width), (classes,))
    for part in ("weights", "after"):
        for index, shape in enumerate(shapes):
            expect(seen).item(part).item(index, "the head's weight").shape(*shape).dtype(torch.float32)
    features, weights = seen.value["features"].data, [each.data for each in seen.value["weights"]]
    losses, expected = trained(features, labels, weights, batch_size, epochs, lr)
    never, after = (
        trained(features, labels, weights, batch_size, epochs, lr, stale=0.5, late=late)[1] for late in (False, True)
    )
    again = trained(features, labels, weights, batch_size, epochs, lr, turning=False)[1]
    for index, name in enumerate(("the head's weight", "the head's bias")):
        named = {
            "zero-times-nan": lambda t: left == torch.inf and bool(t.data.isnan().any()),
            "zero-grad-missing": lambda t, ways=(never[index], after[index]): any(map(t.data.allclose, ways)),
            "zero-after-backward": lambda t, old=weights[index]: seen.value["cleared"] and t.data.equal(old),
            "same-order-every-epoch": again[index],
            "nothing-was-recorded": lambda t, old=weights[index]: seen.value["lost"] and t.data.equal(old),
        }
        expect(seen).item("after").item(index, name, named).tensor(expected[index], device=device)
    directly = {"calls-forward-directly": 0}
    expect(seen).item("called", "the number of times that the model's hooks ran", directly).equals(len(losses))
    short = {
        "history-nested": lambda v: len(v) == epochs and all(isinstance(each, list) for each in v),
        "history-averaged": lambda v: len(v) == epochs and all(isinstance(each, float) for each in v),
    }
    history = expect(seen).item("returned", "the result", short).is_a(list).length(len(losses))
    for index, value in enumerate(losses):
        graph = {"loss-keeps-graph": lambda v: v.requires_grad, "scalar-tensor-not-number": lambda v: v.shape == ()}
        history.item(index, f"the loss of batch {index}", graph).near(value, device)


@pytest.mark.step("train_head")
def test_modes(submission, rng, device):
    """keeps everything but the head in eval mode, whatever mode the model arrives in"""
    submission.recognise({"arguments-swapped": lambda error: "log_softmax" in error.message})
    for training in (True, False):
        inputs, labels = torch.randn(7, 6, generator=rng), torch.randint(3, (7,), generator=rng)
        seen = submission.probe.trains(inputs, labels, 3, 4, 2, 0.1, training, device)
        modes = expect(seen).item("modes", "the list of the modes in which the model was called").length(4)
        for index in range(4):
            at_batch = modes.item(index, f"the list of modes at batch {index}").length(3)
            for layer, name in enumerate(("batch norm", "dropout")):
                acted = "dropout-after-logits-kept-on" if name == "dropout" else "frozen-bn-updates"
                mode = at_batch.item(layer, lookalikes={acted: True})
                mode.is_false(f"{name} was in training mode at batch {index}")
            mode = at_batch.item(2, lookalikes={"train-mode-forgotten": False})
            mode.is_true(f"the head was in evaluation mode at batch {index}")


@pytest.mark.step("train_head")
def test_head_learns(submission, rng, device):
    """trains the head as the reference does, and changes nothing else"""
    for classes, batch_size, epochs, lr, left in ((3, 5, 2, 0.2, 0.5), (6, 4, 3, 0.05, torch.inf)):
        inputs, labels = torch.randn(13, 6, generator=rng), torch.randint(classes, (13,), generator=rng)
        seen = submission.probe.trains(inputs, labels, classes, batch_size, epochs, lr, True, device, left)
        ask_head(seen, labels, 9, classes, batch_size, epochs, lr, device, left)


@pytest.mark.step("train_head")
def test_new_digits(submission, rng, device):
    """trains a head for digits that the weights have never seen"""
    labels, pixels = real_digits()
    new = torch.nonzero(labels >= 5)[:, 0]
    new = new[torch.randperm(len(new), generator=rng)[:20]]
    labels, pixels = labels[new] - 5, pixels[new].to(torch.float32) / 255
    seen = submission.probe.trains_digits(CHECKPOINT, pixels, labels, 8, 2, 0.05, device)
    ask_head(seen, labels, 1024, 5, 8, 2, 0.05, device)


@pytest.mark.step("train_head")
def test_trains_on_device(submission):
    """moves the model, then makes the optimizer, then moves each batch"""
    submission.recognise({"model-left-behind": lambda error: "copy out of meta" in error.message})
    seen = submission.probe.trains_place(META)
    after = expect(seen).item("model", "the list of the model's device types after the call", HARD_CODED)
    after.equals(["meta"])
    early = {"optimizer-before-move": lambda v: set(v) == {"cpu"}, "all-params-to-optimizer": lambda v: len(v) > 2}
    given = expect(seen).item("at the optimizer", "the list of the optimizer's parameters' device types", early)
    given.equals(["meta"] * 2)
    for name in ("inputs", "targets"):
        expect(seen).item(name, f"the list of the {name}' device types", HARD_CODED).equals(["meta"])
