"""Verdicts as JUnit XML: a suite for each exercise and device, a case for each check."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Sequence

from grader.reports import picture
from grader.verdict import CheckResult, Difference, Outcome, StepResult, Verdict

KINDS = {
    Outcome.FAILED: "failure", Outcome.NOT_STARTED: "failure", Outcome.RAISED: "error", Outcome.TIMEOUT: "error",
    Outcome.CRASHED: "error", Outcome.REFUSED: "error", Outcome.BLOCKED: "skipped", Outcome.UNAVAILABLE: "skipped",
}  # fmt: skip
NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def to_junit(verdicts: Sequence[Verdict]) -> str:
    """Return the verdicts as one XML document."""
    root = ET.Element("testsuites", name="grader")
    for verdict in verdicts:
        _suite(root, verdict)
    for count in ("tests", "failures", "errors", "skipped"):
        root.set(count, str(sum(int(suite.get(count, 0)) for suite in root)))
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _suite(root: ET.Element, verdict: Verdict) -> None:
    suite = ET.SubElement(
        root, "testsuite", name=f"{verdict.exercise} ({verdict.device})", time=f"{verdict.seconds:.3f}"
    )
    properties = ET.SubElement(suite, "properties")
    for name, value in {
        "seed": str(verdict.seed),
        "isolation": ",".join(verdict.isolation),
        **verdict.versions,
    }.items():
        ET.SubElement(properties, "property", name=name, value=_clean(value))
    for step in verdict.steps:
        for check in step.checks or (CheckResult(step.name, step.name, step.outcome, verdict.said),):
            _case(suite, verdict, step, check)
    cases = suite.findall("testcase")
    suite.set("tests", str(len(cases)))
    for count, kind in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        suite.set(count, str(sum(case.find(kind) is not None for case in cases)))


def _case(suite: ET.Element, verdict: Verdict, step: StepResult, check: CheckResult) -> None:
    name = f"{step.name}: {check.headline}"
    case = ET.SubElement(
        suite, "testcase", classname=f"{verdict.exercise}.{step.name}", name=_clean(name), time=f"{check.seconds:.3f}"
    )
    if check.outcome in KINDS:
        kind = ET.SubElement(case, KINDS[check.outcome], message=_clean(f"{check.outcome}: {check.said}"))
        if kind.tag != "skipped":
            kind.set("type", check.misconception or check.outcome)
        kind.text = _clean("\n".join(_facts(check)))
    if check.printed:
        ET.SubElement(case, "system-out").text = _clean(check.printed)


def _facts(check: CheckResult) -> list[str]:
    found = check.difference or Difference()
    named = {"called": check.called, "with": check.details, "got": check.got, "expected": check.expected,
             "differs": check.detail, "note": found.pattern}  # fmt: skip
    return [
        *(f"{name}: {value}" for name, value in named.items() if value),
        *(f"line {line.number}: {line.text}" for line in check.lines),
        *(picture.lines(found.picture) if found.picture else ()),
        *(("graph:", *check.graphs.got, "instead of:", *check.graphs.expected) if check.graphs else ()),
    ]


def _clean(text: str) -> str:
    return NOT_IN_XML.sub("\ufffd", text)
