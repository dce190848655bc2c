"""Hidden checks of 03: who shares memory with whom, and which copies are safe."""

import contextlib

import pytest
import torch

from grader.compare import expect
from grader.curriculum.checks._recipes import as_code, dice
from grader.curriculum.preload.recipes import followed

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
# Calls in the recipes of which tensors are made: with some it depends on what they meet whether they copy.
CALLS = (
    "t()", "detach()", "select(0, 0)", "select(0, 1)", "select(0, -1)", "narrow(-1, 0, 2)", "narrow(-1, -2, 2)",
    "contiguous()", "reshape(-1)", "float()", "clone()", "add(0)", "flip(0)", "mul(2)", "view(torch.int16)",
)  # fmt: skip
VIEWS = ("t()", "narrow(0, 1, 2)", "narrow(1, 1, 3)", "narrow(1, 2, 1)", "select(1, 0)", "select(0, 1)", "unsqueeze(1)")
# Who errs about a pair of tensors; in this order, each is told from those who erred about one before.
BELIEFS = ("same-memory-other-object", "equal-is-not-shared", "data-ptr-is-the-start", "overlap-is-not-storage", "")


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


def recipe_of(chance, calls, most):
    """Draw a recipe of so many of these calls, or fewer."""
    return "; ".join(chance.choices(calls, k=chance.randrange(most + 1)))


