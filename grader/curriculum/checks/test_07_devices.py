"""Hidden checks of 07: where tensors are, what moving them returns, and where their gradients land."""

import pytest
import torch

from grader.compare import SeenArray, describe, expect, require
from grader.curriculum.checks._recipes import dice

MIB = 1024 * 1024
META = torch.device("meta")


@pytest.mark.step("choose_device")
def test_choice(submission, rng):
    """chooses CUDA, then MPS, then the CPU, as the machine has them"""
    expected_of = {(True, False): "cuda", (False, False): "cpu", (False, True): "mps", (True, True): "cuda"}
    machines = dice(rng).sample(list(expected_of) * 3, 12)
    choices = expect(submission.probe.chosen(machines)).length(12)
    for (has_cuda, has_mps), expected in expected_of.items():
        named = {
            "mps-forgotten": lambda device, mps=has_mps, cuda=has_cuda: mps and not cuda and device.type == "cpu",
            "hard-coded-device": lambda device, mps=has_mps, cuda=has_cuda: (
                (device.type == "cpu" and cuda) or (device.type == "cuda" and not cuda)
            ),
        }
        named |= {
            "built-is-not-available": lambda device, mps=has_mps: device.type == "mps" and not mps,
            "choices-in-another-order": lambda device, mps=has_mps, cuda=has_cuda: (
                device.type == "mps" and mps and cuda
            ),
        }
        named["string-is-no-device"] = lambda device: type(device) is str
        there = [name for name, has in (("CUDA", has_cuda), ("MPS", has_mps)) if has]
        on = f"on a machine with {' and '.join(there) or 'neither CUDA nor MPS'}"
        for index in (index for index, machine in enumerate(machines) if machine == (has_cuda, has_mps)):
            choices.item(index, f"the choice {on}", named).is_a(torch.device).satisfies(
                lambda device, expected=expected: device.type == expected, f"the wrong device was chosen {on}",
                expected=describe(torch.device(expected)),
            )  # fmt: skip


@pytest.mark.step("variable_on")
def test_variable(submission, rng, device):
    """makes a leaf in which gradients arrive"""
    for count in (1, 5):
        values, upstream = torch.randn(count, generator=rng), torch.randn(count, generator=rng)
        variable = expect(submission.variable_on(values.tolist(), device), moved_leaf()).tensor(values, device=device)
        variable.requires_grad(True).leaf(True)
    expect(submission.probe.backward_through(values.tolist(), device, upstream), what="the variable").grad(upstream)


@pytest.mark.step("variable_on")
def test_variable_on_device(submission, rng):
    """makes the leaf on the device that it is given"""
    values = torch.randn(5, generator=rng).tolist()
    named = {"hard-coded-device": lambda t: t.device == "cpu"} | moved_leaf()
    expect(submission.variable_on(values, META), named).on(META).requires_grad(True).leaf(True)


def moved_leaf():
    return {
        "leaf-lost-by-to": lambda t: t.grad_fn == "ToCopyBackward0",
        "leaf-lost-by-arithmetic": lambda t: t.grad_fn is not None,
        "requires-grad-forgotten": lambda t: not t.requires_grad,
    }


def leaf_of(rng, size):
    return torch.randn(size, generator=rng, dtype=torch.float64).requires_grad_()


@pytest.mark.step("move_and_differentiate")
def test_gradient_lands(submission, rng, device):
    """finds the gradient at the leaf, not at the copy"""
    for size in (5, 1):
        leaf, upstream = leaf_of(rng, size), torch.randn(size, generator=rng)
        gradient_lands(submission, leaf, upstream, device)


def gradient_lands(submission, leaf, upstream, device):
    """Ask for the copy, and for the gradient at the leaf."""
    seen, size = submission.move_and_differentiate(leaf, device, upstream), len(upstream)
    pair = expect(seen).length(2)
    numbers = leaf.detach().float()
    named = {
        "results-in-another-order": lambda t: t.dtype == "float64" and not t.requires_grad,
        "leaf-made-anew": lambda t: t.is_leaf and t.requires_grad and t.same_as is None,
        "detached-returned": lambda t: not t.requires_grad and seen.arguments[0].grad is not None,
    }
    pair.item(0, "the copy", named).tensor(numbers, device=device).requires_grad(True).leaf(False)
    named = {
        "leaf-lost-by-to": None,
        "upstream-ignored": lambda t: torch.allclose(t.data, 2 * leaf.detach(), 1e-4),
        "gradients-accumulate": lambda t: torch.allclose(t.data, (4 * numbers * upstream).double(), 1e-4),
        "mean-vs-sum": lambda t: torch.allclose(size * t.data, (2 * numbers * upstream).double(), 1e-4),
        "grad-of-wrong-tensor": lambda t: t.dtype == "float32" and seen.value[0].retains_grad,
    }
    landed = pair.item(1, "the gradient", named).shape(size).dtype(torch.float64).on(device)
    landed.values((2 * numbers * upstream).double(), rtol=2e-5, atol=2e-6)
    by_copy = "the gradient did not come through the copy, which is float32"
    landed.satisfies(
        lambda t: torch.equal(t.data, t.data.float().double()), by_copy, expected="numbers that float32 can hold"
    )


