"""Importing this compiles and exports something small: what that loads and looks up need not be done in each child."""

import contextlib
import importlib

import torch
import torch._dynamo.testing

# For a line of its log, the compiler measures its guards after flushing the processor's caches: 40 ms a compilation.
if hasattr(_guards := torch._dynamo.guards, "profile_guard_manager"):
    _guards.profile_guard_manager = lambda *_: 0.0

for _name in ("torch._dynamo.repro.after_aot", "torch._inductor.select_algorithm"):  # backward of what is compiled
    with contextlib.suppress(ImportError):  # torch's own affair: what there is not, nobody waits for
        importlib.import_module(_name)


class _Rehearsal(torch.nn.Module):
    def forward(self, x):
        return torch.cond(x.sum() > 0, torch.sin, torch.cos, (x,)) + 1


def _with_branch(x):
    return x + 1 if x.sum() > 0 else x - 1


torch.compile(_with_branch, backend=torch._dynamo.testing.CompileCounter())(torch.ones(2))
torch.compile(_Rehearsal(), backend="eager", fullgraph=True)(torch.ones(2))
torch.export.export(_Rehearsal(), (torch.ones(2),))
torch._dynamo.reset()
torch._dynamo.utils.counters.clear()
