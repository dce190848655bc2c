"""An answer laid over a solution takes the place of what it defines, and of nothing else."""

from grader.judging.overlay import lay_over

SOLUTION = '''"""The text."""

import torch


def first():
    return 1


@decorated
def second():
    return first() + 1


class Third(Base):
    def method(self):
        return second()
'''


def test_a_definition_takes_the_place_of_its_namesake():
    laid = lay_over(SOLUTION, "# believes this\n@other\ndef second():\n    return 0\n")
    assert "@decorated" not in laid
    assert laid.index("def first") < laid.index("@other") < laid.index("class Third")
    assert laid.startswith('"""The text."""\n# believes this\n')


def test_imports_and_helpers_come_before_what_uses_them():
    laid = lay_over(SOLUTION, "# x\nimport math\n\n\ndef helper():\n    return math.pi\n\n\nclass Third:\n    pass\n")
    assert laid.index("import math") < laid.index("def helper") < laid.index("def first")
    assert "def method" not in laid


def test_nothing_laid_over_changes_nothing_that_runs():
    import ast

    assert ast.dump(ast.parse(lay_over(SOLUTION, ""))) == ast.dump(ast.parse(SOLUTION))
