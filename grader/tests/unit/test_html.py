"""The page is for everybody: it obeys nothing of a submission's, and is built to be read in any way one reads."""

import itertools
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from grader.catalogue.misconceptions import misconceptions
from grader.reports import to_html
from grader.tests.examples import example
from grader.verdict import Outcome

HOSTILE = '</pre></style><script>alert(1)</script><img src="http://example.org/x" onerror="alert(2)">\x1b[31m\u202e'
VOID = {"meta", "wbr", "br", "hr", "img"}


class Page(HTMLParser):
    """What a browser makes of a page: its elements in order, and which were left open."""

    def __init__(self, text):
        super().__init__()
        self.elements, self.open, self.text = [], [], ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data

    def all(self, *tags):
        return [attributes for tag, attributes in self.elements if tag in tags]


def failed(**fields):
    verdict = example()
    [step] = verdict.steps
    [check] = step.checks
    return replace(verdict, steps=(replace(step, checks=(replace(check, **fields),)),))


def page(*verdicts):
    return Page(to_html.to_html(verdicts))


@pytest.mark.parametrize("field", ["headline", "said", "called", "got", "expected", "detail", "printed"])
def test_nothing_of_a_submission_is_obeyed(field):
    shown = page(failed(**{field: HOSTILE}))
    assert not shown.open
    assert not shown.all("script", "img")
    assert "<script>alert(1)</script>" in shown.text
    assert not set("\x1b\u202e") & set(shown.text)


def test_the_name_of_a_file_is_text():
    assert HOSTILE[:20] in page(replace(example(), submission=HOSTILE)).text


def test_it_needs_nothing_and_runs_nothing():
    shown = page(example(), replace(example(), exercise="06_backward"))
    assert not shown.all("script", "link", "iframe", "img")
    links = [each["href"] for each in shown.all("a")]
    assert links == ["#05_leaf_and_grad-cpu", "#06_backward-cpu"]
    assert {each["id"] for each in shown.all("section")} == {link[1:] for link in links}
    [policy] = [each["content"] for each in shown.all("meta") if "http-equiv" in each]
    assert policy.startswith("default-src 'none'")


@pytest.mark.parametrize("count", [1, 2])
def test_it_can_be_read_aloud(count):
    shown = page(*(replace(example(), exercise=f"0{number}_x") for number in range(1, count + 1)))
    [html] = shown.all("html")
    assert html["lang"] == "en"
    assert [len(shown.all(each)) for each in ("header", "main", "footer", "h1")] == [1, 1, 1, 1]
    levels = [int(tag[1]) for tag, _ in shown.elements if re.fullmatch(r"h\d", tag)]
    assert all(later <= earlier + 1 for earlier, later in itertools.pairwise(levels))
    assert all("scope" in each for each in shown.all("th"))
    assert len(shown.all("caption")) == len(shown.all("table"))
    names = [each["id"] for _, each in shown.elements if "id" in each]
    assert len(set(names)) == len(names)


def test_a_misconception_is_folded_and_says_all():
    known = next(each for each in misconceptions().values() if "`" in each.why)
    shown = page(failed(misconception=known.id))
    assert all(part.replace("`", "") in shown.text for part in (known.title, known.why, known.look))
    assert all("open" not in each for each in shown.all("details"))


def test_what_an_import_prints_is_shown_once():
    verdict = failed(outcome=Outcome.PASSED, printed="hello from the import")
    [step] = verdict.steps
    twice = replace(verdict, steps=(replace(step, checks=step.checks * 2),))
    assert page(twice).text.count("hello from the import") == 1


def test_it_says_what_it_was_graded_with():
    shown = page(replace(example(), versions={"torch": "2.13.0", "python": "3.11.7"}))
    assert "torch 2.13.0, python 3.11.7" in shown.text
    assert "Seed 7" in shown.text


def luminance(colour):
    parts = [int(colour[index : index + 2], 16) / 255 for index in (0, 2, 4)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
def test_every_colour_of_text_can_be_told_from_what_is_behind_it(theme):
    blocks = re.findall(r":root \{([^}]*)\}", to_html.style("page.css"))
    colours = dict(re.findall(r"--(\w+): #([0-9a-f]{6})", blocks[theme]))
    for behind in ("paper", "soft"):
        for name in colours.keys() - {"paper", "soft", "rule"}:
            light, dark = sorted((luminance(colours[name]), luminance(colours[behind])), reverse=True)
            assert (light + 0.05) / (dark + 0.05) >= 4.5, (name, behind)


def test_how_two_results_differ_is_told_and_shown():
    text = to_html.to_html([example()])
    assert "only column 1 differs" in text
    assert "0.5 -12      0.5 ↑-1.5" in text
