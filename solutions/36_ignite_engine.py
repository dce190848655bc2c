"""36 Ignite: an engine that runs your training step"""

import math
from collections.abc import Callable, Iterator

import torch
from ignite.engine import Engine, EventEnum, Events, State

Batch = tuple[torch.Tensor, torch.Tensor]


class LowEvents(EventEnum):
    NEW_LOW = "new_low"


def make_process_function(
    model: torch.nn.Module,
    optimizer: torch.optim.Optimizer,
    loss_function: Callable[[torch.Tensor, torch.Tensor], torch.Tensor],
    device: torch.device,
) -> Callable[[Engine, Batch], float]:
    def process(_engine: Engine, batch: Batch) -> float:
        # Set again each time: a validation between two iterations leaves the model in evaluation mode.
        model.train()
        inputs, targets = (part.to(device) for part in batch)
        optimizer.zero_grad()
        loss = loss_function(model(inputs), targets)
        loss.backward()
        optimizer.step()
        # subtle: engine.state.output lives until the next iteration, and with a tensor its graph would too.
        return loss.item()

    return process


def attach_journal(engine: Engine, journal: list[tuple[str, int, int]]) -> None:
    names = {
        Events.STARTED: "run starts",
        Events.EPOCH_STARTED: "epoch starts",
        Events.ITERATION_STARTED: "iteration starts",
        Events.ITERATION_COMPLETED: "iteration ends",
        Events.EPOCH_COMPLETED: "epoch ends",
        Events.COMPLETED: "run ends",
    }

    def note(engine: Engine, what: str) -> None:
        journal.append((what, engine.state.epoch, engine.state.iteration))

    for event, what in names.items():
        # Arguments after the handler are passed on to it: no closure over the loop's variable.
        engine.add_event_handler(event, note, what)


def attach_report(engine: Engine, every: int, report: list[tuple[int, float]]) -> None:
    # The event has the filter, so the handler does not need to count.
    @engine.on(Events.ITERATION_COMPLETED(every=every))
    def note(engine: Engine) -> None:
        report.append((engine.state.iteration, engine.state.output))


def announce_lows(engine: Engine) -> None:
    # An engine fires only events that it was told about.
    engine.register_events(*LowEvents)
    lowest = math.inf

    @engine.on(Events.ITERATION_COMPLETED)
    def compare(engine: Engine) -> None:
        nonlocal lowest
        if engine.state.output < lowest:
            lowest = engine.state.output
            engine.fire_event(LowEvents.NEW_LOW)


def stop_below(engine: Engine, threshold: float) -> None:
    @engine.on(Events.ITERATION_COMPLETED)
    def look(engine: Engine) -> None:
        if engine.state.output < threshold:
            # `terminate` lets the iteration end and the closing events fire; `break` or an exception would not.
            engine.terminate()


def run_for(engine: Engine, batches: Iterator[float], iterations: int) -> State:
    # An epoch of endless data has no end of its own, but iterations can still be counted.
    return engine.run(batches, max_iters=iterations)
