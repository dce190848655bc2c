"""Verdicts as a page to read, print, or send: one file without scripts that says all that a terminal does, and more."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from grader.catalogue.misconceptions import misconceptions
from grader.harmless import marked
from grader.reports import picture
from grader.reports.markup import Node, page, table, tag
from grader.reports.telling import told_steps
from grader.reports.to_terminal import SIGNS, WEAKER, is_weaker
from grader.verdict import CheckResult, Difference, Graphs, Outcome, StepResult, Verdict

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
        tag("main", *overview, *sections(verdicts, several=several)),
        footer(verdicts),
    )


def style(name: str) -> str:
    """Return a style sheet of this room."""
    return Path(__file__).with_name(name).read_text(encoding="utf-8")


def sections(verdicts: Sequence[Verdict], *, several: bool = True) -> list[Node]:
    """Return a section for each verdict, for a page of another kind; with `several`, it is named by its exercise."""
    return [_verdict(each, several=several) for each in verdicts]


def footer(verdicts: Sequence[Verdict]) -> Node:
    """Return what verdicts were graded with."""
    return tag("footer", tag("p", "Graded with ", _versions(verdicts), "."))


def _name(verdict: Verdict) -> str:
    return f"{verdict.exercise.partition('_')[0]} {verdict.title}"


def section_id(verdict: Verdict) -> str:
    """Return the id of a verdict's section, for links."""
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
        link = tag("a", _name(each), href=f"#{section_id(each)}")
        rows.append((link, each.device, state(each.outcome), f"{passed} of {total}", each.first_open_step))
    return table("All verdicts", ("exercise", "device", "state", "steps passed", "first to fix"), rows, narrow=3)


def _verdict(verdict: Verdict, *, several: bool) -> Node:
    name = f"heading-{section_id(verdict)}"
    heading = tag("h2", f"{_name(verdict)}, on {verdict.device}" if several else f"On {verdict.device}", id=name)
    return tag("section", heading, *body(verdict), id=section_id(verdict), aria_labelledby=name)


def body(verdict: Verdict) -> Iterator[Node]:
    """Yield all that is to be said of a verdict, below a heading."""
    passed, total = verdict.score
    yield tag("p", state(verdict.outcome), f" · {passed} of {total} steps passed · ", tag("code", verdict.submission))
    yield steps_table(verdict)
    for step in told_steps(verdict):
        if articles := list(failures(step)):
            yield tag("h3", tag("code", step.name))
            yield from articles
    yield from other_prints(verdict.steps)
    yield from conditions(verdict)


def steps_table(verdict: Verdict) -> Node:
    """Return each step with its state."""
    rows = [
        (tag("code", step.name), state(step.outcome), f"{step.passed} of {len(step.checks)}") for step in verdict.steps
    ]
    return table("Steps", ("step", "state", "checks"), rows, narrow=3)


def failures(step: StepResult, *, in_cell: bool = False) -> Iterator[Node]:
    """Yield what a learner can act on; misconceptions are folded up, unless it is for a cell of a notebook."""
    return (_failure(check, in_cell=in_cell) for check in step.checks if check.outcome not in CALM)


def _failure(check: CheckResult, *, in_cell: bool) -> Node:
    facts = [("called", check.called), ("with", check.details), *_difference(check), *_graphs(check), *_lines(check)]
    known = [_misconception(check.misconception, in_cell=in_cell)] if check.misconception in misconceptions() else []
    return tag(
        "article",
        tag("h4", check.headline),
        tag("p", state(check.outcome), f": {marked(check.said)}"),
        _facts([(name, value.strip()) for name, value in facts if value], as_table=in_cell),
        *known,
        *([_printed([check])] if check.printed else []),
    )


def _difference(check: CheckResult) -> list[tuple[str, str]]:
    """Return how what came back differs from what was expected."""
    found = check.difference or Difference()
    shown = "\n".join(picture.lines(found.picture)) if found.picture else ""
    return [("got", check.got), ("expected", check.expected), ("differs", check.detail), ("note", found.pattern),
            ("picture", shown)]  # fmt: skip


def _graphs(check: CheckResult) -> list[tuple[str, str]]:
    """Return what autograd had recorded behind what came back, and what was expected of that."""
    found = check.graphs or Graphs((), ())
    return [("graph", "\n".join(found.got)), ("instead of", "\n".join(found.expected))]


def _lines(check: CheckResult) -> list[tuple[str, str]]:
    # A comprehension and a recursion run the same line in several frames.
    lines = dict.fromkeys((line.number, line.text) for line in check.lines)
    return [(f"line {number}", text) for number, text in lines]


def _facts(facts: Sequence[tuple[str, str]], *, as_table: bool) -> Node:
    """Return names and values; a table keeps its form in a notebook that is not trusted, whose style is not obeyed."""
    if as_table:
        rows = (tag("tr", tag("th", name, scope="row"), tag("td", tag("pre", value))) for name, value in facts)
        return tag("table", *rows, class_="facts")
    return tag("dl", *(part for name, value in facts for part in (tag("dt", name), tag("dd", tag("pre", value)))))


def _misconception(name: str | None, *, in_cell: bool) -> Node:
    known = misconceptions()[name or ""]
    fold: dict[str, str] = {"open": "open"} if in_cell else {}
    return tag(
        "details",
        tag("summary", "Misconception: ", *prose(known.title)),
        tag("p", *prose(known.why)),
        tag("p", tag("strong", "Look: "), *prose(known.look)),
        tag("p", "It is called ", tag("code", known.id), ".", class_="dim"),
        **fold,
    )


def prose(text: str) -> list[Node]:
    """Return a text of ours with what stands in backticks as code."""
    return [tag("code", part) if index % 2 else part for index, part in enumerate(text.split("`"))]


def other_prints(steps: Sequence[StepResult]) -> Iterator[Node]:
    """Yield what was printed where nothing failed, each text once: that of an import comes with every check."""
    texts: dict[str, list[CheckResult]] = {}
    for check in (check for step in steps for check in step.checks):
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


def conditions(verdict: Verdict) -> Iterator[Node]:
    """Yield how it was graded."""
    if verdict.outcome is Outcome.UNAVAILABLE:
        yield tag("p", f"{verdict.said}: not graded there, so not passed there.")
        return
    isolation = ", ".join(verdict.isolation) or "a process of its own"
    how = f"Seed {verdict.seed} · {verdict.seconds:.2f} s · isolation: {isolation}"
    yield tag("p", how, class_="dim")
    if is_weaker(verdict):
        yield tag("p", WEAKER, class_="blocked")
