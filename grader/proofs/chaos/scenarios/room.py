"""There is too little of something: room, descriptors, processes, memory."""

from __future__ import annotations

import resource
from collections.abc import Iterator

from grader.proofs.chaos.corpus import family
from grader.proofs.chaos.world import NUMBER, World, no_more_than, unlike
from grader.units import GB


def _no_temporary_files(world: World) -> Iterator[str]:
    """The temporary folder is on a disk that takes a single file more; what writes none is graded."""
    with world.small_disk(world.temporary, "nr_inodes=3"):
        yield from unlike(world.run("exercise", NUMBER), 0)
    yield from world.passes_again()


def _no_temporary_room(world: World) -> Iterator[str]:
    """The temporary folder is on a disk that takes files, and nothing in them; another folder serves."""
    with world.small_disk(world.temporary, "size=4k"):
        (world.temporary / "full").write_bytes(bytes(4096))
        yield from unlike(world.run("exercise", NUMBER), 0)
        (world.temporary / "full").unlink()
    yield from world.passes_again()


def _no_temporary_folder(world: World) -> Iterator[str]:
    """The temporary folder that the environment names is not there; another one serves."""
    yield from unlike(world.run("exercise", NUMBER, TMPDIR=str(world.root / "nowhere")), 0)


def _no_room_for_the_record(world: World) -> Iterator[str]:
    """The record is on a full disk."""
    world.database.parent.mkdir()
    with world.small_disk(world.database.parent, "size=16k"):
        (world.database.parent / "full").write_bytes(bytes(12 * 1024))
        yield from unlike(world.run("exercise", NUMBER), 0, "progress")
    yield from world.passes_again()


def _no_descriptors(world: World) -> Iterator[str]:
    """The shell grants seven open files."""
    yield from unlike(world.run("exercise", NUMBER, before=no_more_than(resource.RLIMIT_NOFILE, 7)), 3, "open files")
    yield from world.passes_again()


def _few_descriptors(world: World) -> Iterator[str]:
    """The shell grants sixteen open files, which are enough."""
    yield from unlike(world.run("exercise", NUMBER, before=no_more_than(resource.RLIMIT_NOFILE, 16)), 0)


def _no_processes(world: World) -> Iterator[str]:
    """The user may start no more processes than one."""
    limit = no_more_than(resource.RLIMIT_NPROC, 1)
    yield from unlike(world.run("exercise", NUMBER, before=world.as_nobody(limit)), 3)


def _few_processes(world: World) -> Iterator[str]:
    """The user may start three processes: the command, what grades, and what starts submissions."""
    limit = no_more_than(resource.RLIMIT_NPROC, 3)
    yield from unlike(world.run("exercise", NUMBER, before=world.as_nobody(limit)), 3, "could not be started")


def _no_large_files(world: World) -> Iterator[str]:
    """The shell grants files of no more than 512 bytes; the verdict is shown, and said not to be kept."""
    yield from unlike(world.run("exercise", NUMBER, before=no_more_than(resource.RLIMIT_FSIZE, 512)), (0, 1, 3))
    yield from world.passes_again()


def _no_memory(world: World) -> Iterator[str]:
    """The shell grants half a gigabyte of address space, in which torch has no room."""
    yield from unlike(world.run("exercise", NUMBER, before=no_more_than(resource.RLIMIT_AS, GB // 2)), 3)
    yield from world.passes_again()


SCENARIOS = family(
    "room", _no_temporary_files, _no_temporary_room, _no_temporary_folder, _no_room_for_the_record, _no_descriptors,
    _few_descriptors, _no_processes, _few_processes, _no_large_files, _no_memory,
)  # fmt: skip
