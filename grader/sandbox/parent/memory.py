"""How much memory there is, and whether the system had to end somebody for want of it; Linux only."""

from __future__ import annotations

import contextlib
import re
from pathlib import Path

AT_WORK, WAITING = 1000, 500  # who is ended first where memory is short, of /proc/PID/oom_score_adj


def ended_for_want_of_it() -> int:
    """Return how many processes the system has ever ended for want of memory."""
    found = re.search(r"^oom_kill (\d+)", _read(Path("/proc/vmstat")), re.MULTILINE)
    return int(found[1]) if found else 0


def offer_first(pid: int, urgency: int) -> None:
    """Have the system end this process before others where memory is short, rather than one that everybody needs."""
    with contextlib.suppress(OSError):
        Path(f"/proc/{pid}/oom_score_adj").write_text(str(urgency), encoding="ascii")


def limit() -> int | None:
    """Return the bytes that this process and all beside it in its container may take together; None for no limit."""
    found = [int(text) for text in map(_read, _limits()) if text.strip().isdigit()]
    return min((each for each in found if each < 2**60), default=None)


def free() -> int | None:
    """Return the bytes that can still be taken here; None where the system does not say."""
    found = re.search(r"^MemAvailable: +(\d+) kB", _read(Path("/proc/meminfo")), re.MULTILINE)
    available = int(found[1]) * 1024 if found else None
    return min((each for each in (available, limit()) if each is not None), default=None)


def _limits() -> list[Path]:
    """Return the files that may hold a limit: of this process's control groups and of all above them."""
    files = []
    for line in _read(Path("/proc/self/cgroup")).splitlines():
        _, controllers, path = line.split(":", 2)
        root, name = Path("/sys/fs/cgroup"), "memory.max"
        if controllers == "memory":
            root, name = root / "memory", "memory.limit_in_bytes"
        elif controllers:
            continue
        own = root / path.lstrip("/")
        files += [folder / name for folder in (own, *own.parents) if folder.is_relative_to(root)]
    return files


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii")
    except OSError:
        return ""
