"""Hidden checks of 03: who shares memory with whom, and which copies are safe."""

import pytest
import torch

from grader.compare import expect

# Whether each expression shares, and what somebody believes who says the opposite.
TABLE = {
    "torch.tensor(array)": (False, "tensor-shares"),
    "torch.from_numpy(array)": (True, "from-numpy-copies"),
    "torch.as_tensor(array)": (True, "from-numpy-copies"),
    "torch.as_tensor(array, dtype=torch.float64)": (False, "conversion-cannot-share"),
    "tensor.numpy()": (True, "from-numpy-copies"),
    "tensor.view(12)": (True, "view-is-copy"),
    "tensor.reshape(12)": (True, "reshape-always-copies"),
    "tensor.t()": (True, "view-is-copy"),
    "tensor.t().reshape(12)": (False, "reshape-always-views"),
    "tensor[1]": (True, "view-is-copy"),
    "tensor[:, 1:3]": (True, "view-is-copy"),
    "tensor[[0, 2]]": (False, "list-index-copies"),
    "tensor.clone()": (False, "clone-shares"),
    "tensor.detach()": (True, "detach-copies"),
}
# The relation of two tensors: in words, whether they lie in one storage, and who would err.
PAIRS = {
    "itself": ("a tensor and itself", True, ""),
    "a view": ("a tensor and a view of it", True, "same-memory-other-object"),
    "detached": ("a tensor and its `detach()`", True, "same-memory-other-object"),
    "strangers": ("two unrelated tensors", False, ""),
    "a clone": ("a tensor and its clone", False, "equal-is-not-shared"),
    "a part of a clone": ("a row and the same row of a clone", False, "equal-is-not-shared"),
    "a list of rows": ("a tensor and all its rows, taken by a list of indices", False, "equal-is-not-shared"),
    "the transposed": ("a transposed tensor and the tensor itself", True, "same-memory-other-object"),
    "a later row": ("a tensor and one of its later rows", True, "data-ptr-is-the-start"),
    "two rows": ("two different rows of one tensor", True, "overlap-is-not-storage"),
    "another dtype": ("two views of one tensor with different dtypes", True, ""),
}


FLAG_REFUSED = {"flag-on-a-result": lambda error: "requires_grad flags of leaf" in error.message}


@pytest.mark.step("shares")
def test_table(submission):
    """tells for each expression whether it shares"""
    answers = {expression: submission.shares(expression) for expression in TABLE}
    wrong = [expression for expression, (expected, _) in TABLE.items() if answers[expression].value is (not expected)]
    for expression, (expected, misconception) in TABLE.items():
        named = {misconception: not expected}
        if wrong == ["tensor[1]", "tensor[:, 1:3]"]:
            # Among the windows, these two alone begin elsewhere.
            named = {"data-ptr-is-the-start": not expected}
        elif len(wrong) == len(TABLE):
            named = {}
        expect(answers[expression], named, what=f"the answer for `{expression}`").equals(expected)


@pytest.mark.step("same_storage")
def test_pairs(submission, rng):
    """tells shared memory from equal numbers and from the same object"""
    for kind, (words, expected, misconception) in PAIRS.items():
        seen = submission.probe.answer_for(kind, torch.randn(3, 5, generator=rng))
        named = {misconception: not expected} if misconception else {}
        expect(seen).item("answer", f"the answer for {words}", named).equals(expected)


@pytest.mark.step("same_storage")
def test_pairs_left_alone(submission, rng):
    """writes into neither of the two"""
    for kind in ("a view", "strangers"):
        seen = submission.probe.answer_for(kind, torch.randn(3, 5, generator=rng))
        untouched = expect(seen).item("untouched", lookalikes={"mutates-caller": False})
        untouched.is_true("one of the two tensors was written to")


@pytest.mark.step("window_and_copy")
def test_window_and_copy(submission, rng):
    """makes one tensor that shares with the array and one that does not"""
    for dtype, shape in ((torch.float64, (3, 5)), (torch.int64, (4,)), (torch.float32, (2, 3, 4))):
        expected = (torch.randn(*shape, generator=rng) * 50).to(dtype)
        sent = expected.numpy().copy()
        pair = expect(submission.window_and_copy(sent)).length(2).keeps_argument(0, sent.copy())
        heard = submission.probe.functions_called(sent.copy()).value
        named = {"tensor-shares": lambda t, heard=heard: not t.shares_with and "tensor" in heard}
        forced = {"dtype-forced": lambda t: t.dtype == "float32"}
        pair.item(0, "the window", forced).dtype(dtype)
        pair.item(1, "the copy", forced).dtype(dtype)
        window = pair.item(0, "the window", named)
        window.tensor(expected).satisfies(lambda t: bool(t.shares_with), "the window does not share the array's memory")
        named = {
            "detach-copies": lambda t, heard=heard: t.shares_with and "detach" in heard,
            "from-numpy-copies": lambda t: bool(t.shares_with),
        }
        copy = pair.item(1, "the copy", named)
        copy.tensor(expected).satisfies(lambda t: not t.shares_with, "the copy shares the array's memory")
    array = torch.randn(4, 5, generator=rng)
    expected = {"transposed": array.T, "with gaps": array[:, ::2], "without dimensions": array[0, 0]}
    seen = expect(submission.probe.windows(array.numpy().copy()))
    for kind, each in expected.items():
        one, array = seen.item(kind), "a transposed array" if kind == "transposed" else f"an array {kind}"
        one.item("window", f"the window on {array}").tensor(each)
        one.item("copy", f"the copy of {array}").tensor(each)
        if kind == "without dimensions":
            continue  # torch.asarray takes it for a number, and copies
        shares = one.item("shares")
        shares.item(0).is_true(f"the window on {array} does not share the array's memory")
        shares.item(1).is_false(f"the copy of {array} shares the array's memory")


