"""Puts the generated table where it belongs in a Markdown file: between its two markers."""

from __future__ import annotations

from grader.errors import UsageError

BEGIN, END = "<!-- peers -->", "<!-- /peers -->"


def placed(text: str, table: str) -> str:
    """Return the text with `table` between the markers; raise UsageError where they are not there, once each."""
    if text.count(BEGIN) != 1 or text.count(END) != 1 or text.index(BEGIN) > text.index(END):
        raise UsageError(f"the table goes between {BEGIN} and {END}, and there is no such pair")
    before, after = text.split(BEGIN)[0], text.split(END)[1]
    return f"{before}{BEGIN}\n{table}{END}{after}"
