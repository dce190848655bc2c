"""What tests of `watch` need: a checkout whose verdicts come at once, and the screen on a folder of its own."""

import asyncio
import compileall
import os
import re
import shutil
import time
from html import unescape
from pathlib import Path

import pytest
from textual.widgets import Static

from grader.catalogue import places
from grader.catalogue.catalogue import find
from grader.learning.editor.editor import Editor
from grader.learning.track import track
from grader.learning.watch import app as watch
from grader.learning.watch.grading import GradingProcess
from grader.proofs.tools.pseudo_terminal import PATIENCE, NeverShown
from grader.proofs.tools.spare_checkout import copy_checkout

NAME = find("05").stub.name
SOLUTION = find("05").solution.read_text(encoding="utf-8")
STUB = '"""An exercise that nobody has begun."""\n' + "".join(
    f"def {step}(*arguments):\n    raise NotImplementedError('step: {step}')\n\n\n" for step in find("05").steps
)
WRONG = SOLUTION.replace("return tensor.requires_grad_()", "return tensor")
ENDLESS = SOLUTION.replace("return tensor.requires_grad_()", "while True: pass")
NO_EDITOR = Editor(("true",))
BY_RULE = Path(__file__).with_name("judged_by_rule.py")


@pytest.fixture(scope="session")
def by_rule(tmp_path_factory):
    """A checkout that judges by rule, to be copied or read."""
    folder = tmp_path_factory.mktemp("by_rule")
    copy_checkout(folder)
    judging = folder / "grader" / "judging"
    for name in ("session.py", "devices.py"):
        shutil.copy(BY_RULE, judging / name)
    (folder / "grader" / "sandbox" / "zygote" / "stem.py").write_text("def begin():\n    pass\n", encoding="utf-8")
    compileall.compile_dir(folder / "grader", quiet=1)
    return folder


@pytest.fixture
def checkout(by_rule, tmp_path):
    """A copy of one's own in which exercise 05 is not begun."""
    folder = tmp_path / "checkout"
    shutil.copytree(by_rule, folder, copy_function=os.link)
    put_stub(folder)
    return folder


def put_stub(folder):
    (folder / "exercises" / NAME).unlink()  # it may be a link, shared with other copies
    (folder / "exercises" / NAME).write_text(STUB, encoding="utf-8")


class Screen:
    """The screen of an app that runs in this process."""

    def __init__(self, app, pilot):
        self.app = app
        self.press = pilot.press

    @property
    def text(self):
        """What stands on it, line by line, as the picture of it has it."""
        lines = {}
        drawn = r'<text class="[^"]*r\d+" x="([\d.]+)" y="([\d.]+)" textLength="([\d.]+)"[^>]*>(.*?)</text>'
        for x, y, width, content in re.findall(drawn, self.app.export_screenshot()):
            words = unescape(content).replace("\xa0", " ")
            column = round(float(x) * len(words) / float(width))
            lines[float(y)] = lines.get(float(y), "").ljust(column) + words
        return "\n".join(line for _, line in sorted(lines.items()))

    @property
    def complaint(self):
        """What is said to be amiss."""
        line = self.app.query_one("#complaint", Static)
        return line.content.plain if line.display else ""

    async def shows(self, *words):
        """Wait until all of these stand on the screen, broken into lines or not."""
        await self.until(lambda: all(word in " ".join(self.text.split()) for word in words), words)

    async def until(self, fits, what="it"):
        """Wait until something is so."""
        end = time.monotonic() + PATIENCE
        while not fits():
            if time.monotonic() > end or not self.app.is_running:
                raise NeverShown(f"the screen never came to {what}, but\n{self.text}")
            await asyncio.sleep(0.01)


class Stage:
    """A learner's folder, and the app on it."""

    def __init__(self, folder, by_rule):
        self.folder = folder
        self.file = folder / "exercises" / NAME
        self.record = folder / ".grader" / "progress.sqlite3"
        self._by_rule = by_rule

    def save(self, text):
        self.file.write_text(text, encoding="utf-8")

    def play(self, scene, size=(80, 24), *, way=(), editor=NO_EDITOR, poll=False, complaint="", **grading):
        """Open exercise 05 and let a coroutine function do with its screen what it likes; return the app.

        What ends the app ends this too.
        """

        async def played():
            app = watch.WatchApp(
                find("05"), way or track(), "cpu", GradingProcess(10, 60, **{"code": self._by_rule, **grading}), editor,
                poll=poll, complaint=complaint,
            )  # fmt: skip
            async with app.run_test(size=size) as pilot:
                await scene(Screen(app, pilot))
            return app

        return asyncio.run(played())


@pytest.fixture
def stage(by_rule, tmp_path, monkeypatch):
    """A workspace in which exercise 05 is not begun."""
    folder = tmp_path / "katas"
    shutil.copytree(places.curriculum().stubs, folder / "exercises")
    (folder / places.MARK).touch()
    put_stub(folder)
    monkeypatch.chdir(folder)
    return Stage(folder, by_rule)
