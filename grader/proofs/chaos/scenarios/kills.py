"""Each process of each command is killed while a submission is at work."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import psutil

from grader.proofs.chaos.corpus import Act, family
from grader.proofs.chaos.world import NUMBER, World, unlike

COMMANDS = {
    "exercise": ("exercise", NUMBER), "strict": ("exercise", NUMBER, "--strict"), "compare": ("compare", NUMBER),
    "all": ("all",), "audit": ("audit", NUMBER, "--seed", "1", "--jobs", "1"),
}  # fmt: skip


def _found(world: World, who: str, command: int) -> psutil.Process:
    """Return a process by what it does, seen from the child that is at work."""
    child = world.child_at_work()
    zygote = child.parent()
    assert zygote is not None
    if who == "waiting child":
        world.until(lambda: len(zygote.children()) > 1, "no child waits")
        return next(each for each in zygote.children() if each != child)
    judge = zygote.parent()
    assert judge is not None
    return {"child": child, "zygote": zygote, "judge": judge, "command": psutil.Process(command)}[who]


def _killed(command: str, who: str, code: int | tuple[int, ...], says: str) -> Act:
    """Return the scenario in which this process of this command is killed."""

    def act(world: World) -> Iterator[str]:
        world.slow()
        if command == "compare":
            yield from unlike(world.run("exercise", NUMBER), 0, "", "before: ")
        if command == "audit":
            world.audit_slow()
        running = world.start(*COMMANDS[command])
        world.wait_for_work()
        _found(world, who, running.pid).kill()
        ended = world.ended(running)
        # What Python's own helpers say of the death of those that they help is not ours.
        yield from unlike(ended._replace(said="") if who == "command" else ended, code, says)
        yield from world.left()
        yield from world.passes_again()

    act.__name__ = f"{who}_of_{command}".replace(" ", "_")
    act.__doc__ = f"The {who} is killed while {'exercise --strict' if command == 'strict' else command} is at work."
    return act


def _watch(who: str, says: str) -> Act:
    """Return the scenario in which this process of `watch` is killed, and the file is saved once more."""

    def act(world: World) -> Iterator[str]:
        world.slow()
        screen = world.watch()
        world.wait_for_work(screen)
        _found(world, who, screen.pid).kill()
        screen.shows(says)
        world.write(world.solution)
        screen.shows("Passed: 6 of 6 steps")
        yield from world.leave(screen)

    act.__name__ = f"{who}_of_watch"
    act.__doc__ = f"The {who} is killed while watch grades; the next save is graded."
    return act


def _watch_itself(world: World) -> Iterator[str]:
    """The command is killed while watch grades."""
    world.slow()
    screen = world.watch()
    world.wait_for_work(screen)
    screen.process.kill(signal.SIGKILL)
    yield from world.left()
    yield from world.passes_again()


def _idle_judge_of_watch(world: World) -> Iterator[str]:
    """What grades is killed while watch waits for a save; the next one is graded."""
    screen = world.watch()
    screen.shows("Passed: 6 of 6 steps")
    for each in psutil.Process(screen.pid).children():
        each.kill()
    world.wait(1.0)  # a save that comes before it is gone is told so
    world.write(world.solution.replace("return", "return None  #", 1))
    screen.shows("✗ failed")
    world.write(world.solution)
    screen.shows("Passed: 6 of 6 steps")
    yield from world.leave(screen)


def _idle_children_of_watch(world: World) -> Iterator[str]:
    """The children that wait are killed while watch waits for a save; the next one is graded."""
    screen = world.watch()
    screen.shows("Passed: 6 of 6 steps")
    world.until(lambda: bool(world.children()), "no child waits")
    for each in world.children():
        each.kill()
    world.wait(1.0)  # a save that comes before it is gone is told so
    world.write(world.solution.replace("return", "return None  #", 1))
    screen.shows("✗ failed")
    world.write(world.solution)
    screen.shows("Passed: 6 of 6 steps")
    yield from world.leave(screen)


ENDED = "the process that grades ended"
STARTER = "the process that starts submissions ended"
SCENARIOS = family(
    "killed",
    _killed("exercise", "command", -9, ""),
    _killed("exercise", "judge", 3, ENDED),
    _killed("exercise", "zygote", 3, STARTER),
    _killed("exercise", "child", 1, ""),
    _killed("strict", "waiting child", (0, 1), ""),  # it may have met the submission already
    _killed("compare", "command", -9, ""),
    _killed("compare", "judge", 3, ENDED),
    _killed("compare", "child", 0, ""),
    _killed("all", "command", -9, ""),
    _killed("all", "judge", 3, ENDED),
    _killed("audit", "command", -9, ""),
    _killed("audit", "zygote", 1, ""),  # a finding; another one is started for what follows
    _watch("judge", "the grading process ended"),
    _watch("zygote", STARTER),
    _watch("child", "SIGKILL"),
    _watch_itself,
    _idle_judge_of_watch,
    _idle_children_of_watch,
)
