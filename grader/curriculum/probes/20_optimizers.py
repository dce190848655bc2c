"""Makes parameters and optimizers, sets gradients by hand, and takes steps."""

import contextlib
import copy
import sys

import torch

OWN = ("_single_tensor_", "_multi_tensor_", "zero_grad")  # functions of torch.optim that do a learner's work


def _built(submission, name, groups, defaults):
    """Return an optimizer of the submission's (or of torch's), and its parameters, with the values in `groups`."""
    kind = getattr(torch.optim, name.removeprefix("torch.")) if name.startswith("torch.") else getattr(submission, name)
    groups = [group | {"params": [torch.nn.Parameter(t.clone()) for t in group["params"]]} for group in groups]
    parameters = [p for group in groups for p in group["params"]]
    return kind(groups, **defaults), parameters


def _set_gradients(parameters, row):
    for p, g in zip(parameters, row, strict=True):
        if g is None or p.grad is None:
            p.grad = None if g is None else g.clone()
        else:
            p.grad.copy_(g)  # the same memory again, as backward does after zero_grad(set_to_none=False)


def _kept(parameters, row):
    pairs = zip([p.grad for p in parameters], row, strict=True)
    return all(now is None if g is None else now is not None and torch.equal(now, g) for now, g in pairs)


def _shares(state, tensors):
    mine = {t.data_ptr() for t in tensors if t is not None and t.numel()}
    return any(
        isinstance(value, torch.Tensor) and value.numel() and value.data_ptr() in mine
        for each in state.values() if isinstance(each, dict) for value in each.values()
    )  # fmt: skip


def descend(submission, name, groups, defaults, grads, changes, freeze=False):
    """Take a step for each row of gradients; `changes` holds for each step what is put into the groups before.

    Told: `{name:word}` over {groups:count group}, {grads:count step}
    """
    optimizer, parameters = _built(submission, name, groups, defaults)
    parameters[-1].requires_grad_(not freeze)  # frozen, and has gradients all the same
    start = [p.detach().clone() for p in parameters]
    keys = [set(group) for group in optimizer.param_groups]
    seen = {"kept": True, "shares": False, "raised": "", "used": _ready_made(optimizer), "moves": []}
    for row, change in zip(grads, changes, strict=True):
        at = [p.detach().clone() for p in parameters]
        _set_gradients(parameters, row)
        for group, options in zip(optimizer.param_groups, change, strict=True):
            group.update(options)
        try:
            with _noted(seen["used"]):
                optimizer.step()
        except (TypeError, AttributeError) as error:
            if None not in row:
                raise
            seen["raised"] = f"{type(error).__name__}: {error}"
            break
        seen["moves"].append([p.detach() - old for p, old in zip(parameters, at, strict=True)])
        seen["kept"] = seen["kept"] and _kept(parameters, row)
        seen["shares"] = seen["shares"] or _shares(optimizer.state, [p.grad for p in parameters])
    return seen | {
        "params": parameters,
        "still": [torch.equal(p, old) for p, old in zip(parameters, start, strict=True)],
        "stated": [bool(optimizer.state.get(p)) for p in parameters],
        "added": sorted(
            {key for group, old in zip(optimizer.param_groups, keys, strict=True) for key in group} - keys[0]
        ),
    }


def in_place(submission, name, groups, defaults, grads):
    """Take a step where autograd records, and say whether it refused to change a leaf; note what of torch's is used.

    Told: `{name:word}` over {groups:count group}, a step where autograd records
    """
    optimizer, parameters = _built(submission, name, groups, defaults)
    plain, _ = _built(submission, name, [{"params": groups[0]["params"]}], {"lr": 0.1})
    seen = {"used": _ready_made(optimizer), "recorded": False}
    seen["options"] = {key: value for key, value in plain.param_groups[0].items() if key != "params"}
    _set_gradients(parameters, grads)
    with _noted(seen["used"]):
        try:
            optimizer.step()
        except RuntimeError as error:
            if "a leaf Variable that requires grad" not in str(error):
                raise
            seen["recorded"] = True
    return seen


def _ready_made(optimizer):
    """Return the names of torch's own optimizers that this one is made of."""
    kinds = [kind.__name__ for kind in type(optimizer).__mro__[1:] if issubclass(kind, torch.optim.Optimizer)]
    return [kind for kind in kinds if kind != "Optimizer" and hasattr(torch.optim, kind)]


@contextlib.contextmanager
def _noted(names):
    """Note in `names` what of torch's own optimizers runs meanwhile, however the submission came by it."""

    def note(frame, event, _):
        name, module = frame.f_code.co_name, frame.f_globals.get("__name__", "")
        if event == "call" and name.startswith(OWN) and module.startswith("torch.optim."):
            names.append(name)

    sys.setprofile(note)
    try:
        yield
    finally:
        sys.setprofile(None)


