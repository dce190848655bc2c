"""A format is a row: the README follows from it, and it shows what happened."""

import pytest

from grader.catalogue import places
from grader.reports.formats import FORMATS, readme_table
from grader.tests.examples import example


def test_the_readme_lists_them():
    assert readme_table() in (places.checkout() / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("each", FORMATS, ids=lambda each: each.name)
def test_each_renders_verdicts(each):
    shown = each.render([example()]).replace("&#160;", " ")
    assert any(place in shown for place in ("return 2", "a.py:3:", "file=a.py,line=3,"))
