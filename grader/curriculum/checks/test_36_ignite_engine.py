"""Hidden checks of 36: process function, handlers, filters, events of one's own, and when a run ends."""

import math

import pytest
import torch
from torch.nn import functional

from grader.compare import expect

COMPLETED = "the number of times that Events.COMPLETED was fired"
LABELS = ("run starts", "epoch starts", "iteration starts", "iteration ends", "epoch ends", "run ends")


def _int(rng, low, high):
    return int(torch.randint(low, high, (), generator=rng))


def _pinball(outputs, targets):
    off = targets - outputs
    return torch.maximum(0.8 * off, -0.2 * off).mean()


LOSSES = {"mse": functional.mse_loss, "pinball": _pinball}


def _trained(weight, bias, batches, loss_name, lr, *, start=7.0, zeroed="first", step_first=False, loss_late=False):
    """Return (losses, weight, bias) after training from gradients of `start`, zeroed "first", "last" or "never"."""
    parameters = [weight.clone().requires_grad_(), bias.clone().requires_grad_()]
    for parameter in parameters:
        parameter.grad = torch.full_like(parameter, start)
    optimizer = torch.optim.SGD(parameters, lr=lr, momentum=0.5)
    losses = []
    for inputs, targets in batches:
        if zeroed == "first":
            optimizer.zero_grad()
        loss = LOSSES[loss_name](functional.linear(inputs, *parameters), targets)
        if step_first:
            optimizer.step()
        loss.backward()
        if not step_first:
            optimizer.step()
        if zeroed == "last":
            optimizer.zero_grad()
        late = LOSSES[loss_name](functional.linear(inputs, *parameters), targets)
        losses.append(late.item() if loss_late else loss.item())
    return losses, parameters[0].detach(), parameters[1].detach()


def _alike(seen, expected):
    return torch.allclose(seen.data, expected, rtol=1e-3, atol=1e-5)


def _training(rng, loss_name, lr):
    weight, bias = torch.randn(2, 4, generator=rng), torch.randn(2, generator=rng)
    batches = [(torch.randn(5, 4, generator=rng), torch.randn(5, 2, generator=rng)) for _ in range(3)]
    return weight, bias, batches, loss_name, lr


@pytest.mark.step("make_process_function")
def test_output(submission, rng, device):
    """returns each batch's loss as a plain float"""
    task = _training(rng, "pinball", 0.05)
    outputs = expect(submission.probe.train(*task, device)).item("outputs", "the list of outputs").length(3)
    losses, late = _trained(*task)[0], _trained(*task, loss_late=True)[0]
    weight, bias, batches, loss_name, _ = task
    first_swapped = LOSSES[loss_name](batches[0][1], functional.linear(batches[0][0], weight, bias)).item()
    tolerance = 2e-5 if device.type == "cpu" else 1e-3
    for index in range(3):
        named = {
            "returns-graph-tensor": lambda output: output.requires_grad,
            "scalar-tensor-not-number": lambda output: not output.requires_grad and output.shape == (),
            "loss-after-step": lambda output, expected=late[index]: math.isclose(output, expected, rel_tol=tolerance),
            "arguments-swapped": lambda output, first=index == 0: (
                first and math.isclose(output, first_swapped, rel_tol=tolerance)
            ),
        }
        part = outputs.item(index, f"output {index + 1}", named).is_a(float)
        part.satisfies(
            lambda output, expected=losses[index]: math.isclose(output, expected, rel_tol=tolerance, abs_tol=1e-6),
            f"output {index + 1} is not the loss of that batch",
            got=lambda output: f"{output:.7g}", expected=f"{losses[index]:.7g}",
        )  # fmt: skip


