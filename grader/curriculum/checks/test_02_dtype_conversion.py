"""Hidden checks of 02: what a conversion returns, what it loses, and which dtype a mixed operation has."""

import numpy as np
import pytest
import torch

from grader.compare import expect

INTEGERS = (torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64)
FLOATS = (torch.float16, torch.bfloat16, torch.float32, torch.float64)


def array(rng, shape):
    """Return a float64 array that float32 cannot hold exactly."""
    return torch.randn(shape, generator=rng, dtype=torch.float64).numpy()


def discarded(heard, dtype):
    """Return a lookalike: that dtype was made on the way, and another one came back."""
    return lambda t: t.dtype != dtype and dtype in heard.value


@pytest.mark.step("to_float32")
def test_float32(submission, rng, device):
    """returns float32, although numpy's numbers are float64"""
    sent = array(rng, (3, 5))
    seen = submission.to_float32(sent, device)
    heard = submission.probe.dtypes_made("to_float32", sent, device)
    named = {
        "conversion-discarded": discarded(heard, "float32"),
        "float64-leak": lambda t: t.dtype == "float64",
    }
    expect(seen, named).tensor(torch.from_numpy(sent).to(torch.float32), device=device)


@pytest.mark.step("to_float32")
def test_any_dtype(submission, rng, device):
    """accepts arrays of other dtypes and shapes, too"""
    converted = submission.to_float32(array(rng, (2, 3)), device).value
    converts = getattr(converted, "dtype", None) == "float32"
    others = ((np.int64, ()), (np.float16, (1, 3)), (np.int32, (0, 2)))
    for dtype, shape in ((np.int64, (4,)), (np.float32, (2, 3, 4)), (np.uint8, (5, 2)), *others):
        sent = np.asarray(np.abs(array(rng, shape)) * 50 + 2).astype(dtype)
        named = {
            "class-not-function": lambda t, sent=sent: sent.shape == () and t.shape == (int(sent),),
            "squeezed-too-far": lambda t, shape=shape: t.shape == shape[1:] and 1 in shape,
            "float64-leak": lambda t: t.dtype == "float64",
            "dtype-left-out": lambda t, came=str(sent.dtype): converts and t.dtype == came,
        }
        expect(submission.to_float32(sent, device), named).tensor(
            torch.from_numpy(sent).to(torch.float32), device=device
        )


@pytest.mark.step("to_float32")
def test_float32_leaves_alone(submission, rng, device):
    """changes neither the array nor the default dtype"""
    sent = array(rng, (3, 5))
    seen = expect(submission.to_float32(sent, device)).keeps_argument(0, sent, "mutates-caller")
    seen.keeps_globals("default dtype", misconception="default-left-changed")


@pytest.mark.step("to_float32")
def test_float32_on_device(submission, rng):
    """puts the tensor on the device that it is given"""
    named = {"hard-coded-device": lambda t: t.device == "cpu"}
    expect(submission.to_float32(array(rng, (3, 5)), torch.device("meta")), named).on("meta")


def spread(rng, largest):
    """Return numbers between 0.1 and 100 in size, one of them 0, and one that is `largest`, somewhere."""
    numbers = torch.rand(4, 7, generator=rng) * 99.9 + 0.1
    numbers *= torch.randint(0, 2, (4, 7), generator=rng) * 2 - 1
    places = torch.randperm(28, generator=rng)
    numbers.view(-1)[places[0]], numbers.view(-1)[places[1]] = 0.0, largest
    return numbers


def between(rng, low, high):
    return low + (high - low) * float(torch.rand((), generator=rng))


