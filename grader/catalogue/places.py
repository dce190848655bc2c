"""Where everything lies; no other module knows a path.

The *curriculum* (stubs, solutions, checks, data) is only read; it lies in a checkout or inside the installed package.
The *workspace* is the learner's folder: `exercises/`, and `.grader/` with what is kept. In a checkout both are one.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from pathlib import Path

from grader.errors import UsageError

PACKAGE = Path(__file__).resolve().parents[1]
NOTEBOOKS = "notebooks"
MARK = "katas.toml"  # lies in every workspace outside of a checkout


def imported_from() -> Path:
    """Return the folder that has to be among Python's paths for `import grader`."""
    return PACKAGE.parent


def _is_checkout(folder: Path) -> bool:
    return (folder / "exercises" / "README.md").is_file()


def in_checkout() -> bool:
    """Return whether this program is the project's sources, and not an installed package."""
    return _is_checkout(PACKAGE.parent)


def checkout() -> Path:
    """Return the folder of the project's sources; raise UsageError where only the installed package is there."""
    if not in_checkout():
        raise UsageError("this needs a checkout of the project: the known answers do not come with the package")
    return PACKAGE.parent


@dataclass(frozen=True)
class Curriculum:
    """What exercises are made of; `tables` holds the lists of exercises and misconceptions, and the hidden parts.

    Of the known `answers`, a package holds only the right ones.
    """

    tables: Path
    stubs: Path
    solutions: Path
    answers: Path
    data: Path

    @property
    def checks(self) -> Path:
        """The hidden checks."""
        return self.tables / "checks"

    @property
    def probes(self) -> Path:
        """What runs beside a submission."""
        return self.tables / "probes"

    @property
    def hints(self) -> Path:
        """Three hints for each step."""
        return self.tables / "hints"

    @property
    def examples(self) -> Path:
        """A Python session for each misconception."""
        return self.tables / "examples"

    @property
    def borders(self) -> Path:
        """Each exercise's matrix of borders; only a checkout has them."""
        return self.tables / "borders"


def curriculum() -> Curriculum:
    """Return where the curriculum lies."""
    tables = PACKAGE / "curriculum"
    beside = PACKAGE.parent if in_checkout() else tables  # where pyproject.toml puts it in a wheel
    data = beside / "fixtures"
    answers = data / "answers" if in_checkout() else tables / "right"
    return Curriculum(tables, beside / "exercises", beside / "solutions", answers, data)


def for_authors(name: str) -> Path:
    """Return a folder of fixtures that only a checkout has as a whole: answers, hostile, peers or pictures."""
    return checkout() / "fixtures" / name


@dataclass(frozen=True)
class Workspace:
    """A learner's folder."""

    root: Path

    @property
    def exercises(self) -> Path:
        """The files that the learner fills in."""
        return self.root / "exercises"

    @property
    def review(self) -> Path:
        """Exercises that were handed out once more; the earlier answers stay where they are."""
        return self.root / "review"

    @property
    def mark(self) -> Path:
        """What tells a workspace outside of a checkout from any other folder."""
        return self.root / MARK

    @property
    def state(self) -> Path:
        """What is kept between runs; may be absent, and may be read-only."""
        return self.root / ".grader"

    @property
    def database(self) -> Path:
        """The learner's record."""
        return self.state / "progress.sqlite3"

    @property
    def backups(self) -> Path:
        """What the learner wrote before a reset."""
        return self.state / "backup"

    @property
    def notebooks(self) -> Path:
        """The exercises as notebooks; there only where they were asked for."""
        return self.root / NOTEBOOKS

    @property
    def kept_stubs(self) -> Path:
        """Copies of exercises that nobody has touched yet."""
        return self.state / "stubs"

    @property
    def verdicts(self) -> Path:
        """Verdicts of the audit that hold as long as nothing that they depend on changes."""
        return self.state / "verdicts"


@dataclass(frozen=True)
class ResultsFolder:
    """A folder in which a batch keeps what it found out about a class."""

    root: Path

    @property
    def database(self) -> Path:
        """What was handed in, and what came of it."""
        return self.root / "results.sqlite3"

    @property
    def log(self) -> Path:
        """What happened while it was graded, a line for each event."""
        return self.root / "batch.log"

    @property
    def lock(self) -> Path:
        """Held by the batch that is at work."""
        return self.root / "batch.lock"


def workspace() -> Workspace:
    """Return the workspace that the current folder lies in, else the checkout; raise UsageError where there is none."""
    if found := find_workspace():
        return found
    raise UsageError("there is no workspace here; `katas init my-katas` makes one, and its commands run inside it")


def find_workspace() -> Workspace | None:
    """Return the workspace that the current folder lies in, else the checkout; None where there is none."""
    return _workspace_of(here(), PACKAGE)


def caches() -> Path:
    """Return where libraries keep what they find out once: in the workspace, or else where the user's caches are."""
    if found := find_workspace():
        return found.state
    import platformdirs  # here, since few commands ask

    try:
        return platformdirs.user_cache_path("pytorch-katas", appauthor=False)
    except RuntimeError:  # whoever this is has no home, as in some containers; libraries then keep nothing
        return Path("/nonexistent")


def compiled() -> Path:
    """Return where proofs keep what they had to compile."""
    return caches() / "compiled"


def accelerator_sources() -> list[Path]:
    """Return the sources of the pretended accelerator."""
    return sorted(each for each in (PACKAGE / "proofs" / "accelerator").iterdir() if each.suffix in (".cpp", ".h"))


def beside_the_notebook() -> Path:
    """Return where a notebook's progress is kept outside of a workspace: a kernel runs in its notebook's folder."""
    return here() / "katas-progress.json"


def here() -> Path:
    """Return the current folder, or the root where the current folder was removed."""
    try:
        return Path.cwd()
    except OSError:
        return Path("/")


@functools.lru_cache(maxsize=4)
def _workspace_of(here: Path, package: Path) -> Workspace | None:
    for folder in (here, *here.parents):
        if (folder / MARK).is_file():
            return Workspace(folder)
    return Workspace(package.parent) if _is_checkout(package.parent) else None
