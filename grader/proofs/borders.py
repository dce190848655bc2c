"""What is missing in an exercise's matrix of borders: a hole is filled by a check, or by a reason."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping

from grader.catalogue.borders import STEP, Row, Table, borders, checks_in, kinds
from grader.catalogue.catalogue import Check, Exercise, known_checks
from grader.errors import UsageError
from grader.judging.overlay import Definition, definitions

WORDS_OF_A_REASON = 3


def in_the_borders(exercise: Exercise) -> Iterator[str]:
    """Yield what the exercise's matrix of borders lacks, or says that is not so."""
    try:
        tables = borders(exercise.borders)
    except UsageError as error:
        yield str(error)
        return
    stub = definitions(exercise.handed_out.read_text(encoding="utf-8"))
    steps = {step: stub[step] for step in exercise.steps if step in stub}
    yield from (f"borders: {each}" for each in holes(steps, known_checks(exercise), tables, kinds()))


def holes(
    steps: Mapping[str, Definition],
    checks: Iterable[Check],
    tables: Mapping[str, Table],
    known: Mapping[str, Mapping[str, str]],
) -> Iterator[str]:
    """Yield what a matrix lacks or invents, for these steps of a stub and these checks of theirs."""
    checks = tuple(checks)
    yield from (f"{step} has no table" for step in steps if step not in tables)
    yield from (f"there is a table for {step}, which is no step" for step in tables if step not in steps)
    for step, table in tables.items():
        if step in steps:
            yield from _in_the_table(step, steps[step], table)
            for name, row in table.items():
                own = {check.name for check in checks if check.step == step}
                yield from (f"{step}.{name}: {each}" for each in _in_the_row(row, own, known))
    named = {name for table in tables.values() for row in table.values() for name in _named(row)}
    yield from (f"no border names {check.name}: what is it for?" for check in checks if check.name not in named)


def _in_the_table(step: str, definition: Definition, table: Table) -> Iterator[str]:
    methods = arguments(definition)
    full = {f"{method}.{name}": name for method, names in methods.items() for name in names}
    for long, name in full.items():
        # subtle: where an argument is itself called `step`, the short name is the row of the step
        if long not in table and (name not in table or name == STEP):
            yield f"{long if name == STEP else f'{step}.{name}'} has no row"
    for name in table.keys() - {STEP, *full, *full.values()}:
        yield f"{step} has a row for {name}, which is none of its arguments"
    if STEP not in table:
        yield f"{step} has no row for the step itself"


def _in_the_row(row: Row, own: set[str], known: Mapping[str, Mapping[str, str]]) -> Iterator[str]:
    if row.kind not in known:
        yield f"there is no kind {row.kind!r}"
    yield from (f"nothing is said of {border}" for border in known.get(row.kind, ()) if border not in row.borders)
    for border, text in row.borders.items():
        if not text.startswith("test_") and len(text.split()) < WORDS_OF_A_REASON:
            yield f"what is said of {border} is neither a check nor a reason"
    yield from (f"the step has no check {name}" for name in _named(row) if name not in own)


def _named(row: Row) -> Iterator[str]:
    for text in row.borders.values():
        yield from checks_in(text)


def arguments(definition: Definition) -> dict[str, tuple[str, ...]]:
    """Return the arguments that a step is called with, by method: of a class, those that the learner writes."""
    if isinstance(definition, ast.FunctionDef):
        return {definition.name: _arguments(definition)}
    methods = [each for each in definition.body if isinstance(each, ast.FunctionDef)]
    # `ctx` is what torch hands to both methods of a Function; like `self`, nobody passes it
    return {
        each.name: tuple(name for name in _arguments(each)[_is_bound(each) :] if name != "ctx")
        for each in methods
        if each.name == "__init__" or isinstance(each.body[-1], ast.Raise)
    }


def _is_bound(method: ast.FunctionDef) -> bool:
    return not any(ast.unparse(each) == "staticmethod" for each in method.decorator_list)


def _arguments(function: ast.FunctionDef) -> tuple[str, ...]:
    of = function.args
    named = [*of.posonlyargs, *of.args, *of.kwonlyargs, *(each for each in (of.vararg, of.kwarg) if each)]
    return tuple(each.arg for each in named)
