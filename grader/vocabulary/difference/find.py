"""Finds the difference of two results: how many elements, which is worst, what pattern holds, and a picture."""

from __future__ import annotations

import numpy as np

from grader.verdict import Difference
from grader.vocabulary.difference import picture, places, rearranged, rounded, scaled, shaped
from grader.vocabulary.difference.numbers import MOST, Pair, Pattern, first_pattern, worst

MOST_SHARE = 0.75  # of all elements: where more differ, they are not told apart
FEW = 3  # elements, of which fewer have something in common by accident

# Where several hold, the first of them is told: the plainer one.
OF_VALUES: tuple[Pattern, ...] = (
    rounded.up_to_nan, scaled.constant, scaled.factor, scaled.offset, scaled.signs, rounded.precision, rounded.rounded,
    rounded.wrapped, rearranged.rearranged, rearranged.renumbered, scaled.repeated, scaled.running_sum,
    scaled.function, scaled.inverse, rounded.cut_off, scaled.straight_line, scaled.of_its_own, scaled.one_number,
)  # fmt: skip
OF_A_PART: tuple[Pattern, ...] = (
    rounded.up_to_nan, scaled.constant, scaled.factor, scaled.offset, rounded.rounded, rounded.wrapped,
)  # fmt: skip
OF_SHAPES: tuple[Pattern, ...] = (
    shaped.turned_round, shaped.squeezed, shaped.prefix, shaped.broadcast, shaped.position, shaped.reduced,
)  # fmt: skip


def difference(pair: Pair) -> Difference | None:
    """Return where and how the two differ; None where nothing that is known of here differs."""
    if pair.got.shape != pair.expected.shape:
        said = _said(pair, OF_SHAPES)
        return Difference(pattern=said) if said else None
    if not pair.count:
        return Difference(pattern=f"the {'values themselves are' if pair.got.size > 1 else 'value itself is'} right")
    said = _after_steps(pair) or _said(pair, OF_VALUES) or _in_a_place(pair)
    return Difference(pair.count, pair.wrong.size, worst(pair), said, picture.of(pair))


def _said(pair: Pair, patterns: tuple[Pattern, ...]) -> str:
    if max(pair.got.size, pair.expected.size) > MOST or min(pair.got.size, pair.expected.size) == 0:
        return ""
    return first_pattern(pair, patterns)


def _in_a_place(pair: Pair) -> str:
    """Return where the elements that differ lie, and how these differ."""
    with np.errstate(all="ignore"):
        place = places.where(pair) if pair.wrong.size <= MOST else ""
    if not place and not FEW <= pair.count <= MOST_SHARE * pair.wrong.size:
        return ""
    there = _said(pair.part(pair.wrong), OF_A_PART)
    if not there:
        return place
    return f"{place}; in the others, {there}" if place.endswith("right") else f"{place or 'those that differ'}: {there}"


def _after_steps(pair: Pair) -> str:
    """Return after how many steps this would be the result, where the check gave the results of other steps."""
    if not pair.steps or pair.got.size > MOST:
        return ""
    due = next((at for at, each in enumerate(pair.steps) if pair.tolerance.alike(each, pair.expected)), None)
    done = next((at for at, each in enumerate(pair.steps) if pair.alike(each)), None)
    if due is None or done is None or due == done:
        return ""
    more = abs(done - due)
    said = "one step" if more == 1 else f"{more} steps"
    return f"{said} too {'many' if done > due else 'few'}: the result of {done} where that of {due} was expected"