@pytest.mark.step("move_and_differentiate")
def test_copy_on_device(submission, rng):
    """puts the copy on the device that it is given"""
    values, upstream = torch.randn(5, generator=rng, dtype=torch.float64), torch.randn(5, generator=rng)
    named = {
        "to-is-inplace": "not there, though something was moved there",
        "hard-coded-device": lambda place: place == "not there" and not seen.value["moved"],
    }
    seen = submission.probe.place_of_copy(values, upstream)
    place = expect(seen).item("place", lookalikes=named)
    place.satisfies(lambda place: place == "there", "the copy is not on the device that was given", got="")
    kept = {"dtype-left-out": "torch.float64"}
    expect(seen).item("dtype", "the dtype of the copy", kept).equals("torch.float32")
    expect(seen).item("copy", "the copy").values(values.float())


@pytest.mark.step("move_and_differentiate")
def test_leaf_stays(submission, rng, device):
    """leaves the numbers of the leaf, and the upstream gradient, as they were"""
    leaf, upstream = leaf_of(rng, 5), torch.randn(5, generator=rng)
    seen = expect(submission.move_and_differentiate(leaf, device, upstream))
    seen.keeps_argument(0, leaf, "mutates-caller").keeps_argument(2, upstream, "mutates-caller")


def array_like(part, expected):
    """Ask for a numpy array with the numbers of a tensor."""
    name = str(expected.dtype).removeprefix("torch.")
    part.given().satisfies(
        lambda a: isinstance(a, SeenArray), "the result is not a numpy array", expected="a numpy array"
    )
    part.satisfies(
        lambda a: a.shape == tuple(expected.shape),
        "the array has the wrong shape",
        expected=f"shape {tuple(expected.shape)}",
    )
    part.satisfies(
        lambda a: a.dtype != "float64" or name == "float64",
        "the array has the wrong dtype",
        expected=name,
        misconception="float64-leak",
    )
    part.satisfies(lambda a: a.dtype == name, "the array has the wrong dtype", expected=name)
    part.satisfies(
        lambda a: torch.equal(a.data, expected),
        "the array has the wrong values",
        expected=describe(expected, values=True),
    )


@pytest.mark.step("to_numpy")
def test_array(submission, rng):
    """turns plain tensors into arrays"""
    for shape in ((3, 5), (1, 4), ()):
        sent = torch.randn(shape, generator=rng)
        array_like(expect(submission.to_numpy(sent)).keeps_argument(0, sent, "mutates-caller"), sent)
    for sent in (torch.randint(9, (4,), generator=rng), torch.randint(9, (1, 3), generator=rng).to(torch.uint8)):
        array_like(expect(submission.to_numpy(sent)).keeps_argument(0, sent, "mutates-caller"), sent)


@pytest.mark.step("to_numpy")
def test_array_of_variable(submission, rng):
    """turns leaves and results into arrays that require a gradient, and leaves them in their graph"""
    sent = torch.randn(3, 5, generator=rng).requires_grad_()
    seen = submission.attempt("to_numpy", sent)
    refused = seen.exception is not None and "requires grad" in seen.exception.message
    require(not refused, str(seen.exception), expected="an array", misconception="numpy-on-grad", seen=seen)
    array_like(expect(submission.to_numpy(sent)).keeps_argument(0, sent, "mutates-caller"), sent.detach())
    values = torch.randn(4, generator=rng)
    facts = expect(submission.probe.numpy_of_result(values))
    raised = facts.item("error", lookalikes={"numpy-on-grad": lambda error: error != ""})
    raised.no_exception("an exception was raised for a tensor with a grad_fn")
    array_like(facts.item("array", "the result for a tensor with a grad_fn"), values * 2)
    untouched = facts.item("untouched", lookalikes={"mutates-caller": False})
    untouched.is_true("the caller's tensor was changed, or cut off from its graph")


@pytest.mark.step("to_numpy")
def test_array_from_gpu(submission, rng):
    """copies a tensor from a GPU to the CPU first"""
    values = torch.randn(3, 5, generator=rng)
    facts = expect(submission.probe.numpy_from_gpu(values))
    raised = facts.item("error", lookalikes={"numpy-knows-no-gpu": lambda error: error != ""})
    raised.no_exception("an exception was raised for a tensor on a GPU")
    array_like(facts.item("array", "the result for a tensor on a GPU"), values)


