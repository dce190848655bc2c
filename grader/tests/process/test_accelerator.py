"""On the pretended accelerator, what forgets the device fails as it would on a GPU, and nothing else does."""

import json
import shutil
import subprocess
import sys

import pytest

from grader.catalogue import places
from grader.errors import UsageError
from grader.proofs.accelerator import building

HERE = sys.platform == "linux" and shutil.which("c++")
pytestmark = pytest.mark.skipif(not HERE, reason="there is no C++ compiler here, or this is not Linux")
# Runs every piece of code in one process, since torch takes long to load; prints what each raised.
RUNNER = """
import copy, io, json, os, sys, torch
from grader.proofs.accelerator import device
device.load()
said = {}
for name, text in json.load(sys.stdin).items():
    try:
        exec(text, {"torch": torch, "copy": copy, "io": io, "there": torch.device("pretend")})
    except Exception as error:
        said[name] = f"{type(error).__name__}: {error}"
print(json.dumps(said), flush=True)
os._exit(0)  # a thread of autograd that still lets go of a tensor would abort an interpreter that ends
"""
TWO_DEVICES = "Expected all tensors to be on the same device"
REFUSED = {
    "an operation on two devices": ("torch.ones(2, device=there) + torch.ones(2)", TWO_DEVICES),
    "a result on the CPU": ("torch.zeros(2).add_(torch.ones(2, device=there))", TWO_DEVICES),
    "a batch on the CPU": ("torch.nn.Linear(2, 1).to(there)(torch.ones(3, 2))", TWO_DEVICES),
    "a comparison": ("torch.equal(torch.ones(2, device=there), torch.ones(2))", TWO_DEVICES),
    "a generator of the CPU's": (
        "torch.randn(2, generator=torch.Generator(), device=there)",
        "Expected a 'pretend' device type for generator but found 'cpu'",
    ),
    "numpy": ("torch.ones(2, device=there).numpy()", "can't convert pretend:0 device type tensor to numpy"),
    "a gradient on the CPU": ("torch.ones(2, device=there, requires_grad=True).grad = torch.ones(2)", "device"),
}
DONE = {
    "running averages": """
m = torch.nn.BatchNorm1d(3).to(there)
m(torch.rand(5, 3, device=there) + 1)
assert m.running_mean.cpu().all()
""",
    "a module moves, its parameters stay the same objects": """
m = torch.nn.Linear(2, 1)
before = m.weight
m.to(there)
assert m.weight is before and before.device == torch.device("pretend", 0)
""",
    "data from another device": """
t = torch.ones(2, device=there)
t.data = torch.zeros(3)
assert t.device.type == "cpu" and len(t) == 3
""",
    "a deep copy": """
t = torch.ones(2, device=there)
c = copy.deepcopy(t)
t += 1
assert c.tolist() == [1, 1] and c.device.type == "pretend"
""",
    "saved and loaded": """
file = io.BytesIO()
torch.save(torch.ones(2, device=there), file)
for where, kind in ((None, "pretend"), ("cpu", "cpu")):
    file.seek(0)
    assert torch.load(file, map_location=where).device.type == kind
""",
    "a view": """
t = torch.ones(2, 3, device=there)
t.T[0, 1] = 5
assert t[1, 0] == 5 and t.T.stride() == (1, 3)
""",
    "a shape changed in place": """
t = torch.ones(1, 2, device=there)
t.squeeze_()
assert t.shape == (2,)
""",
    "a result that grows": """
t = torch.empty(0, device=there)
torch.add(torch.ones(3, device=there), 1, out=t)
assert t.tolist() == [2, 2, 2]
""",
    "a seed for all devices": """
torch.manual_seed(3)
a = torch.rand(2, device=there)
torch.manual_seed(3)
assert torch.equal(a, torch.rand(2, device=there))
""",
    "a generator of its own": """
g = torch.Generator(there).manual_seed(1)
a = torch.rand(2, generator=g, device=there)
assert torch.equal(a, torch.rand(2, generator=g.manual_seed(1), device=there)) and g.device.type == "pretend"
""",
    "a convolution, and back": """
c = torch.nn.Conv2d(1, 2, 3).to(there)
c(torch.rand(1, 1, 5, 5, device=there)).sum().backward()
assert c.weight.grad.device.type == "pretend"
""",
    "indices from the CPU": "assert torch.arange(4, device=there)[torch.tensor([1])].tolist() == [1]",
}


@pytest.fixture(scope="module")
def said():
    building.build()
    work = DONE | {name: text for name, (text, _) in REFUSED.items()}
    command = [sys.executable, "-c", RUNNER]
    done = subprocess.run(
        command, cwd=places.checkout(), input=json.dumps(work), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("name", REFUSED)
def test_it_mixes_with_nothing(said, name):
    assert REFUSED[name][1] in said.get(name, "nothing was raised")


@pytest.mark.parametrize("name", DONE)
def test_it_does_what_a_gpu_does(said, name):
    assert said.get(name) is None


def command(*arguments):
    return subprocess.run(
        [sys.executable, "-m", "grader", *arguments], cwd=places.checkout(), capture_output=True, text=True, check=False
    )


def test_a_hard_coded_device_is_refused_and_named_there():
    done = command("audit", "05", "--device", "pretend", "--only", "hard-coded-device*", "--seed", "1", "--afresh")
    assert done.returncode == 0, done.stdout
    assert "refused for its own reason" in done.stdout


def test_a_pattern_that_fits_no_answer_proves_nothing():
    done = command("audit", "06", "--only", "no-such*")
    assert done.returncode == 2
    assert "no-such*" in done.stderr


@pytest.mark.parametrize("arguments", [("all",), ("exercise", "05"), ("watch",)])
def test_learners_do_not_meet_it(arguments):
    done = command(*arguments, "--device", "pretend")
    assert done.returncode == 2
    assert "pretend" in done.stderr.strip().splitlines()[-1]


def test_without_a_compiler_it_says_so(monkeypatch, tmp_path):
    monkeypatch.setattr(building.device, "compiled", lambda: tmp_path / "not" / "there.so")
    monkeypatch.setenv("CXX", "no-such-compiler")
    with pytest.raises(UsageError, match=r"C\+\+ compiler"):
        building.build()
