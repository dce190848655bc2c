"""What is hidden among Python's packages stays hidden by whatever way one comes, and nothing else does."""

from pathlib import Path

import pytest

from grader.sandbox.child.shield import around


@pytest.fixture
def packages(tmp_path):
    """An environment with two packages and a module, one of them hidden, and a second way to all of them."""
    folder = tmp_path / "lib" / "python" / "site-packages"
    for name in ("hidden", "other"):
        (folder / name).mkdir(parents=True)
    (folder / "module.py").touch()
    (tmp_path / "lib64").symlink_to("lib")
    (folder / "round").symlink_to(folder)
    return folder


@pytest.mark.parametrize("way", ["lib", "lib64", "lib/python/site-packages", "."])
def test_all_but_what_is_hidden_is_in_reach(packages, tmp_path, way):
    reach = around([str(tmp_path / way)], packages / "hidden")
    assert {str(packages / "other"), str(packages / "module.py")} <= set(reach.read)
    resolved = [Path(each).resolve() for each in reach.read]
    assert not any((packages / "hidden").is_relative_to(each) for each in resolved)
    assert reach.listed == (str(tmp_path / way),)


def test_what_does_not_hold_it_is_taken_whole(packages):
    assert around([str(packages / "other")], packages / "hidden").read == (str(packages / "other"),)
