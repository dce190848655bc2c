r"""A round for other programs: a JSON object in each line, questions on standard output and answers on standard input.

    out  {"type": "question", "number": 1, "of": 10, "id": "…", "session": "…", "line": "…", "choices": ["…", …]}
    in   {"answer": "…"}          the text itself; a choice by its text or its letter; "?" gives up
    out  {"type": "verdict", "right": true, "real": "…", "near": "…", "why": "…", "taught_in": […], "due": 1.7e9, …}
    out  {"type": "end", "answered": 10, "right": 7}

A line that is no answer is told `{"type": "error", "said": "…"}`, and the question stays. `{"quit": true}` ends the
round, and so does the end of the input.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator

from grader.errors import UsageError
from grader.learning.practice.round import Asked, Round, Told

MOST = 1_000_000  # characters of one line


def run(drill: Round) -> None:
    """Ask until the round is over or nobody answers any more."""
    lines = _lines()
    while (asked := drill.ask()) and _answered(drill, asked, lines):
        pass
    end(drill)


def end(drill: Round) -> None:
    """Say how the round ended."""
    _say({"type": "end", "answered": len(drill.told), "right": drill.right, "of": drill.count})


def end_without_questions(said: str) -> None:
    """Say that there is nothing to ask, and why."""
    _say({"type": "end", "answered": 0, "right": 0, "of": 0, "said": said})


def _answered(drill: Round, asked: Asked, lines: Iterator[str]) -> bool:
    """Show a question and take its answer; return whether there was one."""
    _say(question(asked))
    for line in lines:
        try:
            given = _given(line)
            if given is None:
                return False
            _say(verdict(asked, drill.answer(given)))
        except UsageError as error:
            _say({"type": "error", "said": str(error)})
        else:
            return True
    return False


def question(asked: Asked) -> dict[str, object]:
    """Return a question as plain data."""
    return {
        "type": "question", "number": asked.number, "of": asked.of, "id": asked.misconception.id,
        "session": asked.session, "line": asked.line, "choices": list(asked.choices),
    }  # fmt: skip


def verdict(asked: Asked, told: Told) -> dict[str, object]:
    """Return what is said to an answer as plain data; `due` is a Unix time."""
    found = asked.misconception
    return {
        "type": "verdict", "number": asked.number, "id": found.id, "right": told.right, "given": told.given,
        "real": told.real, "near": told.near, "believed": told.fell_for_it, "title": found.title, "why": found.why,
        "rest": told.rest, "taught_in": [each.name for each in told.taught_in], "read_on": found.read_on,
        "due": told.due,
    }  # fmt: skip


def _given(line: str) -> str | None:
    """Return what a line answers, None where it ends the round; raise UsageError for anything else."""
    try:
        document = json.loads(line)
    except (ValueError, RecursionError):
        raise UsageError('a line is a JSON object such as {"answer": "True"}') from None
    if isinstance(document, dict) and document.get("quit") is True:
        return None
    if isinstance(document, dict) and isinstance(answer := document.get("answer"), str):
        return answer
    raise UsageError('an answer is a text: {"answer": "True"}; {"quit": true} ends the round')


def _lines() -> Iterator[str]:
    while line := (sys.stdin.readline(MOST) if sys.stdin else ""):
        if line.strip():
            yield line


def _say(document: dict[str, object]) -> None:
    print(json.dumps(document), flush=True)
