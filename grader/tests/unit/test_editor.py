"""Which editor is taken where, and how it is told the line."""

from pathlib import Path

import pytest

from grader.catalogue.catalogue import find
from grader.errors import UsageError
from grader.learning.editor.editor import Editor, choose
from grader.learning.troubles import line_to_mend, line_to_write
from grader.verdict import CheckResult, Outcome, SourceLine, StepResult, Verdict

FILE = Path("/home/ada/my katas/exercises/05.py")


@pytest.fixture
def environment(tmp_path):
    """An environment in which these commands can be run."""

    def with_commands(*names, **variables):
        for name in names:
            (tmp_path / name).touch(mode=0o755)
        return {"PATH": str(tmp_path), **variables}

    return with_commands


@pytest.mark.parametrize(
    ("command", "variables"),
    [
        ("code", {"TERM_PROGRAM": "vscode"}),
        ("code-insiders", {"TERM_PROGRAM": "vscode", "TERM_PROGRAM_VERSION": "1.99.0-insider"}),
        ("cursor", {"TERM_PROGRAM": "vscode", "CURSOR_TRACE_ID": "1"}),
        ("cursor", {"TERM_PROGRAM": "vscode", "VSCODE_GIT_ASKPASS_NODE": "/Applications/Cursor.app/Contents/node"}),
        ("windsurf", {"TERM_PROGRAM": "vscode", "VSCODE_GIT_ASKPASS_MAIN": "/opt/windsurf/askpass-main.js"}),
        ("codium", {"TERM_PROGRAM": "vscode", "VSCODE_GIT_ASKPASS_NODE": "/usr/share/codium/codium"}),
        ("zed", {"TERM_PROGRAM": "zed"}),
        ("zeditor", {"ZED_TERM": "true"}),
        ("pycharm", {"TERMINAL_EMULATOR": "JetBrains-JediTerm"}),
        ("idea", {"TERMINAL_EMULATOR": "JetBrains-JediTerm", "__CFBundleIdentifier": "com.jetbrains.intellij.idea"}),
    ],
)
def test_the_editor_around_the_terminal_comes_before_that_of_the_environment(environment, command, variables):
    found = choose(None, environment(command, "vim", EDITOR="vim", **variables))
    assert (found.words, found.has_window, found.lacking) == ((command,), True, "")


def test_where_the_one_around_has_no_command_the_environments_is_taken_and_it_is_said_how_to_get_it(environment):
    found = choose(None, environment("vim", TERM_PROGRAM="vscode", EDITOR="vim -u NONE"))
    assert found.words == ("vim", "-u", "NONE")
    assert "Install 'code' command in PATH" in found.lacking


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"VISUAL": "subl -w", "EDITOR": "vi"}, ("subl", "-w")),
        ({"EDITOR": "nano"}, ("nano",)),
        ({"VISUAL": "", "EDITOR": "nano"}, ("nano",)),
        ({"VISUAL": "'open end", "EDITOR": "nano"}, ("nano",)),
        ({}, ("vi",)),
    ],
)
def test_without_one_around_it_is_that_of_the_environment(variables, words):
    assert choose(None, variables).words == words


def test_one_that_is_asked_for_comes_before_all(environment):
    found = choose("hx --vsplit", environment("hx", "code", TERM_PROGRAM="vscode"))
    assert (found.words, found.asked, found.has_window) == (("hx", "--vsplit"), True, False)


@pytest.mark.parametrize("asked", ["", "  ", "'vim", "no-such-editor -x"])
def test_one_that_cannot_be_run_is_refused_in_one_line(environment, asked):
    with pytest.raises(UsageError, match="--editor") as caught:
        choose(asked, environment())
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("words", "command"),
    [
        (("code",), ["code", "-g", f"{FILE}:7"]),
        (("/usr/bin/code", "--wait"), ["/usr/bin/code", "--wait", "-g", f"{FILE}:7"]),
        (("C:/VS/code.cmd",), ["C:/VS/code.cmd", "-g", f"{FILE}:7"]),
        (("zed",), ["zed", f"{FILE}:7"]),
        (("pycharm",), ["pycharm", "--line", "7", str(FILE)]),
        (("nvim",), ["nvim", "+7", str(FILE)]),
        (("my-editor",), ["my-editor", str(FILE)]),
        (("my-editor", "--at={line}", "{file}"), ["my-editor", "--at=7", str(FILE)]),
    ],
)
def test_each_is_told_the_line_as_it_reads_it(words, command):
    assert Editor(words).at(FILE, 7) == command


# ---- the line ----


def verdict(*steps):
    return Verdict("05_leaf_and_grad", "", "05.py", "", "cpu", 1, Outcome.FAILED, steps, (), {}, 0.0)


def check(outcome, *lines):
    return CheckResult("test_it", "does so", outcome, lines=tuple(SourceLine(each, "", "") for each in lines))


def test_the_line_to_mend_is_where_the_first_check_failed():
    steps = (
        StepResult("a", Outcome.PASSED, (check(Outcome.PASSED),), 3),
        StepResult("b", Outcome.NOT_STARTED, (check(Outcome.NOT_STARTED),), 9),
        StepResult("c", Outcome.RAISED, (check(Outcome.PASSED), check(Outcome.RAISED, 20, 14)), 12),
    )
    assert line_to_mend(verdict(*steps)) == 14
    assert line_to_mend(verdict(*steps[:2])) == 9
    assert line_to_mend(verdict(*steps[:1])) == 0


def test_a_check_that_failed_at_no_line_leads_to_its_step():
    assert line_to_mend(verdict(StepResult("c", Outcome.FAILED, (check(Outcome.FAILED),), 12))) == 12


def test_the_line_to_write_is_that_of_the_first_step_that_is_not_written():
    exercise = find("05")
    text = exercise.handed_out.read_text(encoding="utf-8")
    begun = text.replace('raise NotImplementedError("step 1: predict_row")', "return (True, True, True)")
    assert text.splitlines()[line_to_write(exercise, text) - 1].startswith("def predict_row(")
    assert text.splitlines()[line_to_write(exercise, begun) - 1].startswith("def will_keep_grad(")


@pytest.mark.parametrize(
    ("text", "line"), [("", 1), ("\n\nx = (", 3), ("\0", 1), ("(" * 10_000, 1), ("def other():\n    pass\n", 1)]
)
def test_a_text_without_steps_has_a_line_all_the_same(text, line):
    assert line_to_write(find("05"), text) == line
