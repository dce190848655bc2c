"""Every ending gets its own name, costs its own check only, and nothing that a submission does breaks a grading."""

import dataclasses
import threading
import time
from pathlib import Path

import pytest

from grader.catalogue.catalogue import find, known_checks
from grader.errors import Cancelled, GraderError
from grader.judging import plugin, run
from grader.judging.clock import Limits
from grader.judging.grading import Grader
from grader.judging.overlay import lay_over
from grader.judging.source import Source, read_source
from grader.tests.process.conftest import QUICK, SHIELDED, step
from grader.verdict import Outcome

SLOW = 0.2  # seconds
SLOWED_DOWN = f"""
import time
def slowed_down(function):
    return lambda *arguments: time.sleep({SLOW}) or function(*arguments)
for name in {list(find("05").steps)}:
    globals()[name] = slowed_down(globals()[name])
"""
RIGHT = "    return tensor.requires_grad_()\n"


def switch_on(body):
    return f"def switch_on(tensor):\n{body}"


def test_the_solution_passes_with_every_part_of_the_sandbox_in_force(submit):
    verdict = submit("")
    assert verdict.passed
    assert verdict.score == (6, 6)
    assert verdict.isolation


def test_only_the_steps_that_are_asked_for_are_graded(grader):
    trained = find("09")
    source = read_source(trained.solution)
    verdict = grader.grade(trained, source, seed=1, only=["train"])
    ended = {each.name: each.outcome for each in verdict.steps}
    assert trained.needs["train"]
    assert ended.pop("train") is Outcome.PASSED
    assert set(ended.values()) == {Outcome.BLOCKED}


@pytest.mark.parametrize(("body", "outcome"), [(RIGHT, Outcome.PASSED), ("    return tensor\n", Outcome.BLOCKED)])
def test_a_check_that_comes_last_runs_only_where_the_others_of_its_step_passed(
    launcher, exercise, body, outcome, monkeypatch
):
    checks = [check for check in known_checks(exercise) if check.step == "switch_on"]
    marked = {check: dataclasses.replace(check, last=check is checks[0]) for check in checks}
    declared = tuple(marked.get(check, check) for check in known_checks(exercise))
    monkeypatch.setattr(run, "known_checks", lambda _: declared)
    monkeypatch.setattr(plugin, "known_checks", lambda _: declared)
    source = Source(Path("/learner/05.py"), lay_over(exercise.solution.read_text(), switch_on(body)), "")
    found = step(Grader("cpu", launcher=launcher).grade(exercise, source, seed=1), "switch_on").checks
    assert len(found) > 1
    assert next(each for each in found if each.check == checks[0].name).outcome is outcome


def second_call(exercise, body):
    """A submission that does `body` at the second call within a process."""
    counted = "    global calls\n    calls = globals().get('calls', 0) + 1\n"
    text = lay_over(exercise.solution.read_text(), switch_on(f"{counted}    if calls == 2:\n        {body}\n{RIGHT}"))
    return Source(Path("/learner/05.py"), text, "0" * 64)


def outcomes_under(grader, exercise, source, seeds):
    verdicts = grader.grade_under(exercise, source, seeds, only=["switch_on"])
    assert [verdict.seed for verdict in verdicts] == seeds
    return [step(verdict, "switch_on").outcome for verdict in verdicts]


def test_many_seeds_at_once_give_the_verdict_of_each(grader, exercise):
    assert outcomes_under(grader, exercise, read_source(exercise.solution), [3, 4, 5]) == [Outcome.PASSED] * 3


def test_a_process_serves_a_check_under_many_seeds_and_then_no_other(grader, exercise):
    source = second_call(exercise, "raise ValueError")
    assert outcomes_under(grader, exercise, source, [3, 4]) == [Outcome.PASSED, Outcome.RAISED]
    assert step(grader.grade(exercise, source, seed=4), "switch_on").outcome is Outcome.PASSED


def test_what_was_written_under_one_seed_is_gone_under_the_next(grader, exercise):
    text = lay_over(exercise.solution.read_text(), switch_on(f"    open('seen', 'x').close()\n{RIGHT}"))
    source = Source(Path("/learner/05.py"), text, "0" * 64)
    assert outcomes_under(grader, exercise, source, [3, 4, 5]) == [Outcome.PASSED] * 3


def test_a_process_that_died_under_one_seed_is_another_under_the_next(grader, exercise):
    source = second_call(exercise, "import os; os._exit(3)")
    ended = outcomes_under(grader, exercise, source, [3, 4, 5, 6])
    assert ended == [Outcome.PASSED, Outcome.CRASHED] * 2


