"""Hidden checks of 01: what each way of making a tensor makes, and the way back to Python numbers."""

import pytest
import torch

from grader.compare import expect, require

DTYPES = {
    "HalfTensor": torch.float16,
    "FloatTensor": torch.float32,
    "DoubleTensor": torch.float64,
    "ByteTensor": torch.uint8,
    "CharTensor": torch.int8,
    "ShortTensor": torch.int16,
    "IntTensor": torch.int32,
    "LongTensor": torch.int64,
    "BFloat16Tensor": torch.bfloat16,
    "BoolTensor": torch.bool,
}
# What the names suggest to somebody who thinks of Python, of C, or of any two bytes.
SUGGESTED = {
    "FloatTensor": {torch.float64: "python-sizes-assumed"},
    "IntTensor": {torch.int64: "python-sizes-assumed"},
    "LongTensor": {torch.int32: "python-sizes-assumed"},
    "ByteTensor": {torch.int8: "byte-is-unsigned"},
    "CharTensor": {torch.uint8: "byte-is-unsigned"},
    "BFloat16Tensor": {torch.float16: "bfloat16-is-not-half"},
    "HalfTensor": {torch.bfloat16: "bfloat16-is-not-half"},
}
DEFAULTS = ("default dtype", "default device")
ON_CPU = {"hard-coded-device": lambda t: t.device == "cpu"}


@pytest.mark.step("from_data")
def test_lists(submission, rng, device):
    """makes float32 of lists, whole numbers too"""
    whole = torch.randint(-9, 10, (3, 5), generator=rng)
    for data in (whole, whole[0], torch.randn(4, generator=rng), torch.randn(2, 3, generator=rng), whole[:, :1]):
        named = {"int-list-stays-int64": lambda t: t.dtype == "int64"} | squeezed(data)
        seen = expect(submission.from_data(data.tolist(), device), named).tensor(data.to(torch.float32), device=device)
        seen.requires_grad(False).keeps_globals(*DEFAULTS, misconception="default-left-changed").keeps_globals()


def squeezed(expected):
    """Return the lookalike of a tensor whose dimensions of size 1 are gone."""
    without = tuple(expected.squeeze().shape)
    return {"squeezed-too-far": lambda t: t.shape == without} if without != tuple(expected.shape) else {}


@pytest.mark.step("from_data")
def test_arrays(submission, rng, device):
    """makes float32 of numpy arrays, whatever they hold"""
    numbers = torch.randn(3, 5, generator=rng, dtype=torch.float64) * 20
    for dtype in (torch.float64, torch.int64, torch.float32):
        sent = numbers.to(dtype)
        named = {
            "float64-leak": lambda t: t.dtype == "float64",
            "int-list-stays-int64": lambda t: t.dtype == "int64",
        }
        seen = submission.from_data(sent.numpy().copy(), device)
        expect(seen, named).tensor(sent.to(torch.float32), device=device).keeps_argument(0, sent.numpy())
    number = torch.randint(2, 9, (), generator=rng)
    named = {"class-not-function": lambda t, size=int(number): t.shape == (size,)}
    expect(submission.from_data(number.numpy(), device), named).tensor(torch.tensor(float(number)), device=device)
    for shape in ((2, 1, 4), (1, 3), (0, 3)):
        sent = torch.randn(shape, generator=rng, dtype=torch.float64)
        named = {
            "float64-leak": lambda t: t.dtype == "float64",
            "detour-through-python": lambda t, shape=shape: t.shape == (0,) and 0 in shape,
        } | squeezed(sent)
        expect(submission.from_data(sent.numpy(), device), named).tensor(sent.to(torch.float32), device=device)


@pytest.mark.step("from_data")
def test_data_on_device(submission, rng):
    """puts the tensor on the device that it is given"""
    for data in (torch.randn(3, generator=rng).tolist(), torch.randn(2, 3, generator=rng).numpy()):
        seen = expect(submission.from_data(data, torch.device("meta")), ON_CPU).on("meta")
        seen.keeps_globals(*DEFAULTS, misconception="default-left-changed")


