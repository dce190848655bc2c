"""Pretends: that devices are there, that a tensor is on a GPU; and looks at where a model meets its batch."""

import torch
from torch.overrides import TorchFunctionMode

NO_NUMPY = "can't convert cuda:0 device type tensor to numpy. Use Tensor.cpu() to copy the tensor to host memory first."
# What a tensor says of its place.
PLACES = {
    torch.Tensor.device.__get__: torch.device("cuda", 0),
    torch.Tensor.is_cuda.__get__: True,
    torch.Tensor.is_cpu.__get__: False,
    torch.Tensor.get_device: 0,
}


def chosen(submission, machines):
    """Call choose_device on each machine, which says of itself whether it has CUDA and MPS, in every way of asking.

    The torch of all of them was built with both.

    Told: `choose_device` on {machines:count machine} with and without CUDA and MPS
    """
    return [_chosen(submission, *machine) for machine in machines]


def _chosen(submission, has_cuda, has_mps):
    torch.cuda.is_available = lambda: has_cuda
    torch.cuda.device_count = lambda: int(has_cuda)
    torch.backends.mps.is_available = torch.mps.is_available = lambda: has_mps
    torch.backends.cuda.is_built = torch.backends.mps.is_built = lambda: True
    torch.accelerator.is_available = lambda: has_cuda or has_mps
    torch.accelerator.current_accelerator = lambda check_available=False: _accelerator()
    return submission.choose_device()


def _accelerator():
    """Return the device that torch would call its accelerator, None where there is neither."""
    there = {"cuda": torch.cuda.is_available(), "mps": torch.mps.is_available()}
    return next((torch.device(name) for name in there if there[name]), None)


def backward_through(submission, values, device, upstream):
    """Make a variable and run backward from it; return it, with its .grad.

    Told: `variable_on` with {values:count value}, then backward from it
    """
    variable = submission.variable_on(values, device)
    (variable * upstream).sum().backward()
    return variable