@pytest.mark.step("to_half")
def test_digits(submission, rng, device):
    """keeps the digits of float16 where every number fits into float16"""
    limit = 65504.0
    sizes = (50.0, between(rng, 60_000, 65_000), -between(rng, 60_000, 65_000))
    cases = [(spread(rng, largest), "bfloat16-loses-digits") for largest in sizes]
    cases += [(torch.full(shape, between(rng, 40_000, 60_000)), "bfloat16-loses-digits") for shape in ((3, 5), ())]
    cases += [(torch.tensor([0.0, limit]), "limit-left-out"), (torch.tensor([-limit, 0.0]), "limit-left-out")]
    for sent, too_short in cases:
        named = {
            "conversion-discarded": lambda t: t.same_as == "0" and t.dtype == "float32",
            too_short: lambda t: t.dtype == "bfloat16",
        }
        expect(submission.to_half(sent), named).tensor(sent.to(torch.float16), device=device)


@pytest.mark.step("to_half")
def test_range(submission, rng, device):
    """keeps every number finite where not all of them fit into float16"""
    for size in (between(rng, 66_000, 80_000), 10.0 ** between(rng, 6, 30)):
        for largest in (size, -size):
            sent = spread(rng, largest)
            named = {
                "conversion-discarded": lambda t: t.same_as == "0" and t.dtype == "float32",
                "half-overflow": lambda t: t.dtype == "float16",
            }
            expect(submission.to_half(sent), named).tensor(sent.to(torch.bfloat16), device=device)


@pytest.mark.step("to_half")
def test_half_leaves_alone(submission, rng):
    """leaves the caller's tensor as it was"""
    for largest in (50.0, 1e9):
        sent = spread(rng, largest)
        expect(submission.to_half(sent)).keeps_argument(0, sent, "mutates-caller")


def fractions(rng):
    """Return numbers of both signs, with fractions below and above a half, one in a column near it; shape (4, 6)."""
    whole = torch.randint(2, 900, (4, 6), generator=rng).float()
    offset = torch.rand(4, 6, generator=rng) * 0.4 + 0.05
    offset[:, 2] = 0.5 - 1 / 4096  # which float32 still holds beside 900
    sign = torch.tensor([1.0, 1.0, -1.0, -1.0]).unsqueeze(1)
    return sign * (whole + offset * torch.tensor([1.0, -1.0, 1.0, -1.0]).unsqueeze(1))


@pytest.mark.step("to_nearest")
def test_nearest(submission, rng, device):
    """goes to the nearest whole number, above zero and below"""
    sent = fractions(rng)
    named = {
        "truncation-taken-for-rounding": sent.trunc(),
        "truncation-taken-for-floor": (sent + 0.5).trunc(),
        "floor-taken-for-rounding": sent.floor(),
        "rounded-but-still-float": lambda t: t.dtype == "float32" and torch.equal(t.data, sent.round()),
        "nudged-before-rounding": lambda t: (
            t.shape == sent.shape and torch.equal((t.data != sent.round()).any(0), torch.arange(6) == 2)
        ),
    }
    expect(submission.to_nearest(sent), named).tensor(sent.round().to(torch.int64), device=device)


@pytest.mark.step("to_nearest")
def test_nearest_leaves_alone(submission, rng):
    """leaves the caller's tensor as it was"""
    sent = fractions(rng)
    expect(submission.to_nearest(sent)).keeps_argument(0, sent, "mutates-caller")


@pytest.mark.step("to_labels")
def test_labels(submission, rng, device):
    """returns int64, whatever the column holds"""
    for dtype, count in ((np.float64, 9), (np.uint8, 9), (np.int32, 9), (np.float32, 1), (np.int64, 9)):
        sent = torch.randint(0, 256, (count,), generator=rng).numpy().astype(dtype)
        seen = submission.to_labels(sent, device)
        heard = submission.probe.dtypes_made("to_labels", sent, device)
        named = {
            "conversion-discarded": discarded(heard, "int64"),
            "squeezed-too-far": lambda t: t.shape == (),
            "labels-not-long": lambda t: t.dtype not in ("int64", "bool") and bool((t.data == t.data.round()).all()),
        }
        expect(seen, named).tensor(torch.from_numpy(sent).to(torch.int64), device=device)
        expect(seen).keeps_argument(0, sent, "mutates-caller")


