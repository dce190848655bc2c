"""Checks and probes are no packages, so that the contracts in .importlinter do not see them; they have rules, too."""

import ast

import pytest

from grader.catalogue.places import curriculum

# What a probe makes by a recipe, its check makes by the same one.
CHECKS_MAY = (
    "grader.compare", "grader.curriculum.checks._", "grader.curriculum.preload.recipes.", "grader.torchvision_cpu",
)  # fmt: skip
PROBES_MAY = ("grader.curriculum.preload.", "grader.torchvision_cpu")


def imported(path):
    """Return the names of all that a file imports from the grader, with what is taken out of a package."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{each.name}" for each in node.names)
        elif isinstance(node, ast.Import):
            yield from (each.name for each in node.names)


def names(folder, allowed):
    return [
        (path, name)
        for path in sorted(folder.glob("*.py"))
        for name in imported(path)
        if name.startswith("grader") and not name.startswith(allowed)
    ]


@pytest.mark.parametrize(
    ("folder", "allowed"),
    [(curriculum().checks, CHECKS_MAY), (curriculum().probes, PROBES_MAY)],
    ids=["checks import the words of checks alone", "probes import what is preloaded alone"],
)
def test_imports(folder, allowed):
    assert list(folder.glob("*.py"))
    assert names(folder, allowed) == []


def test_a_wrong_import_is_found(tmp_path):
    (tmp_path / "test_x.py").write_text("import numpy\nfrom grader.judging import run\n", encoding="utf-8")
    assert [name for _, name in names(tmp_path, CHECKS_MAY)] == ["grader.judging.run"]
