"""Hidden checks of 18: what is in a state_dict, and how it is saved, loaded, copied and put aside."""

import contextlib

import pytest
import torch

from grader.compare import describe, expect, looks_like
from grader.curriculum.checks._files import saved

SAVED = {
    "parameter": True,
    "frozen parameter": True,
    "buffer": True,
    "non-persistent buffer": False,
    "tensor attribute": False,
    "gradient": False,
    "requires_grad": False,
    "training mode": False,
    "forward method": False,
    "optimizer state": False,
}
MISTAKES = {
    "frozen parameter": "frozen-not-saved",
    "buffer": "buffers-skipped",
    "non-persistent buffer": "non-persistent-is-saved",
    "tensor attribute": "buffer-not-registered",
}
CHANGED = {"changes-the-model": False}
AFTERWARDS = "the model's state_dict after the call"
BUFFERS = ("1.running_mean", "1.running_var", "1.num_batches_tracked")


def draw_sizes(rng):
    """Return three different sizes."""
    return [2 + int(each) for each in torch.randperm(6, generator=rng)[:3]]


def draw(rng, sizes):
    """Return random values for all entries of the probe's model, in its order."""
    a, b, c = sizes
    shapes = {
        "0.weight": (b, a),
        "0.bias": (b,),
        "1.weight": (b,),
        "1.bias": (b,),
        "1.running_mean": (b,),
        "1.running_var": (b,),
    }
    state = {name: torch.randn(shape, generator=rng) for name, shape in shapes.items()}
    state["1.num_batches_tracked"] = torch.randint(5, 10**3, (), generator=rng)
    return state | {"3.weight": torch.randn(c, b, generator=rng), "3.bias": torch.randn(c, generator=rng)}


def expect_entries(part, expected, named=None):
    """Expect a dict with these names and values; `named` gives lookalikes for a name."""
    part.satisfies(
        lambda found: sorted(found) == sorted(expected), "the entries do not have the expected names",
        got=lambda found: describe(list(found)), expected=describe(list(expected)),
    )  # fmt: skip
    for name, each in expected.items():
        entry = part.item(name, name, named(name) if named else {})
        entry.shape(*each.shape).dtype(each.dtype).values(each)


def without_buffers(expected):
    """Return a lookalike: all names but those of the buffers."""
    return {"buffers-skipped": lambda found: sorted(found) == sorted(name for name in expected if name not in BUFFERS)}


@pytest.mark.step("is_saved")
def test_table(submission):
    """tells for each thing whether it is in the dict"""
    for thing, expected in SAVED.items():
        named = {} if thing == "parameter" else {MISTAKES.get(thing, "state-dict-is-values-only"): not expected}
        expect(submission.is_saved(thing), named, what=f"the answer for {thing!r}").equals(expected)


@pytest.mark.step("save_weights")
def test_saves(submission, rng):
    """writes all entries, as names and tensors"""
    for _ in range(2):
        sizes = draw_sizes(rng)
        state = draw(rng, sizes)
        seen = submission.probe.saved(sizes, state)
        named = {"pickles-module": "not readable as weights", "names-left-out": "list"}
        kind = expect(seen).item("file", lookalikes=named)
        kind.satisfies(
            lambda found: found in ("OrderedDict", "dict"), "the file does not contain a dict of weights",
            got=str, expected="a dict",
        )  # fmt: skip
        expect_entries(expect(seen).item("entries", "the dict in the file", without_buffers(state)), state)
        expect(seen).item("untouched", lookalikes=CHANGED).is_true("the model was changed")
        expect_entries(expect(seen).item("after", AFTERWARDS), state)


def expect_loaded(seen, state, before):
    """Expect a model that holds `state` now, and is the one that came in."""
    unread = {"map-location-forgotten": lambda said: "Attempting to deserialize" in said}
    expect(seen).item("raised", lookalikes=unread).no_exception("load_weights raised an exception")
    nothing = lambda name: {"dict-is-not-the-model": before[name]}  # noqa: E731
    expect_entries(expect(seen).item("entries", AFTERWARDS), state, nothing)
    untouched = expect(seen).item("untouched", lookalikes={"parameters-replaced": False})
    untouched.is_true("the model's parameters were replaced by other objects")
    expect_settings(seen.value["settings"], "unfreezes-everything")
    returned = {"load-result-returned": lambda same: seen.value["returned"] == "_IncompatibleKeys"}
    expect(seen).item("is the model", lookalikes=returned).is_true("the result is not the model that was passed in")


def expect_settings(kept, misconception="flags-copied-too"):
    """Expect that modes and flags are as before."""
    kept = expect(kept, what="the dict of settings")
    kept.item("modes", lookalikes={"mode-not-kept": False}).is_true("the mode of a module was changed")
    kept.item("flags", lookalikes={misconception: False}).is_true("the requires_grad of a parameter was changed")


class Harmful:
    """An object that runs code when it is read with pickle: it leaves a file behind."""

    def __reduce__(self):
        return open, ("it-ran", "w")


