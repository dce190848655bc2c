"""What others wrote is shown as text, however much of it there is."""

import time

from grader.harmless import MOST_LINES, marked, printed


def test_of_a_line_that_was_written_over_its_last_state_is_shown():
    assert printed("1 %\r2 %\r\nend\r\nx\r") == "2 %\nend\nx"


def test_a_long_line_is_read_at_once():
    """64 kB without a line break took a quarter of a minute, for each check that printed it."""
    started = time.perf_counter()
    assert printed("x" * 64_000) == "x" * 64_000
    assert time.perf_counter() - started < 5


def test_of_many_lines_the_first_are_shown():
    assert marked("x\n" * (MOST_LINES + 3)).endswith("│ … 3 more lines")
