"""Which names a text binds and which it uses, by the compiler's own tables of symbols; nothing is run."""

from __future__ import annotations

import builtins
import symtable
from dataclasses import dataclass

# What every module has, and nobody has to define.
GIVEN = frozenset({*dir(builtins), "__file__", "__annotations__", "__conditional_annotations__"})
COMPREHENSIONS = ("listcomp", "setcomp", "dictcomp", "genexpr")


@dataclass(frozen=True)
class Names:
    """Names at the top of a text: those that it binds, those that it uses while it runs, and those only later.

    Later is when a function of it is called.
    """

    binds: frozenset[str]
    now: frozenset[str]
    later: frozenset[str]

    @property
    def uses(self) -> frozenset[str]:
        """All names that must be there, from this text or from elsewhere, for it to work."""
        return self.now | self.later


def names_of(text: str) -> Names:
    """Return the names of a text that is Python; raise SyntaxError for any other."""
    table = symtable.symtable(text, "cell", "exec")
    symbols = table.get_symbols()
    binds = {each.get_name() for each in symbols if each.is_assigned() or each.is_imported()}
    now = {each.get_name() for each in symbols if each.is_referenced()}
    later: set[str] = set()
    for child in table.get_children():
        _collect(child, now, later, runs_now=True)
    return Names(frozenset(binds), frozenset(now), frozenset(later))


def _collect(table: symtable.SymbolTable, now: set[str], later: set[str], *, runs_now: bool) -> None:
    """Add the global names of a scope and of those in it: what is in a class runs at once, in a function later."""
    runs_now = runs_now and (table.get_type() != "function" or table.get_name() in COMPREHENSIONS)
    found = {each.get_name() for each in table.get_symbols() if each.is_global() and each.is_referenced()}
    (now if runs_now else later).update(found)
    for child in table.get_children():
        _collect(child, now, later, runs_now=runs_now)