def places(tensor):
    """Return which elements of its storage a tensor shows."""
    every = torch.arange(tensor.untyped_storage().nbytes() // tensor.element_size())
    return set(every.as_strided(tensor.shape, tensor.stride(), tensor.storage_offset()).flatten().tolist())


def share(a, b):
    return a.untyped_storage().data_ptr() == b.untyped_storage().data_ptr()


def who_errs(a, b):
    """Return the belief that errs about two tensors, none where no known one does."""
    if a is b or a.dtype != b.dtype or not (share(a, b) or torch.equal(a, b)):
        return ""
    if not share(a, b):
        return "equal-is-not-shared"
    if a.data_ptr() == b.data_ptr():
        return "same-memory-other-object"
    return "data-ptr-is-the-start" if places(a) & places(b) else "overlap-is-not-storage"


def pair_of(chance, x):
    """Draw the three recipes of a pair (see the probe); return them with the two tensors, or none where they fail."""
    first, *both = recipes = tuple(recipe_of(chance, CALLS, 2) for _ in range(3))
    try:
        start = followed(first, x)
        a, b = (followed(recipe, start) for recipe in both)
    except (RuntimeError, IndexError):  # not every call takes whatever it meets
        return None
    return (recipes, a, b) if a.dtype == b.dtype or share(a, b) else None


def drawn_pairs(rng, x):
    """Draw two pairs for each belief and four others; return them in a drawn order, each with the facts of it."""
    left = {(belief, belief != "equal-is-not-shared"): 2 for belief in BELIEFS} | {("", False): 2}
    chance, found = dice(rng), []
    while any(left.values()):
        if drawn := pair_of(chance, x):
            recipes, a, b = drawn
            kind = who_errs(a, b), share(a, b)
            if left[kind]:
                left[kind] -= 1
                found.append((recipes, *kind))
    return chance.sample(found, len(found))


@pytest.mark.step("same_storage")
def test_pairs(submission, rng):
    """tells shared memory from equal numbers and from the same object"""
    x = torch.randn(4, 5, generator=rng)
    pairs = drawn_pairs(rng, x)
    seen = submission.probe.answers_for(x, [recipes for recipes, _, _ in pairs])
    answers = expect(seen).item("answers", "the list of answers").length(len(pairs))
    throughout = believed_throughout(seen.value["answers"], x, [recipes for recipes, _, _ in pairs])
    for index in sorted(range(len(pairs)), key=lambda each: BELIEFS.index(pairs[each][1])):
        (first, *both), belief, shared = pairs[index]
        words = f"{' and '.join(as_code(recipe, 'y') for recipe in both)}, where y is {as_code(first)}"
        named = {throughout: not shared} if throughout else {belief: not shared} if belief else {}
        answers.item(index, f"the answer for {words},", named).equals(shared)


def believed_throughout(answers, x, recipes):
    """Return the belief that gives all of these answers, none where no known one does."""
    pairs = [tuple(followed(recipe, start) for recipe in both) for start, both in started(x, recipes)]
    guesses = {
        "equal-is-not-shared": [a.dtype == b.dtype and torch.equal(a, b) for a, b in pairs],
        "same-memory-other-object": [a is b for a, b in pairs],
        "data-ptr-is-the-start": [a.data_ptr() == b.data_ptr() for a, b in pairs],
    }
    found = next((belief for belief, guessed in guesses.items() if guessed == answers), "")
    # Nothing but chance lets two tensors seem one that share neither memory nor numbers.
    unlike = [not share(a, b) and not torch.equal(a.float(), b.float()) for a, b in pairs]
    by_chance = any(answer is True and each for answer, each in zip(answers, unlike, strict=True))
    return found or ("id-of-a-temporary" if by_chance else "")


def started(x, recipes):
    """Yield for each pair the tensor that both are made of, and the recipes of the two."""
    for first, *both in recipes:
        yield followed(first, x.clone()), both


@pytest.mark.step("same_storage")
def test_pairs_left_alone(submission, rng):
    """writes into neither of the two"""
    x = torch.randn(4, 5, generator=rng)
    seen = submission.probe.answers_for(x, [recipes for recipes, _, _ in drawn_pairs(rng, x)])
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
        # from_numpy is not heard: where nothing else is, the window was made of a copy that numpy had made.
        of_a_copy = any(str(name).endswith("of a copy") for name in heard)
        named = {
            "window-on-a-copy": lambda t, copied=of_a_copy: copied and not t.shares_with,
            "tensor-shares": lambda t, heard=heard: not t.shares_with and "tensor" in heard and len(heard) > 1,
        }
        forced = {"dtype-forced": lambda t: t.dtype == "float32"}
        pair.item(0, "the window", forced).dtype(dtype)
        pair.item(1, "the copy", forced).dtype(dtype)
        window = pair.item(0, "the window", named)
        window.tensor(expected).satisfies(lambda t: bool(t.shares_with), "the window does not share the array's memory")
        named = {
            "detach-copies": lambda t, heard=heard: t.shares_with and "detach" in heard,
            "contiguous-copies": lambda t, heard=heard: t.shares_with and "contiguous" in heard,
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
        # Arrays in one piece came first, and were shared.
        shares = one.item("shares")
        shared = shares.item(0, lookalikes={"contiguous-copies": False})
        shared.is_true(f"the window on {array} does not share the array's memory")
        shares.item(1).is_false(f"the copy of {array} shares the array's memory")


OFF_DEVICE, BACK = {"cpu", "numpy", "tolist", "item"}, {"device", "to", "type_as", "new_tensor"}
MADE = {"tensor", "as_tensor", "asarray", "from_numpy", "frombuffer", "full"}  # of numbers that are given


def moved_off(names):
    """Whether numbers were taken to the CPU to stay there; that one was printed, say, does no harm."""
    return bool("cpu" in names or (OFF_DEVICE & names and MADE & names)) and not BACK & names


def expect_on_device(heard):
    """Nothing was taken to the CPU without a look at the device that it came from."""
    left = {"hard-coded-device": lambda names: isinstance(names, list)}
    expect(heard).item("names", "the list of torch functions called", left).satisfies(
        lambda names: not moved_off(set(names)),
        "the numbers were moved to the CPU, and not back to the argument's device",
        expected="a result on the device of the argument",
    )  # fmt: skip


@pytest.mark.step("doubled_row")
def test_row(submission, rng, device):
    """returns the row, doubled"""
    for index in (0, 2):
        matrix = torch.randn(3, 5, generator=rng)
        expect(submission.doubled_row(matrix, index)).tensor(matrix[index] * 2, device=device)
    heard = submission.probe.called_for_row(matrix)
    expect(heard).item("row", "the result").tensor(matrix[1] * 2, device=device)
    expect_on_device(heard)


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
    x, seen, recipes = flattened(submission, rng)
    for index, recipe in enumerate(recipes):
        tensor, argument = followed(recipe, x), as_code(recipe)
        if not can_be_flat(tensor):
            continue
        facts = expect(seen).item(index)
        refused = {} if tensor.is_contiguous() else {"contiguous-is-not-needed": lambda name: name != ""}
        said = f"an exception was raised for {argument}, which can be flattened without a copy"
        facts.item("raised", lookalikes=refused).no_exception(said)
        facts.item("flat", f"the flat view of {argument}").tensor(tensor.flatten(), device=device)
        shared = facts.item("shared", lookalikes={"reshape-always-views": False})
        shared.is_true(f"the flat view of {argument} does not share the memory of the argument")
        recorded = facts.item("recorded", lookalikes={"detached-returned": False})
        recorded.is_true(f"no gradient flowed back through the flat view of {argument}")


def can_be_flat(tensor):
    """Tell whether torch can flatten a tensor without a copy."""
    try:
        tensor.view(-1)
    except RuntimeError:
        return False
    return True


def flattened(submission, rng):
    """Let flat_view be called with tensors of each kind, in a drawn order; return x, what was seen, and the recipes."""
    x = torch.randn(3, 4, generator=rng)
    left = {(True, True): 2, (True, False): 3, (False, False): 5}
    chance, recipes = dice(rng), []
    while any(left.values()):
        recipe = recipe_of(chance, VIEWS, 3)
        with contextlib.suppress(RuntimeError, IndexError):  # not every call takes whatever it meets
            tensor = followed(recipe, x)
            kind = can_be_flat(tensor), tensor.is_contiguous()
            if left[kind] and recipe not in recipes and tensor.ndim:
                left[kind] -= 1
                recipes.append(recipe)
    chance.shuffle(recipes)
    return x, submission.probe.flats_of(x, recipes), recipes


@pytest.mark.step("flat_view")
def test_refuses(submission, rng):
    """raises where flattening would need a copy"""
    copied = {
        "reshape-always-views": lambda seen: seen["flat"].shape == (seen["flat"].data.numel(),) and not seen["shared"]
    }
    x, seen, recipes = flattened(submission, rng)
    for index, recipe in enumerate(recipes):
        if not can_be_flat(followed(recipe, x)):
            facts = expect(seen).item(index, lookalikes=copied)
            said = f"no exception was raised for {as_code(recipe)}, which cannot be flattened without a copy"
            facts.satisfies(lambda seen: seen["raised"] != "", said, got="a tensor", expected="RuntimeError")
            facts.item("raised", f"the exception that was raised for {as_code(recipe)}").equals("RuntimeError")


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
    heard = submission.probe.called_for_copies(x)
    for index in range(2):
        expect(heard).item("copies", "the result").length(2).item(index, "a copy").tensor(x, device=device)
    expect_on_device(heard)


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
