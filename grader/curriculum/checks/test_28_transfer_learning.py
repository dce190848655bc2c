"""Hidden checks of 28: weights arrive whole, everything but a new head is frozen, and training keeps it so."""

import pytest
import torch
from torch import nn

from grader.compare import DATA, expect, near
from grader.curriculum.checks._digits import real_digits

META = torch.device("meta")
CHECKPOINT = DATA / "weights" / "digits_0_to_4.pt"


@pytest.mark.step("load_pretrained")
def test_weights_arrive(submission, device):
    """returns the model with every weight of the file, as float32"""
    seen = submission.probe.loaded(CHECKPOINT, device)
    expect(seen).item("type", "the class of what came back").equals("ShuffleNetV2")
    stored = torch.load(CHECKPOINT, weights_only=True)["state_dict"]
    state = expect(seen).item("state", "the model's state").length(len(stored))
    # Averages that are still 0 tell that nothing was loaded at all.
    half = {"half-precision-kept": lambda t: t.dtype in ("float16", "bfloat16")}
    nothing = half | {"strict-off-hides-typo": lambda t: not t.data.any()}
    for key in sorted(stored, key=lambda key: "running_mean" not in key):
        name = key.removeprefix("module.")
        expected = stored[key].float() if stored[key].is_floating_point() else stored[key]
        state.item(name, name, nothing if "running_mean" in name else half).tensor(expected, device=device)


@pytest.mark.step("load_pretrained")
def test_damaged(submission, device):
    """refuses a file whose weights do not fit the model"""
    prefixes = ("double prefix", "letters of the prefix")
    for damage in ("typo", "missing", "surplus", "shape", "no prefix", *prefixes):
        seen = submission.probe.loads_damaged(CHECKPOINT, device, damage)
        named = {"more-than-the-prefix" if damage in prefixes else "strict-off-hides-typo": "nothing; 5 classes"}
        expect(seen, named, what=f"what a file with the fault {damage!r} raised").equals("RuntimeError")


@pytest.mark.step("load_pretrained")
def test_classes(submission, device):
    """makes the model with as many classes as the file says"""
    seen = submission.probe.loads_damaged(CHECKPOINT, device, "classes")
    expect(seen, what="what a file with 7 classes raised").equals("nothing; 7 classes")


@pytest.mark.step("load_pretrained")
def test_from_gpu(submission, device):
    """loads a file that was saved on a GPU where there is none"""
    if device.type == "cuda":
        return
    seen = submission.probe.loads_from_gpu(CHECKPOINT, device)
    expect(seen, {"map-location-forgotten": "refused"}, what="what became of the file").equals("loaded")


@pytest.mark.step("load_pretrained")
def test_no_code(submission, device):
    """does not run code that is in the file"""
    seen = submission.probe.loads_surprise(CHECKPOINT, device)
    ran = {"unpickles-code": True}
    expect(seen).item("ran", "whether code in the file ran", ran).equals(False)
    expect(seen).item("refused", "whether the file was refused").equals(True)


@pytest.mark.step("load_pretrained")
def test_loaded_on_device(submission):
    """puts the model on the device that it is given"""
    seen = submission.probe.loaded_place(CHECKPOINT, META)
    expect(seen, {"hard-coded-device": ["cpu"]}, what="the devices of the parameters").equals(["meta"])


@pytest.mark.step("adapt")
def test_frozen(submission, device):
    """freezes everything but the new head"""
    for width, classes, num_classes in ((7, 4, 6), (5, 3, 2)):
        seen = submission.probe.adapts(width, classes, num_classes, device)
        flags = expect(seen).item("requires_grad", "requires_grad of the parameters").length(7)
        for name in ("stem.0.weight", "stem.0.bias", "stem.1.weight", "stem.1.bias"):
            flags.item(name, f"requires_grad of {name}", {"freeze-by-optimizer-only": True}).equals(False)
        flags.item("shift", "requires_grad of a parameter of the model itself").equals(False)
        for name in ("fc.weight", "fc.bias"):
            flags.item(name, f"requires_grad of {name}", {"head-before-freeze-order": False}).equals(True)


@pytest.mark.step("adapt")
def test_new_head(submission, device):
    """gives the model a new linear layer of the right size, and leaves the rest"""
    for width, classes, num_classes, training in ((7, 4, 6, True), (50, 3, 20, False), (6, 3, 3, True)):
        seen = submission.probe.adapts(width, classes, num_classes, device, training)
        expect(seen).item("type", "the class of the head").equals("Linear")
        expect(seen).item("out_features", "the head's out_features").equals(num_classes)
        old = {"attribute-is-not-layer": lambda t, rows=classes: t.shape[0] == rows} if classes != num_classes else {}
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
        expect(seen).item("new", "whether the head is another module than before").equals(True)
        expect(seen).item("kept", "whether the rest holds the same values").equals(True)
        expect(seen).item("fresh", "whether the head begins with weights of its own").equals(True)
        modes = {"mode-not-restored": [not training]}
        expect(seen).item("training", "`training` of all modules but the head", modes).equals([training])


