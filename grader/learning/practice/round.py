"""A round of questions: shows one after the other, compares what is answered with what really happens, and keeps it."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from grader.catalogue.catalogue import Exercise
from grader.catalogue.misconceptions import Misconception, misconceptions
from grader.catalogue.questions import Question, questions, without_comment
from grader.catalogue.taught import taught_in
from grader.errors import UsageError
from grader.learning.practice import schedule
from grader.learning.practice.answers import is_right, nearly
from grader.learning.practice.choosing import Item
from grader.learning.practice.sessions import Sessions
from grader.learning.replay import Outcome, prompted
from grader.record.practised import Drilled, History, Practised

LETTERS = "abcdef"
GIVEN_UP = "?"
LONG = 60  # characters; what is longer, or has several lines, is chosen and not typed


@dataclass(frozen=True)
class Asked:
    """A question as it is shown. `choices` is empty where the answer is typed.

    `session` holds what was typed before, as the prompt showed it, with what it printed; `line` is the input whose
    output is asked for.
    """

    number: int
    of: int
    misconception: Misconception
    session: str
    line: str
    choices: tuple[str, ...]


@dataclass(frozen=True)
class Told:
    """What is said to an answer: the real output, what came after it in the session, and when it comes again."""

    right: bool
    given: str
    real: str
    near: str
    fell_for_it: bool
    rest: str
    taught_in: tuple[Exercise, ...]
    due: float


class Round:
    """Questions about some misconceptions, in this order; each answer is kept as soon as it is given."""

    def __init__(
        self, items: Sequence[Item], sessions: Sessions, practised: Practised, history: History,
        *, clock: Callable[[], float] = time.time, seed: int | None = None,
    ) -> None:  # fmt: skip
        self._names = [each.misconception for each in items]
        self._sessions, self._practised, self._history = sessions, practised, history
        self._clock, self._random = clock, random.Random(seed)
        self._shown_at = 0.0
        self._asked: Asked | None = None
        self.told: list[Told] = []
        if self._names:
            sessions.begin(self._names[0])

    @property
    def count(self) -> int:
        """How many questions there are."""
        return len(self._names)

    @property
    def right(self) -> int:
        """How many were answered rightly so far."""
        return sum(each.right for each in self.told)

    def ask(self) -> Asked | None:
        """Return the question that is next, None at the end. One with choices waits until its session has run."""
        number = len(self.told)
        if number == len(self._names):
            return None
        if self._asked is None or self._asked.number != number + 1:
            self._asked = self._made(number)
            for name in self._names[number : number + 2]:  # the one after it runs while this one is read
                self._sessions.begin(name)
        self._shown_at = self._clock()
        return self._asked

    def _made(self, number: int) -> Asked:
        name = self._names[number]
        question = questions()[name]
        before = "\n".join(_shown(source, said) for source, said in question.played[: question.place])
        line = prompted(_without_comments(question.inputs[question.place]))
        return Asked(number + 1, self.count, misconceptions()[name], before, line, self._choices(question))

    def _choices(self, question: Question) -> tuple[str, ...]:
        if not is_chosen(question):
            return ()
        real = self._outcome(question).real
        found = list(dict.fromkeys([real, *question.believed]))
        self._random.shuffle(found)
        return tuple(found)

    def _outcome(self, question: Question) -> Outcome:
        return self._sessions.outcomes(question.misconception)[question.place]

    def answer(self, given: str) -> Told:
        """Keep an answer to the question that is shown, and return what is said to it.

        Raise UsageError for a choice that is not there; nothing is kept then, and the question stays.
        """
        asked = self._asked
        if asked is None or asked.number != len(self.told) + 1:
            raise UsageError("no question is open")
        given = _meant(asked, given)
        told = self._compared(asked, given)
        self.told.append(told)
        return told

    def _compared(self, asked: Asked, given: str) -> Told:
        name = asked.misconception.id
        question, outcomes = questions()[name], self._sessions.outcomes(name)
        real = outcomes[question.place].real
        gave_up = given == GIVEN_UP
        right = not gave_up and is_right(given, real, question.believed)
        fell = not (right or gave_up) and any(is_right(given, each, (real,)) for each in question.believed)
        rest = "\n".join(_shown(each.typed, each.real) for each in outcomes[question.place + 1 :])
        near = "" if right or gave_up else nearly(given, real)
        return Told(right, given, real, near, fell, rest, taught_in()[name], self._kept(name, right))

    def _kept(self, name: str, right: bool) -> float:
        now = self._clock()
        answer = Drilled(now, name, right, max(now - self._shown_at, 0.0))
        self._practised.keep_answer(answer)
        before = tuple(each for each in self._history.drilled if each.misconception == name)
        return schedule.due(History(drilled=(*before, answer)), now)[name]


def is_chosen(question: Question) -> bool:
    """Return whether the answer is chosen: where the output is long, or cannot be worked out by head."""
    said = question.played[question.place][1]
    return question.choice or ("Error" not in said.partition(":")[0] and (len(said) > LONG or "\n" in said))


def _meant(asked: Asked, given: str) -> str:
    """Return the choice that a letter means, or the text itself where the answer is typed."""
    given = given.strip()
    if not asked.choices or given == GIVEN_UP or given in asked.choices:
        return given
    letters = LETTERS[: len(asked.choices)]
    if len(given) == 1 and given.lower() in letters:
        return asked.choices[letters.index(given.lower())]
    raise UsageError(f"this one is chosen: {', '.join(letters[:-1])} or {letters[-1]}, or {GIVEN_UP} to give up")


def _shown(source: str, said: str) -> str:
    return "\n".join([prompted(source), *([said] if said else [])])


def _without_comments(source: str) -> str:
    return "\n".join(map(without_comment, source.split("\n")))
