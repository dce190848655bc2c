"""A submission as the checks see it: call its functions by name, get what was seen of the call."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from grader.judging.cost import Cost
from grader.sandbox.child.observe import MAX_LINE, MAX_LINES, MAX_MESSAGE, MAX_WARNINGS
from grader.sandbox.parent.client import Child, Crashed, Limits, TimedOut
from grader.sandbox.shared import thaw, wire
from grader.sandbox.shared.freeze import Freezer, Node
from grader.sandbox.shared.seen import Seen, SeenException
from grader.verdict import Outcome, SourceLine
from grader.vocabulary import describe
from grader.vocabulary.ending import Ending

GARBLED = "the grader could not read what your code sent back"


@dataclass(frozen=True)
class Source:
    """The text that is graded: read once, so that what is hashed is what runs."""

    path: Path
    text: str
    sha256: str


class Clock:
    """The time that all calls of one exercise share."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._end = time.monotonic() + limits.exercise

    def seconds_for_a_call(self) -> float:
        """Return how long the next call may take."""
        return max(0.0, min(self._limits.call, self._end - time.monotonic()))

    @property
    def spent(self) -> bool:
        """Whether the exercise has used up its time."""
        return time.monotonic() >= self._end


def load_request(source: Source, probe: str, seed: int, *, measure: bool = False) -> dict[str, Any]:
    """Return the request that makes a child load this submission and the probe beside it.

    With `measure`, the child also counts what each call costs, which slows it down.
    """
    return {
        "op": "load", "source": source.text, "filename": str(source.path.resolve()), "probe": probe, "seed": seed,
        "measure": measure,
    }  # fmt: skip


