"""The hostile runner sees a breach where there is one. `tox -e hostile` runs it."""

import os
import sys
import time
from dataclasses import replace

import pytest

from grader.proofs.hostile import runner as hostile
from grader.proofs.hostile.corpus import attacks
from grader.proofs.hostile.decoys import Decoys
from grader.sandbox.shared import scratch
from grader.tests.process.conftest import SHIELDED
from grader.tests.unit.test_hostile import HONEST, attack
from grader.verdict import Outcome

on_linux = pytest.mark.skipif(sys.platform != "linux" or not SHIELDED, reason="there is no sandbox to prove here")


@pytest.fixture(scope="module")
def arena():
    with hostile.Arena() as started:
        yield started


@on_linux
def test_one_that_passes_is_a_breach(arena, tmp_path):
    result = arena.run(attack(tmp_path, "system_x", HONEST.format(ending="failed", more="")))
    assert not result.as_expected
    assert "ended as passed" in result.troubles[0]


@on_linux
def test_one_that_ends_otherwise_is_a_breach(arena, tmp_path):
    text = "# harm: none\n# ending: refused\n\n\ndef to_nearest(tensor):\n    return None\n"
    assert "not as refused" in arena.run(attack(tmp_path, "system_x", text)).troubles[0]


@on_linux
def test_one_that_breaks_before_it_does_harm_is_a_breach(arena, tmp_path):
    """A forged message that no longer fits the wire ends as `crashed`, and shows nothing."""
    text = (
        "# harm: none\n# ending: crashed\nimport sys\n\nwire = sys.modules['grader.sandbox.shared.wire']\n"
        "wire.send = lambda channel, message, arrays=None: message['value']\n\n\n"
        "def to_labels(column, device):\n    return None\n"
    )
    assert "broke before it did any harm" in " ".join(arena.run(attack(tmp_path, "channel_x", text)).troubles)


@on_linux
def test_one_that_says_something_else_is_a_breach(arena, tmp_path):
    text = "# harm: none\n# ending: failed\n# says: elsewhere\n\n\ndef to_nearest(tensor):\n    return None\n"
    assert "not: elsewhere" in arena.run(attack(tmp_path, "system_x", text)).troubles[0]


@on_linux
def test_the_command_ends_with_1_on_a_breach_and_with_0_otherwise(monkeypatch, capsys):
    chosen = attacks(["system_deletes_exercise"])
    assert hostile.main(["system_deletes_exercise"]) == 0
    wrong = [replace(chosen[0], endings=frozenset({Outcome.CRASHED}))]
    monkeypatch.setattr(hostile, "attacks", lambda names: wrong)
    assert hostile.main([]) == 1
    assert "1 breaches" in capsys.readouterr().out


@on_linux
def test_whatever_happens_to_a_decoy_is_seen():
    with Decoys() as decoys:
        assert decoys.touched() == []
        os.remove(decoys.places["EXERCISE"])
        with open(decoys.places["OTHER"], "a", encoding="utf-8") as file:
            file.write("changed")
        os.kill(decoys.pid, 9)
        decoys._process.wait()
        said = " ".join(decoys.touched())
        assert "exercise.py was deleted" in said
        assert "answer.py was changed" in said
        assert "was ended" in said
        assert decoys.touched() == []


@on_linux
@pytest.mark.parametrize("name", ["channel_answers_before_asked", "channel_nan_bomb", "channel_tensor_without_data"])
def test_what_once_broke_the_grader_does_so_no_more(arena, name):
    assert arena.run(attacks([name])[0]).troubles == ()


def test_nobody_waits_for_a_folder_that_holds_much(tmp_path):
    for number in range(scratch.AT_ONCE + 1):
        (tmp_path / f"{number}").touch()
    assert not scratch.clear(str(tmp_path), keep="")
    assert scratch.clear(str(tmp_path), keep="")


def test_a_scratch_folder_is_removed_however_deep_and_closed_it_is(tmp_path):
    folder, elsewhere = tmp_path / "scratch", tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "kept").write_text("kept", encoding="utf-8")
    folder.mkdir()
    inner = os.open(folder, os.O_RDONLY)
    for _ in range(1500):
        os.mkdir("deeper", dir_fd=inner)
        inner, outer = os.open("deeper", os.O_RDONLY, dir_fd=inner), inner
        os.close(outer)
    os.symlink(elsewhere, "link", dir_fd=inner)
    os.close(inner)
    (folder / "closed").mkdir()
    (folder / "closed" / "file").write_text("", encoding="utf-8")
    (folder / "closed").chmod(0o300)
    scratch.remove(str(folder))
    deadline = time.monotonic() + scratch.PATIENCE_SECONDS
    while folder.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not folder.exists()
    assert (elsewhere / "kept").exists()
