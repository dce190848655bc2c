"""The workspace is found from the current folder upwards; without one, the checkout is the workspace."""

import pytest

from grader.catalogue import places
from grader.errors import UsageError


@pytest.fixture
def elsewhere(tmp_path, monkeypatch):
    """A workspace outside the checkout, from whose depths one looks for it."""
    (tmp_path / places.MARK).touch()
    (tmp_path / "a" / "b").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "a" / "b")
    return tmp_path


def test_a_workspace_is_found_upwards(elsewhere):
    assert places.workspace().root == elsewhere
    assert places.workspace().database == elsewhere / ".grader" / "progress.sqlite3"


def test_without_one_the_checkout_is_the_workspace(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert places.workspace().root == places.checkout()


def test_an_installed_package_has_no_checkout(tmp_path, monkeypatch):
    monkeypatch.setattr(places, "PACKAGE", tmp_path / "grader")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match="katas init"):
        places.workspace()
    with pytest.raises(UsageError, match="checkout"):
        places.checkout()
    assert places.curriculum().solutions == tmp_path / "grader" / "curriculum" / "solutions"
