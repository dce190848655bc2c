"""The doctor on the machine at hand."""

from grader import doctor
from grader.doctor import Health
from grader.tests.unit.test_doctor import ON_THE_CARD, console


def test_this_machine(tmp_path):
    found = doctor.examine(console(), tmp_path / "progress.sqlite3")
    names = {each.what for each in found}
    assert ON_THE_CARD | {"Python", "cpu", "cuda", "mps", "isolation", "Atari games", "terminal", "progress"} <= names
    assert all(each.todo for each in found if each.health is not Health.OK)
    assert not list(tmp_path.iterdir())
