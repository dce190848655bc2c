"""Every ending is in the reports for programs, and comes back."""

import json
import xml.etree.ElementTree as ET
from dataclasses import replace

import jsonschema
import pytest

from grader.reports.to_json import SCHEMA_FILE, from_json, to_json
from grader.reports.to_junit import KINDS, to_junit
from grader.tests.examples import example
from grader.verdict import Outcome


@pytest.mark.parametrize("outcome", list(Outcome))
def test_json_is_valid_and_comes_back(outcome):
    text = to_json([example(outcome)])
    jsonschema.validate(json.loads(text), json.loads(SCHEMA_FILE.read_text()))
    assert from_json(text) == [example(outcome)]


def test_json_of_another_version_is_refused():
    with pytest.raises(ValueError, match="schema"):
        from_json('{"schema": 99, "verdicts": []}')


def test_json_of_before_there_were_differences_is_read():
    document = json.loads(to_json([example()]))
    del document["verdicts"][0]["steps"][0]["checks"][0]["difference"]
    assert from_json(json.dumps(document))[0].steps[0].checks[0].difference is None


def test_junit_holds_the_pattern_and_the_picture():
    failure = ET.fromstring(to_junit([example()])).find(".//failure").text
    assert "note: only column 1 differs" in failure
    assert "0.5 -12      0.5 ↑-1.5" in failure


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
