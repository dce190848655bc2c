"""What each key of `watch` does, what a save does, and what is said where something is amiss."""

import asyncio
import sqlite3
from contextlib import closing

import psutil
import pytest

from grader.catalogue.catalogue import find
from grader.learning.track import track
from grader.learning.watch import app as watch
from grader.proofs.tools.processes import lives
from grader.record import database
from grader.record.progress import Progress
from grader.tests.screen.conftest import ENDLESS, NAME, SOLUTION, STUB, WRONG

PASSED = "Passed: 6 of 6 steps"
DEADLY = f"{SOLUTION}# os.abort\n"


async def in_place(stage, screen):
    stage.save(SOLUTION)


async def rename_over(stage, screen):
    new = stage.file.with_name(".new")
    new.write_text(SOLUTION, encoding="utf-8")
    new.replace(stage.file)


async def keep_a_backup(stage, screen):
    stage.file.rename(stage.file.with_name(NAME + "~"))
    stage.save(SOLUTION)


async def delete_and_make_anew(stage, screen):
    stage.file.unlink()
    await screen.shows("there is no file")
    stage.save(SOLUTION)


async def several_at_once(stage, screen):
    for text in (WRONG, "", WRONG, SOLUTION):
        stage.save(text)
        await asyncio.sleep(0.01)


async def unchanged_and_then_changed(stage, screen):
    stage.save(STUB)
    await asyncio.sleep(0.3)
    stage.save(SOLUTION)


@pytest.mark.parametrize(
    "way",
    [in_place, rename_over, keep_a_backup, delete_and_make_anew, several_at_once, unchanged_and_then_changed],
)
def test_a_save_is_graded_however_it_is_made(stage, way):
    async def scene(screen):
        await screen.shows("Next to write: predict_row")
        await way(stage, screen)
        await screen.shows(PASSED, "n goes on to 06")

    stage.play(scene)


def test_polling_sees_a_save(stage):
    async def scene(screen):
        await screen.shows("Next to write: predict_row")
        await rename_over(stage, screen)
        await screen.shows(PASSED)

    stage.play(scene, poll=True)


def test_a_save_that_no_event_tells_of_is_noticed_and_said_and_so_are_those_after_it(stage):
    elsewhere = stage.folder / "elsewhere.py"
    elsewhere.hardlink_to(stage.file)  # what is written there changes the file, and its folder hears nothing

    async def scene(screen):
        await screen.shows("Next to write: predict_row")
        elsewhere.write_text(SOLUTION, encoding="utf-8")
        await screen.shows(PASSED, "no event told of it")
        elsewhere.write_text(WRONG, encoding="utf-8")
        await screen.shows("✗ failed", "no event told of it")
        await screen.press("n", "p")
        await screen.until(lambda: "no event" not in screen.text)
        elsewhere.write_text(SOLUTION, encoding="utf-8")
        await screen.shows(PASSED)

    stage.play(scene)


def test_where_events_come_nothing_is_said_of_them(stage):
    async def scene(screen):
        await screen.shows("Next to write: predict_row")
        stage.save(SOLUTION)
        await screen.shows(PASSED)
        await asyncio.sleep(1.5)  # three looks
        assert not screen.complaint

    stage.play(scene)


@pytest.mark.parametrize("poll", [False, True])
def test_an_exercise_that_is_a_link_is_followed_to_where_it_leads(stage, tmp_path, poll):
    first, second = tmp_path / "notes" / "mine.py", tmp_path / "other" / "mine.py"
    for file in (first, second):
        file.parent.mkdir()
        file.write_text(STUB, encoding="utf-8")
    stage.file.unlink()
    stage.file.symlink_to(first)

    async def scene(screen):
        await screen.shows("Next to write")
        first.write_text(SOLUTION, encoding="utf-8")
        await screen.shows(PASSED)
        stage.file.unlink()
        stage.file.symlink_to(second)
        await screen.shows("Next to write")
        second.write_text(WRONG, encoding="utf-8")
        await screen.shows("✗ failed")

    stage.play(scene, poll=poll)


def test_what_changed_since_the_last_save_is_said(stage):
    stage.save(SOLUTION)

    async def scene(screen):
        await screen.shows(PASSED)
        stage.save(WRONG)
        await screen.shows("Since the last save:", "switch_on: ✓ passed → ✗ failed")

    stage.play(scene)


def test_a_newer_save_stops_the_run_under_way(stage):
    async def scene(screen):
        await screen.shows("Next to write: predict_row")
        stage.save(ENDLESS)
        await screen.shows("grading")
        stage.save(SOLUTION)
        await screen.shows(PASSED)

    stage.play(scene)


def test_keys_are_heard_while_an_endless_answer_is_graded(stage):
    stage.save(ENDLESS)

    async def scene(screen):
        await screen.shows("grading")
        for key, words in (("g", "grading"), ("?", "next exercise"), ("h", "hint 1 of 3"), ("n", "06 Backward")):
            await screen.press(key)
            await screen.shows(words)
        await screen.press("p", "g", "q")
        assert not screen.app.is_running

    stage.play(scene)


