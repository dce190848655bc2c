"""What a scenario is: a function that does harm in a world of its own and tells what ended otherwise than it must."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from grader.errors import UsageError
from grader.proofs.chaos.world import Skipped, World

Act = Callable[[World], Iterator[str]]


@dataclass(frozen=True)
class Scenario:
    """One way in which things go wrong: `act` yields in words what is not as it should be."""

    family: str
    name: str
    act: Act
    folder: str = "checkout"

    @property
    def says(self) -> str:
        """What happens in it, in a line."""
        return (self.act.__doc__ or "").rstrip(".")


@dataclass(frozen=True)
class Result:
    """What became of one scenario; `skipped` says why it could not be tried here."""

    scenario: Scenario
    troubles: tuple[str, ...]
    seconds: float
    skipped: str = ""


def chosen(scenarios: Sequence[Scenario], names: Sequence[str] = ()) -> list[Scenario]:
    """Return all scenarios, or those whose family and name hold one of `names`."""
    found = [each for each in scenarios if not names or any(name in f"{each.family}_{each.name}" for name in names)]
    if not found:
        raise UsageError(f"no scenario is named {' or '.join(names)}")
    return found


def family(name: str, *acts: Act) -> list[Scenario]:
    """Return the scenarios of one family; each is named like its function."""
    return [Scenario(name, act.__name__.strip("_"), act, getattr(act, "folder", "checkout")) for act in acts]


def tried(scenario: Scenario, world: World) -> tuple[list[str], str]:
    """Return what went wrong, and why it was skipped where it was."""
    try:
        return list(scenario.act(world)), ""
    except Skipped as why:
        return [], str(why)
