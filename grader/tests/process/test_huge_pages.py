"""Memory that is moved to huge pages holds what it held."""

from __future__ import annotations

import subprocess
import sys

MOVE = """
from grader.sandbox.zygote.huge_pages import collapse
kept = [bytes([number % 256]) * 10_000 for number in range(2_000)]
moved = collapse()
assert all(each == bytes([number % 256]) * 10_000 for number, each in enumerate(kept))
print(moved)
"""


def test_nothing_is_lost():
    ended = subprocess.run([sys.executable, "-c", MOVE], capture_output=True, text=True, timeout=60, check=True)
    assert int(ended.stdout) >= 0