def test_grading_again_gives_another_verdict(stage):
    stage.save(WRONG)

    async def scene(screen):
        await screen.shows("said under seed ")
        before = screen.text
        await screen.press("g")
        await screen.until(lambda: "said under seed " in screen.text != before)

    stage.play(scene)


def test_keys_for_help_with_an_answer(stage):
    stage.save(WRONG)

    async def scene(screen):
        await screen.shows("✗ failed")
        for key, words in (
            ("h", "hint 1 of 3"), ("h", "hint 2 of 3"), ("?", "explain the misconception"), ("e", "See it happen"),
            ("c", "Press c again"), ("c", "the same code"), ("escape", "✗ failed"), ("d", "only cpu"),
        ):  # fmt: skip
            await screen.press(key)
            await screen.shows(words)

    stage.play(scene)


def test_all_details_are_one_key_away_and_so_are_fewer(stage):
    stage.save(WRONG)

    async def scene(screen):
        await screen.shows("switch_on", "f()")
        assert "all of it" not in screen.text
        await screen.press("v")
        await screen.shows("f: x=all of it")
        await screen.press("v")
        await screen.until(lambda: "all of it" not in screen.text and "f()" in screen.text)

    stage.play(scene)


def test_hints_lead_on_by_keys(stage):
    async def scene(screen):
        await screen.shows("Next to write")
        await screen.press("h")
        await screen.shows("hint 1 of 3", "h gives the next one.")
        await screen.press("h", "h")
        await screen.shows("hint 3 of 3", "That was the last one. c shows a solution.")

    stage.play(scene)


def test_what_both_cost_is_shown_once_it_passed(stage):
    stage.save(SOLUTION.replace("leaf**2", "leaf * leaf"))

    async def scene(screen):
        await screen.shows(PASSED)
        await screen.press("c")
        await screen.shows("leaf * leaf")
        await screen.shows("3 operations, the solution 2")

    stage.play(scene, size=(100, 60))


def test_a_pass_says_what_was_taught_and_more_on_a_key(stage):
    async def scene(screen):
        await screen.shows("Next to write")
        await screen.press("t")
        await screen.shows("Once it has passed, t shows")
        stage.save(SOLUTION)
        await screen.shows(PASSED, "What this taught", "Autograd records an operation only if", "retain_grad.html")
        await screen.press("t")
        await screen.shows("Right as well", "(True, False): (False, True, True)", "3 operations, the solution 2")
        await screen.press("escape")
        await screen.until(lambda: "Right as well" not in screen.text)

    stage.play(scene, size=(100, 160))


def test_a_comparison_does_not_stop_a_grading(stage):
    stage.save(SOLUTION)

    async def scene(screen):
        await screen.shows(PASSED)
        stage.save(f"{WRONG}# waits for {stage.folder / 'go'}\n")
        await screen.shows("grading")
        await screen.press("c")
        await screen.shows("the same code")
        (stage.folder / "go").touch()
        await screen.shows("✗ failed")

    stage.play(scene)


def test_reset_asks_keeps_the_text_and_says_where(stage):
    watch.stubs.keep_untouched()

    async def scene(screen):
        await screen.shows("Next to write: predict_row")
        stage.save(WRONG)
        await screen.shows("✗ failed")
        await screen.press("r")
        await screen.shows("Your text is kept")
        assert stage.file.read_text(encoding="utf-8") == WRONG
        await screen.press("r")
        await screen.shows("--undo", "Next to write: predict_row")

    stage.play(scene)
    kept = list((stage.folder / ".grader" / "backup").rglob("*.py"))
    assert [each.read_text(encoding="utf-8") for each in kept] == [WRONG]


def test_next_previous_and_list(stage):
    async def scene(screen):
        for keys, words in (
            (["n"], "06 Backward"), (["p"], "05 Leaves"), (["l"], "20 Optimizers"), (["down", "enter"], "06 Backward"),
        ):  # fmt: skip
            await screen.press(*keys)
            await screen.shows(words)
        await screen.shows("06 Backward", "check")

    stage.play(scene)


def test_the_list_is_searched_and_what_is_found_is_opened(stage):
    async def scene(screen):
        await screen.shows("Next to write")
        await screen.press("l")
        await screen.shows("/ searches")
        await screen.press("slash")
        await screen.shows("part:auto", "Tensors 2 h left ░░░░░░░ 0/7")
        await screen.press(*"dropout")
        await screen.until(lambda: "Leaves" not in screen.text)
        await screen.press("escape")
        await screen.shows("Leaves")
        await screen.press("slash", *"state:odd")
        await screen.shows("there is no state 'odd'")
        await screen.press(*["backspace"] * 9, *"misconception:list-index-copies")
        await screen.shows("1 found", "03 Sharing memory")
        await screen.press("enter")
        await screen.shows("03 Sharing memory", "Next to write")

    stage.play(scene)


def test_the_keys_lead_along_the_way(stage):
    async def scene(screen):
        await screen.shows("Next to write")
        await screen.press("n")
        await screen.shows("09 The same net")
        await screen.press("p", "p")
        await screen.shows("05 Leaves")

    stage.play(scene, way=track(find("20")))