@pytest.mark.step("adapt")
def test_head_on_device(submission):
    """makes the head where the model is"""
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


def ask_head(seen, labels, width, classes, batch_size, epochs, lr, device):
    """Ask for the head and the losses of a training that starts from what the probe saw."""
    kept = {"frozen-bn-updates": lambda keys: keys and all("running_" in key or "num_batches" in key for key in keys)}
    only_head = {
        "optimizer-made-each-epoch": lambda given: 1 < len(given) in (epochs, epochs + 1),
        "all-params-to-optimizer": lambda given: len(given) == 1 and len(given[0]) > 2,
    }
    given = expect(seen).item("given", "what the optimizer was given", only_head)
    given.satisfies(
        lambda v: [sorted(each) for each in v] == [["fc.bias", "fc.weight"]], "not the two parameters of the head, once"
    )
    expect(seen).item("changed", "what has changed outside the head", kept).equals([])
    expect(seen).item("features", "the features").shape(len(labels), width).finite()
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
            "zero-grad-missing": lambda t, ways=(never[index], after[index]): any(map(t.data.allclose, ways)),
            "zero-after-backward": lambda t, old=weights[index]: seen.value["cleared"] and t.data.equal(old),
            "same-order-every-epoch": again[index],
        }
        expect(seen).item("after").item(index, name, named).tensor(expected[index], device=device)
    directly = {"calls-forward-directly": 0}
    expect(seen).item("called", "the number of times that the model's hooks ran", directly).equals(len(losses))
    short = {
        "history-nested": lambda v: len(v) == epochs and all(isinstance(each, list) for each in v),
        "history-averaged": lambda v: len(v) == epochs and all(isinstance(each, float) for each in v),
    }
    history = expect(seen).item("returned", "what came back", short).is_a(list).length(len(losses))
    for index, value in enumerate(losses):
        graph = {"loss-keeps-graph": lambda v: v.requires_grad, "scalar-tensor-not-number": lambda v: v.shape == ()}
        part = history.item(index, f"the loss of batch {index}", graph).is_a(float)
        part.satisfies(
            near(value, device), f"the loss of batch {index} is not what was expected", expected=f"{value:.6g}"
        )


@pytest.mark.step("train_head")
def test_modes(submission, rng, device):
    """keeps everything but the head in eval mode, whatever mode the model arrives in"""
    submission.recognise({"arguments-swapped": lambda error: "log_softmax" in error.message})
    for training in (True, False):
        inputs, labels = torch.randn(7, 6, generator=rng), torch.randint(3, (7,), generator=rng)
        seen = submission.probe.trains(inputs, labels, 3, 4, 2, 0.1, training, device)
        modes = expect(seen).item("modes", "`training` of batch norm, dropout and head at each batch").length(4)
        for index in range(4):
            at_batch = modes.item(index, f"`training` at batch {index}").length(3)
            for layer, name in enumerate(("batch norm", "dropout")):
                at_batch.item(layer, f"`training` of {name}", {"frozen-bn-updates": True}).equals(False)
            at_batch.item(2, "`training` of the head", {"train-mode-forgotten": False}).equals(True)


@pytest.mark.step("train_head")
def test_head_learns(submission, rng, device):
    """trains the head as the reference does, and changes nothing else"""
    for classes, batch_size, epochs, lr in ((3, 5, 2, 0.2), (6, 4, 3, 0.05)):
        inputs, labels = torch.randn(13, 6, generator=rng), torch.randint(classes, (13,), generator=rng)
        seen = submission.probe.trains(inputs, labels, classes, batch_size, epochs, lr, True, device)
        ask_head(seen, labels, 9, classes, batch_size, epochs, lr, device)


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
    expect(seen).item("model", "the devices of the model afterwards", {"hard-coded-device": ["cpu"]}).equals(["meta"])
    early = {"optimizer-before-move": lambda v: set(v) == {"cpu"}, "all-params-to-optimizer": lambda v: len(v) > 2}
    expect(seen).item("at the optimizer", "the devices of what the optimizer was given", early).equals(["meta"] * 2)
    for name in ("inputs", "targets"):
        expect(seen).item(name, f"the device of the {name}", {"hard-coded-device": ["cpu"]}).equals(["meta"])
