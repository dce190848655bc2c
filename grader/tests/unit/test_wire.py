"""What crosses the wire arrives whole, and nothing that is no frame is believed."""

import socket
import time

import pytest
import torch

from grader.sandbox.shared import wire
from grader.sandbox.shared.messages import Call, Hello, ListOf

CALL = Call("mark", "submission", "f", ["0", "x"], 7, [ListOf([1, 2.5, None])], {"x": "text"})
HELLO = wire.encode(Hello([]), {})[wire.HEADER.size :]


@pytest.fixture
def pair():
    ours, theirs = socket.socketpair()
    yield ours, theirs
    ours.close()
    theirs.close()


def test_a_message_and_its_tensors_arrive(pair):
    tensors = {"0": torch.randn(3, 5), "1": torch.tensor(7, dtype=torch.int64)}
    wire.send(pair[0], CALL, tensors)
    message, arrays = wire.receive(pair[1], wire.REQUESTS)
    assert message == CALL
    assert torch.equal(arrays["0"], tensors["0"])
    assert torch.equal(arrays["1"], tensors["1"])


def test_frames_that_arrive_together_are_taken_one_by_one(pair):
    wire.send(pair[0], Hello(["one"]))
    wire.send(pair[0], Hello(["two"]))
    reader = wire.Reader(wire.ANSWERS)
    reader.feed(pair[1])
    assert [reader.take()[0].in_force, reader.take()[0].in_force, reader.take()] == [["one"], ["two"], None]


def test_of_frames_that_arrive_together_only_the_first_is_received(pair):
    wire.send(pair[0], Hello(["one"]), {"0": torch.zeros(3)})
    wire.send(pair[0], Hello(["two"]))
    assert [wire.receive(pair[1], wire.ANSWERS)[0].in_force for _ in range(2)] == [["one"], ["two"]]


def test_half_a_frame_is_waited_for_and_then_too_late(pair):
    pair[0].sendall(wire.encode(CALL, {})[:-1])
    with pytest.raises(wire.Late):
        wire.receive(pair[1], wire.REQUESTS, time.monotonic() + 0.05)


@pytest.mark.parametrize(
    "frame",
    [
        wire.HEADER.pack(2, 0) + b"[]",
        wire.HEADER.pack(3, 0) + b"{x}",
        wire.HEADER.pack(200_000, 0) + b"[" * 200_000,
        wire.HEADER.pack(len(HELLO), 4) + HELLO + b"\x00\x01\x02\x03",
        wire.HEADER.pack(len(HELLO), 16) + HELLO + (2**60).to_bytes(8, "little") + b"{}      ",
        wire.HEADER.pack(4, 0) + b'"\xff"\xff',
        wire.encode(CALL, {}),
    ],
    ids=["no object", "no JSON", "nested too deep", "no safetensors", "lying safetensors", "no UTF-8", "no answer"],
)
def test_what_does_not_decode_is_a_wire_error(pair, frame):
    pair[0].sendall(frame)
    with pytest.raises(wire.WireError):
        wire.receive(pair[1], wire.ANSWERS, time.monotonic() + 5)


def test_an_urgent_byte_is_no_part_of_a_message(pair):
    pair[1].setblocking(False)
    pair[0].send(b"x", socket.MSG_OOB)
    with pytest.raises(wire.WireError):
        wire.receive(pair[1], wire.ANSWERS, time.monotonic() + 5)


def test_a_length_beyond_the_cap_is_refused_before_its_bytes_come(pair):
    pair[0].sendall(wire.HEADER.pack(2**31, 2**31))
    with pytest.raises(wire.WireError, match="GB"):
        wire.receive(pair[1], wire.ANSWERS, time.monotonic() + 5)


def test_the_end_of_the_channel_is_closed(pair):
    pair[0].close()
    with pytest.raises(wire.Closed):
        wire.receive(pair[1], wire.ANSWERS)
