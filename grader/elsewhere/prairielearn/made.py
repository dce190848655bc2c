"""An image for PrairieLearn's external grader, and a question that is graded in it."""

from __future__ import annotations

import json
import uuid
from typing import Any

from grader.elsewhere.parts import parts, script
from grader.elsewhere.task import FILE, Task
from grader.record.workspace import untouched

EXECUTABLE = ("image/setup.sh", "image/grade")
LONGEST = 600  # seconds that PrairieLearn lets a grading take
START_SECONDS = 60


def made(task: Task, image: str) -> dict[str, bytes]:
    """Return the files by their paths: a folder to build the image in, and one of the question."""
    found = {f"image/{name}": content for name, content in parts(task, "prairielearn").items()}
    found["image/Dockerfile"] = script("Dockerfile").encode()
    found["image/grade"] = script("grade").encode()
    found["question/info.json"] = (json.dumps(_info(task, image), indent=4) + "\n").encode()
    found["question/question.html"] = _question(task).encode()
    found[f"question/tests/{FILE}"] = task.to_json().encode()
    for each in task.assignments:
        found[f"question/{each.exercise.name}.py"] = untouched(each.exercise).encode()
    return found


def _info(task: Task, image: str) -> dict[str, Any]:
    seconds = START_SECONDS + task.course.limits.exercise * len(task.assignments)
    return {
        "uuid": str(uuid.uuid4()),
        "title": task.course.title or "PyTorch katas",
        "topic": task.assignments[0].exercise.part,
        "type": "v3",
        "singleVariant": True,
        "gradingMethod": "External",
        "externalGradingOptions": {
            "enabled": True,
            "image": image,
            "entrypoint": "/usr/local/bin/grade",
            "timeout": min(LONGEST, int(seconds)),
        },
    }


def _question(task: Task) -> str:
    editors = [
        f'  <pl-file-editor file-name="{each.exercise.name}.py" source-file-name="{each.exercise.name}.py" '
        'ace-mode="ace/mode/python"></pl-file-editor>\n'
        for each in task.assignments
    ]
    return (
        f"<pl-question-panel>\n{''.join(editors)}</pl-question-panel>\n"
        "<pl-submission-panel>\n  <pl-external-grader-results></pl-external-grader-results>\n</pl-submission-panel>\n"
    )