def test_what_was_called_is_told_of_a_part_too_where_nothing_else_was():
    ninth = find("09")
    text = (ninth.wrong_answers / "another-number-of-steps--last.py").read_text(encoding="utf-8")
    source = Source(Path("/learner/09.py"), lay_over(ninth.solution.read_text(encoding="utf-8"), text), "0" * 64)
    first = step(Grader("cpu").grade(ninth, source, seed=1, only=["train"]), "train").checks[0]
    assert first.said == "w1 after 4 steps has the wrong values"
    assert first.called.startswith("train(")


def test_the_stub_is_not_started_and_nothing_else(grader, exercise):
    verdict = grader.grade(exercise, read_source(exercise.stub), seed=1)
    assert {check.outcome for each in verdict.steps for check in each.checks} == {Outcome.NOT_STARTED}


@pytest.mark.parametrize(
    ("body", "outcome"),
    [
        ("    return tensor\n", Outcome.FAILED),
        ("    raise NotImplementedError\n", Outcome.NOT_STARTED),
        ("    return tensor.no_such_attribute\n", Outcome.RAISED),
        ("    return switch_on(tensor)\n", Outcome.RAISED),
        ("    raise SystemExit(0)\n", Outcome.CRASHED),
        ("    import os; os._exit(0)\n", Outcome.CRASHED),
        ("    import os, signal; os.kill(os.getpid(), signal.SIGABRT)\n", Outcome.CRASHED),
        ("    import socket; socket.socket()\n", Outcome.REFUSED),
        ("    import subprocess; subprocess.run(['true'])\n", Outcome.REFUSED),
        (f"    open({str(find('05').solution)!r}).read()\n", Outcome.REFUSED),
        (f"    open({str(find('05').checks)!r}).read()\n", Outcome.REFUSED),
        ("    import os; os.setsid()\n", Outcome.REFUSED),
        ("    torch.ones(2, device='meta').cpu()\n", Outcome.RAISED),
    ],
)
def test_each_ending_has_its_name_and_costs_its_own_step_only(submit, body, outcome):
    if outcome is Outcome.REFUSED and not SHIELDED:
        pytest.skip("this system has no Landlock or no seccomp")
    verdict = submit(switch_on(body + RIGHT))
    assert step(verdict, "switch_on").checks[0].outcome is outcome
    assert verdict.score[0] >= 5


@pytest.mark.parametrize(
    "text", ["def f(:\n", "x = 1\0\n", "import no_such_module\n", "raise KeyError('a')\n", "1 / 0\n"]
)
def test_a_file_that_cannot_be_imported_says_why(grader, exercise, text):
    verdict = grader.grade(exercise, Source(Path("/learner/05.py"), text, "0" * 64), seed=1)
    assert verdict.outcome is Outcome.RAISED
    assert verdict.steps[0].checks[0].called == "importing your file"


def test_the_learners_own_line_is_shown(submit):
    verdict = submit(switch_on("    number = 0\n    return 1 / number\n"))
    check = step(verdict, "switch_on").checks[0]
    assert check.said == "ZeroDivisionError: division by zero"
    assert [line.text for line in check.lines] == ["return 1 / number"]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("    open('/etc/hostname')\n", "read /etc/hostname"),
        ("    __import__('pathlib').Path('/etc/mine').write_text('')\n", "write /etc/mine"),
        ("    open('mine', 'w'); os.rename('mine', '/etc/mine')\n", "move mine to /etc/mine"),
        ("    os.symlink('mine', '/etc/mine')\n", "make a link to mine at /etc/mine"),
        ("    subprocess.run(['true'])\n", "start another program (true)"),
        ("    subprocess.run([b'/usr/bin/gcc', '-v'])\n", "start a compiler (/usr/bin/gcc)"),
        ("    os.execv('/bin/true', ['true'])\n", "start another program (/bin/true)"),
        ("    socket.create_connection(('localhost', 9))\n", "open a network connection (localhost)"),
        ("    socket.socket(socket.AF_UNIX)\n", "open a socket"),
        ("    os.kill(os.getppid(), 0)\n", "send a signal to another process"),
        ("    os.setsid()\n", "do this (Operation not permitted)"),
        (
            "    try:\n        subprocess.run(['g++'])\n    except OSError as error:\n"
            "        open(__file__), os.listdir('.')\n        raise RuntimeError('no compiler') from error\n",
            "start a compiler (g++)",
        ),
    ],
    ids=lambda value: value if len(value) < 50 else "not the last thing that was tried",
)
def test_a_refusal_names_what_was_refused(submit, body, said):
    if not SHIELDED:
        pytest.skip("this system has no Landlock or no seccomp")
    check = step(submit(switch_on(f"    import os, socket, subprocess\n{body}")), "switch_on").checks[0]
    assert check.outcome is Outcome.REFUSED
    assert check.said.partition("; ")[0] == f"the sandbox did not let your code {said}"