OFF_DEVICE, BACK = {"cpu", "numpy", "tolist", "item"}, {"device", "to", "type_as", "new_tensor"}


def expect_on_device(heard):
    """Nothing was taken to the CPU without a look at the device that it came from."""
    left = {"hard-coded-device": lambda names: isinstance(names, list)}
    expect(heard, left, what="the list of torch functions called").satisfies(
        lambda names: not OFF_DEVICE & set(names) or BACK & set(names),
        "the numbers were moved to the CPU, and not back to the argument's device",
        expected="a result on the device of the argument",
    )  # fmt: skip


@pytest.mark.step("doubled_row")
def test_row(submission, rng, device):
    """returns the row, doubled"""
    for index in (0, 2):
        matrix = torch.randn(3, 5, generator=rng)
        expect(submission.doubled_row(matrix, index)).tensor(matrix[index] * 2, device=device)
    expect_on_device(submission.probe.called_for_row(matrix))


@pytest.mark.step("doubled_row")
def test_matrix_left_alone(submission, rng):
    """leaves the matrix as it was"""
    matrix = torch.randn(3, 5, generator=rng)
    seen = expect(submission.doubled_row(matrix, 1)).keeps_argument(0, matrix, "view-is-copy")
    seen.satisfies(lambda t: not t.shares_with, "the result shares the matrix's memory", expected="memory of its own")


@pytest.mark.step("flat_view")
def test_flat(submission, rng, device):
    """flattens without a copy where that is possible"""
    for shape in ((3, 5), (2, 3, 4), (6,)):
        tensor = torch.randn(*shape, generator=rng)
        flat = expect(submission.flat_view(tensor)).tensor(tensor.flatten(), device=device)
        flat.satisfies(lambda t: t.shares_with == ("0",), "the result is a copy", expected="a view of the argument")
        flat.keeps_argument(0, tensor, "mutates-caller")
    values = torch.randn(3, 4, generator=rng)
    strided = expect(submission.probe.flat_of("every other", values))
    refused = {"contiguous-is-not-needed": lambda name: name != ""}
    said = "an exception was raised for a view of every other element, which can be flattened without a copy"
    strided.item("raised", lookalikes=refused).no_exception(said)
    strided.item("flat", "the flat view of every other element").tensor(values.flatten()[::2], device=device)
    copied = {"reshape-always-views": False}
    said = "the flat view of every other element does not share the memory of the argument"
    strided.item("shared", lookalikes=copied).is_true(said)
    cut = {"detached-returned": False}
    said = "no gradient flowed back through the flat view of every other element"
    strided.item("recorded", lookalikes=cut).is_true(said)


@pytest.mark.step("flat_view")
def test_refuses(submission, rng):
    """raises where flattening would need a copy"""
    copied = {
        "reshape-always-views": lambda seen: seen["flat"].shape == (seen["flat"].data.numel(),) and not seen["shared"]
    }
    for kind, argument in (("transposed", "a transposed matrix"), ("columns", "two columns of a matrix")):
        facts = expect(submission.probe.flat_of(kind, torch.randn(3, 4, generator=rng)), copied)
        said = f"no exception was raised for {argument}, which cannot be flattened without a copy"
        facts.satisfies(lambda seen: seen["raised"] != "", said, got="a tensor", expected="RuntimeError")
        facts.item("raised", f"the exception that was raised for {argument}").equals("RuntimeError")


@pytest.mark.step("two_copies")
def test_copies(submission, rng, device):
    """copies twice, once inside the graph and once outside"""
    x = torch.randn(3, 5, generator=rng)
    submission.recognise(FLAG_REFUSED)
    seen = submission.two_copies(x.clone().requires_grad_())
    pair = expect(seen).length(2)
    named = {
        "view-is-copy": lambda t: t.shares_with and t.requires_grad and t.same_as is None,
        "detached-returned": lambda t: not t.shares_with and t.grad_fn is None,
    }
    attached = pair.item(0, "the copy inside the graph", named).tensor(x, device=device).requires_grad(True).leaf(False)
    said = "the copy inside the graph shares the caller's memory"
    attached.satisfies(lambda t: not t.shares_with, said, expected="memory of its own")
    named = {
        "clone-detaches": lambda t: t.requires_grad and t.grad_fn is not None and not t.shares_with,
        "detach-copies": lambda t: t.shares_with and not t.requires_grad,
    }
    outside = pair.item(1, "the copy outside the graph", named).tensor(x, device=device).requires_grad(False)
    said = "the copy outside the graph shares the caller's memory"
    outside.satisfies(lambda t: not t.shares_with, said, expected="memory of its own")
    expect_on_device(submission.probe.called_for_copies(x))


@pytest.mark.step("two_copies")
def test_gradient_flows(submission, rng, device):
    """lets gradients flow back from the first copy, and leaves the tensor as it was"""
    submission.recognise(FLAG_REFUSED)
    for is_leaf in (True, False):
        x, upstream = torch.randn(3, 5, generator=rng), torch.randn(3, 5, generator=rng)
        facts = expect(submission.probe.copies_of(x, upstream, is_leaf))
        untouched = facts.item("untouched", lookalikes={"mutates-caller": False})
        untouched.is_true("the caller's tensor was changed")
        grad = facts.item("grad", "the gradient of the caller's tensor", {"detached-returned": None})
        grad.tensor(upstream, device=device)
        apart = facts.item("apart", lookalikes={"detach-copies": False})
        apart.is_true("the two copies share the same memory")
