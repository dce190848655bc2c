"""What crosses between grader and submission: one frame of JSON and raw tensors, never pickle.

A frame is two big-endian uint32 lengths, then that many bytes of JSON, then that many bytes of
safetensors. Nothing in a frame can be executed, and no length is believed beyond its cap.
"""

from __future__ import annotations

import select
import socket
import struct
import time
from typing import Any, Generic, Protocol, TypeVar

import msgspec
import torch
from safetensors.torch import load as decode_tensors
from safetensors.torch import save as encode_tensors

from grader.sandbox.shared.messages import Answer, Hello, Order, Ready, Request
from grader.units import MB, size

HEADER = struct.Struct(">II")
MAX_JSON_BYTES = 8 * MB
MAX_TENSOR_BYTES = 256 * MB
MOST_AT_ONCE = MB
MAX_TENSOR_HEADER_BYTES = 8 * MB  # room for some 100,000 tensors

Arrays = dict[str, torch.Tensor]
Message = TypeVar("Message")

REQUESTS: msgspec.json.Decoder[Request] = msgspec.json.Decoder(Request)
ANSWERS: msgspec.json.Decoder[Hello | Answer] = msgspec.json.Decoder(Hello | Answer)
ORDERS: msgspec.json.Decoder[Order] = msgspec.json.Decoder(Order)
READY: msgspec.json.Decoder[Ready] = msgspec.json.Decoder(Ready)


class Channel(Protocol):
    """What carries bytes both ways: a socket, or streams that are used like one."""

    def recv(self, most: int, /) -> bytes:
        """Return bytes that have come; nothing at the end."""

    def sendall(self, data: bytes, /) -> None:
        """Send bytes."""


class WireError(Exception):
    """The other side sent something that is no frame, or nothing more."""


class Closed(WireError):
    """The other side is gone."""


class Late(WireError):
    """The deadline passed before a whole frame had come."""


def encode(message: Any, arrays: Arrays) -> bytes:
    """Return the frame for `message`; `arrays` are dense CPU tensors that share no memory."""
    text = msgspec.json.encode(message)
    blob = encode_tensors(arrays) if arrays else b""
    return HEADER.pack(len(text), len(blob)) + text + blob


def decode(text: bytes, blob: bytes, kind: msgspec.json.Decoder[Message]) -> tuple[Message, Arrays]:
    """Return the message and its tensors; raise WireError for anything that is not a frame of this kind."""
    try:
        return kind.decode(text), _tensors(blob) if blob else {}
    except Exception as error:  # whatever breaks on bytes of the other side's making is the other side's doing
        raise WireError(f"a message that does not decode ({type(error).__name__})") from None


def _tensors(blob: bytes) -> Arrays:
    if int.from_bytes(blob[:8], "little") > MAX_TENSOR_HEADER_BYTES:
        raise ValueError("too many tensors")
    return dict(decode_tensors(blob))


def send(channel: Channel, message: Any, arrays: Arrays | None = None) -> None:
    """Send one frame, waiting for as long as the other side takes to read it."""
    try:
        channel.sendall(encode(message, arrays or {}))
    except (BrokenPipeError, ConnectionResetError):
        raise Closed("the other side closed the channel") from None


class Reader(Generic[Message]):
    """Collects the bytes of one frame as they come; never holds more than the caps allow."""

    def __init__(self, kind: msgspec.json.Decoder[Message]) -> None:
        self._kind = kind
        self._buffer = bytearray()

    @property
    def empty(self) -> bool:
        """Whether no byte has come that belongs to a frame not yet taken."""
        return not self._buffer

    @property
    def missing(self) -> int:
        """How many bytes, at least, the frame that is coming still lacks."""
        known = len(self._buffer) >= HEADER.size
        return (HEADER.size + sum(HEADER.unpack_from(self._buffer)) if known else HEADER.size) - len(self._buffer)

    def feed(self, channel: Channel, most: int = MOST_AT_ONCE) -> None:
        """Take what has arrived, where something has; raise Closed at the end of the stream."""
        try:
            chunk = channel.recv(min(most, MOST_AT_ONCE))
        except BlockingIOError:  # an urgent byte makes a channel look readable
            raise WireError("bytes that are not part of a message") from None
        except ConnectionResetError:
            chunk = b""
        if not chunk:
            raise Closed("the other side closed the channel")
        self._buffer += chunk

    def take(self) -> tuple[Message, Arrays] | None:
        """Return the next whole frame, or None while it is still incomplete."""
        if len(self._buffer) < HEADER.size:
            return None
        json_size, blob_size = HEADER.unpack_from(self._buffer)
        if json_size > MAX_JSON_BYTES or blob_size > MAX_TENSOR_BYTES:
            raise WireError(f"a message of {size(json_size + blob_size)}, more than may cross")
        end = HEADER.size + json_size + blob_size
        if len(self._buffer) < end:
            return None
        middle = HEADER.size + json_size
        text, blob = bytes(self._buffer[HEADER.size : middle]), bytes(self._buffer[middle:end])
        del self._buffer[:end]
        return decode(text, blob, self._kind)


def receive(
    channel: Channel, kind: msgspec.json.Decoder[Message], deadline: float | None = None
) -> tuple[Message, Arrays]:
    """Wait for one frame, and take nothing of what follows it; only a socket can have a deadline."""
    reader = Reader(kind)
    while (frame := reader.take()) is None:
        if deadline is not None:
            _wait_for(channel, deadline)
        reader.feed(channel, reader.missing)
    return frame


def _wait_for(channel: Channel, deadline: float) -> None:
    assert isinstance(channel, socket.socket)
    left = deadline - time.monotonic()
    if left <= 0 or not select.select([channel], [], [], left)[0]:
        raise Late("no answer in time")