@pytest.mark.step("from_number")
def test_number(submission, rng, device):
    """makes a float32 tensor without dimensions"""
    whole = int(torch.randint(2, 9, (), generator=rng))
    for value in (whole, whole + 0.5, -whole - 0.25, 0):
        named = {
            "one-element-is-a-dimension": lambda t: t.shape == (1,),
            "class-not-function": lambda t, size=value: t.shape == (size,),
            "int-list-stays-int64": lambda t: t.dtype == "int64" and t.shape == (),
        }
        expect(submission.from_number(value, device), named).tensor(torch.tensor(float(value)), device=device)


@pytest.mark.step("from_number")
def test_number_on_device(submission):
    """puts the tensor on the device that it is given"""
    expect(submission.from_number(3, torch.device("meta")), ON_CPU).on("meta")


@pytest.mark.step("filled")
def test_filled(submission, rng, device):
    """fills every element, also in memory that held something else before"""
    for shape in ((3, 5, 2), (4,), (6, 7)):
        seen = submission.probe.filled_in_dirty_memory(shape, device)
        three = expect(seen).length(3)
        read_as_data = (len(shape),)
        named = {
            "class-not-function": lambda t, wrong=read_as_data: t.shape == wrong,
            "uninitialised-memory": lambda t: bool(t.data.isnan().any()),
        }
        three.item(0, "the tensor of zeros", named).tensor(torch.zeros(shape), device=device)
        three.item(1, "the tensor of ones", named).tensor(torch.ones(shape), device=device)
        random = three.item(2, "the random tensor", named).shape(*shape).dtype(torch.float32).on(device)
        random.finite().satisfies(lambda t: not (t.data == 0).all(), "the random tensor contains only zeros")


@pytest.mark.step("filled")
def test_random(submission, rng, device):
    """draws random numbers from all of [0, 1), different ones at each call"""
    seed = int(torch.randint(10**6, (), generator=rng))
    seen = submission.probe.filled_repeatedly((60, 50), device, seed)
    repeats = {"reseeded-at-each-call": lambda calls: torch.equal(calls[0][2].data, calls[1][2].data)}
    calls = expect(seen, repeats | {"not-the-global-generator": lambda _: True}).length(3)
    for index in (0, 1, 2):
        named = {"randn-is-not-uniform": lambda t: bool((t.data < 0).any()) and t.data.unique().numel() > 2500}
        random = calls.item(index, f"the result of call {index + 1}").length(3).item(2, "the random tensor", named)
        random.shape(60, 50).dtype(torch.float32).finite()
        said = "the random tensor contains numbers outside [0, 1)"
        random.satisfies(lambda t: bool((t.data >= 0).all() and (t.data < 1).all()), said)
        said = "the random tensor repeats the same numbers"
        random.satisfies(lambda t: t.data.unique().numel() > 2500, said, expected="3000 random numbers")
        said = "the random numbers are not spread evenly over [0, 1)"
        random.satisfies(is_uniform, said, expected="about as many numbers in each part of [0, 1)")
    calls.satisfies(
        lambda three: not torch.equal(three[0][2].data, three[1][2].data), "two calls drew the same random numbers"
    )
    said = "after the same torch.manual_seed, another call drew other random numbers"
    wanted = "the same numbers, from torch's global generator"
    calls.satisfies(lambda three: torch.equal(three[0][2].data, three[2][2].data), said, expected=wanted)


def is_uniform(tensor):
    """Return whether below each x there is a share of about x of the numbers."""
    ordered = tensor.data.flatten().double().sort().values
    # One run in 10**8 of right ones is further off.
    return float((ordered - torch.linspace(0, 1, ordered.numel(), dtype=torch.float64)).abs().max()) < 0.06


@pytest.mark.step("filled")
def test_filled_on_device(submission):
    """puts all three on the device that it is given, and leaves torch's defaults alone"""
    three = expect(submission.filled((3, 2), torch.device("meta"))).length(3)
    for index, name in enumerate(("the tensor of zeros", "the tensor of ones", "the random tensor")):
        three.item(index, name, ON_CPU).on("meta")
    three.keeps_globals(*DEFAULTS, misconception="default-left-changed")


