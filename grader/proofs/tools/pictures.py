"""Makes the pictures of the README, real screens as SVG: `python -m grader.proofs.tools.pictures`.

Where Chromium is installed, it also makes one of the HTML report.
"""

from __future__ import annotations

import itertools
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from PIL import Image
from pyte.screens import Char
from rich.style import Style
from rich.text import Text

from grader.catalogue import places
from grader.catalogue.catalogue import Exercise, find
from grader.proofs.tools.pseudo_terminal import PseudoTerminal
from grader.proofs.tools.spare_checkout import spare_checkout
from grader.reports.to_svg import picture

FOLDER = places.for_authors("pictures")
EXERCISE = "05"
# What pyte calls the colours of a terminal, where rich calls them otherwise.
COLOURS = {"brown": "yellow", "default": "default"}


def main() -> int:
    """Write every picture; return 0."""
    exercise = find(EXERCISE)
    for name, title, screen in _screens(exercise, (FOLDER / exercise.stub.name).read_text(encoding="utf-8")):
        (FOLDER / f"{name}.svg").write_text(
            picture(screen, title, max(map(len, screen.plain.splitlines()))), encoding="utf-8"
        )
        print(FOLDER / f"{name}.svg")
    if browser := shutil.which("chromium"):
        for made in _photographs(browser, FOLDER / exercise.stub.name):
            print(made)
    return 0


def _screens(exercise: Exercise, attempt: str) -> Iterator[tuple[str, str, Text]]:
    """Yield (name, title, screen): a session of a learner whose file holds `attempt`, with one mistake left."""
    with spare_checkout() as checkout:
        file = checkout / "exercises" / exercise.stub.name
        terminal = PseudoTerminal([sys.executable, "-m", "grader", "watch", EXERCISE], checkout, 100, 26)
        try:
            yield from _session(terminal, file, exercise, attempt)
        finally:
            terminal.end()
        yield from _commands(checkout)


def _session(terminal: PseudoTerminal, file: Path, exercise: Exercise, attempt: str) -> Iterator[tuple[str, str, Text]]:
    terminal.shows("Next to write")
    file.write_text(attempt, encoding="utf-8")
    terminal.shows("✗ failed", " s ")
    yield "watch", "python -m grader watch", _as_text(terminal)
    terminal.type("h")
    terminal.shows("hint 1 of 3")
    yield "hint", "python -m grader watch, after h", _as_text(terminal)
    terminal.type("e")
    terminal.shows("See it happen")
    yield "explain", "python -m grader watch, after e", _as_text(terminal)
    file.write_text(exercise.solution.read_text(encoding="utf-8").replace("leaf**2", "leaf * leaf"), encoding="utf-8")
    terminal.shows("★ Passed")
    yield "passed", "python -m grader watch", _as_text(terminal)
    terminal.resize(120, 26)
    terminal.type("c")
    terminal.shows("What both do")
    yield "compare", "python -m grader watch, after c", _as_text(terminal)


def _commands(checkout: Path) -> Iterator[tuple[str, str, Text]]:
    terminal = PseudoTerminal([sys.executable, "-m", "grader", "list"], checkout, 80, 56)
    try:
        terminal.shows("passed on cpu")
        yield "list", "python -m grader list", _as_text(terminal)
    finally:
        terminal.end()


def _photographs(browser: str, attempt: Path) -> Iterator[Path]:
    """Write pictures of the HTML report on an attempt, as a browser shows it in light and in dark; yield each."""
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder, "report.html")
        grade = [sys.executable, "-m", "grader", "exercise", EXERCISE, "--file", str(attempt), "--seed", "1"]
        subprocess.run([*grade, "--html", str(page)], stdout=subprocess.DEVNULL, check=False)
        unfolded = page.read_text(encoding="utf-8").replace("<details>", "<details open>", 1)
        page.write_text(unfolded.replace(str(attempt), f"exercises/{attempt.name}"), encoding="utf-8")
        for name, scheme in (("report", "1"), ("report-dark", "0")):
            picture = FOLDER / f"{name}.png"
            window = ["--headless", "--no-sandbox", "--hide-scrollbars", "--window-size=800,1090"]
            prefers = f"--blink-settings=preferredColorScheme={scheme}"
            photograph = [browser, *window, prefers, f"--screenshot={picture}", page.as_uri()]
            subprocess.run(photograph, stderr=subprocess.DEVNULL, check=True)
            Image.open(picture).quantize(128).save(picture, optimize=True)
            yield picture


def _as_text(terminal: PseudoTerminal) -> Text:
    """Return what stands on the screen, colours and all."""
    terminal.text  # noqa: B018  draws what is still to be drawn
    return Text("\n").join(map(_line, terminal.rows()))


def _line(row: list[Char]) -> Text:
    runs = itertools.groupby(row, key=_style)
    return Text.assemble(*(("".join(char.data for char in chars), style) for style, chars in runs))


def _style(char: Char) -> Style:
    return Style(
        color=_colour(char.fg), bgcolor=_colour(char.bg), bold=char.bold, italic=char.italics, reverse=char.reverse
    )


def _colour(name: str) -> str:
    bright = name.removeprefix("bright")
    plain = COLOURS.get(bright, bright)
    if len(plain) == 6 and all(digit in "0123456789abcdefABCDEF" for digit in plain):
        return f"#{plain}"
    return f"bright_{plain}" if bright != name else plain


if __name__ == "__main__":
    sys.exit(main())
