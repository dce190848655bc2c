"""A file that cannot be imported is told once, as what it is, and not as the failure of a step that never ran."""

import pytest

from grader.learning.shown import to_watch
from grader.reports.to_github import to_github
from grader.reports.to_html import to_html
from grader.reports.to_lines import to_lines
from grader.reports.to_markdown import to_markdown
from grader.reports.to_terminal import report
from grader.tests.examples import shown, unimported

FORMS = {
    "terminal": lambda verdict: shown(report([verdict])),
    "verbose": lambda verdict: shown(report([verdict], verbose=True)),
    "cell": lambda verdict: shown(report([verdict], about="g")),
    "watch": lambda verdict: shown(to_watch.verdict(verdict, [], None)),
    "html": lambda verdict: to_html([verdict]).replace("&#x27;", "'"),
    "markdown": lambda verdict: to_markdown([verdict]),
    "lines": lambda verdict: to_lines([verdict]),
    "github": lambda verdict: to_github([verdict]),
}


@pytest.mark.parametrize("form", FORMS)
def test_a_file_that_cannot_be_imported_is_told_once_and_as_no_steps_failure(form):
    told = FORMS[form](unimported())
    assert told.count("'(' was never closed") == 1
    assert "your file" in told
    assert "does x" not in told
    assert "does y" not in told
