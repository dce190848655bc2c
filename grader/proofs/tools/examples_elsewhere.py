"""Makes the examples of what other systems are told: `python -m grader.proofs.tools.examples_elsewhere`.

They come from a real grading; what differs from run to run (times, versions, what isolates) is put to fixed values.
"""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from grader.batch.course_file import parse
from grader.catalogue import places
from grader.elsewhere.classroom50.result import result
from grader.elsewhere.github.made import made as workflow
from grader.elsewhere.graded import Graded, grade
from grader.elsewhere.gradescope.results import results as for_gradescope
from grader.elsewhere.prairielearn.results import results as for_prairielearn
from grader.elsewhere.task import Task
from grader.reports.to_github import to_github
from grader.reports.to_markdown import to_markdown
from grader.verdict import StepResult, Verdict

FOLDER = places.for_authors("elsewhere")
COURSE = """\
title = "Deep learning"
points = 2
seed = 1
due = 2026-12-24T18:00:00Z

[exercises.05]
visibility = { build_four = "name", middle_and_leaf = "difference", result_requires_grad = "after due" }

[exercises.16]
"""
NOW = datetime(2026, 12, 1, 12, tzinfo=UTC)
ENVIRONMENT = {
    "CLASSROOM": "deep-learning", "ASSIGNMENT": "autograd", "OWNER": "ada", "ASSIGNMENT_TYPE": "individual",
    "SUBMISSION_TAG": "submit/2026-12-01T11-59-00Z-a1b2c3d", "COMMIT_URL": "https://example.org/ada/commit/a1b2c3d",
    "RELEASE_URL": "https://example.org/ada/releases/1",
}  # fmt: skip


def main() -> int:
    """Write every example; return 0."""
    for name, text in made().items():
        path = FOLDER / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
        print(path)
    return 0


def made() -> dict[str, str]:
    """Return the examples by their paths."""
    task = Task(parse(COURSE), COURSE, 1)
    graded = [_same_everywhere(each) for each in grade(task, places.for_authors("pictures"), "ada")]
    verdicts = [each.verdict for each in graded if each.verdict]
    return {
        "gradescope/results.json": _json(for_gradescope(graded, task.assignments[0].due, NOW)),
        "classroom50/result.json": _json(result(graded, ENVIRONMENT, NOW, NOW)),
        "prairielearn/results.json": _json(for_prairielearn(graded, NOW)),
        "github/annotations.txt": to_github(verdicts),
        "github/summary.md": to_markdown(verdicts),
        "github/katas.yml": workflow(task, "pytorch-katas")[".github/workflows/katas.yml"].decode(),
    }


def _json(document: dict[str, Any]) -> str:
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


def _same_everywhere(graded: Graded) -> Graded:
    return replace(graded, verdict=graded.verdict and _without_figures(graded.verdict))


def _without_figures(verdict: Verdict) -> Verdict:
    steps = tuple(_untimed(step) for step in verdict.steps)
    return replace(
        verdict, steps=steps, seconds=0.0, versions={"torch": "as installed"}, isolation=("landlock", "seccomp")
    )


def _untimed(step: StepResult) -> StepResult:
    return replace(step, checks=tuple(replace(check, seconds=0.0) for check in step.checks))


if __name__ == "__main__":
    raise SystemExit(main())
