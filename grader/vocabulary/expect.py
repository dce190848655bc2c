"""Compares what was seen with what was expected, stops at the first difference, and says it in a learner's terms.

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
from grader.verdict import Difference, Graphs, Outcome
from grader.vocabulary import apart, closeness, describe, graph
from grader.vocabulary.closeness import close, first, looks_like, mismatch, requires_grad, same, tolerance, unchanged
from grader.vocabulary.compared import Known, Steps, compared
from grader.vocabulary.describe import name_of
from grader.vocabulary.ending import NOTHING_CALLED, Ending
from grader.vocabulary.recognised import named_by, named_by_text
from grader.vocabulary.words import how_many

Lookalikes = Mapping[str, torch.Tensor | Callable[[Any], bool] | object]

NOTHING = object()
RETURNED = ("the result", "the answer")
ANOTHER_ERROR = "another-error-raised"
TUPLE_OF_ONE = "tuple-not-unpacked"


def expect(
    seen: Any, lookalikes: Lookalikes | None = None, *, what: str = "", quantities: Mapping[str, float] | None = None
) -> Expectation:
    """Begin to ask about `seen`: a whole Seen (its value is meant) or a part of one.

    `lookalikes` maps a misconception's id to what it would have produced: a tensor or plain value to
    equal, or a function of what came back that returns True. The more specific stand first. `what`
    names the part in words, "the first weight"; all that a step returned is "the result" or "the answer".
    `quantities` are numbers of the exercise by name, {"the batch size": 7}: a difference is told in them.
    """
    return Expectation(seen, lookalikes or {}, what, quantities or {})


def require(
    met: bool, said: str, *,
    got: str = "", expected: str = "", misconception: str | None = None, seen: Seen | None = None,
) -> None:  # fmt: skip
    """Fail with `said` unless `met`; for what has no value to compare. `seen` is the call that this is about."""
    if not met:
        raise Ending(
            Outcome.FAILED, said, called=seen.called if seen else NOTHING_CALLED, got=got, expected=expected,
            misconception=misconception, recognised=named_by(seen.exception) if seen and seen.exception else None,
        )  # fmt: skip


class Expectation:
    """What is asked of one value. Each method returns the expectation, or raises the Ending."""

    def __init__(
        self, seen: Any, lookalikes: Lookalikes, what: str, quantities: Mapping[str, float] | None = None
    ) -> None:
        self._seen = seen if isinstance(seen, Seen) else None
        self._value = seen.value if isinstance(seen, Seen) else seen
        self._about = seen  # of a part, that which it is a part of
        self._judged = self._value  # what lookalikes that are functions get
        self._lookalikes = lookalikes
        self._what = what or "the result"
        self._quantities = quantities or {}
        # What the value is compared with and how, as soon as that is known.
        self._due: Any = NOTHING
        self._steps: Steps = tuple
        self._room: tuple[float | None, float | None] = (None, None)

    def _fail(
        self,
        said: str,
        *,
        got: str | None = None,
        expected: str = "",
        detail: str = "",
        misconception: str | None = None,
        recognised: str | None = None,
        difference: Difference | None = None,
        graphs: Graphs | None = None,
    ) -> NoReturn:
        raise Ending(
            Outcome.FAILED, said, called=self._seen.called if self._seen else NOTHING_CALLED,
            got=describe.in_full(self._value) if got is None else got, expected=expected, detail=detail,
            misconception=misconception or self._name(), recognised=recognised or self._recognised(),
            difference=difference or self._difference(), graphs=graphs, about=self._about,
        )  # fmt: skip

    def _graphs(self, expected: tuple[str, ...]) -> Graphs | None:
        """Return what is recorded behind the value and what was expected; None where no graph was sent with it."""
        if self._value.grad_fn is not None and not self._value.graph:
            return None
        return Graphs(graph.tree(self._value), expected)

    def _difference(self) -> Difference | None:
        return None if self._due is NOTHING else compared(self._value, self._due, self._known())

    def _known(self) -> Known:
        return Known(self._quantities, self._seen, self._steps, *self._room, is_gradient="grad" in self._what)

    def _name(self) -> str | None:
        """Return the first misconception whose product this is."""
        for misconception, product in self._lookalikes.items():
            fits = _holds(product, self._judged) if callable(product) else looks_like(self._value, product)
            if fits:
                return misconception
        return None

    def _recognised(self) -> str | None:
        """Return the misconception that the exception names which is in the place of a value."""
        return named_by(self._seen.exception) if self._seen and self._seen.exception else None

    # None and type

    def given(self, expected: str = "") -> Self:
        """Not None."""
        if self._value is None and self._seen and self._seen.exception:
            raised = describe.message(str(self._seen.exception))
            self._fail("an exception was raised", got=raised, expected=expected or "none")
        if self._value is None:
            forgotten = "; is a `return` missing?" if self._what.startswith(RETURNED) else ""
            self._fail(f"{self._what} is None{forgotten}", got="None", expected=expected)
        return self

    def is_tensor(self) -> Self:
        """A torch tensor: a Parameter counts, a numpy array or a subclass does not."""
        self.given("a tensor")
        if not isinstance(self._value, SeenTensor):
            alone = type(self._value) is tuple and len(self._value) == 1 and isinstance(self._value[0], SeenTensor)
            packed = TUPLE_OF_ONE if alone else None
            self._fail(f"{self._what} is not a tensor", expected="a tensor", recognised=packed)
        if self._value.type_name not in ("Tensor", "Parameter"):
            self._fail(f"{self._what} is a {self._value.type_name}, a subclass of Tensor", expected="a tensor")
        return self

    def is_a(self, *types: type) -> Self:
        """A plain Python value of one of these types; True and False do not count as numbers."""
        wanted = f"a value of type {' or '.join(describe.type_name(each) for each in types)}"
        self.given(wanted)
        if type(self._value) not in types:
            self._fail(f"{self._what} has the wrong type", expected=wanted)
        return self

    # facts about a tensor

    def shape(self, *sizes: int) -> Self:
        """A tensor of this shape."""
        self.is_tensor()
        if self._value.shape != tuple(sizes):
            self._fail(f"{self._what} has the wrong shape", got=str(self._value), expected=f"shape {tuple(sizes)}")
        return self

    def dtype(self, dtype: torch.dtype) -> Self:
        """A tensor of this dtype."""
        self.is_tensor()
        if self._value.dtype != name_of(dtype):
            self._fail(f"{self._what} has the wrong dtype", got=self._value.dtype, expected=name_of(dtype))
        return self

    def on(self, device: torch.device | str) -> Self:
        """A tensor on this kind of device."""
        self.is_tensor()
        kind = torch.device(device).type
        if self._value.device != kind:
            here, wanted = describe.device(self._value.device), describe.device(kind)
            # What is left on the CPU was made there: nothing that a submission is given lies there.
            stayed = "hard-coded-device" if self._value.device == "cpu" else None
            self._fail(f"{self._what} is on the wrong device", got=here, expected=wanted, recognised=stayed)
        return self

    def requires_grad(self, expected: bool) -> Self:
        """A tensor whose `requires_grad` is this."""
        self.is_tensor()
        if self._value.requires_grad is not expected:
            self._fail(
                f"{self._what} has requires_grad={not expected}",
                got=f"requires_grad={not expected}",
                expected=f"requires_grad={expected}",
                graphs=self._graphs(graph.of_requires_grad(expected)),
            )
        return self

    def leaf(self, expected: bool) -> Self:
        """A tensor whose `is_leaf` is this."""
        self.is_tensor()
        if self._value.is_leaf is not expected:
            self._fail(
                f"{self._what} has is_leaf={not expected}",
                got=f"is_leaf={not expected}",
                expected=f"is_leaf={expected}",
                graphs=self._graphs(graph.of_leaf(expected)),
            )
        return self

    def finite(self) -> Self:
        """A tensor with neither NaN nor infinity."""
        data = self._data()
        bad = ~torch.isfinite(data)
        if bad.any():
            self._fail(
                f"{self._what} contains NaN or infinity",
                detail=f"{int(bad.sum())} of {data.numel()} elements, first at {first(bad)}",
            )
        return self

    # values

    def tensor(self, expected: torch.Tensor, *, device: torch.device | str = "cpu", steps: Steps = tuple) -> Self:
        """A tensor like `expected` in every respect: shape, dtype and values, on `device`.

        `steps` returns what it is after 0, 1, 2 … steps, for one that took too many or too few to be told so.
        """
        self._due, self._steps = expected, steps
        self.shape(*expected.shape).dtype(expected.dtype).on(device)
        if expected.device.type == "meta":
            return self
        if torch.isfinite(expected).all():
            self.finite()
        return self.values(expected, steps=steps)

    def values(
        self, expected: torch.Tensor, *,
        rtol: float | None = None, atol: float | None = None, steps: Steps = tuple,
    ) -> Self:  # fmt: skip
        """A tensor with these values, by the tolerance of the coarser dtype of the two; `steps` as in `tensor`."""
        self._due, self._steps, self._room = expected, steps, (rtol, atol)
        self.shape(*expected.shape)
        data = self._data()
        relative, absolute = tolerance(self._value.dtype, name_of(expected.dtype), self._value.device)
        wrong = ~close(data, expected, rtol or relative, atol or absolute)
        if wrong.any():
            got, due = apart.elements(data, expected, wrong)
            self._fail(
                f"{self._what} has the wrong values", got=got, expected=due, detail=mismatch(data, expected, wrong)
            )
        self._due = NOTHING
        return self

    def grad(self, expected: torch.Tensor | None) -> Self:
        """A tensor whose `.grad` has these values, or is None.

        A lookalike that is a function still gets the tensor; one that is a tensor is what `.grad` would be.
        """
        self.is_tensor()
        grad = self._value.grad
        if (grad is None) is not (expected is None):
            self._fail(
                f"{self._what} has {'no' if grad is None else 'a'} .grad",
                got="None" if grad is None else describe.describe(grad, values=True),
                expected="None" if expected is None else describe.describe(expected, values=True),
                graphs=self._graphs(graph.of_grad(expected)),
            )  # fmt: skip
        if expected is not None:
            part = Expectation(grad, self._lookalikes, f"the .grad of {self._what}")
            part._seen, part._judged = self._seen, self._value
            part._quantities, part._about = self._quantities, self._about
            part.values(expected)
        return self

    def _data(self) -> torch.Tensor:
        self.is_tensor()
        data: torch.Tensor | None = self._value.data
        if data is None:
            self._fail(f"{self._what} cannot be compared: {self._value.unsendable or 'it has no values'}")
        return data

    def equals(self, expected: Any) -> Self:
        """A plain Python value equal to `expected`, of the same types throughout; floats within 1e-6."""
        if expected is not None:
            self.given(describe.in_full(expected))
        if not same(self._value, expected):
            self._due = expected
            got, wanted = apart.values(self._value, expected)
            other_type = isinstance(self._value, Opaque) or type(self._value) is not type(expected)
            wrong_type = other_type and expected is not None
            said = f"{self._what} has the wrong type" if wrong_type else f"{self._what} is not what was expected"
            self._fail(said, got=got, expected=wanted)
        return self

    def near(self, expected: float, device: torch.device | str = "cpu") -> Self:
        """A Python float that is `expected`, but for float32 rounding on that device."""
        self.is_a(float)
        if not closeness.near(expected, device)(self._value):
            self._due, self._room = expected, tolerance("float32", "float32", torch.device(device).type)
            got, wanted = (f"{value:.7g}" for value in (self._value, expected))
            self._fail(f"{self._what} is not what was expected", got=got, expected=wanted)
        return self

    def satisfies(
        self,
        met: Callable[[Any], bool],
        said: str,
        *,
        got: str | Callable[[Any], str] | None = None,
        expected: str = "",
        misconception: str | None = None,
    ) -> Self:
        """Whatever `met` asks of the value; a value that `met` cannot take does not satisfy it.

        `got` says what is shown of the value, as it is or as a function of the value, where that is not all of it.
        """
        if not _holds(met, self._value):
            shown = _applied(got, self._value) if callable(got) else got
            self._fail(said, got=shown, expected=expected, misconception=misconception)
        return self

    def is_true(self, otherwise: str) -> Self:
        """True, as a probe's answer to a question; `otherwise` says as a sentence what happened where it is not."""
        return self._answer(True, otherwise)

    def is_false(self, otherwise: str) -> Self:
        """False, as a probe's answer to a question; `otherwise` says as a sentence what happened where it is not."""
        return self._answer(False, otherwise)

    def _answer(self, expected: bool, otherwise: str) -> Self:
        if self._value is not expected:
            self._fail(otherwise, got="")
        return self

    # what the call left behind

    def keeps_argument(
        self, index: int, sent: torch.Tensor | np.ndarray[Any, Any], misconception: str | None = None
    ) -> Self:
        """The argument at `index` still holds what was sent, and was never written to."""
        now = self._whole().arguments[index] if index < len(self._whole().arguments) else None
        expected = torch.from_numpy(sent) if isinstance(sent, np.ndarray) else sent.detach()
        if not unchanged(now, expected):
            kind = "array" if isinstance(sent, np.ndarray) else "tensor"
            got, wanted = apart.values(now, sent)
            found = compared(now, expected, self._known())
            self._fail(
                f"the caller's {kind} was changed", got=got, expected=wanted, misconception=misconception,
                detail=closeness.counted(found.count, found.total) if found and found.count else "", difference=found,
            )  # fmt: skip
        if isinstance(now, SeenTensor) and now.requires_grad is not requires_grad(sent):
            self._fail(
                "the caller's tensor had its requires_grad changed", got=f"requires_grad={now.requires_grad}",
                expected=f"requires_grad={not now.requires_grad}", misconception=misconception,
            )  # fmt: skip
        if isinstance(now, SeenTensor) and now.version > 0:
            self._fail(
                "the caller's tensor was written to in place, although its values are the same as before", got="",
                misconception=misconception,
            )  # fmt: skip
        return self

    def keeps_globals(self, *names: str, misconception: str | None = None) -> Self:
        """These global settings are as before; with no name, all of them (see sandbox/observe.py)."""
        changed = [name for name in self._whole().changed_globals if not names or name in names]
        if changed:
            self._fail(f"the call changed a global setting: {', '.join(changed)}", got="", misconception=misconception)
        return self

    def raises(self, *names: str, misconception: str | None = None) -> Self:
        """The call (made by `submission.attempt`) raised one of these exceptions, by class name.

        `misconception` names that none was raised. Another exception is named by what it says, and where that says
        nothing, by its not being the one that callers catch.
        """
        exception = self._whole().exception
        expected = " or ".join(names)
        if exception is None:
            self._fail("no exception was raised", expected=expected, misconception=misconception)
        if not set(names) & set(exception.bases):
            self._fail(
                "the wrong exception was raised", got=describe.message(str(exception)), expected=expected,
                recognised=self._recognised() or ANOTHER_ERROR,
            )  # fmt: skip
        return self

    def no_exception(self, otherwise: str) -> Self:
        """No message, where a probe returns that of an exception; `otherwise` says as a sentence what raised one."""
        if self._value not in ("", None):
            raised = self._value if isinstance(self._value, str) else describe.describe(self._value)
            self._fail(
                otherwise, got=describe.message(raised), expected="no exception",
                recognised=named_by_text(raised),
            )  # fmt: skip
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
            kind = "key" if isinstance(self._value, dict) else "element"
            self._fail(f"{self._what} has no {kind} {key!r}")
        part = Expectation(self._value[key], lookalikes or {}, what or f"element {key!r}")
        part._seen, part._quantities, part._about = self._seen, self._quantities, self._about
        return part

    def length(self, expected: int) -> Self:
        """A list, tuple or dict of this length."""
        wanted = f"a list or tuple of {how_many(expected, 'element')}"
        self.given(wanted)
        if not isinstance(self._value, (list, tuple, dict)):
            self._fail(f"{self._what} has the wrong type", expected=wanted)
        if len(self._value) != expected:
            kind = "entry" if isinstance(self._value, dict) else "element"
            here, wanted = (how_many(number, kind) for number in (len(self._value), expected))
            self._fail(f"{self._what} has {here}", expected=wanted)
        return self


def _holds(met: Callable[[Any], bool], value: Any) -> bool:
    """Return met(value); a value of a kind that `met` did not reckon with does not meet it."""
    return bool(_applied(lambda each: bool(met(each)), value))


def _applied(function: Callable[[Any], Any], value: Any) -> Any:
    """Return function(value), None for a value of a kind that the function did not reckon with."""
    try:
        return function(value)
    except (TypeError, ValueError, AttributeError, KeyError, IndexError, RuntimeError):
        return None