@pytest.mark.step("make_process_function")
def test_trains(submission, rng, device):
    """takes one step for each batch, on that batch's gradients alone"""
    for loss_name, lr, left in (("mse", 0.1, 7.0), ("pinball", 0.3, 7.0), ("mse", 0.1, torch.inf)):
        task = _training(rng, loss_name, lr)
        seen = submission.probe.train(*task, device, left)
        expected = _trained(*task)
        dirty = [_trained(*task, zeroed="never", start=start) for start in (7.0, 0.0)]
        dirty.append(_trained(*task, zeroed="last"))
        early = _trained(*task, step_first=True)
        steps = expect(seen).item("steps", "the list of the optimizer's steps").is_a(list) and seen.value["steps"]
        for index, name in enumerate(("weight", "bias"), start=1):
            named = {
                "zero-times-nan": lambda seen, left=left: left == torch.inf and bool(seen.data.isnan().any()),
                "zero-grad-missing": lambda seen, i=index: any(_alike(seen, each[i]) for each in dirty),
                "nothing-was-recorded": lambda _, seen=seen: seen.value["lost"],
                "zero-after-backward": lambda _, steps=steps: not steps[0][0] and steps[0][1] > 0,
                "step-before-backward": lambda seen, i=index, steps=steps: steps[0][1] == 0 and _alike(seen, early[i]),
            }
            expect(seen).item(name, f"the model's {name} after training", named).tensor(expected[index], device=device)


@pytest.mark.step("make_process_function")
def test_mode(submission, rng, device):
    """calls the model once for each batch, in training mode"""
    named = {"calls-forward-directly": [], "train-mode-forgotten": lambda modes: False in modes}
    seen = submission.probe.train(*_training(rng, "mse", 0.1), device)
    expect(seen).item("modes", "the list of the model's `training`, call by call,", named).equals([True] * 3)


@pytest.mark.step("make_process_function")
def test_device(submission):
    """moves inputs and targets to the device that it was given, and changes nothing else about them"""
    named = {"hard-coded-device": ["cpu", "cpu"]}
    seen = expect(submission.probe.places_of_batch(torch.device("meta")))
    seen.item("devices", "the list of the device types of inputs and targets", named).equals(["meta", "meta"])
    named = {"dtype-forced": lambda dtypes: len(dtypes) == 2}
    seen.item("dtypes", "the list of the dtypes of inputs and targets", named).equals(["torch.float64", "torch.int64"])


def _journal(length, epochs, *, local=False):
    entries = [("run starts", 0, 0)]
    for epoch in range(1, epochs + 1):
        first = (epoch - 1) * length
        entries.append(("epoch starts", epoch, 0 if local else first))
        for number in range(1, length + 1):
            iteration = number if local else first + number
            entries += [("iteration starts", epoch, iteration), ("iteration ends", epoch, iteration)]
        entries.append(("epoch ends", epoch, length if local else first + length))
    return [*entries, ("run ends", epochs, length if local else epochs * length)]


def _same_labels(journal, expected):
    return [what for what, _, _ in journal] == [what for what, _, _ in expected]


def _fetched_too_early(journal, expected):
    """Whether only "iteration starts" is off: it was noted before the batch was taken."""
    early = [(what, epoch, number - (what == "iteration starts")) for what, epoch, number in expected]
    return journal == early


def _mixed_up(journal, expected):
    """Whether right entries stand in wrong places, too often or not at all."""
    known = bool(journal) and all(what in LABELS and epoch >= 0 <= number for what, epoch, number in journal)
    return known and (not _same_labels(journal, expected) or _fetched_too_early(journal, expected))


@pytest.mark.step("attach_journal")
def test_journal(submission, rng):
    """notes start and end of the run, of each epoch and of each iteration"""
    for _ in range(2):
        length, epochs = _int(rng, 2, 5), _int(rng, 2, 4)
        expected, local = _journal(length, epochs), _journal(length, epochs, local=True)
        named = {
            "closure-sees-last-value": lambda journal: len(journal) > 2 and len({what for what, _, _ in journal}) == 1,
            "iteration-restarts-each-epoch": lambda journal, expected=local: (
                _same_labels(journal, expected)
                and [entry for entry in journal if entry[0].startswith("iteration")]
                == [entry for entry in expected if entry[0].startswith("iteration")]
            ),
            "wrong-event": lambda journal, expected=expected: _mixed_up(journal, expected),
        }
        seen = expect(submission.probe.journal(length, epochs))
        seen.item("before", "the number of entries and iterations before the run").equals(0)
        seen.item("kept").is_true("the journal no longer begins with the entry that was there before")
        seen.item("journal", "the journal", named).equals(expected)


