"""Every ending is said to people, whatever the terminal."""

import io
import re
import xml.etree.ElementTree as ET
from dataclasses import replace

import pytest
from rich.console import Console

from grader.catalogue.misconceptions import misconceptions
from grader.learning.shown import to_watch
from grader.reports.to_svg import to_svg
from grader.reports.to_terminal import report, summary
from grader.tests.examples import NUMBERS, SHADED, example, shown
from grader.verdict import Difference, Graphs, Outcome, SourceLine, StepResult

FOOT = "✓ 6 of 6 steps passed"


@pytest.mark.parametrize("outcome", list(Outcome))
def test_the_terminal_says_the_outcome_in_words(outcome):
    assert outcome.replace("_", " ") in shown(report([example(outcome)]))


def test_the_terminal_shows_what_happened_and_the_misconception():
    known = next(iter(misconceptions().values()))
    check = replace(example().steps[0].checks[0], misconception=known.id)
    text = shown(report([replace(example(), steps=(replace(example().steps[0], checks=(check,)),))]))
    for part in ("does x", "said", "f(1)", "one off", "return 2", "printed", known.title, known.id, "--seed 7"):
        assert part in text


def test_a_line_that_ran_in_several_frames_is_shown_once():
    check = example(Outcome.RAISED).steps[0].checks[0]
    line = SourceLine(7, "    return [1 / n for n in numbers]", "<listcomp>")
    twice = replace(check, lines=(line, replace(line, function="half")))
    text = shown(report([replace(example(), steps=(replace(example().steps[0], checks=(twice,)),))]))
    assert text.count("1 / n") == 1


def test_markup_of_a_learner_stays_text():
    check = replace(example().steps[0].checks[0], said="[bold]x[/bold] [/nonsense]")
    assert "[/nonsense]" in shown(report([replace(example(), steps=(replace(example().steps[0], checks=(check,)),))]))


def test_lines_of_a_learners_exception_do_not_look_like_ours():
    check = replace(example(Outcome.RAISED).steps[0].checks[0], said="ValueError: one\n\n✓ 6 of 6 steps passed\rx\x0by")
    text = shown(report([replace(example(), steps=(replace(example().steps[0], checks=(check,)),))]))
    assert "\n  │ ✓ 6 of 6 steps passed" in text
    assert "\r" not in text


def test_a_line_of_an_exception_that_is_broken_bears_its_mark_throughout():
    said = "UserError: one\n" + " ".join(f"{'.' * n} {FOOT}" for n in range(40, 140))
    check = replace(example(Outcome.RAISED).steps[0].checks[0], said=said)
    text = shown(report([replace(example(), steps=(replace(example().steps[0], checks=(check,)),))]))
    assert f"\n  │ {FOOT}" in text
    assert f"\n  {FOOT}" not in text


def test_a_printed_line_that_is_broken_does_not_look_like_ours():
    check = replace(example().steps[0].checks[0], printed=" ".join(f"{'.' * n} {FOOT}" for n in range(40, 140)))
    text = shown(report([replace(example(), steps=(replace(example().steps[0], checks=(check,)),))]))
    assert f"\n    │ {FOOT}" in text
    assert f"\n  {FOOT}" not in text


def test_what_is_printed_over_and_over_is_shown_once_and_without_gaps():
    passed = replace(example(Outcome.PASSED).steps[0].checks[0], printed="\n\nhello\n\n\n\nworld\n")
    steps = tuple(StepResult(name, Outcome.PASSED, (passed, passed)) for name in "fg")
    text = shown(report([replace(example(Outcome.PASSED), steps=steps)]))
    assert text.count("hello") == 1
    assert re.search(r"│ hello\n  │ *\n  │ world", text)


def test_what_another_check_printed_is_not_shown_below_what_the_one_that_is_told_did():
    first = example().steps[0].checks[0]
    text = shown(report([failing(first, replace(first, printed="of another"))]))
    assert "│ printed" in text
    assert "of another" not in text


def test_the_head_of_what_was_printed_keeps_its_margin_where_it_is_broken():
    check = replace(example().steps[0].checks[0], headline="word " * 30)
    text = shown(report([failing(check)]))
    assert re.search("\n    printed during “word .*\n    word", text)


def test_devices_stand_side_by_side():
    other = replace(
        example(Outcome.UNAVAILABLE), device="cuda", steps=(replace(example().steps[0], outcome=Outcome.UNAVAILABLE),)
    )
    text = shown(report([example(), other]))
    assert "cpu" in text
    assert "? unavailable" in text


def test_a_summary_has_a_line_for_each_exercise():
    text = shown(summary([example(), example(Outcome.PASSED)]))
    assert "1 of 2 passed" in text


ESCAPE = re.compile(r"\x1b\[[0-9;]*m|\x1b\]8;.*?\x1b\\")  # colours, and links


