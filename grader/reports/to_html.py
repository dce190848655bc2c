"""Verdicts as a page to read, print, or send: one file without scripts that says all that a terminal does, and more."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from grader.catalogue.misconceptions import misconceptions
from grader.harmless import marked
from grader.reports import picture
from grader.reports.markup import Node, page, tag
from grader.reports.to_terminal import SIGNS, WEAKER, is_unloadable, is_weaker
from grader.verdict import CheckResult, Difference, Outcome, StepResult, Verdict

CALM = (Outcome.PASSED, Outcome.BLOCKED, Outcome.NOT_STARTED, Outcome.UNAVAILABLE)
STYLES = ("page.css", "verdict.css")  # of a page, and of what can also stand within another one


def to_html(verdicts: Sequence[Verdict]) -> str:
    """Return one page: what came of it all, then each verdict, then what it was graded with."""
    several = len({verdict.exercise for verdict in verdicts}) > 1
    done = sum(verdict.passed for verdict in verdicts)
    title = f"{done} of {len(verdicts)} passed" if several else _name(verdicts[0])
    overview = [_overview(verdicts)] if len(verdicts) > 1 else []
    return page(
        f"{title} · PyTorch katas",
        "".join(map(style, STYLES)),
        tag("header", tag("h1", title)),
        tag("main", *overview, *(_verdict(each, several=several) for each in verdicts)),
        tag("footer", tag("p", "Graded with ", _versions(verdicts), ".")),
    )


def style(name: str) -> str:
    """Return a style sheet of this room."""
    return Path(__file__).with_name(name).read_text(encoding="utf-8")


def _name(verdict: Verdict) -> str:
    return f"{verdict.exercise.partition('_')[0]} {verdict.title}"


def _id(verdict: Verdict) -> str:
    return f"{verdict.exercise}-{verdict.device}"


def _versions(verdicts: Sequence[Verdict]) -> str:
    found = dict.fromkeys(f"{name} {version}" for each in verdicts for name, version in each.versions.items())
    return ", ".join(found) or "what is not known"


def state(outcome: Outcome) -> Node:
    """Return an outcome as sign and word."""
    word = outcome.replace("_", " ")
    sign = tag("span", SIGNS[outcome][0], aria_hidden="true")
    return tag("span", sign, f" {word}", class_=f"state {word.replace(' ', '-')}")


def _overview(verdicts: Sequence[Verdict]) -> Node:
    rows = []
    for each in verdicts:
        passed, total = each.score
        link = tag("a", _name(each), href=f"#{_id(each)}")
        rows.append((link, each.device, state(each.outcome), f"{passed} of {total}", each.first_open_step))
    return _table("All verdicts", ("exercise", "device", "state", "steps passed", "first to fix"), rows, narrow=3)


def _table(caption: str, heads: Sequence[str], rows: Sequence[Sequence[Node]], *, narrow: int) -> Node:
    """Return a table whose first column names its rows; on a phone, the columns from `narrow` on are left out."""
    kinds: list[dict[str, str]] = [{} if column < narrow else {"class_": "wide"} for column in range(len(heads))]
    head = [tag("th", each, scope="col", **kind) for each, kind in zip(heads, kinds, strict=True)]
    body = [
        [tag("th", first, scope="row"), *(tag("td", each, **kind) for each, kind in zip(rest, kinds[1:], strict=True))]
        for first, *rest in rows
    ]
    lines = [tag("tr", *cells) for cells in body]
    return tag("table", tag("caption", caption), tag("thead", tag("tr", *head)), tag("tbody", *lines))


def _verdict(verdict: Verdict, *, several: bool) -> Node:
    name = f"heading-{_id(verdict)}"
    heading = tag("h2", f"{_name(verdict)}, on {verdict.device}" if several else f"On {verdict.device}", id=name)
    return tag("section", heading, *body(verdict), id=_id(verdict), aria_labelledby=name)


def body(verdict: Verdict, about: str = "") -> Iterator[Node]:
    """Yield all that is to be said of a verdict, below a heading; of one step alone where that is named."""
    passed, total = verdict.score
    yield tag("p", state(verdict.outcome), f" · {passed} of {total} steps passed · ", tag("code", verdict.submission))
    yield _steps(verdict)
    steps = verdict.steps[:1] if is_unloadable(verdict) else verdict.steps
    for step in steps:
        if about in ("", step.name):
            yield from _step(step)
    yield from _other_prints(verdict, about)
    yield from _conditions(verdict)


def _steps(verdict: Verdict) -> Node:
    rows = [
        (tag("code", step.name), state(step.outcome), f"{step.passed} of {len(step.checks)}") for step in verdict.steps
    ]
    return _table("Steps", ("step", "state", "checks"), rows, narrow=3)


def _step(step: StepResult) -> Iterator[Node]:
    """Yield what a learner can act on."""
    if bad := [check for check in step.checks if check.outcome not in CALM]:
        yield tag("h3", tag("code", step.name))
        yield from map(_failure, bad)


def _failure(check: CheckResult) -> Node:
    facts = [("called", check.called), *_difference(check), *_lines(check)]
    known = [_misconception(check.misconception)] if check.misconception in misconceptions() else []
    return tag(
        "article",
        tag("h4", check.headline),
        tag("p", state(check.outcome), f": {marked(check.said)}"),
        tag("dl", *(part for name, value in facts if value for part in _fact(name, value))),
        *known,
        *([_printed([check])] if check.printed else []),
    )


def _difference(check: CheckResult) -> list[tuple[str, str]]:
    """Return how what came back differs from what was expected."""
    found = check.difference or Difference()
    shown = "\n".join(picture.lines(found.picture)) if found.picture else ""
    return [("got", check.got), ("expected", check.expected), ("differs", check.detail), ("note", found.pattern),
            ("picture", shown)]  # fmt: skip


def _lines(check: CheckResult) -> list[tuple[str, str]]:
    # A comprehension and a recursion run the same line in several frames.
    lines = dict.fromkeys((line.number, line.text) for line in check.lines)
    return [(f"line {number}", text) for number, text in lines]


def _fact(name: str, value: str) -> tuple[Node, Node]:
    return tag("dt", name), tag("dd", tag("pre", value.strip()))


def _misconception(name: str | None) -> Node:
    known = misconceptions()[name or ""]
    return tag(
        "details",
        tag("summary", "Misconception: ", *prose(known.title)),
        tag("p", *prose(known.why)),
        tag("p", tag("strong", "Look: "), *prose(known.look)),
        tag("p", "It is called ", tag("code", known.id), ".", class_="dim"),
    )


def prose(text: str) -> list[Node]:
    """Return a text of ours with what stands in backticks as code."""
    return [tag("code", part) if index % 2 else part for index, part in enumerate(text.split("`"))]


def _other_prints(verdict: Verdict, about: str) -> Iterator[Node]:
    """Yield what was printed where nothing failed, each text once: that of an import comes with every check."""
    texts: dict[str, list[CheckResult]] = {}
    for check in (check for step in verdict.steps if about in ("", step.name) for check in step.checks):
        if check.printed and check.outcome in CALM:
            texts.setdefault(check.printed, []).append(check)
    if texts:
        yield tag("h3", "Printed where nothing failed")
        yield from map(_printed, texts.values())


def _printed(checks: Sequence[CheckResult]) -> Node:
    """Return what each of some checks printed, which is the same."""
    more = f" and {len(checks) - 1} more" if len(checks) > 1 else ""
    summary = tag("summary", f"Printed during “{checks[0].headline}”{more}")
    return tag("details", summary, tag("pre", checks[0].printed.rstrip("\n")))


def _conditions(verdict: Verdict) -> Iterator[Node]:
    if verdict.outcome is Outcome.UNAVAILABLE:
        yield tag("p", f"{verdict.said}: not graded there, so not passed there.")
        return
    isolation = ", ".join(verdict.isolation) or "a process of its own"
    how = f"Seed {verdict.seed} · {verdict.seconds:.2f} s · isolation: {isolation}"
    yield tag("p", how, class_="dim")
    if is_weaker(verdict):
        yield tag("p", WEAKER, class_="blocked")
