"""The doctor says of everything whether it is well, and what to do where it is not."""

import contextlib
import importlib
import importlib.metadata
import io
import sqlite3
import sys
import types

import pytest
from rich.console import Console

from grader import doctor
from grader.commands import authors
from grader.doctor import Finding, Health
from grader.learning.shown import to_examination

ON_THE_CARD = {
    "torch", "numpy", "pytest", "pytest-timeout", "pandas", "torchvision", "gymnasium", "ale-py", "opencv-python",
    "pytorch-ignite", "tensorboardX", "textual", "watchfiles", "rich", "safetensors", "tensorboard", "matplotlib",
}  # fmt: skip


def console(encoding="utf-8", **options):
    return Console(file=io.TextIOWrapper(io.BytesIO(), encoding=encoding), **options)


@pytest.fixture
def packages(monkeypatch):
    """Versions to be found in place of those that are installed; None for a package that is not."""
    versions = {each.name: _oldest(each.specifier) for each in doctor.requirements()}
    here = types.SimpleNamespace(get_rom_path=lambda game: game)
    monkeypatch.setattr(importlib, "import_module", lambda _: here)

    def version(name):
        if versions[name] is None:
            raise importlib.metadata.PackageNotFoundError(name)
        return versions[name]

    monkeypatch.setattr(importlib.metadata, "version", version)
    return versions


def _oldest(specifier):
    return next(each.version for each in specifier if each.operator == ">=")


def looked_at(name):
    return next(each for each in doctor._packages() if each.what == name)


def test_every_package_on_the_card_is_looked_at(packages):
    assert {each.what for each in doctor._packages()} >= ON_THE_CARD
    assert not any(each.broken for each in doctor._packages())


@pytest.mark.parametrize("name", ["torch", "gymnasium", "ale-py"])
def test_a_package_that_is_missing_is_broken_and_says_what_to_run(packages, name):
    packages[name] = None
    found = looked_at(name)
    assert found.broken
    assert "not installed" in found.said
    assert found.todo == "python -m pip install -c constraints.txt -e ."


@pytest.mark.parametrize(
    ("version", "broken"),
    [("2.10.9", True), ("2.2", True), ("2.11", False), ("2.11.0+cpu", False), ("10.0", False), ("2.11.0rc1", False),
     ("", True), ("unknown", True)],
)  # fmt: skip
def test_a_version_below_what_is_asked_for_is_broken(packages, version, broken):
    packages["torch"] = version
    assert looked_at("torch").broken == broken


@pytest.mark.parametrize(
    ("error", "todo"),
    [
        (ImportError("libGL.so.1: cannot open shared object file: No such file"), "libgl1"),
        (AttributeError("_ARRAY_API not found\nmore"), "--force-reinstall"),
    ],
)
def test_a_package_that_does_not_import_is_broken(packages, monkeypatch, error, todo):
    def fail(name):
        if name == "cv2":
            raise error

    monkeypatch.setattr(importlib, "import_module", fail)
    found = looked_at("opencv-python")
    assert found.broken
    assert "\n" not in found.said
    assert todo in found.todo


def test_without_torch_the_rest_is_still_looked_at(packages, tmp_path, monkeypatch):
    packages["torch"] = None
    monkeypatch.setattr(doctor, "_devices", pytest.fail)
    names = {each.what for each in doctor.examine(console(), tmp_path / "progress.sqlite3")}
    assert {"Python", "torch", "Atari games", "terminal", "progress"} <= names


def test_an_old_python_is_broken(monkeypatch):
    monkeypatch.setattr(sys, "version_info", (3, 10, 4))
    assert doctor._python().broken


@pytest.mark.parametrize(
    ("declared", "health", "said"), [(None, Health.OK, "load"), (object(), Health.WARNING, "built for CUDA")]
)
def test_the_mismatch_of_torchvision_is_explained(monkeypatch, declared, health, said):
    from grader import torchvision_cpu

    monkeypatch.setattr(torchvision_cpu, "DECLARED", declared)
    found = doctor._torchvision()
    assert found.health is health
    assert said in found.said


@pytest.mark.parametrize(
    ("nvidia", "cuda", "health", "said"),
    [
        (False, None, Health.OK, "none here"),
        (True, None, Health.WARNING, "built for the CPU"),
        (True, "12.8", Health.WARNING, "cannot use it"),
    ],
)
def test_a_gpu_that_torch_cannot_use_is_said(monkeypatch, tmp_path, nvidia, cuda, health, said):
    import torch

    monkeypatch.setattr(doctor, "NVIDIA", tmp_path if nvidia else tmp_path / "none")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.version, "cuda", cuda)
    found = doctor._cuda()
    assert found.health is health
    assert said in found.said


