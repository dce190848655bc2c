"""Makes models with given entries, writes files down, and reads what the submission made of them."""

import os
import pickle

import torch
from torch import nn

from grader.curriculum.preload.files import write

PATH = "weights-of-today"


def model_of(sizes, state, frozen=False):
    """Return a small model with parameters and buffers, on the device of `state`."""
    a, b, c = sizes
    model = nn.Sequential(nn.Linear(a, b), nn.BatchNorm1d(b), nn.ReLU(), nn.Linear(b, c))
    own = model.state_dict()
    for name, each in state.items():
        model.to(each.device)
        if name in own and own[name].shape == each.shape:
            own[name] = each.clone()
    model.load_state_dict(own)
    model[0].requires_grad_(not frozen)
    return model


def entries(model):
    return {name: each.detach().clone() for name, each in model.state_dict().items()}


def facts(model):
    """What stays the same while values are written."""
    return {name: (id(each), each.device) for name, each in model.named_parameters()}


def settings(model):
    """Modes and flags of a model."""
    return [each.training for each in model.modules()], [each.requires_grad for each in model.parameters()]


def kept(before, model):
    """Say of modes and of flags whether they are as before."""
    return dict(
        zip(("modes", "flags"), (one == other for one, other in zip(before, settings(model), strict=True)), strict=True)
    )


def guarded(work):
    """Return what `work` gives and what it raised; an exercise that is not written yet is not caught."""
    try:
        return work(), ""
    except NotImplementedError:
        raise
    except (RuntimeError, pickle.UnpicklingError) as error:
        kinds = [each.__name__ for each in type(error).__mro__]
        return None, f"{'UnpicklingError' if 'UnpicklingError' in kinds else 'RuntimeError'}: {error}"


def saved(submission, sizes, state):
    """Have a model saved, and read the file as anybody may.

    Told: `save_weights` of a model with {state:count entry}
    """
    model = model_of(sizes, state)
    before = facts(model), settings(model)
    submission.save_weights(model, PATH)
    if not os.path.exists(PATH):
        return {"file": "no file", "entries": None, "untouched": None}
    found, said = guarded(lambda: torch.load(PATH, weights_only=True))
    kind = "not readable as weights" if said else type(found).__name__
    untouched = before == (facts(model), settings(model))
    return {"file": kind, "entries": found, "untouched": untouched, "after": entries(model)}


def loaded(submission, sizes, state, content):
    """Write a file with this content, and have it loaded.

    Told: `load_weights` from a file into a model with {state:count entry}
    """
    model = model_of(sizes, state, frozen=True)
    model[1].eval()
    before, were = facts(model), settings(model)
    write(PATH, content)
    returned, said = guarded(lambda: submission.load_weights(model, PATH))
    return {
        "raised": said,
        "is the model": returned is model,
        "returned": type(returned).__name__,
        "settings": kept(were, model),
        "entries": entries(model),
        "untouched": before == facts(model),
        "code ran": os.path.exists("it-ran"),
    }


def matched(submission, sizes, state, offered):
    """Have part of a state loaded.

    Told: `load_matching` of {offered:count entry} into a model with {state:count entry}
    """
    model = model_of(sizes, state)
    model[1].eval()
    before, were = facts(model), settings(model)
    answer, said = guarded(lambda: submission.load_matching(model, offered))
    return {
        "raised": said,
        "answer": answer,
        "entries": entries(model),
        "shared": shared(model.state_dict(), offered),
        "untouched": before == facts(model),
        "settings": kept(were, model),
        "offered": offered,
    }


def shared(one, other):
    """Return the names of `one` whose memory is also in `other`."""
    taken = {each.data_ptr() for each in other.values()}
    return [name for name, each in one.items() if each.data_ptr() in taken]


def copied(submission, sizes, state, other):
    """Have weights copied from one model to another.

    Told: `copy_weights` from one model to another
    """
    source, target = model_of(sizes, state), model_of(sizes, other, frozen=True)
    target[1].eval()
    before, were = (facts(source), settings(source), facts(target)), settings(target)
    versions = [each._version for each in target.parameters()]
    submission.copy_weights(source, target)
    return {
        "target": entries(target),
        "source": entries(source),
        "shared": shared(target.state_dict(), source.state_dict()),
        "source untouched": before[:2] == (facts(source), settings(source)),
        "target untouched": before[2] == facts(target),
        "written": versions != [each._version for each in target.parameters()],
        "settings": kept(were, target),
    }


def snapshots(submission, sizes, state):
    """Take a snapshot, then change everything in the model.

    Told: `snapshot` of a model with {state:count entry}, which is changed afterwards
    """
    model = model_of(sizes, state)
    before = facts(model), settings(model)
    taken = submission.snapshot(model)
    untouched, values = before == (facts(model), settings(model)), entries(model)
    with torch.no_grad():
        for each in model.state_dict().values():
            each.add_(1)
    return {"taken": taken, "untouched": untouched, "values": values}
