"""The process that grades for `watch`, with the real checks."""

import asyncio

import psutil
import pytest

from grader.catalogue import places
from grader.catalogue.catalogue import find
from grader.learning.watch.grading import GradingProcess
from grader.proofs.tools.spare_checkout import copy_checkout


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    """A checkout that is the workspace too, in whose root lie files that are called as modules are."""
    copy_checkout(tmp_path)
    (tmp_path / places.MARK).touch()
    monkeypatch.chdir(tmp_path)
    for name in ("random", "queue", "json", "torch", "runpy"):
        (tmp_path / f"{name}.py").write_text(f"raise ImportError('the {name} of the checkout')\n", encoding="utf-8")
    return tmp_path


def test_it_grades_whatever_lies_beside_it_and_a_newer_request_stops_the_one_under_way(checkout):
    exercise = find("05")
    endless = checkout / "endless.py"
    endless.write_text(exercise.solution.read_text(encoding="utf-8") + "\nwhile True: pass\n", encoding="utf-8")

    before = set(psutil.Process().children())

    async def ask():
        grading = GradingProcess(1000, 1000, code=checkout)

        def asked(path, **others):
            return asyncio.create_task(grading.grade(exercise, path, "cpu", 1, **others))

        answers = [await asked(exercise.solution), await asked(checkout / "none.py")]
        overtaken = asked(endless)
        await asyncio.sleep(0.5)
        answers += [await asked(exercise.solution), await asked(exercise.solution, measure=True)]
        started = set(psutil.Process().children()) - before
        await grading.close()
        return overtaken, answers, started

    overtaken, (first, missing, second, measured), started = asyncio.run(ask())
    assert first.verdict.passed
    assert "cpu" in first.devices
    assert "none.py" in missing.complaint
    assert overtaken.cancelled()
    assert second.verdict.passed
    assert [step.keys() for step in measured.costs] == [set(exercise.steps)] * 2
    assert len(started) == 1
    assert not psutil.wait_procs(started, timeout=10)[1]
