"""Where many children follow, the process that forks them moves its memory into huge pages; nothing else changes."""

import mmap
import re
import sys
import time
from pathlib import Path

import pytest

from grader.catalogue.catalogue import find
from grader.judging.grading import Grader
from grader.judging.source import read_source
from grader.sandbox.parent import fork
from grader.sandbox.zygote.huge_pages import HUGE, HugePages


def held_in_huge_pages(pid):
    """Return the bytes that a process holds in huge pages."""
    text = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii")
    return sum(int(each) for each in re.findall(r"AnonHugePages: +(\d+) kB", text)) * 1024


def can_move():
    """Try whether this kernel can do it at all."""
    memory = mmap.mmap(-1, 4 * HUGE)
    memory.write(b"1" * len(memory))
    pages = HugePages()
    pages.look()
    before = held_in_huge_pages("self")
    while pages.wanted:
        pages.move_some()
    return held_in_huge_pages("self") > before


@pytest.fixture
def grader():
    launcher = fork.ForkLauncher()
    with Grader(launcher=launcher) as grader:
        yield grader, launcher
    launcher.close()


def settled(zygote, least, seconds):
    """Wait until a process holds so much in huge pages; return what it holds."""
    deadline = time.monotonic() + seconds
    while (held := held_in_huge_pages(zygote)) < least and time.monotonic() < deadline:
        time.sleep(0.05)
    return held


@pytest.mark.skipif(sys.platform != "linux", reason="Linux alone has them")
def test_it_happens_after_a_few_children_and_verdicts_stay(grader):
    if not can_move():
        pytest.skip("this kernel moves nothing")
    grader, launcher = grader
    launcher.expect(more=True)
    solution = read_source(find("05").solution)
    first = grader.grade(find("05"), solution, seed=1)
    zygote = launcher._zygote._process.pid
    before = held_in_huge_pages(zygote)
    verdicts = [grader.grade(find("05"), solution, seed=1) for _ in range(fork.MANY)]
    assert settled(zygote, before + 20 * HUGE, 30) >= before + 20 * HUGE
    after = grader.grade(find("05"), solution, seed=1)
    assert [each.outcome for each in (*verdicts, after)] == [first.outcome] * (fork.MANY + 1)


def test_it_does_not_happen_for_a_single_verdict(grader):
    grader, launcher = grader
    launcher.expect(more=False)
    for _ in range(fork.MANY + 1):
        grader.grade(find("05"), read_source(find("05").solution), seed=1)
    zygote = launcher._zygote._process.pid
    before = held_in_huge_pages(zygote)
    time.sleep(0.3)
    assert held_in_huge_pages(zygote) == before


def test_it_does_not_happen_where_memory_is_short(grader, monkeypatch):
    grader, launcher = grader
    monkeypatch.setattr("grader.sandbox.parent.memory.free", lambda: fork.AMPLE)
    launcher.expect(more=True)
    for _ in range(fork.MANY + 1):
        grader.grade(find("05"), read_source(find("05").solution), seed=1)
    zygote = launcher._zygote._process.pid
    before = held_in_huge_pages(zygote)
    time.sleep(0.3)
    assert held_in_huge_pages(zygote) == before