def test_a_verdict_may_come_while_the_list_is_open(stage):
    async def scene(screen):
        await screen.shows("Next to write")
        await screen.press("l")
        await screen.shows("20 Optimizers")
        stage.save(SOLUTION)
        await screen.until(
            lambda: "passed" in [row["outcome"] for row in Progress(stage.record).everything()["attempt"]]
        )
        await screen.press("escape")
        await screen.shows(PASSED)

    stage.play(scene)


def workers():
    running = filter(lives, psutil.Process().children())
    return [each for each in running if "judging.worker" in " ".join(each.cmdline())]


def test_a_killed_worker_is_said_and_replaced(stage):
    async def scene(screen):
        await screen.shows("Next to write")
        stage.save(ENDLESS)
        await screen.shows("grading")
        for each in workers():
            each.kill()
        await screen.shows("the grading process ended: SIGKILL")
        stage.save(SOLUTION)
        await screen.shows(PASSED)

    stage.play(scene)


def test_the_last_words_of_the_process_that_grades_are_shown(stage):
    async def scene(screen):
        await screen.shows("Next to write")
        stage.save(DEADLY)
        await screen.shows("the grading process ended: exit code 1; SystemExit: these were its last words")
        stage.save(SOLUTION)
        await screen.shows(PASSED)

    stage.play(scene)


def test_a_process_that_ends_at_once_is_not_started_for_ever(stage):
    count = stage.folder / "count"
    boot = f"import sys; open({str(count)!r}, 'a').write('x'); sys.exit('no torch here')"

    async def scene(screen):
        await screen.shows("the grading process ended: exit code 1; no torch here")
        await screen.press("g")
        await screen.shows("ended 2 times before it had answered", "no torch here", "doctor")
        await asyncio.sleep(0.5)

    stage.play(scene, boot=boot)
    assert count.read_text() == "xx"


def test_an_answer_that_is_too_large_is_one_line_and_the_next_one_is_heard(stage, monkeypatch):
    once = stage.folder / "once"
    boot = f"""
import os, sys
if not os.path.exists({str(once)!r}):
    open({str(once)!r}, "w").close()
    sys.stdin.readline()
    print("x" * {17 * 2**20}, flush=True)
    sys.stdin.read()
sys.path.append(sys.argv.pop())
from grader.judging.worker import main
main()
"""

    async def scene(screen):
        await screen.shows("the grading process ended: its answer is larger than 16 MB")
        await screen.press("g")
        await screen.shows("Next to write")

    stage.play(scene, boot=boot)


def test_a_record_that_is_locked_costs_a_complaint_and_no_key(stage, monkeypatch):
    monkeypatch.setattr(database, "WAIT_SECONDS", 1.0)
    Progress(stage.record).keep_hint(find("05"), "switch_on", 1)
    with closing(sqlite3.connect(stage.record, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")

        async def scene(screen):
            await screen.shows("Next to write")
            assert not screen.complaint
            await screen.press("h", "?")
            await screen.shows("next exercise")
            assert not screen.complaint
            await screen.until(lambda: screen.complaint)
            assert "next exercise" in screen.text
            other.execute("ROLLBACK")
            stage.save(SOLUTION)
            await screen.shows(PASSED)
            await screen.until(lambda: not screen.complaint)

        stage.play(scene)


def test_a_record_that_cannot_be_written_costs_a_complaint_alone(stage):
    stage.record.parent.write_text("in the way", encoding="utf-8")

    async def scene(screen):
        await screen.shows("Next to write", "progress cannot be kept")
        await screen.press("h")
        await screen.shows("hint 1 of 3", "progress cannot be kept")
        assert screen.text.count("cannot be kept") == 1

    stage.play(scene)


def test_what_was_amiss_before_it_was_opened_is_said(stage):
    async def scene(screen):
        await screen.shows("it was set aside")

    stage.save(ENDLESS)
    stage.play(scene, complaint="the record was damaged; it was set aside")


def test_a_fault_behind_the_screen_is_one_line_and_watching_goes_on(stage, monkeypatch):
    def record(*_):
        raise RuntimeError("the record is odd")

    monkeypatch.setattr(Progress, "record", record)

    async def scene(screen):
        await screen.shows("Next to write", "a fault of the grader, not of your code: the record is odd")
        stage.save(SOLUTION)
        await screen.shows(PASSED)

    assert stage.play(scene).traces == ""


def test_a_fault_is_traced_where_somebody_asks_for_it(stage, monkeypatch):
    monkeypatch.setenv("GRADER_DEBUG", "1")
    monkeypatch.setattr(Progress, "record", lambda *_: 1 / 0)

    async def scene(screen):
        await screen.shows("a fault of the grader, not of your code: division by zero")

    assert "Traceback (most recent call last)" in stage.play(scene).traces


def test_leaving_leaves_no_process_behind(stage):
    started = []

    async def scene(screen):
        await screen.shows("Next to write")
        started.extend(workers())
        await screen.press("q")

    stage.play(scene)
    assert len(started) == 1
    assert not psutil.wait_procs(started, timeout=10)[1]
