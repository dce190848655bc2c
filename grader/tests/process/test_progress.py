"""Graders that keep their progress at the same time."""

import os
import sqlite3

from grader.catalogue.catalogue import find
from grader.record.progress import Progress
from grader.tests.unit.test_progress import verdict


def test_two_graders_at_once_lose_nothing(tmp_path):
    path = tmp_path / "progress.sqlite3"
    children = []
    for _ in range(2):
        child = os.fork()
        if child == 0:
            try:
                for _ in range(20):
                    Progress(path).record(find("05"), [verdict(find("05"))])
            finally:
                os._exit(0)
        children.append(child)
    for child in children:
        os.waitpid(child, 0)
    with sqlite3.connect(path) as database:
        assert database.execute("SELECT count(*) FROM attempt").fetchone() == (40,)
