"""Finds, in the text of other cells, what a cell uses and does not define."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from grader.notebook.names import GIVEN
from grader.notebook.pieces import Kind, Piece

# What a notebook has and a file has not.
ONLY_IN_NOTEBOOKS = frozenset({"In", "Out", "_", "__", "___", "display", "get_ipython"})


@dataclass(frozen=True)
class Brought:
    """What is brought along, in the order in which it was run, and what is missing: a name, and why it is."""

    pieces: tuple[Piece, ...]
    missing: dict[str, str]

    @property
    def names(self) -> dict[str, str]:
        """The names that are brought along, each with the label of its cell."""
        return {name: each.label for each in self.pieces for name in sorted(each.names.binds)}


def bring(needing: Sequence[Piece], known: Collection[str], library: Sequence[Piece]) -> Brought:
    """Return those pieces of the library that others need, and what they need themselves.

    The library is in the order in which it was run, so that a name means what bound it last. `known` are names that
    are there anyway.
    """
    search = _Search(library, {*known, *GIVEN, *(name for each in needing for name in each.names.binds)})
    for each in needing:
        search.find(each.names.uses, len(library))
    chosen = tuple(library[place] for place in sorted(search.chosen))
    stars = [each for each in library if _is_star(each)]
    if search.missing and (stars or any(map(_is_star, needing))):  # no text tells which names these bring
        return Brought((*stars, *chosen), {})
    return Brought(chosen, search.missing)


def _is_star(piece: Piece) -> bool:
    return piece.kind is Kind.IMPORT and piece.lines[0].rstrip().endswith("*")


class _Search:
    def __init__(self, library: Sequence[Piece], known: set[str]) -> None:
        self._library = library
        self._known = known
        self.chosen: set[int] = set()
        self.missing: dict[str, str] = {}

    def find(self, names: Iterable[str], before: int) -> None:
        """Choose what binds these names last, among what was run before a place."""
        for name in sorted(names):
            if name not in self._known:
                self._find(name, before)

    def _find(self, name: str, before: int) -> None:
        place = next((at for at in reversed(range(before)) if name in self._library[at].names.binds), None)
        if place is None:
            self.missing.setdefault(name, self._why(name))
        elif (why := _unfit(self._library[place])) and place not in self.chosen:
            self.missing.setdefault(name, why)
        elif place not in self.chosen:
            self.chosen.add(place)
            found = self._library[place]
            self.find(found.names.now - (found.names.binds if found.kind is not Kind.ASSIGNMENT else set()), place)
            self.find(found.names.later - found.names.binds, len(self._library))

    def _why(self, name: str) -> str:
        if name in ONLY_IN_NOTEBOOKS:
            return "is there in a notebook, and not where this cell is graded"
        return "is defined in no cell that was run here"


def _unfit(piece: Piece) -> str:
    """Return why a piece cannot be brought along; empty where it can."""
    if piece.names.uses & ONLY_IN_NOTEBOOKS:
        return f"comes from {piece.label}, by a command that only a notebook has"
    if piece.kind is Kind.OTHER:
        word = piece.lines[0].split(maxsplit=1)[0].rstrip(":")
        brought = "only functions, classes, imports and assignments are brought along"
        return f"is set by `{word}` in {piece.label}; {brought}"
    return ""