@pytest.mark.step("attach_journal")
def test_only_attaches(submission):
    """leaves it to the caller to run the engine"""
    seen = submission.probe.journal(2, 2)
    expect(seen).item("before", "the number of entries and iterations before the run").equals(0)


def _reports(outputs, every, first=0):
    return [(number, outputs[number - 1]) for number in range(1, len(outputs) + 1) if (number - first) % every == 0]


def _another_every(report, outputs, every):
    used = report[0][0]
    return 0 < used != every and report == _reports(outputs, used)


@pytest.mark.step("attach_report")
def test_report(submission, rng):
    """reports each multiple of `every`, counted through the whole run"""
    length, epochs = _int(rng, 16, 19), 15
    outputs = torch.randn(length * epochs, generator=rng).tolist()
    local = [(number % length or length) for number in range(1, len(outputs) + 1)]
    for every in (5, 7, 1):
        named = {
            "wrong-event": lambda report, every=every: (
                report == _reports(outputs, length * every)
                or report == [(number, None) for number, _ in _reports(outputs, every)]
                or report == [(number, outputs[number - 1]) for number in range(length, len(outputs) + 1, length)]
            ),
            "epochs-from-zero": lambda report, every=every: every > 1 and report == _reports(outputs, every, first=1),
            "every-ignored": lambda report, every=every: _another_every(report, outputs, every),
            "once-is-not-every": [(every, outputs[every - 1])],
            "iteration-restarts-each-epoch": lambda report, every=every: (
                [output for _, output in report]
                == [output for output, number in zip(outputs, local, strict=True) if number % every == 0]
            ),
        }
        runs = expect(submission.probe.report(outputs, epochs, every)).length(2)
        runs.item(0, "the report", named).equals(_reports(outputs, every))
        counted_on = _reports(outputs, every, -len(outputs))
        named = {
            "state-between-calls": lambda report, expected=counted_on: (
                [output for _, output in report] == [output for _, output in expected]
            )
        }
        runs.item(1, "the report of a second run of the engine", named).equals(_reports(outputs, every))


def _lows(outputs, *, ties=False, after=0):
    """Return (iteration, output) of each that is lower than all before it; of those behind the first `after`."""
    low = [(i + 1 - after, each) for i, each in enumerate(outputs)
           if i == 0 or each < min(outputs[:i]) or (ties and each == min(outputs[:i]))]  # fmt: skip
    return [(number, each) for number, each in low if number > 0]


def _falls(outputs):
    return [(i + 1, each) for i, each in enumerate(outputs) if i == 0 or each < outputs[i - 1]]


def _up_and_down(rng, count):
    """Return floats that fall to a new low, of 0, fall short of one, and tie with one."""
    wave = torch.randn(count, generator=rng)
    return [*(wave - wave.min() + 3).tolist(), 0.0, 2.0, 1.5, 0.0, -1.0]


@pytest.mark.step("announce_lows")
def test_lows(submission, rng):
    """fires the event at each output that is lower than all before it"""
    for count in (5, 9):
        outputs = _up_and_down(rng, count)
        seen = expect(submission.probe.two_lows(outputs, outputs[::-1])).length(2)
        for index, each in enumerate((outputs, outputs[::-1])):
            named = {
                "custom-event-not-registered": lambda fired: fired is None,
                "previous-is-not-lowest": _falls(each),
                "latest-of-several": _lows(each, ties=True),
                # What the first engine left behind decides what the second one does.
                "state-between-calls": _lows([*outputs, *each], after=len(outputs)) if index else None,
            }
            _fired(seen.item(index, "the list of (iteration, output) at which the event fired", named)).equals(
                _lows(each)
            )


