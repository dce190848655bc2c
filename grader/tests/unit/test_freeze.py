"""Objects become plain nodes and come back as what they were; what cannot be sent is named."""

import threading

import msgspec
import numpy as np
import pytest
import torch

from grader.sandbox.parent.thaw import MAX_STRANGE_KEYS, Thaw
from grader.sandbox.shared import wire
from grader.sandbox.shared.freeze import MAX_DEPTH, MAX_NODES, Freezer
from grader.sandbox.shared.messages import MAX_TEXT, DictOf, Dtype, ListOf, Scalar, Witnessed
from grader.sandbox.shared.seen import Opaque, SeenTensor


def across(value, arguments=None):
    """Freeze a value and thaw it as the trusted side does."""
    freezer = Freezer(arguments)
    answer = Witnessed("", freezer.freeze(value), [], 0.0, [], [])
    message, arrays = wire.decode(*split(wire.encode(answer, freezer.arrays)), wire.ANSWERS)
    return Thaw(arrays).plain(message.value)


def split(frame):
    json_size, _ = wire.HEADER.unpack_from(frame)
    body = frame[wire.HEADER.size :]
    return body[:json_size], body[json_size:]


@pytest.mark.parametrize(
    "value",
    [None, True, 3, -(2**62), 2.5, float("inf"), "text", [1, [2.0, None]], (1, "a"), {"k": [1], 2: (3,)}, torch.float16,
     torch.device("cpu"), np.float32(0.5)],
)  # fmt: skip
def test_plain_values_come_back_equal_and_of_the_same_type(value):
    back = across(value)
    assert back == value
    assert type(back) is type(value)


@pytest.mark.parametrize("dtype", [torch.bool, torch.uint8, torch.int64, torch.float16, torch.bfloat16, torch.float64])
def test_tensors_come_back_with_their_values(dtype):
    tensor = torch.arange(6).reshape(2, 3).to(dtype)
    assert torch.equal(across(tensor).data, tensor)


def test_facts_of_a_tensor_are_seen():
    leaf = torch.ones(2, 3, requires_grad=True)
    seen = across((leaf * 2).t())
    assert (seen.shape, seen.requires_grad, seen.is_leaf, seen.grad_fn) == ((3, 2), True, False, "TBackward0")


def test_a_gradient_comes_along():
    leaf = torch.ones(3, requires_grad=True)
    (leaf * torch.tensor([1.0, 2.0, 3.0])).sum().backward()
    assert across(leaf).grad.data.tolist() == [1.0, 2.0, 3.0]


def test_identity_and_shared_memory_with_arguments_are_seen():
    tensor, array = torch.zeros(4), np.zeros(3)
    arguments = {"0": tensor, "1": array}
    assert across(tensor, arguments).same_as == "0"
    assert across(tensor[1:], arguments).shares_with == ("0",)
    assert across(torch.from_numpy(array), arguments).shares_with == ("1",)
    assert across(tensor.clone(), arguments).shares_with == ()


def test_a_meta_tensor_has_facts_but_no_values():
    seen = across(torch.empty(2, 3, device="meta"))
    assert (seen.device, seen.shape, seen.data) == ("meta", (2, 3), None)


def contains_itself():
    value = []
    value.append(value)
    return value


@pytest.mark.parametrize(
    "value", [(i for i in "ab"), lambda: 0, threading.Lock(), torch.nn.Linear(1, 1), 1j, 2**70, object()]
)
def test_what_cannot_be_sent_is_named(value):
    assert isinstance(across(value), Opaque)


def test_a_list_that_contains_itself_is_named():
    assert across(contains_itself()) == [Opaque("list", "it contains itself")]


@pytest.mark.parametrize(
    "tensor",
    [torch.ones(2).to_sparse(), torch.ones(2, dtype=torch.complex64), torch.ones(2).to(torch.float8_e4m3fn),
     torch.zeros(1, device="cpu").expand(2**29)],
    ids=["sparse", "complex", "float8", "2 GB"],
)  # fmt: skip
def test_tensors_that_cannot_be_sent_keep_their_facts(tensor):
    seen = across(tensor)
    assert isinstance(seen, SeenTensor)
    assert seen.data is None
    assert seen.unsendable


class Liar(torch.Tensor):
    """A tensor that says whatever it likes about itself."""

    dtype = "float32"
    shape = (9, 9)

    @classmethod
    def __torch_function__(cls, *_, **__):
        return True


def test_a_lying_subclass_is_seen_as_it_is():
    seen = across(torch.zeros(2, 3, dtype=torch.float64).as_subclass(Liar))
    assert (seen.type_name, seen.dtype, seen.shape) == ("Liar", "float64", (2, 3))


def test_a_description_that_contradicts_its_tensor_is_refused():
    freezer = Freezer()
    node = freezer.freeze(torch.zeros(2, 3))
    with pytest.raises(wire.WireError):
        Thaw(freezer.arrays).plain(msgspec.structs.replace(node, shape=[3, 2]))


@pytest.mark.parametrize("node", [{"t": "tensor"}, {}, {"t": "list", "v": 3}, [1], {"t": "float", "v": "1e9"}])
def test_nodes_that_are_not_well_formed_do_not_decode(node):
    answer = {"is": "witnessed", "id": "", "value": node, "arguments": [], "seconds": 0, "warnings": [], "changed": []}
    wire.decode(wire.encode(answer | {"value": None}, {})[wire.HEADER.size :], b"", wire.ANSWERS)
    with pytest.raises(wire.WireError):
        wire.decode(wire.encode(answer, {})[wire.HEADER.size :], b"", wire.ANSWERS)


def nested(depth):
    return ListOf([nested(depth - 1)]) if depth else None


@pytest.mark.parametrize(
    "node",
    [Dtype("nan"), nested(MAX_DEPTH + 2), ListOf([None] * (2 * MAX_NODES + 1)), DictOf([(ListOf([]), None)]), 2**63,
     DictOf([(float(number), None) for number in range(MAX_STRANGE_KEYS + 1)]), ListOf(["x" * MAX_TEXT] * 50),
     Scalar("U1000000000", 1), Scalar("int8", 1000)],
    ids=["dtype", "deep", "many", "list as key", "65 bits", "float keys", "letters", "numpy text", "int8 of 1000"],
)  # fmt: skip
def test_values_that_no_child_sends_are_refused(node):
    with pytest.raises(wire.WireError):
        Thaw({}).plain(node)
