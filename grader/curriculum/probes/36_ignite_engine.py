"""Runs engines with what the submission attached, and writes down what they did."""

import math

import torch
from ignite.engine import Engine, Events, State
from torch.nn import functional

from grader.curriculum.preload.backwards import Backwards

FAR = 200  # batches beyond the last one that is wanted, before endless data is cut off


def pinball(outputs, targets):
    """Return a loss in which outputs and targets may not be swapped."""
    off = targets - outputs
    return torch.maximum(0.8 * off, -0.2 * off).mean()


LOSSES = {"mse": functional.mse_loss, "pinball": pinball}


def train(submission, weight, bias, batches, loss_name, lr, device, left=7.0):
    """Train a linear model from garbage gradients; someone switches it to evaluation between iterations.

    Told: `make_process_function`, run over {batches:count batch} with {loss_name:word} and lr {lr}, with old
    gradients left over
    """
    model = torch.nn.Linear(weight.shape[1], weight.shape[0]).to(device)
    modes, outputs, arrived, steps = [], [], [], []
    with torch.no_grad():
        model.weight.copy_(weight), model.bias.copy_(bias)
    for parameter in model.parameters():
        parameter.grad = torch.full_like(parameter, left)
        parameter.register_post_accumulate_grad_hook(lambda _: arrived.append(1))
    model.register_forward_hook(lambda module, args, output: modes.append(module.training))
    model.eval()
    optimizer = torch.optim.SGD(model.parameters(), lr=lr, momentum=0.5)
    optimizer.register_step_pre_hook(
        lambda *_: steps.append(
            (any(p.grad is not None and bool(p.grad.any()) for p in model.parameters()), len(arrived))
        )
    )
    engine = Engine(submission.make_process_function(model, optimizer, LOSSES[loss_name], device))

    @engine.on(Events.ITERATION_COMPLETED)
    def look(engine):
        outputs.append(engine.state.output)
        model.eval()

    with Backwards() as mode:
        engine.run([(inputs.cpu(), targets.cpu()) for inputs, targets in batches])
    learned = {"weight": model.weight.detach(), "bias": model.bias.detach()}
    return learned | {"outputs": outputs, "modes": modes, "steps": steps, "lost": bool(mode.calls) and not arrived}


class _Spy(torch.nn.Module):
    """Stays on the CPU, whatever it is given, and notes where that was, and of which dtype."""

    def __init__(self, places):
        super().__init__()
        self.scale = torch.nn.Parameter(torch.ones(3))
        self.places = places

    def forward(self, inputs):
        self.places.append((inputs.device.type, str(inputs.dtype)))
        return self.scale * 2


def places_of_batch(submission, device):
    """Return the kinds of device on which model and loss function meet a batch, and the dtypes.

    Told: `make_process_function`, run on one batch with a model on another device, before there is any gradient
    """
    places = []
    model = _Spy(places)

    def loss_function(outputs, targets):
        places.append((targets.device.type, str(targets.dtype)))
        return outputs.sum()

    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    process = submission.make_process_function(model, optimizer, loss_function, device)
    process(Engine(lambda engine, batch: None), (torch.ones(3, 2).double(), torch.ones(3).long()))
    return {"devices": [place for place, _ in places], "dtypes": [dtype for _, dtype in places]}


def _engine(outputs):
    """Return an engine whose i-th iteration puts out `outputs[i]`, and the list of iterations that it ran."""
    ran = []

    def process(engine, batch):
        ran.append(engine.state.iteration)
        return outputs[engine.state.iteration - 1]

    return Engine(process), ran


def journal(submission, length, epochs):
    """Run with a journal attached that has an entry; return it, and how long it had become before the run.

    Told: a run of {epochs:count epoch} of {length:count iteration} with `attach_journal` and a journal that has an
    entry already
    """
    older = ("another run", 1, 2)
    entries = [older]
    engine, ran = _engine([0.0] * (length * epochs))
    submission.attach_journal(engine, entries)
    before = len(entries) - (entries[:1] == [older]) + len(ran)
    engine.run(range(length), max_epochs=epochs)
    kept = entries[:1] == [older]
    return {"before": before, "kept": kept, "journal": entries[1:] if kept else entries}


def report(submission, outputs, epochs, every):
    """Run twice with a report attached; return what was reported in each run.

    Told: `attach_report`, two runs of {epochs:count epoch} over {outputs:count loss}, with a report every {every}
    """
    entries = []
    engine, _ = _engine(outputs)
    submission.attach_report(engine, every, entries)
    engine.run(range(len(outputs) // epochs), max_epochs=epochs)
    first = list(entries)
    engine.run(range(len(outputs) // epochs), max_epochs=epochs)
    return first, entries[len(first) :]


def lows(submission, *several):
    """Let each engine announce its lows, one after the other; return when they did, None for an unknown event."""
    return [_lows(submission, outputs) for outputs in several]


def _lows(submission, outputs):
    engine, _ = _engine(outputs)
    submission.announce_lows(engine)
    event = submission.LowEvents.NEW_LOW
    if not engine.has_registered_events(event):
        return None
    fired = []
    engine.add_event_handler(event, lambda engine: fired.append((engine.state.iteration, engine.state.output)))
    engine.run(range(len(outputs) // 2), max_epochs=2)
    return fired


def two_lows(submission, first, second):
    """Return the lows of two engines that run one after the other.

    Told: two engines with `announce_lows`, run one after the other
    """
    return lows(submission, first, second)


def stopped(submission, outputs, epochs, threshold):
    """Run with a threshold; return how many iterations ran, how often the run was completed, and its last epoch.

    Also the names of the events that something was attached to.

    Told: `stop_below` {threshold}, in a run of {epochs:count epoch} over {outputs:count loss}
    """
    engine, ran = _engine(outputs)
    ends = []
    submission.stop_below(engine, threshold)
    events = [event.name for event in Events if engine._event_handlers.get(event)]
    engine.add_event_handler(Events.COMPLETED, lambda engine: ends.append(engine.state.iteration))
    engine.run(range(len(outputs) // epochs), max_epochs=epochs)
    return {"iterations": len(ran), "ends": len(ends), "max epochs": engine.state.max_epochs, "events": events}


class _RanAway(Exception):
    pass


def endless(submission, first, iterations):
    """Run on endless data; return how far it went and how many batches were taken.

    Told: `run_for` {iterations:count iteration} on data without end
    """
    taken = []

    def batches():
        while len(taken) < iterations**2 + FAR:
            taken.append(first + len(taken))
            yield taken[-1]
        raise _RanAway

    ran, recording = [], []

    def process(engine, batch):
        ran.append(batch)
        recording.append(torch.is_grad_enabled())
        return math.sqrt(batch)

    engine, ends = Engine(process), []
    engine.add_event_handler(Events.STARTED, lambda engine: ends.append("starts"))
    engine.add_event_handler(Events.COMPLETED, lambda engine: ends.append("ends"))
    try:
        state = submission.run_for(engine, batches(), iterations)
    except _RanAway:
        return {"ran_away": True}
    mine = isinstance(state, State)
    answer = {"ran_away": False, "ran": ran, "taken": len(taken), "state": mine, "recording": recording}
    answer["ends"] = ends
    return answer | ({"iteration": state.iteration, "output": state.output} if mine else {})