@pytest.mark.step("constructor_facts")
def test_facts(submission):
    """gives the dtype and the number of bits of every constructor"""
    for name, dtype in DTYPES.items():
        facts = expect(submission.constructor_facts(name)).length(2)
        suggested = {
            misconception: lambda answer, wrong=wrong: answer == wrong
            for wrong, misconception in SUGGESTED.get(name, {}).items()
        }
        facts.item(0, f"the dtype of {name}", suggested).equals(dtype)
        told = "bool-takes-a-byte" if dtype is torch.bool else "bytes-not-bits"
        facts.item(1, f"the number of bits of {name}", {told: dtype.itemsize}).equals(dtype.itemsize * 8)


def has_shape(*shape):
    return lambda answer: answer[0] == shape


def has_dtype(dtype):
    return lambda answer: answer[1] == dtype


def not_data(listed):
    """Take the list for a shape, or the class for the function."""
    return lambda answer: answer[0] == tuple(listed) or answer[1] == torch.int64


INT64_FORGOTTEN = {"int-list-stays-int64": has_dtype(torch.float32)}
NUMBER_TO_FUNCTION = {"one-element-is-a-dimension": has_shape(1), **INT64_FORGOTTEN}


@pytest.mark.step("predict_call")
def test_calls(submission, rng):
    """tells the class from the function"""
    number = int(torch.randint(3, 9, (), generator=rng))
    listed = torch.randint(0, 9, (number + 2,), generator=rng).tolist()
    length = len(listed)
    for name, argument, expected, named in (
        ("Tensor", number, ((number,), torch.float32), {"class-not-function": has_shape()}),
        ("tensor", number, ((), torch.int64), NUMBER_TO_FUNCTION | {"class-not-function": has_shape(number)}),
        ("Tensor", None, ((0,), torch.float32), {"class-not-function": None}),
        ("tensor", None, None, {"class-not-function": has_shape(0)}),
        ("Tensor", listed, ((length,), torch.float32), {"class-not-function": not_data(listed)}),
        ("tensor", listed, ((length,), torch.int64), INT64_FORGOTTEN),
        ("Tensor", listed[:1], ((1,), torch.float32), {"one-element-is-a-dimension": has_shape()}),
        ("tensor", listed[:1], ((1,), torch.int64), {"one-element-is-a-dimension": has_shape()}),
    ):
        expect(submission.predict_call(name, argument), named, what="the prediction").equals(expected)


@pytest.mark.step("sums")
def test_sums(submission, rng):
    """returns Python numbers, one for the whole and one for each row"""
    # Eighths, so that every order of adding gives the same sum.
    matrix = torch.randint(-8000, 8001, (3, 5), generator=rng) / 8
    seen = submission.attempt("sums", matrix)
    refused = seen.exception is not None and "cannot be converted to Scalar" in seen.exception.message
    require(not refused, str(seen.exception), expected="a list", misconception="item-on-many", seen=seen)
    pair = expect(submission.sums(matrix)).length(2)
    still_tensor = {"scalar-tensor-not-number": lambda t: t.shape == ()}
    pair.item(0, "the sum of all", still_tensor).equals(matrix.sum().item())
    tensors = {"scalar-tensor-not-number": lambda rows: any(getattr(row, "shape", None) == () for row in rows)}
    columns = {"wrong-axis-summed": matrix.sum(dim=0).tolist()}
    pair.item(1, "the list of the rows' sums", tensors | columns).equals(matrix.sum(dim=1).tolist())
    row = torch.randint(-8000, 8001, (1, 4), generator=rng) / 8
    pair = expect(submission.sums(row)).length(2)
    lost = {"squeezed-too-far": row.sum().item()}
    pair.item(1, "the list of the rows' sums for a matrix with one row", lost).equals([row.sum().item()])


@pytest.mark.step("sums")
def test_sums_on_gpu(submission, rng):
    """accepts a matrix on a GPU, too"""
    matrix = torch.randint(-40, 41, (3, 5), generator=rng) / 8
    facts = expect(submission.probe.sums_on_gpu(matrix))
    raised = facts.item("error", lookalikes={"numpy-knows-no-gpu": lambda error: error != ""})
    raised.no_exception("your code raised an exception for a matrix on a GPU")
    facts.item("sums", "the result for a matrix on a GPU").length(2)


@pytest.mark.step("sums")
def test_sums_leave_alone(submission, rng):
    """leaves the caller's matrix as it was"""
    matrix = torch.randint(-40, 41, (3, 5), generator=rng) / 8
    expect(submission.sums(matrix)).keeps_argument(0, matrix, "mutates-caller")