def figures(events, *, shrink=False, drop=False, grow=False, keep=False):
    """Keep the books; the keywords are what others believe.

    shrink: deleting gives memory back to CUDA. drop: emptying the cache frees everything. grow: nothing is used again.
    keep: nothing is ever given back.
    """
    allocated = reserved = 0
    for what, size in events:
        if what == "make":
            allocated += size
            reserved = reserved + size if grow else max(reserved, allocated)
        elif what == "delete":
            allocated -= size
            reserved -= size if shrink else 0
        else:
            reserved = reserved if keep else 0 if drop else allocated
            allocated = 0 if drop else allocated
    return allocated / MIB, reserved / MIB


def story(rng):
    """Return events in which each of the beliefs shows in the end."""
    a, b, c, d = (int(torch.randint(low, low + 500, (), generator=rng)) * 1024 for low in (3000, 2000, 1000, 600))
    return [
        [("make", a)],
        [("make", a), ("make", b), ("delete", a)],
        [("make", a), ("make", b), ("delete", a), ("make", c)],
        [("make", a), ("make", b), ("delete", b), ("empty_cache", 0)],
        [("make", a), ("delete", a), ("make", b), ("empty_cache", 0), ("make", c), ("delete", b), ("make", d)],
        [("make", a), ("make", b), ("delete", a), ("make", c), ("make", a), ("delete", b)],
        [],
    ]


@pytest.mark.step("allocator_figures")
def test_figures(submission, rng):
    """distinguishes what tensors occupy from what torch holds"""
    for events in story(rng):
        expected = figures(events)
        beliefs = {
            "cache-is-not-used-again": figures(events, grow=True),
            "empty-cache-frees-tensors": figures(events, drop=True),
            "reserved-is-not-the-peak": figures(events, keep=True),
            "allocated-vs-reserved": lambda pair, expected=expected, events=events: (
                close(pair, expected[::-1])
                or close(pair, figures(events, shrink=True))
                or close(pair, expected[:1] * 2)
                or close(pair, expected[1:] * 2)
                or close(pair, (expected[0], expected[1] - expected[0]))
            ),
            "mib-is-not-mb": lambda pair, expected=expected: any(
                close(pair, [figure * MIB / unit for figure in expected]) for unit in (1e6, 1000, 1024, 1)
            ),
        }
        named = {name: belief for name, belief in beliefs.items() if belief != expected and events}
        pair = expect(submission.allocator_figures(events), named).length(2)
        pair.satisfies(lambda found: all(type(each) is float for each in found), "the two figures are not floats")
        pair.satisfies(
            lambda found, expected=expected: close(found, expected),
            "the two figures are not what was expected",
            expected=describe(expected),
        )


def close(found, expected):
    return all(abs(one - other) <= 1e-9 * max(1.0, abs(other)) for one, other in zip(found, expected, strict=True))


@pytest.mark.step("predict")
def test_prediction(submission, rng, device):
    """returns what the model predicts for the batch"""
    weight, batch = torch.randn(5, 2, generator=rng), torch.randn(3, 5, generator=rng)
    seen = expect(submission.probe.predicted(weight, batch, device, True))
    cut = {"detached-returned": lambda t: not t.requires_grad}
    seen.item("result", "the result", cut).tensor(batch @ weight, device=device).requires_grad(True)
    training = seen.item("training", lookalikes={"mode-not-restored": False})
    training.is_true("the model was in training mode before the call, and is in evaluation mode after it")
    seen.item("during", "the list of modes in which the model ran (True for training mode)").equals([True])
    seen.item("dtype", "the dtype of the parameters after the call").equals("torch.float32")
    seen.keeps_argument(1, batch, "mutates-caller")


@pytest.mark.step("predict")
def test_meet_on_device(submission, rng, device):
    """moves model and batch to the device that it is given"""
    here = device.type  # where both are before the call
    weight, batch = torch.randn(5, 2, generator=rng), torch.randn(3, 5, generator=rng)
    seen = submission.probe.predicted(weight, batch, META, False)
    facts = expect(seen)
    stayed = {
        "to-is-inplace": lambda met: met == [(here, "meta")] and seen.value["asked"],
        "batch-left-behind": lambda met: met == [(here, "meta")],
        # Both met where the model was: the batch was sent there, and the model nowhere.
        "model-left-behind": lambda met: (
            met == [("meta", here)] or (met == [(here, here)] and seen.value["asked"] and not seen.value["sent"])
        ),
        "hard-coded-device": lambda met: met in ([(here, here)], [("cpu", "cpu")]),
    }
    met = facts.item("met", "the list of (device of the batch, device of the parameters), one for each run,", stayed)
    met.equals([("meta", "meta")])
    left = facts.item("left", lookalikes={"model-left-behind": here})
    left.satisfies(
        lambda place: place == "meta", "the parameters of the model are not on the device that was given",
        got="", expected=describe(META),
    )  # fmt: skip
    facts.item("result", "the result").on(META).shape(3, 2)
    training = facts.item("training", lookalikes={"mode-not-restored": True})
    training.is_false("the model was in evaluation mode before the call, and is in training mode after it")