def test_a_gpu_that_fails_is_a_warning(monkeypatch):
    import torch

    def fail(*_, **__):
        raise RuntimeError("CUDA error: no kernel image is available\nmore")

    for name, result in (("is_available", True), ("device_count", 1)):
        monkeypatch.setattr(torch.cuda, name, lambda result=result: result)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda index: "An old GPU")
    monkeypatch.setattr(torch, "ones", fail)
    found = doctor._cuda()
    assert found.health is Health.WARNING
    assert found.said == "found, but fails: CUDA error: no kernel image is available"


@pytest.mark.parametrize(
    ("in_force", "health"),
    [(("rlimits", "landlock-7", "seccomp"), Health.OK), (("rlimits", "seccomp"), Health.WARNING),
     (("rlimits", "landlock-7"), Health.WARNING), ((), Health.WARNING)],
)  # fmt: skip
def test_less_isolation_is_a_warning(monkeypatch, in_force, health):
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(doctor, "_in_force", lambda: in_force)
    found = doctor._isolation()
    assert found.health is health
    assert bool(found.todo) == (health is not Health.OK)


def test_a_sandbox_that_does_not_start_is_broken(monkeypatch):
    def fail():
        raise OSError("no more processes")

    monkeypatch.setattr(doctor, "_in_force", fail)
    assert doctor._isolation().broken


def roms(monkeypatch, path_of):
    monkeypatch.setattr(importlib, "import_module", lambda _: types.SimpleNamespace(get_rom_path=path_of))


def test_the_games_are_here(monkeypatch):
    asked = []
    roms(monkeypatch, lambda game: asked.append(game) or game)
    assert doctor._roms().health is Health.OK
    assert asked == ["breakout", "air_raid", "pong"]


def test_games_that_are_missing_are_broken(monkeypatch):
    def elsewhere(game):
        print("Loading roms from /roms...")
        raise NotADirectoryError("ROM directory /roms doesn't exist")

    monkeypatch.setenv("ALE_ROMS_DIR", "/roms")
    roms(monkeypatch, elsewhere)
    found = doctor._roms()
    assert found.broken
    assert "/roms" in found.said
    assert "ALE_ROMS_DIR" in found.todo


@pytest.mark.parametrize(
    ("here", "health", "said"),
    [
        (console(), Health.OK, "plain text"),
        (console("ascii"), Health.WARNING, "ascii"),
        (console("latin-1"), Health.WARNING, "latin-1"),
        (console(force_terminal=True, width=100, _environ={"TERM": "xterm-256color"}), Health.OK, "256 colours"),
        (console(force_terminal=True, width=60, _environ={"TERM": "xterm"}), Health.WARNING, "60 columns"),
        (console(force_terminal=True, width=100, _environ={"TERM": "dumb"}), Health.WARNING, "no colours"),
    ],
)
def test_a_terminal(here, health, said):
    found = doctor._terminal(here)
    assert found.health is health
    assert said in found.said
    assert bool(found.todo) == (health is Health.WARNING)


def test_the_database_is_looked_at_and_not_changed(tmp_path):
    path = tmp_path / "progress.sqlite3"
    assert "not there yet" in doctor._progress(path).said
    assert not path.exists()
    with contextlib.closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA user_version = 99")
    for content, said in ((path.read_bytes(), "newer"), (b"no database" * 100, "damaged")):
        path.write_bytes(content)
        found = doctor._progress(path)
        assert (found.health, path.read_bytes()) == (Health.WARNING, content)
        assert said in found.said
        assert found.todo
    assert [each.name for each in tmp_path.iterdir()] == [path.name]


def test_a_place_where_nothing_can_be_kept_is_a_warning(tmp_path):
    (tmp_path / "file").touch()
    assert "not writable" in doctor._progress(tmp_path / "file" / "progress.sqlite3").said


@pytest.mark.parametrize(
    ("health", "code", "end"),
    [(Health.OK, 0, "All is well"), (Health.WARNING, 0, "Warnings: a."), (Health.BROKEN, 1, "Broken: a.")],
)
def test_only_what_is_broken_exits_with_1(monkeypatch, health, code, end, capsys):
    monkeypatch.setattr(doctor, "examine", lambda _: [Finding("a", health, "[said]", "do [this]")])
    assert authors._doctor(None, Console(width=80)) == code
    printed = capsys.readouterr().out
    assert end in printed
    assert "[said]" in printed
    assert "do [this]" in printed


def test_everything_fits_in_80_columns():
    there = Console(file=io.StringIO(), width=80)
    there.print(to_examination.examination([Finding("torchvision's operators", Health.WARNING, "x" * 200, "y " * 99)]))
    assert max(len(line.rstrip()) for line in there.file.getvalue().splitlines()) <= 80
