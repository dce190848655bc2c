"""What can be no submission is said in one line before anything is graded."""

import pytest

from grader.errors import UsageError
from grader.judging.source import read_source


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"\xff\xfe", "UTF-8"), (b"", "empty"), (b"  \n", "empty"), (b"#" * (2**20 + 1), "more than 1 MB"),
     (None, "no file")],
)  # fmt: skip
def test_what_can_be_no_submission_is_one_line(tmp_path, content, said):
    path = tmp_path / "file.py"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UsageError, match=said) as caught:
        read_source(path)
    assert "\n" not in str(caught.value)


def test_the_line_that_is_not_utf8_is_named(tmp_path):
    path = tmp_path / "file.py"
    path.write_bytes(b"one = 1\ntwo = '\xe9'\n")
    with pytest.raises(UsageError, match="line 2"):
        read_source(path)
