"""What other systems have in their own way, as far as it is words and numbers."""

import os
import threading
import time

import pytest

from grader import files
from grader.judging.clock import Clock, Limits
from grader.sandbox.child import seatbelt
from grader.sandbox.parent import death, folders, tally
from grader.sandbox.parent.limits import Excess
from grader.sandbox.parent.output import PrintedFile
from grader.sandbox.shared.policy import Policy


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (None, "closed its channel"),
        (3, "exit code 3"),
        (-9, "SIGKILL, killed"),
        (0xC0000005, "0xc0000005, an invalid memory access"),
        (0xC00000FD, "too deep a recursion"),
    ],
)
def test_an_ending_is_told_in_words(code, said):
    assert said in death.said(code)


def rules(policy):
    """Return the rules of a profile, each as what it does and the rest."""
    return [tuple(line[1:-1].split(" ", 1)) for line in seatbelt.profile(policy).splitlines()]


def test_on_macos_a_submission_writes_to_its_scratch_folder_alone(tmp_path):
    last = [rest for what, rest in rules(Policy(str(tmp_path))) if "file-write" in rest]
    assert last[0] == "file-write*"
    assert f'file-write* (subpath "{tmp_path}")' in last[1]
    assert last[2:] == ['file-write-data (literal "/dev/null")']


def test_on_macos_the_data_of_an_exercise_is_readable_though_the_grader_is_not(tmp_path):
    data, own = str(tmp_path / "digits"), str(seatbelt.OWN)
    found = rules(Policy(str(tmp_path), readable=(data,)))
    hidden = next(index for index, rule in enumerate(found) if rule[0] == "deny" and own in rule[1])
    granted = next(index for index, rule in enumerate(found) if rule[0] == "allow" and data in rule[1])
    assert hidden < granted


def test_a_name_cannot_add_a_rule():
    assert '(subpath "/a\\")(allow network*")' in seatbelt.profile(Policy('/a")(allow network*'))


def test_without_proc_this_process_and_its_threads_are_counted():
    before = tally.Census().count([os.getpid()])
    done = threading.Event()
    threads = [threading.Thread(target=done.wait) for _ in range(3)]
    for each in threads:
        each.start()
    after = tally.Census().count([os.getpid()])
    done.set()
    assert after.processes == before.processes >= 1
    assert after.threads == before.threads + 3
    assert after.memory > 0


def test_a_process_that_is_gone_counts_for_nothing():
    assert tally.Census().count([2**22 - 1]) == (0, 0, 0, 0, 0)


@pytest.mark.parametrize("way", ["relative", "by path"])
def test_what_lies_in_folders_is_found_and_no_link_is_followed(tmp_path, way):
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "b" / "file").write_bytes(b"x" * 5000)
    (tmp_path / "a" / "up").symlink_to(tmp_path)
    found = folders._by_path(str(tmp_path), 0) if way == "by path" else folders._relative(folders._opened(tmp_path), 0)
    assert sorted(each.st_size for each in found if each.st_size == 5000) == [5000]


def test_too_deep_a_folder_is_refused_on_every_system(tmp_path):
    deep = tmp_path.joinpath(*["d"] * (folders.MAX_DEPTH + 2))
    deep.mkdir(parents=True)
    with pytest.raises(Excess, match="deep"):
        list(folders._by_path(str(tmp_path), 0))


def test_what_was_printed_to_a_file_is_read_bit_by_bit(tmp_path):
    output = PrintedFile(tmp_path / "printed")
    assert output.read(3) == b""
    output.writing.write(b"abcde")
    output.writing.flush()
    assert [output.read(3), output.read(3), output.read(3)] == [b"abc", b"de", b""]
    assert output.held == 5
    output.close()
    assert not (tmp_path / "printed").exists()


def test_the_time_that_a_machine_takes_is_not_the_submissions(monkeypatch):
    now = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    clock = Clock(Limits(call=10.0, exercise=60.0))
    with clock.stopped():
        now[0] = 1000.0
    assert clock.seconds_for_a_call() == 10.0
    assert not clock.spent


def test_on_windows_a_file_that_somebody_holds_is_tried_again(monkeypatch):
    tries = []

    def change():
        tries.append(1)
        if len(tries) < 3:
            raise PermissionError
        return "done"

    monkeypatch.setattr(files.sys, "platform", "win32")
    monkeypatch.setattr(files.time, "sleep", lambda _: None)
    assert files.patiently(change) == "done"


def test_elsewhere_it_is_refused_at_once():
    tries = []

    def change():
        tries.append(1)
        raise PermissionError

    with pytest.raises(PermissionError):
        files.patiently(change)
    assert len(tries) == 1
