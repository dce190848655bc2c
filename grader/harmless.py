"""Makes text of somebody else's fit to be shown: nothing in it is obeyed, and nothing looks like words of ours."""

from __future__ import annotations

import re

# What a terminal obeys, what turns the direction of a text round, and what no file in UTF-8 or XML can hold.
CONTROL = re.compile(
    "[^\t\n\x20-\x7e\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]"
    "|[\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufff9-\ufffb]"
)


MOST_LINES = 40  # of a message; torch lists what does not fit in a state dict, a line each


def harmless(text: str) -> str:
    """Return the text without what a terminal would obey: a submission may print, and not paint over a verdict."""
    return CONTROL.sub("\N{REPLACEMENT CHARACTER}", text)


def printed(text: str) -> str:
    """Return what was printed as a terminal would leave it: of a line that was written over, its last state."""
    # No pattern: one that looks for the last \r takes an hour for a line of a megabyte that has none.
    lines = (line.rstrip("\r").rpartition("\r")[2] for line in text.split("\n"))
    return harmless("\n".join(lines))


def marked(text: str) -> str:
    """Return a text of several lines in which all but the first bear a mark: none of them looks like a line of ours."""
    lines = harmless(text).splitlines()
    more = [f"… {len(lines) - MOST_LINES} more lines"] if len(lines) > MOST_LINES else []
    return "\n│ ".join([*lines[:MOST_LINES], *more])


def one_line(text: str) -> str:
    """Return a text of somebody else's as one line: a line break in it would begin a line that looks like ours."""
    return harmless(" ⏎ ".join(text.splitlines()))