def resumed(submission, name, groups, defaults, grads, at):
    """Take `at` steps, save the state, and go on with new parameters and a new optimizer that loads it.

    Told: `{name:word}` over {groups:count group}, saved after {at:count step} and resumed by a new optimizer
    """
    optimizer, parameters = _built(submission, name, groups, defaults)
    for row in grads[:at]:
        _set_gradients(parameters, row)
        optimizer.step()
    saved = copy.deepcopy(optimizer.state_dict())
    values = iter([p.detach().clone() for p in parameters])
    groups = [group | {"params": [next(values) for _ in group["params"]]} for group in groups]
    optimizer, parameters = _built(submission, name, groups, defaults)
    optimizer.load_state_dict(saved)
    for row in grads[at:]:
        _set_gradients(parameters, row)
        optimizer.step()
    return parameters


def mixes_devices(submission, name, defaults):
    """Take two steps on the meta device; say whether devices were mixed.

    Told: `{name:word}` for two steps on another device
    """
    for device in ("cpu", "meta"):
        p = torch.nn.Parameter(torch.ones(3, 2, device=device))
        try:
            optimizer = getattr(submission, name)([p], **defaults)
            for _ in range(2):
                p.grad = torch.ones(3, 2, device=device)
                optimizer.step()
        except Exception as error:
            if device == "cpu":
                raise
            return {"mixed": "expected device" in str(error) or "same device" in str(error)}
    states = [value for state in optimizer.state.values() for value in state.values()]
    return {"mixed": any(isinstance(v, torch.Tensor) and v.shape == p.shape and v.device != p.device for v in states)}


def cleared(submission, values, grads, set_to_none):
    """Clear the gradients of an optimizer over two groups.

    Told: `clear_gradients` with set_to_none={set_to_none}, where some gradients are None
    """
    parameters = [torch.nn.Parameter(t.clone()) for t in values]
    groups = [{"params": parameters[:2]}, {"params": parameters[2:], "lr": 0.3}]
    optimizer = torch.optim.SGD(groups, lr=0.1, momentum=0.9)
    called = []
    _set_gradients(parameters, [None if index == 3 else torch.zeros_like(p) for index, p in enumerate(parameters)])
    optimizer.step()
    _set_gradients(parameters, grads)
    before = [p.grad for p in parameters]
    held = [(p.grad.clone(), p.grad.data_ptr()) if p.grad is not None else (None, None) for p in parameters]
    state = str(optimizer.state_dict())
    parameters[2].requires_grad_(False)  # frozen since its gradient came
    with _noted(called):
        returned = submission.clear_gradients(optimizer, set_to_none)
    return {
        "returned": returned,
        "called": bool(called),
        "grads": [p.grad for p in parameters],
        "same": [
            p.grad is old and (old is None or old.data_ptr() == place)
            for p, old, (_, place) in zip(parameters, before, held, strict=True)
        ],
        "wiped": any(
            old is not None and p.grad is None and not torch.equal(old.nan_to_num(), copied.nan_to_num())
            for p, old, (copied, _) in zip(parameters, before, held, strict=True)
        ),
        "state": str(optimizer.state_dict()) == state,
        "params": parameters,
        "groups": [len(group["params"]) for group in optimizer.param_groups],
    }


def handed_over(submission, name, mine, theirs, grads, later, stepped):
    """Step the source, and the target otherwise; hand over; step both differently. `mine`, `theirs`: groups.

    One parameter has no gradient in the source, and so nothing is remembered of it. Unless `stepped`, the target has
    taken no step before.

    Told: `hand_over` from one {name:word} to another, and both go on
    """
    source, first = _built(submission, name, mine, {})
    target, second = _built(submission, name, theirs, {})
    for row in grads:
        _set_gradients(first, row)
        source.step()
    if stepped:
        _set_gradients(second, [g * 3 for g in later[0]])
        target.step()
    # As text: a copy of the state, which is what the submission has to make, could be taken from here.
    before = _told(source.state_dict()), [p.detach().clone() for p in [*first, *second]]
    returned = submission.hand_over(source, target)
    untouched = all(torch.equal(p, old) for p, old in zip([*first, *second], before[1], strict=True))
    untouched = untouched and _told(source.state_dict()) == before[0]
    shares = _shares(target.state, [v for each in source.state.values() for v in each.values() if torch.is_tensor(v)])
    start = [p.detach().clone() for p in second]
    for row in later:
        _set_gradients(first, [g * -7 for g in row])
        source.step()
        _set_gradients(second, row)
        target.step()
    moved = [p.detach() - old for p, old in zip(second, start, strict=True)]
    options = [
        {key: value for key, value in group.items() if key in ("lr", "momentum", "betas")}
        for group in target.param_groups
    ]
    return {"untouched": untouched, "shares": shares, "moved": moved, "options": options, "returned": returned}


def _told(state_dict):
    """Return a state_dict as text; an entry in which nothing is remembered does not count."""
    return str(state_dict | {"state": {key: value for key, value in state_dict["state"].items() if value}})
