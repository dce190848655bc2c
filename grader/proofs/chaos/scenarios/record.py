"""The learner's record is held, locked, broken, from the future, or not a file."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Iterator

from grader.proofs.chaos.corpus import family
from grader.proofs.chaos.world import NUMBER, World, obey_modes, unlike


def _held(world: World) -> Iterator[str]:
    """Another program holds the record; the verdict is shown, and a later one is kept."""
    yield from unlike(world.run("exercise", NUMBER), 0)
    with contextlib.closing(sqlite3.connect(world.database, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield from unlike(world.run("exercise", NUMBER), 0, "another program holds")
        yield from unlike(world.run("hint", NUMBER), 0, "another program holds")
        yield from unlike(world.run("list"), 0)
    yield from world.passes_again()


def _held_for_good(world: World) -> Iterator[str]:
    """Another program keeps everybody out of the record, readers as well."""
    yield from unlike(world.run("exercise", NUMBER), 0)
    with contextlib.closing(sqlite3.connect(world.database, isolation_level=None)) as other:
        other.execute("PRAGMA locking_mode = EXCLUSIVE")
        other.execute("BEGIN EXCLUSIVE")
        yield from unlike(world.run("exercise", NUMBER), 0, "another program holds")
    yield from world.passes_again()


def _read_only(world: World) -> Iterator[str]:
    """The folder of the record may not be written to by who grades."""
    world.database.parent.mkdir()
    world.database.parent.chmod(0o555)
    yield from unlike(world.run("exercise", NUMBER, before=obey_modes), 0, "be kept")
    world.database.parent.chmod(0o755)
    yield from world.passes_again()


def _read_only_once(world: World) -> Iterator[str]:
    """The record was read-only for one grading, and is not any more."""
    yield from unlike(world.run("exercise", NUMBER), 0)
    world.database.chmod(0o444)
    yield from unlike(world.run("exercise", NUMBER, before=obey_modes), 0, "be kept")
    world.database.chmod(0o644)
    yield from world.passes_again()


def _of_a_newer_version(world: World) -> Iterator[str]:
    """The record was written by a newer grader; it is left as it is."""
    yield from unlike(world.run("exercise", NUMBER), 0)
    with contextlib.closing(sqlite3.connect(world.database)) as database:
        database.execute("PRAGMA user_version = 999")
    yield from unlike(world.run("exercise", NUMBER), 0, "newer grader")
    with contextlib.closing(sqlite3.connect(world.database)) as database:
        if database.execute("PRAGMA user_version").fetchone() != (999,):
            yield "the record of a newer version was changed"


def _broken(world: World) -> Iterator[str]:
    """The record is no database; it is set aside, and a new one begun."""
    world.database.parent.mkdir()
    world.database.write_bytes(b"this was a record once" * 500)
    yield from unlike(world.run("exercise", NUMBER), 0, "it was set aside")
    aside = list(world.database.parent.glob("*.damaged-*"))
    if [each.read_bytes()[:22] for each in aside] != [b"this was a record once"]:
        yield f"what was set aside is not what was there: {aside}"
    yield from world.passes_again()


def _cut_off(world: World) -> Iterator[str]:
    """The second half of the record is gone."""
    yield from unlike(world.run("exercise", NUMBER), 0)
    with contextlib.closing(sqlite3.connect(world.database)) as database:
        database.execute("PRAGMA journal_mode = DELETE")
    os.truncate(world.database, world.database.stat().st_size // 2)
    yield from unlike(world.run("exercise", NUMBER), 0, "it was set aside")
    yield from world.passes_again()


def _a_folder(world: World) -> Iterator[str]:
    """A folder lies in the place of the record."""
    world.database.mkdir(parents=True)
    yield from unlike(world.run("exercise", NUMBER), 0, "which is not a file")
    yield from unlike(world.run("list"), 0)


def _a_pipe(world: World) -> Iterator[str]:
    """A pipe with a name lies in the place of the record, at which whoever reads it waits."""
    world.database.parent.mkdir()
    os.mkfifo(world.database)
    yield from unlike(world.run("exercise", NUMBER), 0, "which is not a file")
    yield from unlike(world.run("list"), 0)


def _no_folder(world: World) -> Iterator[str]:
    """A file lies in the place of the folder of the record."""
    world.database.parent.write_text("", encoding="utf-8")
    yield from unlike(world.run("exercise", NUMBER), 0, "be kept")


def _gone_meanwhile(world: World) -> Iterator[str]:
    """The folder of the record is deleted while a submission is graded."""
    yield from unlike(world.run("exercise", NUMBER), 0)
    world.slow()
    running = world.start("exercise", NUMBER)
    world.wait_for_work()
    world.remove(world.database.parent)
    yield from unlike(world.ended(running), 0)
    yield from world.passes_again()


def _four_at_once(world: World) -> Iterator[str]:
    """Four graders write to a record that none of them has made yet."""
    running = [world.start("exercise", NUMBER) for _ in range(4)]
    for each in running:
        yield from unlike(world.ended(each), 0)
    with contextlib.closing(sqlite3.connect(world.database)) as database:
        if (kept := database.execute("SELECT count(*) FROM attempt").fetchone()[0]) != len(running):
            yield f"{kept} of {len(running)} attempts were kept"


SCENARIOS = family(
    "record", _held, _held_for_good, _read_only, _read_only_once, _of_a_newer_version, _broken, _cut_off, _a_folder,
    _a_pipe, _no_folder, _gone_meanwhile, _four_at_once,
)  # fmt: skip