def with_picture(picture):
    check = replace(example().steps[0].checks[0], difference=Difference(1, 4, (0, 1), "only column 1 differs", picture))
    return replace(example(), steps=(replace(example().steps[0], checks=(check,)),))


def on_a_terminal(verdict, width=80):
    console = Console(file=io.StringIO(), width=width, force_terminal=True, color_system="truecolor")
    console.print(report([verdict]))
    return console.file.getvalue()


def test_expected_and_got_stand_side_by_side_with_a_sign_where_they_differ():
    text = shown(report([with_picture(NUMBERS)]))
    assert re.search(r"expected +got", text)
    assert re.search(r"0\.5 +-12 +0\.5 +↑-1\.5", text)
    assert "only column 1 differs" in text
    assert "↑ too large; ↓ too small" in text


@pytest.mark.parametrize("picture", [NUMBERS, SHADED], ids=["numbers", "shades"])
def test_signs_tell_on_any_background_and_without_colours(picture):
    with_colours = on_a_terminal(with_picture(picture))
    plain = shown(report([with_picture(picture)]))
    assert "\x1b" not in plain
    assert ESCAPE.sub("", with_colours).split() == plain.split()
    assert not re.search(r"\x1b\[(3[0-7]|4[0-7]|38|48)[^m]*m[↑↓≠]", with_colours)


@pytest.mark.parametrize("width", [80, 40])
@pytest.mark.parametrize("picture", [NUMBERS, SHADED], ids=["numbers", "shades"])
def test_a_picture_keeps_to_the_width(picture, width):
    lines = shown(report([with_picture(picture)]), width).splitlines()
    assert max(map(len, lines)) <= width
    assert sum("·" * 10 in line or "0.5" in line for line in lines) == (1 if width == 80 or picture is NUMBERS else 2)


@pytest.mark.parametrize("picture", [NUMBERS, SHADED], ids=["numbers", "shades"])
def test_a_picture_is_in_the_svg(picture):
    drawn = "".join(ET.fromstring(to_svg([with_picture(picture)])).itertext())
    assert "expected" in drawn
    assert "↓" in drawn


def failing(*checks):
    """Return a verdict whose one step ends with these checks."""
    return replace(example(), steps=(StepResult("f", Outcome.FAILED, checks),))


def test_every_other_failure_is_listed_even_one_that_says_the_same():
    first = example().steps[0].checks[0]
    others = (replace(first, headline="does y"), replace(first, headline="does z", outcome=Outcome.RAISED))
    text = shown(report([failing(first, *others)]))
    assert "also failed: does y" in text
    assert "also raised: does z" in text


@pytest.mark.parametrize(
    ("outcome", "said"),
    [(Outcome.TIMEOUT, "also timed out: does y"), (Outcome.BLOCKED, "not run yet: does y"),
     (Outcome.NOT_STARTED, "not written yet: does y"), (Outcome.REFUSED, "also refused: does y")],
)  # fmt: skip
def test_how_the_others_ended_is_said_in_english(outcome, said):
    first = example().steps[0].checks[0]
    assert said in shown(report([failing(first, replace(first, headline="does y", outcome=outcome))]))


def test_verbose_tells_every_failure_and_what_it_was_called_with():
    first = replace(example().steps[0].checks[0], details="f: x=tensor float32 (3,)")
    second = replace(first, headline="does y", said="also said")
    brief, full = (shown(report([failing(first, second)], verbose=verbose)) for verbose in (False, True))
    assert "x=tensor" not in brief
    assert "also said" not in brief
    assert full.count("f: x=tensor float32 (3,)") == 2
    assert "also said" in full


def test_what_autograd_recorded_stands_beside_what_was_expected():
    graphs = Graphs(("MulBackward0 (3,)", "└─ leaf (3,): gradients land here"), ("a leaf: nothing behind it",))
    check = replace(example().steps[0].checks[0], graphs=graphs)
    text = shown(report([failing(check)]))
    assert text.index("└─ leaf (3,)") < text.index("a leaf: nothing behind it")


@pytest.mark.parametrize("name", sorted(misconceptions(), key=lambda name: -len(misconceptions()[name].look))[:40])
def test_what_failed_its_name_and_its_look_are_on_the_first_screen_of_watch(name):
    known = misconceptions()[name]
    check = replace(example().steps[0].checks[0], said="word " * 200, called="argument, " * 50, misconception=name)
    others = [StepResult(f"step_{number}", Outcome.PASSED, ()) for number in range(5)]
    verdict = failing(check)
    drawn = shown(to_watch.verdict(replace(verdict, steps=(*others, *verdict.steps)), [], None), width=79)
    above = "\n".join(drawn.splitlines()[:22])  # a line each above and below is taken
    assert "does x" in above
    assert known.id in above
    assert " ".join(known.look.split()[-2:]) in " ".join(above.split())
