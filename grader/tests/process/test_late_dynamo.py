"""torch's compiler is loaded by what compiles, and by nothing else; then it is what it always was."""

import subprocess
import sys

import pytest

BEFORE = """
import sys, torch
from grader.sandbox.child.late_dynamo import load_dynamo_late
load_dynamo_late()
loaded = lambda: any(name.startswith("torch._dynamo.") for name in sys.modules)
model = torch.nn.Linear(2, 1)
"""
STEP = """
def step(optimizer):
    optimizer.zero_grad()
    model(torch.ones(1, 2)).sum().backward()
    optimizer.step()
step(torch.optim.Adam(model.parameters()))
torch.optim.lr_scheduler.StepLR(torch.optim.SGD(model.parameters(), 0.1), 1)
torch.ones(2, device="meta") * 2
"""
BREAKS = """
optimizer = torch.optim.SGD(model.parameters(), 0.1)
counter = torch._dynamo.testing.CompileCounter()
torch.compile(step, backend=counter)(optimizer)
print(torch._dynamo.utils.counters["graph_break"].total() > 0, counter.frame_count)
"""


def printed(code):
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def test_training_and_the_meta_device_load_no_compiler():
    assert printed(BEFORE + STEP + "print(loaded())") == ["False"]


@pytest.mark.parametrize(
    "asking",
    [
        "import torch._dynamo.config as asked; asked = asked is torch._dynamo.config",
        "import torch._dynamo.guards as g; import torch._dynamo.convert_frame as c\n"
        "asked = g.CheckFunctionManager is c.CheckFunctionManager and g.__spec__.origin == g.__file__",
        "from torch._dynamo import eval_frame; asked = eval_frame is sys.modules['torch._dynamo.eval_frame']",
        "asked = torch.compile(lambda x: x + 1, backend='eager')(torch.ones(1)).item() == 2",
        "asked = callable(torch.compiler.disable(lambda x: x))",
        "@torch._dynamo.disable\ndef asked(): pass\nasked = callable(asked)",
    ],
)
def test_what_asks_for_the_compiler_gets_it_whole(asking):
    code = "\nprint(loaded(), asked, sys.modules['torch._dynamo'] is torch._dynamo, type(torch._dynamo).__name__)"
    assert printed(BEFORE + STEP + asking + code) == ["True", "True", "True", "module"]


def test_a_compiler_that_comes_late_leaves_alone_what_torch_tells_it_to():
    without = BEFORE.replace("load_dynamo_late()\n", "import torch._dynamo\n")
    ends = "import torch._dynamo.testing, torch._dynamo.utils" + BREAKS
    assert printed(BEFORE + STEP + ends) == printed(without + STEP + ends)
