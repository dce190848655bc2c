"""36 Ignite: an engine that runs your training step

An `Engine` is the training loop that you no longer write: it takes one batch after another from the data and hands it
to your *process function*. Everything else happens in *handlers*, functions that you attach to *events*: the start and
the end of the run, of each epoch, of each iteration. The engine keeps what it knows in `engine.state`: `epoch` and
`iteration` (both count from 1, and `iteration` counts on through all epochs), and `output`, which is what your process
function returned last.

    >>> from ignite.engine import Engine, Events
    >>> trainer = Engine(lambda engine, batch: batch * 10.0)
    >>> def show(engine):
    ...     print(engine.state.epoch, engine.state.iteration, engine.state.output)
    >>> handle = trainer.add_event_handler(Events.ITERATION_COMPLETED, show)
    >>> state = trainer.run([1, 2], max_epochs=2)
    1 1 10.0
    1 2 20.0
    2 3 10.0
    2 4 20.0
    >>> state.iteration
    4

`@trainer.on(event)` above a function attaches it too. In steps 2 to 5 you attach handlers and leave it to the caller
to run the engine.

Read on: https://docs.pytorch.org/ignite/concepts.html
"""

from collections.abc import Callable, Iterator

import torch
from ignite.engine import Engine, EventEnum, Events, State

Batch = tuple[torch.Tensor, torch.Tensor]


class LowEvents(EventEnum):
    """The event for step 4; ready to use."""

    NEW_LOW = "new_low"


def make_process_function(
    model: torch.nn.Module,
    optimizer: torch.optim.Optimizer,
    loss_function: Callable[[torch.Tensor, torch.Tensor], torch.Tensor],
    device: torch.device,
) -> Callable[[Engine, Batch], float]:
    """Step 1. Write the process function of a training engine.

    model: already on `device`. optimizer: holds the model's parameters; their gradients may hold anything.
    loss_function: `loss_function(outputs, targets)` returns a scalar tensor.

    Returns a function that the engine will call as `function(engine, batch)`. A batch is a pair (inputs, targets) of
    tensors on the CPU. Each call puts the model into training mode, moves the batch to `device`, calls the model once
    (the model itself, not its `forward`), and takes one optimizer step on this batch's gradients alone.
    It returns the loss as it was before the step, as a plain float: the engine keeps it in `engine.state.output`, and
    a tensor there would keep its whole graph.
    """
    raise NotImplementedError("step 1: make_process_function")


def attach_journal(engine: Engine, journal: list[tuple[str, int, int]]) -> None:
    """Step 2. Keep a journal of six events.

    Append to `journal` an entry (what, engine.state.epoch, engine.state.iteration), with the state as it is at that
    moment, where `what` is one of these texts:
      "run starts", once, before the first epoch;
      "epoch starts", before each epoch;
      "iteration starts", right before each call of the process function, after its batch was taken from the data;
      "iteration ends", right after each call of the process function;
      "epoch ends", after each epoch;
      "run ends", once, after the last epoch.
    """
    raise NotImplementedError("step 2: attach_journal")


def attach_report(engine: Engine, every: int, report: list[tuple[int, float]]) -> None:
    """Step 3. Report now and then.

    every: an int, at least 1.
    Append (iteration, output) to `report` right after each iteration whose number is a multiple of `every`: the number
    is `engine.state.iteration`, the output is that iteration's. Call an event with `every=...` to get an event that
    stands for every n-th of its kind.
    """
    raise NotImplementedError("step 3: attach_report")


def announce_lows(engine: Engine) -> None:
    """Step 4. Fire an event of your own.

    The engine's outputs are floats. Register the event `LowEvents.NEW_LOW` with the engine, so that a caller can attach
    handlers to it afterwards, and fire it right after each iteration whose output is lower than all outputs before it.
    The first output counts as lower; an equal output does not. Each engine has its own lowest output.
    """
    raise NotImplementedError("step 4: announce_lows")


def stop_below(engine: Engine, threshold: float) -> None:
    """Step 5. End a run early.

    The engine's outputs are floats. End the whole run right after the first iteration whose output is lower than
    `threshold`, however many epochs were asked for; an equal output does not end it. The run ends in the usual way:
    nothing is raised, and handlers of `Events.COMPLETED` are still called.
    """
    raise NotImplementedError("step 5: stop_below")


def run_for(engine: Engine, batches: Iterator[float], iterations: int) -> State:
    """Step 6. Run an engine on data that never ends.

    batches: an endless generator. It has no length, so an engine that is told nothing else waits for its end forever.
    iterations: at least 1; how many to run. Take no more batches than that from `batches`.
    engine: has not run yet. Its process function may train, so gradients are recorded as usual.

    Returns the engine's state after the run.
    """
    raise NotImplementedError("step 6: run_for")
