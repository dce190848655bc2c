"""What a child's answer means: the plain data that a check compares, or the ending of the check."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from grader.judging.cost import Cost
from grader.sandbox.parent.thaw import Thaw
from grader.sandbox.shared.messages import Absent, Answer, Counted, Dirty, Raised, Unfit, Witnessed
from grader.sandbox.shared.seen import Called, Seen, SeenException
from grader.sandbox.shared.wire import Arrays, WireError
from grader.verdict import Outcome, SourceLine
from grader.vocabulary.ending import Ending
from grader.vocabulary.recognised import named_by

UNFORESEEN = (Outcome.RAISED, Outcome.FAILED)  # what an exception means that no other word stands for
# How Python says that a function was called with other arguments than it is defined for.
UNFIT = re.compile(r"^([\w.]+)\(\) (?:takes|got an unexpected|got multiple|got some|missing)\b")
MERGE = re.compile(r"<{7}|={7}|>{7}|\|{7}")  # what git writes between two versions of some lines
GARBLED = "the grader could not read what your code sent back"

Recognised = Mapping[str, Callable[[SeenException], bool]]


def seen(name: str, called: Called, answer: Answer, arrays: Arrays) -> tuple[Seen, Cost]:
    """Return what was seen of a call and what it cost; raise the Ending where the function could not be called."""
    is_loading = not name  # a file has none
    if isinstance(answer, Dirty) or (is_loading and not isinstance(answer, Witnessed)):
        raise Ending(Outcome.CRASHED, f"{GARBLED}: an answer that does not fit the question", called=called)
    if not isinstance(answer, Witnessed):
        raise Ending(Outcome.FAILED, _why_not_called(name, answer), called=called)
    try:
        read = Thaw(arrays)
        found = Seen(
            called=called,
            value=read.plain(answer.value),
            exception=None if answer.raised is None else _exception(answer.raised),
            arguments=tuple(map(read.plain, answer.arguments)),
            warnings=tuple(answer.warnings),
            seconds=answer.seconds,
            changed_globals=tuple(answer.changed),
        )
    except WireError as error:
        raise Ending(Outcome.CRASHED, f"{GARBLED}: {error}", called=called) from None
    return found, Cost() if answer.cost is None else _cost(answer.cost, answer.seconds)


def _why_not_called(name: str, answer: Answer) -> str:
    if isinstance(answer, Absent):
        if answer.kind:
            return f"`{name}` is not a function or a class, but a value of type {answer.kind}"
        return f"your file does not define `{name}`"
    signature = answer.signature if isinstance(answer, Unfit) else ""
    return f"`{name}` does not take the arguments of this call; your file defines `{name}{signature}`"


def _exception(raised: Raised) -> SeenException:
    return SeenException(
        type_name=raised.type, bases=tuple(raised.bases), message=raised.message,
        lines=tuple(SourceLine(each.number, each.text, each.function) for each in raised.lines),
        own=raised.own, stated=raised.stated, forbidden=raised.forbidden, missing=raised.missing,
    )  # fmt: skip


def _cost(counted: Counted, seconds: float) -> Cost:
    return Cost(counted.operations, counted.copies, counted.bytes, counted.nodes, seconds)


def unless_raised(found: Seen, recognised: Recognised) -> Seen:
    """Return what was seen; where the submission raised, raise the Ending that this means.

    It is named by the first of the misconceptions `recognised` whose function is true of the exception.
    """
    if found.exception is None:
        return found
    outcome, said = _meaning(found.exception)
    lines = () if outcome is Outcome.NOT_STARTED else found.exception.lines
    by_itself = named_by(found.exception) if outcome in UNFORESEEN and not found.exception.missing else None
    raise Ending(
        outcome, said, called=found.called, lines=lines, recognised=by_itself,
        misconception=_named(found.exception, recognised) if outcome in UNFORESEEN else None,
    )  # fmt: skip


def _named(exception: SeenException, recognised: Recognised) -> str | None:
    fits = (name for name, is_it in recognised.items() if is_it(exception))
    return None if exception.missing else next(fits, None)


def _meaning(exception: SeenException) -> tuple[Outcome, str]:
    if exception.missing:
        return Outcome.FAILED, f"your file does not define `{exception.missing}`"
    if exception.forbidden:
        said = f"the sandbox did not let your code {exception.forbidden}"
        return Outcome.REFUSED, f"{said}{_way_out(exception.forbidden)}"
    if exception.type_name == "NotImplementedError" and exception.stated:
        return Outcome.NOT_STARTED, "not written yet"
    if "SystemExit" in exception.bases:
        return Outcome.CRASHED, f"your code ended the program: {exception}"
    if not exception.own:
        return Outcome.FAILED, _unusable(exception)
    return Outcome.RAISED, f"{exception}{_remark(exception)}"


def _unusable(exception: SeenException) -> str:
    """Say that not the learner's code raised it, but whatever went on with what this code had made."""
    if "NoneType" in exception.message:
        return f"your code left None where a value was needed, perhaps for want of a `return` ({exception})"
    if exception.type_name == "TypeError" and (call := UNFIT.search(exception.message)):
        counted = ", `self` among them" if "." in call[1] and exception.message.endswith(" given") else ""
        return f"`{call[1]}` does not take the arguments of this call ({exception}{counted})"
    return f"what your code made could not be used: {exception}"


def _way_out(forbidden: str) -> str:
    """Return what can be done in place of what was refused, empty where nothing can."""
    if forbidden.startswith(("write ", "move ", "make ")):
        return "; it may write to its current folder and to temporary ones"
    return '; torch.compile works with backend="eager"' if forbidden.startswith("start a compiler") else ""


def _remark(exception: SeenException) -> str:
    """Return what Python cannot know about an exception: where the code runs that raised it."""
    if "SyntaxError" in exception.bases and exception.lines and MERGE.match(exception.lines[-1].text):
        return "; git left this mark where two versions of the file did not fit together: keep one, delete the marks"
    if exception.message == "EOF when reading a line":
        return "; nobody can type an answer while your code is graded"
    if exception.type_name == "ModuleNotFoundError" or "attempted relative import" in exception.message:
        return "; a submission is one file, and can import only what is installed"
    return ""
