"""The checkout lies in a folder with an odd name, beside files with names of modules, of a user with an odd home."""

from __future__ import annotations

from collections.abc import Iterator

from grader.proofs.chaos.corpus import Act, family
from grader.proofs.chaos.world import NUMBER, World, obey_modes, unlike

NAMES = {
    "brackets": "p [b]", "colons": "a::b", "korean": "한글 이름", "quotes": "it's \"a\" $HOME; & b", "dash": "-rf",
    "percent": "%s {0} #?*\\", "newline": "two\nlines",
}  # fmt: skip
MODULES = ("torch", "random", "queue", "numpy", "pytest", "conftest", "sitecustomize", "typing", "sqlite3", "rich")


def _named(what: str, name: str) -> Act:
    """Return the scenario in which the checkout's folder has this name."""

    def act(world: World) -> Iterator[str]:
        yield from unlike(world.run("exercise", NUMBER), 0)
        yield from unlike(world.run("list"), 0)

    act.__name__ = f"checkout_with_{what}"
    act.__doc__ = f"The checkout lies in a folder with {what} in its name."
    act.folder = name  # type: ignore[attr-defined]
    return act


def _modules_beside_the_exercise(world: World) -> Iterator[str]:
    """Files with names of modules lie beside the exercise; none is imported."""
    for name in MODULES:
        (world.file.parent / f"{name}.py").write_text("raise SystemExit('imported')\n", encoding="utf-8")
    yield from unlike(world.run("exercise", NUMBER), 0)


def _modules_in_the_checkout(world: World) -> Iterator[str]:
    """Files with names of modules that python -m itself does not load lie in the current folder; none is imported."""
    for name in ("torch", "numpy", "pytest", "conftest", "rich", "psutil"):
        (world.checkout / f"{name}.py").write_text("raise SystemExit('imported')\n", encoding="utf-8")
    yield from unlike(world.run("exercise", NUMBER), 0)
    screen = world.watch()
    screen.shows("Passed: 6 of 6 steps")
    yield from world.leave(screen)


def _no_home(world: World) -> Iterator[str]:
    """The environment names no home."""
    yield from unlike(world.run("exercise", NUMBER, HOME=None), 0)


def _home_missing(world: World) -> Iterator[str]:
    """The home that the environment names is not there."""
    yield from unlike(world.run("exercise", "22", "--file", str(world.solution_of("22")), HOME="/nowhere/home"), 0)


def _home_read_only(world: World) -> Iterator[str]:
    """The home may not be written to by who grades."""
    world.home.chmod(0o555)
    yield from unlike(world.run("exercise", "22", "--file", str(world.solution_of("22")), before=obey_modes), 0)


SCENARIOS = family(
    "place",
    *(_named(what, name) for what, name in NAMES.items()),
    _modules_beside_the_exercise, _modules_in_the_checkout, _no_home, _home_missing, _home_read_only,
)  # fmt: skip
