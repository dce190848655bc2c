"""A control group is made where this process may make one, and nowhere else; it bears its limits."""

import pytest

from grader.sandbox.parent import cgroup
from grader.units import GB


@pytest.fixture
def tree(tmp_path, monkeypatch):
    """Folders that stand in for /sys/fs/cgroup; this process is in user.slice/shell.scope."""
    own = tmp_path / "user.slice" / "shell.scope"
    own.mkdir(parents=True)
    for folder in (tmp_path, own.parent, own):
        (folder / "cgroup.procs").touch()
        (folder / "cgroup.subtree_control").write_text("")
    monkeypatch.setattr(cgroup, "MOUNT", tmp_path)
    monkeypatch.setattr(cgroup, "_own", lambda: own)
    cgroup.place.cache_clear()
    yield tmp_path
    cgroup.place.cache_clear()


def switch_on(folder, controllers="cpu memory pids"):
    (folder / "cgroup.subtree_control").write_text(f"{controllers}\n")


def test_the_nearest_folder_that_offers_it_is_taken(tree):
    switch_on(tree)
    switch_on(tree / "user.slice")
    assert cgroup.place() == tree / "user.slice"


@pytest.mark.parametrize("controllers", ["", "cpu", "memory", "cpu pids"])
def test_none_is_made_where_a_controller_is_not_switched_on(tree, controllers):
    switch_on(tree, controllers)
    assert cgroup.make() is None


def test_none_is_made_where_it_could_not_be_joined(tree):
    switch_on(tree)
    (tree / "cgroup.procs").unlink()
    assert cgroup.make() is None


def test_none_is_made_above_the_mounted_folder(tree):
    switch_on(tree.parent)
    (tree.parent / "cgroup.procs").touch()
    assert cgroup.make() is None


def test_none_is_made_where_the_process_is_in_none(tree, monkeypatch):
    monkeypatch.setattr(cgroup, "_own", lambda: None)
    assert cgroup.make() is None


def test_a_group_bears_its_limits(tree):
    switch_on(tree)
    group = cgroup.make()
    folder = tree / group.members.removeprefix(f"{tree}/").partition("/")[0]
    assert {name: (folder / name).read_text() for name in ("memory.max", "pids.max", "memory.oom.group")} == {
        "memory.max": str(4 * GB),
        "pids.max": "256",
        "memory.oom.group": "1",
    }
