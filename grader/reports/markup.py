"""Builds HTML out of elements, never out of strings: whatever is text gets escaped when it is written."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Sequence

from grader.harmless import harmless

Node = ET.Element | str


def tag(name: str, /, *content: Node, **attributes: str) -> ET.Element:
    """Return an element; an attribute that is a word of Python's ends in `_`, and `_` stands for a hyphen."""
    made = ET.Element(name, {key.rstrip("_").replace("_", "-"): harmless(value) for key, value in attributes.items()})
    for each in content:
        if isinstance(each, ET.Element):
            made.append(each)
        elif len(made):
            made[-1].tail = (made[-1].tail or "") + harmless(each)
        else:
            made.text = (made.text or "") + harmless(each)
    return made


def table(caption: str, heads: Sequence[str], rows: Sequence[Sequence[Node]], *, narrow: int) -> Node:
    """Return a table whose first column names its rows; on a phone, the columns from `narrow` on are left out."""
    kinds: list[dict[str, str]] = [{} if column < narrow else {"class_": "wide"} for column in range(len(heads))]
    head = [tag("th", each, scope="col", **kind) for each, kind in zip(heads, kinds, strict=True)]
    body = [
        [tag("th", first, scope="row"), *(tag("td", each, **kind) for each, kind in zip(rest, kinds[1:], strict=True))]
        for first, *rest in rows
    ]
    lines = [tag("tr", *cells) for cells in body]
    return tag("table", tag("caption", caption), tag("thead", tag("tr", *head)), tag("tbody", *lines))


def fragment(*content: Node, **attributes: str) -> str:
    """Return a division of a page that is somebody else's."""
    return ET.tostring(tag("div", *content, **attributes), encoding="unicode", method="html")


def page(title: str, style: str, *content: Node) -> str:
    """Return a document with nothing in it that runs, and nothing that is fetched."""
    policy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=policy),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("title", title),
        tag("style", style),
    )
    html = tag("html", head, tag("body", *content), lang="en")
    return f"<!DOCTYPE html>\n{ET.tostring(html, encoding='unicode', method='html')}\n"
