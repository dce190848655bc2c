"""A submission is opened once and safely; what can be none is said in one line before anything is graded."""

import os

import pytest

from grader.catalogue.catalogue import find, find_file, find_own
from grader.errors import UsageError
from grader.files import MAX_BYTES
from grader.judging.source import read_source

SOLUTION = find("05").solution


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


@pytest.mark.parametrize("encoding", ["utf-8-sig", "latin-1", "cp1252", "euc-kr"])
def test_a_file_is_read_in_the_encoding_that_it_declares(tmp_path, encoding):
    word = "손실" if encoding == "euc-kr" else "naïve"
    declared = "utf-8" if encoding == "utf-8-sig" else encoding
    path = tmp_path / "file.py"
    path.write_bytes(f"#!/usr/bin/python\n# -*- coding: {declared} -*-\nword = '{word}'\n".encode(encoding))
    assert f"word = '{word}'" in read_source(path).text
    assert "\ufeff" not in read_source(path).text


@pytest.mark.parametrize("encoding", ["hex", "rot13", "nothing-of-the-kind", "ascii", "undefined", "unicode_escape"])
def test_an_encoding_that_does_not_fit_is_one_line(tmp_path, encoding):
    path = tmp_path / "file.py"
    path.write_bytes(f"# coding: {encoding}\nword = '\xe9 \\ud800'\n".encode("latin-1"))
    with pytest.raises(UsageError, match=r"is not UTF-8 text: line 2"):
        read_source(path)


def test_utf_16_is_named(tmp_path):
    path = tmp_path / "file.py"
    path.write_bytes("x = 1\n".encode("utf-16"))
    with pytest.raises(UsageError, match="is UTF-16 text; save it as UTF-8"):
        read_source(path)


def test_how_lines_end_makes_no_other_submission(tmp_path):
    texts = {}
    for name, end in (("unix", b"\n"), ("windows", b"\r\n")):
        (tmp_path / name).write_bytes(SOLUTION.read_bytes().replace(b"\n", end))
        texts[name] = read_source(tmp_path / name).sha256
    assert texts["unix"] == texts["windows"]


def test_the_line_that_is_not_utf8_is_named(tmp_path):
    path = tmp_path / "file.py"
    path.write_bytes(b"one = 1\ntwo = '\xe9'\n")
    with pytest.raises(UsageError, match="line 2"):
        read_source(path)


@pytest.mark.parametrize(
    ("name", "said"), [("pipe", "a pipe or a device"), ("folder", "a folder"), ("zeros", "device")]
)
def test_what_is_no_file_is_refused_at_once(tmp_path, name, said):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    (tmp_path / "zeros").symlink_to("/dev/zero")
    with pytest.raises(UsageError, match=said):
        read_source(tmp_path / name)


def test_no_more_is_read_than_a_submission_may_hold(tmp_path):
    with (tmp_path / "sparse.py").open("wb") as file:
        file.truncate(100 * MAX_BYTES)
    with pytest.raises(UsageError, match="more than 1 MB"):
        read_source(tmp_path / "sparse.py")


def test_a_link_is_followed_unless_it_comes_from_somebody_else(tmp_path):
    link = tmp_path / "05.py"
    link.symlink_to(SOLUTION)
    assert read_source(link).text == SOLUTION.read_text(encoding="utf-8")
    with pytest.raises(UsageError, match="links are not followed"):
        read_source(link, follow_links=False)


def test_a_path_to_another_file_is_that_file():
    assert find_file(str(SOLUTION)) == (find("05"), SOLUTION)
    with pytest.raises(UsageError, match="--file"):
        find_own(str(SOLUTION))


def test_a_path_to_the_exercise_is_the_exercise(monkeypatch):
    monkeypatch.chdir(find("05").stub.parent)
    for name in (str(find("05").stub), "05_leaf_and_grad.py", "../exercises/05_leaf_and_grad.py", "5", "leaf_and_grad"):
        assert find_own(name) == find("05")


def test_a_path_to_nothing_is_no_exercise():
    with pytest.raises(UsageError, match="no file /nowhere"):
        find_file("/nowhere/05_leaf_and_grad.py")
