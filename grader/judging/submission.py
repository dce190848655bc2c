"""A submission as the checks see it: call its functions by name, get what was seen of the call."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

from grader import files
from grader.catalogue.catalogue import Probe
from grader.judging.clock import Clock
from grader.judging.cost import Cost
from grader.judging.source import Source
from grader.judging.witness import Recognised, seen, unless_raised
from grader.sandbox.parent.client import Crashed, Starved, TimedOut
from grader.sandbox.shared.freeze import Freezer
from grader.sandbox.shared.messages import PROBE, SUBMISSION, Answer, Call, Load
from grader.sandbox.shared.seen import Called, Seen
from grader.sandbox.shared.wire import Arrays
from grader.verdict import LOADING, Outcome
from grader.vocabulary import describe
from grader.vocabulary.ending import NOTHING_CALLED, Ending
from grader.vocabulary.situation import told

MOST_PARTS = 10_000  # of what was seen, that are looked at for where a value comes from


class Hungry(Ending):
    """The end of a check for want of memory: whose doing that was is still to be found out."""


class Witness(Protocol):
    """Whoever runs the submission and tells what happened; both raise TimedOut or Crashed where nothing comes back."""

    def loaded(self, seconds: float) -> tuple[Answer, Arrays]:
        """Return the answer to having loaded the submission, waiting for it so many seconds."""

    def ask(self, request: Call, arrays: Arrays, seconds: float) -> tuple[Answer, Arrays]:
        """Return the answer to a call."""


def load_request(source: Source, probe: str, seed: int, *, measure: bool = False, graphs: bool = False) -> Load:
    """Return the request that makes a child load this submission and the probe beside it.

    With `measure`, the child also counts what each call costs, which slows it down; with `graphs`, it sends what
    autograd has recorded behind each tensor.
    """
    return Load("", source.text, files.shown(source.path.resolve()), probe, seed, measure, graphs)


class Submission:
    """Calls go to one witness. `submission.to_half(x)` returns Seen, or raises the Ending it met.

    `submission.attempt("to_half", x)` returns Seen also where the submission raised, for checks that
    want to see an exception. `submission.probe.name(...)` runs a probe beside the submission, with the
    submission's module as its first argument.
    """

    def __init__(self, witness: Witness, clock: Clock, seed: int, probes: Mapping[str, Probe]) -> None:
        self._witness = witness
        self._clock = clock
        self._seed = seed
        self._recognised: Recognised = {}
        self._is_loaded = False
        self._seen: list[Seen] = []
        self.cost = Cost()  # of all calls so far, where it is measured
        self.probe = _Probe(self, probes)

    def recognise(self, lookalikes: Recognised) -> None:
        """From now on name an exception out of the submission by the first misconception whose function is true."""
        self._recognised = lookalikes

    def unless_raised(self, found: Seen) -> Seen:
        """Return what was seen; where the submission raised, raise the Ending that this means."""
        return unless_raised(found, self._recognised)

    def finish_loading(self) -> None:
        """Wait until the file is imported; raise the Ending where it could not be.

        The first call does so: until then, a check draws its numbers beside the child that imports.
        """
        if self._is_loaded:
            return
        self._is_loaded = True
        called = Called(LOADING)
        answer, arrays = self._guarded(called, self._witness.loaded)
        unless_raised(seen("", called, answer, arrays)[0], {})

    def called_for(self, about: Any) -> Called:
        """Return which call a value comes from, or was given to; nothing where that is not certain."""
        if found := next((each.called for each in reversed(self._seen) if _holds(each, about)), None):
            return found
        called = [each.called for each in self._seen]
        return called[-1] if len({each.said for each in called}) == 1 else NOTHING_CALLED

    def __getattr__(self, name: str) -> Callable[..., Seen]:
        if name.startswith("_"):
            raise AttributeError(name)

        def call(*args: Any, **kwargs: Any) -> Seen:
            return self.unless_raised(self.attempt(name, *args, **kwargs))

        return call

    def attempt(self, name: str, /, *args: Any, **kwargs: Any) -> Seen:
        """Call a function of the submission; an exception that it raises is in what is returned."""
        labels = [str(index) for index in range(len(args))] + list(kwargs)
        called = Called(describe.call(name, args, kwargs))
        return self.ask(SUBMISSION, name, called, labels, args, kwargs)

    def ask(
        self, module: str, name: str, called: Called, labels: list[str], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Seen:
        """Send one call to the child and return what was seen of it."""
        self.finish_loading()
        freezer = Freezer()
        request = Call(
            id="", module=module, name=name, labels=labels, seed=self._seed,
            args=[freezer.freeze(_sendable(arg)) for arg in args],
            kwargs={key: freezer.freeze(_sendable(value)) for key, value in kwargs.items()},
        )  # fmt: skip
        answer, arrays = self._guarded(called, lambda s: self._witness.ask(request, freezer.arrays, s))
        found, cost = seen(name, called, answer, arrays)
        self.cost += cost
        found = replace(found, labels=tuple(labels))
        self._seen.append(found)
        return found

    def _guarded(self, called: Called, ask: Callable[[float], tuple[Answer, Arrays]]) -> tuple[Answer, Arrays]:
        try:
            return ask(self._clock.seconds_for_a_call())
        except TimedOut as error:
            raise Ending(Outcome.TIMEOUT, _too_long(error, self._clock), called=called) from None
        except Starved as error:
            raise Hungry(Outcome.CRASHED, f"your code did not come back: {error}", called=called) from None
        except Crashed as error:
            raise Ending(Outcome.CRASHED, f"your code did not return: {error}", called=called) from None


def _holds(seen: Seen, about: Any) -> bool:
    """Return whether this very object is in what was seen; numbers and the like are the same wherever they are."""
    if about is None or isinstance(about, (bool, int, float, str)) or (isinstance(about, tuple) and not about):
        return False
    waiting: list[Any] = [seen.value, seen.arguments]
    for _ in range(MOST_PARTS):
        if not waiting:
            return False
        part = waiting.pop()
        if part is about:
            return True
        if isinstance(part, (list, tuple, dict)):
            waiting += part.values() if isinstance(part, dict) else part
    return False


def _too_long(error: TimedOut, clock: Clock) -> str:
    if clock.spent:
        return "the time for the whole exercise ran out during this call, which was stopped"
    return f"your code was still running after {error.seconds:.3g} s and was stopped"


class _Probe:
    """Calls probes by name."""

    def __init__(self, submission: Submission, probes: Mapping[str, Probe]) -> None:
        self._submission = submission
        self._probes = probes

    def __getattr__(self, name: str) -> Callable[..., Seen]:
        if name not in self._probes:
            raise AttributeError(f"this exercise has no probe {name!r}")

        def call(*args: Any, **kwargs: Any) -> Seen:
            return self._submission.unless_raised(self.attempt(name, *args, **kwargs))

        return call

    def attempt(self, name: str, /, *args: Any, **kwargs: Any) -> Seen:
        """Call a probe; an exception that the submission raises there is in what is returned."""
        probe = self._probes[name]
        named = dict(zip(probe.parameters, args, strict=False)) | kwargs
        details = describe.situation(name, named)
        called = Called(told(probe.told, {**probe.defaults, **named}), details) if probe.told else Called(details)
        return self._submission.ask(PROBE, name, called, list(named), (), named)


def _sendable(value: Any) -> Any:
    return str(value) if isinstance(value, Path) else value