@pytest.mark.parametrize(
    "body",
    [
        "    raise PermissionError('members only')\n",
        "    try:\n        socket.getaddrinfo('a', 9)\n    except OSError:\n        pass\n    open('missing')\n",
        "    socket.gethostname()\n    open('missing')\n",
        "    class Odd(PermissionError):\n        errno = property(lambda self: 1 / 0)\n    raise Odd(1, 'x')\n",
    ],
    ids=["raised by itself", "after the network", "after the name of the machine", "with attributes of its own"],
)
def test_what_nobody_refused_is_not_said_to_be_refused(submit, body):
    verdict = submit(switch_on(f"    import socket\n{body}"))
    assert step(verdict, "switch_on").checks[0].outcome is Outcome.RAISED


def test_a_loop_that_catches_everything_does_not_outlive_its_time(launcher, exercise):
    body = "    while True:\n        try:\n            while True: pass\n        except BaseException: pass\n"
    text = exercise.solution.read_text(encoding="utf-8") + switch_on(body)
    grader = Grader("cpu", Limits(call=2.0, exercise=60), launcher)
    verdict = grader.grade(exercise, Source(Path("/learner/05.py"), text, "0" * 64), seed=1)
    assert step(verdict, "switch_on").outcome is Outcome.TIMEOUT
    assert verdict.score == (5, 6)


def test_the_time_of_an_exercise_is_shared_by_its_calls(launcher, exercise):
    text = exercise.solution.read_text(encoding="utf-8") + SLOWED_DOWN
    checks = len(known_checks(exercise))
    grader = Grader("cpu", Limits(call=1000.0, exercise=checks * SLOW / 2), launcher)
    verdict = grader.grade(exercise, Source(Path("/learner/05.py"), text, "0" * 64), seed=1)
    assert verdict.outcome is Outcome.TIMEOUT
    assert "the time for the whole exercise ran out" in verdict.steps[-1].checks[-1].said


def test_prints_are_shown_with_the_check_that_met_them_and_cut(submit):
    verdict = submit(switch_on("    print('here', end='')\n" + RIGHT))
    assert step(verdict, "switch_on").checks[0].printed == "here"
    assert step(verdict, "build_four").checks[0].printed == ""
    flood = submit(switch_on("    print('x' * 300_000)\n" + RIGHT))
    printed = step(flood, "switch_on").checks[0].printed
    assert "more bytes were cut" in printed
    assert len(printed) < 70_000
    assert flood.passed


def test_checks_do_not_see_each_others_state(submit):
    verdict = submit("CALLS = []\n" + switch_on("    CALLS.append(1)\n    assert len(CALLS) == 1\n" + RIGHT))
    assert verdict.passed


@pytest.mark.parametrize(
    "attack",
    [
        "import os\nforged = b'\\0\\0\\0\\2\\0\\0\\0\\0{}'\nfor fd in range(64):\n    try: os.write(fd, forged)\n"
        "    except OSError: pass\n",
        "import json\njson.dumps = lambda *a, **k: '{}'\n",
        "torch.Tensor.__eq__ = lambda *a: True\ntorch.allclose = lambda *a, **k: True\ntorch.equal = torch.allclose\n",
        "import sys\nfor name in list(sys.modules):\n    if name.startswith('grader'): del sys.modules[name]\n",
    ],
    ids=["forged answers", "json patched", "torch patched", "modules removed"],
)
def test_patching_and_forging_do_not_pass_wrong_code(submit, attack):
    verdict = submit(attack + "\ndef build_four(values, device):\n    return 1, 2, 3, 4\n")
    assert step(verdict, "build_four").outcome is not Outcome.PASSED


