"""The exercise's file is deleted, renamed, or replaced by what is no file."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

from grader.proofs.chaos.corpus import Act, family
from grader.proofs.chaos.world import NUMBER, World, obey_modes, unlike

Change = Callable[[World], None]


def _deleted(world: World) -> None:
    world.file.unlink()


def _renamed(world: World) -> None:
    world.file.rename(world.file.with_suffix(".mine"))


def _a_folder(world: World) -> None:
    world.file.unlink()
    world.file.mkdir()


def _a_pipe(world: World) -> None:
    world.file.unlink()
    os.mkfifo(world.file)


def _zeros_without_end(world: World) -> None:
    world.file.unlink()
    world.file.symlink_to("/dev/zero")


def _a_link_to_itself(world: World) -> None:
    world.file.unlink()
    world.file.symlink_to(world.file)


def _empty(world: World) -> None:
    world.write("")


CHANGES: dict[Change, str] = {
    _deleted: "there is no file", _renamed: "there is no file", _a_folder: "is a folder", _a_pipe: "is a pipe",
    _empty: "is empty", _zeros_without_end: "a device", _a_link_to_itself: "leads to itself",
}  # fmt: skip


def _words(change: Change) -> str:
    return change.__name__.strip("_").replace("_", " ")


def _before(change: Change, says: str) -> Act:
    """Return the scenario in which the file is so before it is graded."""

    def act(world: World) -> Iterator[str]:
        change(world)
        yield from unlike(world.run("exercise", NUMBER), 2, says)
        yield from unlike(world.run("compare", NUMBER, "--spoil"), 2, says)
        yield from world.put_back()

    act.__name__ = f"{change.__name__.strip('_')}_before"
    act.__doc__ = f"The exercise's file is {_words(change)}."
    return act


def _meanwhile(change: Change) -> Act:
    """Return the scenario in which the file becomes so while it is graded: what was read is graded."""

    def act(world: World) -> Iterator[str]:
        world.slow()
        running = world.start("exercise", NUMBER)
        world.wait_for_work()
        change(world)
        yield from unlike(world.ended(running), 0)
        yield from world.put_back()

    act.__name__ = f"{change.__name__.strip('_')}_meanwhile"
    act.__doc__ = f"While it is graded, the file becomes {_words(change)}."
    return act


def _watched(change: Change) -> Act:
    """Return the scenario in which the file becomes so while it is watched, and is itself again."""

    def act(world: World) -> Iterator[str]:
        world.write(world.solution.replace("return", "return None  #", 1))
        screen = world.watch()
        screen.shows("✗ failed")
        change(world)
        world.wait(2.0)
        yield from world.put_back()
        screen.shows("Passed: 6 of 6 steps")
        yield from world.leave(screen)

    act.__name__ = f"{change.__name__.strip('_')}_watched"
    act.__doc__ = f"While it is watched, the file becomes {_words(change)}, and is saved again."
    return act


def _unreadable(world: World) -> Iterator[str]:
    """The exercise's file may not be read by who grades."""
    world.file.chmod(0o000)
    yield from unlike(world.run("exercise", NUMBER, before=obey_modes), 2, "Permission denied")
    world.file.chmod(0o644)


SCENARIOS = family(
    "file",
    *(_before(change, says) for change, says in CHANGES.items()),
    *map(_meanwhile, (_deleted, _renamed, _a_folder, _a_pipe)),
    *map(_watched, (_deleted, _a_folder, _a_pipe)),
    _unreadable,
)
