"""Builds pipelines, or lets the submission build them, runs them, and writes down what can be seen."""

import torch
from torch import nn

from grader.curriculum.preload.recipes import followed


def built(submission, num_inputs, num_classes, dropout_prob, device, state, x, upstream):
    """Build a pipeline, put `state` into it, run it in both modes and go backward in evaluation mode.

    Told: `build_pipeline` for {num_inputs} inputs and {num_classes} classes, run in both modes, then backward
    """
    before = torch.get_default_device()
    pipeline = submission.build_pipeline(num_inputs, num_classes, dropout_prob, device)
    seen = {
        "default device": torch.get_default_device() == before,
        "modes": [each.training for each in pipeline.modules()],
        "kinds": [type(pipeline).__name__, *kinds(pipeline)],
        "shapes": {name: tuple(each.shape) for name, each in pipeline.named_parameters()},
        "devices": {each.device.type for each in pipeline.parameters()} == {device.type},
        "dropout": [each.p for each in pipeline.modules() if isinstance(each, nn.Dropout)],
        "softmax": [each.dim for each in pipeline.modules() if isinstance(each, nn.Softmax)],
    }
    if device.type == "meta":
        return seen | {"output": pipeline(x) if seen["devices"] else None}
    fill(pipeline, state)
    output = pipeline.eval()(x)
    if isinstance(output, torch.Tensor) and output.requires_grad and output.shape == upstream.shape:
        output.backward(upstream)
    trained = dict(pipeline.named_parameters())
    return seen | {"output": output, "in training": pipeline.train()(x), "trained": trained}


def built_twice(submission, num_inputs, num_classes, device):
    """Build a pipeline twice; say what the two share, and tell of the numbers that they start with.

    Told: `build_pipeline` twice for {num_inputs} inputs and {num_classes} classes
    """
    first, second = (submission.build_pipeline(num_inputs, num_classes, 0.3, device) for _ in range(2))
    shared = {id(each) for each in first.parameters()} & {id(each) for each in second.parameters()}
    seen = {"new": first is not second and not shared, "alike": {}, "constant": {}, "beyond": {}}
    for layer in (0, 2, 4):
        bound = first[layer].weight.shape[1] ** -0.5 + 1e-5
        for name, each in first[layer].named_parameters():
            key = f"{layer}.{name}"
            seen["constant"][key] = bool((each == each.flatten()[0]).all())
            seen["beyond"][key] = bool(each.abs().max() > bound)
            seen["alike"][key] = bool((each == second[layer].get_parameter(name)).all())
    return seen


def fill(pipeline, state):
    """Write `state` into the parameters of these names and shapes."""
    with torch.no_grad():
        for name, each in pipeline.named_parameters():
            if name in state and state[name].shape == each.shape:
                each.copy_(state[name])


def counted(submission, recipes):
    """Ask for the parameters of each layer of pipelines; say of each whether it was touched, and whether it ran.

    Told: `parameters_per_layer` for {recipes:count pipeline}
    """
    return [_counted(submission, followed(recipe, nn.Sequential())) for recipe in recipes]


def _counted(submission, pipeline):
    ran = []
    pipeline.register_forward_hook(lambda *_: ran.append(True))
    before = facts(pipeline)
    answer = submission.parameters_per_layer(pipeline)
    return {"answer": answer, "untouched": before == facts(pipeline), "ran": bool(ran)}


def facts(pipeline):
    """What would show that somebody touched a pipeline."""
    held = pipeline.state_dict(keep_vars=True)
    modes = [(type(each).__name__, each.training) for each in pipeline.modules()]
    return modes, {name: (id(each), each._version, each.requires_grad) for name, each in held.items()}


def made(state, dropout_prob, training, device):
    """Return a pipeline as step 1 describes it, with these parameters."""
    num_inputs, num_classes = state["0.weight"].shape[1], state["4.weight"].shape[0]
    layers = [nn.Linear(num_inputs, 5), nn.ReLU(), nn.Linear(5, 20), nn.ReLU(), nn.Linear(20, num_classes)]
    pipeline = nn.Sequential(*layers, nn.Dropout(dropout_prob), nn.Softmax(dim=1)).to(device).train(training)
    fill(pipeline, state)
    return pipeline


def predicted(submission, state, dropout_prob, training, x):
    """Ask for a prediction; say in which mode the pipeline is afterwards, and whether it is as it was.

    Told: `predict` for {x:count row} with a pipeline in {training:if train}{training:unless eval} mode
    """
    pipeline = made(state, dropout_prob, training, x.device)
    pipeline[0].weight.requires_grad_(False)
    before, dropout = facts(pipeline), pipeline[5]
    fill_grads(pipeline)
    output = submission.predict(pipeline, x)
    return {
        "output": output,
        "modes": [each.training for each in pipeline.modules()],
        "untouched": before[1] == facts(pipeline)[1],
        "kinds": kinds(pipeline),
        "grads": grads(pipeline),
        "dropout": dropout.p,
    }


def predicted_unrecorded(submission, state, x):
    """Ask for a prediction where autograd is switched off; also say whether it is on afterwards.

    Told: `predict` for {x:count row} inside a no_grad block of the caller's
    """
    with torch.no_grad():
        output = submission.predict(made(state, 0.3, True, x.device), x)
        return {"output": output, "recording": torch.is_grad_enabled()}


def loss_of(submission, state, dropout_prob, training, x, targets):
    """Ask for the loss of a pipeline and go backward from it; parameters come back with their gradients.

    Told: `classification_loss` of {x:count row} with a pipeline in {training:if train}{training:unless eval} mode,
    then backward
    """
    pipeline = made(state, dropout_prob, training, x.device)
    before, modes = facts(pipeline), [(each, each.training) for each in pipeline.modules()]
    fill_grads(pipeline)
    state_of_chance = torch.get_rng_state()
    loss = submission.classification_loss(pipeline, x, targets)
    untouched, left = before[1] == facts(pipeline)[1], grads(pipeline)
    kept = {
        "modes": all(each.training == mode for each, mode in modes),
        "grads": left,
        "drew": not torch.equal(state_of_chance, torch.get_rng_state()),
    }
    for each in pipeline.parameters():
        each.grad = None
    if isinstance(loss, torch.Tensor) and loss.requires_grad and loss.ndim == 0:
        (loss * 3).backward()
    return kept | {
        "loss": loss,
        "untouched": untouched,
        "kinds": kinds(pipeline),
        "trained": dict(pipeline.named_parameters()),
    }


def fill_grads(pipeline):
    for each in pipeline.parameters():
        each.grad = torch.full_like(each, 2.0)


def grads(pipeline):
    """Return what is left in `.grad` of the twos that were put there: "kept", "cleared" or "changed"."""
    found = [each.grad for each in pipeline.parameters() if not each.is_meta]
    if not found:
        return "kept"
    if all(each is None or (each == 0).all() for each in found):
        return "cleared"
    return "kept" if all(each is not None and bool((each == 2).all()) for each in found) else "changed"


def kinds(pipeline):
    return [type(each).__name__ for each in pipeline] if isinstance(pipeline, nn.Sequential) else []