def test_a_killed_child_costs_its_check_and_the_next_one_goes_on(submit):
    """The submission kills its own process, as somebody outside might: `kill -9`."""
    verdict = submit(switch_on("    import os, signal\n    os.kill(os.getpid(), signal.SIGKILL)\n"))
    assert {check.outcome for check in step(verdict, "switch_on").checks} == {Outcome.CRASHED}
    assert "SIGKILL" in step(verdict, "switch_on").checks[0].said
    assert verdict.score == (5, 6)


def test_an_exercise_whose_module_is_missing_is_a_fault_of_the_grader(exercise):
    needs = dataclasses.replace(exercise, preload=("no_such_module",))
    with Grader("cpu") as grader, pytest.raises(GraderError, match="no_such_module"):
        grader.grade(needs, read_source(exercise.solution), seed=1)


def test_the_same_seed_gives_the_same_verdict(submit):
    wrong = "def build_four(values, device):\n    t = torch.tensor(values, device=device)\n    return t, t, t, t\n"
    first, second = submit(wrong, seed=3), submit(wrong, seed=3)
    texts = [
        [(check.got, check.expected) for each in verdict.steps for check in each.checks] for verdict in (first, second)
    ]
    assert texts[0] == texts[1]


def test_nothing_is_left_in_the_temporary_folder(submit, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    submit(switch_on("    open('left', 'w').write('x')\n" + RIGHT))
    deadline = time.monotonic() + 5
    while list(tmp_path.iterdir()) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not list(tmp_path.iterdir())


def test_a_data_loader_may_have_workers(submit):
    body = (
        "    from torch.utils.data import DataLoader, TensorDataset\n"
        "    data = TensorDataset(torch.arange(10.0))\n"
        "    batches = [batch for (batch,) in DataLoader(data, batch_size=4, num_workers=2)]\n"
        "    assert torch.cat(batches).tolist() == list(range(10))\n"
    )
    assert submit(switch_on(body + RIGHT)).passed


def test_too_many_processes_are_ended_with_their_parent(submit):
    body = (
        "    import os, time\n    for _ in range(50):\n        if os.fork() == 0:\n            time.sleep(20)\n"
        "            os._exit(0)\n    time.sleep(20)\n"
    )
    assert "processes" in step(submit(switch_on(body)), "switch_on").checks[0].said


def test_what_is_printed_cannot_paint_over_the_verdict(submit):
    verdict = submit(switch_on("    print('\\x1b[2Jfine\\x07')\n    raise ValueError('\\x1b[31m')\n"))
    check = step(verdict, "switch_on").checks[0]
    assert "\x1b" not in check.printed + check.said
    assert "fine" in check.printed


def test_a_grading_can_be_cancelled_and_the_next_one_is_whole(launcher, exercise):
    stop = threading.Event()
    grader = Grader("cpu", Limits(call=1000.0, exercise=1000.0), launcher, stop)
    text = exercise.solution.read_text(encoding="utf-8")
    endless = Source(Path("/learner/05.py"), lay_over(text, switch_on("    while True: pass\n")), "")
    timer = threading.Timer(0.5, stop.set)
    timer.start()
    with pytest.raises(Cancelled):
        grader.grade(exercise, endless, seed=1)
    timer.join()
    stop.clear()
    assert grader.grade(exercise, read_source(exercise.solution), seed=1).passed


def test_children_started_ahead_give_the_same_verdict(grader, exercise):
    source = read_source(exercise.solution)
    grader.prepare(exercise)
    grader.prepare(exercise)
    ahead, later = (grader.grade(exercise, source, seed=1) for _ in range(2))
    assert [each.outcome for each in ahead.steps] == [each.outcome for each in later.steps]
    assert ahead.isolation == later.isolation


def test_children_started_ahead_for_another_exercise_are_not_used(grader, exercise):
    grader.prepare(find("22"))  # reads data, as 05 may not
    assert grader.grade(exercise, read_source(exercise.solution), seed=1).passed


def test_a_submission_cannot_read_the_file_that_it_came_from(submit, exercise):
    if not SHIELDED:
        pytest.skip("this system has no Landlock or no seccomp")
    verdict = submit(switch_on(f"    open({str(exercise.stub)!r}).read()\n{RIGHT}"))
    assert step(verdict, "switch_on").outcome is Outcome.REFUSED


def test_a_tensor_arrives_as_one_of_its_own(submit):
    verdict = submit(switch_on("    assert not tensor._is_view()\n    tensor.detach_()\n" + RIGHT))
    assert step(verdict, "switch_on").outcome is Outcome.PASSED


def test_a_check_that_did_not_run_is_a_fault_and_no_pass(launcher, exercise, monkeypatch):
    """A check that the file declares but pytest does not collect must never count as passed."""
    import grader.judging.plugin as plugin
    import grader.judging.suite as suite
    from grader.catalogue.catalogue import Check

    more = (*known_checks(exercise), Check("test_vanished", "switch_on", "is not there"))
    monkeypatch.setattr(suite, "known_checks", lambda _: more)
    monkeypatch.setattr(run, "known_checks", lambda _: more)
    monkeypatch.setattr(plugin, "known_checks", lambda _: more)
    with pytest.raises(GraderError, match="test_vanished"):
        Grader("cpu", launcher=launcher).grade(exercise, read_source(exercise.solution), seed=1)


def test_a_step_that_builds_on_a_failed_one_is_blocked(exercise, launcher):
    needs = dataclasses.replace(exercise, needs={"switch_on": ("predict_row",)})
    verdict = Grader("cpu", launcher=launcher).grade(needs, read_source(exercise.stub), seed=1)
    assert {check.outcome for check in verdict.steps[-1].checks} == {"blocked"}


def test_children_prepared_for_another_exercise_are_not_used_where_they_lack_what_is_preloaded(launcher):
    another = find("16")
    with Grader("cpu", QUICK, launcher) as grader:
        first = find("05")
        grader.grade(first, read_source(first.solution), seed=1)
        grader.prepare(first)
        assert grader.grade(another, read_source(another.solution), seed=1).passed


def verdict_on(exercise, launcher, function):
    text = lay_over(exercise.solution.read_text(encoding="utf-8"), function)
    return Grader("cpu", launcher=launcher).grade(exercise, Source(Path("/learner/05.py"), text, ""), seed=1)


def test_what_a_probe_raises_on_a_none_of_the_learners_is_not_told_as_raised_by_the_learner(launcher, exercise):
    verdict = verdict_on(exercise, launcher, "def build_four(values, device):\n    return None if values else device\n")
    check = next(each for each in step(verdict, "build_four").checks if each.check == "test_gradient_reaches_variable")
    assert check.outcome is Outcome.FAILED
    assert check.said.startswith("your code left None where a value was needed, perhaps for want of a `return`")
    assert check.misconception is None


def test_a_function_that_can_return_nothing_is_said_to_and_named(launcher, exercise):
    verdict = verdict_on(exercise, launcher, "def build_four(values, device):\n    pass\n")
    for check in step(verdict, "build_four").checks:
        assert check.said.endswith("; `build_four` has no `return` with a value")
        assert check.misconception == "nothing-returned"


def test_an_exception_of_the_learners_own_names_itself_where_no_check_does(launcher, exercise):
    body = "def switch_on(tensor):\n    tensor.grad.zero_()\n    return tensor.requires_grad_()\n"
    found = step(verdict_on(exercise, launcher, body), "switch_on").checks
    assert {each.misconception for each in found} == {"grad-starts-as-none"}
    assert all(each.outcome is Outcome.RAISED for each in found)


def test_a_named_failure_stands_before_one_without_a_name_and_all_are_there(launcher, exercise):
    answer = "tensor.clone().requires_grad_() if tensor.dtype is torch.float64 else None"
    found = step(verdict_on(exercise, launcher, f"def switch_on(tensor):\n    return {answer}\n"), "switch_on").checks
    assert [each.check for each in found] == ["test_gradient_arrives", "test_same_tensor"]
    assert [each.misconception for each in found] == ["switches-a-copy-on", None]


def test_a_probe_is_told_in_a_sentence_and_what_it_was_given_apart(launcher, exercise):
    found = step(verdict_on(exercise, launcher, "def switch_on(tensor):\n    return tensor\n"), "switch_on").checks
    check = next(each for each in found if each.check == "test_gradient_arrives")
    assert check.called == "`switch_on` for a tensor of shape (3, 2), then backward to it"
    assert check.details.startswith("leaf after switch: values=tensor float64 (3, 2)")


def test_a_failure_about_the_graph_shows_what_was_recorded(launcher, exercise):
    body = "def switch_on(tensor):\n    return tensor.requires_grad_() * 1\n"
    found = step(verdict_on(exercise, launcher, body), "switch_on").checks
    graphs = next(each for each in found if each.check == "test_same_tensor").graphs
    assert graphs.got[1:] == ("├─ leaf (3, 2), the first argument of the call: gradients land here",
                              "└─ an input that requires no gradient")  # fmt: skip
    assert graphs.expected == ("a leaf: nothing behind it",)
