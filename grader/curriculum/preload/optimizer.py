"""Importing this loads what an optimizer's first step would. No step is taken: it might wake CUDA before a fork."""

import contextlib
import importlib

for _name in ("torch._dynamo", "torch.profiler._cupti_monitor"):
    with contextlib.suppress(ImportError):  # torch's own affair: what there is not, nobody waits for
        importlib.import_module(_name)
