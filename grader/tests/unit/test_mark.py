"""The mark says what a workspace holds; what cannot be understood is refused in one line."""

import pytest

from grader.catalogue import catalogue, places
from grader.catalogue.mark import Mark, read_mark, require_solutions
from grader.errors import UsageError


@pytest.fixture
def workspace(tmp_path, monkeypatch):
    (tmp_path / places.MARK).touch()
    monkeypatch.chdir(tmp_path)
    return places.workspace()


def test_what_was_written_is_read(workspace):
    mark = Mark("1.2.3", "1-3,16", 'Ms "Rossi"', {"exercises/01_é.py": "0" * 64})
    workspace.mark.write_text(mark.text, encoding="utf-8")
    assert read_mark(workspace) == mark


def test_an_empty_one_holds_everything(workspace):
    assert read_mark(workspace) == Mark()
    assert catalogue.own() == catalogue.exercises()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("format = 2\n", "another version"),
        ("exercises = [", "damaged"),
        ("exercises = 5\n", "damaged"),
        ("handed_out = 5\n", "damaged"),
        ("\udcff", "damaged"),
    ],
)
def test_what_cannot_be_understood_is_refused_in_one_line(workspace, text, said):
    workspace.mark.write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(UsageError, match=said) as error:
        read_mark(workspace)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("text", "numbers"), [("5", [5]), ("1-3,16", [1, 2, 3, 16]), (" 3 - 5 , leaf_and_grad", [3, 4, 5]), ("2,1", [1, 2])]
)
def test_a_list_names_exercises(text, numbers):
    assert [each.number for each in catalogue.choose(text)] == numbers


@pytest.mark.parametrize("text", ["99", "1-99", "", "1,,2", "5-1", "-", "1-2-3"])
def test_a_list_with_what_is_none_is_refused(text):
    with pytest.raises(UsageError):
        catalogue.choose(text)


def test_only_what_it_holds_is_the_learners(workspace):
    workspace.mark.write_text('exercises = "1-2"\n', encoding="utf-8")
    assert [each.number for each in catalogue.own()] == [1, 2]
    assert catalogue.find_own("02").number == 2
    with pytest.raises(UsageError, match="update --exercises 3"):
        catalogue.find_own("03")


def test_who_has_the_solutions_is_named(workspace):
    require_solutions()
    workspace.mark.write_text('solutions = "Ms Rossi"\n', encoding="utf-8")
    with pytest.raises(UsageError, match="Ms Rossi has them"):
        require_solutions()