@pytest.mark.step("to_labels")
def test_labels_on_device(submission, rng):
    """puts the labels on the device that it is given"""
    sent = torch.randint(0, 256, (9,), generator=rng).numpy().astype(np.float64)
    named = {"hard-coded-device": lambda t: t.device == "cpu"}
    expect(submission.to_labels(sent, torch.device("meta")), named).on("meta")


def expected_dtype(left, right):
    other = torch.empty(1, dtype=right) if isinstance(right, torch.dtype) else right
    return torch.result_type(torch.empty(1, dtype=left), other)


def believed(left, right):
    """Return what other rules give: the left one, the right one or the wider one decides, or all becomes float."""
    number = {int: torch.int64, float: torch.float32}
    other = right if isinstance(right, torch.dtype) else number[type(right)]
    return {left, other, torch.float32, torch.float64}


def judge(seen, left, right, named=None):
    surprise = {"promotion-surprise": lambda answer: answer in believed(left, right)}
    expect(seen, (named or {}) | surprise).equals(expected_dtype(left, right))


def without_dimensions(left, right):
    """Return what the sum has where the right one has no dimensions."""
    return torch.result_type(torch.empty(1, dtype=left), torch.empty((), dtype=right))


@pytest.mark.step("result_dtype")
def test_two_tensors(submission):
    """lets the higher kind of dtype decide, then the wider range"""
    every = (torch.bool, *INTEGERS, *FLOATS)
    answers = {(left, right): submission.result_dtype(left, right) for left in every for right in every}
    # No other belief gives all of these.
    bare = all(seen.value == without_dimensions(*pair) for pair, seen in answers.items())
    for pair, seen in answers.items():
        judge(seen, *pair, {"no-dimensions-count-less": lambda _: bare})


@pytest.mark.step("result_dtype")
def test_number(submission, rng):
    """does not let a Python number widen a dtype of its own kind"""
    for left in (torch.bool, *INTEGERS, *FLOATS):
        whole = int(torch.randint(300, 100_000, (), generator=rng))
        for number in (whole, -whole, whole + 0.25, 3, 3.0):
            judge(submission.result_dtype(left, number), left, number)


def compared_as_bytes(image, amount):
    """Return what comes of bounds that are compared with the pixels and wrap around themselves."""
    bright = torch.where(image > (255 - amount) % 256, torch.tensor(255, dtype=torch.uint8), image + amount)
    return torch.where(image < -amount % 256, torch.tensor(0, dtype=torch.uint8), bright)


@pytest.mark.step("brighten")
def test_stops(submission, rng, device):
    """stops at 0 and at 255, in both directions"""
    for low, high in ((30, 120), (-120, -30), (200, 255), (-254, -200), (0, 1), (255, 256), (-255, -254)):
        amount = int(torch.randint(low, high, (), generator=rng))
        sent = torch.randint(0, 256, (7, 9), generator=rng, dtype=torch.uint8)
        sent.view(-1)[:4] = torch.tensor([0, 1, 254, 255])
        expected = (sent.int() + amount).clamp(0, 255).to(torch.uint8)
        named = {
            "uint8-wraps": lambda t, sent=sent, amount=amount: any(
                torch.equal(t.data, wrong) for wrong in (sent + amount, compared_as_bytes(sent, amount))
            ),
            "truncation-taken-for-rounding": lambda t, expected=expected: (
                t.dtype == "uint8"
                and set((expected.int() - t.data.int()).unique().tolist()) == {0, 1}
                and bool((t.data != expected)[expected < 255].any())
            ),
            "wide-dtype-returned": lambda t, expected=expected: (
                t.dtype != "uint8" and torch.equal(t.data.double(), expected.double())
            ),
        }
        expect(submission.brighten(sent, amount), named).tensor(expected, device=device)


@pytest.mark.step("brighten")
def test_brighten_leaves_alone(submission, rng):
    """leaves the caller's image as it was"""
    sent = torch.randint(0, 256, (5, 6), generator=rng, dtype=torch.uint8)
    for amount in (40, -40):
        expect(submission.brighten(sent, amount)).keeps_argument(0, sent, "mutates-caller")