@contextlib.contextmanager
def elsewhere():
    """Let files say that they were saved on a device that is not available."""
    torch.serialization.register_package(0, lambda storage: "cuda:7", lambda storage, location: None)
    try:
        yield
    finally:
        torch.serialization._package_registry.pop(0)


@pytest.mark.step("load_weights")
def test_loads(submission, rng):
    """reads all entries of a file into the model"""
    for _ in range(2):
        sizes = draw_sizes(rng)
        state, before = draw(rng, sizes), draw(rng, sizes)
        expect_loaded(submission.probe.loaded(sizes, before, saved(state)), state, before)


@pytest.mark.step("load_weights")
def test_loads_from_elsewhere(submission, rng):
    """reads a file that was saved on a device that is not available"""
    sizes = draw_sizes(rng)
    state, before = draw(rng, sizes), draw(rng, sizes)
    with elsewhere():
        file = saved(state)
    expect_loaded(submission.probe.loaded(sizes, before, file), state, before)


@pytest.mark.step("load_weights")
def test_refuses_other_names(submission, rng):
    """raises where names in the file and in the model differ"""
    sizes = draw_sizes(rng)
    for old, new in (("0.bias", "0.bais"), ("3.weight", "")):
        state = {new if name == old else name: each for name, each in draw(rng, sizes).items() if name != old or new}
        expect_refused(submission.probe.loaded(sizes, draw(rng, sizes), saved(state)))
    elsewhere = saved({f"module.{name}": each for name, each in draw(rng, sizes).items()})
    expect_refused(submission.probe.loaded(sizes, draw(rng, sizes), elsewhere), "names-made-to-fit")
    more = saved(draw(rng, sizes) | {"4.weight": torch.ones(2)})
    expect_refused(submission.probe.loaded(sizes, draw(rng, sizes), more))


def expect_refused(seen, misconception="strict-off-hides-typo"):
    """Expect a RuntimeError because of names that differ."""
    raised = expect(seen).item("raised", lookalikes={misconception: ""})
    raised.satisfies(
        lambda said: said.startswith("RuntimeError"), "no RuntimeError was raised, although the names differ",
        got=or_nothing, expected="RuntimeError",
    )  # fmt: skip


def or_nothing(raised):
    """Return what was raised, in words where it is nothing."""
    return raised or "no exception"


@pytest.mark.step("load_weights")
def test_refuses_code(submission, rng):
    """refuses a file that would run code"""
    sizes = draw_sizes(rng)
    seen = submission.probe.loaded(sizes, draw(rng, sizes), saved({**draw(rng, sizes), "note": Harmful()}))
    ran = expect(seen).item("code ran", lookalikes={"unpickles-code": True})
    ran.is_false("code that was hidden in the file was run")
    expect(seen).item("raised").satisfies(
        lambda said: said.startswith("UnpicklingError"), "the file was not refused",
        got=or_nothing, expected="UnpicklingError",
    )  # fmt: skip


def draw_offer(rng, sizes):
    """Return a state that fits in part, its misfits (missing, unused), and what the model is to hold afterwards."""
    before, offered = draw(rng, sizes), draw(rng, sizes)
    offered["3.bias"] = torch.randn(sizes[2] + 1, generator=rng)
    offered["3.weight"] = offered["3.weight"].T.contiguous()
    # One number would fit by broadcasting.
    offered["1.bias"] = torch.randn(1, generator=rng)
    misspelt = {"0.bais": offered.pop("0.bias")}
    offered = {"9.weight": torch.randn(2, 3, generator=rng)} | misspelt | offered
    missing = ["0.bias", "1.bias", "3.weight", "3.bias"]
    unused = ["9.weight", "0.bais", "1.bias", "3.weight", "3.bias"]
    expected = {name: before[name] if name in missing else offered[name] for name in before}
    return before, offered, expected, missing, unused


@pytest.mark.step("load_matching")
def test_matching(submission, rng):
    """loads what fits and leaves the rest"""
    for _ in range(2):
        sizes = draw_sizes(rng)
        before, offered, expected, _, _ = draw_offer(rng, sizes)
        seen = submission.probe.matched(sizes, before, offered)
        expect_not_raised(seen)
        own = expect(seen).item("entries", AFTERWARDS)
        expect_entries(own, expected, lambda name, args=(seen, before, offered): named_entry(name, *args))
        shared = expect(seen).item(
            "shared", "the list of entries that share memory with state", {"aliasing-state": bool}
        )
        shared.equals([])
        expect(seen).item("untouched").is_true("the model's parameters were replaced by other objects")
        expect_settings(seen.value["settings"])
        left = expect(seen).item("offered", "the argument state after the call", {"mutates-caller": is_dict})
        expect_entries(left, offered)