class Pretence(TorchFunctionMode):
    """Pretends that some tensors, and what is computed from them or moved to CUDA, are on a GPU. No GPU is used.

    `moved` tells whether anything was sent to CUDA meanwhile.
    """

    def __init__(self, *tensors):
        self._there = list(tensors)
        self.moved = False

    def is_there(self, tensor):
        return any(tensor is each for each in self._there)

    def __torch_function__(self, function, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        if function is torch.device:
            return function(*args, **kwargs)
        name = getattr(function, "__name__", "")
        tensors = [each for each in args if isinstance(each, torch.Tensor)]
        there = any(self.is_there(each) for each in tensors)
        if there and function in PLACES:
            return PLACES[function]
        if there and reads_memory(name, args, kwargs):
            raise TypeError(NO_NUMPY)
        kwargs_here = {key: here(value) for key, value in kwargs.items()}
        result = args[0].clone() if name == "cuda" else function(*map(here, args), **kwargs_here)
        if not isinstance(result, torch.Tensor):
            return result
        return self._placed(result, tensors, self._destination(name, [*args, *kwargs.values()]), there)

    def _placed(self, result, tensors, destination, there):
        """Remember where a result is; a move makes a new tensor, as it does between devices."""
        is_argument = any(result is each for each in tensors)
        if destination is None:
            destination = self.is_there(result) if is_argument else there
        elif destination != self.is_there(result) and is_argument:
            result = result.clone()
        if destination and not self.is_there(result):
            self.moved = self.moved or not there
            self._there.append(result)
        return result

    def _destination(self, name, arguments):
        """Tell whether a function was told to put its result on the GPU (True), on the CPU (False), or neither."""
        if name in ("cpu", "cuda"):
            return name == "cuda"
        for each in arguments:
            if isinstance(each, (str, torch.device)) and str(each).startswith(("cpu", "cuda")):
                return str(each).startswith("cuda")
        return self.is_there(arguments[1]) if name == "to" and isinstance(arguments[1], torch.Tensor) else None


def here(argument):
    """Return the CPU for CUDA, and anything else as it is."""
    is_cuda = isinstance(argument, (str, torch.device)) and str(argument).startswith("cuda")
    return torch.device("cpu") if is_cuda else argument


def reads_memory(name, args, kwargs):
    """Tell whether a function hands the tensor's memory to numpy."""
    forced = kwargs.get("force") or any(each is True for each in args[1:])
    return name in ("__array__", "__dlpack__") or (name == "numpy" and not forced)


def numpy_from_gpu(submission, values):
    """Call to_numpy with a tensor that says that it is on a GPU; return the array and what was raised.

    Told: `to_numpy` of a tensor that lies on a GPU
    """
    tensor = values.cpu().clone()
    try:
        with Pretence(tensor):
            return {"array": submission.to_numpy(tensor), "error": ""}
    except TypeError as error:
        if "to numpy" not in str(error):
            raise
        return {"array": None, "error": str(error)}


def place_of_copy(submission, values, upstream):
    """Call move_and_differentiate with a GPU that is pretended; tell where the copy is.

    Told: `move_and_differentiate` to a GPU
    """
    leaf, upstream = values.cpu().clone().requires_grad_(), upstream.cpu().clone()
    with Pretence(upstream) as pretence:
        copy, _ = submission.move_and_differentiate(leaf, torch.device("cuda"), upstream)
    place = "there" if pretence.is_there(copy) else "not there"
    if place == "not there" and pretence.moved and getattr(copy, "requires_grad", False):
        place = "not there, though something was moved there"
    return {"place": place, "moved": pretence.moved, "dtype": str(getattr(copy, "dtype", None)), "copy": copy}


def numpy_of_result(submission, values):
    """Call to_numpy with a result that has a graph; return the array, and whether the result still has it.

    Told: `to_numpy` of a result that has a graph
    """
    leaf = values.clone().requires_grad_()
    result = leaf * 2
    try:
        array = submission.to_numpy(result)
    except RuntimeError as error:
        if "requires grad" not in str(error):
            raise
        return {"array": None, "error": str(error), "untouched": True}
    untouched = result.requires_grad and result.grad_fn is not None and leaf.requires_grad and result._version == 0
    return {"array": array, "error": "", "untouched": untouched}


MET, MODES, MOVED = [], [], []


class Meeting(torch.nn.Module):
    """A linear model that notes in MET where its batch and its parameters meet, and in MODES its mode; a copy too.

    In MOVED, it notes that it was told to go somewhere.
    """

    def __init__(self, weight):
        super().__init__()
        self.weight = torch.nn.Parameter(weight)

    def _apply(self, function, recurse=True):
        MOVED.append(None)
        return super()._apply(function, recurse)

    def forward(self, batch):
        MET.append((batch.device.type, self.weight.device.type))
        MODES.append(self.training)
        if batch.device != self.weight.device:
            return torch.zeros(batch.shape[0], self.weight.shape[1])
        return batch @ self.weight


class Moves(TorchFunctionMode):
    """Notes whether anybody asked for a tensor on another device."""

    def __init__(self, tensor):
        self._tensor = tensor
        self.asked = False

    def __torch_function__(self, function, types, args=(), kwargs=None):
        self.asked |= getattr(function, "__name__", "") in ("to", "cuda", "cpu") and args[0] is self._tensor
        return function(*args, **(kwargs or {}))


def predicted(submission, weight, batch, device, training):
    """Call predict; say what came back, where batch and parameters met, in which mode, and how the model was left.

    Told: `predict` with a model on the device {device:word}, in {training:if train}{training:unless eval} mode
    """
    MET.clear()
    MODES.clear()
    MOVED.clear()
    model = Meeting(weight.clone()).train(training)
    with Moves(batch) as moves:
        result = submission.predict(model, batch, device)
    left = {"left": model.weight.device.type, "dtype": str(model.weight.dtype), "training": model.training}
    return {"result": result, "met": MET, "during": MODES, "asked": moves.asked, "sent": bool(MOVED)} | left
