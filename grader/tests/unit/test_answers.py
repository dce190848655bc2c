"""Which answers to a question of a drill are right: what does not matter does not count, and what matters does."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.learning.practice.answers import is_right, nearly

RIGHT = [
    ("3", "tensor(3.)"), ("3.0", "tensor(3.)"), ("tensor(3.00)", "tensor(3.)"), ("3", "3.0"), ("3.0", "3"),
    (" tensor( [1.,2.0] ) ", "tensor([1., 2.])"),
    ("tensor([[1., 0.], [0., 2.]])", "tensor([[1., 0.],\n        [0., 2.]])"),
    ("(2, 3)", "torch.Size([2, 3])"), ("[2,3]", "torch.Size([2, 3])"), ("True,False", "(True, False)"),
    ("float64", "torch.float64"), ("float64", "dtype('float64')"), ("meta", "device(type='meta')"),
    ("RuntimeError", "RuntimeError: a view of a leaf"), ("runtimeerror: whatever", "RuntimeError: a view"),
    ("UnpicklingError", "UnpicklingError: no"), ("the CPU", "'the CPU'"), ('"a"', "'a'"), ("nothing", ""), ("None", ""),
    ("nothing", "None"), ("none, tensor(12.)", "None tensor(12.)"), ("0.333", "0.3333"), ("inf", "inf"), ("nan", "nan"),
    ("true", "True"), ("tensor([1.], requires_grad=True, dtype=float64)",
                       "tensor([1.], dtype=torch.float64, requires_grad=True)"),
    ("tensor(2., grad_fn=<X>)", "tensor(2., grad_fn=<MulBackward0>)"), ("{'a': 1}", "{'a': 1.0}"),
]  # fmt: skip
WRONG = [
    ("tensor(3)", "tensor(3.)"), ("3.0", "tensor(3)"), ("tensor([1, 2])", "tensor([1., 2.])"), ("4", "tensor(3.)"),
    ("tensor([1., 2.])", "tensor([1., 2.], dtype=torch.float64)"), ("3.", "tensor(3., dtype=torch.float64)"),
    ("tensor([[1., 2.]])", "tensor([1., 2.])"), ("tensor([1.])", "tensor([1.], requires_grad=True)"),
    ("tensor([1.], requires_grad=True)", "tensor([1.])"), ("6.", "tensor(6., grad_fn=<MulBackward0>)"),
    ("ValueError", "RuntimeError: a view"), ("an error", "RuntimeError: a view"), ("3.0", "RuntimeError: a view"),
    ("RuntimeError", "tensor(3.)"), ("", "tensor(3.)"), ("array([1., 2.])", "tensor([1., 2.])"), ("1", "True"),
    ("0.33", "0.3333"), ("(3, 2)", "torch.Size([2, 3])"), ("torch.float32", "torch.float64"), ("0", "False"),
    ("{'b': 1}", "{'a': 1}"), ("[1, 2]", "[1, 2, 3]"), ("nan", "inf"), ("tensor(True)", "tensor(1)"),
]  # fmt: skip


@pytest.mark.parametrize(("mine", "real"), RIGHT)
def test_what_does_not_matter_does_not_count(mine, real):
    assert is_right(mine, real, [])


@pytest.mark.parametrize(("mine", "real"), WRONG)
def test_what_matters_does(mine, real):
    assert not is_right(mine, real, [])


@pytest.mark.parametrize(
    ("mine", "real", "believed", "right"),
    [
        ("3.0", "tensor(3.)", "3.0", False),
        ("tensor( 3.0 )", "tensor(3.)", "3.0", True),
        ("(16777217, 16777216)", "(16777217.0, 16777216.0)", "(16777217.0, 16777217.0)", False),
        ("(16777217., 16777216.)", "(16777217.0, 16777216.0)", "(16777217.0, 16777217.0)", True),
        ("'MulBackward0'", "'MulBackward0'", "'DoubleBackward'", True),
    ],
)
def test_what_the_misconception_overlooks_counts(mine, real, believed, right):
    assert is_right(mine, real, [believed]) is right


@pytest.mark.parametrize(
    ("mine", "real", "said"),
    [
        ("ValueError", "RuntimeError: no", "It does raise."),
        ("tensor([1, 2])", "tensor([1., 2.])", "The numbers are right; the dtype is float32, not int64."),
        ("tensor([1.])", "tensor([1.], requires_grad=True)", "the tensor requires a gradient."),
        ("tensor([[1., 2.]])", "tensor([1., 2.])", "not their shape"),
        ("3.0", "tensor(3.)", "what is printed is a tensor"),
        ("tensor(3.)", "3.0", "what is printed is a plain number"),
        ("tensor([7.])", "tensor([1.])", ""),
    ],
)
def test_what_is_nearly_right_is_told(mine, real, said):
    assert said in nearly(mine, real) if said else nearly(mine, real) == ""


@given(st.text(max_size=60), st.sampled_from(["tensor([1., 2.])", "3.0", "RuntimeError: no", "None tensor(1.)", ""]))
def test_any_text_is_an_answer(mine, real):
    assert is_right(mine, real, ["7"]) in (True, False)
    assert isinstance(nearly(mine, real), str)


@pytest.mark.parametrize(
    "mine",
    ["(" * 5000, "1" * 5000, "9" * 400, "-" * 5000 + "1", "{[}", "{1: 2, **{}}", "tensor()", "1e999", "<a>" * 2000],
)
def test_a_text_that_is_hard_to_read_is_wrong(mine):
    assert not is_right(mine, "3.0", [])
