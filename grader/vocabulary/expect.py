"""Compares what was seen with what is due, stops at the first difference, and says it in a learner's terms.

The order is always None → type → shape → dtype → device → finite → values → gradients: a wrong shape
is not reported as wrong values. A check may name *lookalikes*, what each misconception would have
produced; the first that fits what came back gives the failure its name, and none is guessed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NoReturn, Self

import numpy as np
import torch

from grader.sandbox.shared.seen import Opaque, Seen, SeenTensor
from grader.verdict import Outcome
from grader.vocabulary import describe
from grader.vocabulary.closeness import close, first, looks_like, mismatch, same, tolerance, touched, unchanged
from grader.vocabulary.describe import name_of
from grader.vocabulary.ending import Ending

Lookalikes = Mapping[str, torch.Tensor | Callable[[Any], bool] | object]


def expect(seen: Any, lookalikes: Lookalikes | None = None, *, what: str = "") -> Expectation:
    """Begin to ask about `seen`: a whole Seen (its value is meant) or a part of one.

    `lookalikes` maps a misconception's id to what it would have produced: a tensor or plain value to
    equal, or a function of what came back that returns True. The more specific stand first. `what`
    names the part in words, "the first weight".
    """
    return Expectation(seen, lookalikes or {}, what)


def require(
    met: bool, said: str, *, got: str = "", due: str = "", misconception: str | None = None, called: str = ""
) -> None:
    """Fail with `said` unless `met`; for what has no value to compare."""
    if not met:
        raise Ending(Outcome.FAILED, said, called=called, got=got, due=due, misconception=misconception)


class Expectation:
    """What is asked of one value. Each method returns the expectation, or raises the Ending."""

    def __init__(self, seen: Any, lookalikes: Lookalikes, what: str) -> None:
        self._seen = seen if isinstance(seen, Seen) else None
        self._value = seen.value if isinstance(seen, Seen) else seen
        self._judged = self._value  # what lookalikes that are functions get
        self._lookalikes = lookalikes
        self._what = what or ("it" if self._seen is None else "what came back")

    def _fail(
        self, said: str, *, got: str = "", due: str = "", detail: str = "", misconception: str | None = None
    ) -> NoReturn:
        raise Ending(
            Outcome.FAILED, said, called=self._seen.called if self._seen else "",
            got=got or describe.describe(self._value, values=True), due=due, detail=detail,
            misconception=misconception or self._name(),
        )  # fmt: skip

    def _name(self) -> str | None:
        """Return the first misconception whose product this is."""
        for misconception, product in self._lookalikes.items():
            fits = _holds(product, self._judged) if callable(product) else looks_like(self._value, product)
            if fits:
                return misconception
        return None

    # None and type

    def given(self) -> Self:
        """Not None."""
        if self._value is None:
            forgotten = "" if ".grad" in self._what else "; is a `return` missing?"
            self._fail(f"{self._what} is None{forgotten}", got="None")
        return self

    def is_tensor(self) -> Self:
        """A torch tensor: a Parameter counts, a numpy array or a subclass does not."""
        self.given()
        if not isinstance(self._value, SeenTensor):
            self._fail(f"{self._what} is no tensor", due="a tensor")
        if self._value.type_name not in ("Tensor", "Parameter"):
            self._fail(f"{self._what} is a {self._value.type_name}, a class derived from Tensor", due="a tensor")
        return self

    def is_a(self, *types: type) -> Self:
        """A plain Python value of one of these types; True and False are no numbers."""
        self.given()
        if type(self._value) not in types:
            names = " or ".join(each.__name__ for each in types)
            self._fail(f"{self._what} has the wrong type", due=f"a value of type {names}")
        return self

    # facts about a tensor

    def shape(self, *sizes: int) -> Self:
        """A tensor of this shape."""
        self.is_tensor()
        if self._value.shape != tuple(sizes):
            self._fail(f"{self._what} has the wrong shape", got=str(self._value), due=f"shape {tuple(sizes)}")
        return self

    def dtype(self, dtype: torch.dtype) -> Self:
        """A tensor of this dtype."""
        self.is_tensor()
        if self._value.dtype != name_of(dtype):
            self._fail(f"{self._what} has the wrong dtype", got=self._value.dtype, due=name_of(dtype))
        return self

    def on(self, device: torch.device | str) -> Self:
        """A tensor on this kind of device."""
        self.is_tensor()
        kind = torch.device(device).type
        if self._value.device != kind:
            self._fail(f"{self._what} is on the wrong device", got=self._value.device, due=kind)
        return self

    def requires_grad(self, due: bool) -> Self:
        """A tensor whose `requires_grad` is this."""
        self.is_tensor()
        if self._value.requires_grad is not due:
            self._fail(
                f"{self._what} has requires_grad={not due}", got=f"requires_grad={not due}", due=f"requires_grad={due}"
            )
        return self

    def leaf(self, due: bool) -> Self:
        """A tensor whose `is_leaf` is this."""
        self.is_tensor()
        if self._value.is_leaf is not due:
            self._fail(f"{self._what} has is_leaf={not due}", got=f"is_leaf={not due}", due=f"is_leaf={due}")
        return self

    def finite(self) -> Self:
        """A tensor with neither NaN nor infinity."""
        data = self._data()
        bad = ~torch.isfinite(data)
        if bad.any():
            self._fail(
                f"{self._what} holds NaN or infinity",
                detail=f"{int(bad.sum())} of {data.numel()} elements, first at {first(bad)}",
            )
        return self

    # values

    def tensor(self, due: torch.Tensor, *, device: torch.device | str = "cpu") -> Self:
        """A tensor like `due` in every respect: shape, dtype and values, on `device`."""
        self.shape(*due.shape).dtype(due.dtype).on(device)
        if due.device.type == "meta":
            return self
        if torch.isfinite(due).all():
            self.finite()
        return self.values(due)

    def values(self, due: torch.Tensor, *, rtol: float | None = None, atol: float | None = None) -> Self:
        """A tensor with these values, by the tolerance of the coarser dtype of the two."""
        self.shape(*due.shape)
        data = self._data()
        relative, absolute = tolerance(self._value.dtype, name_of(due.dtype), self._value.device)
        wrong = ~close(data, due, rtol or relative, atol or absolute)
        if wrong.any():
            self._fail(
                f"{self._what} has the wrong values", got=describe.elements(data), due=describe.elements(due),
                detail=mismatch(data, due, wrong),
            )  # fmt: skip
        return self

    def grad(self, due: torch.Tensor | None) -> Self:
        """A tensor whose `.grad` has these values, or is None.

        A lookalike that is a function still gets the tensor; one that is a tensor is what `.grad` would be.
        """
        self.is_tensor()
        grad = self._value.grad
        if (grad is None) is not (due is None):
            self._fail(
                f"{self._what} has {'no' if grad is None else 'a'} .grad",
                got="None" if grad is None else describe.describe(grad, values=True),
                due="None" if due is None else describe.describe(due, values=True),
            )  # fmt: skip
        if due is not None:
            part = Expectation(grad, self._lookalikes, f"the .grad of {self._what}")
            part._seen, part._judged = self._seen, self._value
            part.values(due)
        return self

    def _data(self) -> torch.Tensor:
        self.is_tensor()
        data: torch.Tensor | None = self._value.data
        if data is None:
            self._fail(f"{self._what} cannot be compared: {self._value.unsendable or 'it has no values'}")
        return data

    def equals(self, due: Any) -> Self:
        """A plain Python value equal to `due`, of the same types throughout; floats within 1e-6."""
        if due is not None:
            self.given()
        if not same(self._value, due):
            wrong_type = isinstance(self._value, Opaque) or type(self._value) is not type(due)
            said = f"{self._what} has the wrong type" if wrong_type else f"{self._what} is not what is due"
            self._fail(said, due=describe.describe(due, values=True))
        return self

    def satisfies(
        self, met: Callable[[Any], bool], said: str, *, due: str = "", misconception: str | None = None
    ) -> Self:
        """Whatever `met` asks of the value; a value that `met` cannot take does not satisfy it."""
        if not _holds(met, self._value):
            self._fail(said, due=due, misconception=misconception)
        return self

    # what the call left behind

    def keeps_argument(
        self, index: int, sent: torch.Tensor | np.ndarray[Any, Any], misconception: str | None = None
    ) -> Self:
        """The argument at `index` still holds what was sent, and was never written to."""
        now = self._whole().arguments[index] if index < len(self._whole().arguments) else None
        due = torch.from_numpy(sent) if isinstance(sent, np.ndarray) else sent.detach()
        if (isinstance(now, SeenTensor) and touched(now, sent)) or not unchanged(now, due):
            self._fail(
                "the caller's data was changed", got=describe.describe(now, values=True),
                due=describe.describe(due, values=True), misconception=misconception,
            )  # fmt: skip
        return self

    def keeps_globals(self, *names: str, misconception: str | None = None) -> Self:
        """These global settings are as before; with no name, all of them (see sandbox/observe.py)."""
        changed = [name for name in self._whole().changed_globals if not names or name in names]
        if changed:
            self._fail(
                f"the call changed {' and '.join(changed)}",
                got="changed",
                due="left alone",
                misconception=misconception,
            )
        return self

    def raises(self, *names: str, misconception: str | None = None) -> Self:
        """The call (made by `submission.attempt`) raised one of these exceptions, by class name."""
        exception = self._whole().exception
        due = " or ".join(names)
        if exception is None:
            self._fail("no exception was raised", due=due, misconception=misconception)
        if not set(names) & set(exception.bases):
            self._fail("another exception was raised", got=str(exception), due=due, misconception=misconception)
        return self

    def _whole(self) -> Seen:
        if self._seen is None:
            raise TypeError("ask this of the whole Seen, not of a part")
        return self._seen

    # parts

    def item(self, key: Any, what: str = "", lookalikes: Lookalikes | None = None) -> Expectation:
        """Go on with one part: an element of a list or tuple, or the value of a key."""
        self.given()
        found = (
            isinstance(self._value, (list, tuple))
            and isinstance(key, int)
            and -len(self._value) <= key < len(self._value)
        )
        if not found and not (isinstance(self._value, dict) and key in self._value):
            self._fail(f"{self._what} has no part {key!r}")
        part = Expectation(self._value[key], lookalikes or {}, what or f"part {key!r}")
        part._seen = self._seen
        return part

    def length(self, due: int) -> Self:
        """A list, tuple or dict of this length."""
        self.given()
        if not isinstance(self._value, (list, tuple, dict)):
            self._fail(f"{self._what} has the wrong type", due=f"{due} parts in a list or tuple")
        if len(self._value) != due:
            self._fail(f"{self._what} has {len(self._value)} parts", due=f"{due} parts")
        return self


def _holds(met: Callable[[Any], bool], value: Any) -> bool:
    """Return met(value); a value of a kind that `met` did not reckon with does not meet it."""
    try:
        return bool(met(value))
    except (TypeError, ValueError, AttributeError, KeyError, IndexError, RuntimeError):
        return False
