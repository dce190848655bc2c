"""Every renderer says every ending, for people and for programs."""

import io
import json
import xml.etree.ElementTree as ET
from dataclasses import replace

import jsonschema
import pytest
from rich.console import Console

from grader.catalogue.misconceptions import misconceptions
from grader.reports.to_json import SCHEMA_FILE, from_json, to_json
from grader.reports.to_junit import KINDS, to_junit
from grader.reports.to_terminal import report, summary
from grader.tests.test_verdict import example
from grader.verdict import Outcome, SourceLine


def shown(renderable, width=80):
    console = Console(file=io.StringIO(), width=width)
    console.print(renderable)
    return console.file.getvalue()


@pytest.mark.parametrize("outcome", list(Outcome))
def test_json_is_valid_and_comes_back(outcome):
    text = to_json([example(outcome)])
    jsonschema.validate(json.loads(text), json.loads(SCHEMA_FILE.read_text()))
    assert from_json(text) == [example(outcome)]


def test_json_of_another_version_is_refused():
    with pytest.raises(ValueError, match="schema"):
        from_json('{"schema": 99, "verdicts": []}')


@pytest.mark.parametrize("outcome", list(Outcome))
def test_junit_parses_and_counts(outcome):
    case = ET.fromstring(to_junit([example(outcome)])).find("./testsuite/testcase")
    assert [child.tag for child in case if child.tag != "system-out"] == [
        KINDS[each] for each in (outcome,) if each in KINDS
    ]


def test_junit_stands_what_xml_cannot_hold():
    check = replace(example().steps[0].checks[0], printed="\x00\x1b[31m\ud800 <&>]]>")
    verdict = replace(example(), steps=(replace(example().steps[0], checks=(check,)),))
    assert "<&>]]>" in ET.fromstring(to_junit([verdict])).find(".//system-out").text


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