class Submission:
    """Calls go to one child. `submission.to_half(x)` returns Seen, or raises the Ending it met.

    `submission.attempt("to_half", x)` returns Seen also where the submission raised, for checks that
    want to see an exception. `submission.probe.name(...)` runs a probe beside the submission, with the
    submission's module as its first argument.
    """

    def __init__(self, child: Child, clock: Clock, seed: int, probes: dict[str, tuple[str, ...]]) -> None:
        self._child = child
        self._clock = clock
        self._seed = seed
        self._recognised: dict[str, Callable[[SeenException], bool]] = {}
        self.cost = Cost()  # of all calls so far, where it is measured
        self.probe = _Probe(self, probes)

    def recognise(self, lookalikes: dict[str, Callable[[SeenException], bool]]) -> None:
        """From now on name an exception out of the submission by the first misconception whose function is true."""
        self._recognised = lookalikes

    def unless_raised(self, seen: Seen) -> Seen:
        """Return what was seen; where the submission raised, raise the Ending that this means."""
        if seen.exception:
            raise _ending_of(seen, seen.exception, self._recognised)
        return seen

    def finish_loading(self) -> None:
        """Wait until the file is imported; raise the Ending where it could not be."""
        reply, arrays = self._guarded("importing your file", self._child.loaded)
        seen = _seen("importing your file", reply, arrays)
        if seen.exception:
            raise _ending_of(seen, seen.exception, {})

    def __getattr__(self, name: str) -> Callable[..., Seen]:
        if name.startswith("_"):
            raise AttributeError(name)

        def call(*args: Any, **kwargs: Any) -> Seen:
            return self.unless_raised(self.attempt(name, *args, **kwargs))

        return call

    def attempt(self, name: str, /, *args: Any, **kwargs: Any) -> Seen:
        """Call a function of the submission; an exception that it raises is in what is returned."""
        labels = [str(index) for index in range(len(args))] + list(kwargs)
        return self.ask("submission", name, describe.call(name, args, kwargs), labels, args, kwargs)

    def ask(
        self, module: str, name: str, called: str, labels: list[str], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Seen:
        """Send one call to the child and return what was seen of it."""
        freezer = Freezer()
        request: Node = {
            "op": "call", "module": module, "name": name, "labels": labels, "seed": self._seed,
            "args": [freezer.freeze(_sendable(arg)) for arg in args],
            "kwargs": {key: freezer.freeze(_sendable(value)) for key, value in kwargs.items()},
        }  # fmt: skip
        reply, arrays = self._guarded(called, lambda s: self._child.ask(request, freezer.arrays, s))
        _refuse_unfit(name, called, reply)
        seen = _seen(called, reply, arrays)
        if reply.get("cost"):
            self.cost += _cost(called, reply["cost"], seen.seconds)
        return seen

    def _guarded(self, called: str, ask: Callable[[float], tuple[Node, wire.Arrays]]) -> tuple[Node, wire.Arrays]:
        try:
            return ask(self._clock.seconds_for_a_call())
        except TimedOut as error:
            raise Ending(Outcome.TIMEOUT, _too_long(error, self._clock), called=called) from None
        except Crashed as error:
            raise Ending(Outcome.CRASHED, f"your code did not return: {error}", called=called) from None


def _too_long(error: TimedOut, clock: Clock) -> str:
    if clock.spent:
        return "the time for the whole exercise ran out during this call, which was stopped"
    return f"your code was still running after {error.seconds:.3g} s and was stopped"


class _Probe:
    """Calls probes by name; `parameters` holds the names of each probe's parameters after the first."""

    def __init__(self, submission: Submission, parameters: dict[str, tuple[str, ...]]) -> None:
        self._submission = submission
        self._parameters = parameters

    def __getattr__(self, name: str) -> Callable[..., Seen]:
        if name not in self._parameters:
            raise AttributeError(f"this exercise has no probe {name!r}")

        def call(*args: Any, **kwargs: Any) -> Seen:
            named = dict(zip(self._parameters[name], args, strict=False)) | kwargs
            called = describe.situation(name, named)
            return self._submission.unless_raised(self._submission.ask("probe", name, called, list(named), (), named))

        return call


def _sendable(value: Any) -> Any:
    return str(value) if isinstance(value, Path) else value


def _refuse_unfit(name: str, called: str, reply: Node) -> None:
    if "missing" in reply:
        what = str(reply["missing"])[:MAX_LINE]
        said = f"your file does not define `{name}`"
        if what:
            said = f"`{name}` is not a function or a class, but a value of type {what}"
        raise Ending(Outcome.FAILED, said, called=called)
    if "signature" in reply:
        signature = str(reply["signature"])[:MAX_MESSAGE]
        said = f"`{name}` does not take the arguments of this call; your file defines `{name}{signature}`"
        raise Ending(Outcome.FAILED, said, called=called)


def _seen(called: str, reply: Node, arrays: wire.Arrays) -> Seen:
    try:
        return Seen(
            called=called,
            value=thaw.plain(reply["value"], arrays),
            exception=_exception(reply.get("exception")),
            arguments=tuple(thaw.plain(node, arrays) for node in reply["arguments"]),
            warnings=tuple(str(text)[:MAX_MESSAGE] for text in reply["warnings"][:MAX_WARNINGS]),
            seconds=float(reply["seconds"]),
            changed_globals=tuple(map(str, reply["changed"])),
        )
    except Exception:  # whatever breaks on a reply of a child's making is the child's doing
        raise Ending(Outcome.CRASHED, GARBLED, called=called) from None


def _cost(called: str, counted: Node, seconds: float) -> Cost:
    try:
        return Cost.of(counted, seconds)
    except Exception:  # as above
        raise Ending(Outcome.CRASHED, GARBLED, called=called) from None


def _exception(node: Node) -> SeenException | None:
    if node is None:
        return None
    return SeenException(
        type_name=str(node["type"])[:MAX_LINE],
        bases=tuple(map(str, node["bases"])),
        message=str(node["message"])[:MAX_MESSAGE],
        lines=tuple(map(_line, node["lines"][:MAX_LINES])),
        stated=bool(node["stated"]),
        forbidden=None if node["forbidden"] is None else str(node["forbidden"])[:MAX_MESSAGE],
        missing=None if node["missing"] is None else str(node["missing"])[:MAX_LINE],
    )


def _line(parts: Node) -> SourceLine:
    number, text, function = parts
    return SourceLine(int(number), str(text)[:MAX_LINE], str(function)[:MAX_LINE])


def _ending_of(seen: Seen, exception: SeenException, recognised: dict[str, Callable[[SeenException], bool]]) -> Ending:
    """Return the ending that an exception out of the submission means."""
    outcome, said = _meaning(exception)
    lines = () if outcome is Outcome.NOT_STARTED else exception.lines
    named = next((name for name, fits in recognised.items() if outcome is Outcome.RAISED and fits(exception)), None)
    return Ending(outcome, said, called=seen.called, lines=lines, misconception=named)


def _meaning(exception: SeenException) -> tuple[Outcome, str]:
    if exception.missing:
        return Outcome.FAILED, f"your file does not define `{exception.missing}`"
    if exception.forbidden:
        return Outcome.REFUSED, f"the sandbox did not let your code {exception.forbidden}"
    if exception.type_name == "NotImplementedError" and exception.stated:
        return Outcome.NOT_STARTED, "not written yet"
    if "SystemExit" in exception.bases:
        return Outcome.CRASHED, f"your code did not return: it called sys.exit({exception.message})"
    return Outcome.RAISED, str(exception)
