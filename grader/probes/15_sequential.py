"""Builds pipelines, or lets the submission build them, runs them, and writes down what can be seen."""

import torch
from torch import nn


def built(submission, num_inputs, num_classes, dropout_prob, device, state, x, upstream):
    """Build a pipeline, put `state` into it, run it in both modes and go backward in evaluation mode."""
    pipeline = submission.build_pipeline(num_inputs, num_classes, dropout_prob, device)
    seen = {
        "kinds": [type(each).__name__ for each in pipeline.modules()],
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


def fill(pipeline, state):
    """Write `state` into the parameters of these names and shapes."""
    with torch.no_grad():
        for name, each in pipeline.named_parameters():
            if name in state and state[name].shape == each.shape:
                each.copy_(state[name])


def counted(submission, kind, sizes):
    """Ask for the parameters of each layer of a pipeline of this kind; say whether it was touched."""
    pipeline = PIPELINES[kind](*sizes)
    ran = []
    pipeline.register_forward_hook(lambda *_: ran.append(True))
    before = facts(pipeline)
    answer = submission.parameters_per_layer(pipeline)
    return {"answer": answer, "untouched": before == facts(pipeline) and not ran}


def facts(pipeline):
    """What would show that somebody touched a pipeline."""
    held = pipeline.state_dict(keep_vars=True)
    modes = [(type(each).__name__, each.training) for each in pipeline.modules()]
    return modes, {name: (id(each), each._version, each.requires_grad) for name, each in held.items()}


def plain(a, b, c):
    return nn.Sequential(nn.Linear(a, b), nn.ReLU(), nn.Linear(b, c), nn.Dropout(0.3), nn.Softmax(dim=1))


def without_bias(a, b, c):
    return nn.Sequential(nn.Linear(a, b, bias=False), nn.Tanh(), nn.Linear(b, c))


def frozen(a, b, c):
    pipeline = nn.Sequential(nn.Linear(a, b), nn.ReLU(), nn.Linear(b, c))
    pipeline[0].requires_grad_(False)
    return pipeline


def with_buffers(a, b, c):
    return nn.Sequential(nn.Linear(a, b), nn.BatchNorm1d(b), nn.Linear(b, c))


def nested(a, b, c):
    return nn.Sequential(nn.Sequential(nn.Linear(a, b), nn.ReLU(), nn.Linear(b, c)), nn.ReLU(), nn.Linear(c, a))


def repeated(a, b, c):
    again, bend = nn.Linear(b, b), nn.ReLU()
    return nn.Sequential(nn.Linear(a, b), bend, again, bend, again, bend)


PIPELINES = {
    "plain": plain,
    "without_bias": without_bias,
    "frozen": frozen,
    "with_buffers": with_buffers,
    "nested": nested,
    "repeated": repeated,
}


def made(state, dropout_prob, training, device):
    """Return a pipeline as step 1 describes it, with these parameters."""
    num_inputs, num_classes = state["0.weight"].shape[1], state["4.weight"].shape[0]
    layers = [nn.Linear(num_inputs, 5), nn.ReLU(), nn.Linear(5, 20), nn.ReLU(), nn.Linear(20, num_classes)]
    pipeline = nn.Sequential(*layers, nn.Dropout(dropout_prob), nn.Softmax(dim=1)).to(device).train(training)
    fill(pipeline, state)
    return pipeline


def predicted(submission, state, dropout_prob, training, x):
    """Ask for a prediction; say in which mode the pipeline is afterwards, and whether it is as it was."""
    pipeline = made(state, dropout_prob, training, x.device)
    pipeline[0].weight.requires_grad_(False)
    before, dropout = facts(pipeline), pipeline[5]
    output = submission.predict(pipeline, x)
    return {
        "output": output,
        "modes": [each.training for each in pipeline.modules()],
        "untouched": before[1] == facts(pipeline)[1],
        "kinds": kinds(pipeline),
        "dropout": dropout.p,
    }


def predicted_unrecorded(submission, state, x):
    """Ask for a prediction where autograd is switched off; say whether it is on afterwards."""
    with torch.no_grad():
        submission.predict(made(state, 0.3, True, x.device), x)
        return torch.is_grad_enabled()


def loss_of(submission, state, dropout_prob, training, x, targets):
    """Ask for the loss of a pipeline and go backward from it; parameters come back with their gradients."""
    pipeline = made(state, dropout_prob, training, x.device)
    before = facts(pipeline)
    loss = submission.classification_loss(pipeline, x, targets)
    untouched = before == facts(pipeline)
    if isinstance(loss, torch.Tensor) and loss.requires_grad and loss.ndim == 0:
        (loss * 3).backward()
    return {
        "loss": loss,
        "untouched": untouched,
        "kinds": kinds(pipeline),
        "trained": dict(pipeline.named_parameters()),
    }


def kinds(pipeline):
    return [type(each).__name__ for each in pipeline]
