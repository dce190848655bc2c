"""An exercise as a notebook: its text, its example, and a cell for each step. The same exercise gives the same file."""

from __future__ import annotations

import ast
import doctest
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import nbformat
from nbformat import NotebookNode, v4

from grader.catalogue import places
from grader.catalogue.catalogue import Exercise
from grader.judging.overlay import Definition, definitions, first_line, lines
from grader.record.workspace import untouched

COLAB = "https://colab.research.google.com"
SET_UP = """\
# Run this cell first. Where the grader is missing, as on a fresh machine of Colab's, it installs it.
import importlib.util
import pathlib
import subprocess
import sys

WHEELS = sorted(map(str, pathlib.Path().glob("pytorch_katas-*.whl")))
INSTALL = {install} or "".join(WHEELS[-1:])  # what pip installs: an address, or the wheel beside this notebook
if INSTALL and importlib.util.find_spec("grader") is None:
    subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", INSTALL])
    importlib.invalidate_caches()
if importlib.util.find_spec("grader"):
    %load_ext grader
else:
    print("The grader is not installed here: put pytorch_katas-*.whl beside this notebook, and run this cell again.")
"""
HOW = """\
Write each step in its cell and run the cell: it is graded as text, in a process of its own, and nothing of it runs in
this notebook. In a cell of your own, `%hint` gives a hint, `%explain` explains what a verdict named, `%compare` shows
the solution once all steps pass, and `%katas` shows where you stand. Helpers may stand in other cells: they are brought
along once those were run.
"""


@dataclass(frozen=True)
class Published:
    """Where notebooks are published: a repository of GitHub's, "" for none, its branch, and what set-up installs."""

    repository: str = ""
    branch: str = "main"
    install: str = ""

    def badge(self, exercise: Exercise) -> str:
        """Return the badge that opens an exercise on Colab."""
        image = f"![Open in Colab]({COLAB}/assets/colab-badge.svg)"
        if not self.repository:
            return f"[{image}]({COLAB}/) (choose *Upload* there, and this file)"
        return f"[{image}]({COLAB}/github/{self.repository}/blob/{self.branch}/notebooks/{exercise.name}.ipynb)"


def written(exercise: Exercise, published: Published | None = None) -> bytes:
    """Return the file that a notebook of an exercise is."""
    published = published or Published()
    text = untouched(exercise)
    cells = [*_text(text, exercise, published), *_steps(text, exercise)]
    for number, cell in enumerate(cells, 1):
        cell.id = f"{exercise.name}-{number}"  # nbformat's own would be another one each time
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    notebook = v4.new_notebook(cells=cells, metadata={"kernelspec": kernel, "language_info": {"name": "python"}})
    nbformat.validate(notebook)
    return str(nbformat.writes(notebook)).encode()


def for_workspace(chosen: Sequence[Exercise]) -> dict[str, bytes]:
    """Return the notebooks of a workspace with these exercises, each by its path there."""
    return {f"{places.NOTEBOOKS}/{each.name}.ipynb": written(each) for each in chosen}


def _text(text: str, exercise: Exercise, published: Published) -> Iterator[NotebookNode]:
    """Yield the exercise's text, with the set-up below its title, and its example as cells."""
    title, _, rest = (ast.get_docstring(ast.parse(text)) or exercise.title).partition("\n")
    length = f"{exercise.minutes} minutes, {len(exercise.steps)} steps."
    yield v4.new_markdown_cell(f"# {title}\n\n{published.badge(exercise)}\n\n{length}\n\n{HOW}")
    yield v4.new_code_cell(SET_UP.format(install=json.dumps(published.install)).rstrip())
    examples: list[doctest.Example] = []
    for part in doctest.DocTestParser().parse(rest):
        if isinstance(part, doctest.Example):
            examples.append(part)
        elif part.strip():
            yield from _examples(examples)
            examples = []
            yield v4.new_markdown_cell(part.strip())
    yield from _examples(examples)


def _examples(examples: Sequence[doctest.Example]) -> Iterator[NotebookNode]:
    """Yield examples as one cell, with what each of them shows as a comment; what raises is a cell of its own."""
    source: list[str] = []
    for each in examples:
        if each.exc_msg:
            yield from _cell(source)
            cell = v4.new_code_cell(f"{each.source.rstrip()}\n# {each.exc_msg.strip()}")
            cell.metadata["tags"] = ["raises-exception"]  # so that "run all" goes on
            yield cell
            source = []
        else:
            source += [each.source.rstrip(), *(f"# {line}" for line in each.want.rstrip("\n").split("\n") if line)]
    yield from _cell(source)


def _cell(source: Sequence[str]) -> Iterator[NotebookNode]:
    if source:
        yield v4.new_code_cell("\n".join(source))


def _steps(text: str, exercise: Exercise) -> Iterator[NotebookNode]:
    """Yield what is given, and a cell for each step."""
    found, source = definitions(text), lines(text)
    steps = {first_line(found[step]): step for step in exercise.steps}
    given = [
        "\n".join([*_apart(node), *source[first_line(node) - 1 : node.end_lineno]])
        for node in ast.parse(text).body[1:]
        if first_line(node) not in steps and not isinstance(node, ast.If)  # which is for a file that is run
    ]
    yield v4.new_markdown_cell("## The steps\n\nThis is given in every step, and here for you to play with:")
    yield from _cell([*_beside_torch(text, exercise), *given])
    for number, (start, step) in enumerate(sorted(steps.items()), 1):
        yield v4.new_markdown_cell(f"### Step {number}: `{step}`")
        code = "\n".join(source[start - 1 : found[step].end_lineno])
        yield v4.new_code_cell(f"%%step {exercise.number:02} {step}\n{code}")


def _beside_torch(text: str, exercise: Exercise) -> list[str]:
    """Return what lets torchvision be imported here, where the exercise itself leaves that to the learner."""
    needed = "grader.torchvision_cpu"
    is_left = needed in exercise.preload and f"import {needed}" not in text
    return [f"import {needed}  # lets torchvision be imported beside a CPU build of torch"] if is_left else []


def _apart(node: ast.stmt) -> list[str]:
    return ["", ""] if isinstance(node, Definition) else []