def named_entry(name, seen, before, offered):
    """Return lookalikes for an entry after a state was offered that fits in part."""
    named = {"copy-broadcasts": offered[name].expand_as(before[name])} if name == "1.bias" else {}
    if name in offered and offered[name].shape != before[name].shape:
        named["part-of-a-tensor-loaded"] = in_a_corner(before[name], offered[name])

    def misplaced(found):
        others = [(offered[other], key) for other in offered for key in before if other in before and other != key]
        return any(looks_like(seen.value["entries"][key], each) for each, key in others)

    named["place-for-name"] = misplaced

    def nothing(found):
        return all(torch.equal(each.data, before[key]) for key, each in seen.value["entries"].items())

    named |= {"dict-is-not-the-model": nothing}
    return named | ({"buffers-skipped": before[name]} if name in BUFFERS else {})


def in_a_corner(whole, part):
    """Return what there is where as much of a part as fits was written into a corner of the whole."""
    mixed, corner = whole.clone(), tuple(slice(0, min(pair)) for pair in zip(whole.shape, part.shape, strict=True))
    mixed[corner] = part[corner]
    return mixed


def expect_not_raised(seen):
    """Expect that nothing was raised, not even about shapes."""
    forgiving = {"strict-off-keeps-shapes": lambda said: "size mismatch" in said}
    expect(seen).item("raised", lookalikes=forgiving).no_exception("load_matching raised an exception")


def is_dict(found):
    return isinstance(found, dict)


@pytest.mark.step("load_matching")
def test_matching_says(submission, rng):
    """says what is missing and what was not used"""
    for _ in range(2):
        sizes = draw_sizes(rng)
        before, offered, _, missing, unused = draw_offer(rng, sizes)
        seen = submission.probe.matched(sizes, before, offered)
        expect_not_raised(seen)
        answer = expect(seen).item("answer", "the result", {"load-result-ignored": None})
        answer.length(2)
        strangers = [name for name in missing if name not in offered], [name for name in unused if name not in before]
        for index, (what, expected) in enumerate((("missing", missing), ("unused", unused))):
            named = {
                "load-result-ignored": [],
                "shapes-not-reported": strangers[index],
                "order-of-names-lost": lambda found, expected=expected: sorted(found) == sorted(expected),
                "lists-exchanged": (unused, missing)[index],
            }
            answer.item(index, f"the list of {what} names", named).equals(expected)
    sizes = draw_sizes(rng)
    offered = {name: each for name, each in draw(rng, sizes).items() if name == "1.num_batches_tracked"}
    seen = submission.probe.matched(sizes, draw(rng, sizes), offered)
    answer = expect(seen).item("answer", "the result for a state with one entry").length(2)
    # subtle: that entry, because torch never calls it missing from a dict without version numbers
    expected = [name for name in draw(rng, sizes) if name not in offered]
    only_parameters = {"buffers-skipped": [name for name in expected if name not in BUFFERS]}
    answer.item(0, "the list of missing names", only_parameters).equals(expected)
    answer.item(1, "the list of unused names", {"buffers-skipped": list(offered)}).equals([])


@pytest.mark.step("copy_weights")
def test_copies(submission, rng):
    """copies every entry, into the target's own memory"""
    for _ in range(2):
        sizes = draw_sizes(rng)
        state, other = draw(rng, sizes), draw(rng, sizes)
        seen = submission.probe.copied(sizes, state, other)
        nothing = {
            "name-bound-anew": lambda found, other=other, seen=seen: (
                torch.equal(found["0.weight"].data, other["0.weight"]) and not seen.value["written"]
            )
        }
        target = expect(seen).item("target", "the target's state_dict after the call", nothing)
        said = "the target does not have the weights of the source"
        target.satisfies(lambda found, s=state: torch.equal(found["0.weight"].data, s["0.weight"]), said, got="")
        kept = lambda name, other=other: {"buffers-skipped": other[name]} if name in BUFFERS else {}  # noqa: E731
        expect_entries(target, state, kept)
        shared = {"aliasing-state": bool}
        expect(seen).item("shared", "the list of entries that share memory with the source", shared).equals([])
        untouched = expect(seen).item("target untouched", lookalikes={"parameters-replaced": False})
        untouched.is_true("the target's parameters were replaced by other objects")
        expect_settings(seen.value["settings"])
        expect(seen).item("source untouched").is_true("the source was changed")
        expect_entries(expect(seen).item("source", "the source's state_dict after the call"), state)


@pytest.mark.step("snapshot")
def test_snapshot(submission, rng):
    """holds all values, and keeps them while the model changes"""
    for _ in range(2):
        sizes = draw_sizes(rng)
        state = draw(rng, sizes)
        seen = submission.probe.snapshots(sizes, state)
        taken = expect(seen).item("taken", "the result", without_buffers(state))
        expect_entries(taken, state, lambda name, state=state: {"aliasing-state": state[name] + 1})
        for name in state:
            taken.item(name, name).requires_grad(False)
        expect(seen).item("untouched", lookalikes=CHANGED).is_true("the model was changed")
        expect_entries(expect(seen).item("values", AFTERWARDS), state)