def _fired(times):
    """Ask that the engine knows the event."""
    return times.satisfies(lambda fired: fired is not None, "the engine does not know the event NEW_LOW", got="")


@pytest.mark.step("announce_lows")
def test_engines_apart(submission, rng):
    """keeps the lowest output of each engine apart"""
    low, high = torch.rand(4, generator=rng).tolist(), (1e6 * (torch.rand(4, generator=rng) + 5)).tolist()
    seen = expect(submission.probe.two_lows(low, high)).length(2)
    named = {"custom-event-not-registered": lambda fired: fired is None}
    for index, (name, outputs) in enumerate((("first", low), ("second", high))):
        what = f"the list of (iteration, output) at which the {name} engine fired"
        _fired(seen.item(index, what, named)).equals(_lows(outputs))


@pytest.mark.step("stop_below")
def test_stops(submission, rng):
    """ends the whole run right after the first output below the threshold"""
    length, epochs = 8, 4
    for threshold in (0.5, -1.5):
        stop = _int(rng, length + 2, 2 * length - 2)  # in the middle of the second epoch
        outputs = (torch.rand(length * epochs, generator=rng) + threshold + 0.1).tolist()
        outputs[stop - 1 :] = [output - 2 for output in outputs[stop - 1 :]]
        seen = expect(submission.probe.stopped(outputs, epochs, threshold))
        named = {
            "terminate-epoch-is-not-terminate": stop + 2,
            "whole-epochs-only": lambda ran, seen=seen: ran == 2 * length and seen._value["max epochs"] != epochs,
            "wrong-event": lambda ran, seen=seen: ran == 2 * length or seen._value["events"] == ["COMPLETED"],
        }
        seen.item("iterations", "the number of iterations that ran", named).equals(stop)
        ends = seen.item("ends", COMPLETED, {"interrupt-is-not-terminate": 0})
        ends.equals(1)


@pytest.mark.step("stop_below")
def test_runs_on(submission, rng):
    """runs to the end where no output is below the threshold, not even an equal one"""
    threshold = float(_int(rng, -5, 6))
    outputs = [threshold + each for each in (1.0, 0.0, 2.0, 0.0, 3.0, 1.0)]
    seen = expect(submission.probe.stopped(outputs, 3, threshold))
    seen.item("iterations", "the number of iterations that ran").equals(6)
    seen.item("ends", COMPLETED).equals(1)


@pytest.mark.step("run_for")
def test_endless(submission, rng):
    """runs exactly as many iterations as it is told, although the data never end"""
    # A prime number of iterations, which is no multiple of the length of any epoch.
    for iterations in (1, (11, 13, 17, 19)[_int(rng, 0, 4)]):
        first = _int(rng, 1, 50)
        seen = expect(submission.probe.endless(first, iterations))
        seen.item("ran_away", lookalikes={"infinite-run": True}).is_false("the engine ran on without end")
        whole = {"whole-epochs-only": lambda ran, first=first: ran[:1] == [first] and len(ran) > 1}
        ran = seen.item("ran", "the list of batches that were processed", whole)
        ran.equals(list(range(first, first + iterations)))
        seen.item("taken", "the number of batches taken from the data").equals(iterations)
        seen.item("ends", "the list of starts and ends of the run").equals(["starts", "ends"])


@pytest.mark.step("run_for")
def test_state(submission, rng):
    """returns the engine's state"""
    iterations, first = 3 + _int(rng, 0, 5), _int(rng, 1, 50)
    seen = expect(submission.probe.endless(first, iterations))
    seen.item("ran_away", lookalikes={"infinite-run": True}).is_false("the engine ran on without end")
    seen.item("state").is_true("the result is not the State of an engine")
    seen.item("iteration", "the state's iteration").equals(iterations)
    seen.item("recording").satisfies(
        lambda flags: flags == [True] * iterations, "autograd was switched off in an iteration", got=""
    )
    seen.item("output", "the state's output").equals(math.sqrt(first + iterations - 1))
